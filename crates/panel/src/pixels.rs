//! A panel's pixels on their way from the webview's thread to the GPU.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use wasm_engine_gpu::Gpu;

use crate::tiles::{Area, Tiles};
use crate::{Composition, Panel};

/// Changes that are remembered: a compositor that is further behind draws all of the panel.
const CHANGES_KEPT: usize = 16;

/// A panel as it was drawn last. Texels are premultiplied and sRGB-encoded.
#[derive(Clone, Debug)]
pub struct PanelFrame {
    /// The texels, as large as the panel.
    pub texture: wgpu::Texture,
    /// Rises with each frame.
    pub generation: u64,
    /// What changed since the frame of this generation, or any later one, lies in `changes`.
    pub since: u64,
    /// What changed.
    pub changes: Vec<Area>,
}

/// What was uploaded, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uploads {
    /// Frames in which something was different.
    pub frames: u64,
    /// Rectangles of tiles.
    pub areas: u64,
    /// Bytes.
    pub bytes: u64,
}

/// The newest pixels of a panel. The webview's thread hands them in, the compositor's takes them as a texture; neither waits for the other for longer than an
/// upload is queued.
pub struct PanelPixels {
    gpu: Arc<Gpu>,
    /// Called after each frame in which something was different.
    on_frame: Box<dyn Fn() + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tiles: Tiles,
    texture: Option<wgpu::Texture>,
    generation: u64,
    /// The newest changes, oldest first, each with the generation that it made.
    changes: VecDeque<(u64, Vec<Area>)>,
    uploads: Uploads,
}

impl PanelPixels {
    /// No pixels yet. `on_frame` is called on the thread that hands them in.
    pub fn new(gpu: Arc<Gpu>, on_frame: impl Fn() + Send + Sync + 'static) -> Self {
        Self { gpu, on_frame: Box::new(on_frame), state: Mutex::default() }
    }

    /// Hands in what the webview has drawn: BGRA, premultiplied, rows `stride` bytes apart, different from the image before only within `damage`.
    pub fn draw(&self, (width, height): (u32, u32), image: &[u8], stride: usize, damage: Area) {
        let limit = self.gpu.device.limits().max_texture_dimension_2d;
        if width == 0 || height == 0 || width > limit || height > limit {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = state.tiles.resize(width, height) || state.texture.is_none();
        if is_new {
            // The texture begins transparent, as the image does.
            state.texture = Some(self.texture(width, height));
            state.changes.clear();
        }
        let all = Area { x: 0, y: 0, width, height };
        let changed = state.tiles.take(image, stride, if is_new { all } else { damage });
        if changed.is_empty() && !is_new {
            return;
        }
        state.generation += 1;
        state.uploads.frames += 1;
        for area in &changed {
            self.upload(&mut state, *area);
        }
        let generation = state.generation;
        state.changes.push_back((generation, if is_new { vec![all] } else { changed }));
        if state.changes.len() > CHANGES_KEPT {
            state.changes.pop_front();
        }
        drop(state);
        (self.on_frame)();
    }

    fn upload(&self, state: &mut State, area: Area) {
        let Some(texture) = &state.texture else { return };
        let row = state.tiles.size().0 as usize * 4;
        let start = area.y as usize * row + area.x as usize * 4;
        let Some(pixels) = state.tiles.pixels().get(start..) else { return };
        self.gpu.queue.write_texture(
            wgpu::TexelCopyTextureInfo {
                texture,
                mip_level: 0,
                origin: wgpu::Origin3d { x: area.x, y: area.y, z: 0 },
                aspect: wgpu::TextureAspect::All,
            },
            pixels,
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row as u32), rows_per_image: None },
            wgpu::Extent3d { width: area.width, height: area.height, depth_or_array_layers: 1 },
        );
        state.uploads.areas += 1;
        state.uploads.bytes += u64::from(area.width) * u64::from(area.height) * 4;
    }

    fn texture(&self, width: u32, height: u32) -> wgpu::Texture {
        self.gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("panel"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            // The bytes of cairo's ARGB32 on a little-endian machine. Not an sRGB format: frames are composed in the encoded space.
            format: wgpu::TextureFormat::Bgra8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        })
    }
}

impl Panel for PanelPixels {
    fn composition(&self) -> Composition {
        Composition::Texture
    }

    fn latest(&self) -> Option<PanelFrame> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let texture = state.texture.clone()?;
        let since = state.changes.front().map_or(state.generation, |(generation, _)| generation - 1);
        let changes = state.changes.iter().flat_map(|(_, areas)| areas.iter().copied()).collect();
        Some(PanelFrame { texture, generation: state.generation, since, changes })
    }

    fn uploads(&self) -> Uploads {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).uploads
    }

    fn covers(&self, x: u32, y: u32) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).tiles.alpha(x, y) != 0
    }
}
