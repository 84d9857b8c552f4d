//! Layers into one framebuffer: collect, plan, record, submit, present.
//!
//! In come the exchange buffers that the app's surfaces name, the page's layout of them, the page's texture and the HUD's data; out
//! goes one framebuffer, in a window or off screen. [`Compositor::compose`] runs the five stages, each in the file of its name:
//!
//! * *collect* takes the newest of everything without waiting for anybody. A slow producer costs a stale layer, never a frame.
//! * *plan* finds the rectangles where this frame differs from the last. Where nothing differs, nothing is submitted.
//! * *record* turns the plan into commands, *submit* sends them as one submission, *present* gives the frame to a window.
//!
//! Guests' data are not copied: surfaces' vertices and pixels are read by the shaders where the guests wrote them. A front slot is
//! given back only when the GPU has finished reading it.
//!
//! Colors: the framebuffer holds sRGB-encoded, premultiplied values, and layers are blended in that encoding, as browsers do, so
//! that a surface under a half-transparent page looks as it would inside the page.
#![forbid(unsafe_code)]

mod background;
mod buffers;
mod capture;
mod collect;
mod error;
mod layers;
pub mod limits;
mod matrix;
mod pipelines;
pub mod plan;
mod present;
mod record;
mod rect;
mod shaders;
pub mod spec;
mod submit;
mod target;
mod uniform;
mod uniforms;

use std::collections::HashMap;
use std::sync::Arc;

use wasm_engine_exchange::Region;
use wasm_engine_exchange::layout::SurfaceRect;
use wasm_engine_gpu::Gpu;
use wasm_engine_telemetry::{Counter, Stage, Telemetry, Token, Track};

pub use background::Background;
pub use capture::{CaptureId, Picture};
pub use error::{CaptureError, ComposeError, ConfigureError, SizeError, SurfaceFault};
pub use layers::hud::{HudData, HudFrame, HudRow};
pub use layers::texture::{Rows, TextureLayer};
pub use plan::{PartialChange, Plan};
pub use present::Pace;
pub use rect::Rect;
pub use spec::SurfaceSpec;

/// How to compose.
#[derive(Clone, Debug)]
pub struct CompositorOptions {
    /// Width and height of the frame, pixels.
    pub size: (u32, u32),
    /// Pixels per pixel of the page.
    pub scale: f32,
    /// The lowest layer.
    pub background: Background,
    /// Let the GPU read the exchange's memory in place where it can. Off, every content is copied (and counted): for comparisons.
    pub import: bool,
}

impl Default for CompositorOptions {
    fn default() -> Self {
        Self { size: (1280, 720), scale: 1.0, background: Background::default(), import: true }
    }
}

/// What a frame is made of, beside the surfaces' own contents.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameInput<'a> {
    /// Whose stages `composed` and `presented` to stamp. With [`Token::NONE`] none is stamped, and what is drawn is counted as redrawn: a frame is one with a token.
    pub token: Token,
    /// Where the page has put the surfaces. Rectangles of surfaces that are not there are passed over.
    pub layout: &'a [SurfaceRect],
    /// The page's newest frame.
    pub page: Option<&'a TextureLayer>,
    /// The control panel's newest frame.
    pub panel: Option<&'a TextureLayer>,
    /// What the HUD shows; none hides it.
    pub hud: Option<&'a HudData>,
    /// Redraw everything.
    pub force: bool,
}

/// What became of a frame.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct FrameOutcome {
    /// Pixels were drawn.
    pub drawn: bool,
    /// The smallest rectangle around them.
    pub damage: Option<Rect>,
    /// The frame was given to the window.
    pub presented: bool,
    /// Nothing differs from what was drawn last, so nothing was drawn.
    pub unchanged: bool,
    /// Something newer is there that this frame does not show, since the GPU is not done with the frames before: compose again soon.
    pub behind: bool,
}

