//! The text format that Prometheus scrapes, version 0.0.4. Durations are in seconds, as Prometheus wants them.

use std::fmt::{self, Write};

use crate::aggregate::Aggregate;
use crate::counters::{Counter, Counters};
use crate::limits::BUCKET_EDGES;
use crate::report::GaugeReading;
use crate::series::Series;
use crate::stage::Interval;

/// Renders everything.
pub(crate) fn render(aggregate: &Aggregate, counters: &Counters, gauges: &[GaugeReading]) -> String {
    let mut out = String::with_capacity(16 * 1024);
    // Writing to a string does not fail.
    let _ = write_all(&mut out, aggregate, counters, gauges);
    out
}

fn write_all(out: &mut String, aggregate: &Aggregate, counters: &Counters, gauges: &[GaugeReading]) -> fmt::Result {
    for counter in Counter::ALL {
        let name = counter.name();
        head(out, &format!("{name}_total"), "counter", counter.help())?;
        writeln!(out, "wasm_engine_{name}_total {}", counters.value(*counter))?;
    }
    if !gauges.is_empty() {
        head(out, "level", "gauge", "Last reading of a level, such as the depth of a queue.")?;
        for gauge in gauges {
            writeln!(out, "wasm_engine_level{{name=\"{}\"}} {}", Escaped(gauge.name), Number(gauge.last))?;
        }
        head(out, "level_highest", "gauge", "Highest reading of a level.")?;
        for gauge in gauges {
            writeln!(out, "wasm_engine_level_highest{{name=\"{}\"}} {}", Escaped(gauge.name), Number(gauge.max))?;
        }
    }
    head(out, "stage_seconds", "histogram", "Time that ticks and frames spent between two stages.")?;
    for interval in Interval::ALL {
        let label = format!("interval=\"{}\"", interval.name());
        histogram(out, "stage_seconds", &label, &aggregate.intervals[interval as usize])?;
    }
    head(out, "frame_interval_seconds", "histogram", "Time from one frame to the next, without idle times.")?;
    histogram(out, "frame_interval_seconds", "", &aggregate.frame_interval)
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP wasm_engine_{name} {help}")?;
    writeln!(out, "# TYPE wasm_engine_{name} {kind}")
}

fn histogram(out: &mut String, name: &str, label: &str, series: &Series) -> fmt::Result {
    let comma = if label.is_empty() { "" } else { "," };
    let mut below = 0;
    for (bucket, edge) in series.buckets().iter().zip(BUCKET_EDGES) {
        below += bucket.count;
        writeln!(out, "wasm_engine_{name}_bucket{{{label}{comma}le=\"{}\"}} {below}", edge as f64 / 1e9)?;
    }
    writeln!(out, "wasm_engine_{name}_bucket{{{label}{comma}le=\"+Inf\"}} {}", series.count())?;
    let braced = if label.is_empty() { String::new() } else { format!("{{{label}}}") };
    writeln!(out, "wasm_engine_{name}_sum{braced} {}", series.sum_nanos() as f64 / 1e9)?;
    writeln!(out, "wasm_engine_{name}_count{braced} {}", series.count())
}

/// A label value with the three characters escaped that would end it.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// A float as Prometheus spells it.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            value if value.is_nan() => f.write_str("NaN"),
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            value => write!(f, "{value}"),
        }
    }
}
