//! The hub: the engine puts the newest state in, any number of clients are fed from it.
//!
//! Putting in costs a short lock and no wait: clients take references under the same lock, and copy, encode and send outside of it. Sections of the state
//! replace one another, frames and log entries go into histories of a fixed length, so a client that does not read costs nothing here.

mod asks;
mod feed;
mod follower;
mod history;
mod section;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

use tokio::sync::{mpsc, watch};

pub use self::{
    asks::{Asks, PendingAsk},
    feed::Receipts,
    follower::Follower,
};
use self::{history::History, section::Section};
use crate::{
    limits,
    protocol::{
        AppInfo, Buffer, CounterValue, Frame, FromEngine, Guest, Lane, Level, LogEntry, ParamValue, Permission, Rights, Run, StageTimes,
        VERSION,
    },
};

/// What the engine has to say at one moment; absent is unchanged.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// The run.
    pub run: Option<Run>,
    /// All guests.
    pub guests: Option<Vec<Guest>>,
    /// All stages.
    pub stages: Option<Vec<StageTimes>>,
    /// All buffers.
    pub buffers: Option<Vec<Buffer>>,
    /// All lanes.
    pub lanes: Option<Vec<Lane>>,
    /// All counters.
    pub counters: Option<Vec<CounterValue>>,
    /// All permissions.
    pub permissions: Option<Vec<Permission>>,
    /// All parameters' values.
    pub params: Option<Vec<ParamValue>>,
    /// New frames, oldest first; each is given once.
    pub frames: Vec<Frame>,
}

/// A line for the log. The hub gives it its number and its time.
#[derive(Clone, Debug)]
pub struct Note {
    /// The tick in which it happened, where it is known.
    pub tick: Option<u64>,
    /// How much it matters.
    pub level: Level,
    /// Who says it.
    pub part: String,
    /// Code of the error, if it is one.
    pub code: Option<String>,
    /// What it says.
    pub text: String,
}

/// What was put in last.
#[derive(Default)]
struct Published {
    run: Section<Run>,
    guests: Section<Vec<Guest>>,
    stages: Section<Vec<StageTimes>>,
    buffers: Section<Vec<Buffer>>,
    lanes: Section<Vec<Lane>>,
    counters: Section<Vec<CounterValue>>,
    permissions: Section<Vec<Permission>>,
    params: Section<Vec<ParamValue>>,
    frames: History<Frame, { limits::FRAMES_KEPT }>,
    log: History<Arc<LogEntry>, { limits::LOG_ENTRIES_KEPT }>,
}

struct Shared {
    engine: String,
    app: AppInfo,
    published: Mutex<Published>,
    /// Rises whenever something has changed; wakes the clients that wait.
    edition: watch::Sender<u64>,
    asks: mpsc::Sender<PendingAsk>,
    on_ask: OnceLock<Box<dyn Fn() + Send + Sync>>,
    began: Instant,
}

/// Where the engine publishes and clients are fed from. Clones are the same hub.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

impl fmt::Debug for Hub {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Hub").field("app", &self.0.app.name).field("edition", &*self.0.edition.borrow()).finish_non_exhaustive()
    }
}

impl Hub {
    /// A hub for one run, and the engine's end of what clients ask for. `engine` is the engine's version.
    #[must_use]
    pub fn new(engine: impl Into<String>, app: AppInfo) -> (Self, Asks) {
        let (asks, waiting) = mpsc::channel(limits::ASKS_WAITING);
        let (edition, _) = watch::channel(0);
        let shared = Shared {
            engine: engine.into(),
            app,
            published: Mutex::default(),
            edition,
            asks,
            on_ask: OnceLock::new(),
            began: Instant::now(),
        };
        (Self(Arc::new(shared)), Asks::new(waiting))
    }

    /// Replaces the sections that are there, and adds the frames. What is equal to what was there is no change, and nobody is woken for it.
    pub fn publish(&self, update: Update) {
        let changed = {
            let mut published = self.published();
            // No short circuit: each of them must be taken over.
            published.run.replace(update.run)
                | published.guests.replace_list(update.guests)
                | published.stages.replace_list(update.stages)
                | published.buffers.replace_list(update.buffers)
                | published.lanes.replace_list(update.lanes)
                | published.counters.replace_list(update.counters)
                | published.permissions.replace_list(update.permissions)
                | published.params.replace_list(update.params)
                | published.frames.extend(update.frames)
        };
        if changed {
            self.wake();
        }
    }

    /// Adds a line to the log.
    pub fn log(&self, note: Note) {
        let Note { tick, level, part, code, text } = note;
        let (part, code) = (shorten(part, limits::LOG_NAME_BYTES), code.map(|code| shorten(code, limits::LOG_NAME_BYTES)));
        let text = shorten(text, limits::LOG_TEXT_BYTES);
        {
            let mut published = self.published();
            // Both under the lock, so that numbers and times rise together.
            let (number, seconds) = (published.log.total() + 1, self.0.began.elapsed().as_secs_f64());
            published.log.push(Arc::new(LogEntry { number, seconds, tick, level, part, code, text }));
        }
        self.wake();
    }

    /// A new client. It has been sent nothing yet.
    #[must_use]
    pub fn follow(&self) -> Follower {
        Follower::new(self.clone())
    }

    /// What the engine answers to a hello.
    #[must_use]
    pub fn hello(&self, may: Rights) -> FromEngine {
        FromEngine::Hello { version: VERSION, engine: self.0.engine.clone(), app: self.0.app.clone(), may }
    }

    fn published(&self) -> MutexGuard<'_, Published> {
        // Every step under the lock leaves whole values behind, so a thread that died there has spoilt nothing.
        self.0.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        self.0.edition.send_modify(|edition| *edition += 1);
    }

    fn editions(&self) -> watch::Receiver<u64> {
        self.0.edition.subscribe()
    }
}

/// Cuts a text at a character's boundary, and marks the cut.
pub(crate) fn shorten(mut text: String, bytes: usize) -> String {
    const CUT: &str = "…";
    if text.len() > bytes {
        let mut end = bytes - CUT.len();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests;
