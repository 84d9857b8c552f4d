//! Every limit of this crate, by name.

/// Processors that a topology may hold. What lies beyond is not looked at.
pub(crate) const MAX_CPUS: u32 = 4_096;

/// Cores up to which roles share everything and nothing is pinned: with fewer, a core set aside would be missed more than it helps.
pub(crate) const SHARED_UP_TO: usize = 4;

/// Bytes of the longest file under `/sys` or `/proc` that is read.
pub(crate) const MAX_FILE: u64 = 64 * 1024;
