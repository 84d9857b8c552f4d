//! The render thread: composes whenever something new is there, and sleeps otherwise.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasm_engine_compositor::{
    CaptureId, Compositor, CompositorOptions, FrameInput, FrameOutcome, PartialChange, Picture, Rect, Rows, TextureLayer,
};
use wasm_engine_exchange::layout::Layout;
use wasm_engine_exchange::{Reader, Receiver, Region};
use wasm_engine_gpu::Gpu;
use wasm_engine_page::{Page, PageFrame};
use wasm_engine_panel::{Panel, Uploads};
use wasm_engine_telemetry::{Counter, Stage, Telemetry, Token};

use crate::control::Control;
use crate::engine::EngineError;
use crate::hud::HudFeed;
use crate::limits;
use crate::manifest::Manifest;
use crate::recording::FrameRecorder;
use crate::run_report::Fault;
use crate::wiring::{self, Target, TickDone};

/// What the renderer is made from.
pub(crate) struct RendererParts<'a> {
    pub(crate) gpu: Arc<Gpu>,
    pub(crate) region: Region,
    pub(crate) manifest: &'a Manifest,
    pub(crate) target: Target,
    pub(crate) page: Option<Arc<Page>>,
    pub(crate) control: Arc<Control>,
    pub(crate) telemetry: Telemetry,
    pub(crate) recorder: Option<FrameRecorder>,
    /// Whether the last frame is wanted as a picture.
    pub(crate) keep_last: bool,
    pub(crate) panel: Option<Arc<dyn Panel>>,
}

/// Everything the render thread owns.
pub(crate) struct Renderer {
    compositor: Compositor,
    control: Arc<Control>,
    telemetry: Telemetry,
    page: Option<Arc<Page>>,
    page_layer: Option<TextureLayer>,
    panel: Option<Arc<dyn Panel>>,
    panel_layer: Option<TextureLayer>,
    /// What of the panel's uploads is counted.
    uploaded: Uploads,
    ticks: Receiver<TickDone>,
    layout_reader: Reader,
    layout: Layout,
    hud: HudFeed,
    recorder: Option<FrameRecorder>,
    frames: u64,
    composed: u64,
    gpu: Arc<Gpu>,
    /// Frames after which the device is given up, to see what happens then.
    lose_gpu_after: Option<u64>,
    windowed: bool,
    keep_last: bool,
    faults: Vec<Fault>,
    idle: Idle,
    /// Token of a tick whose frame could not be drawn yet, because the GPU was not done with the frame before.
    waiting: Token,
    /// The capture asked for and not taken yet.
    capture: Option<CaptureId>,
}

/// Whether there was nothing to draw before the frame to come, so that its distance from the one before says nothing about the pace.
struct Idle(bool);

impl Idle {
    /// Only what follows a tick or the page says whether there was anything to draw: the panel, the HUD and the window are drawn at rest, too, and a paused run is at rest
    /// whatever is drawn.
    fn follow(&mut self, token: Token, drawn: bool, paused: bool) {
        if paused {
            self.0 = true;
        } else if token != Token::NONE {
            self.0 = !drawn;
        }
    }
}

/// What is left when the last frame is shown.
#[derive(Default)]
pub(crate) struct Rendered {
    pub(crate) last: Option<Picture>,
    pub(crate) recorded: u64,
    pub(crate) faults: Vec<Fault>,
    pub(crate) zero_copy: bool,
}

impl Renderer {
    pub(crate) fn new(parts: RendererParts<'_>) -> Result<Self, EngineError> {
        let RendererParts { gpu, region, manifest, target, page, control, telemetry, recorder, keep_last, panel } = parts;
        let options = CompositorOptions {
            size: control.size(),
            scale: control.scale(),
            background: wiring::background(&manifest.window.background),
            ..CompositorOptions::default()
        };
        let mut compositor = Compositor::new(gpu.clone(), telemetry.clone(), &options)?;
        compositor.set_surfaces(&region, &manifest.surface)?;
        let windowed = match target {
            Target::Offscreen => false,
            Target::Window(surface, pace) => {
                compositor.set_window(surface, pace)?;
                true
            }
        };
        Ok(Self {
            compositor,
            hud: HudFeed::new(manifest.title(), telemetry.clone()),
            control,
            telemetry,
            page,
            page_layer: None,
            panel,
            panel_layer: None,
            uploaded: Uploads::default(),
            ticks: region.lane_receiver(wiring::TICKS_LANE)?,
            layout_reader: region.reader(wiring::layout_zone(&region)?)?,
            layout: Layout::default(),
            recorder,
            frames: 0,
            composed: 0,
            gpu,
            lose_gpu_after: std::env::var("WASM_ENGINE_LOSE_GPU").ok().and_then(|frames| frames.parse().ok()),
            windowed,
            keep_last,
            faults: Vec::new(),
            idle: Idle(true),
            waiting: Token::NONE,
            capture: None,
        })
    }

