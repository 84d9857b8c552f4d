//! The clock of the deadlines: a thread that looks at the running calls every few milliseconds, takes the watch page away from
//! those that are late, and sleeps while none runs.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::window::WatchPage;

/// How often the thread looks; also how late a deadline can come.
const PERIOD: Duration = Duration::from_millis(5);

/// Periods without a running call after which the thread goes to sleep. At 60 ticks a second it then never sleeps, so that a tick
/// costs no syscall.
const IDLE_PERIODS: u32 = 200;

/// Watches the calls of one sandbox. Dropping it ends the thread.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    next: u64,
    asleep: bool,
    ending: bool,
}

struct Call {
    number: u64,
    until: Instant,
    page: WatchPage,
    late: bool,
}

/// One running call. While it lives its page may be taken away; when it goes the page is given back.
pub(crate) struct Running<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Ticker {
    /// Starts the thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        Self::with_patience(IDLE_PERIODS)
    }

    fn with_patience(idle_periods: u32) -> std::io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let thread = Arc::clone(&shared);
        std::thread::Builder::new().name("deadlines".into()).spawn(move || thread.run(idle_periods))?;
        Ok(Ticker { shared })
    }

    /// Announces a call that may take as long as `limit`.
    pub(crate) fn enter(&self, page: WatchPage, limit: Duration) -> Running<'_> {
        let now = Instant::now();
        // A limit beyond what the clock can express is none.
        let until = now.checked_add(limit).unwrap_or(now + Duration::from_secs(1 << 30));
        let mut state = self.shared.lock();
        let number = state.next;
        state.next += 1;
        state.calls.push(Call { number, until, page, late: false });
        if state.asleep {
            state.asleep = false;
            self.shared.wake.notify_all();
        }
        Running { shared: &self.shared, number }
    }
}

impl Running<'_> {
    /// Ends the watch over the call. True if it was too late.
    pub(crate) fn finish(self) -> bool {
        self.end()
    }

    fn end(&self) -> bool {
        let mut state = self.shared.lock();
        let Some(index) = state.calls.iter().position(|call| call.number == self.number) else { return false };
        let call = state.calls.swap_remove(index);
        if call.late {
            call.page.give_back();
        }
        call.late
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.lock().ending = true;
        self.shared.wake.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, idle_periods: u32) {
        let (mut idle, mut seen) = (0, 0);
        let mut state = self.lock();
        while !state.ending {
            let now = Instant::now();
            for call in state.calls.iter_mut().filter(|call| !call.late && call.until <= now) {
                // It can only fail for want of mappings; then the next look tries again.
                call.late = call.page.take_away();
            }
            let busy = !state.calls.is_empty() || state.next != seen;
            seen = state.next;
            idle = if busy { 0 } else { idle + 1 };
            state.asleep = idle >= idle_periods;
            if state.asleep {
                state = self.wake.wait_while(state, |state| state.asleep && !state.ending).unwrap_or_else(PoisonError::into_inner);
                idle = 0;
            } else {
                state = self.wake.wait_timeout(state, PERIOD).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::Ticker;
    use crate::window::WatchPage;

    #[test]
    fn the_thread_sleeps_when_idle_wakes_for_a_call_and_ends_with_its_owner() {
        let ticker = Ticker::with_patience(2).unwrap();
        let shared = Arc::clone(&ticker.shared);
        while !shared.lock().asleep {
            std::thread::yield_now();
        }
        let running = ticker.enter(WatchPage::none(), Duration::ZERO);
        assert!(!shared.lock().asleep);
        while !shared.lock().calls.iter().all(|call| call.late) {
            std::thread::yield_now();
        }
        assert!(running.finish());
        assert!(shared.lock().calls.is_empty());
        assert!(!ticker.enter(WatchPage::none(), Duration::MAX).finish());
        drop(ticker);
        while Arc::strong_count(&shared) > 1 {
            std::thread::yield_now();
        }
    }
}
