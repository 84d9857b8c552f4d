//! From what the engine knows to what a panel is shown. Runs on the monitor thread, off the frame's path.

mod sections;

use std::sync::Arc;
use std::time::Instant;

use wasm_engine_exchange::Region;
use wasm_engine_gpu::Gpu;
use wasm_engine_page::Page;
use wasm_engine_serve::protocol::{Frame, Problem, Run, RunPhase, Seed};
use wasm_engine_serve::{Hub, Update};
use wasm_engine_telemetry::{Counter, FrameRecord, Interval, Telemetry};

use self::sections::{milliseconds, per_second};
use super::board::Board;
use super::{PanelLink, board};
use crate::control::Control;
use crate::limits;
use crate::manifest::Manifest;

/// What the feed looks at.
pub(crate) struct FeedParts {
    pub(crate) control: Arc<Control>,
    pub(crate) telemetry: Telemetry,
    pub(crate) region: Region,
    pub(crate) manifest: Manifest,
    pub(crate) page: Option<Arc<Page>>,
    pub(crate) gpu: Arc<Gpu>,
    pub(crate) workers: usize,
    pub(crate) seed: u64,
}

/// Publishes the state of a run into its hub.
pub(crate) struct PanelFeed {
    hub: Hub,
    board: Arc<Board>,
    parts: FeedParts,
    /// How many finished frames have been looked at.
    seen: u64,
    /// The beginning, counted from 0, that the following three are about.
    beginning: u64,
    /// Seconds that the run has not been paused.
    seconds: f64,
    /// Frames composed and those that were late before it.
    frames_before: (u64, u64),
    /// The same since then, without the panel's own while nothing else goes on.
    frames: (u64, u64),
    told: Instant,
    rates: Rates,
    /// Most items seen in each lane.
    highest: Vec<u64>,
    stages_told: Option<Instant>,
    /// Ticks and page frames, the last time.
    done: u64,
}

/// How much there was a while ago, and how fast it rose until then.
struct Rates {
    since: Instant,
    ticks: u64,
    frames: u64,
    generations: Vec<u64>,
    ticks_per_second: f64,
    frames_per_second: f64,
    generations_per_second: Vec<f64>,
}

impl PanelFeed {
    pub(crate) fn new(link: &PanelLink, parts: FeedParts) -> Self {
        let now = Instant::now();
        let rates = Rates {
            since: now,
            ticks: 0,
            frames: 0,
            generations: Vec::new(),
            ticks_per_second: 0.0,
            frames_per_second: 0.0,
            generations_per_second: Vec::new(),
        };
        let (hub, board) = (link.hub.clone(), link.board.clone());
        Self {
            hub,
            board,
            parts,
            seen: 0,
            beginning: 0,
            seconds: 0.0,
            frames_before: (0, 0),
            frames: (0, 0),
            told: now,
            rates,
            highest: Vec::new(),
            stages_told: None,
            done: 0,
        }
    }

    /// Where what is known of the page is noted.
    pub(crate) fn board(&self) -> &Board {
        &self.board
    }

    /// Publishes the state as it is now. Telemetry must have been drained.
    pub(crate) fn tell(&mut self) {
        // Before the tick: who reads that it is paused reads the last tick with it.
        let is_paused = self.parts.control.paused();
        let (tick, notes) = self.board.read();
        self.measure_rates();
        let frames = self.frames();
        let is_quiet = self.is_quiet(is_paused && frames.is_empty());
        self.follow_beginning(notes.beginning);
        let run = self.run(&notes, tick, is_paused);
        let parts = &self.parts;
        // The last word has them in any case.
        let is_late = self.stages_told.is_none_or(|told| told.elapsed() >= limits::PANEL_STAGES_INTERVAL);
        let due = run.phase == RunPhase::Ended || (is_late && !is_quiet);
        let stages = due.then(|| {
            self.stages_told = Some(Instant::now());
            sections::stages(&parts.telemetry.report())
        });
        let update = Update {
            guests: Some(sections::guests(&parts.manifest, &notes)),
            stages,
            buffers: Some(sections::buffers(&parts.region, &parts.manifest, &self.rates.generations_per_second)),
            lanes: Some(sections::lanes(&parts.region, self.board.rejects(), &mut self.highest)),
            counters: (!is_quiet).then(|| sections::counters(&parts.telemetry)),
            params: Some(sections::params(&parts.manifest, &notes)),
            permissions: Some(notes.permissions),
            frames,
            run: Some(run),
        };
        self.hub.publish(update);
    }

