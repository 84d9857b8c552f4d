//! The clock of the deadlines: a thread that moves an engine's epoch on while guests run, and sleeps while none does.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

/// How often the epoch moves while guests run; also how late a deadline can come.
pub(crate) const PERIOD: Duration = Duration::from_millis(5);

/// Periods without a running guest after which the thread goes to sleep. At 60 ticks a second it then never sleeps, so that a
/// tick costs no syscall.
const IDLE_PERIODS: u32 = 200;

/// Moves the epoch of one engine. Dropping the engine ends the thread.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
}

struct Shared {
    /// Calls begun so far. The thread reads from it whether anything has happened lately.
    begun: AtomicU64,
    /// Calls that are running.
    running: AtomicU32,
    asleep: Mutex<bool>,
    wake: Condvar,
}

/// One running call; the epoch moves at least as long as it lives.
pub(crate) struct Running<'a>(&'a Shared);

impl Ticker {
    /// Starts the thread.
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        Self::with_patience(engine, IDLE_PERIODS)
    }

    fn with_patience(engine: &Engine, idle_periods: u32) -> std::io::Result<Self> {
        let shared =
            Arc::new(Shared { begun: AtomicU64::new(0), running: AtomicU32::new(0), asleep: Mutex::new(false), wake: Condvar::new() });
        let (thread, engine) = (Arc::clone(&shared), engine.weak());
        std::thread::Builder::new().name("epoch".into()).spawn(move || thread.run(&engine, idle_periods))?;
        Ok(Ticker { shared })
    }

    /// Announces a call.
    pub(crate) fn enter(&self) -> Running<'_> {
        let shared = &*self.shared;
        // Sequentially consistent, against the same pair the other way round in `sleep`: either the thread sees the call, or the
        // call sees the thread asleep.
        shared.running.fetch_add(1, Ordering::SeqCst);
        if shared.begun.fetch_add(1, Ordering::SeqCst) & SLEEPING != 0 {
            shared.rouse();
        }
        Running(shared)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Release);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // The engine is about to go; a sleeping thread would never see that.
        self.shared.begun.fetch_or(ENDING, Ordering::SeqCst);
        self.shared.rouse();
    }
}

/// Bit of `begun`: the thread sleeps or is about to.
const SLEEPING: u64 = 1 << 63;

/// Bit of `begun`: the thread has to end.
const ENDING: u64 = 1 << 62;

impl Shared {
    fn run(&self, engine: &EngineWeak, idle_periods: u32) {
        let mut idle = 0;
        let mut seen = 0;
        loop {
            std::thread::sleep(PERIOD);
            let begun = self.begun.load(Ordering::SeqCst);
            if begun & ENDING != 0 {
                return;
            }
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
            drop(engine);
            let busy = begun != seen || self.running.load(Ordering::SeqCst) != 0;
            seen = begun;
            idle = if busy { 0 } else { idle + 1 };
            if idle >= idle_periods {
                self.sleep();
                idle = 0;
            }
        }
    }

    fn sleep(&self) {
        let mut asleep = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
        *asleep = true;
        self.begun.fetch_or(SLEEPING, Ordering::SeqCst);
        while *asleep && self.running.load(Ordering::SeqCst) == 0 && self.begun.load(Ordering::SeqCst) & ENDING == 0 {
            asleep = self.wake.wait(asleep).unwrap_or_else(PoisonError::into_inner);
        }
        *asleep = false;
        self.begun.fetch_and(!SLEEPING, Ordering::SeqCst);
    }

    fn rouse(&self) {
        *self.asleep.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.wake.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use wasmtime::Engine;

    use super::{SLEEPING, Ticker};

    #[test]
    fn the_thread_sleeps_when_idle_wakes_for_a_call_and_ends_with_its_owner() {
        let engine = Engine::default();
        let ticker = Ticker::with_patience(&engine, 2).unwrap();
        let shared = std::sync::Arc::clone(&ticker.shared);
        while shared.begun.load(Ordering::SeqCst) & SLEEPING == 0 {
            std::thread::yield_now();
        }
        let running = ticker.enter();
        while shared.begun.load(Ordering::SeqCst) & SLEEPING != 0 {
            std::thread::yield_now();
        }
        drop(running);
        drop(ticker);
        while std::sync::Arc::strong_count(&shared) > 1 {
            std::thread::yield_now();
        }
    }
}
