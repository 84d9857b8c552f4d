//! The monitor thread: drains telemetry off the frame's path, listens to the page's events, and tells the page the engine's numbers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use serde_json::json;
use wasm_engine_page::bridge::Bridge;
use wasm_engine_page::{ConsoleLevel, Page, PageEvent};
use wasm_engine_serve::protocol::Problem;
use wasm_engine_telemetry::{Counter, Interval, Telemetry};

use crate::control::Control;
use crate::engine::EngineError;
use crate::limits;
use crate::panel::PanelFeed;
use crate::run_report::Fault;

/// What the page wants of the window around it, as far as it has changed.
#[derive(Debug, Default)]
pub struct Wishes {
    /// How the pointer is to look: a CSS name.
    pub cursor: Option<&'static str>,
    /// Where text is written: x, y, width, height in pixels. Input methods show their candidates beside it.
    pub caret: Option<[i32; 4]>,
}

/// Watches a run until it is told to finish.
pub(crate) struct Monitor {
    stop: Arc<AtomicBool>,
    wishes: Arc<Mutex<Wishes>>,
    control: Arc<Control>,
    thread: Option<JoinHandle<Vec<Fault>>>,
}

impl Monitor {
    pub(crate) fn start(
        telemetry: Telemetry,
        control: Arc<Control>,
        page: Option<(Arc<Page>, Bridge)>,
        panel: Option<PanelFeed>,
    ) -> Result<Self, EngineError> {
        let stop = Arc::new(AtomicBool::new(false));
        let wishes: Arc<Mutex<Wishes>> = Arc::default();
        let watch = Watch {
            wishes: wishes.clone(),
            telemetry,
            control: control.clone(),
            page,
            panel,
            faults: Vec::new(),
            told: Instant::now(),
            ticks: 0,
            frames: 0,
            stats: None,
        };
        let stopped = stop.clone();
        let thread = crate::session::spawn("monitor", move || watch.run(&stopped))?;
        Ok(Self { stop, wishes, control, thread: Some(thread) })
    }

