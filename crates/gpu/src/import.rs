//! Foreign memory on the wgpu device: the one place of this crate, and of the house beside `exchange`, where `unsafe` is found.
//!
//! * [`gl`]: an OpenGL context without a window, and the framebuffer the page is painted into,
//! * [`ring`]: textures that OpenGL writes and wgpu samples, the same memory under both,
//! * [`host_buffer`]: buffers over host memory, read by shaders where it lies.
//!
//! Every module hands out safe types whose destructors keep the order that Vulkan and OpenGL demand.

pub(crate) mod device;
pub mod gl;
pub mod host_buffer;
pub mod ring;
mod sys;
