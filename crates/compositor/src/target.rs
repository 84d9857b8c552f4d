//! What frames are drawn into: the framebuffer that stays from frame to frame, and the clock of submissions.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::error::SizeError;
use crate::limits::CALLBACK_TIMEOUT;
use crate::pipelines::FRAME_FORMAT;

/// The framebuffer: premultiplied, sRGB-encoded, kept from frame to frame so that only damage is drawn.
pub(crate) struct Framebuffer {
    pub(crate) texture: wgpu::Texture,
    pub(crate) view: wgpu::TextureView,
    pub(crate) size: (u32, u32),
}

impl Framebuffer {
    pub(crate) fn new(device: &wgpu::Device, size: (u32, u32)) -> Self {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("frame"),
            size: wgpu::Extent3d { width: size.0, height: size.1, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: FRAME_FORMAT,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT
                | wgpu::TextureUsages::COPY_SRC
                | wgpu::TextureUsages::COPY_DST
                | wgpu::TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        Self { texture, view, size }
    }
}

/// A pass that draws onto `view`, and keeps what it has drawn.
pub(crate) fn pass<'a>(
    encoder: &'a mut wgpu::CommandEncoder,
    label: &str,
    view: &wgpu::TextureView,
    load: wgpu::LoadOp<wgpu::Color>,
) -> wgpu::RenderPass<'a> {
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some(label),
        color_attachments: &[Some(wgpu::RenderPassColorAttachment {
            view,
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations { load, store: wgpu::StoreOp::Store },
        })],
        ..Default::default()
    })
}

/// A size that a framebuffer can have. None for a side of 0: there is nothing to draw then (a minimized window).
pub(crate) fn checked_size(device: &wgpu::Device, size: (u32, u32)) -> Result<Option<(u32, u32)>, SizeError> {
    let limit = device.limits().max_texture_dimension_2d;
    if size.0 > limit || size.1 > limit {
        return Err(SizeError { width: size.0, height: size.1, limit });
    }
    Ok((size.0 > 0 && size.1 > 0).then_some(size))
}

/// Numbers submissions, knows which the GPU has finished, and keeps what they need until then.
#[derive(Default)]
pub(crate) struct Timeline {
    submitted: u64,
    finished: Arc<AtomicU64>,
    held: VecDeque<(u64, Arc<dyn Any + Send + Sync>)>,
}

impl Timeline {
    /// The last submission the GPU has finished, as of the last poll.
    pub(crate) fn finished(&self) -> u64 {
        self.finished.load(Ordering::Acquire)
    }

    /// Submissions the GPU has yet to finish.
    pub(crate) fn in_flight(&self) -> u64 {
        self.submitted.saturating_sub(self.finished())
    }

    /// Looks, without waiting, what the GPU has finished, and lets go of what only that needed.
    pub(crate) fn poll(&mut self, device: &wgpu::Device) {
        if self.in_flight() > 0 {
            // An error here means a lost device, which its health tells.
            let _ = device.poll(wgpu::PollType::Poll);
        }
        self.release();
    }

    /// Waits until the GPU has finished everything. For ends and tests, never within a frame.
    pub(crate) fn wait(&mut self, device: &wgpu::Device) {
        let _ = device.poll(wgpu::PollType::wait_indefinitely());
        // Another thread that polls the device may have taken our callbacks along, and be about to call them.
        let start = Instant::now();
        while self.in_flight() > 0 && start.elapsed() < CALLBACK_TIMEOUT {
            std::thread::yield_now();
        }
        self.release();
    }

    fn release(&mut self) {
        let finished = self.finished();
        while self.held.front().is_some_and(|(serial, _)| *serial <= finished) {
            self.held.pop_front();
        }
    }

    /// Keeps `what` until the GPU has finished submission `serial`.
    pub(crate) fn hold(&mut self, serial: u64, what: Arc<dyn Any + Send + Sync>) {
        self.held.push_back((serial, what));
    }

    /// Submits and returns the submission's number.
    pub(crate) fn submit(&mut self, queue: &wgpu::Queue, commands: wgpu::CommandBuffer) -> u64 {
        self.submitted += 1;
        let serial = self.submitted;
        let finished = Arc::clone(&self.finished);
        queue.submit([commands]);
        queue.on_submitted_work_done(move || {
            finished.fetch_max(serial, Ordering::Release);
        });
        serial
    }
}
