//! The log as a panel sees it: events of `tracing`, handed to the hub, which keeps the newest.

use std::fmt::{self, Write as _};
use std::sync::{Arc, OnceLock};

use tracing::field::{Field, Visit};
use tracing::{Event, Level as TracingLevel, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use wasm_engine_serve::protocol::Level;
use wasm_engine_serve::{Hub, Note};

/// A layer for the program's log. Before a panel is served, it costs one load for each event. Clones are the same layer.
#[derive(Debug, Clone, Default)]
pub struct PanelLog(Arc<OnceLock<Hub>>);

/// What a filter of the log is to be set to: this level for our own parts. Servo's say a lot that no user can act on.
#[must_use]
pub fn log_directives(level: &str) -> String {
    const PARTS: [&str; 11] = [
        "wasm_engine",
        "wasm_engine_compositor",
        "wasm_engine_desktop",
        "wasm_engine_engine",
        "wasm_engine_gpu",
        "wasm_engine_page",
        "wasm_engine_sandbox",
        "wasm_engine_serve",
        "guest",
        "page",
        "panel",
    ];
    PARTS.iter().fold("error".to_owned(), |all, part| format!("{all},{part}={level}"))
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
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn events_become_entries() {
        let log = PanelLog::default();
        let app =
            wasm_engine_serve::protocol::AppInfo { name: "x".to_owned(), title: String::new(), version: String::new(), params: Vec::new() };
        let (hub, _asks) = Hub::new("0", app);
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
