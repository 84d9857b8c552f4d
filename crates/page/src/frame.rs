//! A painted page.

use wasm_engine_gpu::FrameGuard;

/// How frames get from OpenGL, with which Servo paints, to wgpu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FramePath {
    /// Shared if the machine can, through the CPU otherwise.
    #[default]
    Auto,
    /// In shared memory of the GPU: one copy on the GPU, none through the CPU.
    Shared,
    /// Read back to the CPU and uploaded again: works everywhere, costs two copies and a wait.
    Cpu,
}

/// A painted page, as a texture.
///
/// Keep a clone of [`guard`](Self::guard) until the GPU has finished every submission that reads the texture (move it into
/// [`wgpu::Queue::on_submitted_work_done`]); without it the page paints the next frame over this one.
#[derive(Debug, Clone)]
pub struct PageFrame {
    /// RGBA8, the lowest row first, alpha premultiplied, colours encoded as sRGB although the format says plain `Unorm`: blending in
    /// that encoding is what browsers do. To be sampled and copied from, never written.
    pub texture: wgpu::Texture,
    /// Keeps the texture's contents.
    pub guard: FrameGuard,
    /// Counts the frames of the page, from 1.
    pub generation: u64,
    /// Width and height in device pixels.
    pub size: (u32, u32),
    /// Device pixels per CSS pixel when the frame was painted.
    pub scale: f32,
    /// When painting began, in nanoseconds of [`now_nanos`](wasm_engine_telemetry::now_nanos): the stage
    /// [`PageStart`](wasm_engine_telemetry::Stage::PageStart) of the frame that shows this one first.
    ///
    /// The page takes no tokens itself: it paints at its own pace, and not every one of its frames reaches the glass.
    pub painting_began: u64,
    /// When the frame was ready: the stage [`PageEnd`](wasm_engine_telemetry::Stage::PageEnd).
    pub ready: u64,
}
