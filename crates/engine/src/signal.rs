//! A flag that can be waited for: set by any thread, taken by one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wasm_engine_exchange::wait::{Notifier, Waiter, pair};

/// Several notifications before a wait count as one.
pub(crate) struct Signal {
    raised: AtomicBool,
    notifier: Notifier,
    waiter: Waiter,
}

impl Signal {
    pub(crate) fn new() -> Self {
        let (notifier, waiter) = pair();
        Self { raised: AtomicBool::new(false), notifier, waiter }
    }

    /// Wakes whoever waits, now or next. Costs no system call when nobody sleeps.
    pub(crate) fn notify(&self) {
        self.raised.store(true, Ordering::Release);
        self.notifier.notify();
    }

    /// Sleeps until notified, at most this long. Whether it was notified.
    pub(crate) fn wait_timeout(&self, timeout: Duration) -> bool {
        self.waiter.clone().wait(Some(timeout), || self.raised.swap(false, Ordering::AcqRel))
    }

    /// Sleeps until notified.
    pub(crate) fn wait(&self) {
        self.waiter.clone().wait(None, || self.raised.swap(false, Ordering::AcqRel));
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
