//! The HUD: frame graph and counters, drawn by us over everything, in one instanced draw of `shaders/hud.wgsl`.

mod atlas;
mod panel;

use wasm_engine_gpu::Gpu;
use wasm_engine_telemetry::{Counter, Telemetry};

use crate::limits::{HUD_ITEMS_MAX, HUD_STAGES_MAX};
use crate::rect::Rect;
use crate::uniform::Item;
use atlas::Atlas;

/// What the HUD shows. Plain data; [`Hud`](self) asks nobody for anything.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct HudData {
    /// Rises when something of the rest changed; the HUD is redrawn only then.
    pub generation: u64,
    /// The app's name.
    pub title: String,
    /// Frames in the last second.
    pub frames_per_second: f32,
    /// Names of the stages, the lowest part of a bar first. At most [`HUD_STAGES_MAX`].
    pub stages: Vec<String>,
    /// Oldest first; the last [`HUD_FRAMES_MAX`](crate::limits::HUD_FRAMES_MAX) are shown.
    pub frames: Vec<HudFrame>,
    /// Counters, in order. At most [`HUD_ROWS_MAX`](crate::limits::HUD_ROWS_MAX).
    pub rows: Vec<HudRow>,
}

/// What a frame took, milliseconds.
#[derive(Copy, Clone, PartialEq, Debug, Default)]
pub struct HudFrame {
    /// From its beginning to the glass: what the figures are made of.
    pub total: f32,
    /// By stage: the parts of its bar.
    pub stages: [f32; HUD_STAGES_MAX],
}

/// A label and a value, as text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HudRow {
    /// On the left.
    pub label: String,
    /// On the right.
    pub value: String,
}

impl HudRow {
    /// A row.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into() }
    }
}

/// The HUD's GPU side.
pub(crate) struct Hud {
    atlas: Atlas,
    pub(crate) binding: wgpu::BindGroup,
    pub(crate) instances: wgpu::Buffer,
    items: Vec<Item>,
    /// Data and frame size for which `items` were laid out.
    laid_out: Option<(u64, (u32, u32))>,
    uploaded: bool,
    bounds: Rect,
}

impl Hud {
    /// Rasterizes the glyphs for a frame with `scale` pixels per pixel of the page.
    pub(crate) fn new(gpu: &Gpu, layout: &wgpu::BindGroupLayout, scale: f32) -> Self {
        let atlas = Atlas::new(scale);
        let binding = super::texture::bind(&gpu.device, layout, &atlas.upload(gpu));
        let instances = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("hud"),
            size: (HUD_ITEMS_MAX * size_of::<Item>()) as u64,
            usage: wgpu::BufferUsages::VERTEX | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Self { atlas, binding, instances, items: Vec::new(), laid_out: None, uploaded: false, bounds: Rect::default() }
    }

    /// Lays the data out, once per generation, and returns the pixels the HUD covers.
    pub(crate) fn lay_out(&mut self, data: &HudData, frame: (u32, u32)) -> Rect {
        if self.laid_out != Some((data.generation, frame)) {
            self.laid_out = Some((data.generation, frame));
            self.items.clear();
            let [x, y, width, height] = panel::lay_out(data, &self.atlas, frame.0, &mut self.items);
            self.items.truncate(HUD_ITEMS_MAX);
            self.uploaded = false;
            self.bounds = Rect::touched(x, y, width, height, frame);
        }
        self.bounds
    }

    /// Items laid out.
    pub(crate) fn count(&self) -> u32 {
        self.items.len() as u32
    }

    /// Queues the items, if they changed.
    pub(crate) fn upload(&mut self, gpu: &Gpu, telemetry: &Telemetry) {
        if !self.uploaded {
            self.uploaded = true;
            let bytes = bytemuck::cast_slice(&self.items);
            gpu.queue.write_buffer(&self.instances, 0, bytes);
            telemetry.add(Counter::UploadBytes, bytes.len() as u64);
        }
    }
}