/// Draws an app's frames.
pub struct Compositor {
    gpu: Arc<Gpu>,
    telemetry: Telemetry,
    import: bool,
    background: Background,
    /// None while there is nothing to draw to (a side of 0).
    size: Option<(u32, u32)>,
    scale: f32,
    frame: Option<target::Framebuffer>,
    /// The background's picture, while it is a gradient that shows.
    backdrop: Option<background::Backdrop>,
    window: Option<present::Window>,
    /// What the framebuffer shows; none when that is unknown.
    shown: Option<plan::Scene>,
    timeline: target::Timeline,
    pipelines: pipelines::Pipelines,
    uniforms: uniforms::Uniforms,
    buffers: buffers::Buffers,
    surfaces: Vec<layers::Surface>,
    data_bindings: HashMap<(usize, [usize; 4]), wgpu::BindGroup>,
    textures: layers::texture::TextureBindings,
    hud: layers::hud::Hud,
    captures: capture::Captures,
}

impl std::fmt::Debug for Compositor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compositor").field("size", &self.size).field("surfaces", &self.surfaces.len()).finish_non_exhaustive()
    }
}

impl Compositor {
    /// A compositor without surfaces that draws off screen.
    ///
    /// # Errors
    /// When the device cannot have a frame of that size.
    pub fn new(gpu: Arc<Gpu>, telemetry: Telemetry, options: &CompositorOptions) -> Result<Self, SizeError> {
        let size = target::checked_size(&gpu.device, options.size)?;
        let scale = usable_scale(options.scale);
        let pipelines = pipelines::Pipelines::new(&gpu.device);
        let uniforms = uniforms::Uniforms::new(&gpu.device, &pipelines.layouts.records, &color_maps(&gpu));
        let hud = layers::hud::Hud::new(&gpu, &pipelines.layouts.texture, scale);
        Ok(Self {
            telemetry,
            import: options.import,
            background: options.background,
            size,
            scale,
            frame: None,
            backdrop: None,
            window: None,
            shown: None,
            timeline: target::Timeline::default(),
            pipelines,
            uniforms,
            buffers: buffers::Buffers::default(),
            surfaces: Vec::new(),
            data_bindings: HashMap::new(),
            textures: layers::texture::TextureBindings::default(),
            hud,
            captures: capture::Captures::default(),
            gpu,
        })
    }

    /// Takes the app's surfaces, in the order in which the layout numbers them, and claims the buffers they read. Once claimed, a
    /// buffer stays so as long as the compositor lives; all calls must name the same region.
    ///
    /// # Errors
    /// When a surface does not fit its buffers. The surfaces there were stay.
    pub fn set_surfaces(&mut self, region: &Region, specs: &[SurfaceSpec]) -> Result<(), ConfigureError> {
        let mut surfaces: Vec<layers::Surface> = Vec::with_capacity(specs.len());
        for spec in specs {
            let fail = |fault| ConfigureError::new(&spec.name, fault);
            if surfaces.len() == limits::SURFACES_MAX {
                let (found, limit) = (specs.len() as u64, limits::SURFACES_MAX as u64);
                return Err(fail(SurfaceFault::Limit { what: "number of surfaces".to_owned(), found, limit }));
            }
            if surfaces.iter().any(|known| known.name == spec.name) {
                return Err(fail(SurfaceFault::NameTaken));
            }
            let (gpu, buffers) = (&self.gpu, &mut self.buffers);
            let mut resolver = layers::Resolver { gpu, region, buffers, own: &spec.buffer, import: self.import };
            surfaces.push(layers::Surface::resolve(spec, &mut resolver, &mut self.pipelines).map_err(fail)?);
        }
        self.surfaces = surfaces;
        self.data_bindings.clear();
        self.shown = None;
        Ok(())
    }

    /// Presents to a window from now on. The surface must come from the compositor's own instance.
    ///
    /// # Errors
    /// When the device cannot present to it.
    pub fn set_window(&mut self, surface: wgpu::Surface<'static>, pace: Pace) -> Result<(), ComposeError> {
        let size = self.size.unwrap_or((1, 1));
        self.window = Some(present::Window::new(&self.gpu, surface, pace, size).ok_or(ComposeError::SurfaceLost)?);
        Ok(())
    }

