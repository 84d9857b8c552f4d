//! The trace event format of Chrome, which Perfetto, Speedscope and chrome://tracing open.
//!
//! Two groups of rows. "threads": what each thread did, from spans, with levels and counters as graphs. "frames": each token's way through the
//! stages, one row per interval, linked by arrows. Frames that overlap within an interval get rows of their own, because slices of one row must nest.

use serde::Serialize;
use serde_json::{Value, json};

use crate::aggregate::{Aggregate, Sample};
use crate::limits::TRACE_ROWS;
use crate::names::Names;
use crate::spans::{Span, Track};
use crate::stage::{FrameRecord, Interval, Stage, Token};

const THREADS: u32 = 1;
const FRAMES: u32 = 2;
/// Number of the first row of whole frames; each interval follows in steps of [`TRACE_ROWS`].
const WHOLE: usize = 0;

/// A trace, ready to be serialized to JSON.
#[derive(Clone, Debug, Serialize)]
pub struct ChromeTrace {
    #[serde(rename = "displayTimeUnit")]
    unit: &'static str,
    #[serde(rename = "otherData")]
    about: Value,
    #[serde(rename = "traceEvents")]
    events: Vec<Event>,
}

/// One event. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
struct Event {
    name: Name,
    cat: &'static str,
    ph: &'static str,
    pid: u32,
    tid: u32,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    /// "e": an arrow ends in the slice that lies around its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Value>,
}

/// Most names are known when the program is built.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Name {
    Fixed(&'static str),
    Frame(String),
}

impl Event {
    fn new(name: &'static str, cat: &'static str, ph: &'static str, (pid, tid): (u32, u32), at: u64) -> Self {
        Event { name: Name::Fixed(name), cat, ph, pid, tid, ts: at as f64 / 1e3, dur: None, id: None, bp: None, args: None }
    }

    fn slice(name: &'static str, cat: &'static str, row: (u32, u32), from: u64, nanos: u64) -> Self {
        Event {
            // Arrows need a slice that has an inside.
            dur: Some(nanos.max(1) as f64 / 1e3),
            ..Event::new(name, cat, "X", row, from)
        }
    }

    fn metadata(name: &'static str, row: (u32, u32), args: Value) -> Self {
        Event { args: Some(args), ..Event::new(name, "__metadata", "M", row, 0) }
    }
}

/// Builds the trace of what is kept.
pub(crate) fn build(aggregate: &Aggregate, names: &Names) -> ChromeTrace {
    let mut events = Vec::new();
    for (pid, name) in [(THREADS, "wasm-engine threads"), (FRAMES, "wasm-engine frames, stage by stage")] {
        events.push(Event::metadata("process_name", (pid, 0), json!({ "name": name })));
        events.push(Event::metadata("process_sort_index", (pid, 0), json!({ "sort_index": pid })));
    }
    threads(&mut events, aggregate.spans.iter().copied().collect(), names);
    samples(&mut events, aggregate.samples.iter());
    frames(&mut events, aggregate.frames.iter().copied().collect());
    ChromeTrace {
        unit: "ms",
        about: json!({
            "engine": concat!("wasm-engine ", env!("CARGO_PKG_VERSION")),
            "frames_left_out": aggregate.frames.evicted,
            "spans_left_out": aggregate.spans.evicted,
            "samples_left_out": aggregate.samples.evicted,
        }),
        events,
    }
}

fn threads(events: &mut Vec<Event>, mut spans: Vec<Span>, names: &Names) {
    // Outer spans first: viewers nest slices in the order in which they come.
    spans.sort_unstable_by_key(|span| (span.track, span.start, std::cmp::Reverse(span.nanos)));
    let mut last: Option<Track> = None;
    for span in spans {
        let row = (THREADS, span.track.code());
        if last != Some(span.track) {
            last = Some(span.track);
            events.push(Event::metadata("thread_name", row, json!({ "name": span.track.to_string() })));
            events.push(Event::metadata("thread_sort_index", row, json!({ "sort_index": span.track.code() })));
        }
        let name = names.name(span.name as usize).unwrap_or("?");
        events.push(Event::slice(name, "span", row, span.start, span.nanos));
    }
}

fn samples<'a>(events: &mut Vec<Event>, samples: impl Iterator<Item = &'a Sample>) {
    for sample in samples {
        // JSON knows no infinity; such a sample shows as a gap.
        if sample.value.is_finite() {
            events.push(Event {
                args: Some(json!({ "value": sample.value })),
                ..Event::new(sample.name, "level", "C", (THREADS, 0), sample.at)
            });
        }
    }
}

