//! The limits of this crate, each with a name.

use std::time::Duration;

/// Frames that the hub keeps; the oldest go first.
pub const FRAMES_KEPT: usize = 300;

/// Log entries that the hub keeps; the oldest go first.
pub const LOG_ENTRIES_KEPT: usize = 1000;

/// Longest text of a log entry, in bytes of UTF-8. A longer one is cut.
pub const LOG_TEXT_BYTES: usize = 1024;

/// Longest part and code of a log entry, in bytes of UTF-8. Longer ones are cut.
pub const LOG_NAME_BYTES: usize = 128;

/// Most items in a section of the state. What is beyond is left out.
pub const SECTION_ITEMS: usize = 4096;

/// Changes that a client is sent in a second, at most.
pub const CHANGES_PER_SECOND: u32 = 10;

/// Time between two changes, at least.
pub const CHANGE_INTERVAL: Duration = Duration::from_millis(1000 / CHANGES_PER_SECOND as u64);

/// Asks of all clients that wait for the engine. Full: a new one is answered with a problem.
pub const ASKS_WAITING: usize = 64;

/// Longest text in an ask, in bytes of UTF-8: names of guests, rights, buffers and parameters. An ask with a longer one is refused, whichever way it came.
pub const ASK_TEXT_BYTES: usize = 256;

/// How long the engine may take to answer an ask.
pub const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// Answers that wait for one client. Full: its next ask is not read yet.
pub const ANSWERS_WAITING: usize = 16;

/// Clients that the server feeds at a time. The next one is told so and turned away.
pub const CLIENTS_MAX: usize = 64;

/// Open connections, clients among them. Full: the next one waits until one ends.
pub const CONNECTIONS_MAX: usize = 256;

/// Longest message of a client, in bytes.
pub const MESSAGE_BYTES: usize = 64 << 10;

/// Messages per second that a client may send; beyond it, its socket is read more slowly.
pub const MESSAGES_PER_SECOND: u32 = 100;

/// How long a client may take until its hello.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// A client over a WebSocket that was sent nothing for so long is told that the engine lives.
pub const ALIVE_INTERVAL: Duration = Duration::from_secs(2);

/// How long a socket may be full before its client is cut off.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a WebSocket may take to close in good order.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Bytes of a request's line and headers. More: status 431.
pub const HEADER_BYTES: usize = 16 << 10;

/// Headers of a request. More: status 431.
pub const HEADERS_MAX: usize = 64;

/// How long a connection may take to send a request's headers, or stay open between requests.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may ask for one file after the other. Then it is given the answer to its last request, for [`WRITE_TIMEOUT`] at most, and ends; one that
/// has become a WebSocket by then goes on.
pub const REQUESTS_TIMEOUT: Duration = Duration::from_secs(10);

/// Files of a panel.
pub const FILES_MAX: usize = 512;

/// Bytes of all files of a panel together.
pub const FILES_BYTES: u64 = 64 << 20;

/// Folders inside one another that a panel may have.
pub const FOLDER_DEPTH: usize = 8;

const _: () = assert!(CLIENTS_MAX < CONNECTIONS_MAX, "a client that is turned away needs a connection to be told so");
const _: () = assert!(LOG_NAME_BYTES <= LOG_TEXT_BYTES);
const _: () = assert!(3 * ASK_TEXT_BYTES <= LOG_TEXT_BYTES, "a refusal that repeats what was asked for fits into the log");