    /// Changes size and scale. Nothing is allocated before the next frame, so a storm of resizes is cheap. A side of 0 (a minimized
    /// window) suspends drawing.
    ///
    /// # Errors
    /// When the device cannot have a frame of that size; the one there was stays.
    pub fn resize(&mut self, size: (u32, u32), scale: f32) -> Result<(), SizeError> {
        self.size = target::checked_size(&self.gpu.device, size)?;
        let scale = usable_scale(scale);
        if self.scale != scale {
            self.scale = scale;
            self.hud = layers::hud::Hud::new(&self.gpu, &self.pipelines.layouts.texture, scale);
            self.shown = None;
        }
        if let (Some(window), Some(size)) = (&mut self.window, self.size) {
            window.resize(size);
        }
        Ok(())
    }

    /// Changes the lowest layer.
    pub fn set_background(&mut self, background: Background) {
        self.background = background;
        self.backdrop = None;
    }

    /// Does what would hold up the first frame, while that is waited for: the framebuffer and the window's images are made, and a pixel is drawn that nobody sees, since
    /// drivers compile a part of what they draw with at the first draw.
    pub fn get_ready(&mut self) {
        let Some(size) = self.size else { return };
        self.fit_frame(size);
        if let Some(window) = &mut self.window {
            window.get_ready(&self.gpu);
        }
        self.submit_pixel();
    }

    /// Draws a frame, where it differs from the last one. Never waits for a producer nor for the GPU; with a window, `Fifo` pacing
    /// waits for the display.
    ///
    /// # Errors
    /// When the device or the window is lost.
    pub fn compose(&mut self, input: &FrameInput<'_>) -> Result<FrameOutcome, ComposeError> {
        if self.gpu.health.is_lost() {
            self.captures.give_up();
            return Err(ComposeError::DeviceLost);
        }
        self.timeline.poll(&self.gpu.device);
        let Some(size) = self.size else { return Ok(FrameOutcome::default()) };
        if self.timeline.in_flight() >= limits::FRAMES_IN_FLIGHT_MAX {
            return Ok(FrameOutcome { behind: true, ..FrameOutcome::default() });
        }
        self.fit_frame(size);

        let telemetry = self.telemetry.clone();
        let collected = {
            let _span = telemetry.span("compositor.collect", Track::Render);
            self.collect(input, size)
        };
        let plan = {
            let _span = telemetry.span("compositor.plan", Track::Render);
            plan::plan(self.shown.as_ref(), &collected.scene, input.force)
        };
        let due = self.window.as_ref().is_some_and(|window| window.due);
        if plan == Plan::Nothing && !due && !self.captures.wanted() {
            return Ok(self.undrawn(input.token, collected.waiting));
        }
        self.draw(input, collected, &plan)
    }

    /// The last three stages.
    fn draw(&mut self, input: &FrameInput<'_>, collected: collect::Collected, plan: &Plan) -> Result<FrameOutcome, ComposeError> {
        let telemetry = self.telemetry.clone();
        let drawn = *plan != Plan::Nothing;
        let recording = {
            let _span = telemetry.span("compositor.record", Track::Render);
            self.record(input, &collected, plan)
        };
        let due = drawn || self.window.as_ref().is_some_and(|window| window.due);
        let image = match &mut self.window {
            Some(window) if due => window.image(&self.gpu)?,
            _ => None,
        };
        if !drawn && image.is_none() && !self.captures.wanted() {
            // Only the window was due, and it takes no image now.
            let behind = collected.waiting || self.window.as_ref().is_some_and(present::Window::is_behind);
            return Ok(self.undrawn(input.token, behind));
        }
        {
            let _span = telemetry.span("compositor.submit", Track::Render);
            self.submit(&collected, &recording, image.as_ref());
        }
        if drawn {
            telemetry.stamp(input.token, Stage::Composed);
            telemetry.add(if input.token == Token::NONE { Counter::FramesRedrawn } else { Counter::FramesComposed }, 1);
        }
        let presented = image.is_some();
        if let Some(window) = &mut self.window {
            window.due = due && !presented;
        }
        if let Some(image) = image {
            let _span = telemetry.span("compositor.present", Track::Render);
            self.gpu.queue.present(image);
            // What comes to the window later than it was drawn is not this token's.
            if drawn && input.token != Token::NONE {
                telemetry.stamp(input.token, Stage::Presented);
                telemetry.add(Counter::FramesPresented, 1);
            }
        }
        let behind = collected.waiting || self.window.as_ref().is_some_and(present::Window::is_behind);
        self.shown = Some(collected.scene);
        let outcome = if drawn { FrameOutcome { drawn, behind, ..FrameOutcome::default() } } else { self.undrawn(input.token, behind) };
        Ok(FrameOutcome { damage: plan.damage(), presented, ..outcome })
    }