    /// What the page wants, since this was last asked.
    pub(crate) fn take_wishes(&self) -> Wishes {
        std::mem::take(&mut *self.wishes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the watch and gives what failed meanwhile.
    pub(crate) fn finish(&mut self) -> Vec<Fault> {
        self.stop.store(true, Ordering::Release);
        let Some(thread) = self.thread.take() else { return Vec::new() };
        self.control.monitor.notify();
        thread.join().unwrap_or_default()
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.finish();
    }
}

struct Watch {
    wishes: Arc<Mutex<Wishes>>,
    telemetry: Telemetry,
    control: Arc<Control>,
    page: Option<(Arc<Page>, Bridge)>,
    panel: Option<PanelFeed>,
    faults: Vec<Fault>,
    told: Instant,
    ticks: u64,
    frames: u64,
    /// What the page was told last, and when.
    stats: Option<(serde_json::Value, Instant)>,
}

impl Watch {
    fn run(mut self, stop: &AtomicBool) -> Vec<Fault> {
        while !stop.load(Ordering::Acquire) {
            self.control.monitor.wait_timeout(if self.control.paused() { limits::PAUSED_INTERVAL } else { limits::DRAIN_INTERVAL });
            self.telemetry.drain();
            self.listen();
            self.feed_panel();
            if self.told.elapsed() >= limits::STATS_INTERVAL {
                self.tell();
            }
        }
        self.listen();
        // What the last ticks left behind, and that they were the last.
        self.telemetry.drain();
        self.feed_panel();
        self.faults
    }

    fn feed_panel(&mut self) {
        if let Some(panel) = &mut self.panel {
            panel.tell();
        }
    }

    fn listen(&mut self) {
        let Some((page, _)) = &self.page else { return };
        while let Some(event) = page.next_event() {
            let fault = match event {
                PageEvent::Console { level: ConsoleLevel::Error, text } => page_fault("PAGE_ERROR", text, None),
                PageEvent::Console { level, text } => {
                    log_page(level, &text);
                    continue;
                }
                PageEvent::Crashed { reason } => {
                    page_fault("PAGE_CRASHED", reason, Some("the guests go on; restart the page from the panel"))
                }
                PageEvent::CursorChanged(name) => {
                    self.wishes.lock().unwrap_or_else(PoisonError::into_inner).cursor = Some(name);
                    continue;
                }
                PageEvent::TextInput(Some(area)) => {
                    self.wishes.lock().unwrap_or_else(PoisonError::into_inner).caret = Some(area);
                    continue;
                }
                PageEvent::Unresponsive => page_fault(
                    "PAGE_UNRESPONSIVE",
                    "the page's script does not answer".to_owned(),
                    Some("look for a loop that does not end; the guests go on, and the page's last frame stays"),
                ),
                PageEvent::NavigationDenied { url } => {
                    page_fault("NAVIGATION_DENIED", format!("the page wanted to go to {url}"), Some("a page stays in its app"))
                }
                PageEvent::Loaded => {
                    self.control.load_page();
                    continue;
                }
                PageEvent::Responsive => {
                    self.show_page_problem(None);
                    continue;
                }
                other => {
                    tracing::debug!(target: "page", "{other:?}");
                    continue;
                }
            };
            if matches!(fault.code.as_str(), "PAGE_CRASHED" | "PAGE_UNRESPONSIVE") {
                self.show_page_problem(Some(&fault));
            }
            tracing::error!(target: "page", code = fault.code, "{}", fault.message);
            if self.faults.len() < limits::FAULTS_KEPT {
                self.faults.push(fault);
            }
        }
    }

    fn show_page_problem(&self, fault: Option<&Fault>) {
        let problem = |fault: &Fault| Problem { code: fault.code.clone(), message: fault.message.clone(), hint: fault.hint.clone() };
        if let Some(panel) = &self.panel {
            panel.board().set_page_problem(fault.map(problem));
        }
    }

    /// The engine's numbers, for the page: rates since it was told last, and the newest frames' times.
    fn tell(&mut self) {
        let elapsed = self.told.elapsed().as_secs_f64();
        self.told = Instant::now();
        let ticks = self.telemetry.counter(Counter::TicksRun);
        let frames = self.telemetry.counter(Counter::FramesComposed);
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / elapsed;
        let (ticks_per_second, frames_per_second) = (rate(ticks, self.ticks), rate(frames, self.frames));
        (self.ticks, self.frames) = (ticks, frames);
        let Some((_, bridge)) = &self.page else { return };
        let recent = self.telemetry.recent(60);
        let mean = |interval: Interval| {
            let times: Vec<u64> = recent.iter().filter_map(|frame| frame.interval(interval)).collect();
            (!times.is_empty()).then(|| times.iter().sum::<u64>() as f64 / times.len() as f64 / 1e6)
        };
        let stats = json!({
            "ticks": ticks,
            "ticks_per_second": ticks_per_second,
            "frames_per_second": frames_per_second,
            "compute_ms": mean(Interval::Compute),
            "frame_ms": mean(Interval::TotalComposed),
            "read_backs": self.telemetry.counter(Counter::ReadBacks),
            "bytes_copied": self.telemetry.counter(Counter::BytesCopied),
            "paused": self.control.paused(),
            "hud": self.control.hud(),
        });
        if self.stats.as_ref().is_some_and(|(told, at)| *told == stats && at.elapsed() < limits::STATS_AGAIN) {
            return;
        }
        if let Err(error) = bridge.publish("engine:stats", stats.clone()) {
            tracing::debug!("{error}");
        }
        self.stats = Some((stats, Instant::now()));
    }
}

fn log_page(level: ConsoleLevel, text: &str) {
    match level {
        ConsoleLevel::Error => tracing::error!(target: "page", "{text}"),
        ConsoleLevel::Warn => tracing::warn!(target: "page", "{text}"),
        ConsoleLevel::Info => tracing::info!(target: "page", "{text}"),
        ConsoleLevel::Debug => tracing::debug!(target: "page", "{text}"),
    }
}

fn page_fault(code: &str, message: String, hint: Option<&str>) -> Fault {
    Fault { part: "page".to_owned(), code: code.to_owned(), message, tick: None, hint: hint.map(str::to_owned) }
}
