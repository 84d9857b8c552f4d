//! What the sandbox's tests share: modules in text form, a region, and a kernel with the writers of its buffers.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file is a crate of its own and uses a part of this; tests may fail")]

use wasm_engine_exchange::{BufferInfo, Reader, Region, RegionSpec, Writer};
use wasm_engine_sandbox::{
    Event, Grant, GrantAccess, Kernel, KernelError, KernelLimits, KernelModule, LoadError, LogLine, Profile, Sandbox, SandboxConfig,
    SlotState, StartArgs, TickInput, TickOutput,
};

/// The parts of a kernel in text form. What is not given does nothing.
#[derive(Clone)]
pub(crate) struct Wat {
    /// Declarations: globals, tables, data, further functions.
    pub(crate) more: String,
    /// The memory's limits, in pages.
    pub(crate) memory: &'static str,
    /// Body of `kernel_init`, before it returns 0. The context is local 0.
    pub(crate) init: String,
    /// Body of `kernel_tick`, likewise.
    pub(crate) tick: String,
    /// Body of `kernel_shutdown`.
    pub(crate) shutdown: String,
}

impl Default for Wat {
    fn default() -> Self {
        Wat { more: String::new(), memory: "1", init: String::new(), tick: String::new(), shutdown: String::new() }
    }
}

impl Wat {
    pub(crate) fn tick(body: &str) -> Self {
        Wat { tick: body.to_owned(), ..Wat::default() }
    }

    pub(crate) fn init(body: &str) -> Self {
        Wat { init: body.to_owned(), ..Wat::default() }
    }

    /// The module's bytes. `$read` and `$write` give the address of a buffer's slots.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Wat { more, memory, init, tick, shutdown } = self;
        wasm(&format!(
            r#"(module
            (@custom "wasm-engine.abi" "\01\00\00\00")
            (import "engine" "log" (func $log (param i32 i32 i32)))
            (import "engine" "emit" (func $emit (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") {memory})
            (func $read (param $ctx i32) (param $buffer i32) (result i32)
              (i32.load offset=96 (i32.add (local.get $ctx) (i32.shl (local.get $buffer) (i32.const 5)))))
            (func $write (param $ctx i32) (param $buffer i32) (result i32)
              (i32.load offset=100 (i32.add (local.get $ctx) (i32.shl (local.get $buffer) (i32.const 5)))))
            {more}
            (func $init (export "kernel_init") (param $ctx i32) (result i32) (local $a i32) (local $b i32) {init} (i32.const 0))
            (func $tick (export "kernel_tick") (param $ctx i32) (result i32) (local $a i32) (local $b i32) {tick} (i32.const 0))
            (func (export "kernel_shutdown") (local $a i32) (local $b i32) {shutdown}))"#
        ))
    }
}

/// Assembles text.
pub(crate) fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub(crate) fn sandbox(profile: Profile) -> Sandbox {
    Sandbox::new(SandboxConfig { profile, ..SandboxConfig::default() }).unwrap()
}

pub(crate) fn load(sandbox: &Sandbox, bytes: &[u8]) -> Result<KernelModule, LoadError> {
    sandbox.compile(&[("test", bytes)]).pop().unwrap()
}

/// A kernel with all it needs.
pub(crate) struct Rig {
    pub(crate) region: Region,
    pub(crate) kernel: Kernel,
    /// A writer per buffer, and a reader per buffer.
    pub(crate) writers: Vec<Writer>,
    pub(crate) readers: Vec<Reader>,
    access: Vec<GrantAccess>,
    params: Vec<f32>,
    tick: u64,
}

/// How a rig is made.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) profile: Profile,
    pub(crate) buffers: Vec<(&'static str, usize, GrantAccess)>,
    pub(crate) args: StartArgs,
    pub(crate) mapped: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let limits = KernelLimits {
            memory_bytes: 4 << 20,
            fuel: 50_000_000,
            deadline: std::time::Duration::from_millis(50),
            init_deadline: std::time::Duration::from_millis(50),
            ..KernelLimits::default()
        };
        Setup { profile: Profile::Deterministic, buffers: Vec::new(), args: StartArgs { limits, ..StartArgs::default() }, mapped: true }
    }
}

