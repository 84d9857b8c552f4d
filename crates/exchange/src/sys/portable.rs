//! The twin without an operating system: zeroed heap memory, and sleeping on a word through one table of condition variables.

#![cfg_attr(
    all(target_os = "linux", not(miri)),
    expect(dead_code, reason = "on Linux only its heap and, in tests, its parking table are used")
)]

use crate::primitives::{AtomicU32, Ordering};
use std::{
    alloc::Layout,
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// Zeroed heap memory.
pub(crate) struct Heap {
    base: *mut u8,
    layout: Layout,
}

// SAFETY: the memory has no ties to a thread; who may touch which part of it is decided by the region that owns it.
unsafe impl Send for Heap {}
// SAFETY: as above.
unsafe impl Sync for Heap {}

impl Heap {
    /// None when there is not so much memory, or `align` is no power of two.
    pub(crate) fn new(bytes: usize, align: usize) -> Option<Heap> {
        let layout = Layout::from_size_align(bytes.max(align), align).ok()?;
        // SAFETY: the size is at least `align`, which is not zero.
        let base = unsafe { std::alloc::alloc_zeroed(layout) };
        (!base.is_null()).then_some(Heap { base, layout })
    }

    pub(crate) fn base(&self) -> *mut u8 {
        self.base
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // SAFETY: `base` came from `alloc_zeroed` with this layout and is given back once.
        unsafe { std::alloc::dealloc(self.base, self.layout) };
    }
}

/// Memory of a region where the system cannot share any.
pub(crate) enum Mapping {
    Heap(Heap),
}

impl Mapping {
    pub(crate) fn base(&self) -> *mut u8 {
        match self {
            Mapping::Heap(heap) => heap.base(),
        }
    }
}

/// Locks across processes; there are none here, the table of claims within the process suffices.
pub(crate) struct Locks;

impl Locks {
    pub(crate) fn none() -> Self {
        Locks
    }

    pub(crate) fn try_lock(&self, _index: u64) -> std::io::Result<bool> {
        Ok(true)
    }

    pub(crate) fn unlock(&self, _index: u64) {}
}

static LOT: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());

/// Sleeps while `word` holds `expected`. May return early.
pub(crate) fn futex_wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) {
    let held = LOT.0.lock().unwrap_or_else(PoisonError::into_inner);
    if word.load(Ordering::Acquire) != expected {
        return;
    }
    match timeout {
        None => drop(LOT.1.wait(held)),
        Some(limit) => drop(LOT.1.wait_timeout(held, limit)),
    }
}

/// Wakes all who sleep on `word` (and, having one table for all words, everyone else, who then looks and sleeps on).
pub(crate) fn futex_wake(_word: &AtomicU32) {
    let _held = LOT.0.lock().unwrap_or_else(PoisonError::into_inner);
    LOT.1.notify_all();
}

pub(crate) fn heavy_barrier() -> bool {
    true
}

pub(crate) fn register_barrier() -> bool {
    true
}
