//! Every limit of this crate, by name.

/// How many device faults [`Health`](crate::Health) keeps with their text; later ones are only counted.
pub const MAX_RECORDED_FAULTS: usize = 32;

/// The longest fault text kept, in bytes. Validation messages quote whole shaders.
pub const MAX_FAULT_TEXT: usize = 4096;
