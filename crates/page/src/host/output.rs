//! From a painted framebuffer to a published frame, by one of two ways.

use std::rc::Rc;
use std::sync::Arc;

use wasm_engine_gpu::import::gl::{GlContext, GlFrame};
use wasm_engine_gpu::import::ring::SharedRing;
use wasm_engine_gpu::{FrameGuard, Gpu, OnFree};
use wasm_engine_telemetry::{Counter, now_nanos};

use super::upload::UploadRing;
use crate::error::PageError;
use crate::frame::{FramePath, PageFrame};
use crate::limits::FENCE_SLICE;
use crate::page::Shared;

/// What travels with a frame from its painting to its publishing.
pub(super) struct Stamp {
    pub(super) started: u64,
    pub(super) scale: f32,
}

enum Route {
    Shared(SharedRing<Stamp>),
    Cpu(UploadRing),
}

impl Route {
    fn size(&self) -> (u32, u32) {
        match self {
            Self::Shared(ring) => ring.size(),
            Self::Cpu(ring) => ring.size(),
        }
    }
}

/// The way of the frames out.
pub(super) struct Output {
    route: Route,
    /// Why frames are not to be shared, if they are not.
    unshared: Option<String>,
    generation: u64,
    on_free: OnFree,
    gpu: Arc<Gpu>,
    gl: Rc<GlContext>,
    shared: Arc<Shared>,
}

impl Output {
    /// Chooses the way and makes the ring for frames of `size`.
    pub(super) fn new(
        gpu: &Arc<Gpu>,
        gl: &Rc<GlContext>,
        shared: &Arc<Shared>,
        wanted: FramePath,
        size: (u32, u32),
    ) -> Result<Self, PageError> {
        let waker = Arc::clone(shared);
        let on_free: OnFree = Arc::new(move || waker.mailbox.wake());
        if wanted == FramePath::Shared {
            SharedRing::<Stamp>::supported(gpu, gl)?;
        }
        let route = Route::Cpu(UploadRing::new(gpu, (1, 1), &on_free));
        let unshared = (wanted == FramePath::Cpu).then(|| "asked for".to_owned());
        let mut output =
            Self { route, unshared, generation: 0, on_free, gpu: Arc::clone(gpu), gl: Rc::clone(gl), shared: Arc::clone(shared) };
        output.reopen(size);
        Ok(output)
    }

    /// Whether a frame of `size` painted now would find a slot.
    pub(super) fn can_take(&self, size: (u32, u32)) -> bool {
        self.route.size() != size
            || match &self.route {
                Route::Shared(ring) => ring.has_free_slot(),
                Route::Cpu(ring) => ring.has_free_slot(),
            }
    }

    /// Whether a copy is on its way, so that [`deliver`](Self::deliver) has something to wait for.
    pub(super) fn is_pending(&self) -> bool {
        matches!(&self.route, Route::Shared(ring) if ring.is_pending())
    }

    /// Sends off what is painted.
    pub(super) fn submit(&mut self, frame: &GlFrame, stamp: Stamp) {
        if self.route.size() != frame.size() {
            self.reopen(frame.size());
        }
        let telemetry = &self.shared.telemetry;
        match &mut self.route {
            // A refused frame is lost; `can_take` was asked, so that happens only if OpenGL fails.
            Route::Shared(ring) => {
                if ring.submit(frame, stamp).is_ok() {
                    telemetry.add(Counter::PageBlits, 1);
                }
            }
            Route::Cpu(ring) => {
                if let Some((texture, guard)) = ring.upload(&self.gpu, telemetry, frame) {
                    telemetry.add(Counter::PageFramesCpu, 1);
                    self.publish(texture, guard, &stamp);
                }
            }
        }
    }

    /// Publishes what is ready, after waiting a little for it. Whether a frame was lost: it is to be submitted again.
    pub(super) fn deliver(&mut self) -> bool {
        let Route::Shared(ring) = &mut self.route else { return false };
        match ring.poll(FENCE_SLICE) {
            Ok(None) => {}
            Ok(Some(ready)) => {
                self.shared.telemetry.add(Counter::PageFramesShared, 1);
                self.publish(ready.texture, ready.guard, &ready.stamp);
            }
            Err(error) => {
                tracing::error!(code = error.code(), "a frame of the page is lost: {error}");
                let size = ring.size();
                self.unshared = Some(error.to_string());
                self.reopen(size);
                return true;
            }
        }
        false
    }

    fn publish(&mut self, texture: wgpu::Texture, guard: FrameGuard, stamp: &Stamp) {
        self.generation += 1;
        self.shared.publish(PageFrame {
            size: (texture.width(), texture.height()),
            texture,
            guard,
            generation: self.generation,
            scale: stamp.scale,
            painting_began: stamp.started,
            ready: now_nanos(),
        });
    }

    /// A ring for a new size. A machine that can share may still be unable to share this size; the CPU takes over then.
    fn reopen(&mut self, size: (u32, u32)) {
        let ring = match &self.unshared {
            Some(reason) => Err(reason.clone()),
            None => SharedRing::new(&self.gpu, &self.gl, size, &self.on_free).map_err(|error| error.to_string()),
        };
        self.route = match ring {
            Ok(ring) => {
                tracing::debug!(?size, "page frames are shared with the GPU");
                self.shared.set_path(FramePath::Shared, None);
                Route::Shared(ring)
            }
            Err(reason) => {
                tracing::info!(?size, "page frames go through the CPU: {reason}");
                self.shared.set_path(FramePath::Cpu, Some(reason));
                Route::Cpu(UploadRing::new(&self.gpu, size, &self.on_free))
            }
        };
    }
}
