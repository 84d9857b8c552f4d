//! The compositor's limits, each with a name, and how they relate.

/// Surfaces one app may have.
pub const SURFACES_MAX: usize = 256;
/// Exchange buffers the surfaces of one app may name together.
pub const BUFFERS_MAX: usize = 256;
/// Items (points, segments, triangles) one surface draws. Six vertices each still fit a `u32`.
pub const ITEMS_MAX: u32 = 1 << 28;
/// Points' diameter and lines' width, pixels.
pub const ITEM_PIXELS_MAX: f32 = 4096.0;
/// Rectangles a frame's damage is kept in; more are merged.
pub const DAMAGE_RECTS_MAX: usize = 8;
/// Frames the GPU may be behind before the compositor skips one instead of queueing it.
pub const FRAMES_IN_FLIGHT_MAX: u64 = 2;
/// Captures that may be on their way at once.
pub const CAPTURES_MAX: usize = 3;
/// Frames the HUD's graph shows.
pub const HUD_FRAMES_MAX: usize = 240;
/// Stages one bar of the HUD's graph stacks.
pub const HUD_STAGES_MAX: usize = 8;
/// Counter rows the HUD shows.
pub const HUD_ROWS_MAX: usize = 32;
/// Boxes and glyphs the HUD draws.
pub const HUD_ITEMS_MAX: usize = 8192;
/// Textures whose bindings are kept (rings of the page and of a panel, with room for a resize).
pub const TEXTURE_BINDINGS_MAX: usize = 16;
/// Samples per pixel of a mesh.
pub const MESH_SAMPLES: u32 = 4;
/// How long after the GPU has finished its callbacks may take to be called. Only a lost device takes so long.
pub const CALLBACK_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);
/// Bytes from one uniform record to the next; the largest alignment a device may ask for.
pub const UNIFORM_STRIDE: u64 = 256;

// The layout zone must be able to name every surface.
const _: () = assert!(SURFACES_MAX <= wasm_engine_exchange::layout::MAX_SURFACES);
const _: () = assert!((ITEMS_MAX as u64) * 6 <= u32::MAX as u64);
const _: () = assert!(HUD_FRAMES_MAX * HUD_STAGES_MAX + 2048 <= HUD_ITEMS_MAX);
