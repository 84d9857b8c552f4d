//! What the HUD shows: the newest frames by stage, and the counters that a person watches.

use std::time::Instant;

use wasm_engine_compositor::{HudData, HudFrame, HudRow};
use wasm_engine_telemetry::{Counter, FrameRecord, Interval, Stage, Telemetry};

use crate::limits;

/// The stages that the HUD stacks in a bar, lowest first.
const STAGES: [&str; 5] = ["wait", "compute", "page", "compose", "present"];

/// Makes the HUD's data anew now and then, so that the HUD itself does not make every frame a changed one.
pub(crate) struct HudFeed {
    telemetry: Telemetry,
    data: HudData,
    made: Option<Instant>,
    frames: u64,
}

impl HudFeed {
    pub(crate) fn new(title: &str, telemetry: Telemetry) -> Self {
        let data = HudData { title: title.to_owned(), stages: STAGES.map(str::to_owned).to_vec(), ..HudData::default() };
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
            self.data.frames.push(bar(frame));
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

/// A frame with its parts one after another, so that they add up to the whole. Beside a tick the page paints meanwhile, and its time lies within the others; in a frame that
/// only the page caused, its time is the first part.
fn bar(frame: &FrameRecord) -> HudFrame {
    let of = |interval| frame.interval(interval);
    let page_to_composed = || frame.stamp(Stage::Composed)?.checked_sub(frame.stamp(Stage::PageEnd)?);
    let parts = match frame.stamp(Stage::ComputeStart) {
        Some(_) => [of(Interval::Wait), of(Interval::Compute), None, of(Interval::Compose), of(Interval::Present)],
        None => [None, None, of(Interval::Page), page_to_composed(), of(Interval::Present)],
    };
    let milliseconds = |nanos: Option<u64>| nanos.unwrap_or(0) as f32 / 1e6;
    let mut bar = HudFrame { total: milliseconds(frame.total()), ..HudFrame::default() };
    for (stage, part) in bar.stages.iter_mut().zip(parts) {
        *stage = milliseconds(part);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_frame_add_up_to_its_time_whoever_caused_it() {
        const MS: u64 = 1_000_000;
        let telemetry = Telemetry::default();
        let tick =
            [(Stage::Queued, 0), (Stage::ComputeStart, 1), (Stage::ComputeEnd, 4), (Stage::PageStart, 2), (Stage::PageEnd, 5)].as_slice();
        let page = [(Stage::Queued, 1), (Stage::PageStart, 1), (Stage::PageEnd, 7)].as_slice();
        for stamps in [tick, page] {
            let token = telemetry.token();
            for (stage, at) in stamps.iter().chain(&[(Stage::Composed, 8), (Stage::Presented, 9)]) {
                telemetry.stamp_at(token, *stage, 1_000 * MS + at * MS);
            }
            telemetry.frame_done(token);
        }
        telemetry.drain();
        let mut feed = HudFeed::new("parts", telemetry);
        let [tick, page] = feed.data().frames[..] else { panic!("two frames") };
        assert_eq!((tick.total, &tick.stages[..5]), (9.0, &[1.0, 3.0, 0.0, 4.0, 1.0][..]));
        assert_eq!((page.total, &page.stages[..5]), (8.0, &[0.0, 0.0, 6.0, 1.0, 1.0][..]));
    }
}
