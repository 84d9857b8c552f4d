//! Errors: why the server does not start, why a client has to go, why an ask was not carried out.

use std::{io, path::PathBuf};

use crate::{
    limits,
    protocol::{Problem, VERSION},
};

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port of the loopback interface could not be had.
    #[error("the panel cannot be served on 127.0.0.1:{port}: {source}")]
    Bind {
        /// The port that was asked for; 0 is any.
        port: u16,
        /// What the operating system says.
        source: io::Error,
    },
    /// The operating system gave no randomness for the token.
    #[error("no randomness for the token: {0}")]
    Random(wasm_engine_loopback::RandomError),
    /// A file or folder of the panel cannot be read.
    #[error("the panel's files: {}: {source}", path.display())]
    Files {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The panel has more or larger files, or deeper folders, than a panel has.
    #[error("the panel's files: {} is beyond {max} files, {bytes} bytes or {depth} folders inside one another", path.display(), max = limits::FILES_MAX, bytes = limits::FILES_BYTES, depth = limits::FOLDER_DEPTH)]
    TooManyFiles {
        /// The first one too many.
        path: PathBuf,
    },
}

impl ServeError {
    /// Stable name of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bind { .. } => "PANEL_BIND",
            Self::Random(_) => "NO_RANDOMNESS",
            Self::Files { .. } => "PANEL_FILES",
            Self::TooManyFiles { .. } => "PANEL_TOO_LARGE",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Bind { port: 0, .. } => Some("the loopback interface must be up, and the process must be allowed to listen".to_owned()),
            Self::Bind { .. } => Some("choose another port, or 0 for any that is free".to_owned()),
            Self::Random(_) => None,
            Self::Files { .. } | Self::TooManyFiles { .. } => Some("name the folder of the built panel, with index.html in it".to_owned()),
        }
    }
}

/// Why a client is sent away. It hears of it in a [`FromEngine::Bye`](crate::protocol::FromEngine::Bye).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The first message was something else.
    #[error("the first message must be hello")]
    HelloExpected,
    /// No hello in time.
    #[error("no hello within {} s", limits::HELLO_TIMEOUT.as_secs())]
    HelloLate,
    /// The client speaks another version.
    #[error("the client speaks version {theirs} of the protocol, the engine version {VERSION}")]
    Version {
        /// The client's version.
        theirs: u32,
    },
    /// No message of the protocol.
    #[error("this is no message of the protocol: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// What came was longer than the limit, or not a WebSocket's frame at all.
    #[error("the message cannot be read; one may have {} bytes", limits::MESSAGE_BYTES)]
    Unreadable,
    /// No client fits any more.
    #[error("{} clients are connected, and no more are served", limits::CLIENTS_MAX)]
    TooMany,
    /// The client has not read for too long.
    #[error("the client has read nothing for {} s", limits::WRITE_TIMEOUT.as_secs())]
    Slow,
    /// The run is over.
    #[error("the engine ends")]
    Ended,
}

impl ClientError {
    /// Stable name of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::HelloExpected => "HELLO_EXPECTED",
            Self::HelloLate => "HELLO_LATE",
            Self::Version { .. } => "PROTOCOL_VERSION",
            Self::Malformed { .. } => "MALFORMED_MESSAGE",
            Self::Unreadable => "UNREADABLE_MESSAGE",
            Self::TooMany => "TOO_MANY_CLIENTS",
            Self::Slow => "SLOW_CLIENT",
            Self::Ended => "ENGINE_ENDED",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::HelloExpected | Self::HelloLate => {
                Some("send {\"type\":\"hello\",\"version\":…} as soon as the socket is open".to_owned())
            }
            Self::Version { .. } => Some("take the panel that comes with this engine; reload it if it is open already".to_owned()),
            Self::Malformed { .. } | Self::Unreadable => Some("docs/panel-protocol.md has the messages and their limits".to_owned()),
            Self::TooMany => Some("close a panel that nobody looks at".to_owned()),
            Self::Slow => Some("connect again; the state comes anew".to_owned()),
            Self::Ended => None,
        }
    }
}

/// Why an ask was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The client may look and nothing else.
    #[error("this client may look and not ask")]
    NotAllowed,
    /// A name in it is longer than any name is.
    #[error("a name in the ask has {bytes} bytes; one may have {}", limits::ASK_TEXT_BYTES)]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// Too many asks wait already.
    #[error("{} asks are waiting for the engine", limits::ASKS_WAITING)]
    Busy,
    /// The engine did not answer in time. The ask is not carried out later.
    #[error("the engine has not answered within {} s", limits::ASK_TIMEOUT.as_secs())]
    Unanswered,
    /// Nobody is left who could answer.
    #[error("the run is over")]
    RunOver,
    /// The engine says no.
    #[error("{}", .0.message)]
    Refused(Problem),
}

impl AskError {
    /// Stable name of the error.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::NotAllowed => "NOT_ALLOWED",
            Self::TooLong { .. } => "ASK_TOO_LONG",
            Self::Busy => "ASKS_FULL",
            Self::Unanswered => "ASK_TIMED_OUT",
            Self::RunOver => "RUN_OVER",
            Self::Refused(problem) => &problem.code,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAllowed => Some("start the engine with --allow-control".to_owned()),
            Self::Busy | Self::Unanswered => Some("ask again".to_owned()),
            Self::TooLong { .. } => Some("name what the engine's messages name".to_owned()),
            Self::RunOver => None,
            Self::Refused(problem) => problem.hint.clone(),
        }
    }
}

impl From<&ClientError> for Problem {
    fn from(error: &ClientError) -> Self {
        Self { code: error.code().to_owned(), message: error.to_string(), hint: error.hint() }
    }
}

impl From<&AskError> for Problem {
    fn from(error: &AskError) -> Self {
        Self { code: error.code().to_owned(), message: error.to_string(), hint: error.hint() }
    }
}
