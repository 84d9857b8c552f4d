//! The manifest: `app.toml`, read, typed, checked.
//!
//! Three steps, one file each: [`parse`] turns text into the types of this module, [`check`] holds what was written against itself (names, sizes,
//! ranges), [`paths`] against the disk (files are there, and none lies outside the app). Each step collects what it finds and the next one goes on with
//! what is left, so that one run shows every mistake; a mistake is a [`Problem`] with a code, a place and a remedy.
//!
//! ```no_run
//! # use wasm_engine_engine::manifest::Manifest;
//! let app = Manifest::load("apps/swarm".as_ref())?;
//! println!("{} runs {} kernels", app.manifest.app.title, app.manifest.kernel.len());
//! # Ok::<(), wasm_engine_engine::manifest::ManifestError>(())
//! ```

use std::path::{Path, PathBuf};

use crate::error::Location;
use schemars::JsonSchema;
use serde::Serialize;
pub use wasm_engine_compositor::spec::{Color, SurfaceSpec};

mod background;
mod buffer;
mod check;
mod kernel;
pub mod limits;
mod parse;
mod paths;
mod places;
mod problem;
mod schema;
mod sections;
mod size;
mod suggest;
mod surface;
#[cfg(test)]
mod tests;

pub use background::Background;
pub use buffer::{Buffer, Item};
pub use kernel::{Kernel, Shards};
use parse::Parsed;
pub use paths::PageFiles;
pub use problem::{ManifestError, Problem, ProblemCode, Problems, Style};
pub use schema::{schema, schema_json};
pub use sections::{AppInfo, Clock, Hud, Limits, Page, Param, Profile, Window};
pub use size::ByteSize;

/// Name of the file that makes a folder an app.
pub const FILE_NAME: &str = "app.toml";

/// Version of the manifest format, as `[app] engine` asks for it.
pub const ENGINE_VERSION: &str = "1";

/// What `app.toml` says: one field per table.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "wasm-engine app manifest", deny_unknown_fields)]
pub struct Manifest {
    /// Who the app is.
    pub app: AppInfo,
    /// The document shown over the surfaces. Without this table the app has no page, and each surface fills the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    /// The framebuffer: size, scale, what lies behind everything.
    #[schemars(default)]
    pub window: Window,
    /// The deterministic clock.
    #[schemars(default)]
    pub clock: Clock,
    /// Shared memory that kernels write and surfaces draw.
    #[schemars(default, length(max = 64))]
    pub buffer: Vec<Buffer>,
    /// Sandboxed code that runs every tick, in the order written here: a kernel sees what an earlier one published in the same tick.
    #[schemars(default, length(max = 32))]
    pub kernel: Vec<Kernel>,
    /// Numbers that the page moves and the kernels read, in this order.
    #[schemars(default, length(max = 64))]
    pub param: Vec<Param>,
    /// What is drawn from the buffers; the page places it with `data-surface="name"`.
    #[schemars(default, length(max = 256))]
    pub surface: Vec<SurfaceSpec>,
    /// Bounds on what the whole app may use.
    #[schemars(default)]
    pub limits: Limits,
    /// The engine's own frame graph and counters.
    #[schemars(default)]
    pub hud: Hud,
}

/// An app that was read and checked: the manifest, and where its files are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct App {
    /// The app's folder, canonical. Nothing of the app lies outside it.
    pub root: PathBuf,
    /// What the manifest says.
    pub manifest: Manifest,
    /// The page's files, canonical, if the app has a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<PageFiles>,
}

impl Manifest {
    /// Reads `app.toml` in `app_dir` and checks it against the folder. `app_dir` may also be the path of the file itself, or that of an archive, which is
    /// unpacked into the cache first.
    ///
    /// # Errors
    /// Everything that is wrong with the manifest (see [`ProblemCode`]), or why it could not be read.
    pub fn load(app_dir: &Path) -> Result<App, ManifestError> {
        let folder = if app_dir.file_name().is_some_and(|name| name == FILE_NAME) && app_dir.is_file() {
            app_dir.parent().unwrap_or(Path::new(""))
        } else {
            app_dir
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let unpacked = if folder.is_file() { Some(crate::archive::unpack(folder)?) } else { None };
        let folder = unpacked.as_deref().unwrap_or(folder);
        let root = folder.canonicalize().map_err(|source| ManifestError::Missing { folder: folder.to_owned(), source })?;
        let text = paths::read_manifest(&root)?;
        let Parsed { manifest, places, mut faults } = Self::read(&text)?;
        let (page, more) = paths::check(&root, &manifest, &places);
        // A module that is none by its name need not be there as well.
        faults.extend(more.into_iter().filter(|more| !faults.iter().any(|fault| fault.span == more.span)).collect::<Vec<_>>());
        if faults.is_empty() { Ok(App { root, manifest, page }) } else { Err(Problems::new(FILE_NAME, &text, faults).into()) }
    }

    /// Reads and checks the text of a manifest, without looking at the disk.
    ///
    /// # Errors
    /// Everything that is wrong with the text.
    pub fn from_text(text: &str) -> Result<Self, ManifestError> {
        let Parsed { manifest, faults, .. } = Self::read(text)?;
        if faults.is_empty() { Ok(manifest) } else { Err(Problems::new(FILE_NAME, text, faults).into()) }
    }

    /// What could be read of a text, and everything that is wrong with it.
    fn read(text: &str) -> Result<Parsed<'_>, ManifestError> {
        if text.len() as u64 > limits::MANIFEST_BYTES {
            return Err(ManifestError::TooLarge { bytes: text.len() as u64 });
        }
        let mut parsed = parse::parse(text).map_err(|fault| Problems::new(FILE_NAME, text, vec![fault]))?;
        parsed.faults.extend(check::check(&parsed.manifest, &parsed.places));
        Ok(parsed)
    }

    /// What a person reads: the title, or the name where there is none.
    #[must_use]
    pub fn title(&self) -> &str {
        if self.app.title.is_empty() { &self.app.name } else { &self.app.title }
    }

    /// The buffer of this name.
    #[must_use]
    pub fn buffer_named(&self, name: &str) -> Option<&Buffer> {
        self.buffer.iter().find(|buffer| buffer.name == name)
    }

    /// The kernel that writes this buffer; no buffer has two.
    #[must_use]
    pub fn writer_of(&self, buffer: &str) -> Option<&Kernel> {
        self.kernel.iter().find(|kernel| kernel.write.iter().any(|name| name == buffer))
    }
}

impl App {
    /// Where the kernel's compiled module lies. The file need not be there when the kernel has a source: `wasm-engine build` makes it.
    #[must_use]
    pub fn module_path(&self, kernel: &Kernel) -> PathBuf {
        self.root.join(&kernel.module)
    }

    /// Where the manifest says this of a kernel, or where the kernel begins if it does not. `None` when the manifest can no longer be read.
    #[must_use]
    pub(crate) fn kernel_place(&self, kernel: &str, key: &str) -> Option<Location> {
        let text = paths::read_manifest(&self.root).ok()?;
        let Parsed { manifest, places, .. } = Manifest::read(&text).ok()?;
        let index = manifest.kernel.iter().position(|known| known.name == kernel)?;
        let span = places.value(places::at!["kernel", index, key]);
        let (line, column) = problem::line_and_column(&text, span.start);
        Some(Location { file: FILE_NAME.to_owned(), line, column })
    }

    /// The Cargo package that the kernel is built from, if the manifest names one.
    #[must_use]
    pub fn source_path(&self, kernel: &Kernel) -> Option<PathBuf> {
        kernel.source.as_ref().map(|source| self.root.join(source))
    }
}
