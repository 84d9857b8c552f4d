//! The records that shaders read, twins of those in `shaders/`. A test compares them field by field.

use bytemuck::{Pod, Zeroable};

/// Where an attribute lies, in words of 4 bytes.
#[repr(C)]
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Pod, Zeroable)]
pub(crate) struct Attribute {
    pub(crate) offset: u32,
    pub(crate) stride: u32,
    pub(crate) step: u32,
    /// Components of a vector, or one of the `COLOR_` formats.
    pub(crate) format: u32,
}

/// One surface, as drawn onto one target. Fields are explained in `shaders/common.wgsl`.
#[repr(C)]
#[derive(Copy, Clone, PartialEq, Debug, Default, Pod, Zeroable)]
pub(crate) struct Surface {
    pub(crate) transform: [[f32; 4]; 4],
    pub(crate) rect: [f32; 4],
    pub(crate) clip: [f32; 4],
    pub(crate) clip_radius: [f32; 4],
    pub(crate) window: [f32; 4],
    pub(crate) tint: [f32; 4],
    pub(crate) light: [f32; 4],
    pub(crate) ndc_per_pixel: [f32; 2],
    pub(crate) radius: f32,
    pub(crate) opacity: f32,
    pub(crate) range: [f32; 2],
    pub(crate) size: f32,
    pub(crate) map: u32,
    pub(crate) position: Attribute,
    pub(crate) color: Attribute,
    pub(crate) direction: Attribute,
    pub(crate) count: u32,
    pub(crate) flags: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// The background, as `shaders/background.wgsl` reads it.
#[repr(C)]
#[derive(Copy, Clone, PartialEq, Debug, Default, Pod, Zeroable)]
pub(crate) struct Background {
    pub(crate) start: [f32; 4],
    pub(crate) end: [f32; 4],
    pub(crate) axis: [f32; 4],
}

/// A box or a glyph of the HUD, as `shaders/hud.wgsl` reads it per instance.
#[repr(C)]
#[derive(Copy, Clone, PartialEq, Debug, Default, Pod, Zeroable)]
pub(crate) struct Item {
    pub(crate) rect: [f32; 4],
    pub(crate) source: [f32; 2],
    pub(crate) color: u32,
    pub(crate) kind: u32,
}

macro_rules! flags {
    ($($name:ident = $value:expr),* $(,)?) => {
        /// Bits of [`Surface::flags`] and color formats, twins of the constants in `common.wgsl`.
        pub(crate) mod flag { $(pub(crate) const $name: u32 = $value;)* }
        #[cfg(test)]
        pub(crate) const CONSTANTS: &[(&str, u32)] = &[$((stringify!($name), $value)),*];
    };
}

flags! {
    FLAG_EDGES = 1,
    FLAG_ADDITIVE = 2,
    FLAG_ROUND = 4,
    FLAG_ORIENTED = 8,
    FLAG_STRIP = 16,
    FLAG_LIT = 32,
    FLAG_NORMALS = 64,
    FLAG_INDEX_U16 = 128,
    FLAG_INDEXED = 256,
    FLAG_LINEAR = 512,
    FLAG_PREMULTIPLIED = 1024,
    FLAG_OPAQUE = 2048,
    COLOR_RGBA8 = 1,
    COLOR_SCALAR = 2,
    COLOR_F32X4 = 3,
    COLOR_F32X3 = 4,
    COLOR_SPEED = 5,
}

const _: () = assert!(size_of::<Surface>() as u64 <= crate::limits::UNIFORM_STRIDE);
const _: () = assert!(size_of::<Background>() as u64 <= crate::limits::UNIFORM_STRIDE);
