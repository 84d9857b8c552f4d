//! Where Servo paints: a framebuffer of our own in an OpenGL context without a window.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use dpi::PhysicalSize;
use euclid::default::Size2D;
use servo::{DeviceIntRect, RefreshDriver, RenderingContext, RgbaImage};
use wasm_engine_gpu::import::gl::{GlContext, GlError, GlFrame};
use wasm_engine_telemetry::Counter;

use super::pacer::Pacer;
use crate::page::Shared;

/// Servo's rendering context. The frames are taken from it with [`with_frame`](Self::with_frame) after each painting; Servo's own
/// notion of presenting is not used.
pub(super) struct SharedFrameContext {
    gl: Rc<GlContext>,
    frame: RefCell<GlFrame>,
    pacer: Rc<Pacer>,
    shared: Arc<Shared>,
}

impl SharedFrameContext {
    pub(super) fn new(gl: &Rc<GlContext>, size: (u32, u32), pacer: &Rc<Pacer>, shared: &Arc<Shared>) -> Result<Self, GlError> {
        let frame = GlFrame::new(gl, size)?;
        Ok(Self { gl: Rc::clone(gl), frame: RefCell::new(frame), pacer: Rc::clone(pacer), shared: Arc::clone(shared) })
    }

    /// Width and height in device pixels.
    pub(super) fn frame_size(&self) -> (u32, u32) {
        self.frame.borrow().size()
    }

    /// Lets `with` look at what is painted.
    pub(super) fn with_frame<T>(&self, with: impl FnOnce(&GlFrame) -> T) -> T {
        with(&self.frame.borrow())
    }
}

impl RenderingContext for SharedFrameContext {
    fn prepare_for_rendering(&self) {
        self.frame.borrow().bind();
    }

    /// Servo asks for this for screenshots only; it is counted like every read-back.
    fn read_to_image(&self, rectangle: DeviceIntRect) -> Option<RgbaImage> {
        let side = |value: i32| u32::try_from(value).ok();
        let origin = (side(rectangle.min.x)?, side(rectangle.min.y)?);
        let size = (side(rectangle.width())?, side(rectangle.height())?);
        self.shared.telemetry.add(Counter::ReadBacks, 1);
        let mut pixels = Vec::new();
        if !self.frame.borrow().read(origin, size, &mut pixels) {
            return None;
        }
        RgbaImage::from_raw(size.0, size.1, pixels)
    }

    fn size(&self) -> PhysicalSize<u32> {
        let (width, height) = self.frame_size();
        PhysicalSize::new(width, height)
    }

    fn resize(&self, size: PhysicalSize<u32>) {
        match GlFrame::new(&self.gl, (size.width, size.height)) {
            Ok(frame) => {
                let before = self.frame.replace(frame);
                drop(before);
            }
            // The page keeps its old size: smaller than wanted, but alive.
            Err(error) => tracing::error!(code = error.code(), "the page cannot be resized: {error}"),
        }
    }

    fn present(&self) {}

    fn make_current(&self) -> Result<(), surfman::Error> {
        self.gl.make_current()
    }

    fn gleam_gl_api(&self) -> Rc<dyn gleam::gl::Gl> {
        self.gl.gleam()
    }

    fn glow_gl_api(&self) -> Arc<glow::Context> {
        self.gl.glow()
    }

    fn create_texture(&self, surface: surfman::Surface) -> Option<(surfman::SurfaceTexture, u32, Size2D<i32>)> {
        self.gl.create_texture(surface)
    }

    fn destroy_texture(&self, texture: surfman::SurfaceTexture) -> Option<surfman::Surface> {
        self.gl.destroy_texture(texture)
    }

    fn connection(&self) -> Option<surfman::Connection> {
        Some(self.gl.connection())
    }

    fn refresh_driver(&self) -> Option<Rc<dyn RefreshDriver>> {
        Some(Rc::clone(&self.pacer) as Rc<dyn RefreshDriver>)
    }
}
