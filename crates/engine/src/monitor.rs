//! The monitor thread: drains telemetry off the frame's path, listens to the page's events, and tells the page the engine's numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
use crate::places::Places;
use crate::run_report::Fault;

/// The page that is watched.
pub(crate) struct Watched {
    pub(crate) page: Arc<Page>,
    pub(crate) bridge: Bridge,
    pub(crate) places: Places,
}

/// Watches a run until it is told to finish.
pub(crate) struct Monitor {
    stop: Arc<AtomicBool>,
    control: Arc<Control>,
    thread: Option<JoinHandle<Vec<Fault>>>,
}

impl Monitor {
    pub(crate) fn start(
        telemetry: Telemetry,
        control: Arc<Control>,
        page: Option<Watched>,
        panel: Option<PanelFeed>,
    ) -> Result<Self, EngineError> {
        let stop = Arc::new(AtomicBool::new(false));
        let watch = Watch {
            telemetry,
            control: control.clone(),
            page,
            panel,
            faults: Faults::default(),
            told: Instant::now(),
            ticks: 0,
            frames: 0,
            stats: None,
        };
        let stopped = stop.clone();
        let thread = crate::session::spawn("monitor", move || watch.run(&stopped))?;
        Ok(Self { stop, control, thread: Some(thread) })
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
    telemetry: Telemetry,
    control: Arc<Control>,
    page: Option<Watched>,
    panel: Option<PanelFeed>,
    faults: Faults,
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
        self.faults.finish()
    }

    fn feed_panel(&mut self) {
        if let Some(panel) = &mut self.panel {
            panel.tell();
        }
    }

    /// Hears what has happened on the page, up to a bound, so that a page that talks without end cannot hold up the rest.
    fn listen(&mut self) {
        let Some(Watched { page, places, .. }) = &self.page else { return };
        for event in std::iter::from_fn(|| page.next_event()).take(limits::PAGE_EVENTS_AT_ONCE) {
            let fault = match event {
                PageEvent::Console { level: ConsoleLevel::Error, text } => page_fault("PAGE_ERROR", places.in_app(&text), None),
                PageEvent::Console { level, text } => {
                    log_page(level, &text);
                    continue;
                }
                PageEvent::Crashed { reason } => {
                    page_fault("PAGE_CRASHED", reason, Some("the guests go on; restart the page from the panel"))
                }
                PageEvent::Unresponsive => page_fault(
                    "PAGE_UNRESPONSIVE",
                    "the page's script does not answer".to_owned(),
                    Some(
                        "restart the page, and if that does not help, open the app again; look for a loop that does not end; the guests go on",
                    ),
                ),
                PageEvent::NavigationDenied { url } => {
                    page_fault("NAVIGATION_DENIED", format!("the page wanted to go to {url}"), Some("a page stays in its app"))
                }
                PageEvent::Loaded => {
                    self.control.load_page();
                    self.show_page_problem(None);
                    continue;
                }
                PageEvent::Responsive => {
                    self.show_page_problem(None);
                    continue;
                }
                PageEvent::LeftOut(count) => {
                    tracing::warn!(target: "page", "{count} messages of the page came too fast and were left out");
                    continue;
                }
                other => {
                    tracing::debug!(target: "page", "{other:?}");
                    continue;
                }
            };
            let is_over = matches!(fault.code.as_str(), "PAGE_CRASHED" | "PAGE_UNRESPONSIVE");
            if is_over {
                self.show_page_problem(Some(&fault));
            }
            self.faults.keep(fault, is_over);
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
        let Some(Watched { bridge, .. }) = &self.page else { return };
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

/// What failed on the page, as far as it is kept, and how often.
#[derive(Default)]
struct Faults {
    kept: Vec<(Fault, u64)>,
    left_out: u64,
}

impl Faults {
    /// Logs a fault and keeps it. What repeats itself is kept once, and logged at the first, second, fourth, eighth time and so on. Errors of a page's own are as many as it
    /// likes; the last places are for those that end it.
    fn keep(&mut self, fault: Fault, ends_page: bool) {
        let places = if ends_page { limits::FAULTS_KEPT } else { limits::FAULTS_KEPT - limits::FAULTS_THAT_END_A_PAGE };
        if let Some((same, times)) = self.kept.iter_mut().find(|(kept, _)| *kept == fault) {
            *times += 1;
            if times.is_power_of_two() {
                tracing::error!(target: "page", code = same.code, times = *times, "{}", same.message);
            }
            return;
        }
        tracing::error!(target: "page", code = fault.code, "{}", fault.message);
        if self.kept.len() < places {
            self.kept.push((fault, 1));
        } else {
            self.left_out += 1;
        }
    }

    /// All that are kept, and one that says how many are not.
    fn finish(self) -> Vec<Fault> {
        let told = |(mut fault, times): (Fault, u64)| {
            if times > 1 {
                fault.message = format!("{} ({times} times)", fault.message);
            }
            fault
        };
        let mut faults: Vec<_> = self.kept.into_iter().map(told).collect();
        if self.left_out > 0 {
            let message = format!("{} more errors of the page are left out here", self.left_out);
            faults.push(page_fault("FAULTS_LEFT_OUT", message, Some("the log has those that the page did not write too fast")));
        }
        faults
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_page_leave_room_for_its_end_and_are_counted() {
        let mut faults = Faults::default();
        for number in 0..10 * limits::FAULTS_KEPT {
            faults.keep(page_fault("PAGE_ERROR", format!("error {number}"), None), false);
        }
        faults.keep(page_fault("PAGE_CRASHED", "a fault".to_owned(), None), true);
        let kept = faults.finish();
        let errors = limits::FAULTS_KEPT - limits::FAULTS_THAT_END_A_PAGE;
        assert!(kept[..errors].iter().all(|fault| fault.code == "PAGE_ERROR"));
        assert_eq!(kept[errors..].iter().map(|fault| fault.code.as_str()).collect::<Vec<_>>(), ["PAGE_CRASHED", "FAULTS_LEFT_OUT"]);
        assert!(kept[errors + 1].message.starts_with(&(10 * limits::FAULTS_KEPT - errors).to_string()), "{:?}", kept[errors + 1]);
        assert_eq!(Faults::default().finish(), []);
    }

    #[test]
    fn an_error_that_repeats_itself_is_kept_once_with_its_number() {
        let mut faults = Faults::default();
        for message in ["again", "once", "again", "again"] {
            faults.keep(page_fault("PAGE_ERROR", message.to_owned(), None), false);
        }
        let messages: Vec<_> = faults.finish().into_iter().map(|fault| fault.message).collect();
        assert_eq!(messages, ["again (3 times)", "once"]);
    }
}