    /// What becomes of a frame without a difference. Where something newer waits, it is not known yet whether there is none.
    fn undrawn(&self, token: Token, behind: bool) -> FrameOutcome {
        if !behind && token != Token::NONE {
            self.telemetry.add(Counter::FramesSkipped, 1);
        }
        FrameOutcome { unchanged: !behind, behind, ..FrameOutcome::default() }
    }

    /// Makes the framebuffer as large as the frame.
    fn fit_frame(&mut self, size: (u32, u32)) {
        if self.frame.as_ref().is_none_or(|frame| frame.size != size) {
            self.frame = Some(target::Framebuffer::new(&self.gpu.device, size));
            self.shown = None;
            // Rings of the old size will not be seen again.
            self.textures = layers::texture::TextureBindings::default();
        }
    }

    /// Asks for a picture of the next frame composed. A frame is then copied even if nothing in it changed. With the device what was asked for is lost.
    ///
    /// # Errors
    /// When as many captures as there may be are on their way.
    pub fn capture(&mut self) -> Result<CaptureId, CaptureError> {
        self.captures.request()
    }

    /// The oldest picture asked for, if it is ready. Never waits.
    pub fn poll_capture(&mut self) -> Option<(CaptureId, Picture)> {
        if self.captures.on_their_way() {
            let _ = self.gpu.device.poll(wgpu::PollType::Poll);
        }
        self.captures.take()
    }

    /// True while a picture is on its way: its frame was composed, and [`Compositor::poll_capture`] has not given it yet. A lost device gives none.
    pub fn is_capturing(&self) -> bool {
        self.captures.on_their_way() && !self.gpu.health.is_lost()
    }

    /// Waits until the GPU has finished all frames: at an end, before memory is given back, in tests.
    pub fn wait_idle(&mut self) {
        self.timeline.wait(&self.gpu.device);
    }

    /// The framebuffer; none before the first frame.
    pub fn texture(&self) -> Option<&wgpu::Texture> {
        self.frame.as_ref().map(|frame| &frame.texture)
    }

    /// Width and height of the frame, pixels; none while a side is 0.
    pub fn size(&self) -> Option<(u32, u32)> {
        self.size
    }

    /// Pixels per pixel of the page.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// Names of the surfaces in the order in which the layout numbers them.
    pub fn surface_names(&self) -> impl Iterator<Item = &str> {
        self.surfaces.iter().map(|surface| &*surface.name)
    }

    /// True when the GPU reads all of the surfaces' data where the guests wrote them.
    pub fn is_zero_copy(&self) -> bool {
        let mut indices = self.surfaces.iter().flat_map(|surface| surface.resolved.buffers);
        indices.all(|index| self.buffers.is_imported(index))
    }
}

/// A scale that can be drawn with.
fn usable_scale(scale: f32) -> f32 {
    if scale.is_finite() { scale.clamp(0.25, 8.0) } else { 1.0 }
}

fn color_maps(gpu: &Gpu) -> wgpu::Buffer {
    let table = spec::ColorMap::table();
    let bytes: &[u8] = bytemuck::cast_slice(&table);
    let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("color maps"),
        size: bytes.len() as u64,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    gpu.queue.write_buffer(&buffer, 0, bytes);
    buffer
}