    /// Composes until the run is over, then once more for what came last.
    pub(crate) fn run(mut self) -> Rendered {
        self.wait_for_page();
        let mut last_tries = limits::LAST_FRAME_TRIES;
        loop {
            // Read before composing: whatever was published before the end is then in the last frame.
            let over = self.control.render_over();
            let tick = self.take_ticks();
            let behind = self.frame(tick);
            if over && (!behind || last_tries == 0) {
                break;
            }
            last_tries -= u32::from(over);
            if behind {
                // The GPU is not done with the frame before. There is nothing to be notified by, so look again soon.
                self.control.render.wait_timeout(Duration::from_micros(500));
            } else {
                self.control.render.wait();
            }
        }
        self.finish()
    }

    /// A window's first frame is one with the page, if that comes soon: one without it would be seen for a moment, and hold up the page.
    fn wait_for_page(&mut self) {
        let Some(page) = self.page.as_ref().filter(|_| self.windowed) else { return };
        let began = Instant::now();
        self.compositor.get_ready();
        while page.latest_frame().is_none() && !self.control.render_over() {
            let Some(left) = limits::WINDOW_WAITS_FOR_PAGE.checked_sub(began.elapsed()) else { return };
            self.control.render.wait_timeout(left);
        }
    }

    /// Takes the tokens of all ticks that are done. The frame to come shows the newest; the others were overtaken.
    fn take_ticks(&mut self) -> Token {
        let mut newest = std::mem::replace(&mut self.waiting, Token::NONE);
        let mut depth = 0;
        while let Some(done) = self.ticks.pop() {
            depth += 1;
            self.telemetry.frame_done(newest);
            newest = done.token();
        }
        self.telemetry.gauge(wiring::TICKS_LANE, f64::from(depth));
        newest
    }

    /// Composes one frame. Whether something newer could not be taken yet.
    fn frame(&mut self, tick: Token) -> bool {
        if self.lose_gpu_after.is_some_and(|frames| self.composed >= frames) {
            self.lose_gpu_after = None;
            self.gpu.lose();
        }
        self.follow_size();
        if self.layout_reader.acquire()
            && let Err(error) = self.layout.read(self.layout_reader.bytes())
        {
            tracing::warn!(code = error.code(), "{error}");
        }
        let painted = self.take_page();
        self.take_panel();
        let token = self.token_of(tick, painted.as_ref());
        if self.idle.0 {
            self.telemetry.after_idle(token);
        }
        let force = self.control.take_redraw();
        self.begin_capture();
        let hud = if self.control.hud() { Some(self.hud.data()) } else { None };
        let input =
            FrameInput { token, layout: &self.layout.rects, page: self.page_layer.as_ref(), panel: self.panel_layer.as_ref(), hud, force };
        let outcome = match self.compositor.compose(&input) {
            Ok(outcome) => outcome,
            Err(error) => {
                self.note(error.code(), &error.to_string(), error.hint());
                FrameOutcome::default()
            }
        };
        if outcome.behind && !outcome.drawn {
            self.waiting = token;
            return true;
        }
        self.idle.follow(token, outcome.drawn, self.control.paused());
        self.composed += u64::from(outcome.drawn);
        if outcome.drawn && !self.windowed {
            // Off screen a frame is on the glass when the GPU has finished it, and waiting holds nobody up: this thread has nothing else to do.
            self.compositor.wait_idle();
            if token != Token::NONE {
                self.telemetry.stamp(token, Stage::Presented);
                self.telemetry.add(Counter::FramesPresented, 1);
            }
        }
        if outcome.unchanged {
            self.telemetry.unchanged(token);
        }
        self.telemetry.frame_done(token);
        if outcome.drawn && self.page_layer.is_some() {
            self.control.show_page();
        }
        self.end_capture();
        outcome.behind
    }

    /// The token of the frame to come: that of its tick, or one of its own where only the page has something new.
    fn token_of(&self, tick: Token, painted: Option<&PageFrame>) -> Token {
        let Some(frame) = painted else { return tick };
        let token = if tick == Token::NONE { self.telemetry.token() } else { tick };
        if tick == Token::NONE {
            self.telemetry.stamp_at(token, Stage::Queued, frame.painting_began);
        }
        self.telemetry.stamp_at(token, Stage::PageStart, frame.painting_began);
        self.telemetry.stamp_at(token, Stage::PageEnd, frame.ready);
        token
    }

    fn follow_size(&mut self) {
        let (size, scale) = (self.control.size(), self.control.scale());
        let changed = self.compositor.size() != Some(size) || self.compositor.scale() != scale;
        if changed && let Err(error) = self.compositor.resize(size, scale) {
            self.note(error.code(), &error.to_string(), error.hint());
        }
    }

