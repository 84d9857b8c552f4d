//! `inspect`: what an app contains, needs and may do; what the region of a running engine holds, seen from another process.

use std::fmt;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wasm_engine_exchange::limits::SLOTS;
use wasm_engine_exchange::{Access, Region};
use wasm_engine_sandbox::{ABI_VERSION, ModuleLimits, inspect as inspect_module};

use crate::error::Diagnostic;
use crate::manifest::{App, Manifest};
use crate::policy::Policy;
use crate::wiring;

/// What an app contains, needs and may do.
#[derive(Debug, Clone, Serialize)]
pub struct AppInspection {
    /// Name from the manifest.
    pub name: String,
    /// Title from the manifest.
    pub title: String,
    /// Folder of the page, if there is one.
    pub page: Option<PathBuf>,
    /// Bytes of shared memory that a run maps.
    pub region_bytes: usize,
    /// Its kernels.
    pub kernels: Vec<KernelInspection>,
    /// Its buffers.
    pub buffers: Vec<BufferInspection>,
    /// Name, kind and buffer of its surfaces.
    pub surfaces: Vec<(String, String, String)>,
    /// Name, default, least and greatest value of its parameters.
    pub params: Vec<(String, f32, f32, f32)>,
}

/// One kernel.
#[derive(Debug, Clone, Serialize)]
pub struct KernelInspection {
    /// Name from the manifest.
    pub name: String,
    /// Path of the module in the app.
    pub module: PathBuf,
    /// Size of the module.
    pub bytes: u64,
    /// What the module says of itself, or why it would be refused.
    pub state: String,
    /// Buffers it may read.
    pub read: Vec<String>,
    /// Buffers it may write.
    pub write: Vec<String>,
    /// What of that a person has denied for every run, as `read NAME` or `write NAME`; with any of it the kernel is not started.
    pub denied: Vec<String>,
}

/// One buffer.
#[derive(Debug, Clone, Serialize)]
pub struct BufferInspection {
    /// Name.
    pub name: String,
    /// Bytes of its content.
    pub bytes: usize,
    /// Bytes it takes in the region: three slots.
    pub mapped: usize,
    /// Newest generation; 0 when nothing was published, and in an app that does not run.
    pub generation: u64,
}

/// The region of a running engine.
#[derive(Debug, Clone, Serialize)]
pub struct LiveInspection {
    /// The engine's process.
    pub pid: u32,
    /// The app it runs.
    pub app: String,
    /// Bytes of the region.
    pub region_bytes: usize,
    /// Its buffers, with their newest generation.
    pub buffers: Vec<BufferInspection>,
    /// Name, messages waiting and capacity of its lanes.
    pub lanes: Vec<(String, usize, usize)>,
}

/// What an engine notes about itself while it runs.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    pid: u32,
    app: String,
    /// Where its region can be opened.
    region: PathBuf,
}

/// Removes the note when the run ends.
pub(crate) struct Announcement(PathBuf);

impl Drop for Announcement {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Notes where this process's region can be found. Failing to is not worth ending a run for.
pub(crate) fn announce(app: &str, region: &Region) -> Option<Announcement> {
    let pid = std::process::id();
    let note = Note { pid, app: app.to_owned(), region: region.path()? };
    let folder = crate::paths::runtime_dir();
    let path = folder.join(format!("{pid}.json"));
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, serde_json::to_string(&note).unwrap_or_default()));
    match written {
        Ok(()) => Some(Announcement(path)),
        Err(error) => {
            tracing::warn!("{}: {error}; `inspect --live` will not find this run", path.display());
            None
        }
    }
}

/// Inspects an app without running it.
///
/// # Errors
/// The manifest's error. A module that would be refused is no error here: its state says why.
pub fn app(folder: &Path) -> Result<AppInspection, Diagnostic> {
    let app = Manifest::load(folder).map_err(|error| Diagnostic::from(&error))?;
    let spec = wiring::region_spec(&app.manifest);
    // Its memory comes with the first touch, which here only the directory gets.
    let region = Region::create(&spec).map_err(|error| Diagnostic::new(error.code(), error.to_string()).with_hint(error.hint()))?;
    let manifest = &app.manifest;
    let policy = Policy::load(&crate::paths::policy_file(&manifest.app.name))?;
    Ok(AppInspection {
        name: manifest.app.name.clone(),
        title: manifest.title().to_owned(),
        page: manifest.page.as_ref().map(|page| page.root.clone()),
        region_bytes: region.len(),
        kernels: manifest.kernel.iter().map(|kernel| inspect_kernel(&app, kernel, &policy)).collect(),
        // The region has the engine's own as well.
        buffers: buffers(&region).into_iter().filter(|buffer| manifest.buffer_named(&buffer.name).is_some()).collect(),
        surfaces: manifest
            .surface
            .iter()
            .map(|surface| (surface.name.clone(), surface.draw.name().to_owned(), surface.buffer.clone()))
            .collect(),
        params: manifest.param.iter().map(|param| (param.name.clone(), param.default, param.min, param.max)).collect(),
    })
}

