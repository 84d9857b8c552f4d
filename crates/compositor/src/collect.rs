//! Stage one: the newest of everything. Buffers' contents, the layout, the page, the HUD → the layers of this frame.

use crate::layers::Placement;
use crate::layers::texture::TextureLayer;
use crate::plan::{LayerKey, LayerState, Scene};
use crate::rect::Rect;
use crate::uniforms::Place;
use crate::{Compositor, FrameInput};

/// Where a layer's pixels come from.
pub(crate) enum Source {
    Background,
    Surface { index: usize, place: Placement },
    Texture { place: Place, layer: TextureLayer },
    Hud,
}

/// The layers of a frame.
pub(crate) struct Collected {
    pub(crate) scene: Scene,
    /// One per layer of the scene.
    pub(crate) sources: Vec<Source>,
    /// True when something newer could not be taken, since the GPU still reads what it would replace.
    pub(crate) waiting: bool,
}

impl Collected {
    fn push(&mut self, state: LayerState, source: Source) {
        self.scene.layers.push(state);
        self.sources.push(source);
    }
}

impl Compositor {
    /// Collects the frame's layers, bottom to top.
    pub(crate) fn collect(&mut self, input: &FrameInput<'_>, size: (u32, u32)) -> Collected {
        let waiting = self.buffers.collect(self.timeline.finished());
        let mut collected = Collected { scene: Scene { size, layers: Vec::new() }, sources: Vec::new(), waiting };
        collected.push(self.background_state(size), Source::Background);
        let surfaces = self.arranged(input, size);
        let (above, below): (Vec<_>, Vec<_>) = surfaces.into_iter().partition(|(index, _)| self.surfaces[*index].above);
        below.into_iter().for_each(|(index, place)| self.collect_surface(&mut collected, index, place));
        if let Some(page) = input.page {
            collect_texture(&mut collected, LayerKey::Page, Place::PAGE, page);
        }
        above.into_iter().for_each(|(index, place)| self.collect_surface(&mut collected, index, place));
        if let Some(panel) = input.panel {
            collect_texture(&mut collected, LayerKey::Panel, Place::PANEL, panel);
        }
        if let Some(data) = input.hud {
            let bounds = self.hud.lay_out(data, size);
            collected.push(state(LayerKey::Hud, bounds, data.generation), Source::Hud);
        }
        collected
    }

    /// The surfaces that the layout places, the hindmost first. The first rectangle of a surface counts.
    fn arranged(&self, input: &FrameInput<'_>, size: (u32, u32)) -> Vec<(usize, Placement)> {
        let mut placed = vec![None; self.surfaces.len()];
        for rect in input.layout.iter().filter_map(|rect| rect.checked()) {
            if let Some(slot @ None) = placed.get_mut(rect.surface as usize) {
                *slot = Some((rect.z, Placement::of(&rect, self.scale, size)));
            }
        }
        let mut order: Vec<_> = placed.into_iter().enumerate().filter_map(|(index, place)| Some((index, place?))).collect();
        order.sort_by(|(_, (a, _)), (_, (b, _))| a.total_cmp(b));
        order.into_iter().map(|(index, (_, place))| (index, place)).collect()
    }

    fn collect_surface(&mut self, collected: &mut Collected, index: usize, place: Placement) {
        let surface = &mut self.surfaces[index];
        let content = surface.content(&self.buffers);
        // Nothing was published yet: there is nothing to show.
        let bounds = if content == 0 { Rect::default() } else { place.bounds };
        surface.measure(&self.buffers, content);
        let state = LayerState {
            look: place.look(),
            opaque: surface.resolved.opaque && place.opacity >= 1.0 && !place.needs_edges(),
            ..state(LayerKey::Surface(index as u32), bounds, content)
        };
        collected.push(state, Source::Surface { index, place });
    }

    fn background_state(&self, size: (u32, u32)) -> LayerState {
        let mut look = [0; 16];
        let record = self.background.record(size);
        let numbers = record.start.iter().chain(&record.end).chain(&record.axis);
        look.iter_mut().zip(numbers).for_each(|(bits, number)| *bits = number.to_bits());
        // It replaces what is below, whatever its alpha.
        LayerState { look, opaque: true, ..state(LayerKey::Background, Rect::of_size(size), 1) }
    }
}

fn collect_texture(collected: &mut Collected, key: LayerKey, place: Place, layer: &TextureLayer) {
    let (x, y) = (layer.origin.0 as f32, layer.origin.1 as f32);
    let (width, height) = (layer.texture.width(), layer.texture.height());
    let bounds = Rect::touched(x, y, width as f32, height as f32, collected.scene.size);
    let mut look = [0; 16];
    look[..4].copy_from_slice(&[layer.origin.0 as u32, layer.origin.1 as u32, width, height]);
    let state = LayerState { look, change: layer.change.clone(), ..state(key, bounds, layer.generation) };
    collected.push(state, Source::Texture { place, layer: layer.clone() });
}

fn state(key: LayerKey, bounds: Rect, content: u64) -> LayerState {
    LayerState { key, bounds, content, look: [0; 16], opaque: false, change: None }
}
