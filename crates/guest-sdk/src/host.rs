//! What a kernel asks of the engine: a line in the log, an event.
#![cfg_attr(target_arch = "wasm32", expect(unsafe_code, reason = "the engine's two imports"))]

use core::fmt;

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Level {
    /// Something failed.
    Error = 0,
    /// Something is not as it should be.
    Warn = 1,
    /// Something worth knowing.
    Info = 2,
    /// For the author.
    Debug = 3,
}

/// Bytes of one line; what exceeds them is cut.
const LINE_BYTES: usize = 1024;

/// Writes a line to the engine's log; [`log!`](crate::log) is the short way.
pub fn write_log(level: Level, message: fmt::Arguments<'_>) {
    if let Some(plain) = message.as_str() {
        return imports::log(level, plain.as_bytes());
    }
    let mut line = Line { bytes: [0; LINE_BYTES], len: 0 };
    // An error here means that the line is full: what fits is still worth having.
    let _ = fmt::write(&mut line, message);
    imports::log(level, line.bytes.get(..line.len).unwrap_or_default());
}

/// Sends an event; false if the engine refused it.
pub(crate) fn emit(topic: &str, data: &[u8]) -> bool {
    imports::emit(topic.as_bytes(), data)
}

/// A line under construction, on the stack: logging must not need the allocator, which may be what failed.
struct Line {
    bytes: [u8; LINE_BYTES],
    len: usize,
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Some(room) = self.bytes.get_mut(self.len..) else {
            return Err(fmt::Error);
        };
        let mut fits = text.len().min(room.len());
        while !text.is_char_boundary(fits) {
            fits -= 1;
        }
        let (Some(to), Some(from)) = (room.get_mut(..fits), text.as_bytes().get(..fits)) else {
            return Err(fmt::Error);
        };
        to.copy_from_slice(from);
        self.len += fits;
        if fits == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(target_arch = "wasm32")]
mod imports {
    use super::Level;

    #[link(wasm_import_module = "engine")]
    unsafe extern "C" {
        #[link_name = "log"]
        fn engine_log(level: u32, ptr: *const u8, len: usize);
        #[link_name = "emit"]
        fn engine_emit(topic: *const u8, topic_len: usize, data: *const u8, data_len: usize) -> i32;
    }

    pub(super) fn log(level: Level, line: &[u8]) {
        // SAFETY: the engine only reads the range, during the call.
        unsafe { engine_log(level as u32, line.as_ptr(), line.len()) }
    }

    pub(super) fn emit(topic: &[u8], data: &[u8]) -> bool {
        // SAFETY: the engine only reads the two ranges, during the call.
        unsafe { engine_emit(topic.as_ptr(), topic.len(), data.as_ptr(), data.len()) == 0 }
    }
}

#[cfg(all(not(target_arch = "wasm32"), feature = "std"))]
mod imports {
    use super::Level;
    use crate::testing::{LOGGED, SENT};

    pub(super) fn log(level: Level, line: &[u8]) {
        LOGGED.with_borrow_mut(|lines| lines.push((level, String::from_utf8_lossy(line).into_owned())));
    }

    pub(super) fn emit(topic: &[u8], data: &[u8]) -> bool {
        SENT.with_borrow_mut(|events| events.push((String::from_utf8_lossy(topic).into_owned(), data.to_vec())));
        true
    }
}

#[cfg(all(not(target_arch = "wasm32"), not(feature = "std")))]
mod imports {
    use super::Level;

    // A `no_std` build for the host has nobody to talk to.
    pub(super) fn log(_level: Level, _line: &[u8]) {}

    pub(super) fn emit(_topic: &[u8], _data: &[u8]) -> bool {
        false
    }
}
