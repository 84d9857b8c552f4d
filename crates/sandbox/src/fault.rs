//! What ends a kernel, and how that is told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use wasmtime::{Trap, WasmBacktrace};

use crate::link::Refusal;
use crate::publish::LogLine;

/// The most functions that a backtrace names.
const MAX_FRAMES: usize = 32;

/// A kernel could not start, or has ended before its time. The process and all other kernels go on.
#[derive(Debug, Error)]
#[error("kernel `{kernel}`{}: {fault}", ShownPlace { shard: *shard, phase: Some(*phase) })]
pub struct KernelError {
    /// Name of the kernel.
    pub kernel: Arc<str>,
    /// Which of its instances.
    pub shard: u32,
    /// What it was doing.
    pub phase: Phase,
    /// What ended it.
    pub fault: Box<Fault>,
    /// The functions it was in, innermost first, as far as the module names them.
    pub backtrace: Vec<String>,
    /// What it had logged, where it failed at its start: there is no kernel left to ask.
    pub log: Vec<LogLine>,
}

/// What a kernel was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Being instantiated, or in `kernel_init`.
    Start,
    /// In the tick of this number.
    Tick(u64),
    /// In `kernel_shutdown`.
    Shutdown,
}

struct ShownPlace {
    shard: u32,
    phase: Option<Phase>,
}

impl fmt::Display for ShownPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.shard != 0 {
            write!(f, " (shard {})", self.shard)?;
        }
        match self.phase {
            Some(Phase::Start) => f.write_str(" at its start"),
            Some(Phase::Tick(tick)) => write!(f, " in tick {tick}"),
            Some(Phase::Shutdown) => f.write_str(" at its shutdown"),
            None => Ok(()),
        }
    }
}

/// What ends a kernel.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The code did something that WebAssembly forbids, panicked, or ran into `unreachable`.
    #[error("{what}{}", said(message))]
    Trap {
        /// Which kind of trap.
        what: String,
        /// What the kernel logged as an error just before, for example a panic's message.
        message: Option<String>,
    },
    /// Calls were nested too deeply.
    #[error("the stack is exhausted")]
    StackOverflow,
    /// A call took too long.
    #[error("the call took longer than {limit:?}")]
    Deadline {
        /// How long it may take.
        limit: Duration,
    },
    /// A call did too much work.
    #[error("the call used up its {limit} units of fuel")]
    FuelExhausted {
        /// How much there was.
        limit: u64,
    },
    /// The kernel asked for more memory than it may have.
    #[error("{asked} bytes of memory asked for, and {limit} are allowed")]
    MemoryLimit {
        /// How much it asked for.
        asked: usize,
        /// How much it may have.
        limit: usize,
    },
    /// The kernel asked for more table elements than it may have.
    #[error("{asked} table elements asked for, and {limit} are allowed")]
    TableLimit {
        /// How many it asked for.
        asked: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The kernel wrote to a buffer that it may only read. The buffer is unharmed.
    #[error("a write to buffer `{buffer}` (slot {slot}, byte {offset}), which is granted for reading only")]
    WindowViolation {
        /// Which buffer.
        buffer: Arc<str>,
        /// Which of its three slots.
        slot: usize,
        /// Where in the slot.
        offset: usize,
    },
    /// The kernel itself said that it failed.
    #[error("it reported code {code}{}", said(message))]
    Failed {
        /// The code it returned, not 0.
        code: i32,
        /// What it logged as an error just before.
        message: Option<String>,
    },
    /// The kernel gave the host an address that its memory does not have.
    #[error("{message}")]
    HostCallRange {
        /// Which function, which address.
        message: String,
    },
    /// The kernel called the host too often.
    #[error("more than {limit} calls into the engine")]
    HostCallLimit {
        /// How often it may.
        limit: u32,
    },
    /// The kernel has ended before.
    #[error("it has ended already")]
    Ended,
    /// What the engine wants to give the kernel is impossible.
    #[error("{message}")]
    Grant {
        /// Why.
        message: String,
    },
    /// The granted buffers do not fit beside the kernel's own memory.
    #[error("the granted buffers take {bytes} bytes of address space, and {room} are left")]
    NoRoom {
        /// What they take.
        bytes: u64,
        /// What is left.
        room: u64,
        /// They would fit if the memory declared no maximum.
        declared: bool,
    },
    /// The system refused to map the granted buffers.
    #[error("the granted buffers cannot be mapped: {0}")]
    Map(std::io::Error),
    /// Something failed that should not.
    #[error("{0}")]
    Internal(String),
}

fn said(message: &Option<String>) -> String {
    message.as_ref().map(|message| format!(": {message}")).unwrap_or_default()
}

