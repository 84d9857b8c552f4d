//! One client's view of the hub: what it was sent last, and what is different since.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Hub, Published};
use crate::protocol::{Change, LogEntry, State};

/// Where a client is in each section and history.
#[derive(Default)]
struct Seen {
    run: u64,
    guests: u64,
    stages: u64,
    buffers: u64,
    lanes: u64,
    counters: u64,
    permissions: u64,
    params: u64,
    frames: u64,
    log: u64,
}

impl Seen {
    fn all(published: &Published) -> Self {
        Self {
            run: published.run.version(),
            guests: published.guests.version(),
            stages: published.stages.version(),
            buffers: published.buffers.version(),
            lanes: published.lanes.version(),
            counters: published.counters.version(),
            permissions: published.permissions.version(),
            params: published.params.version(),
            frames: published.frames.total(),
            log: published.log.total(),
        }
    }
}

/// Feeds one client. Whoever holds it sends what it gives, in this order: [`snapshot`](Self::snapshot) once, then [`change`](Self::change) again and again.
pub struct Follower {
    hub: Hub,
    seen: Seen,
    editions: watch::Receiver<u64>,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Follower").field("hub", &self.hub).finish_non_exhaustive()
    }
}

impl Follower {
    pub(super) fn new(hub: Hub) -> Self {
        let editions = hub.editions();
        Self { hub, seen: Seen::default(), editions }
    }

    /// Everything there is. What comes after it is the next change.
    pub fn snapshot(&mut self) -> State {
        // Before the state is taken: what is published in between must wake the client once more, and not be lost.
        self.editions.borrow_and_update();
        let published = self.hub.published();
        self.seen = Seen::all(&published);
        let (run, guests, stages) = (published.run.value(), published.guests.value(), published.stages.value());
        let (buffers, lanes, counters) = (published.buffers.value(), published.lanes.value(), published.counters.value());
        let (permissions, params) = (published.permissions.value(), published.params.value());
        let (frames, log) = (published.frames.all(), published.log.all());
        drop(published);
        State {
            run: Arc::unwrap_or_clone(run),
            guests: Arc::unwrap_or_clone(guests),
            frames,
            stages: Arc::unwrap_or_clone(stages),
            buffers: Arc::unwrap_or_clone(buffers),
            lanes: Arc::unwrap_or_clone(lanes),
            counters: Arc::unwrap_or_clone(counters),
            log: own(log),
            permissions: Arc::unwrap_or_clone(permissions),
            params: Arc::unwrap_or_clone(params),
        }
    }

    /// What is different from what this gave last; `None` when nothing is.
    pub fn change(&mut self) -> Option<Change> {
        self.editions.borrow_and_update();
        let published = self.hub.published();
        let seen = &mut self.seen;
        let run = published.run.since(&mut seen.run);
        let guests = published.guests.since(&mut seen.guests);
        let stages = published.stages.since(&mut seen.stages);
        let buffers = published.buffers.since(&mut seen.buffers);
        let lanes = published.lanes.since(&mut seen.lanes);
        let counters = published.counters.since(&mut seen.counters);
        let permissions = published.permissions.since(&mut seen.permissions);
        let params = published.params.since(&mut seen.params);
        let (frames, frames_missed) = published.frames.since(&mut seen.frames);
        let (log, log_missed) = published.log.since(&mut seen.log);
        drop(published);
        let change = Change {
            run: run.map(Arc::unwrap_or_clone),
            guests: guests.map(Arc::unwrap_or_clone),
            frames,
            frames_missed,
            stages: stages.map(Arc::unwrap_or_clone),
            buffers: buffers.map(Arc::unwrap_or_clone),
            lanes: lanes.map(Arc::unwrap_or_clone),
            counters: counters.map(Arc::unwrap_or_clone),
            log: own(log),
            log_missed,
            permissions: permissions.map(Arc::unwrap_or_clone),
            params: params.map(Arc::unwrap_or_clone),
        };
        (change != Change::default()).then_some(change)
    }

    /// Waits until something was published after the last [`snapshot`](Self::snapshot) or [`change`](Self::change). May be dropped and called again.
    pub async fn changed(&mut self) {
        // The hub, which this holds, holds the sender: an error cannot be.
        let _ = self.editions.changed().await;
    }
}

/// The entries themselves, copied outside of the hub's lock.
fn own(entries: Vec<Arc<LogEntry>>) -> Vec<LogEntry> {
    entries.into_iter().map(Arc::unwrap_or_clone).collect()
}
