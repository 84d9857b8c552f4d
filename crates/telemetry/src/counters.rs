//! Counters: sharded, so that threads which count at the same time do not share a cache line.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::limits::COUNTER_SHARDS;

/// What a counter counts.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Occurrences.
    Count,
    /// Bytes.
    Bytes,
}

macro_rules! counters {
    ($($variant:ident, $name:literal, $unit:ident, $help:literal;)*) => {
        /// What the engine counts. Each only ever rises.
        #[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(usize)]
        pub enum Counter { $(#[doc = $help] $variant,)* }

        impl Counter {
            /// All counters, in the order of reports.
            pub const ALL: &'static [Counter] = &[$(Counter::$variant,)*];

            /// The counter's name as reports spell it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Counter::$variant => $name,)* }
            }

            /// One sentence on what it counts.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Counter::$variant => $help,)* }
            }

            /// Whether it counts something lost on the side, which is worth a line only when it happened.
            pub(crate) const fn is_trouble(self) -> bool {
                matches!(
                    self,
                    Counter::GuestLogDropped
                        | Counter::EventsDropped
                        | Counter::StampsRejected
                        | Counter::TokensLost
                        | Counter::SpansDropped
                        | Counter::GaugesDropped
                )
            }

            /// What it counts.
            #[must_use]
            pub const fn unit(self) -> Unit {
                match self { $(Counter::$variant => Unit::$unit,)* }
            }
        }
    };
}

counters! {
    TicksRun, "ticks_run", Count, "Ticks that were run, also those in which a kernel failed or had ended.";
    FramesComposed, "frames_composed", Count, "Frames of ticks and of the page that the compositor drew.";
    FramesPresented, "frames_presented", Count, "Of these, given to the window or, without one, finished by the GPU.";
    FramesRedrawn, "frames_redrawn", Count, "What was drawn besides: for the panel, the HUD or the window alone.";
    FramesSkipped, "frames_skipped", Count, "Frames not drawn because nothing had changed.";
    MissedDeadlines, "missed_deadlines", Count, "Frames that took longer than the budget from queued to glass.";
    BytesCopied, "copied_bytes", Bytes, "Bytes that the engine copied between producer and compositor.";
    UploadBytes, "uploaded_bytes", Bytes, "Bytes copied from CPU memory into GPU memory.";
    ReadBacks, "read_backs", Count, "Times that pixels were read back from the GPU on the frame's path.";
    GpuSubmissions, "gpu_submissions", Count, "Command submissions to the GPU.";
    PageFrames, "page_frames", Count, "Frames that the page painted.";
    PageFramesShared, "page_frames_shared", Count, "Page frames handed over as shared textures.";
    PageFramesCpu, "page_frames_cpu", Count, "Page frames handed over through CPU memory.";
    PageBlits, "page_blits", Count, "GPU copies of page frames into shared textures.";
    PanelFrames, "panel_frames", Count, "Panel frames in which something was different.";
    PanelBytes, "panel_bytes", Bytes, "Bytes of the panel's pixels copied into GPU memory.";
    Captures, "captures", Count, "Frames captured to an image, off the frame's path.";
    GuestFaults, "guest_faults", Count, "Guest calls that ended with an error.";
    GuestLogDropped, "guest_log_dropped", Count, "Log lines of guests dropped for exceeding a limit.";
    EventsEmitted, "events_emitted", Count, "Events that guests and the page emitted.";
    EventsDropped, "events_dropped", Count, "Events of guests that were turned away on the way to the page, because its queue was full.";
    LaneRejects, "lane_rejects", Count, "Messages that a full lane turned away.";
    StampsRejected, "stamps_rejected", Count, "Stamps of tokens that a later token had overrun.";
    TokensLost, "tokens_lost", Count, "Tokens overrun before they were finished and drained.";
    SpansDropped, "spans_dropped", Count, "Spans dropped because a thread's ring or the table of names was full.";
    GaugesDropped, "gauges_dropped", Count, "Gauge readings dropped because the table of gauges was full.";
}

const COUNT: usize = Counter::ALL.len();

/// One thread's share of all counters. Aligned to two cache lines, which processors fetch together.
#[repr(align(128))]
struct Shard([AtomicU64; COUNT]);

/// All counters.
pub(crate) struct Counters {
    shards: Box<[Shard]>,
}

impl Counters {
    pub(crate) fn new() -> Self {
        let shard = || Shard(std::array::from_fn(|_| AtomicU64::new(0)));
        Counters { shards: (0..COUNTER_SHARDS).map(|_| shard()).collect() }
    }

    #[inline]
    pub(crate) fn add(&self, counter: Counter, amount: u64) {
        self.shards[shard_of_thread()].0[counter as usize].fetch_add(amount, Ordering::Relaxed);
    }

    pub(crate) fn value(&self, counter: Counter) -> u64 {
        let each = self.shards.iter().map(|shard| shard.0[counter as usize].load(Ordering::Relaxed));
        each.fold(0, u64::wrapping_add)
    }
}

/// The shard of the current thread: threads take turns in the order in which they first count.
#[inline]
fn shard_of_thread() -> usize {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    thread_local! {
        static SHARD: Cell<u32> = const { Cell::new(u32::MAX) };
    }
    SHARD.with(|shard| {
        if shard.get() == u32::MAX {
            shard.set(NEXT.fetch_add(1, Ordering::Relaxed) % COUNTER_SHARDS as u32);
        }
        shard.get() as usize
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_valid_for_prometheus() {
        let mut names: Vec<_> = Counter::ALL.iter().map(|counter| counter.name()).collect();
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COUNT);
        for (number, counter) in Counter::ALL.iter().enumerate() {
            assert_eq!(*counter as usize, number);
        }
    }

    #[test]
    fn no_count_is_lost_between_threads() {
        let counters = Counters::new();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| (0..1_000).for_each(|_| counters.add(Counter::TicksRun, 2)));
            }
        });
        assert_eq!(counters.value(Counter::TicksRun), 40_000);
        assert_eq!(counters.value(Counter::Captures), 0);
    }
}
