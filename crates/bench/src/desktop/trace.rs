//! What the shell writes about a run when its window is closed, in its own time: microseconds since it first asked for the time.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// A frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    /// When its tick was asked for.
    pub(super) queued: f64,
    /// Milliseconds from there to when it was submitted.
    pub(super) composed: f64,
    /// Milliseconds from there to when the display had it.
    pub(super) presented: Option<f64>,
}

/// A run, looked back on.
pub(super) struct Trace {
    /// All frames that were drawn.
    pub(super) frames: Vec<Frame>,
    /// When the last tick began.
    pub(super) last_tick: f64,
    counters: HashMap<String, Vec<(f64, f64)>>,
    totals: Value,
}

impl Trace {
    /// Reads a Chrome trace and the report beside it.
    pub(super) fn read(trace: &Path, report: &Path) -> Result<Self> {
        let json = |path: &Path| -> Result<Value> {
            let text = std::fs::read(path).with_context(|| format!("the shell wrote no {}", path.display()))?;
            Ok(serde_json::from_slice(&text)?)
        };
        Self::new(&json(trace)?, &json(report)?)
    }

    fn new(trace: &Value, report: &Value) -> Result<Self> {
        let mut all = Self { frames: Vec::new(), last_tick: f64::NAN, counters: HashMap::new(), totals: Value::Null };
        for event in trace["traceEvents"].as_array().context("a trace has events")? {
            let (Some(name), Some(at)) = (event["name"].as_str(), event["ts"].as_f64()) else { continue };
            match (event["ph"].as_str(), event["cat"].as_str()) {
                (Some("C"), _) => {
                    if let Some(value) = event["args"]["value"].as_f64() {
                        all.counters.entry(name.to_owned()).or_default().push((at, value));
                    }
                }
                (_, Some("frame")) => all.frames.extend(frame(at, &event["args"])),
                _ if name == "tick.run" => all.last_tick = all.last_tick.max(at),
                _ => {}
            }
        }
        all.totals = report["telemetry"]["counters"].clone();
        Ok(all)
    }

    /// By how much a counter rose between two times; never less than it did, since what was not sampled after `to` is taken from the run's end. `None` when
    /// the shell has no such counter.
    pub(super) fn rise(&self, counter: &str, from: f64, to: f64) -> Option<f64> {
        let end = self.totals[counter].as_f64()?;
        let samples = self.counters.get(counter).map_or(&[][..], Vec::as_slice);
        let start = samples.iter().rev().find(|(at, _)| *at <= from).map_or(0.0, |(_, value)| *value);
        Some(samples.iter().find(|(at, _)| *at >= to).map_or(end, |(_, value)| *value) - start)
    }
}

/// A frame from the arguments of its slice; `None` if it was overtaken.
fn frame(at: f64, args: &Value) -> Option<Frame> {
    let queued = args["queued"].as_f64()?;
    let since = |stage: &str| args[stage].as_f64().map(|millis| millis - queued);
    Some(Frame { queued: at + queued * 1e3, composed: since("composed")?, presented: since("presented") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn trace() -> Trace {
        let level =
            |at: f64, value: f64| json!({ "ph": "C", "cat": "level", "name": "gpu_submissions", "ts": at, "args": { "value": value } });
        let frame = |args: Value| json!({ "ph": "X", "cat": "frame", "name": "frame 1", "ts": 100.0, "args": args });
        let events = json!({ "traceEvents": [
            level(10.0, 1.0), level(20.0, 4.0), level(40.0, 6.0),
            { "ph": "X", "cat": "span", "name": "tick.run", "ts": 33.0 },
            frame(json!({ "queued": 1.0, "composed": 3.5, "presented": 7.0 })), frame(json!({ "queued": 0.0 })),
        ] });
        Trace::new(&events, &json!({ "telemetry": { "counters": { "gpu_submissions": 9 } } })).unwrap()
    }

    #[test]
    fn a_rise_is_never_too_small() {
        let trace = trace();
        assert_eq!(trace.rise("gpu_submissions", 12.0, 30.0), Some(5.0), "of the samples around it");
        assert_eq!(trace.rise("gpu_submissions", 20.0, 50.0), Some(5.0), "of the end when there is none after it");
        assert_eq!(trace.rise("gpu_submissions", 5.0, 9.0), Some(1.0));
        assert_eq!(trace.rise("panel_frames", 0.0, 50.0), None);
    }

    #[test]
    fn frames_that_were_overtaken_are_left_out() {
        assert_eq!(trace().frames, [Frame { queued: 1100.0, composed: 2.5, presented: Some(6.0) }]);
        assert_eq!(trace().last_tick, 33.0);
    }
}
