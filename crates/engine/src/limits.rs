//! What the engine bounds, in one place.

use std::time::Duration;

/// Ticks that may be finished and not yet seen by the renderer; a renderer that falls this far behind loses tokens, never pictures.
pub const TICKS_IN_FLIGHT: usize = 256;
/// Parameter changes and pointer moves taken over in one tick; what is beyond waits for the next one.
pub const MESSAGES_PER_TICK: usize = 1024;
/// Faults of a page, and of kernels that have begun anew since, kept for the report; later ones are only counted there.
pub const FAULTS_KEPT: usize = 64;
/// Places of those that only a crash or silence of the page takes.
pub const FAULTS_THAT_END_A_PAGE: usize = 16;
/// What a page has said that is heard at once, before its state and the panel are seen to again: all that can be waiting, and more.
pub const PAGE_EVENTS_AT_ONCE: usize = 2048;
/// Different names that a page is told of as unknown, of surfaces, parameters and topics each, until it is loaded again.
pub const UNKNOWN_NAMES: usize = 32;
/// How often the page hears `engine:stats`, and the HUD its numbers.
pub const STATS_INTERVAL: Duration = Duration::from_millis(125);
/// How often a panel hears what each stage took over the whole run; adding that up takes longer than the rest.
pub const PANEL_STAGES_INTERVAL: Duration = Duration::from_secs(1);
/// What a panel draws waits at most so long for the frame of a tick.
pub const PANEL_PATIENCE: Duration = Duration::from_millis(50);
/// Times of a guest's newest ticks that a panel's percentiles are made of.
pub const PANEL_TICK_TIMES: usize = 300;
/// Newest finished frames that the feed of a panel looks at, ten times a second; of more frames in that time the oldest are not shown.
pub const PANEL_FRAMES_AT_ONCE: usize = 600;
/// How often a paused run looks at what the page has changed and said; what a panel asks for wakes it at once.
pub const PAUSED_INTERVAL: Duration = Duration::from_millis(250);
/// How long a thread that waits for the next tick may overlook that the run was stopped.
pub const STOP_INTERVAL: Duration = Duration::from_millis(100);
/// How often a page hears `engine:stats` that say nothing new, for those that have just begun to listen.
pub const STATS_AGAIN: Duration = Duration::from_secs(2);
/// How often finished records are moved into the histograms.
pub const DRAIN_INTERVAL: Duration = Duration::from_millis(100);
/// How long a window shows nothing before it shows what there is without the page.
pub const WINDOW_WAITS_FOR_PAGE: Duration = Duration::from_millis(250);
/// How long a headless run waits for the page's first frame before it starts ticking without one.
pub const PAGE_FIRST_FRAME: Duration = Duration::from_secs(20);
/// How long the end of a run waits for the last capture.
pub const CAPTURE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long threads get to end before the process goes on without them.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// Frames that may wait to be encoded by a recording.
pub const RECORD_QUEUE: usize = 8;
/// Longest side of a framebuffer, in device pixels.
pub const SIDE_MAX: u32 = 16_384;
/// Smallest and largest accepted scale factor.
pub const SCALE_RANGE: std::ops::RangeInclusive<f32> = 0.25..=8.0;
/// How often the end of a run tries to draw the last frame while the GPU is busy or the window cannot be configured, half a millisecond apart.
pub const LAST_FRAME_TRIES: u32 = 2000;
/// Files in an app's archive.
pub const ARCHIVE_FILES: u64 = 10_000;
/// Bytes of all files in an app's archive: room for models.
pub const ARCHIVE_BYTES: u64 = 4 << 30;
/// Bytes of an app's archive itself: what cannot be compressed grows a little, and its directory comes on top.
pub const ARCHIVE_FILE_BYTES: u64 = ARCHIVE_BYTES + (64 << 20);
/// How many times its own length an archive may unpack to, if that is more than [`ARCHIVE_SMALL_BYTES`].
pub const ARCHIVE_RATIO: u64 = 100;
/// An archive may unpack to so much whatever its length.
pub const ARCHIVE_SMALL_BYTES: u64 = 64 << 20;
/// Apps that came as archives and stay unpacked; beyond that those that were opened longest ago go, if that is more than [`ARCHIVE_IN_USE`] ago.
pub const ARCHIVES_KEPT: usize = 16;
/// An unpacked app that was opened since may still run.
pub const ARCHIVE_IN_USE: Duration = Duration::from_secs(7 * 24 * 3600);
/// Bytes of the file that keeps a person's decisions about an app's rights.
pub const POLICY_BYTES: usize = 1 << 20;
/// Folders above a file in an app's archive, and the file.
pub const ARCHIVE_DEPTH: usize = 32;
