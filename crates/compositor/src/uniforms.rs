//! One uniform buffer for all records, written only where something changed.

use wasm_engine_telemetry::{Counter, Telemetry};

use crate::limits::{SURFACES_MAX, UNIFORM_STRIDE};

/// Places in the buffer after those of the surfaces.
const OTHERS: u32 = 4;

/// A place in the buffer.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct Place(u32);

impl Place {
    pub(crate) const BACKGROUND: Self = Self(2 * SURFACES_MAX as u32);
    pub(crate) const PAGE: Self = Self(2 * SURFACES_MAX as u32 + 1);
    pub(crate) const PANEL: Self = Self(2 * SURFACES_MAX as u32 + 2);
    pub(crate) const HUD: Self = Self(2 * SURFACES_MAX as u32 + 3);

    /// A surface as drawn onto the frame.
    pub(crate) const fn frame(surface: usize) -> Self {
        Self(2 * surface as u32)
    }

    /// A mesh as drawn into its picture.
    pub(crate) const fn picture(surface: usize) -> Self {
        Self(2 * surface as u32 + 1)
    }

    /// The dynamic offset of the binding.
    pub(crate) const fn offset(self) -> u32 {
        self.0 * UNIFORM_STRIDE as u32
    }
}

pub(crate) struct Uniforms {
    pub(crate) binding: wgpu::BindGroup,
    buffer: wgpu::Buffer,
    /// What the buffer holds, or will after the flush.
    shadow: Vec<u8>,
    dirty: Vec<bool>,
}

impl Uniforms {
    /// The buffer, and its binding together with the color maps.
    pub(crate) fn new(device: &wgpu::Device, layout: &wgpu::BindGroupLayout, maps: &wgpu::Buffer) -> Self {
        let places = 2 * SURFACES_MAX + OTHERS as usize;
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("records"),
            size: places as u64 * UNIFORM_STRIDE,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let window = wgpu::BufferBinding { buffer: &buffer, offset: 0, size: std::num::NonZeroU64::new(UNIFORM_STRIDE) };
        let binding = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("records"),
            layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(window) },
                wgpu::BindGroupEntry { binding: 1, resource: maps.as_entire_binding() },
            ],
        });
        Self { binding, buffer, shadow: vec![0; places * UNIFORM_STRIDE as usize], dirty: vec![false; places] }
    }

    /// Puts a record in its place; nothing happens if it is there already.
    pub(crate) fn set(&mut self, place: Place, record: &[u8]) {
        let start = place.offset() as usize;
        let shadow = &mut self.shadow[start..start + record.len()];
        if shadow != record {
            shadow.copy_from_slice(record);
            self.dirty[place.0 as usize] = true;
        }
    }

    /// Queues what changed, neighbors together.
    pub(crate) fn flush(&mut self, queue: &wgpu::Queue, telemetry: &Telemetry) {
        let mut place = 0;
        while let Some(skipped) = self.dirty[place..].iter().position(|dirty| *dirty) {
            let start = place + skipped;
            let length = self.dirty[start..].iter().take_while(|dirty| **dirty).count();
            self.dirty[start..start + length].fill(false);
            place = start + length;
            let stride = UNIFORM_STRIDE as usize;
            let bytes = &self.shadow[start * stride..place * stride];
            queue.write_buffer(&self.buffer, (start * stride) as u64, bytes);
            telemetry.add(Counter::UploadBytes, bytes.len() as u64);
        }
    }
}
