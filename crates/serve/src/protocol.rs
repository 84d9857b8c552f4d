//! The messages between an engine and its front ends. The same messages travel over the server's WebSocket as JSON text and over the desktop shell's IPC;
//! `ui/src/protocol/` holds their TypeScript, made from these types.
//!
//! A client says [`FromPanel::Hello`] first. The engine answers with [`FromEngine::Hello`] and one [`FromEngine::Snapshot`], then sends
//! [`FromEngine::Change`] whenever something is different, at most [`CHANGES_PER_SECOND`](crate::limits::CHANGES_PER_SECOND) times a second. A client that
//! reads slowly misses intermediate changes, never the latest state: each change is made against what that client was sent last.
//!
//! Numbers are JSON's: whole ones beyond 2⁵³ are rounded by JavaScript, and none is infinite. A [`Seed`] may be any, and is a text.

mod shell;
mod state;
#[cfg(test)]
mod typescript;

use serde::{Deserialize, Serialize};
pub use shell::{RecentApp, ShellApp, ShellAsk, ShellState};
pub use state::{
    Buffer, CounterValue, Decision, Frame, Guest, GuestKind, Lane, Level, LogEntry, ParamValue, Permission, Run, RunPhase, Scope, Seed,
    StageTimes, State,
};

use crate::error::ClientError;

/// Changes whenever a message changes its meaning. A client with another version is turned away.
pub const VERSION: u32 = 2;

/// What a front end says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromPanel {
    /// The first message, and never again.
    Hello {
        /// The version of the protocol that the client speaks.
        version: u32,
    },
    /// Asks for something; an [`FromEngine::Answer`] with the same number follows.
    Ask {
        /// The client's own number for it.
        id: u32,
        /// What it asks for.
        ask: Ask,
    },
}

impl FromPanel {
    /// Takes it for a client's first message.
    ///
    /// # Errors
    /// When it is no hello, or one of another version.
    pub fn into_hello(self) -> Result<(), ClientError> {
        match self {
            Self::Hello { version: VERSION } => Ok(()),
            Self::Hello { version } => Err(ClientError::Version { theirs: version }),
            Self::Ask { .. } => Err(ClientError::HelloExpected),
        }
    }

    /// Takes it for a later message: the client's number for its ask, and the ask.
    ///
    /// # Errors
    /// When it is another hello.
    pub fn into_ask(self) -> Result<(u32, Ask), ClientError> {
        match self {
            Self::Ask { id, ask } => Ok((id, ask)),
            Self::Hello { .. } => Err(ClientError::Malformed { reason: "a second hello".to_owned() }),
        }
    }
}

/// What the engine says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromEngine {
    /// The answer to the client's hello.
    Hello {
        /// The version of the protocol that the engine speaks.
        version: u32,
        /// The engine's version.
        engine: String,
        /// The app that runs.
        app: AppInfo,
        /// What the client may do.
        may: Rights,
    },
    /// Everything; sent once, after the hello.
    Snapshot {
        /// The state.
        state: State,
    },
    /// What has become different since this client was sent something last.
    Change {
        /// The difference.
        change: Change,
    },
    /// What became of an ask.
    Answer {
        /// The number that the client gave it.
        id: u32,
        /// Why it was not carried out; none when it was.
        problem: Option<Problem>,
    },
    /// Nothing is new. A server says so when it has said nothing else for [`ALIVE_INTERVAL`](crate::limits::ALIVE_INTERVAL), so that a client can tell an engine at rest from one
    /// that was stopped, and from a connection that has gone.
    Alive,
    /// Sent before the engine closes the connection.
    Bye {
        /// Why.
        problem: Problem,
    },
}

