//! The sections of the state, each from what it is about.

use wasm_engine_exchange::Region;
use wasm_engine_serve::protocol::{Buffer, CounterValue, Guest, GuestKind, Lane, ParamValue, Problem, StageTimes};
use wasm_engine_telemetry::{Counter, Interval, Report, Telemetry, Unit};

use crate::lanes::{LANES, WhenFull};
use crate::manifest::Manifest;
use crate::panel::board::{GuestNote, Notes};
use crate::panel::decimal;
use crate::wiring;

/// Nanoseconds as milliseconds.
pub(super) fn milliseconds(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

/// How fast a number rose; 0 when it has begun anew.
pub(super) fn per_second(now: u64, before: u64, seconds: f64) -> f64 {
    now.saturating_sub(before) as f64 / seconds
}

/// The guests, in manifest order.
pub(super) fn guests(manifest: &Manifest, notes: &Notes) -> Vec<Guest> {
    let unknown = GuestNote::default();
    let kernels = manifest.kernel.iter().enumerate();
    kernels
        .map(|(index, kernel)| {
            let note = notes.guests.get(index).unwrap_or(&unknown);
            let mut nanos: Vec<u64> = note.nanos.iter().copied().collect();
            nanos.sort_unstable();
            Guest {
                name: kernel.name.clone(),
                kind: GuestKind::Kernel,
                state: note.fault.as_ref().map_or_else(|| "running".to_owned(), |fault| fault.code.clone()),
                instances: note.instances,
                ticks: note.ticks,
                tick_ms_p50: percentile(&nanos, 50),
                tick_ms_p99: percentile(&nanos, 99),
                fuel: note.fuel,
                memory_bytes: note.memory_bytes,
                memory_max_bytes: kernel.memory_max.0.saturating_mul(u64::from(note.instances.max(1))),
                last_error: note.fault.as_ref().map(|fault| Problem {
                    code: fault.code.clone(),
                    message: fault.message.clone(),
                    hint: fault.hint.clone(),
                }),
            }
        })
        .collect()
}

/// The value that so many of a hundred do not exceed, in milliseconds; 0 of nothing.
fn percentile(sorted_nanos: &[u64], percent: usize) -> f64 {
    let rank = (sorted_nanos.len() * percent).div_ceil(100).max(1);
    sorted_nanos.get(rank - 1).map_or(0.0, |&nanos| milliseconds(nanos))
}

/// What each stage took, over the whole run.
pub(super) fn stages(report: &Report) -> Vec<StageTimes> {
    Interval::ALL
        .iter()
        .zip(&report.stages)
        .map(|(interval, stage)| StageTimes {
            name: stage.name.to_owned(),
            what: stage_text(*interval).to_owned(),
            count: stage.stats.count,
            p50: stage.stats.p50_us / 1e3,
            p95: stage.stats.p95_us / 1e3,
            p99: stage.stats.p99_us / 1e3,
            max: stage.stats.max_us / 1e3,
            std_dev: stage.stats.jitter.std_dev_us / 1e3,
        })
        .collect()
}

fn stage_text(interval: Interval) -> &'static str {
    match interval {
        Interval::Wait => "until the kernels begin",
        Interval::Compute => "kernels at work",
        Interval::Page => "Servo at work",
        Interval::Compose => "until the compositor has drawn it",
        Interval::Present => "until the display has it",
        Interval::TotalComposed => "from queued to composed",
        Interval::TotalPresented => "from queued to presented",
    }
}

/// The newest generation of every buffer, in the region's order.
pub(super) fn generations(region: &Region) -> Vec<u64> {
    region.buffers().map(|info| region.buffer_state(info.id).map_or(0, |state| state.generation)).collect()
}

