//! Memory through which changed pixels get into a texture: the webview's thread writes it, the GPU copies from it.

use std::sync::{Arc, Mutex, PoisonError};

use wasm_engine_gpu::Gpu;

use crate::tiles::{Area, Tiles};

/// Buffers that are kept for later: one that is written, one that the GPU copies from.
const KEPT: usize = 2;

/// Buffers are multiples of this, bytes, so that what changes next finds room in one.
const STEP: u64 = 64 << 10;

/// Buffers that are mapped and that nobody uses.
#[derive(Default)]
pub(crate) struct StagingPool(Arc<Mutex<Vec<wgpu::Buffer>>>);

/// The pixels of some areas, in a buffer that is mapped.
pub(crate) struct Staged {
    buffer: wgpu::Buffer,
    areas: Vec<Area>,
}

impl Staged {
    /// What of the panel it holds.
    pub(crate) fn areas(&self) -> &[Area] {
        &self.areas
    }
}

impl StagingPool {
    /// Copies these areas of the image.
    pub(crate) fn stage(&self, gpu: &Gpu, tiles: &Tiles, areas: Vec<Area>) -> Staged {
        let buffer = self.take(gpu, areas.iter().map(size).sum());
        if let Ok(mut mapped) = buffer.get_mapped_range_mut(..) {
            let mut start = 0;
            for area in &areas {
                let pitch = pitch(area) as usize;
                for row in area.y..area.y + area.height {
                    let pixels = tiles.row(*area, row);
                    mapped.slice(start..start + pixels.len()).copy_from_slice(pixels);
                    start += pitch;
                }
            }
        }
        Staged { buffer, areas }
    }

    /// Takes back what is not to be uploaded.
    pub(crate) fn give_back(&self, staged: Staged) {
        keep(&self.0, staged.buffer);
    }

    /// Has the GPU copy it into the texture.
    pub(crate) fn upload(&self, gpu: &Gpu, texture: &wgpu::Texture, staged: Staged) {
        let Staged { buffer, areas } = staged;
        buffer.unmap();
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("panel") });
        let mut offset = 0;
        for area in &areas {
            encoder.copy_buffer_to_texture(
                wgpu::TexelCopyBufferInfo {
                    buffer: &buffer,
                    layout: wgpu::TexelCopyBufferLayout { offset, bytes_per_row: Some(pitch(area)), rows_per_image: None },
                },
                wgpu::TexelCopyTextureInfo { origin: wgpu::Origin3d { x: area.x, y: area.y, z: 0 }, ..texture.as_image_copy() },
                wgpu::Extent3d { width: area.width, height: area.height, depth_or_array_layers: 1 },
            );
            offset += size(area);
        }
        let (pool, again) = (self.0.clone(), buffer.clone());
        encoder.map_buffer_on_submit(&buffer, wgpu::MapMode::Write, .., move |mapped| {
            if mapped.is_ok() {
                keep(&pool, again);
            }
        });
        gpu.queue.submit([encoder.finish()]);
    }

    /// A buffer of at least this size, bytes.
    fn take(&self, gpu: &Gpu, size: u64) -> wgpu::Buffer {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = kept.iter().position(|buffer| buffer.size() >= size) {
            return kept.swap_remove(index);
        }
        drop(kept);
        gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("panel"),
            size: size.next_multiple_of(STEP),
            usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        })
    }
}

/// Keeps a buffer, or lets go of the smallest.
fn keep(pool: &Mutex<Vec<wgpu::Buffer>>, buffer: wgpu::Buffer) {
    let mut kept = pool.lock().unwrap_or_else(PoisonError::into_inner);
    kept.push(buffer);
    kept.sort_unstable_by_key(wgpu::Buffer::size);
    if kept.len() > KEPT {
        kept.remove(0);
    }
}

/// Bytes from one row of an area to the next, as the GPU wants it.
fn pitch(area: &Area) -> u32 {
    (area.width * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT)
}

/// Bytes of an area.
fn size(area: &Area) -> u64 {
    u64::from(pitch(area)) * u64::from(area.height)
}
