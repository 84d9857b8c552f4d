//! Stage three: the plan → commands, and everything they refer to, brought up to date.

use crate::background::Backdrop;
use crate::collect::{Collected, Source};
use crate::layers::texture::{self, Rows};
use crate::layers::{mesh, plain_record};
use crate::pipelines::FRAME_FORMAT;
use crate::plan::{Part, Plan, Scene};
use crate::rect::Rect;
use crate::uniforms::Place;
use crate::{Compositor, FrameInput};

/// The background is the lowest layer of every scene.
const BACKGROUND: usize = 0;

/// A step of a frame's pass.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum Command {
    /// Draw only within these pixels from now on.
    Scissor(Rect),
    /// Draw the layer with this index.
    Draw(usize),
}

/// How a layer is drawn.
pub(crate) struct LayerDraw {
    pub(crate) pipeline: wgpu::RenderPipeline,
    pub(crate) place: Place,
    /// Data or texture; none for the background.
    pub(crate) binding: Option<wgpu::BindGroup>,
    pub(crate) vertices: u32,
    pub(crate) instances: u32,
}

/// A frame, ready to be submitted.
pub(crate) struct Recording {
    /// Surfaces whose meshes must be drawn into their pictures first, with their data.
    pub(crate) pictures: Vec<(usize, wgpu::BindGroup)>,
    pub(crate) commands: Vec<Command>,
    /// The color to begin with, when all of the frame is drawn over one.
    pub(crate) clear: Option<wgpu::Color>,
    /// Where the frame begins with the backdrop, and whether that must be drawn first.
    pub(crate) backdrop: Vec<Rect>,
    pub(crate) backdrop_is_new: bool,
    /// The smallest rectangle around what is redrawn.
    pub(crate) window: Rect,
    /// One per layer of the scene; none for those no part shows.
    pub(crate) draws: Vec<Option<LayerDraw>>,
    /// Buffers that the commands read.
    pub(crate) reads: Vec<usize>,
}

/// The plan as commands. Pure.
pub(crate) fn commands(scene: &Scene, parts: &[Part]) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut scissor = None;
    for part in parts {
        for layer in &part.layers {
            let area = scene.layers[*layer].bounds.intersection(&part.area);
            if scissor != Some(area) {
                scissor = Some(area);
                commands.push(Command::Scissor(area));
            }
            commands.push(Command::Draw(*layer));
        }
    }
    commands
}

impl Compositor {
    /// Records the frame: fills in the records of the layers that will be drawn, queues what must be copied, finds bindings.
    pub(crate) fn record(&mut self, input: &FrameInput<'_>, collected: &Collected, plan: &Plan) -> Recording {
        let parts = match plan {
            Plan::Nothing => &[][..],
            Plan::Draw(parts) => parts,
        };
        let mut recording = Recording {
            pictures: Vec::new(),
            commands: commands(&collected.scene, parts),
            clear: None,
            backdrop: Vec::new(),
            backdrop_is_new: false,
            window: plan.damage().unwrap_or_default(),
            draws: Vec::new(),
            reads: Vec::new(),
        };
        if let Some(color) = self.background.plain().filter(|_| recording.window == Rect::of_size(collected.scene.size) && parts.len() == 1)
        {
            // Clearing is far cheaper than drawing. What an opaque layer hides is cleared in vain, which costs next to nothing.
            recording.clear = Some(color);
            recording.commands.retain(|command| *command != Command::Draw(BACKGROUND));
        }
        if self.background.plain().is_none() {
            self.record_backdrop(&collected.scene, parts, &mut recording);
        }
        for (layer, source) in collected.sources.iter().enumerate() {
            let shown = parts.iter().any(|part| part.layers.contains(&layer));
            let draw = shown.then(|| self.record_layer(input, collected, layer, source, &mut recording));
            recording.draws.push(draw.flatten());
        }
        self.uniforms.flush(&self.gpu.queue, &self.telemetry);
        recording
    }

