//! The limits of the talk between engine and page, each with a name.
//!
//! Nothing that crosses the socket is without a bound: a page is untrusted, and an engine that publishes faster than a page
//! reads must not fill the memory.

use std::time::Duration;

/// Version of the wire protocol, sent in `hello` and `welcome` and in the first byte of a binary frame.
pub const PROTOCOL_VERSION: u8 = 1;

/// Longest binary message, either way, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// Longest text message, either way, in bytes. Read as JSON it may need forty times as much memory.
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// Longest topic, in bytes of UTF-8.
pub const MAX_TOPIC_BYTES: usize = 128;

/// Longest name of a parameter, in bytes of UTF-8.
pub const MAX_PARAM_NAME_BYTES: usize = 64;

/// Longest text value of a parameter, in bytes of UTF-8.
pub const MAX_PARAM_TEXT_BYTES: usize = 4096;

/// Most parameters an app may have.
pub const MAX_PARAMS: usize = 1024;

/// Longest name of a surface, in bytes of UTF-8.
pub const MAX_SURFACE_NAME_BYTES: usize = 64;

/// Most surfaces in one layout report.
pub const MAX_SURFACES: usize = 256;

/// Largest absolute coordinate of a surface, in device pixels.
pub const MAX_COORDINATE: f32 = 1_048_576.0;

/// Largest side of a viewport, in device pixels.
pub const MAX_VIEWPORT: f32 = 65_536.0;

/// Largest ratio of device pixels to CSS pixels.
pub const MAX_SCALE: f32 = 16.0;

/// Most messages that wait for the engine. Full: a new event is refused and the page is told.
pub const INBOX_MESSAGES: usize = 1024;

/// Most bytes that wait for the engine. Full: a new event is refused and the page is told.
pub const INBOX_BYTES: usize = 64 << 20;

/// Most events (`send`) that wait for the page. Full: a new one is refused.
pub const OUTBOX_EVENTS: usize = 1024;

/// Most bytes of events (`send`) that wait for the page. Full: a new one is refused.
pub const OUTBOX_EVENT_BYTES: usize = 64 << 20;

/// Most topics whose latest value is kept. Full: a new topic is refused.
pub const RETAINED_TOPICS: usize = 1024;

/// Most bytes of latest values. Full: the value is refused and the older one stays.
pub const RETAINED_BYTES: usize = 64 << 20;

/// Most control messages (ping, refusals) that wait for the page. Full: a new one is dropped.
pub const CONTROL_MESSAGES: usize = 64;

/// Messages the page may have received without having acknowledged them. Beyond it, topics coalesce.
pub const WINDOW_MESSAGES: usize = 16;

/// Bytes the page may have received without having acknowledged them. One message always passes.
pub const WINDOW_BYTES: usize = 16 << 20;

/// Messages per second a page may send; beyond it, its socket is read more slowly.
pub const MESSAGES_PER_SECOND: u32 = 50_000;

/// How long a socket may stay without its `hello`.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(5);
