//! Who of this process holds something: the part of a claim that the kernel's locks cannot tell apart.

use crate::primitives::{AtomicBool, Ordering};

/// Held by at most one.
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) fn new() -> Self {
        Flag(AtomicBool::new(false))
    }

    /// False when it is held.
    pub(crate) fn take(&self) -> bool {
        // Acquire: pairs with the release below; the next holder sees all that the last one did.
        self.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    pub(crate) fn give_back(&self) {
        self.0.store(false, Ordering::Release);
    }
}
