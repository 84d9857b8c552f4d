//! What the HUD shows: the newest frames by stage, and the counters that a person watches.

use std::time::Instant;

use wasm_engine_compositor::{HudData, HudRow};
use wasm_engine_telemetry::{Counter, Interval, Telemetry};

use crate::limits;

/// The intervals that the HUD stacks in a bar, lowest first, and what it calls them.
const STAGES: [(Interval, &str); 4] =
    [(Interval::Wait, "wait"), (Interval::Compute, "compute"), (Interval::Compose, "compose"), (Interval::Present, "present")];

/// Makes the HUD's data anew now and then, so that the HUD itself does not make every frame a changed one.
pub(crate) struct HudFeed {
    telemetry: Telemetry,
    data: HudData,
    made: Option<Instant>,
    frames: u64,
}

impl HudFeed {
    pub(crate) fn new(title: &str, telemetry: Telemetry) -> Self {
        let data =
            HudData { title: title.to_owned(), stages: STAGES.iter().map(|(_, name)| (*name).to_owned()).collect(), ..HudData::default() };
        Self { telemetry, data, made: None, frames: 0 }
    }

    /// The data, made anew if they are old.
    pub(crate) fn data(&mut self) -> &HudData {
        let age = self.made.map(|made| made.elapsed());
        if age.is_none_or(|age| age >= limits::STATS_INTERVAL) {
            self.make(age.map_or(0.0, |age| age.as_secs_f32()));
        }
        &self.data
    }

    fn make(&mut self, seconds: f32) {
        self.made = Some(Instant::now());
        let composed = self.telemetry.counter(Counter::FramesComposed);
        if seconds > 0.0 {
            self.data.frames_per_second = composed.saturating_sub(self.frames) as f32 / seconds;
        }
        self.frames = composed;
        self.data.generation += 1;
        self.data.frames.clear();
        // Ticks that were overtaken never came to the glass; they are no frames.
        let recent = self.telemetry.recent(2 * wasm_engine_compositor::limits::HUD_FRAMES_MAX);
        for frame in recent.iter().filter(|frame| frame.glass().is_some()) {
            let mut bar = [0.0; wasm_engine_compositor::limits::HUD_STAGES_MAX];
            for (part, (interval, _)) in bar.iter_mut().zip(STAGES) {
                *part = frame.interval(interval).unwrap_or(0) as f32 / 1e6;
            }
            self.data.frames.push(bar);
        }
        let count = |counter| self.telemetry.counter(counter).to_string();
        self.data.rows = vec![
            HudRow::new("ticks", count(Counter::TicksRun)),
            HudRow::new("page frames", count(Counter::PageFrames)),
            HudRow::new("read-backs", count(Counter::ReadBacks)),
            HudRow::new("bytes copied", count(Counter::BytesCopied)),
            HudRow::new("submissions", count(Counter::GpuSubmissions)),
        ];
    }
}
