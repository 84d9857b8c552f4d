//! An app that was opened and checked, ready to run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use wasm_engine_compositor::{ComposeError, ConfigureError, SizeError};
use wasm_engine_exchange::{ClaimError, CreateError};
use wasm_engine_gpu::{Gpu, GpuError, GpuOptions};
use wasm_engine_page::PageError;
use wasm_engine_page::server::ServerError;
use wasm_engine_panel::Panel;
use wasm_engine_sandbox::{KernelError, KernelModule, LoadError, Sandbox, SandboxConfig, SandboxError};
use wasm_engine_serve::ServeError;
use wasm_engine_telemetry::{Telemetry, TelemetryConfig};
use wasm_engine_topology::DetectError;
use wasm_engine_topology::pools::PoolError;

use crate::control::StopHandle;
use crate::error::{Diagnostic, Location};
use crate::limits;
use crate::manifest::{App, FILE_NAME, Manifest, ManifestError, Profile};
use crate::options::{Display, RunOptions};
use crate::outputs;
use crate::panel::PanelLink;
use crate::policy::Policy;
use crate::run_report::{Ending, RunReport};
use crate::session::Session;
use crate::wiring::Target;

/// An app that was read, checked and compiled.
pub struct Engine {
    pub(crate) app: App,
    pub(crate) options: RunOptions,
    pub(crate) sandbox: Sandbox,
    pub(crate) telemetry: Telemetry,
    /// One per kernel, in manifest order.
    pub(crate) modules: Vec<KernelModule>,
    /// What a person has decided about the guests' rights.
    pub(crate) policy: Policy,
    /// The panel, if there is one.
    pub(crate) panel: Option<PanelLink>,
    /// The panel's pixels, where it lies over the page in one window.
    pub(crate) pixels: Option<Arc<dyn Panel>>,
}