/// The buffers, in the region's order. The layout zone goes from the page to the compositor.
pub(super) fn buffers(region: &Region, manifest: &Manifest, per_second: &[f64]) -> Vec<Buffer> {
    let zone = region.layout_zone();
    region
        .buffers()
        .enumerate()
        .map(|(index, info)| Buffer {
            bytes: info.bytes as u64,
            generation: region.buffer_state(info.id).map_or(0, |state| state.generation),
            per_second: per_second.get(index).copied().unwrap_or(0.0),
            writer: if zone == Some(info.id) { Some("page".to_owned()) } else { writer(manifest, &info.name) },
            readers: if zone == Some(info.id) { vec!["compositor".to_owned()] } else { readers(manifest, &info.name) },
            name: info.name.to_string(),
        })
        .collect()
}

/// The kernel that writes a buffer.
fn writer(manifest: &Manifest, buffer: &str) -> Option<String> {
    manifest.writer_of(buffer).map(|kernel| kernel.name.clone())
}

/// Who reads a buffer: kernels, then surfaces.
fn readers(manifest: &Manifest, buffer: &str) -> Vec<String> {
    let kernels = manifest.kernel.iter().filter(|kernel| kernel.reads(buffer)).map(|kernel| kernel.name.clone());
    let surfaces = manifest.surface.iter().filter(|surface| surface.buffer == buffer).map(|surface| surface.name.clone());
    kernels.chain(surfaces).collect()
}

/// The region's lanes. `rejects` are those of the one that the ticker sends on; `highest` remembers the most items that were seen waiting.
pub(super) fn lanes(region: &Region, rejects: u64, highest: &mut Vec<u64>) -> Vec<Lane> {
    let lanes = region.lanes().enumerate();
    lanes
        .map(|(index, lane)| {
            let depth = region.lane_state(&lane.name).map_or(0, |state| state.depth as u64);
            if highest.len() <= index {
                highest.resize(index + 1, 0);
            }
            highest[index] = highest[index].max(depth);
            let declared = LANES.iter().find(|declared| *declared.name == *lane.name);
            let when_full = match declared.map(|declared| declared.when_full) {
                Some(WhenFull::Block) => "block",
                Some(WhenFull::Coalesce) => "coalesce",
                Some(WhenFull::Reject) | None => "reject",
            };
            Lane {
                item_bytes: lane.item_bytes as u32,
                capacity: lane.capacity as u64,
                depth,
                highest: highest[index],
                rejects: if *lane.name == *wiring::TICKS_LANE { rejects } else { 0 },
                when_full: when_full.to_owned(),
                name: lane.name.to_string(),
            }
        })
        .collect()
}

/// Every counter.
pub(super) fn counters(telemetry: &Telemetry) -> Vec<CounterValue> {
    let counters = Counter::ALL.iter();
    counters
        .map(|&counter| CounterValue {
            name: counter.name().to_owned(),
            what: counter.help().to_owned(),
            unit: match counter.unit() {
                Unit::Count => "count",
                Unit::Bytes => "bytes",
            }
            .to_owned(),
            value: telemetry.counter(counter),
        })
        .collect()
}

/// The parameters' values; their defaults before the first tick.
pub(super) fn params(manifest: &Manifest, notes: &Notes) -> Vec<ParamValue> {
    let params = manifest.param.iter().enumerate();
    params
        .map(|(index, param)| ParamValue {
            name: param.name.clone(),
            value: decimal(notes.params.get(index).copied().unwrap_or(param.default)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let nanos: Vec<u64> = (1..=300).map(|number| number * 1_000_000).collect();
        assert_eq!((percentile(&nanos, 50), percentile(&nanos, 99)), (150.0, 297.0));
        assert_eq!((percentile(&nanos[..1], 50), percentile(&nanos[..1], 99)), (1.0, 1.0));
        assert_eq!(percentile(&[], 50), 0.0);
    }

    #[test]
    fn a_number_that_begins_anew_has_no_rate() {
        assert_eq!(per_second(30, 10, 2.0), 10.0);
        assert_eq!(per_second(1, 10, 2.0), 0.0);
    }
}
