//! Systems without sharing: frames go through the CPU there, and the report says so.

use std::rc::Rc;

use crate::device::Gpu;
use crate::import::gl::GlContext;
use crate::import::ring::ShareError;

/// Whether frames can be shared on this system.
pub(crate) const SUPPORTED: bool = false;

/// A texture whose memory another API may import.
pub(crate) struct Exported {
    pub(crate) texture: wgpu::Texture,
    pub(crate) memory: NoMemory,
}

/// No memory can be exported here, so there is no value of this type.
pub(crate) enum NoMemory {}

/// Always an error.
pub(crate) fn export_texture(gpu: &Gpu, _size: (u32, u32)) -> Result<Exported, ShareError> {
    Err(ShareError::Platform { backend: gpu.info.backend })
}

/// OpenGL's side of a shared texture; there is no value of this type.
pub(crate) struct GlBinding(NoMemory);

impl GlBinding {
    /// Cannot be called: there is no memory to give.
    pub(crate) fn new(_context: &Rc<GlContext>, memory: NoMemory, _size: (u32, u32)) -> Result<Self, ShareError> {
        match memory {}
    }

    /// Cannot be called.
    pub(crate) fn framebuffer(&self) -> glow::Framebuffer {
        match self.0 {}
    }
}
