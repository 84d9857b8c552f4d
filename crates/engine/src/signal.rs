//! A flag that can be waited for: set by any thread, taken by one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wasm_engine_exchange::wait::{Notifier, Waiter, pair};

/// Several notifications before a wait count as one. One thread waits at a time.
pub(crate) struct Signal {
    raised: AtomicBool,
    notifier: Notifier,
    /// Learns from each wait how long the next is worth spinning.
    waiter: Mutex<Waiter>,
}

impl Signal {
    pub(crate) fn new() -> Self {
        let (notifier, waiter) = pair();
        Self { raised: AtomicBool::new(false), notifier, waiter: Mutex::new(waiter) }
    }

    /// Wakes whoever waits, now or next. Costs no system call when nobody sleeps.
    pub(crate) fn notify(&self) {
        self.raised.store(true, Ordering::Release);
        self.notifier.notify();
    }

    /// Sleeps until notified, at most this long. Whether it was notified.
    pub(crate) fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_at_most(Some(timeout))
    }

    /// Sleeps until notified.
    pub(crate) fn wait(&self) {
        self.wait_at_most(None);
    }

    fn wait_at_most(&self, timeout: Option<Duration>) -> bool {
        let mut waiter = self.waiter.lock().unwrap_or_else(PoisonError::into_inner);
        waiter.wait(timeout, || self.raised.swap(false, Ordering::AcqRel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_before_the_wait_is_not_lost() {
        let signal = Signal::new();
        signal.notify();
        signal.notify();
        assert!(signal.wait_timeout(Duration::from_secs(5)));
        assert!(!signal.wait_timeout(Duration::from_millis(1)));
    }
}