/// The rows of one interval: for each, when it becomes free.
#[derive(Clone, Default)]
struct Rows(Vec<u64>);

impl Rows {
    /// A row that is free from `from`; the last one when there is none.
    fn place(&mut self, from: u64, to: u64) -> usize {
        let free = self.0.iter().position(|end| *end <= from);
        let row = free.unwrap_or_else(|| {
            if self.0.len() < TRACE_ROWS {
                self.0.push(0);
            }
            self.0.len() - 1
        });
        self.0[row] = self.0[row].max(to);
        row
    }
}

fn frames(events: &mut Vec<Event>, mut records: Vec<FrameRecord>) {
    // Rows are given in the order of time.
    records.sort_unstable_by_key(|record| (record.extent().map(|(from, _)| from), record.token));
    let mut rows = vec![Rows::default(); 1 + Interval::PARTS.len()];
    for record in &records {
        let Some((from, to)) = record.extent() else { continue };
        let row = rows[WHOLE].place(from, to);
        events.push(whole(record, tid(WHOLE, row), from, to));
        let mut way: Vec<(u64, u32)> = Vec::with_capacity(Interval::PARTS.len());
        for (part, interval) in Interval::PARTS.into_iter().enumerate() {
            let (Some(start), Some(nanos)) = (record.stamp(interval.ends().0), record.interval(interval)) else {
                continue;
            };
            let row = rows[1 + part].place(start, start + nanos.max(1));
            let tid = tid(1 + part, row);
            events.push(Event {
                args: Some(json!({ "token": record.token.0 })),
                ..Event::slice(interval.name(), "stage", (FRAMES, tid), start, nanos)
            });
            way.push((start, tid));
        }
        arrows(events, record.token, way);
    }
    let names = ["frame"].into_iter().chain(Interval::PARTS.map(Interval::name));
    for (part, name) in names.enumerate() {
        for row in 0..rows[part].0.len() {
            let at = (FRAMES, tid(part, row));
            let name = if row == 0 { name.to_owned() } else { format!("{name} ({})", row + 1) };
            events.push(Event::metadata("thread_name", at, json!({ "name": name })));
            events.push(Event::metadata("thread_sort_index", at, json!({ "sort_index": at.1 })));
        }
    }
}

fn tid(part: usize, row: usize) -> u32 {
    (1 + part * TRACE_ROWS + row) as u32
}

/// The slice over a whole frame, with every stage of it in its arguments, in milliseconds since the first.
fn whole(record: &FrameRecord, tid: u32, from: u64, to: u64) -> Event {
    let since = |stage: Stage| record.stamp(stage).map(|nanos| (nanos - from) as f64 / 1e6);
    let stamped = Stage::ALL.into_iter().filter_map(|stage| Some((stage.name().to_owned(), json!(since(stage)?))));
    let mut args: serde_json::Map<String, Value> = stamped.collect();
    args.insert("token".to_owned(), json!(record.token.0));
    Event {
        name: Name::Frame(format!("frame {}", record.token.0)),
        args: Some(Value::Object(args)),
        ..Event::slice("", "frame", (FRAMES, tid), from, to - from)
    }
}

/// Links the slices of one token in the order of time.
fn arrows(events: &mut Vec<Event>, token: Token, mut way: Vec<(u64, u32)>) {
    way.sort_unstable();
    let last = way.len().saturating_sub(1);
    if last == 0 {
        return;
    }
    for (number, (at, tid)) in way.into_iter().enumerate() {
        let ph = match number {
            0 => "s",
            number if number == last => "f",
            _ => "t",
        };
        events.push(Event { id: Some(token.0), bp: (ph != "s").then_some("e"), ..Event::new("token", "token", ph, (FRAMES, tid), at) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_frames_get_rows_of_their_own_up_to_a_limit() {
        let mut rows = Rows::default();
        assert_eq!((rows.place(0, 10), rows.place(5, 15), rows.place(10, 20), rows.place(15, 16)), (0, 1, 0, 1));
        let crowd: Vec<_> = (0..2 * TRACE_ROWS).map(|_| rows.place(11, 30)).collect();
        assert_eq!(crowd.iter().max(), Some(&(TRACE_ROWS - 1)));
    }
}
