//! The limits of the app server, each with a name.

use std::time::Duration;

/// Open connections. Full: the next one waits until one ends.
pub const MAX_CONNECTIONS: usize = 256;

/// Bytes of a request's line and headers. More: status 431.
pub const MAX_HEADER_BYTES: usize = 16 << 10;

/// Headers of a request. More: status 431.
pub const MAX_HEADERS: usize = 64;

/// How long a connection may take to send a request's headers, or stay open between requests.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of a decoded path.
pub const MAX_PATH_BYTES: usize = 2048;

/// Largest file that is served.
pub const MAX_FILE_BYTES: u64 = 2 << 30;

/// Up to this size a file is read in one go; a larger one is streamed.
pub const SMALL_FILE_BYTES: u64 = 128 << 10;

/// Bytes read at a time of a file that is streamed.
pub const CHUNK_BYTES: usize = 256 << 10;

/// How long a WebSocket may take to close in good order.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Different paths whose refusal is logged until the document goes. More are refused without a word.
pub const MAX_REFUSALS_TOLD: usize = 64;
