//! What went wrong and what to do about it, for a person to read.

use std::fmt;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A command of xtask that did not end well.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    /// What the reader can do. Empty when the message already says it.
    hint: String,
    usage: bool,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: String::new(), usage: false }
    }

    pub(crate) fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into(), usage: false }
    }

    /// The command line was wrong, not the work.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into(), usage: true }
    }

    /// 2 for a wrong command line, else 1.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.usage { 2 } else { 1 }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xtask: {}", self.message)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "\n       {}", self.hint) }
    }
}