    /// A gradient comes from a picture of it. Parts do not overlap and the background is the lowest layer, so it can be copied before anything is drawn.
    fn record_backdrop(&mut self, scene: &Scene, parts: &[Part], recording: &mut Recording) {
        recording.commands.retain(|command| *command != Command::Draw(BACKGROUND));
        recording.backdrop.extend(parts.iter().filter(|part| part.layers.contains(&BACKGROUND)).map(|part| part.area));
        let record = self.background.record(scene.size);
        let is_shown = self.backdrop.as_ref().is_some_and(|backdrop| backdrop.shows(scene.size, &record));
        if !is_shown && !recording.backdrop.is_empty() {
            self.backdrop = Some(Backdrop::new(&self.gpu.device, scene.size, record));
            recording.backdrop_is_new = true;
        }
    }

    fn record_layer(
        &mut self,
        input: &FrameInput<'_>,
        collected: &Collected,
        layer: usize,
        source: &Source,
        recording: &mut Recording,
    ) -> Option<LayerDraw> {
        let size = collected.scene.size;

        match source {
            Source::Background => {
                self.uniforms.set(Place::BACKGROUND, bytemuck::bytes_of(&self.background.record(size)));
                let pipeline = self.pipelines.background.clone();
                Some(LayerDraw { pipeline, place: Place::BACKGROUND, binding: None, vertices: 3, instances: 1 })
            }
            Source::Texture { place, layer } => {
                let mut record = plain_record(size);
                record.position = texture::placed(layer.origin, layer.rows, layer.texture.height());
                self.uniforms.set(*place, bytemuck::bytes_of(&record));
                let binding = self.textures.of(&self.gpu.device, &self.pipelines.layouts.texture, &layer.texture);
                let pipeline = self.pipelines.layer.clone();
                Some(LayerDraw { pipeline, place: *place, binding: Some(binding), vertices: 3, instances: 1 })
            }
            Source::Hud => {
                input.hud?;
                self.uniforms.set(Place::HUD, bytemuck::bytes_of(&plain_record(size)));
                self.hud.upload(&self.gpu, &self.telemetry);
                let binding = Some(self.hud.binding.clone());
                let pipeline = self.pipelines.hud.clone();
                Some(LayerDraw { pipeline, place: Place::HUD, binding, vertices: 4, instances: self.hud.count() })
            }
            Source::Surface { index, place } => {
                let state = &collected.scene.layers[layer];
                let drawn = if self.surfaces[*index].is_mesh {
                    self.record_mesh(*index, place, state.bounds, state.content, size, recording)
                } else {
                    self.record_surface(*index, place, size, recording)
                };
                Some(drawn).filter(|draw| draw.vertices > 0)
            }
        }
    }

    /// A surface that is drawn straight onto the frame.
    fn record_surface(&mut self, index: usize, place: &crate::layers::Placement, size: (u32, u32), recording: &mut Recording) -> LayerDraw {
        let binding = self.data_binding(index, recording);
        let surface = &self.surfaces[index];
        let mut record = surface.record(place, (0, 0), size);
        let window = recording.window;
        record.window = [window.x, window.y, window.right(), window.bottom()].map(|edge| edge as f32);
        self.uniforms.set(Place::frame(index), bytemuck::bytes_of(&record));
        let (pipeline, vertices) = (surface.pipelines[usize::from(place.needs_edges())].clone(), surface.vertices());
        LayerDraw { pipeline, place: Place::frame(index), binding: Some(binding), vertices, instances: 1 }
    }

