//! Stage four: what a call leaves behind besides its buffers: log lines and events, each within limits.

use crate::limits::KernelLimits;

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// Something worth knowing.
    Info,
    /// For the kernel's author.
    Debug,
}

impl LogLevel {
    pub(crate) fn of(level: u32) -> Self {
        match level {
            0 => LogLevel::Error,
            1 => LogLevel::Warn,
            2 => LogLevel::Info,
            _ => LogLevel::Debug,
        }
    }
}

/// A line that a kernel logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The text, without control characters except tabs.
    pub text: String,
}

/// Something that a kernel told the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is about.
    pub topic: String,
    /// What it says.
    pub data: Vec<u8>,
}

/// What a successful tick used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TickOutput {
    /// Fuel burned: the same on every machine. `None` in the interactive profile.
    pub fuel_used: Option<u64>,
    /// Events sent in this tick.
    pub events: u32,
    /// Log lines of this tick that were dropped for exceeding a limit.
    pub log_lines_dropped: u32,
    /// Bytes copied between region and kernel: 0 unless the windows could not be mapped.
    pub bytes_copied: u64,
}

/// Lines and events on their way out of one kernel.
pub(crate) struct Outbox {
    lines: Vec<LogLine>,
    events: Vec<Event>,
    /// Bytes logged and sent in this call, and logged in the kernel's life.
    call_log_bytes: usize,
    call_event_bytes: usize,
    log_bytes: u64,
    call_events: u32,
    call_dropped: u32,
    /// The last error line of this call, as it was given, even if the log had no room for it: most likely why the call is about to fail.
    last_error: Option<Vec<u8>>,
}

/// Lines and events that may wait to be drained; beyond that they are dropped.
const MAX_WAITING: usize = 4096;
/// What a line counts besides its bytes, so that many short ones meet the limits as well.
const LINE_COST: usize = 64;

impl Outbox {
    pub(crate) fn new() -> Self {
        Outbox {
            lines: Vec::new(),
            events: Vec::new(),
            call_log_bytes: 0,
            call_event_bytes: 0,
            log_bytes: 0,
            call_events: 0,
            call_dropped: 0,
            last_error: None,
        }
    }

    pub(crate) fn begin_call(&mut self) {
        self.call_log_bytes = 0;
        self.call_event_bytes = 0;
        self.call_events = 0;
        self.call_dropped = 0;
        self.last_error = None;
    }

    /// Whether there is room for a line of `len` bytes. If not, it is counted as dropped.
    pub(crate) fn line_room(&mut self, len: usize, limits: &KernelLimits) -> bool {
        let cost = len + LINE_COST;
        let fits = self.call_log_bytes + cost <= limits.log_bytes_per_call
            && self.log_bytes + cost as u64 <= limits.log_bytes
            && self.lines.len() < MAX_WAITING;
        if !fits {
            self.call_dropped = self.call_dropped.saturating_add(1);
        }
        fits
    }

    /// Takes a line; one for which there is no room only as the last error.
    pub(crate) fn log(&mut self, level: LogLevel, line: Vec<u8>, has_room: bool) {
        if has_room {
            let cost = line.len() + LINE_COST;
            self.call_log_bytes += cost;
            self.log_bytes += cost as u64;
            self.lines.push(LogLine { level, text: readable(&line) });
        }
        if level == LogLevel::Error {
            self.last_error = Some(line);
        }
    }

    /// Whether an event with these sizes may be sent.
    pub(crate) fn event_room(&self, topic_len: usize, data_len: usize, limits: &KernelLimits) -> bool {
        topic_len <= limits.topic_bytes
            && (self.call_events as usize) < limits.events_per_call
            && self.events.len() < MAX_WAITING
            && data_len <= limits.event_bytes_per_call - self.call_event_bytes.min(limits.event_bytes_per_call)
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.call_event_bytes += event.data.len();
        self.call_events += 1;
        self.events.push(event);
    }

    /// Events that the last call has emitted.
    pub(crate) fn events_of_call(&self) -> u32 {
        self.call_events
    }

    /// Lines of the last call that were dropped.
    pub(crate) fn dropped_of_call(&self) -> u32 {
        self.call_dropped
    }

    pub(crate) fn output(&self, fuel_used: Option<u64>, bytes_copied: u64) -> TickOutput {
        TickOutput { fuel_used, events: self.call_events, log_lines_dropped: self.call_dropped, bytes_copied }
    }

    pub(crate) fn take_last_error(&mut self) -> Option<String> {
        self.last_error.take().map(|line| readable(&line))
    }

    pub(crate) fn drain_lines(&mut self) -> impl Iterator<Item = LogLine> {
        self.lines.drain(..)
    }

    pub(crate) fn drain_events(&mut self) -> impl Iterator<Item = Event> {
        self.events.drain(..)
    }
}

/// Text without what could move the cursor of whoever reads it in a terminal.
fn readable(line: &[u8]) -> String {
    String::from_utf8_lossy(line).chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }).collect()
}