impl Fault {
    /// The error's stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::Trap { .. } => "TRAP",
            Fault::StackOverflow => "STACK_OVERFLOW",
            Fault::Deadline { .. } => "DEADLINE",
            Fault::FuelExhausted { .. } => "FUEL_EXHAUSTED",
            Fault::MemoryLimit { .. } => "MEMORY_LIMIT",
            Fault::TableLimit { .. } => "TABLE_LIMIT",
            Fault::WindowViolation { .. } => "WINDOW_VIOLATION",
            Fault::Failed { .. } => "KERNEL_FAILED",
            Fault::HostCallRange { .. } => "HOST_CALL_RANGE",
            Fault::HostCallLimit { .. } => "HOST_CALL_LIMIT",
            Fault::Ended => "KERNEL_ENDED",
            Fault::Grant { .. } => "GRANT_INVALID",
            Fault::NoRoom { .. } => "WINDOWS_TOO_LARGE",
            Fault::Map(_) => "WINDOW_MAP_FAILED",
            Fault::Internal(_) => "SANDBOX_INTERNAL",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Fault::Trap { .. } => "the backtrace names the functions; build the kernel with names kept (`strip = \"debuginfo\"`)",
            Fault::StackOverflow => "bound the recursion, and keep large arrays off the stack",
            Fault::Deadline { .. } => "do less per tick, split the work into more shards, or raise the kernel's `deadline_ms` in app.toml",
            Fault::FuelExhausted { .. } => "do less per tick, split the work into more shards, or raise the kernel's `fuel` in app.toml",
            Fault::MemoryLimit { .. } => "use less, or raise the kernel's `memory_max` in app.toml",
            Fault::TableLimit { .. } => "use fewer functions by address",
            Fault::WindowViolation { .. } => "grant the buffer for writing in the manifest, or do not write to it",
            Fault::NoRoom { declared: true, .. } => "the module's memory declares a maximum: leave it out, or raise it",
            Fault::NoRoom { declared: false, .. } => "make the buffers smaller, or split the kernel",
            Fault::HostCallLimit { .. } => "log and emit less per tick",
            Fault::Map(_) => "raise the limit of mappings (vm.max_map_count)",
            Fault::HostCallRange { .. } => "give the engine addresses and lengths within the kernel's memory, as the SDK does",
            Fault::Failed { code, .. } => return sdk_hint(*code).map(str::to_owned),
            Fault::Ended | Fault::Grant { .. } | Fault::Internal(_) => return None,
        };
        Some(hint.to_owned())
    }

    /// Reads what wasmtime tells about a call that failed.
    pub(crate) fn of(error: &wasmtime::Error, message: Option<String>, fuel: u64, deadline: Duration) -> Self {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return match *refusal {
                Refusal::Range { .. } => Fault::HostCallRange { message: refusal.to_string() },
                Refusal::Calls { limit } => Fault::HostCallLimit { limit },
                Refusal::Memory { asked, limit } => Fault::MemoryLimit { asked, limit },
                Refusal::Deadline => Fault::Deadline { limit: deadline },
                Refusal::Table { asked, limit } => Fault::TableLimit { asked, limit },
            };
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => Fault::StackOverflow,
            Some(Trap::OutOfFuel) => Fault::FuelExhausted { limit: fuel },
            Some(trap) => Fault::Trap { what: trap.to_string(), message },
            None => Fault::Internal(format!("{error:#}")),
        }
    }
}

impl KernelError {
    /// What happened, for whoever knows the kernel and the tick.
    pub fn within(&self) -> String {
        let phase = if matches!(self.phase, Phase::Tick(_)) { None } else { Some(self.phase) };
        let place = ShownPlace { shard: self.shard, phase }.to_string();
        if place.is_empty() { self.fault.to_string() } else { format!("{}: {}", place.trim_start(), self.fault) }
    }

    /// The error's stable code.
    pub fn code(&self) -> &'static str {
        self.fault.code()
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match (&*self.fault, self.phase) {
            (Fault::Deadline { .. }, Phase::Start) => {
                Some("do less in `init`, for example by spreading the work over the first ticks".to_owned())
            }
            (Fault::FuelExhausted { .. }, Phase::Start) => Some("do less in `init`, or raise the kernel's `fuel` in app.toml".to_owned()),
            (fault, _) => fault.hint(),
        }
    }
}

/// What to do about what the SDK itself has found; its codes are those of `wasm_engine_guest::Error::code`.
fn sdk_hint(code: i32) -> Option<&'static str> {
    Some(match code {
        -1 => "build the kernel with this engine's SDK: `wasm-engine build` does so",
        -5..=-3 => "name the buffer in the kernel's `read` or `write` in app.toml",
        -6 => "give the buffer an `item` of the size that the kernel reads and writes",
        -7 => "ask for a buffer's new content once per tick",
        -8 => "let each shard write its own part, with `write_share` or `write_range`",
        -9 => "write within the buffer, or give it a larger `count`",
        -10 => "declare the parameter as a [[param]] in app.toml",
        -11 => {
            "emit fewer or smaller events per tick, or raise `events_per_tick` and `event_bytes` under [limits]; \
             a topic has 1 to 128 bytes, no control characters, and does not begin with `engine:`"
        }
        _ => return None,
    })
}

/// The names of the functions in which a call failed.
pub(crate) fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames).unwrap_or_default();
    let name = |frame: &wasmtime::FrameInfo| function_name(frame.func_name(), frame.func_index());
    frames.iter().take(MAX_FRAMES).map(name).collect()
}

/// A function's name for people.
pub(crate) fn function_name(name: Option<&str>, index: u32) -> String {
    match name {
        Some(name) => format!("{:#}", rustc_demangle::demangle(name)),
        None => format!("function {index}"),
    }
}
