//! Every limit of this crate, by name.

use std::time::Duration;

/// How many device faults [`Health`](crate::Health) keeps with their text; later ones are only counted.
pub const MAX_RECORDED_FAULTS: usize = 32;

/// The longest fault text kept, in bytes. Validation messages quote whole shaders.
pub const MAX_FAULT_TEXT: usize = 4096;

/// Slots of a ring of shared textures: one that the compositor draws from, one that waits for it, one that is written.
pub const RING_SLOTS: usize = 3;

/// The largest frame that is shared, in bytes: 64 million pixels. Each ring holds [`RING_SLOTS`] of them.
pub const MAX_SHARED_FRAME_BYTES: u64 = 256 << 20;

/// How long a copy on the GPU may take. One that takes longer is given up: the driver hangs.
pub const FENCE_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest that one poll of a ring waits for a copy on the GPU.
pub const MAX_FENCE_WAIT: Duration = Duration::from_millis(100);

/// How long new textures may take to be cleared. Only a hanging driver takes seconds.
pub const SETTLE_TIMEOUT: Duration = Duration::from_secs(10);
