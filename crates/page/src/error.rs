//! Why there is no page, and why the page did not take a command.

use thiserror::Error;
use wasm_engine_gpu::import::gl::GlError;
use wasm_engine_gpu::import::ring::ShareError;

/// Why there is no page.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PageError {
    /// This process has, or had, a page already. Servo can be set up once in the life of a process.
    #[error("this process has had its page already")]
    AlreadyRunning,
    /// The address is not one that a page may have.
    #[error("a page cannot live at `{url}`: {reason}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The frame is too large.
    #[error("a page of {width}×{height} pixels is too large: at most {max_side} on a side and {} in all", crate::limits::MAX_FRAME_PIXELS)]
    TooLarge {
        /// Width in device pixels.
        width: u32,
        /// Height in device pixels.
        height: u32,
        /// Longest side in device pixels.
        max_side: u32,
    },
    /// The device that was to come did not.
    #[error("there is no device to paint the page for")]
    NoDevice,
    /// There is no OpenGL to paint with.
    #[error(transparent)]
    OpenGl(#[from] GlError),
    /// Shared frames were demanded, and cannot be had.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// The thread could not be started.
    #[error("the page's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// Servo did not start: it is too slow, or it panicked.
    #[error("Servo did not start: {0}")]
    Start(String),
}

impl PageError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadyRunning => "PAGE_ALREADY_RUNNING",
            Self::Url { .. } => "PAGE_URL",
            Self::TooLarge { .. } => "PAGE_TOO_LARGE",
            Self::NoDevice => "PAGE_NO_DEVICE",
            Self::OpenGl(error) => error.code(),
            Self::Share(error) => error.code(),
            Self::Thread(_) => "PAGE_THREAD",
            Self::Start(_) => "PAGE_START",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::AlreadyRunning => Some("run a second app in a process of its own".to_owned()),
            Self::Url { .. } => Some("serve the page with the app server, on 127.0.0.1".to_owned()),
            Self::TooLarge { .. } => Some("choose a smaller size or a smaller scale".to_owned()),
            Self::OpenGl(error) => error.hint(),
            Self::Share(error) => error.hint(),
            Self::NoDevice | Self::Thread(_) => None,
            Self::Start(_) => Some("run again with RUST_LOG=debug".to_owned()),
        }
    }
}

/// Why the page did not take a command. The page goes on as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommandError {
    /// Too much waits for the page already: it hangs, or is told more than it can follow.
    #[error("the page is too slow: {} commands wait for it", crate::limits::MAX_QUEUED_COMMANDS)]
    Busy,
    /// The page has ended.
    #[error("the page has ended")]
    Ended,
    /// The command is beyond a limit.
    #[error("{0}")]
    Limit(&'static str),
}

impl CommandError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy => "PAGE_BUSY",
            Self::Ended => "PAGE_ENDED",
            Self::Limit(_) => "PAGE_LIMIT",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        matches!(self, Self::Busy).then(|| "look for a loop in the page's script that does not end".to_owned())
    }
}

/// Why a script gave no result.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The document is being replaced, or the page has ended.
    #[error("the page is not ready to run a script")]
    NotReady,
    /// The script does not compile.
    #[error("the script does not compile")]
    Syntax,
    /// The script threw.
    #[error("the script threw: {message} (line {line}, column {column})")]
    Threw {
        /// The error's message.
        message: String,
        /// Line in the script.
        line: u64,
        /// Column in the script.
        column: u64,
    },
    /// The result cannot be told in JSON.
    #[error("the script's result cannot be told in JSON")]
    Result,
    /// Servo failed.
    #[error("Servo failed to run the script")]
    Internal,
}

impl ScriptError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotReady => "PAGE_NOT_READY",
            Self::Syntax => "SCRIPT_SYNTAX",
            Self::Threw { .. } => "SCRIPT_THREW",
            Self::Result => "SCRIPT_RESULT",
            Self::Internal => "SCRIPT_INTERNAL",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotReady => Some("wait for the page's `Loaded` event".to_owned()),
            Self::Result => Some("return numbers, texts, arrays and plain objects".to_owned()),
            _ => None,
        }
    }
}
