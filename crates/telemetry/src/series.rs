//! One measured quantity: percentiles from an HDR histogram, the rest exact.

use hdrhistogram::Histogram;

use crate::limits::{BUCKET_EDGES, FINEST_NANOS, LONGEST_NANOS, SIGNIFICANT_DIGITS};
use crate::report::{Bucket, Jitter, Stats};

/// Durations in nanoseconds.
pub(crate) struct Series {
    histogram: Histogram<u32>,
    /// Counts up to each edge, not cumulative; the last is beyond all edges.
    buckets: [u64; BUCKET_EDGES.len() + 1],
    count: u64,
    sum: u64,
    max: u64,
    /// Welford's running mean and sum of squared deviations.
    mean: f64,
    squares: f64,
}

impl Series {
    pub(crate) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(FINEST_NANOS, LONGEST_NANOS, SIGNIFICANT_DIGITS);
        Series {
            histogram: histogram.expect("the bounds are constants that a histogram accepts"),
            buckets: [0; BUCKET_EDGES.len() + 1],
            count: 0,
            sum: 0,
            max: 0,
            mean: 0.0,
            squares: 0.0,
        }
    }

    pub(crate) fn record(&mut self, nanos: u64) {
        self.histogram.saturating_record(nanos);
        self.buckets[BUCKET_EDGES.partition_point(|edge| *edge < nanos)] += 1;
        self.count += 1;
        self.sum = self.sum.saturating_add(nanos);
        self.max = self.max.max(nanos);
        let off = nanos as f64 - self.mean;
        self.mean += off / self.count as f64;
        self.squares += off * (nanos as f64 - self.mean);
    }

    pub(crate) fn clear(&mut self) {
        self.histogram.reset();
        self.buckets = Default::default();
        (self.count, self.sum, self.max) = (0, 0, 0);
        (self.mean, self.squares) = (0.0, 0.0);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn sum_nanos(&self) -> u64 {
        self.sum
    }

    /// The smallest recorded value that at least `quantile` of all values do not exceed, to three digits.
    fn quantile(&self, quantile: f64) -> u64 {
        // A bucket of the histogram may reach beyond the highest value that was recorded.
        self.histogram.value_at_quantile(quantile).min(self.max)
    }

    pub(crate) fn stats(&self) -> Stats {
        let micros = |nanos: u64| nanos as f64 / 1e3;
        let [p50, p95, p99] = [0.50, 0.95, 0.99].map(|quantile| self.quantile(quantile));
        let variance = if self.count > 1 { self.squares / (self.count - 1) as f64 } else { 0.0 };
        Stats {
            count: self.count,
            mean_us: self.mean / 1e3,
            p50_us: micros(p50),
            p95_us: micros(p95),
            p99_us: micros(p99),
            max_us: micros(self.max),
            jitter: Jitter { std_dev_us: variance.max(0.0).sqrt() / 1e3, p99_minus_p50_us: micros(p99 - p50) },
        }
    }

    /// Counts by upper edge, not cumulative; the last bucket has no edge.
    pub(crate) fn buckets(&self) -> Vec<Bucket> {
        let edges = BUCKET_EDGES.iter().map(|edge| Some(*edge as f64 / 1e6)).chain([None]);
        edges.zip(self.buckets).map(|(up_to_ms, count)| Bucket { up_to_ms, count }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_series_is_all_zero() {
        let stats = Series::new().stats();
        assert_eq!((stats.count, stats.p99_us, stats.max_us, stats.jitter.std_dev_us), (0, 0.0, 0.0, 0.0));
    }

    #[test]
    fn edges_belong_to_the_bucket_below() {
        let mut series = Series::new();
        for nanos in [0, BUCKET_EDGES[0], BUCKET_EDGES[0] + 1, u64::MAX] {
            series.record(nanos);
        }
        let counts: Vec<_> = series.buckets().iter().map(|bucket| bucket.count).collect();
        assert_eq!((counts[0], counts[1], counts[BUCKET_EDGES.len()]), (2, 1, 1));
        assert_eq!(series.stats().max_us, u64::MAX as f64 / 1e3);
        series.clear();
        assert_eq!(series.stats().count, 0);
        assert!(series.buckets().iter().all(|bucket| bucket.count == 0));
    }

    proptest! {
        #[test]
        fn percentiles_agree_with_an_exact_sort(mut values in prop::collection::vec(0u64..200_000_000, 1..600)) {
            let mut series = Series::new();
            values.iter().for_each(|value| series.record(*value));
            values.sort_unstable();
            let exact = |quantile: f64| {
                let rank = (quantile * values.len() as f64).ceil().max(1.0) as usize;
                values[rank - 1] as f64 / 1e3
            };
            let stats = series.stats();
            for (got, want) in [(stats.p50_us, exact(0.5)), (stats.p95_us, exact(0.95)), (stats.p99_us, exact(0.99))] {
                // Three digits, and never finer than the step.
                let tolerance = (want * 1e-3).max(2.0 * FINEST_NANOS as f64 / 1e3);
                prop_assert!((got - want).abs() <= tolerance, "{got} against {want}");
            }
            let mean = values.iter().sum::<u64>() as f64 / values.len() as f64;
            let squares: f64 = values.iter().map(|value| (*value as f64 - mean).powi(2)).sum();
            let deviation = if values.len() > 1 { (squares / (values.len() - 1) as f64).sqrt() } else { 0.0 };
            prop_assert!((stats.mean_us - mean / 1e3).abs() <= 1e-3);
            prop_assert!((stats.jitter.std_dev_us - deviation / 1e3).abs() <= 1e-2);
            prop_assert_eq!(stats.max_us, values[values.len() - 1] as f64 / 1e3);
            prop_assert_eq!(series.buckets().iter().map(|bucket| bucket.count).sum::<u64>(), values.len() as u64);
        }
    }
}