/// Why an app could not be opened or run.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The manifest does not hold.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A size or scale that no framebuffer has.
    #[error("a framebuffer of {width}x{height} at scale {scale} cannot be; sides go from 1 to {max}, the scale from {least} to {most}", max = limits::SIDE_MAX, least = limits::SCALE_RANGE.start(), most = limits::SCALE_RANGE.end())]
    Size {
        /// Device pixels.
        width: u32,
        /// Device pixels.
        height: u32,
        /// Device pixels per CSS pixel.
        scale: f32,
    },
    /// The sandbox could not be set up.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// A module is not there or cannot be read.
    #[error("kernel `{kernel}`: {path}: {source}", path = module.display())]
    Module {
        /// Name from the manifest.
        kernel: String,
        /// Path in the app.
        module: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A module was refused.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A kernel did not start.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// Something of a kernel was refused, and this is where the manifest speaks of it.
    #[error("{source}")]
    InManifest {
        /// What was refused.
        source: Box<EngineError>,
        /// Where the manifest names it.
        location: Location,
    },
    /// The region could not be made.
    #[error(transparent)]
    Region(#[from] CreateError),
    /// An end of a buffer is taken.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// No GPU device.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// The page's thread did not start.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The page's server did not start.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The panel cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A surface does not fit its buffers.
    #[error(transparent)]
    Surface(#[from] ConfigureError),
    /// The device cannot have a frame of this size.
    #[error(transparent)]
    FrameSize(#[from] SizeError),
    /// The window cannot be drawn to.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The region has no layout zone: a mistake in the engine.
    #[error("the region has no layout zone")]
    NoLayoutZone,
    /// The machine's cores could not be read.
    #[error(transparent)]
    Topology(#[from] DetectError),
    /// The worker threads could not be started.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// A window could not be opened.
    #[error("no window: {0}")]
    Window(String),
    /// A file or thread of the engine's own.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A file that was asked for could not be written.
    #[error("{0}")]
    Output(Diagnostic),
    /// A thread ended before its time: a mistake in the engine.
    #[error("thread `{0}` ended before its time")]
    ThreadDied(&'static str),
}

impl EngineError {
    pub(crate) fn thread_died(thread: &'static str) -> Self {
        Self::ThreadDied(thread)
    }

    /// The error with the place of the kernel's key that it is about, if it is about one.
    pub(crate) fn in_manifest(self, app: &App) -> Self {
        let (kernel, key) = match &self {
            Self::Module { kernel, .. } | Self::Load(LoadError::Abi { kernel, .. } | LoadError::Compile { kernel, .. }) => {
                (kernel.as_str(), "module")
            }
            Self::Kernel(error) => (&*error.kernel, if error.code() == "MEMORY_LIMIT" { "memory_max" } else { "module" }),
            _ => return self,
        };
        match app.kernel_place(kernel, key) {
            Some(location) => Self::InManifest { source: Box::new(self), location },
            None => self,
        }
    }

    pub(crate) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what, source }
    }

    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Manifest(error) => error.code(),
            Self::Size { .. } => "SIZE_OUT_OF_RANGE",
            Self::Sandbox(error) => error.code(),
            Self::Module { .. } => "MODULE_MISSING",
            Self::Load(error) => error.code(),
            Self::Kernel(error) => error.code(),
            Self::InManifest { source, .. } => source.code(),
            Self::Region(error) => error.code(),
            Self::Claim(error) => error.code(),
            Self::Gpu(error) => error.code(),
            Self::Page(error) => error.code(),
            Self::Server(error) => error.code(),
            Self::Serve(error) => error.code(),
            Self::Surface(error) => error.code(),
            Self::FrameSize(error) => error.code(),
            Self::Compose(error) => error.code(),
            Self::NoLayoutZone => "INTERNAL",
            Self::Topology(error) => error.code(),
            Self::Pool(error) => error.code(),
            Self::Window(_) => "NO_DISPLAY",
            Self::Io { .. } => "IO",
            Self::Output(diagnostic) => &diagnostic.code,
            Self::ThreadDied(_) => "RUN_FAILED",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Manifest(error) => error.hint(),
            Self::Size { .. } => Some("give --size WIDTHxHEIGHT and --scale within these limits".to_owned()),
            Self::Sandbox(error) => error.hint(),
            Self::Module { .. } => {
                Some("`wasm-engine build <app>` makes it from its source; `cargo xtask run` does so by itself".to_owned())
            }
            Self::Load(error) => error.hint(),
            Self::Kernel(error) => error.hint(),
            Self::InManifest { source, .. } => source.hint(),
            Self::Region(error) => error.hint(),
            Self::Claim(error) => error.hint(),
            Self::Gpu(error) => error.hint(),
            Self::Page(error) => error.hint(),
            Self::Server(error) => error.hint(),
            Self::Serve(error) => error.hint(),
            Self::Surface(error) => error.hint(),
            Self::FrameSize(error) => error.hint(),
            Self::Compose(error) => error.hint(),
            Self::Topology(error) => error.hint(),
            Self::Pool(error) => error.hint(),
            Self::Window(_) => Some("run with --headless, or start an X or Wayland display".to_owned()),
            Self::ThreadDied(_) => Some("this is a mistake in the engine; standard error says where the thread stopped".to_owned()),
            Self::Io { .. } | Self::NoLayoutZone => None,
            Self::Output(diagnostic) => diagnostic.hint.clone(),
        }
    }
}

impl Engine {
    /// Reads the app, checks it and compiles its modules, all of them before anything runs.
    ///
    /// # Errors
    /// [`EngineError::Manifest`], [`EngineError::Size`], [`EngineError::Load`]: what is wrong with the app. [`EngineError::Output`]: what it is to write cannot be written.
    pub fn open(folder: &Path, options: RunOptions) -> Result<Self, EngineError> {
        let app = Manifest::load(folder)?;
        let (size, scale) = framebuffer(&app.manifest, &options);
        let sides = 1..=limits::SIDE_MAX;
        if !(sides.contains(&size.0) && sides.contains(&size.1) && limits::SCALE_RANGE.contains(&scale)) {
            return Err(EngineError::Size { width: size.0, height: size.1, scale });
        }
        outputs::check(&options)?;
        let profile = match app.manifest.clock.profile {
            Profile::Deterministic => wasm_engine_sandbox::Profile::Deterministic,
            Profile::Interactive => wasm_engine_sandbox::Profile::Interactive,
        };
        let budget = Duration::from_secs_f64(1.0 / f64::from(app.manifest.clock.rate));
        let telemetry = Telemetry::new(TelemetryConfig { budget, ..TelemetryConfig::default() });
        let config = SandboxConfig {
            cache_dir: Some(crate::paths::cache_dir()),
            profile,
            telemetry: Some(telemetry.clone()),
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::new(config)?;
        let modules = crate::wiring::compile(&app, &sandbox).map_err(|error| error.in_manifest(&app))?;
        let policy = Policy::load(&crate::paths::policy_file(&app.manifest.app.name))?;
        Ok(Self { app, options, sandbox, telemetry, modules, policy, panel: None, pixels: None })
    }

    /// Runs the app to its end.
    ///
    /// # Errors
    /// What kept a part from starting. A part that fails later is a fault in the report, and the run goes on.
    pub fn run(self, stop: &StopHandle) -> Result<RunReport, EngineError> {
        match self.options.display {
            Display::Headless => {
                let gpu = Gpu::new(&GpuOptions::default())?;
                let (size, scale) = framebuffer(&self.app.manifest, &self.options);
                let session = Session::start(self, gpu, Target::Offscreen, size, scale, stop)?;
                session.wait();
                session.finish(Ending::Completed)
            }
            Display::Window => crate::window::run(self, stop),
        }
    }
}

/// The scale that is asked for, whatever the display's is.
pub(crate) fn fixed_scale(manifest: &Manifest, options: &RunOptions) -> Option<f32> {
    options.scale.or(manifest.window.scale)
}

/// Whether the window has the display's scale, and no size or scale of its own.
pub(crate) fn follows_display(manifest: &Manifest, options: &RunOptions) -> bool {
    fixed_scale(manifest, options).is_none() && options.size.is_none()
}

/// Size in device pixels, and scale, where the display has a scale of one. The manifest's size is in logical pixels.
pub(crate) fn framebuffer(manifest: &Manifest, options: &RunOptions) -> ((u32, u32), f32) {
    let scale = fixed_scale(manifest, options).unwrap_or(1.0);
    let device = |side: u32| (side as f32 * scale).round() as u32;
    let [width, height] = manifest.window.size;
    (options.size.unwrap_or((device(width), device(height))), scale)
}

impl From<Diagnostic> for EngineError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Output(diagnostic)
    }
}

impl From<&EngineError> for Diagnostic {
    fn from(error: &EngineError) -> Self {
        match error {
            EngineError::Manifest(error) => Self::from(error),
            EngineError::Output(diagnostic) => diagnostic.clone(),
            EngineError::InManifest { source, location } => Self { location: Some(location.clone()), ..Self::from(&**source) },
            other => Self::new(other.code(), other.to_string()).with_hint(other.hint()),
        }
    }
}

impl From<&ManifestError> for Diagnostic {
    fn from(error: &ManifestError) -> Self {
        let location =
            error.problems().first().map(|problem| Location { file: FILE_NAME.to_owned(), line: problem.line, column: problem.column });
        let message = error.problems().first().map_or_else(|| error.to_string(), |problem| problem.message.clone());
        let rendered = (!error.problems().is_empty()).then(|| error.to_string());
        Self { location, rendered, ..Self::new(error.code(), message).with_hint(error.hint()) }
    }
}
