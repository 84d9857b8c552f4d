//! The one clock of all stamps.

use std::sync::OnceLock;
use std::time::Instant;

static START: OnceLock<Instant> = OnceLock::new();

/// Monotonic nanoseconds since the process first asked for the time.
///
/// The same clock on every thread. It does not follow changes of the wall clock, and it starts near zero, so that the numbers stay readable.
#[inline]
#[must_use]
pub fn now_nanos() -> u64 {
    let start = *START.get_or_init(Instant::now);
    // 2^64 ns are 584 years.
    start.elapsed().as_nanos() as u64
}
