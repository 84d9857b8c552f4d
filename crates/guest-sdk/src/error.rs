//! What can go wrong inside a kernel, and the number by which the host learns of it.

use core::fmt;

/// Why a kernel could not do its work. Returned from `init` or `tick`, it ends the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The host's context page is not of this ABI.
    BadContext,
    /// `kernel_tick` was called without a successful `kernel_init`.
    NotStarted,
    /// The manifest grants no buffer of this name.
    NoBuffer(&'static str),
    /// The buffer is granted, but not for reading.
    NotReadable(&'static str),
    /// The buffer is granted, but not for writing.
    NotWritable(&'static str),
    /// The buffer's size is not a multiple of the item's, or the item's alignment exceeds the buffer's.
    WrongLayout(&'static str),
    /// The buffer's new content was already handed out in this tick.
    InUse(&'static str),
    /// The whole buffer was asked for writing, but other shards write their parts of it: use `write_share` or `write_range`.
    Sharded(&'static str),
    /// The range asked for does not lie in the buffer.
    OutOfRange(&'static str),
    /// The manifest declares no parameter of this name.
    NoParam(&'static str),
    /// The engine refused an event: too many, or too large.
    EventRefused,
    /// The kernel's own reason.
    Failed {
        /// What the host reports as the guest's code; positive by convention.
        code: i32,
        /// What the host reports as the message.
        message: &'static str,
    },
}

impl Error {
    /// A reason of the kernel's own, with code 1.
    pub const fn new(message: &'static str) -> Self {
        Error::Failed { code: 1, message }
    }

    /// The number that the export returns: never 0, negative for what this crate found, the kernel's own otherwise.
    pub const fn code(&self) -> i32 {
        match self {
            Error::BadContext => -1,
            Error::NotStarted => -2,
            Error::NoBuffer(_) => -3,
            Error::NotReadable(_) => -4,
            Error::NotWritable(_) => -5,
            Error::WrongLayout(_) => -6,
            Error::InUse(_) => -7,
            Error::Sharded(_) => -8,
            Error::OutOfRange(_) => -9,
            Error::NoParam(_) => -10,
            Error::EventRefused => -11,
            // Zero would read as success.
            Error::Failed { code: 0, .. } => 1,
            Error::Failed { code, .. } => *code,
        }
    }

    fn parts(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Error::BadContext => ("the context page is not of this ABI", "", ""),
            Error::NotStarted => ("the kernel was not initialized", "", ""),
            Error::NoBuffer(name) => ("no buffer `", name, "` is granted"),
            Error::NotReadable(name) => ("buffer `", name, "` is not granted for reading"),
            Error::NotWritable(name) => ("buffer `", name, "` is not granted for writing"),
            Error::WrongLayout(name) => ("the size of buffer `", name, "` is not a multiple of the item's"),
            Error::InUse(name) => ("buffer `", name, "` was already taken for writing in this tick"),
            Error::Sharded(name) => ("buffer `", name, "` is written by several shards: take a share or a range"),
            Error::OutOfRange(name) => ("the range does not lie in buffer `", name, "`"),
            Error::NoParam(name) => ("no parameter `", name, "` is declared"),
            Error::EventRefused => ("the engine refused the event", "", ""),
            Error::Failed { message, .. } => (message, "", ""),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, name, tail) = self.parts();
        f.write_str(head)?;
        f.write_str(name)?;
        f.write_str(tail)
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn no_error_reads_as_success() {
        assert_ne!(Error::Failed { code: 0, message: "" }.code(), 0);
        assert_eq!(Error::Failed { code: 7, message: "" }.code(), 7);
        assert!(Error::NoBuffer("x").code() < 0);
    }

    #[test]
    fn the_message_names_the_buffer() {
        assert_eq!(Error::NoBuffer("boids").to_string(), "no buffer `boids` is granted");
        assert_eq!(Error::new("too hot").to_string(), "too hot");
    }
}
