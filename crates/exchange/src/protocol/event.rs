//! Sleeping until something happens, at no cost for who makes it happen while nobody sleeps.
//!
//! An event count of 32 bits: bit 0 says that someone sleeps or is about to, the rest counts wake-ups. Who waits sets the bit, looks at its condition once more and
//! sleeps only while the word is unchanged. Who notifies changes its condition first, then looks at the bit. The barrier pair of `primitives` keeps the
//! two from missing each other: either the notifier sees the bit, or the waiter sees the condition.
//!
//! A waiter that finds its condition true leaves the bit set (another may need it), which costs the next notifier one needless wake-up call. A waiter that is
//! killed leaves it set as well, with the same harmless effect.

use crate::primitives::{AtomicU32, Ordering, heavy_barrier, light_barrier};
use core::time::Duration;

const WAITING: u32 = 1;
const EPOCH_ONE: u32 = 2;
/// The longest sleep when a wake-up might be missed.
const UNSURE_SLEEP_MAX: Duration = Duration::from_millis(1);

/// The event count. All-zero bytes are a valid one with nobody waiting.
#[repr(C)]
pub(crate) struct Event {
    word: AtomicU32,
    #[cfg(wasm_engine_loom)]
    lot: (loom::sync::Mutex<()>, loom::sync::Condvar),
}

impl Event {
    pub(crate) fn new() -> Self {
        Event {
            word: AtomicU32::new(0),
            #[cfg(wasm_engine_loom)]
            lot: (loom::sync::Mutex::new(()), loom::sync::Condvar::new()),
        }
    }

    /// Wakes all who wait. Call it after the change that they wait for.
    #[inline(always)]
    pub(crate) fn notify(&self) {
        light_barrier();
        if self.word.load(Ordering::Relaxed) & WAITING != 0 {
            self.wake();
        }
    }

    #[cold]
    #[inline(never)]
    fn wake(&self) {
        let mut seen = self.word.load(Ordering::Relaxed);
        // One exchange decides who makes the call when several notify at once.
        while seen & WAITING != 0 {
            let next = (seen & !WAITING).wrapping_add(EPOCH_ONE);
            match self.word.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return self.futex_wake(),
                Err(now) => seen = now,
            }
        }
    }

    /// Sleeps until `poll` returns something; none once `left` says that no time is. With `unsure`, a notifier may be out of the barrier's reach.
    pub(crate) fn sleep<T>(
        &self,
        unsure: bool,
        mut left: impl FnMut() -> Option<Duration>,
        mut poll: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        loop {
            // A sleeper announces itself, then looks once more.
            let word = self.word.fetch_or(WAITING, Ordering::AcqRel) | WAITING;
            let unsure = !heavy_barrier() || unsure;
            if let Some(found) = poll() {
                return Some(found);
            }
            let left = left();
            if left == Some(Duration::ZERO) {
                return None;
            }
            let limit = if unsure { Some(left.map_or(UNSURE_SLEEP_MAX, |left| left.min(UNSURE_SLEEP_MAX))) } else { left };
            self.futex_wait(word, limit);
            if let Some(found) = poll() {
                return Some(found);
            }
        }
    }

    #[cfg(not(wasm_engine_loom))]
    fn futex_wake(&self) {
        crate::sys::futex_wake(&self.word);
    }

    #[cfg(not(wasm_engine_loom))]
    fn futex_wait(&self, expected: u32, timeout: Option<Duration>) {
        crate::sys::futex_wait(&self.word, expected, timeout);
    }

    #[cfg(wasm_engine_loom)]
    fn futex_wake(&self) {
        let _held = self.lot.0.lock().expect("models do not panic inside");
        self.lot.1.notify_all();
    }

    /// What the kernel does: compare and go to sleep as one step against `futex_wake`.
    #[cfg(wasm_engine_loom)]
    fn futex_wait(&self, expected: u32, _timeout: Option<Duration>) {
        let held = self.lot.0.lock().expect("models do not panic inside");
        if self.word.load(Ordering::Relaxed) == expected {
            drop(self.lot.1.wait(held).expect("models do not panic inside"));
        }
    }
}
