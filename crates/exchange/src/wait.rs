//! Waiting: spin for as long as that has lately been worth it, then sleep.
//!
//! A sleeper costs nothing, and neither does waking nobody: [`Notifier::notify`] makes a system call only when someone sleeps. How long a waiter spins adapts: it
//! doubles when spinning was rewarded and halves when it ended in sleep, so that on a machine with idle cores a hand-over takes nanoseconds, and on
//! a busy one the processor goes to whoever has work.

use crate::primitives::spin_loop;
use crate::protocol::event::Event;
use crate::region::{BufferId, Inner, Region};
use crate::{ClaimError, primitives::Ordering, sys::register_barrier};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most and fewest pauses (some tens of nanoseconds each) before going to sleep.
const SPINS_MAX: u32 = 512;
const SPINS_MIN: u32 = 16;

/// How long to spin, learnt from how it went before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spin {
    budget: u32,
}

impl Spin {
    pub(crate) const fn new() -> Self {
        Spin { budget: SPINS_MAX }
    }

    fn rewarded(&mut self) {
        self.budget = (self.budget * 2).min(SPINS_MAX);
    }

    fn wasted(&mut self) {
        self.budget = (self.budget / 2).max(SPINS_MIN);
    }
}

/// Calls `poll` until it returns something, sleeping on `event` in between. None when `timeout` is over. With `unsure`, sleeps are kept short.
pub(crate) fn wait_for<T>(
    event: &Event,
    spin: &mut Spin,
    timeout: Option<Duration>,
    unsure: bool,
    mut poll: impl FnMut() -> Option<T>,
) -> Option<T> {
    for _ in 0..spin.budget {
        if let Some(found) = poll() {
            spin.rewarded();
            return Some(found);
        }
        spin_loop();
    }
    spin.wasted();
    // A deadline beyond what the clock can say is none.
    let deadline = timeout.and_then(|limit| Instant::now().checked_add(limit));
    event.sleep(unsure, || deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())), poll)
}

/// Where an event lies, and what keeps it there.
#[derive(Clone)]
enum Place {
    Own { event: Arc<Event>, unsure: bool },
    Buffer(Arc<Inner>, BufferId),
}

impl Place {
    fn event(&self) -> &Event {
        match self {
            Place::Own { event, .. } => event,
            // The id was checked when this was made, and directories do not change.
            Place::Buffer(region, id) => &region.triple(&region.entries[id.0 as usize]).event,
        }
    }
}

/// Wakes waiters. Any number, from any thread.
#[derive(Clone)]
pub struct Notifier(Place);

/// Sleeps until notified. Any number, on any thread.
#[derive(Clone)]
pub struct Waiter {
    place: Place,
    spin: Spin,
}

/// Lets the kernel know that this process waits and wakes as it does here. Call it before the process has a second thread: later it takes the kernel 10 ms or more, since it
/// waits until all processors have seen it, and whoever makes the first notifier, lane or region waits with it.
pub fn prepare() {
    register_barrier();
}

/// A notifier and a waiter within this process.
pub fn pair() -> (Notifier, Waiter) {
    let place = Place::Own { event: Arc::new(Event::new()), unsure: !register_barrier() };
    (Notifier(place.clone()), Waiter { place, spin: Spin::new() })
}

impl Notifier {
    /// Wakes all who wait. Call it after the change that they wait for.
    #[inline]
    pub fn notify(&self) {
        self.0.event().notify();
    }
}

impl Waiter {
    /// Returns true as soon as `ready` does, which is asked again after every wake-up; false when `timeout` is over.
    ///
    /// What `ready` looks at must be changed before [`Notifier::notify`] is called, and be read with at least acquire ordering.
    pub fn wait(&mut self, timeout: Option<Duration>, mut ready: impl FnMut() -> bool) -> bool {
        let unsure = match &self.place {
            Place::Own { unsure, .. } => *unsure,
            Place::Buffer(region, _) => region.unsure().load(Ordering::Relaxed) != 0,
        };
        wait_for(self.place.event(), &mut self.spin, timeout, unsure, || ready().then_some(())).is_some()
    }
}

impl Region {
    /// What a waiter for new content of a buffer is woken by. [`Writer::publish`](crate::Writer::publish) does it by itself.
    ///
    /// # Errors
    /// When the region has no such buffer.
    pub fn notifier(&self, id: BufferId) -> Result<Notifier, ClaimError> {
        self.inner.buffer_entry(id)?;
        Ok(Notifier(Place::Buffer(Arc::clone(&self.inner), id)))
    }

    /// Waits for new content of a buffer, on behalf of anyone.
    ///
    /// # Errors
    /// When the region has no such buffer, or was attached read-only (a sleeper must be able to leave word).
    pub fn waiter(&self, id: BufferId) -> Result<Waiter, ClaimError> {
        self.inner.buffer_entry(id)?;
        if self.access() == crate::Access::ReadOnly {
            return Err(ClaimError::ReadOnly);
        }
        Ok(Waiter { place: Place::Buffer(Arc::clone(&self.inner), id), spin: Spin::new() })
    }
}

impl core::fmt::Debug for Notifier {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Notifier")
    }
}

impl core::fmt::Debug for Waiter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Waiter").field("spin", &self.spin).finish_non_exhaustive()
    }
}
