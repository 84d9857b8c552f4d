//! The report: what a run took, by stage, as data for JSON and as text for people.

mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::stage::Stage;

/// Everything since the start or the last reset. `Display` gives a table.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// How long was measured.
    pub seconds: f64,
    /// How many frames there were.
    pub frames: FrameCounts,
    /// How many were late.
    pub deadlines: Deadlines,
    /// One entry per [`Interval`](crate::Interval), parts first, totals last.
    pub stages: Vec<IntervalReport>,
    /// From glass to glass: the distance between frames, without idle times.
    pub frame_interval: Stats,
    /// The same, as a histogram.
    pub frame_interval_buckets: Vec<Bucket>,
    /// Every counter by name, since the telemetry was made.
    pub counters: BTreeMap<&'static str, u64>,
    /// Every gauge that was read, by name.
    pub gauges: Vec<GaugeReading>,
}

/// How many frames there were. A frame is what came to the glass of a tick, or of the page by itself; what was drawn for the panel or the HUD alone is none.
#[derive(Copy, Clone, Debug, Default, Serialize)]
pub struct FrameCounts {
    /// Tokens that finished: the sum of `on_glass`, `unchanged` and `undrawn`.
    pub finished: u64,
    /// Of these, composed or presented: the frames.
    pub on_glass: u64,
    /// Of those on the glass, presented: given to the window or, without one, finished by the GPU.
    pub presented: u64,
    /// Of those that finished, ticks after which nothing had changed, so that no frame was drawn.
    pub unchanged: u64,
    /// Of those that finished, never drawn because a newer one overtook them, or because drawing failed.
    pub undrawn: u64,
    /// Frames on the glass before measuring began. The counters have them, nothing else does.
    pub before: u64,
    /// Frames in a second at the mean frame interval, thus while there was something to draw; 0 when there were too few to tell.
    pub per_second: f64,
}

/// How many frames were late. A frame is late when it took longer than the budget from queued to glass.
#[derive(Copy, Clone, Debug, Serialize)]
pub struct Deadlines {
    /// The budget in microseconds.
    pub budget_us: f64,
    /// Frames judged.
    pub frames: u64,
    /// Late ones.
    pub missed: u64,
    /// Late ones before measuring began. The counters have them, nothing else does.
    pub missed_before: u64,
    /// Late ones in percent of those judged.
    pub missed_percent: f64,
    /// Most late ones in a row.
    pub longest_run: u64,
    /// Most late ones among any [`window`](Self::window) frames in a row.
    pub worst_window: u64,
    /// Length of that window.
    pub window: u64,
}

/// One interval between two stages.
#[derive(Clone, Debug, Serialize)]
pub struct IntervalReport {
    /// Its name.
    pub name: &'static str,
    /// Where it begins.
    pub from: Stage,
    /// Where it ends.
    pub to: Stage,
    /// How long it took.
    #[serde(flatten)]
    pub stats: Stats,
}

/// How long something took, in microseconds. Percentiles are exact to three digits, the rest entirely. All zero when nothing was measured.
#[derive(Copy, Clone, Debug, Default, Serialize)]
pub struct Stats {
    /// How many were measured.
    pub count: u64,
    /// Mean.
    pub mean_us: f64,
    /// Half took at most this.
    pub p50_us: f64,
    /// 95 of 100 took at most this.
    pub p95_us: f64,
    /// 99 of 100 took at most this.
    pub p99_us: f64,
    /// None took more.
    pub max_us: f64,
    /// How much it varied.
    pub jitter: Jitter,
}

/// How much a duration varied, in microseconds.
#[derive(Copy, Clone, Debug, Default, Serialize)]
pub struct Jitter {
    /// Standard deviation.
    pub std_dev_us: f64,
    /// What separates a bad frame from a usual one.
    pub p99_minus_p50_us: f64,
}

/// One bar of a histogram.
#[derive(Copy, Clone, Debug, PartialEq, Serialize)]
pub struct Bucket {
    /// Upper edge in milliseconds, inclusive; `None` is the rest.
    pub up_to_ms: Option<f64>,
    /// How many fell between the edge below and this one.
    pub count: u64,
}

/// A gauge as last read.
#[derive(Copy, Clone, Debug, PartialEq, Serialize)]
pub struct GaugeReading {
    /// Its name.
    pub name: &'static str,
    /// The last value.
    pub last: f64,
    /// The highest value.
    pub max: f64,
}