/// What a front end may ask for. Each changes the run as a key press in the player would, and nothing else: what guests and models do is out of reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Ask {
    /// No more ticks until told otherwise.
    Pause,
    /// Ticks go on.
    Resume,
    /// One tick; the run is paused afterwards.
    Step,
    /// From tick 0 with fresh guests; with this seed, or the same as before.
    Restart {
        /// The new seed.
        seed: Option<Seed>,
    },
    /// Begins anew with one guest, also after it has failed: fresh instances with the rights it has now. The run and the other guests go on.
    RestartGuest {
        /// Its name.
        guest: String,
    },
    /// Shows or hides the HUD.
    Hud {
        /// Whether it is to be seen.
        shown: bool,
    },
    /// Sets a parameter of the manifest.
    Param {
        /// Its name.
        name: String,
        /// The value; the engine brings it into the parameter's range.
        value: f64,
    },
    /// Decides about a right of a guest. Denying one that it has ends the guest at once; allowing it again takes effect when the guest or the run restarts.
    Permit {
        /// Name of the guest.
        guest: String,
        /// The right, as in [`Permission::right`].
        right: String,
        /// What it is a right to, as in [`Permission::object`].
        object: String,
        /// The decision; none takes back what was decided, so that the manifest's holds.
        decision: Option<Decision>,
        /// How long it holds.
        scope: Scope,
    },
    /// Loads the page again, also after it has crashed.
    RestartPage,
    /// Ends the run.
    Stop,
}

impl Ask {
    /// What is asked for, as the message names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Step => "step",
            Self::Restart { .. } => "restart",
            Self::RestartGuest { .. } => "restart_guest",
            Self::Hud { .. } => "hud",
            Self::Param { .. } => "param",
            Self::Permit { .. } => "permit",
            Self::RestartPage => "restart_page",
            Self::Stop => "stop",
        }
    }

    /// The longest text in it, in bytes of UTF-8; 0 where there is none.
    pub(crate) fn longest_text(&self) -> usize {
        match self {
            Self::RestartGuest { guest } => guest.len(),
            Self::Param { name, .. } => name.len(),
            Self::Permit { guest, right, object, .. } => guest.len().max(right.len()).max(object.len()),
            Self::Pause | Self::Resume | Self::Step | Self::Restart { .. } | Self::Hud { .. } | Self::RestartPage | Self::Stop => 0,
        }
    }
}

/// What a client may do besides looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Rights {
    /// Whether its asks are carried out.
    pub ask: bool,
}

/// The app that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AppInfo {
    /// Name from the manifest.
    pub name: String,
    /// What a person reads.
    pub title: String,
    /// The app's version; empty if it has none.
    pub version: String,
    /// Its parameters, in manifest order.
    pub params: Vec<ParamInfo>,
}

/// A parameter as the manifest declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ParamInfo {
    /// Its name.
    pub name: String,
    /// What a person reads beside the control; the name stands in when it is empty.
    pub label: String,
    /// Unit of the value, as shown behind it.
    pub unit: Option<String>,
    /// Least value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// Distance between two values that a control offers; without it any value is one.
    pub step: Option<f64>,
    /// Value at the start of a run.
    pub default: f64,
}

/// What is different from what the client was sent last; absent is unchanged. Frames and log entries are added to those already sent; everything
/// else replaces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Change {
    /// The run.
    pub run: Option<Run>,
    /// All guests.
    pub guests: Option<Vec<Guest>>,
    /// New frames, oldest first.
    pub frames: Vec<Frame>,
    /// Frames that came and went between two changes.
    pub frames_missed: u64,
    /// All stages.
    pub stages: Option<Vec<StageTimes>>,
    /// All buffers.
    pub buffers: Option<Vec<Buffer>>,
    /// All lanes.
    pub lanes: Option<Vec<Lane>>,
    /// All counters.
    pub counters: Option<Vec<CounterValue>>,
    /// New log entries, oldest first.
    pub log: Vec<LogEntry>,
    /// Log entries that came and went between two changes.
    pub log_missed: u64,
    /// All permissions.
    pub permissions: Option<Vec<Permission>>,
    /// All parameters' values.
    pub params: Option<Vec<ParamValue>>,
}

/// An error at an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Problem {
    /// Stable code, `SCREAMING_SNAKE`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}
