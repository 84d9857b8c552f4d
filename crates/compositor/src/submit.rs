//! Stage four, and the only file that talks to the queue during a frame: the recording as one submission.

use crate::Compositor;
use crate::collect::{Collected, Source};
use crate::record::{Command, LayerDraw, Recording};
use crate::target;
use crate::uniforms::Place;
use wasm_engine_telemetry::Counter;

impl Compositor {
    /// Encodes and submits the frame: meshes' pictures, the frame's own pass, copies for captures, and the window's image.
    pub(crate) fn submit(&mut self, collected: &Collected, recording: &Recording, window: Option<&wgpu::SurfaceTexture>) {
        let device = &self.gpu.device;
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("frame") });
        for (index, binding) in &recording.pictures {
            self.encode_picture(&mut encoder, *index, binding);
        }
        self.encode_backdrop(&mut encoder, recording);
        if recording.clear.is_some() || !recording.commands.is_empty() {
            self.encode_frame(&mut encoder, recording);
        }
        if let Some(frame) = &self.frame {
            let captured = self.captures.record(device, &mut encoder, &frame.texture);
            self.telemetry.add(Counter::Captures, captured);
            if let (Some(image), Some(window)) = (window, &mut self.window) {
                window.encode(device, &mut encoder, frame, image);
            }
        }
        let serial = self.timeline.submit(&self.gpu.queue, encoder.finish());
        self.telemetry.add(Counter::GpuSubmissions, 1);
        self.captures.submitted();
        recording.reads.iter().for_each(|buffer| self.buffers.used(*buffer, serial));
        for (source, draw) in collected.sources.iter().zip(&recording.draws) {
            if let (Source::Texture { layer, .. }, Some(_)) = (source, draw) {
                layer.hold.iter().for_each(|hold| self.timeline.hold(serial, hold.clone()));
            }
        }
    }

    /// Draws the background onto one pixel of a frame that shows nothing yet.
    pub(crate) fn submit_pixel(&mut self) {
        let Some(frame) = &self.frame else { return };
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("pixel") });
        let mut pass = target::pass(&mut encoder, "pixel", &frame.view, wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT));
        pass.set_pipeline(&self.pipelines.background);
        pass.set_bind_group(0, &self.uniforms.binding, &[Place::BACKGROUND.offset()]);
        pass.set_scissor_rect(0, 0, 1, 1);
        pass.draw(0..3, 0..1);
        drop(pass);
        self.timeline.submit(&self.gpu.queue, encoder.finish());
        self.telemetry.add(Counter::GpuSubmissions, 1);
    }

    fn encode_picture(&self, encoder: &mut wgpu::CommandEncoder, index: usize, binding: &wgpu::BindGroup) {
        let surface = &self.surfaces[index];
        let Some(picture) = &surface.picture else { return };
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("mesh"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &picture.samples,
                depth_slice: None,
                resolve_target: Some(&picture.view),
                ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT), store: wgpu::StoreOp::Discard },
            })],
            depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                view: &picture.depth,
                depth_ops: Some(wgpu::Operations { load: wgpu::LoadOp::Clear(1.0), store: wgpu::StoreOp::Discard }),
                stencil_ops: None,
            }),
            ..Default::default()
        });
        pass.set_pipeline(&surface.pipelines[0]);
        pass.set_bind_group(0, &self.uniforms.binding, &[Place::picture(index).offset()]);
        pass.set_bind_group(1, binding, &[]);
        pass.draw(0..surface.vertices(), 0..1);
    }

    fn encode_backdrop(&self, encoder: &mut wgpu::CommandEncoder, recording: &Recording) {
        let (Some(frame), Some(backdrop)) = (&self.frame, &self.backdrop) else { return };
        if recording.backdrop_is_new {
            let mut pass = backdrop.begin(encoder);
            pass.set_pipeline(&self.pipelines.background);
            pass.set_bind_group(0, &self.uniforms.binding, &[Place::BACKGROUND.offset()]);
            pass.draw(0..3, 0..1);
        }
        recording.backdrop.iter().for_each(|part| backdrop.copy(encoder, &frame.texture, part));
    }

    fn encode_frame(&self, encoder: &mut wgpu::CommandEncoder, recording: &Recording) {
        let Some(frame) = &self.frame else { return };
        // What is not damaged stays; what is damaged begins with the background, which replaces.
        let load = recording.clear.map_or(wgpu::LoadOp::Load, wgpu::LoadOp::Clear);
        let mut pass = target::pass(encoder, "frame", &frame.view, load);
        for command in &recording.commands {
            match command {
                Command::Scissor(area) => pass.set_scissor_rect(area.x, area.y, area.width, area.height),
                Command::Draw(layer) => {
                    if let Some(draw) = &recording.draws[*layer] {
                        self.encode_draw(&mut pass, draw);
                    }
                }
            }
        }
    }

    fn encode_draw(&self, pass: &mut wgpu::RenderPass<'_>, draw: &LayerDraw) {
        pass.set_pipeline(&draw.pipeline);
        pass.set_bind_group(0, &self.uniforms.binding, &[draw.place.offset()]);
        if let Some(binding) = &draw.binding {
            pass.set_bind_group(1, binding, &[]);
        }
        if draw.place == Place::HUD {
            pass.set_vertex_buffer(0, self.hud.instances.slice(..));
        }
        pass.draw(0..draw.vertices, 0..draw.instances);
    }
}
