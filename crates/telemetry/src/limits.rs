//! Every limit of this crate, by name.

use std::time::Duration;

/// What a frame may take from queued to glass unless the app says otherwise: one refresh of a 120 Hz display.
pub const DEFAULT_BUDGET: Duration = Duration::from_nanos(8_333_333);

/// Tokens that may be on their way, or finished and not yet drained, at one time. Each costs one cache line.
pub(crate) const DEFAULT_TOKENS: usize = 4_096;
/// Bounds on the same, when configured.
pub(crate) const TOKENS: (usize, usize) = (16, 1 << 20);

/// Threads that may record spans at one time.
pub(crate) const DEFAULT_SPAN_THREADS: usize = 48;
/// Bounds on the same, when configured.
pub(crate) const SPAN_THREADS: (usize, usize) = (1, 1_024);

/// Spans that a thread may record between two drains; more are dropped and counted.
pub(crate) const DEFAULT_SPANS_PER_THREAD: usize = 2_048;
/// Bounds on the same, when configured.
pub(crate) const SPANS_PER_THREAD: (usize, usize) = (16, 1 << 20);

/// Finished frames kept for the trace and the CSV; the oldest go first.
pub(crate) const DEFAULT_KEPT_FRAMES: usize = 16_384;
/// Spans kept for the trace; the oldest go first.
pub(crate) const DEFAULT_KEPT_SPANS: usize = 65_536;
/// Samples of gauges and counters kept for the trace; the oldest go first.
pub(crate) const DEFAULT_KEPT_SAMPLES: usize = 16_384;
/// Upper bound on each of the three, when configured.
pub(crate) const KEPT_MAX: usize = 1 << 24;

/// Different span names; a power of two. Spans beyond them are dropped and counted.
pub(crate) const SPAN_NAMES: usize = 1_024;
/// Different gauges; a power of two. Readings beyond them are dropped and counted.
pub(crate) const GAUGES: usize = 256;

/// Shards of a counter: threads that may add at the same time without sharing a cache line.
pub(crate) const COUNTER_SHARDS: usize = 16;

/// Longest interval a histogram tells apart, in nanoseconds; longer ones count as this long in percentiles, and exactly in the maximum.
pub(crate) const LONGEST_NANOS: u64 = 60_000_000_000;
/// Finest step of a histogram, in nanoseconds.
pub(crate) const FINEST_NANOS: u64 = 16;
/// Significant decimal digits that a histogram keeps.
pub(crate) const SIGNIFICANT_DIGITS: u8 = 3;

/// Upper edges of the exported buckets, in nanoseconds. 8.333 and 16.667 ms are one refresh at 120 and 60 Hz.
pub(crate) const BUCKET_EDGES: [u64; 15] = [
    250_000,
    500_000,
    1_000_000,
    2_000_000,
    4_000_000,
    6_000_000,
    8_333_333,
    12_000_000,
    16_666_667,
    25_000_000,
    33_333_333,
    50_000_000,
    100_000_000,
    250_000_000,
    1_000_000_000,
];

/// Rows that one stage may use in the trace when frames overlap in it.
pub(crate) const TRACE_ROWS: usize = 8;
