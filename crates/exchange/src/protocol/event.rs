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

/// The event count. All-zero bytes are a valid one with nobody waiting.
#[repr(C)]
pub(crate) struct Event {
    word: AtomicU32,
    #[cfg(wasm_engine_loom)]
    lot: (loom::sync::Mutex<()>, loom::sync::Condvar),
}

/// What [`Event::prepare`] saw; [`Event::park`] sleeps only while it still holds.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    word: u32,
    /// The barrier was refused, so a wake-up may be missed and the sleep must be short.
    unsure: bool,
}

impl Key {
    /// The same, for a caller that knows of a notifier outside the reach of the barrier.
    #[cfg(not(wasm_engine_loom))]
    pub(crate) fn unsure_if(self, unsure: bool) -> Self {
        Key { unsure: self.unsure || unsure, ..self }
    }
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

    /// Announces a sleeper. The caller then looks at its condition once more, and calls [`Event::park`] if it still has to wait.
    pub(crate) fn prepare(&self) -> Key {
        let word = self.word.fetch_or(WAITING, Ordering::AcqRel) | WAITING;
        Key { word, unsure: !heavy_barrier() }
    }

    /// Sleeps until notified, or for at most `timeout`. May return early; the caller looks at its condition again.
    pub(crate) fn park(&self, key: Key, timeout: Option<Duration>) {
        /// The longest sleep when a wake-up might be missed.
        const UNSURE: Duration = Duration::from_millis(1);
        let timeout = if key.unsure { Some(timeout.map_or(UNSURE, |limit| limit.min(UNSURE))) } else { timeout };
        self.futex_wait(key.word, timeout);
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
