//! The page's limits, each with a name. Those of the talk with the engine are in [`bridge::limits`](crate::bridge::limits), those
//! of the server in [`server::limits`](crate::server::limits).

use std::time::Duration;

/// Longest time that Servo may take to start. It takes about a tenth of a second; a machine under load needs more.
pub const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How long dropping a [`Page`](crate::Page) waits for Servo to end. Its thread is left alone after that.
pub const DROP_TIMEOUT: Duration = Duration::from_secs(5);

/// Most pixels of a frame: 256 MiB, three of which may exist at once.
pub const MAX_FRAME_PIXELS: u64 = 64 << 20;

/// Largest scale, in device pixels per CSS pixel. A smaller one than [`MIN_SCALE`] or a larger one is brought into the range.
pub const MAX_SCALE: f32 = 10.0;

/// Smallest scale, in device pixels per CSS pixel.
pub const MIN_SCALE: f32 = 0.1;

/// Most inputs and scripts that wait for the page. Full: the newest is refused and counted.
pub const MAX_QUEUED_COMMANDS: usize = 4096;

/// Longest script given to [`Page::evaluate`](crate::Page::evaluate), in bytes.
pub const MAX_SCRIPT_BYTES: usize = 1 << 20;

/// Longest text of one input, in bytes.
pub const MAX_INPUT_TEXT_BYTES: usize = 64 << 10;

/// Most of what the page says that waits for the engine: lines of its console, refusals. Full: the newest is left out and counted. How the page is does not count here,
/// and always gets through.
pub const MAX_QUEUED_EVENTS: usize = 1024;

/// Longest text of one event, in bytes; the rest is cut off.
pub const MAX_EVENT_TEXT_BYTES: usize = 16 << 10;

/// Deepest nesting of a script's result.
pub const MAX_RESULT_DEPTH: usize = 64;

/// How often the page's script is asked for a sign of life.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);

/// How long the page's script may stay silent before it counts as unresponsive.
pub const UNRESPONSIVE_AFTER: Duration = Duration::from_secs(5);

/// Most scripts of silent pages that are left to themselves when such a page is loaded again. Nothing but the end of Servo ends them, and each takes a core until then.
pub const MAX_HUNG_SCRIPTS: u32 = 4;

/// Frames per second at which an animated page is painted, unless [`Page::set_frame_rate`](crate::Page::set_frame_rate) says
/// otherwise.
pub const DEFAULT_FRAME_RATE: f32 = 60.0;

/// Range of [`Page::set_frame_rate`](crate::Page::set_frame_rate).
pub const FRAME_RATES: std::ops::RangeInclusive<f32> = 1.0..=480.0;

/// How long the page's thread waits at once for a frame's copy before it looks after its other work.
pub const FENCE_SLICE: Duration = Duration::from_millis(1);

/// How long the first frame waits for Servo to lay the document out, once its head was read.
pub const FIRST_FRAME_HELD: Duration = Duration::from_millis(50);
