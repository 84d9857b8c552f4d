//! What a run has to say when it is over: for a person, for `--report`, and for tests.

use std::fmt;

use serde::Serialize;
use wasm_engine_gpu::DeviceFault;
use wasm_engine_sandbox::KernelError;
use wasm_engine_telemetry::Report;

use crate::error::Diagnostic;
use crate::groups::KernelSummary;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All the ticks that were asked for.
    Completed,
    /// The window was closed.
    Closed,
    /// Ctrl-C.
    Interrupted,
    /// A thread of the engine has died: the report has what is left.
    Failed,
}

/// Something that failed during a run without ending it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The part: a kernel's name, `page`, `compositor`, `gpu`, or `engine`.
    pub part: String,
    /// Stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Tick in which it happened, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tick: Option<u64>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Fault {
    pub(crate) fn of_kernel(kernel: &str, tick: Option<u64>, error: &KernelError) -> Self {
        Self { part: kernel.to_owned(), code: error.code().to_owned(), message: error.within(), tick, hint: error.hint() }
    }

    /// As it is told to whoever asked for what it has kept from happening.
    pub(crate) fn diagnostic(&self) -> Diagnostic {
        Diagnostic::new(&self.code, format!("{}: {}", self.part, self.message)).with_hint(self.hint.clone())
    }

    /// Something of the engine itself.
    pub(crate) fn of_engine(problem: &Diagnostic) -> Self {
        Self {
            part: "engine".to_owned(),
            code: problem.code.clone(),
            message: problem.message.clone(),
            tick: None,
            hint: problem.hint.clone(),
        }
    }

    pub(crate) fn of_gpu(fault: &DeviceFault) -> Self {
        Self {
            part: "gpu".to_owned(),
            code: fault.kind.code().to_owned(),
            message: fault.text.clone(),
            tick: None,
            hint: Some(fault.kind.hint().to_owned()),
        }
    }
}

/// How the page's frames came to the compositor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PagePath {
    /// `shared` (GPU textures), `cpu` (read back and uploaded) or `none` (the app has no page).
    pub path: String,
    /// Why it is not `shared`, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The report of one run.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// The app's name.
    pub app: String,
    /// Version of the engine.
    pub engine: String,
    /// How the run ended.
    pub ending: Ending,
    /// Seed of the run, or of its last restart.
    pub seed: u64,
    /// Ticks that were run since its beginning, or since its last restart.
    pub ticks: u64,
    /// Wall-clock seconds from the first tick to the last.
    pub seconds: f64,
    /// Framebuffer in device pixels.
    pub size: [u32; 2],
    /// Device pixels per CSS pixel.
    pub scale: f32,
    /// Name of the GPU device.
    pub gpu: String,
    /// How the page's frames came.
    pub page: PagePath,
    /// The kernels and how they ended.
    pub kernels: Vec<KernelSummary>,
    /// Surfaces that the app has.
    pub surfaces: usize,
    /// Whether the GPU read all of the surfaces' data where the guests wrote them.
    pub zero_copy: bool,
    /// Threads that ran kernels.
    pub workers: usize,
    /// Everything that failed without ending the run.
    pub faults: Vec<Fault>,
    /// Times by stage, counters, queue depths.
    pub telemetry: Report,
    /// Files that the run wrote.
    pub files: Vec<String>,
}

impl RunReport {
    /// Whether the GPU device was lost on the way, so that the last frames were not drawn.
    #[must_use]
    pub fn lost_gpu(&self) -> bool {
        self.faults.iter().any(|fault| fault.code == "GPU_LOST")
    }

    /// Whether something that was asked for could not be written.
    #[must_use]
    pub fn lacks_output(&self) -> bool {
        self.faults.iter().any(|fault| fault.code == "OUTPUT")
    }

    /// Whether a guest was ended by a fault, even if it has begun anew since.
    #[must_use]
    pub fn guests_failed(&self) -> bool {
        self.kernels.iter().any(|kernel| kernel.faults > 0)
    }
}

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = match self.ending {
            Ending::Completed => "completed",
            Ending::Closed => "window closed",
            Ending::Interrupted => "interrupted",
            Ending::Failed => "failed",
        };
        writeln!(f, "{}: {ending} after {} ticks in {:.2} s, seed {}", self.app, self.ticks, self.seconds, self.seed)?;
        let page = match &self.page.reason {
            Some(reason) => format!("{} ({reason})", self.page.path),
            None => self.page.path.clone(),
        };
        writeln!(f, "  frame    {}x{} at scale {} on {}", self.size[0], self.size[1], self.scale, self.gpu)?;
        writeln!(f, "  page     {page}")?;
        if self.surfaces > 0 {
            writeln!(f, "  surfaces {}", if self.zero_copy { "drawn from the guests' memory in place" } else { "copied to the GPU" })?;
        }
        for kernel in &self.kernels {
            write!(f, "  kernel   {:<12} {} x {}, windows {}", kernel.name, kernel.shards, kernel.state, kernel.windows)?;
            match kernel.faults {
                0 => writeln!(f)?,
                faults => writeln!(f, ", faults {faults}")?,
            }
        }
        writeln!(f, "\n{}", self.telemetry)?;
        for fault in &self.faults {
            let tick = fault.tick.map_or(String::new(), |tick| format!(" at tick {tick}"));
            writeln!(f, "error[{}]: {}{tick}: {}", fault.code, fault.part, fault.message)?;
            if let Some(hint) = &fault.hint {
                writeln!(f, "  = help: {hint}")?;
            }
        }
        if !self.files.is_empty() {
            writeln!(f, "wrote {}", self.files.join(", "))?;
        }
        Ok(())
    }
}
