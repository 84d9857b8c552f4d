//! The way through the CPU: frames are read back from OpenGL and uploaded to wgpu. The named, counted fallback.

use wasm_engine_gpu::import::gl::GlFrame;
use wasm_engine_gpu::limits::RING_SLOTS;
use wasm_engine_gpu::{FrameGuard, Gpu, Lease, OnFree};
use wasm_engine_telemetry::{Counter, Telemetry};

/// A ring of ordinary textures, with the same rules for slots as the shared one.
pub(super) struct UploadRing {
    slots: Vec<(wgpu::Texture, Lease)>,
    size: (u32, u32),
    pixels: Vec<u8>,
}

impl UploadRing {
    pub(super) fn new(gpu: &Gpu, size: (u32, u32), on_free: &OnFree) -> Self {
        let slot = || {
            let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
                label: Some("page frame (uploaded)"),
                size: wgpu::Extent3d { width: size.0, height: size.1, depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: wgpu::TextureFormat::Rgba8Unorm,
                usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_SRC | wgpu::TextureUsages::COPY_DST,
                view_formats: &[],
            });
            (texture, Lease::new(OnFree::clone(on_free)))
        };
        Self { slots: (0..RING_SLOTS).map(|_| slot()).collect(), size, pixels: Vec::new() }
    }

    pub(super) fn size(&self) -> (u32, u32) {
        self.size
    }

    pub(super) fn has_free_slot(&self) -> bool {
        self.slots.iter().any(|(_, lease)| lease.is_free())
    }

    /// Copies `frame` into a free slot; `None` if there is none or OpenGL fails. Waits for OpenGL.
    pub(super) fn upload(&mut self, gpu: &Gpu, telemetry: &Telemetry, frame: &GlFrame) -> Option<(wgpu::Texture, FrameGuard)> {
        let (texture, lease) = self.slots.iter().find(|(_, lease)| lease.is_free())?;
        if frame.size() != self.size || !frame.read_upwards((0, 0), self.size, &mut self.pixels) {
            return None;
        }
        telemetry.add(Counter::ReadBacks, 1);
        telemetry.add(Counter::BytesCopied, self.pixels.len() as u64);
        telemetry.add(Counter::UploadBytes, self.pixels.len() as u64);
        gpu.queue.write_texture(
            texture.as_image_copy(),
            &self.pixels,
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(self.size.0 * 4), rows_per_image: None },
            texture.size(),
        );
        // The write waits in the queue until somebody submits; do it now, so that the staging memory is free again soon.
        gpu.queue.submit([]);
        Some((texture.clone(), lease.guard()))
    }
}