    /// Takes the page's newest frame, if it is a new one.
    fn take_page(&mut self) -> Option<PageFrame> {
        let frame = self.page.as_ref()?.latest_frame()?;
        if self.page_layer.as_ref().is_some_and(|layer| layer.generation == frame.generation) {
            return None;
        }
        self.page_layer = Some(TextureLayer {
            texture: frame.texture.clone(),
            generation: frame.generation,
            rows: Rows::Up,
            origin: (0, 0),
            change: None,
            hold: Some(Arc::new(frame.guard.clone())),
        });
        Some(frame)
    }

    /// Takes the panel's newest frame, if it comes as a texture and is a new one.
    fn take_panel(&mut self) {
        let Some(panel) = &self.panel else { return };
        let shown = self.panel_layer.as_ref().map_or(0, |layer| layer.generation);
        let Some(frame) = panel.newer(shown) else { return };
        let uploads = panel.uploads();
        self.telemetry.add(Counter::PanelFrames, uploads.frames - self.uploaded.frames);
        self.telemetry.add(Counter::GpuSubmissions, uploads.frames - self.uploaded.frames);
        self.telemetry.add(Counter::PanelBytes, uploads.bytes - self.uploaded.bytes);
        self.uploaded = uploads;
        let rects =
            frame.changes.iter().map(|(generation, area)| (*generation, Rect::new(area.x, area.y, area.width, area.height))).collect();
        self.panel_layer = Some(TextureLayer {
            texture: frame.texture,
            generation: frame.generation,
            rows: Rows::Down,
            origin: (0, 0),
            change: Some(PartialChange { since: frame.since, rects }),
            hold: None,
        });
    }

    /// While recording, every frame is captured. A frame that could not be drawn leaves its request standing for the next one: a second
    /// would take a place of the ring that nobody empties.
    fn begin_capture(&mut self) {
        if self.recorder.is_some() && self.capture.is_none() {
            self.capture = self.compositor.capture().ok();
        }
    }

    fn end_capture(&mut self) {
        let Some(capture) = self.capture.take_if(|_| self.compositor.is_capturing()) else { return };
        let picture = self.wait_for_capture(capture);
        if let (Some(recorder), Some(picture)) = (&self.recorder, picture) {
            self.frames += 1;
            recorder.frame(self.frames, picture.into_straight());
        }
    }

    fn wait_for_capture(&mut self, capture: CaptureId) -> Option<Picture> {
        let start = Instant::now();
        self.compositor.wait_idle();
        // A lost device gives back no picture.
        while self.compositor.is_capturing() && start.elapsed() < limits::CAPTURE_TIMEOUT {
            match self.compositor.poll_capture() {
                Some((id, picture)) if id == capture => return Some(picture),
                Some(_) => {}
                None => std::thread::yield_now(),
            }
        }
        None
    }

    /// Captures the last frame, if somebody wants it, and lets go of everything.
    fn finish(mut self) -> Rendered {
        let last = self.keep_last.then(|| self.last_picture()).flatten();
        self.compositor.wait_idle();
        self.page_layer = None;
        Rendered {
            last,
            recorded: self.recorder.take().map_or(0, FrameRecorder::finish),
            faults: self.faults,
            zero_copy: self.compositor.is_zero_copy(),
        }
    }

    fn last_picture(&mut self) -> Option<Picture> {
        // With nothing in flight the frame cannot be put off.
        self.compositor.wait_idle();
        let capture = match self.capture.take() {
            Some(standing) => standing,
            None => self.compositor.capture().ok()?,
        };
        let hud = if self.control.hud() { Some(self.hud.data()) } else { None };
        let input = FrameInput {
            token: Token::NONE,
            layout: &self.layout.rects,
            page: self.page_layer.as_ref(),
            panel: self.panel_layer.as_ref(),
            hud,
            force: false,
        };
        self.compositor.compose(&input).ok()?;
        self.wait_for_capture(capture).map(Picture::into_straight)
    }

    /// Keeps a failure for the report, each code once: a lost device fails in every frame.
    fn note(&mut self, code: &str, message: &str, hint: Option<String>) {
        if self.faults.iter().all(|fault| fault.code != code) {
            tracing::error!(code, "{message}");
            self.faults.push(Fault { part: "compositor".to_owned(), code: code.to_owned(), message: message.to_owned(), tick: None, hint });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_idle_until_a_tick_or_the_page_has_drawn() {
        let (tick, panel) = (Token(7), Token::NONE);
        let mut idle = Idle(true);
        let mut after = |token, drawn, paused| {
            idle.follow(token, drawn, paused);
            idle.0
        };
        assert!(!after(tick, true, false));
        assert!(!after(panel, false, false), "a wake between two ticks in which there is nothing new is no pause");
        assert!(after(tick, false, false));
        assert!(after(panel, true, false), "what the panel drew shows no tick");
        assert!(!after(tick, true, false));
        // Paused, while the panel, the page and a step are drawn.
        for token in [panel, tick] {
            assert!(after(token, true, true));
        }
        assert!(after(panel, true, false), "the panel shows that the run goes on");
        assert!(!after(tick, true, false));
    }
}
