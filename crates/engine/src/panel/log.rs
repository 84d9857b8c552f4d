//! The program's log: as text on standard error, and as a panel sees it, events of `tracing` handed to the hub, which keeps the newest.

use std::fmt::{self, Write as _};
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, OnceLock};

use tracing::field::{Field, Visit};
use tracing::{Event, Level as TracingLevel, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
#[cfg(feature = "tracy")]
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};
use wasm_engine_serve::protocol::Level;
use wasm_engine_serve::{Hub, Note};

/// A layer for the program's log. Before a panel is served, it costs one load for each event. Clones are the same layer.
#[derive(Debug, Clone, Default)]
pub struct PanelLog(Arc<OnceLock<Hub>>);

/// Starts the log of a program, once in its `main`: what is as grave as `level` goes to standard error, so that standard output stays data, or what `RUST_LOG`
/// says; and what a person may want to know goes to the panel.
pub fn start_log(level: &str, panel: Option<PanelLog>) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(directives(level, level)));
    let text = tracing_subscriber::fmt::layer().with_ansi(has_color()).with_writer(std::io::stderr).without_time();
    // A line that cannot be written would be told in the same place, by way of a panic.
    let text = text.log_internal_errors(false).with_filter(filter);
    let panel = panel.map(|log| log.with_filter(panel_filter()));
    // Not `init`, which would take the process' logger: Servo hears of a page's crash through it.
    if let Err(error) = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(text).with(panel).with(profiler())) {
        let _ = writeln!(std::io::stderr(), "there is no log: {error}");
    }
}

/// Whether standard error is in color: on a terminal, where `NO_COLOR` does not forbid it.
#[must_use]
pub fn has_color() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A profiler shows beside the frames what the panel shows.
#[cfg(feature = "tracy")]
fn profiler<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    tracing_tracy::TracyLayer::default().with_filter(panel_filter())
}

#[cfg(not(feature = "tracy"))]
fn profiler() -> tracing_subscriber::layer::Identity {
    tracing_subscriber::layer::Identity::new()
}

/// A panel filters by itself, and what it is not given it cannot show: all that the app says, and of the engine what is no detail.
fn panel_filter() -> EnvFilter {
    EnvFilter::new(directives("info", "debug"))
}

/// What a filter is to be set to: these levels for the engine's parts and for the app's. Servo's say a lot that no user can act on.
fn directives(engine: &str, app: &str) -> String {
    const ENGINE: [&str; 9] = [
        "wasm_engine",
        "wasm_engine_compositor",
        "wasm_engine_desktop",
        "wasm_engine_engine",
        "wasm_engine_gpu",
        "wasm_engine_page",
        "wasm_engine_sandbox",
        "wasm_engine_serve",
        "panel",
    ];
    const APP: [&str; 2] = ["guest", "page"];
    let parts = ENGINE.map(|part| (part, engine)).into_iter().chain(APP.map(|part| (part, app)));
    parts.fold("error".to_owned(), |all, (part, level)| format!("{all},{part}={level}"))
}

impl PanelLog {
    /// Where the events go from now on. A program serves one panel.
    pub(crate) fn connect(&self, hub: Hub) {
        if self.0.set(hub).is_err() {
            tracing::warn!("the log goes to the panel that was served first");
        }
    }
}

impl<S: Subscriber> Layer<S> for PanelLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Some(hub) = self.0.get() else { return };
        let metadata = event.metadata();
        let level = match *metadata.level() {
            TracingLevel::ERROR => Level::Error,
            TracingLevel::WARN => Level::Warn,
            TracingLevel::INFO => Level::Info,
            TracingLevel::DEBUG => Level::Debug,
            _ => return,
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        let part = fields.kernel.unwrap_or_else(|| part(metadata.target()).to_owned());
        hub.log(Note { tick: fields.tick, level, part, code: fields.code, text: fields.message + &fields.others });
    }
}

/// The crate that speaks, without what all of them have in common: `wasm_engine_sandbox::run` is `sandbox`.
fn part(target: &str) -> &str {
    let krate = target.split("::").next().unwrap_or(target);
    krate.strip_prefix("wasm_engine_").unwrap_or(krate)
}

/// An event's fields: those that a panel shows by themselves, and the others as text.
#[derive(Default)]
struct Fields {
    message: String,
    tick: Option<u64>,
    code: Option<String>,
    kernel: Option<String>,
    others: String,
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "tick" => self.tick = Some(value),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "code" => self.code = Some(value.to_owned()),
            "kernel" => self.kernel = Some(value.to_owned()),
            "message" => value.clone_into(&mut self.message),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a text does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.others, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub() -> Hub {
        let app =
            wasm_engine_serve::protocol::AppInfo { name: "x".to_owned(), title: String::new(), version: String::new(), params: Vec::new() };
        Hub::new("0", app).0
    }

    #[test]
    fn a_panel_is_given_all_that_the_app_says_and_no_detail_of_the_engines() {
        let (log, hub) = (PanelLog::default(), hub());
        log.connect(hub.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(log.with_filter(panel_filter())), || {
            tracing::debug!(target: "guest", kernel = "boids", "cells in use");
            tracing::debug!(target: "page", "a detail of the page's");
            tracing::debug!(target: "wasm_engine_engine::panel::desk", "a panel asks");
            tracing::info!(target: "wasm_engine_engine::inbox", "page connected");
            tracing::warn!(target: "servo::script", "something that no user can act on");
            tracing::error!(target: "servo::script", "something grave");
        });
        let entries = hub.follow().snapshot().log;
        let told: Vec<_> = entries.iter().map(|entry| (entry.level, entry.text.as_str())).collect();
        let (debug, page) = ((Level::Debug, "cells in use"), (Level::Debug, "a detail of the page's"));
        assert_eq!(told, [debug, page, (Level::Info, "page connected"), (Level::Error, "something grave")]);
    }

    #[test]
    fn events_become_entries() {
        let (log, hub) = (PanelLog::default(), hub());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(log.clone()), || {
            tracing::error!("nobody hears this");
            log.connect(hub.clone());
            tracing::error!(target: "guest", kernel = "boids", code = "TRAP", tick = 7_u64, "out of bounds");
            tracing::warn!(target: "wasm_engine_sandbox::run", worker = 3, "slow");
            tracing::trace!("too much");
        });
        let entries = hub.follow().snapshot().log;
        assert_eq!(entries.len(), 2);
        let first = &entries[0];
        assert_eq!((first.level, first.part.as_str(), first.code.as_deref(), first.tick), (Level::Error, "boids", Some("TRAP"), Some(7)));
        assert_eq!(first.text, "out of bounds");
        assert_eq!((entries[1].part.as_str(), entries[1].text.as_str()), ("sandbox", "slow worker=3"));
    }
}
