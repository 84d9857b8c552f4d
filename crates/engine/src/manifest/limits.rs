//! What a manifest may ask for at most.

/// Bytes of `app.toml`.
pub const MANIFEST_BYTES: u64 = 256 * 1024;
/// Characters of a name; the exchange's directory has room for as many.
pub const NAME_CHARS: usize = 55;
/// What the engine itself keeps in the region beside the app's buffers: the page's rectangles, the finished ticks.
pub const RESERVED_NAMES: [&str; 2] = ["layout", "ticks"];
/// Characters of a title, label or description.
pub const TEXT_CHARS: usize = 1024;
/// Buffers of one app.
pub const BUFFERS: usize = 64;
/// Kernels of one app.
pub const KERNELS: usize = 32;
/// Parameters of one app.
pub const PARAMS: usize = 64;
/// Surfaces of one app.
pub const SURFACES: usize = 256;
/// Instances of one kernel.
pub const SHARDS: u16 = 256;
/// Bytes of one slot of one buffer: three of them are mapped into a guest's 4 GiB.
pub const BUFFER_BYTES: u64 = 1 << 30;
/// Bytes that `[limits] region_max` may be raised to. What the engine itself keeps in the region has its place beside them.
pub const REGION_BYTES: u64 = 63 << 30;
const _: () = assert!(REGION_BYTES < wasm_engine_exchange::limits::REGION_BYTES_MAX as u64);
/// Bytes of a kernel's own memory.
pub const KERNEL_MEMORY_BYTES: u64 = 4 << 30;
/// The smallest memory a kernel can start with: its stack and the context page.
pub const KERNEL_MEMORY_FLOOR: u64 = 128 * 1024;
/// Bytes of log that one kernel may keep between two ticks.
pub const LOG_BYTES: u64 = 16 << 20;
/// Longest side of the window, in logical pixels.
pub const SIDE: u32 = 16_384;
/// Smallest and largest device pixels per logical pixel.
pub const SCALE: std::ops::RangeInclusive<f32> = 0.25..=8.0;
/// Ticks per second.
pub const TICK_RATE: std::ops::RangeInclusive<u32> = 1..=1000;
/// Milliseconds that one tick of a kernel may be granted.
pub const DEADLINE_MS: std::ops::RangeInclusive<u32> = 1..=60_000;
/// Fuel that one tick of a kernel may be granted: as [`DEADLINE_MS`], about a minute of work. A tick that has begun is waited for, at the end of a run too.
pub const FUEL: std::ops::RangeInclusive<u64> = 1..=100_000_000_000;
/// Problems shown at once; what is beyond is counted.
pub const PROBLEMS: usize = 20;
/// Characters of a source line that a message shows.
pub const SNIPPET_CHARS: usize = 110;
/// Characters of a message.
pub const MESSAGE_CHARS: usize = 300;
