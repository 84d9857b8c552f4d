//! A run inside somebody else's window: what the desktop shell holds of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use wasm_engine_compositor::Pace;
use wasm_engine_gpu::{Gpu, GpuOptions, WindowSurface, WindowTarget};
pub use wasm_engine_page::keyboard_types::{Code, Key, Location, Modifiers, NamedKey};
pub use wasm_engine_page::{KeyInput, PageInput, PointerButton, TouchPhase, WheelUnit};
use wasm_engine_panel::Panel;
use wasm_engine_serve::Hub;
pub use wasm_engine_serve::protocol;
use wasm_engine_serve::protocol::{FromEngine, Rights};

use crate::control::StopHandle;
use crate::engine::{Engine, EngineError, framebuffer};
pub use crate::monitor::Wishes;
use crate::panel::{PanelLink, PanelLog};
use crate::run_report::{Ending, RunReport};
use crate::session::Session;
use crate::wiring::Target;

/// A panel hears of changes at most so often.
const CHANGES_APART: Duration = Duration::from_millis(100);

/// A GPU device that can show frames in a window, and that window's surface.
pub struct Stage {
    /// The device, which panels need before the run begins.
    pub gpu: Arc<Gpu>,
    surface: WindowSurface,
    pace: Pace,
}

impl Stage {
    /// Finds a device for a window, to present to at this pace.
    ///
    /// # Errors
    /// When no device can present to it.
    pub fn new(window: impl Into<WindowTarget<'static>>, pace: Pace) -> Result<Self, EngineError> {
        let (gpu, surface) = Gpu::for_window(&GpuOptions::default(), window)?;
        Ok(Self { gpu, surface, pace })
    }
}

/// A run in a window of the shell. Calls may come from any thread.
pub struct Desktop {
    session: Mutex<Option<Session>>,
    hub: Hub,
}

impl Desktop {
    /// Starts a run, whose panel shows `log`.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub fn start(
        mut engine: Engine,
        stage: Stage,
        panel: Arc<dyn Panel>,
        size: (u32, u32),
        scale: f32,
        stop: &StopHandle,
        log: &PanelLog,
    ) -> Result<Self, EngineError> {
        let link = PanelLink::new(&engine.app.manifest);
        let hub = link.hub.clone();
        log.connect(hub.clone());
        engine.panel = Some(link);
        engine.pixels = Some(panel);
        let session = Session::start(engine, stage.gpu, Target::Window(stage.surface, stage.pace), size, scale, stop)?;
        Ok(Self { session: Mutex::new(Some(session)), hub })
    }

    /// Width and height that the app asks for, pixels.
    #[must_use]
    pub fn wanted_size(engine: &Engine) -> (u32, u32) {
        framebuffer(&engine.app.manifest, &engine.options).0
    }

    /// What the app's window is called.
    #[must_use]
    pub fn wanted_title(engine: &Engine) -> &str {
        engine.app.manifest.title()
    }

    /// Tells one panel everything and then every change, until `send` says that it has gone. A panel that takes its time misses changes in between, never the
    /// latest state.
    pub async fn feed(&self, may: Rights, mut send: impl FnMut(FromEngine) -> bool) {
        let mut follower = self.hub.follow();
        let mut stays = send(self.hub.hello(may)) && send(FromEngine::Snapshot { state: follower.snapshot() });
        while stays {
            follower.changed().await;
            stays = follower.change().is_none_or(|change| send(FromEngine::Change { change }));
            // After what was sent, so that what comes after a silence is sent at once.
            tokio::time::sleep(CHANGES_APART).await;
        }
    }

    /// What the panel is shown, and where it asks.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The panel has drawn, which the next frame shows.
    pub fn wake(&self) {
        self.with(|session| session.control.panel_drew());
    }

    /// Follows the window's size and scale.
    pub fn resize(&self, width: u32, height: u32, scale: f32) {
        self.with(|session| {
            session.rescale(scale);
            session.resize(width, height);
        });
    }

    /// Hands an input to the page, and the pointer to the guests.
    pub fn input(&self, input: PageInput) {
        self.with(|session| {
            match &input {
                PageInput::MouseMove { x, y } => session.control.set_pointer(*x, *y),
                PageInput::MouseLeave => session.control.set_pointer(f32::NAN, f32::NAN),
                PageInput::MouseButton { button, pressed, .. } => session.control.set_button(bit(*button), *pressed),
                _ => {}
            }
            if let Some(page) = session.page()
                && let Err(error) = page.input(input)
            {
                tracing::debug!(code = error.code(), "{error}");
            }
        });
    }

    /// Shows or hides the HUD.
    pub fn toggle_hud(&self) {
        self.with(|session| session.control.toggle_hud());
    }

    /// What the page wants of the window, as far as that has changed.
    #[must_use]
    pub fn take_wishes(&self) -> Wishes {
        self.with(Session::take_wishes).unwrap_or_default()
    }

    /// Whether the last tick is done.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.with(|session| session.control.ticks_over()).unwrap_or(true)
    }

    /// Takes the run down. `None` when that has been done.
    pub fn finish(&self) -> Option<Result<RunReport, EngineError>> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(session.finish(Ending::Closed))
    }

    fn with<T>(&self, act: impl FnOnce(&Session) -> T) -> Option<T> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(act)
    }
}

/// The bit of a button, as kernels see it.
fn bit(button: PointerButton) -> u32 {
    match button {
        PointerButton::Primary => 0,
        PointerButton::Secondary => 1,
        PointerButton::Middle => 2,
        PointerButton::Back => 3,
        PointerButton::Forward => 4,
    }
}
