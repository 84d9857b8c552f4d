//! The state of a run, by sections.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::Problem;

/// Everything at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct State {
    /// The run.
    pub run: Run,
    /// The guests, in the order in which they run.
    pub guests: Vec<Guest>,
    /// The newest frames in the order in which they were finished, at most 300.
    pub frames: Vec<Frame>,
    /// What each stage takes, over the whole run of the engine: a restart does not clear it.
    pub stages: Vec<StageTimes>,
    /// The exchange's buffers, in manifest order.
    pub buffers: Vec<Buffer>,
    /// The exchange's lanes.
    pub lanes: Vec<Lane>,
    /// The engine's counters, which a restart does not clear.
    pub counters: Vec<CounterValue>,
    /// Newest last, at most 1000.
    pub log: Vec<LogEntry>,
    /// What the guests may do.
    pub permissions: Vec<Permission>,
    /// The parameters' values, in manifest order.
    pub params: Vec<ParamValue>,
}

/// What a run's guests take their random numbers from. In messages it is a text of decimal digits, since JavaScript's numbers do not hold every seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
pub struct Seed(pub u64);

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(Error::custom)
    }
}

/// Where a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RunPhase {
    /// No tick was run yet.
    #[default]
    Starting,
    /// Ticks follow one another.
    Running,
    /// Somebody has paused it.
    Paused,
    /// The last tick is done.
    Ended,
}

/// One execution of the app.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Run {
    /// Where it is.
    pub phase: RunPhase,
    /// Ticks done since the beginning, or since the last restart.
    pub tick: u64,
    /// Its seed.
    pub seed: Seed,
    /// Wall-clock seconds since the first tick, or that of the last restart. Stands still while the run is paused.
    pub seconds: f64,
    /// Ticks done in the last second.
    pub ticks_per_second: f64,
    /// Frames composed in the last second.
    pub frames_per_second: f64,
    /// Ticks per second that the clock aims at.
    pub rate: f64,
    /// Milliseconds from queued to glass that a frame may take.
    pub budget_ms: f64,
    /// Frames that took longer, since the beginning or the last restart.
    pub late_frames: u64,
    /// Frames composed since the beginning or the last restart.
    pub frames: u64,
    /// Width and height of the framebuffer in device pixels.
    pub size: [u32; 2],
    /// Device pixels per CSS pixel.
    pub scale: f32,
    /// Name of the GPU device.
    pub gpu: String,
    /// Why nothing is drawn any more, if that is so; the guests go on.
    pub gpu_problem: Option<Problem>,
    /// How the page's frames come: `shared`, `cpu` or `none`.
    pub page: String,
    /// Why the page does not go on, if it does not; the guests do. [`Ask::RestartPage`](super::Ask::RestartPage) loads it again.
    pub page_problem: Option<Problem>,
    /// Threads that run guests.
    pub workers: u32,
    /// Whether the HUD is shown.
    pub hud: bool,
}

/// What kind of code a guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum GuestKind {
    /// A core WebAssembly module, run every tick.
    Kernel,
}

/// One guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Guest {
    /// Name from the manifest.
    pub name: String,
    /// What kind of code it is.
    pub kind: GuestKind,
    /// `running`, or the code of the fault that ended it.
    pub state: String,
    /// How many of it run side by side.
    pub instances: u32,
    /// Ticks that it has run since it was started.
    pub ticks: u64,
    /// Milliseconds per tick, all instances together: median of the last 300 ticks.
    pub tick_ms_p50: f64,
    /// Milliseconds per tick, all instances together: 99th percentile of the last 300 ticks.
    pub tick_ms_p99: f64,
    /// Fuel of the last tick; none where it is not metered.
    pub fuel: Option<u64>,
    /// Bytes of memory, all instances together.
    pub memory_bytes: u64,
    /// Bytes of memory that all instances together may have.
    pub memory_max_bytes: u64,
    /// What ended it.
    pub last_error: Option<Problem>,
}

/// One frame on its way: milliseconds spent in each stage; none where it did not pass that stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Frame {
    /// The frame's number, given when it was begun: with gaps, and lower than the one before it where a frame was slow.
    pub token: u64,
    /// From the tick's beginning to that of its kernels: next to nothing, unless they are restarted.
    pub wait: Option<f64>,
    /// Guests at work.
    pub compute: Option<f64>,
    /// The page at work.
    pub page: Option<f64>,
    /// Until the compositor had drawn it.
    pub compose: Option<f64>,
    /// Until the display had it.
    pub present: Option<f64>,
    /// From queued to glass.
    pub total: Option<f64>,
    /// Whether that was longer than the budget.
    pub late: bool,
}

/// What a stage takes, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StageTimes {
    /// Its name.
    pub name: String,
    /// What happens in it, in a few words.
    pub what: String,
    /// Frames that were measured.
    pub count: u64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Longest.
    pub max: f64,
    /// Standard deviation.
    pub std_dev: f64,
}

/// A buffer of the exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Buffer {
    /// Its name.
    pub name: String,
    /// Bytes of its content.
    pub bytes: u64,
    /// Number of the newest published content; 0 when there is none.
    pub generation: u64,
    /// Generations published in the last second.
    pub per_second: f64,
    /// The guest that may write it.
    pub writer: Option<String>,
    /// Who reads it: guests and surfaces.
    pub readers: Vec<String>,
}

/// A lane of the exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// Bytes of an item.
    pub item_bytes: u32,
    /// Items that fit.
    pub capacity: u64,
    /// Items that wait.
    pub depth: u64,
    /// Most items that were seen waiting.
    pub highest: u64,
    /// Items that were turned away.
    pub rejects: u64,
    /// What happens to an item that does not fit: `block`, `reject` or `coalesce`.
    pub when_full: String,
}

/// A counter of the engine; it only rises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CounterValue {
    /// Its name.
    pub name: String,
    /// What it counts, in one sentence.
    pub what: String,
    /// `count` or `bytes`.
    pub unit: String,
    /// How much it has counted.
    pub value: u64,
}

/// How much a log entry matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// Worth knowing.
    Info,
    /// For whoever looks for a mistake.
    Debug,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LogEntry {
    /// Its number; the first one is 1, and none is left out.
    pub number: u64,
    /// Seconds since the engine began to keep the log.
    pub seconds: f64,
    /// The tick in which it happened, where it is known.
    pub tick: Option<u64>,
    /// How much it matters.
    pub level: Level,
    /// Who says it: a guest's name, `page`, or a part of the engine.
    pub part: String,
    /// Code of the error, if it is one.
    pub code: Option<String>,
    /// What it says.
    pub text: String,
}

/// What becomes of a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The guest has it.
    Allow,
    /// The guest does not have it.
    Deny,
}

/// How long a person's decision holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Until this run of the program ends.
    Run,
    /// In every run of this app, until somebody decides otherwise.
    Always,
}

/// A right that a guest holds, or was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Permission {
    /// Name of the guest.
    pub guest: String,
    /// The right: `read` or `write`.
    pub right: String,
    /// What it is a right to: a buffer's name.
    pub object: String,
    /// What holds now.
    pub decision: Decision,
    /// How long a person's decision holds; none where it is the manifest's.
    pub scope: Option<Scope>,
    /// What holds from the guest's or the run's next restart on, where that is something else.
    pub next: Option<Decision>,
    /// Where the decision comes from.
    pub why: String,
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ParamValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
}