impl Setup {
    pub(crate) fn with(buffers: &[(&'static str, usize, GrantAccess)]) -> Self {
        Setup { buffers: buffers.to_vec(), ..Setup::default() }
    }

    pub(crate) fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    pub(crate) fn region(&self) -> Region {
        let spec = self.buffers.iter().fold(RegionSpec::new(), |spec, (name, bytes, _)| spec.buffer(name, *bytes));
        if self.mapped { Region::create(&spec).unwrap() } else { Region::anonymous(&spec).unwrap() }
    }

    pub(crate) fn grants(&self, region: &Region) -> Vec<Grant> {
        let info = |name: &str| -> BufferInfo { region.buffers().find(|buffer| &*buffer.name == name).unwrap() };
        self.buffers.iter().map(|(name, _, access)| Grant { buffer: info(name), access: *access }).collect()
    }

    pub(crate) fn start(&self, wat: &Wat) -> Result<Rig, KernelError> {
        self.start_bytes(&wat.bytes())
    }

    pub(crate) fn start_bytes(&self, bytes: &[u8]) -> Result<Rig, KernelError> {
        let sandbox = sandbox(self.profile);
        let module = load(&sandbox, bytes).unwrap();
        let region = self.region();
        let kernel = Kernel::start(&sandbox, &module, &region, &self.grants(&region), &self.args)?;
        let ids: Vec<_> = self.buffers.iter().map(|(name, ..)| region.buffer(name).unwrap()).collect();
        Ok(Rig {
            writers: ids.iter().map(|id| region.writer(*id).unwrap()).collect(),
            readers: ids.iter().map(|id| region.reader(*id).unwrap()).collect(),
            access: self.buffers.iter().map(|(.., access)| *access).collect(),
            params: self.args.params.iter().map(|(_, value)| *value).collect(),
            region,
            kernel,
            tick: 0,
        })
    }
}

impl Rig {
    /// Fills a buffer from outside and publishes it.
    pub(crate) fn publish(&mut self, buffer: usize, fill: u8) {
        self.writers[buffer].bytes_mut().fill(fill);
        self.writers[buffer].publish();
    }

    pub(crate) fn slots(&self) -> Vec<SlotState> {
        let state = |writer: &Writer| SlotState {
            read_slot: writer.latest_slot(),
            write_slot: writer.write_slot(),
            generation: writer.generation(),
        };
        self.writers.iter().map(state).collect()
    }

    /// One tick; what was written is published if it succeeds.
    pub(crate) fn tick(&mut self) -> Result<TickOutput, KernelError> {
        let slots = self.slots();
        let time = self.tick as f64 / 64.0;
        let input = TickInput { tick: self.tick, time, dt: 1.0 / 64.0, params: &self.params, pointer: None, slots: &slots };
        let output = self.kernel.tick(&input)?;
        for (writer, access) in self.writers.iter_mut().zip(&self.access) {
            if *access != GrantAccess::Read {
                writer.publish();
            }
        }
        self.tick += 1;
        Ok(output)
    }

    /// The newest content of a buffer.
    pub(crate) fn content(&mut self, buffer: usize) -> Vec<u8> {
        self.readers[buffer].acquire();
        self.readers[buffer].bytes().to_vec()
    }

    pub(crate) fn set_param(&mut self, index: usize, value: f32) {
        self.params[index] = value;
    }

    pub(crate) fn log(&mut self) -> Vec<LogLine> {
        let mut lines = Vec::new();
        self.kernel.drain_log(|line| lines.push(line));
        lines
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        self.kernel.drain_events(|event| events.push(event));
        events
    }
}
