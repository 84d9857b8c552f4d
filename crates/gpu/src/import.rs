//! Foreign memory on the wgpu device: the one place of this crate, and of the house beside `exchange`, where `unsafe` is found.
//!
//! Every module here hands out safe types whose destructors keep the order that Vulkan and OpenGL demand.

pub(crate) mod device;