    /// Whether neither a guest nor the page has done anything since the last time, nor has what they did before come to the glass, of a run that `may_be` so. The frames that
    /// come then are the panel's own: telling it of them would make it draw, which makes the next one, without end.
    fn is_quiet(&mut self, may_be: bool) -> bool {
        let telemetry = &self.parts.telemetry;
        let done = telemetry.counter(Counter::TicksRun) + telemetry.counter(Counter::PageFrames);
        let is_quiet = may_be && done == self.done;
        self.done = done;
        if is_quiet {
            (self.rates.ticks_per_second, self.rates.frames_per_second) = (0.0, 0.0);
            self.rates.generations_per_second.fill(0.0);
        } else {
            let ((composed, late), before) = (self.frames_composed(), self.frames_before);
            self.frames = (composed - before.0, late - before.1);
        }
        is_quiet
    }

    /// Frames composed, and those that were late, since the engine was started.
    fn frames_composed(&self) -> (u64, u64) {
        let telemetry = &self.parts.telemetry;
        (telemetry.counter(Counter::FramesComposed), telemetry.counter(Counter::MissedDeadlines))
    }

    /// What is counted from tick 0 on begins anew with it.
    fn follow_beginning(&mut self, beginning: u64) {
        if beginning == self.beginning {
            return;
        }
        self.beginning = beginning;
        (self.seconds, self.told) = (0.0, Instant::now());
        (self.frames_before, self.frames) = (self.frames_composed(), (0, 0));
    }

    fn run(&mut self, notes: &board::Notes, tick: u64, is_paused: bool) -> Run {
        let FeedParts { control, telemetry, manifest, page, gpu, workers, seed, .. } = &self.parts;
        let phase = if control.ticks_over() {
            RunPhase::Ended
        } else if is_paused {
            RunPhase::Paused
        } else if tick == 0 {
            RunPhase::Starting
        } else {
            RunPhase::Running
        };
        let elapsed = self.told.elapsed();
        self.told += elapsed;
        if phase == RunPhase::Running {
            self.seconds += elapsed.as_secs_f64();
        }
        let (width, height) = control.size();
        Run {
            phase,
            tick,
            seed: Seed(notes.seed.unwrap_or(*seed)),
            seconds: self.seconds,
            ticks_per_second: self.rates.ticks_per_second,
            frames_per_second: self.rates.frames_per_second,
            rate: f64::from(manifest.clock.rate),
            budget_ms: telemetry.budget().as_secs_f64() * 1e3,
            late_frames: self.frames.1,
            frames: self.frames.0,
            size: [width, height],
            scale: control.scale(),
            gpu: gpu.info.name.clone(),
            gpu_problem: gpu.health.is_lost().then(gpu_problem),
            page: page.as_ref().map_or_else(|| "none".to_owned(), |page| crate::session::page_path(page).path),
            page_problem: notes.page_problem.clone(),
            workers: *workers as u32,
            hud: control.hud(),
        }
    }

    /// Once a second: shorter times would show the clock's grain.
    fn measure_rates(&mut self) {
        let seconds = self.rates.since.elapsed().as_secs_f64();
        if seconds < 1.0 {
            return;
        }
        let FeedParts { telemetry, region, .. } = &self.parts;
        let (ticks, frames) = (telemetry.counter(Counter::TicksRun), telemetry.counter(Counter::FramesComposed));
        let generations = sections::generations(region);
        let rates = &mut self.rates;
        rates.ticks_per_second = per_second(ticks, rates.ticks, seconds);
        rates.frames_per_second = per_second(frames, rates.frames, seconds);
        rates.generations_per_second = generations
            .iter()
            .enumerate()
            .map(|(index, &now)| per_second(now, rates.generations.get(index).copied().unwrap_or(0), seconds))
            .collect();
        (rates.since, rates.ticks, rates.frames, rates.generations) = (Instant::now(), ticks, frames, generations);
    }

    /// The frames of ticks and of the page that were finished since this was last asked. Ticks that were overtaken never came to the glass; they are no frames.
    fn frames(&mut self) -> Vec<Frame> {
        let telemetry = &self.parts.telemetry;
        let budget = telemetry.budget().as_nanos();
        let fresh = telemetry.recent_since(&mut self.seen, limits::PANEL_FRAMES_AT_ONCE);
        fresh.iter().filter(|record| record.glass().is_some()).map(|record| frame(record, budget)).collect()
    }
}

fn gpu_problem() -> Problem {
    Problem {
        code: "GPU_LOST".to_owned(),
        message: "the GPU device is lost, and nothing is drawn any more; the guests go on".to_owned(),
        hint: Some("open the app again".to_owned()),
    }
}

fn frame(record: &FrameRecord, budget: u128) -> Frame {
    let part = |interval| record.interval(interval).map(milliseconds);
    Frame {
        token: record.token.0,
        wait: part(Interval::Wait),
        compute: part(Interval::Compute),
        page: part(Interval::Page),
        compose: part(Interval::Compose),
        present: part(Interval::Present),
        total: record.total().map(milliseconds),
        late: record.total().is_some_and(|nanos| u128::from(nanos) > budget),
    }
}
