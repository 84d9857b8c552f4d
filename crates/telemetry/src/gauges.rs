//! Gauges: the last and the highest value of something that rises and falls, such as the depth of a queue.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::limits::GAUGES;
use crate::names::Names;
use crate::report::GaugeReading;

/// Bits of the last reading, and the highest reading in an order-preserving form.
struct Value {
    last: AtomicU64,
    highest: AtomicU64,
}

/// All gauges, in a table of fixed size.
pub(crate) struct Gauges {
    names: Names,
    values: Box<[Value]>,
}

impl Gauges {
    pub(crate) fn new() -> Self {
        let empty = || Value { last: AtomicU64::new(0), highest: AtomicU64::new(0) };
        Gauges { names: Names::new(GAUGES), values: (0..GAUGES).map(|_| empty()).collect() }
    }

    /// Takes a reading and gives the gauge's number; `None` when the table is full.
    #[inline]
    pub(crate) fn set(&self, name: &'static str, value: f64) -> Option<usize> {
        let number = self.names.number(name)?;
        let slot = &self.values[number];
        slot.last.store(value.to_bits(), Ordering::Relaxed);
        let ordered = to_ordered(value);
        // Most readings are not a new maximum: look before writing.
        if ordered > slot.highest.load(Ordering::Relaxed) {
            slot.highest.fetch_max(ordered, Ordering::Relaxed);
        }
        Some(number)
    }

    /// Every gauge that has been read, in alphabetical order.
    pub(crate) fn readings(&self) -> Vec<GaugeReading> {
        let read = |(number, value): (usize, &Value)| {
            let highest = value.highest.load(Ordering::Relaxed);
            let name = self.names.name(number).filter(|_| highest != 0)?;
            Some(GaugeReading { name, last: f64::from_bits(value.last.load(Ordering::Relaxed)), max: from_ordered(highest) })
        };
        let mut readings: Vec<_> = self.values.iter().enumerate().filter_map(read).collect();
        readings.sort_unstable_by_key(|reading| reading.name);
        readings
    }

    pub(crate) fn reset(&self) {
        for value in &self.values {
            value.highest.store(0, Ordering::Relaxed);
        }
    }
}

/// Maps floats to integers of the same order. Zero is left for "no reading": only a NaN with all bits set would come near it, and NaN maps to
/// the lowest value.
fn to_ordered(value: f64) -> u64 {
    let bits = if value.is_nan() { f64::NEG_INFINITY.to_bits() } else { value.to_bits() };
    if bits >> 63 == 0 { bits | (1 << 63) } else { !bits }
}

fn from_ordered(ordered: u64) -> f64 {
    f64::from_bits(if ordered >> 63 == 1 { ordered & !(1 << 63) } else { !ordered })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept() {
        let values = [f64::NEG_INFINITY, -3.5, -0.0, 0.0, 1e-300, 2.0, f64::INFINITY];
        for pair in values.windows(2) {
            assert!(to_ordered(pair[0]) < to_ordered(pair[1]), "{pair:?}");
        }
        for value in values {
            assert_eq!(from_ordered(to_ordered(value)).to_bits(), value.to_bits());
            assert_ne!(to_ordered(value), 0);
        }
    }

    #[test]
    fn last_and_highest_are_kept_and_the_table_is_bounded() {
        let gauges = Gauges::new();
        for depth in [1.0, 5.0, 2.0] {
            gauges.set("lane.input", depth);
        }
        gauges.set("below zero", -4.0);
        let readings = gauges.readings();
        assert_eq!(readings.len(), 2);
        assert_eq!((readings[0].name, readings[0].last, readings[0].max), ("below zero", -4.0, -4.0));
        assert_eq!((readings[1].name, readings[1].last, readings[1].max), ("lane.input", 2.0, 5.0));
        let many: &'static [String] = Vec::leak((0..2 * GAUGES).map(|number| format!("g{number}")).collect());
        let taken = many.iter().filter(|name| gauges.set(name.as_str(), 0.0).is_some()).count();
        assert_eq!(taken, GAUGES - 2);
    }
}