fn inspect_kernel(app: &App, kernel: &crate::manifest::Kernel, policy: &Policy) -> KernelInspection {
    let path = app.root.join(&kernel.module);
    let state = match &wiring::read_module(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => "not built; `wasm-engine build` makes it".to_owned(),
        Err(error) => format!("cannot be read: {error}"),
        Ok(bytes) => match inspect_module(bytes, &ModuleLimits::default()) {
            Ok(_) => format!("ABI version {ABI_VERSION}"),
            Err(error) => format!("{}: {error}", error.code()),
        },
    };
    KernelInspection {
        name: kernel.name.clone(),
        module: kernel.module.clone(),
        bytes: path.metadata().map_or(0, |metadata| metadata.len()),
        state,
        read: kernel.read.clone(),
        write: kernel.write.clone(),
        denied: policy.denied(kernel).into_iter().map(|right| format!("{} {}", right.right, right.object)).collect(),
    }
}

fn buffers(region: &Region) -> Vec<BufferInspection> {
    region
        .buffers()
        .map(|info| BufferInspection {
            generation: region.buffer_state(info.id).map_or(0, |state| state.generation),
            name: info.name.to_string(),
            bytes: info.bytes,
            mapped: info.stride * SLOTS,
        })
        .collect()
}

/// Looks into the region of a running engine, read-only.
///
/// # Errors
/// `REGION_NOT_FOUND` when no such engine runs, or the exchange's own code when its region is not what it should be.
pub fn live(pid: Option<u32>) -> Result<LiveInspection, Diagnostic> {
    let note = find_note(pid).ok_or_else(|| {
        Diagnostic::new("REGION_NOT_FOUND", pid.map_or_else(|| "no engine runs".to_owned(), |pid| format!("process {pid} runs no engine")))
            .with_hint(Some("start one with `wasm-engine run <app>`; only engines of the same user are found".to_owned()))
    })?;
    // Opened for reading, it cannot be written through.
    let file = File::open(&note.region)
        .map_err(|error| Diagnostic::new("REGION_NOT_FOUND", format!("region of process {}: {error}", note.pid)))?;
    let region = Region::attach_file(file, Access::ReadOnly)
        .map_err(|error| Diagnostic::new(error.code(), error.to_string()).with_hint(error.hint()))?;
    Ok(LiveInspection {
        pid: note.pid,
        app: note.app,
        region_bytes: region.len(),
        buffers: buffers(&region),
        lanes: region
            .lanes()
            .map(|lane| (lane.name.to_string(), region.lane_state(&lane.name).map_or(0, |state| state.depth), lane.capacity))
            .collect(),
    })
}

fn find_note(pid: Option<u32>) -> Option<Note> {
    let mut notes: Vec<(std::time::SystemTime, Note)> = std::fs::read_dir(crate::paths::runtime_dir())
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let note: Note = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
            note.region.exists().then_some((path.metadata().ok()?.modified().ok()?, note))
        })
        .filter(|(_, note)| pid.is_none_or(|pid| note.pid == pid))
        .collect();
    notes.sort_by_key(|(modified, _)| *modified);
    notes.pop().map(|(_, note)| note)
}

fn bytes_text(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

impl fmt::Display for AppInspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.title, self.name)?;
        match &self.page {
            Some(page) => writeln!(f, "  page      {}", page.display())?,
            None => writeln!(f, "  page      none")?,
        }
        writeln!(f, "  memory    {} shared", bytes_text(self.region_bytes))?;
        writeln!(f, "\nkernels, in the order in which they run")?;
        for kernel in &self.kernels {
            writeln!(f, "  {:<14} {:>10}  {}", kernel.name, bytes_text(kernel.bytes as usize), kernel.state)?;
            writeln!(f, "                 may read {}; may write {}; nothing else", list(&kernel.read), list(&kernel.write))?;
            if !kernel.denied.is_empty() {
                writeln!(f, "                 is not started: you have denied it to {}", list(&kernel.denied))?;
            }
        }
        writeln!(f, "\nbuffers")?;
        for buffer in &self.buffers {
            writeln!(f, "  {:<14} {:>10}  three slots of {}", buffer.name, bytes_text(buffer.bytes), bytes_text(buffer.mapped / SLOTS))?;
        }
        if !self.surfaces.is_empty() {
            writeln!(f, "\nsurfaces")?;
        }
        for (name, kind, buffer) in &self.surfaces {
            writeln!(f, "  {name:<14} {kind} from `{buffer}`")?;
        }
        if !self.params.is_empty() {
            writeln!(f, "\nparameters")?;
        }
        for (name, default, min, max) in &self.params {
            writeln!(f, "  {name:<14} {default} ({min} to {max})")?;
        }
        Ok(())
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

impl fmt::Display for LiveInspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, process {}, region of {}", self.app, self.pid, bytes_text(self.region_bytes))?;
        writeln!(f, "\n  {:<18} {:>12} {:>12}", "buffer", "bytes", "generation")?;
        for buffer in &self.buffers {
            writeln!(f, "  {:<18} {:>12} {:>12}", buffer.name, buffer.bytes, buffer.generation)?;
        }
        if !self.lanes.is_empty() {
            writeln!(f, "\n  {:<18} {:>12} {:>12}", "lane", "waiting", "capacity")?;
        }
        for (name, depth, capacity) in &self.lanes {
            writeln!(f, "  {name:<18} {depth:>12} {capacity:>12}")?;
        }
        Ok(())
    }
}
