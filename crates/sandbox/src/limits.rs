//! Every limit of the sandbox, by name.

use std::time::Duration;

/// Bytes of a page of WebAssembly memory.
pub const WASM_PAGE: usize = 65_536;

/// The most buffers one kernel can be granted.
pub const MAX_BUFFERS: usize = 64;

/// The most parameters one kernel can have.
pub const MAX_PARAMS: usize = 1024;

/// The most bytes of a buffer's or parameter's name.
pub const MAX_NAME_BYTES: usize = 256;

/// What a module may be made of. Checked before anything is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleLimits {
    /// Bytes of the module.
    pub module_bytes: usize,
    /// Functions defined.
    pub functions: u32,
    /// Bytes of one function's body: what the compiler's time depends on most.
    pub function_bytes: u32,
    /// Types, globals, tables, exports, element and data segments: each.
    pub items: u32,
}

impl Default for ModuleLimits {
    fn default() -> Self {
        ModuleLimits { module_bytes: 16 << 20, functions: 20_000, function_bytes: 1 << 20, items: 20_000 }
    }
}

/// What one instance of a kernel may use. Exceeding a limit ends the kernel with a coded error, except where said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelLimits {
    /// Bytes of the kernel's own memory; the context page and the windows do not count.
    pub memory_bytes: usize,
    /// Elements of all its tables.
    pub table_elements: usize,
    /// Fuel per call, about one unit per instruction and per byte of bulk operations. Deterministic profile only.
    pub fuel: u64,
    /// Wall-clock time per tick. Interactive profile only.
    pub deadline: Duration,
    /// Wall-clock time for `kernel_init`. Interactive profile only.
    pub init_deadline: Duration,
    /// Calls into the host per call of the kernel.
    pub host_calls: u32,
    /// Bytes of one log line; longer ones are cut.
    pub log_line_bytes: usize,
    /// Bytes logged per call, each line 64 more than it has; what exceeds them is dropped and counted.
    pub log_bytes_per_call: usize,
    /// Bytes logged in the kernel's life, counted alike; what exceeds them is dropped and counted.
    pub log_bytes: u64,
    /// Events per call; further ones are refused, which the kernel is told.
    pub events_per_call: usize,
    /// Bytes of data of all events of a call; further ones are refused, which the kernel is told.
    pub event_bytes_per_call: usize,
    /// Bytes of an event's topic; longer ones are refused.
    pub topic_bytes: usize,
}

impl Default for KernelLimits {
    fn default() -> Self {
        KernelLimits {
            memory_bytes: 256 << 20,
            table_elements: 65_536,
            fuel: 10_000_000_000,
            deadline: Duration::from_secs(1),
            init_deadline: Duration::from_secs(5),
            host_calls: 100_000,
            log_line_bytes: 4 << 10,
            log_bytes_per_call: 16 << 10,
            log_bytes: 4 << 20,
            events_per_call: 256,
            event_bytes_per_call: 1 << 20,
            topic_bytes: 128,
        }
    }
}
