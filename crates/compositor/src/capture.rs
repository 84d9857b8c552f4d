//! Pictures of frames, taken through a ring of staging buffers: asked for now, ready some frames later, never waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::error::CaptureError;
use crate::limits::CAPTURES_MAX;

/// A picture: RGBA8, sRGB-encoded, premultiplied, rows from the top, no padding.
#[derive(Clone, Eq, PartialEq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Four bytes a pixel.
    pub rgba: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("width", &self.width).field("height", &self.height).finish_non_exhaustive()
    }
}

impl Picture {
    /// The same with straight alpha, as PNG files have it. A picture without transparency stays as it is.
    pub fn into_straight(mut self) -> Self {
        for pixel in self.rgba.as_chunks_mut::<4>().0 {
            let alpha = u32::from(pixel[3]);
            if alpha != 0 && alpha != 255 {
                for part in &mut pixel[..3] {
                    *part = ((u32::from(*part) * 255 + alpha / 2) / alpha).min(255) as u8;
                }
            }
        }
        self
    }
}

/// Which capture; rises by one with each request.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct CaptureId(pub u64);

const MAPPING: u8 = 0;
const MAPPED: u8 = 1;
const FAILED: u8 = 2;

/// A capture whose copy was submitted.
struct Pending {
    id: CaptureId,
    buffer: wgpu::Buffer,
    size: (u32, u32),
    state: Arc<AtomicU8>,
}

/// Captures asked for and on their way.
#[derive(Default)]
pub(crate) struct Captures {
    last: u64,
    requested: Vec<CaptureId>,
    copied: Vec<Pending>,
    pending: Vec<Pending>,
    /// Staging buffers to use again, with their sizes.
    spare: Vec<wgpu::Buffer>,
}

impl Captures {
    /// Asks for a picture of the next frame.
    pub(crate) fn request(&mut self) -> Result<CaptureId, CaptureError> {
        if self.requested.len() + self.copied.len() + self.pending.len() >= CAPTURES_MAX {
            return Err(CaptureError::Busy(CAPTURES_MAX));
        }
        self.last += 1;
        self.requested.push(CaptureId(self.last));
        Ok(CaptureId(self.last))
    }

    /// True when a frame has to be copied.
    pub(crate) fn wanted(&self) -> bool {
        !self.requested.is_empty()
    }

    /// Records the copies of the frame into staging buffers. Returns how many.
    pub(crate) fn record(&mut self, device: &wgpu::Device, encoder: &mut wgpu::CommandEncoder, texture: &wgpu::Texture) -> u64 {
        let size = (texture.width(), texture.height());
        let bytes_per_row = row_bytes(size.0);
        let bytes = u64::from(bytes_per_row) * u64::from(size.1);
        let requested = std::mem::take(&mut self.requested);
        let count = requested.len() as u64;
        for id in requested {
            let spare = self.spare.iter().position(|buffer| buffer.size() == bytes).map(|index| self.spare.swap_remove(index));
            let buffer = spare.unwrap_or_else(|| staging(device, bytes));
            let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(bytes_per_row), rows_per_image: None };
            encoder.copy_texture_to_buffer(
                texture.as_image_copy(),
                wgpu::TexelCopyBufferInfo { buffer: &buffer, layout },
                wgpu::Extent3d { width: size.0, height: size.1, depth_or_array_layers: 1 },
            );
            self.copied.push(Pending { id, buffer, size, state: Arc::new(AtomicU8::new(MAPPING)) });
        }
        count
    }

    /// After the submission: asks for the staging buffers to be mapped once the GPU has filled them.
    pub(crate) fn submitted(&mut self) {
        for pending in self.copied.drain(..) {
            let state = Arc::clone(&pending.state);
            pending.buffer.map_async(wgpu::MapMode::Read, .., move |result| {
                state.store(if result.is_ok() { MAPPED } else { FAILED }, Ordering::Release);
            });
            self.pending.push(pending);
        }
    }

    /// The device is lost: there will be no picture.
    pub(crate) fn give_up(&mut self) {
        *self = Self { last: self.last, ..Self::default() };
    }

    /// True when a capture is on its way.
    pub(crate) fn on_their_way(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The oldest picture, if it is ready.
    pub(crate) fn take(&mut self) -> Option<(CaptureId, Picture)> {
        // Lost with the device: there will be no picture.
        self.pending.retain(|pending| pending.state.load(Ordering::Acquire) != FAILED);
        let ready = self.pending.first()?.state.load(Ordering::Acquire) == MAPPED;
        if !ready {
            return None;
        }
        let pending = self.pending.remove(0);
        let (width, height) = pending.size;
        let (row, padded) = (width as usize * 4, row_bytes(width) as usize);
        let mut rgba = Vec::with_capacity(row * height as usize);
        {
            let mapped = pending.buffer.get_mapped_range(..).ok()?;
            mapped.chunks_exact(padded).for_each(|line| rgba.extend_from_slice(&line[..row]));
        }
        pending.buffer.unmap();
        // Staging of another size is of no more use.
        self.spare.retain(|spare| spare.size() == pending.buffer.size());
        if self.spare.len() < CAPTURES_MAX {
            self.spare.push(pending.buffer);
        }
        Some((pending.id, Picture { width, height, rgba }))
    }
}

/// Bytes of a row in a staging buffer: copies want multiples of 256.
fn row_bytes(width: u32) -> u32 {
    (width * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT)
}

fn staging(device: &wgpu::Device, bytes: u64) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("capture"),
        size: bytes,
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_alpha() {
        let picture = Picture { width: 3, height: 1, rgba: vec![50, 0, 100, 100, 9, 9, 9, 0, 1, 2, 3, 255] };
        assert_eq!(picture.into_straight().rgba, [128, 0, 255, 100, 9, 9, 9, 0, 1, 2, 3, 255]);
    }
}
