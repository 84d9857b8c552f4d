//! A run inside somebody else's window: what the desktop shell holds of it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub use wasm_engine_compositor::Pace;
use wasm_engine_gpu::{Drivers, Giver, Gpu, GpuError, GpuOptions, WindowSurface, WindowTarget, coming, may_have_gpu};
pub use wasm_engine_page::keyboard_types::{Code, Key, Location, Modifiers, NamedKey};
pub use wasm_engine_page::{KeyInput, PageInput, PointerButton, TouchPhase, WheelUnit};
use wasm_engine_panel::Panel;
pub use wasm_engine_serve::{Hub, Receipts, protocol};

use crate::control::StopHandle;
use crate::engine::{Engine, EngineError, follows_display, framebuffer};
use crate::options::RunOptions;
use crate::panel::{PanelLink, PanelLog};
use crate::run_report::{Ending, RunReport};
use crate::session::{Prepared, Session, spawn};
use crate::wiring::Target;
pub use crate::wishes::Wishes;

/// An app that is being opened, on a thread of its own: while its window is made, what needs no window gets ready.
pub struct Opening {
    wanted: Receiver<Result<Wanted, EngineError>>,
    stage: SyncSender<Stage>,
    ready: JoinHandle<Result<Ready, EngineError>>,
}

/// The window that an app asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What it is called.
    pub title: String,
    /// Width and height, in logical pixels if it follows the display's scale, else in device pixels.
    pub size: (u32, u32),
    /// Whether it has the display's scale, and none of its own.
    pub follows_display: bool,
}

/// Where the frames are to be seen, and at which pace.
type Stage = (WindowTarget<'static>, Pace);

impl Opening {
    /// Begins to open the app at `path`, until `stop` says otherwise; its panel shows `log`.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn begin(path: PathBuf, options: RunOptions, stop: StopHandle, log: PanelLog) -> Result<Self, EngineError> {
        let (tell, wanted) = sync_channel(1);
        let (stage, seen) = sync_channel(1);
        let drivers = spawn("drivers", || Drivers::load(&GpuOptions::default()))?;
        let ready = spawn(THREAD, move || open(&path, options, &stop, &log, &tell, (drivers, &seen)))?;
        Ok(Self { wanted, stage, ready })
    }

    /// Waits until the app is read and checked, for the window it asks for. To be called once.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn wanted(&self) -> Result<Wanted, EngineError> {
        self.wanted.recv().unwrap_or_else(|_| Err(died()))
    }

    /// Says where the frames are to be seen, and at which pace. The window may still be on no screen.
    pub fn show_in(&self, window: impl Into<WindowTarget<'static>>, pace: Pace) {
        // A thread that is not there any more says why in `ready`.
        let _ = self.stage.send((window.into(), pace));
    }

    /// Waits until all that needs no window is there.
    ///
    /// # Errors
    /// When no device can present to the window, or what keeps the page from starting.
    pub fn ready(self) -> Result<Ready, EngineError> {
        self.ready.join().unwrap_or_else(|_| Err(died()))
    }
}

const THREAD: &str = "open";

fn died() -> EngineError {
    EngineError::thread_died(THREAD)
}

fn open(
    path: &Path,
    options: RunOptions,
    stop: &StopHandle,
    log: &PanelLog,
    wanted: &SyncSender<Result<Wanted, EngineError>>,
    (drivers, stage): (JoinHandle<Drivers>, &Receiver<Stage>),
) -> Result<Ready, EngineError> {
    let mut engine = match Engine::open(path, options) {
        Ok(engine) => engine,
        Err(error) => {
            let _ = wanted.send(Err(error));
            return Err(died());
        }
    };
    let (manifest, options) = (&engine.app.manifest, &engine.options);
    let ((size, scale), follows_display) = (framebuffer(manifest, options), follows_display(manifest, options));
    let _ = wanted.send(Ok(Wanted { title: manifest.title().to_owned(), size, follows_display }));
    let link = PanelLink::new(manifest);
    let hub = link.hub.clone();
    log.connect(hub.clone());
    engine.panel = Some(link);
    // Servo starts while the device is opened. The window's own size and scale follow when it is there.
    let (giver, gpu) = coming();
    if !may_have_gpu() {
        giver.found(true);
    }
    let run = Prepared::new(engine, gpu, size, scale, stop)?;
    let drivers = drivers.join().map_err(|_| died())?;
    let (window, pace) = stage.recv().map_err(|_| died())?;
    let (gpu, surface) = give(giver, drivers, window)?;
    Ok(Ready { run, gpu, surface, pace, hub })
}

/// Opens the device that the page waits for. Where there is none, the wait ends with this function.
fn give(giver: Giver, drivers: Drivers, window: WindowTarget<'static>) -> Result<(Arc<Gpu>, WindowSurface), GpuError> {
    let (chosen, surface) = drivers.choose_for(window)?;
    giver.found(chosen.is_software());
    let gpu = chosen.open()?;
    giver.give(gpu.clone());
    Ok((gpu, surface))
}

/// An app whose page has begun, and that waits for its window.
pub struct Ready {
    run: Prepared,
    gpu: Arc<Gpu>,
    surface: WindowSurface,
    pace: Pace,
    hub: Hub,
}

impl Ready {
    /// The device that draws the frames, which panels are uploaded to.
    #[must_use]
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    /// Starts the run, in the window's size and scale, with `panel` over the page.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub fn start(mut self, panel: Arc<dyn Panel>, (width, height): (u32, u32), scale: f32) -> Result<Desktop, EngineError> {
        self.run.engine.pixels = Some(panel);
        let session = self.run.start(self.gpu, Target::Window(self.surface, self.pace))?;
        session.rescale(scale);
        session.resize(width, height);
        Ok(Desktop { session: Mutex::new(Some(session)), hub: self.hub })
    }
}

/// A run in a window of the shell. Calls may come from any thread.
pub struct Desktop {
    session: Mutex<Option<Session>>,
    hub: Hub,
}

impl Desktop {
    /// Waits until the page has loaded and is shown, at most so long; not at all where there is none, and not beyond the end of the run. One thread may.
    pub fn wait_for_page(&self, limit: Duration) {
        let Some(control) = self.with(|session| session.page().map(|_| session.control.clone())).flatten() else { return };
        control.wait_until(limit, |control| control.page_shown() && control.page_loaded());
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
            session.control.follow_pointer(&input);
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

    /// Has `bell` called when the page wants something of the window, on the page's thread; it must not block.
    pub fn on_wish(&self, bell: impl Fn() + Send + Sync + 'static) {
        self.with(|session| session.control.wishes.on_wish(bell));
    }

    /// What the page wants of the window, as far as that has changed.
    #[must_use]
    pub fn take_wishes(&self) -> Wishes {
        self.with(|session| session.control.wishes.take()).unwrap_or_default()
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