    /// A mesh: its picture, drawn anew if it shows something else, and the picture as a layer.
    fn record_mesh(
        &mut self,
        index: usize,
        place: &crate::layers::Placement,
        bounds: Rect,
        content: u64,
        size: (u32, u32),
        recording: &mut Recording,
    ) -> LayerDraw {
        let picture_size = (bounds.width, bounds.height);
        let surface = &mut self.surfaces[index];
        let picture = surface.picture.take().filter(|picture| picture.size == picture_size);
        let mut picture =
            picture.unwrap_or_else(|| mesh::Picture::new(&self.gpu.device, &self.pipelines.layouts.texture, picture_size, FRAME_FORMAT));
        let mut record = surface.record(place, (bounds.x, bounds.y), picture_size);
        // Outline and opacity are the layer's.
        (record.clip, record.clip_radius) = ([0.0; 4], [0.0; 4]);
        (record.opacity, record.radius) = (1.0, 0.0);
        if picture.shows != Some((content, record)) {
            picture.shows = Some((content, record));
            self.uniforms.set(Place::picture(index), bytemuck::bytes_of(&record));
            let binding = self.data_binding(index, recording);
            recording.pictures.push((index, binding));
        }
        let surface = &mut self.surfaces[index];
        let mut layer = surface.record(place, (0, 0), size);
        layer.position = texture::placed((bounds.x.cast_signed(), bounds.y.cast_signed()), Rows::Down, bounds.height);
        self.uniforms.set(Place::frame(index), bytemuck::bytes_of(&layer));
        let binding = Some(picture.binding.clone());
        surface.picture = Some(picture);
        let pipeline = self.pipelines.shaped_layer(&self.gpu.device);
        LayerDraw { pipeline, place: Place::frame(index), binding, vertices: 3, instances: 1 }
    }

    /// The binding of a surface's buffers as they lie now. There are few combinations of slots, so all are kept.
    fn data_binding(&mut self, index: usize, recording: &mut Recording) -> wgpu::BindGroup {
        let indices = self.surfaces[index].resolved.buffers;
        for buffer in indices {
            self.buffers.upload(&self.gpu, &self.telemetry, buffer);
            if !recording.reads.contains(&buffer) {
                recording.reads.push(buffer);
            }
        }
        let slots = indices.map(|buffer| self.buffers.slot(buffer));
        let binding = self.data_bindings.entry((index, slots)).or_insert_with(|| {
            let resource = |i: usize| wgpu::BindGroupEntry { binding: i as u32, resource: self.buffers.binding(indices[i], slots[i]) };
            self.gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(&self.surfaces[index].name),
                layout: &self.pipelines.layouts.data,
                entries: &std::array::from_fn::<_, 4, _>(resource),
            })
        });
        binding.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{LayerKey, LayerState};

    #[test]
    fn scissors_are_the_layer_within_the_part_and_never_repeated() {
        let layer = |key, bounds| LayerState { key, bounds, content: 1, look: [0; 16], opaque: false, change: None };
        let scene = Scene {
            size: (100, 100),
            layers: vec![
                layer(LayerKey::Background, Rect::new(0, 0, 100, 100)),
                layer(LayerKey::Surface(0), Rect::new(10, 10, 10, 10)),
                layer(LayerKey::Page, Rect::new(0, 0, 100, 100)),
            ],
        };
        let parts =
            [Part { area: Rect::new(12, 12, 4, 4), layers: vec![0, 1, 2] }, Part { area: Rect::new(50, 50, 50, 50), layers: vec![0, 2] }];
        let whole = Rect::new(12, 12, 4, 4);
        let expected = [
            Command::Scissor(whole),
            Command::Draw(0),
            Command::Draw(1),
            Command::Draw(2),
            Command::Scissor(Rect::new(50, 50, 50, 50)),
            Command::Draw(0),
            Command::Draw(2),
        ];
        assert_eq!(commands(&scene, &parts), expected);
        let wide = [Part { area: Rect::new(0, 0, 100, 100), layers: vec![0, 1, 2] }];
        assert_eq!(commands(&scene, &wide)[2], Command::Scissor(Rect::new(10, 10, 10, 10)));
    }
}
