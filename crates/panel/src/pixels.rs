//! A panel's pixels on their way from the webview's thread to the GPU.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasm_engine_gpu::Gpu;

use crate::staging::{Staged, StagingPool};
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
    /// `changes` has all that changed after the frame of this generation.
    pub since: u64,
    /// What changed, each with the generation by which it did.
    pub changes: Vec<(u64, Area)>,
}

/// Rectangles of one upload: of more, the whole panel is uploaded.
const AREAS_AT_ONCE: usize = 256;

/// One part in so many of what a panel shows is much: more than a card loses at its edge, less than a row of buttons.
const MUCH: usize = 64;

/// What was uploaded, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uploads {
    /// Submissions to the GPU, each for what had changed since the one before.
    pub frames: u64,
    /// Rectangles of tiles.
    pub areas: u64,
    /// Bytes.
    pub bytes: u64,
}

/// The newest pixels of a panel. The webview's thread hands them in, the compositor's takes them as a texture; neither ever waits for work of the other.
pub struct PanelPixels {
    gpu: Arc<Gpu>,
    /// Called after each frame in which something was different.
    on_frame: Box<dyn Fn() + Send + Sync>,
    /// The newest image, and a lock of the webview's thread alone.
    tiles: Mutex<Tiles>,
    /// What is handed over. Locked only for as long as that takes.
    state: Mutex<State>,
    staging: StagingPool,
}

#[derive(Default)]
struct State {
    texture: Option<wgpu::Texture>,
    generation: u64,
    /// The newest changes, oldest first, each with the generation that it made.
    changes: VecDeque<(u64, Vec<Area>)>,
    /// What the texture does not have yet.
    pending: Option<Staged>,
    uploads: Uploads,
}

impl PanelPixels {
    /// No pixels yet. `on_frame` is called on the thread that hands them in.
    pub fn new(gpu: Arc<Gpu>, on_frame: impl Fn() + Send + Sync + 'static) -> Self {
        let staging = StagingPool::default();
        Self { gpu, on_frame: Box::new(on_frame), tiles: Mutex::default(), state: Mutex::default(), staging }
    }

    /// Hands in what the webview has drawn: BGRA, premultiplied, rows `stride` bytes apart, different from the image before only within `damage`.
    pub fn draw(&self, (width, height): (u32, u32), image: &[u8], stride: usize, damage: Area) {
        let limit = self.gpu.device.limits().max_texture_dimension_2d;
        if width == 0 || height == 0 || width > limit || height > limit || self.gpu.health.is_lost() {
            return;
        }
        let mut tiles = lock(&self.tiles);
        // The texture begins transparent, as the image does.
        let texture = tiles.resize(width, height).then(|| self.texture(width, height));
        let all = Area { x: 0, y: 0, width, height };
        let mut changed = tiles.take(image, stride, if texture.is_some() { all } else { damage });
        if changed.is_empty() && texture.is_none() {
            return;
        }
        // What the compositor has not taken yet goes along with what is new: there is never more than one upload to come.
        let pending = lock(&self.state).pending.as_ref().map(|staged| staged.areas().to_vec());
        let mut areas = pending.filter(|_| texture.is_none()).unwrap_or_default();
        for area in &changed {
            if !areas.contains(area) {
                areas.push(*area);
            }
        }
        if areas.len() > AREAS_AT_ONCE {
            areas = vec![all];
        }
        let staged = (!areas.is_empty()).then(|| self.staging.stage(&self.gpu, &tiles, areas));
        drop(tiles);
        if texture.is_some() {
            changed = vec![all];
        }
        self.hand_over(texture, changed, staged);
        (self.on_frame)();
    }

    /// Whether much of what is shown, and lies within an image of this size, would show nothing with it.
    pub fn would_lose_much(&self, (width, height): (u32, u32), image: &[u8], stride: usize) -> bool {
        let (shown, lost) = lock(&self.tiles).compare_cover((width, height), image, stride);
        lost > shown / MUCH
    }

    fn hand_over(&self, texture: Option<wgpu::Texture>, changed: Vec<Area>, staged: Option<Staged>) {
        let mut state = lock(&self.state);
        if texture.is_some() {
            state.texture = texture;
            state.changes.clear();
        }
        state.generation += 1;
        let generation = state.generation;
        state.changes.push_back((generation, changed));
        if state.changes.len() > CHANGES_KEPT {
            state.changes.pop_front();
        }
        let passed = std::mem::replace(&mut state.pending, staged);
        drop(state);
        if let Some(passed) = passed {
            self.staging.give_back(passed);
        }
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

    fn newer(&self, than: u64) -> Option<PanelFrame> {
        let mut state = lock(&self.state);
        if state.generation <= than {
            return None;
        }
        let (texture, generation) = (state.texture.clone()?, state.generation);
        let staged = state.pending.take();
        if let Some(staged) = &staged {
            state.uploads.frames += 1;
            state.uploads.areas += staged.areas().len() as u64;
            state.uploads.bytes += staged.areas().iter().map(Area::bytes).sum::<u64>();
        }
        let since = state.changes.front().map_or(generation, |(first, _)| first - 1);
        // Also those up to `than`: it was taken, which does not mean that it was shown.
        let changes = state.changes.iter().flat_map(|(change, areas)| areas.iter().map(|area| (*change, *area))).collect();
        drop(state);
        if let Some(staged) = staged {
            self.staging.upload(&self.gpu, &texture, staged);
        }
        Some(PanelFrame { texture, generation, since, changes })
    }

    fn uploads(&self) -> Uploads {
        lock(&self.state).uploads
    }

    fn covers(&self, x: u32, y: u32) -> bool {
        lock(&self.tiles).alpha(x, y) != 0
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
