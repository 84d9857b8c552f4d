//! Every limit of this crate, by name.

/// Slots of a buffer: the writer's, the reader's, and the one that they exchange.
pub const SLOTS: usize = 3;
/// Slots start at, and are spaced by, multiples of this: the page of WebAssembly, so that a slot can be mapped into a guest's memory.
pub const SLOT_ALIGN: usize = 64 * 1024;
/// Longest name of a buffer or lane, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 55;
/// Most buffers and rings in one region (a lane with several producers has one ring for each).
pub const ENTRIES_MAX: usize = 1024;
/// Largest slot of a buffer, in bytes: 1 GiB.
pub const BUFFER_BYTES_MAX: usize = 1 << 30;
/// Largest item of a lane, in bytes.
pub const ITEM_BYTES_MAX: usize = 4096;
/// Strictest alignment that items of a lane may ask for, in bytes.
pub const ITEM_ALIGN_MAX: usize = 8;
/// Most items of a lane.
pub const LANE_CAPACITY_MAX: usize = 1 << 24;
/// Most producers of one lane.
pub const PRODUCERS_MAX: usize = 64;
/// Largest region, in bytes: 64 GiB.
pub const REGION_BYTES_MAX: usize = 1 << 36;
/// How often an observer tries again when the content is overwritten while it copies.
pub const OBSERVE_ATTEMPTS: u32 = 16;

const _: () = assert!(SLOT_ALIGN.is_power_of_two() && BUFFER_BYTES_MAX.is_multiple_of(SLOT_ALIGN));
const _: () = assert!(ITEM_BYTES_MAX.is_multiple_of(8) && ITEM_ALIGN_MAX == 8);
