//! Stage three: a kernel's life.

use std::sync::Arc;
use std::time::Duration;

use wasm_engine_exchange::limits::SLOTS;
use wasm_engine_exchange::{BufferInfo, Region};
use wasm_engine_telemetry::Counter;
use wasmtime::{Instance, Memory, Store, Trap, TypedFunc};

use crate::config::{self, Meter};
use crate::fault::{Fault, KernelError, Phase, backtrace};
use crate::instrument::WATCH_EXPORT;
use crate::layout::{ContextPage, Fixed, Moment, Pointer, View};
use crate::limits::{KernelLimits, WASM_PAGE};
use crate::link::{HostState, Refusal};
use crate::load::{KernelModule, Sandbox};
use crate::publish::{Event, LogLine, TickOutput};
use crate::window::{Violation, WatchPage, Window, Windows};

/// What a kernel may do with a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantAccess {
    /// Read the content published last.
    Read,
    /// Write new content.
    Write,
    /// Both: read the last content and write the new one, as a simulation steps its state.
    ReadWrite,
}

impl GrantAccess {
    fn reads(self) -> bool {
        self != GrantAccess::Write
    }

    fn writes(self) -> bool {
        self != GrantAccess::Read
    }

    /// As the ABI spells it.
    fn bits(self) -> u32 {
        u32::from(self.reads()) | u32::from(self.writes()) << 1
    }
}

/// A buffer that the manifest grants to a kernel.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Which one.
    pub buffer: BufferInfo,
    /// What the kernel may do with it.
    pub access: GrantAccess,
}

/// What a kernel is started with.
#[derive(Clone, Debug)]
pub struct StartArgs {
    /// Names of the parameters and their first values, in the manifest's order.
    pub params: Vec<(String, f32)>,
    /// Which part of the work this instance does.
    pub shard: u32,
    /// Into how many parts the work is divided, at least 1.
    pub shards: u32,
    /// Seed of the run.
    pub seed: u64,
    /// What the instance may use.
    pub limits: KernelLimits,
}

impl Default for StartArgs {
    fn default() -> Self {
        StartArgs { params: Vec::new(), shard: 0, shards: 1, seed: 0, limits: KernelLimits::default() }
    }
}

/// The state of one granted buffer in one tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotState {
    /// Slot of the content published last.
    pub read_slot: usize,
    /// Slot that the writer has to itself. Ignored where writing is not granted.
    pub write_slot: usize,
    /// Number of the content in `read_slot`; 0 if none was published.
    pub generation: u64,
}

/// What a kernel is told in a tick.
#[derive(Clone, Copy, Debug, Default)]
pub struct TickInput<'a> {
    /// Number of the tick.
    pub tick: u64,
    /// Virtual time, seconds since the start of the run.
    pub time: f64,
    /// Virtual time since the tick before, seconds.
    pub dt: f64,
    /// Current values of the parameters, in the order of [`StartArgs::params`].
    pub params: &'a [f32],
    /// Where the pointer is in the kernel's surface.
    pub pointer: Option<Pointer>,
    /// The buffers' slots, in the order of the grants.
    pub slots: &'a [SlotState],
}

/// One running instance of a kernel.
pub struct Kernel {
    name: Arc<str>,
    sandbox: Sandbox,
    args: StartArgs,
    grants: Vec<GrantAccess>,
    page: ContextPage,
    context: u32,
    memory: Memory,
    watch: Option<WatchPage>,
    tick: TypedFunc<u32, i32>,
    shutdown: TypedFunc<(), ()>,
    ended: bool,
    // The windows' mappings are part of the store's memory and go with it.
    windows: Windows,
    store: Store<HostState>,
}

impl Kernel {
    /// Instantiates a module, maps the granted buffers into its memory, and runs its `kernel_init`.
    pub fn start(
        sandbox: &Sandbox,
        module: &KernelModule,
        region: &Region,
        grants: &[Grant],
        args: &StartArgs,
    ) -> Result<Self, KernelError> {
        let starting = Starting { sandbox, module, region, grants, args };
        starting.run().inspect_err(|error| {
            sandbox.inner.count(Counter::GuestFaults, 1);
            tracing::debug!(code = error.code(), "{error}");
        })
    }

    /// Name of the kernel.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which part of the work this instance does.
    pub fn shard(&self) -> u32 {
        self.args.shard
    }

    /// Whether the granted buffers are mapped into the kernel's memory. If not, each tick copies them.
    pub fn windows_mapped(&self) -> bool {
        self.windows.mapped()
    }

    /// Bytes of memory that the kernel has, without context page and windows.
    pub fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store).saturating_sub(self.store.data().host_bytes)
    }

    /// Runs one tick. After an error the kernel has ended, and what it wrote in this tick must not be published.
    pub fn tick(&mut self, input: &TickInput<'_>) -> Result<TickOutput, KernelError> {
        let phase = Phase::Tick(input.tick);
        self.guarded(phase, |kernel| {
            kernel.prepare(input).map_err(|fault| kernel.error(phase, fault))?;
            let mut copied = kernel.windows.copy_in(&mut kernel.store, kernel.memory, input.slots);
            let deadline = kernel.args.limits.deadline;
            let (tick, context) = (kernel.tick.clone(), kernel.context);
            let code = kernel.call(phase, deadline, |store| tick.call(store, context))?;
            kernel.check_code(phase, code)?;
            copied += kernel.windows.copy_out(&mut kernel.store, kernel.memory, input.slots);
            kernel.sandbox.inner.count(Counter::BytesCopied, copied);
            Ok(kernel.store.data().outbox.output(kernel.fuel_used(), copied))
        })
    }

    /// Tells the kernel that the run is over. It cannot tick any more.
    pub fn shutdown(&mut self) -> Result<(), KernelError> {
        self.guarded(Phase::Shutdown, |kernel| {
            let deadline = kernel.args.limits.deadline;
            let shutdown = kernel.shutdown.clone();
            kernel.call(Phase::Shutdown, deadline, |store| shutdown.call(store, ()))?;
            kernel.ended = true;
            Ok(())
        })
    }

    /// Takes the events sent so far.
    pub fn drain_events(&mut self, each: impl FnMut(Event)) {
        self.store.data_mut().outbox.drain_events().for_each(each);
    }

    /// Takes the lines logged so far.
    pub fn drain_log(&mut self, each: impl FnMut(LogLine)) {
        self.store.data_mut().outbox.drain_lines().for_each(each);
    }

    /// Runs `body` if the kernel still lives, and ends it if that fails.
    fn guarded<R>(&mut self, phase: Phase, body: impl FnOnce(&mut Self) -> Result<R, KernelError>) -> Result<R, KernelError> {
        if self.ended {
            return Err(self.error(phase, Fault::Ended));
        }
        body(self).inspect_err(|error| {
            self.ended = true;
            self.sandbox.inner.count(Counter::GuestFaults, 1);
            tracing::debug!(code = error.code(), "{error}");
        })
    }

    /// Brings the context page up to date.
    fn prepare(&mut self, input: &TickInput<'_>) -> Result<(), Fault> {
        let grant = |message: String| Fault::Grant { message };
        if input.slots.len() != self.grants.len() || input.params.len() != self.args.params.len() {
            let (slots, params) = (input.slots.len(), input.params.len());
            return Err(grant(format!("the tick has {slots} slots and {params} parameters, the start had others")));
        }
        for (index, ((window, access), state)) in self.windows.list().iter().zip(&self.grants).zip(input.slots).enumerate() {
            let apart = *access != GrantAccess::ReadWrite || state.read_slot != state.write_slot;
            let sane = state.read_slot < SLOTS && state.write_slot < SLOTS && apart;
            if !sane {
                return Err(grant(format!("slots {} and {} of buffer `{}`", state.read_slot, state.write_slot, window.name)));
            }
            self.page.set_view(index, &view(window, *access, state, true));
        }
        let TickInput { tick, time, dt, pointer, .. } = *input;
        self.page.set_moment(&Moment { tick, time, dt, pointer });
        self.page.set_params(input.params.iter().copied());
        let written = self.memory.write(&mut self.store, self.context as usize, self.page.changing());
        written.map_err(|error| Fault::Internal(error.to_string()))
    }

    /// Makes one call into the kernel, within its limits.
    fn call<R>(
        &mut self,
        phase: Phase,
        deadline: Duration,
        body: impl FnOnce(&mut Store<HostState>) -> wasmtime::Result<R>,
    ) -> Result<R, KernelError> {
        let result = limited(&self.sandbox, &mut self.store, self.watch, deadline, body);
        // However it has ended.
        let (outbox, inner) = (&self.store.data().outbox, &self.sandbox.inner);
        inner.count(Counter::EventsEmitted, outbox.events_of_call().into());
        inner.count(Counter::GuestLogDropped, outbox.dropped_of_call().into());
        // First of all: a forbidden write may have been the reason for the trap, or may have gone unnoticed by the code.
        if let Some(violation) = self.windows.violation() {
            let trace = result.err().map(|error| backtrace(&error)).unwrap_or_default();
            let Violation { buffer, slot, offset, function } = violation;
            let fault = Fault::WindowViolation { buffer, slot, offset };
            // What the code did after the write says nothing about it.
            return Err(KernelError { backtrace: function.map_or(trace, |name| vec![name]), ..self.error(phase, fault) });
        }
        result.map_err(|error| {
            let message = self.store.data_mut().outbox.take_last_error();
            let fault = Fault::of(&error, message, self.args.limits.fuel, deadline);
            KernelError { backtrace: backtrace(&error), ..self.error(phase, fault) }
        })
    }

    fn check_code(&mut self, phase: Phase, code: i32) -> Result<(), KernelError> {
        if code == 0 {
            return Ok(());
        }
        let message = self.store.data_mut().outbox.take_last_error();
        Err(self.error(phase, Fault::Failed { code, message }))
    }

    fn fuel_used(&self) -> Option<u64> {
        let left = self.store.get_fuel().ok()?;
        Some(self.args.limits.fuel.saturating_sub(left))
    }

    fn error(&self, phase: Phase, fault: Fault) -> KernelError {
        error(&self.name, self.args.shard, phase, fault)
    }
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kernel")
            .field("name", &self.name)
            .field("shard", &self.args.shard)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

fn error(kernel: &Arc<str>, shard: u32, phase: Phase, fault: Fault) -> KernelError {
    KernelError { kernel: Arc::clone(kernel), shard, phase, fault: Box::new(fault), backtrace: Vec::new(), log: Vec::new() }
}

/// Runs guest code with fresh fuel or a fresh deadline.
fn limited<R>(
    sandbox: &Sandbox,
    store: &mut Store<HostState>,
    watch: Option<WatchPage>,
    deadline: Duration,
    body: impl FnOnce(&mut Store<HostState>) -> wasmtime::Result<R>,
) -> wasmtime::Result<R> {
    store.data_mut().begin_call();
    if config::meter(sandbox.inner.profile) == Meter::Fuel {
        store.set_fuel(store.data().limits.fuel)?;
    }
    let running = sandbox.inner.ticker.as_ref().zip(watch).map(|(ticker, page)| ticker.enter(page, deadline));
    let result = body(store);
    let late = running.is_some_and(|running| running.finish());
    // A call that was late but came to its end all the same is as good as any.
    result.map_err(|error| match error.downcast_ref::<Trap>() {
        Some(Trap::MemoryOutOfBounds) if late => error.context(Refusal::Deadline),
        _ => error,
    })
}

fn view(window: &Window, access: GrantAccess, state: &SlotState, may_write: bool) -> View {
    View {
        read_ptr: if access.reads() { window.slot(state.read_slot) } else { 0 },
        write_ptr: if access.writes() && may_write { window.slot(state.write_slot) } else { 0 },
        bytes: window.bytes,
        access: access.bits(),
        generation: state.generation,
    }
}

/// A kernel on its way into life.
struct Starting<'a> {
    sandbox: &'a Sandbox,
    module: &'a KernelModule,
    region: &'a Region,
    grants: &'a [Grant],
    args: &'a StartArgs,
}

impl Starting<'_> {
    fn run(&self) -> Result<Kernel, KernelError> {
        let limits = self.args.limits;
        self.check_grants().map_err(|fault| self.error(fault))?;
        let mut store = Store::new(&self.sandbox.inner.engine, HostState::new(limits));
        store.limiter(|state| state);
        let instance = &self.module.inner.instance;
        let instance = limited(self.sandbox, &mut store, None, limits.init_deadline, |store| instance.instantiate(store));
        let instance = instance.map_err(|error| {
            let message = store.data_mut().outbox.take_last_error();
            KernelError { backtrace: backtrace(&error), ..self.error(Fault::of(&error, message, limits.fuel, limits.init_deadline)) }
        })?;
        self.equip(store, instance)
    }

    /// Grows the memory, maps the windows, fills the context page, and runs `kernel_init`.
    fn equip(&self, mut store: Store<HostState>, instance: Instance) -> Result<Kernel, KernelError> {
        let internal = |error: wasmtime::Error| self.error(Fault::Internal(format!("{error:#}")));
        let memory = instance.get_memory(&mut store, "memory");
        let memory = memory.ok_or_else(|| self.error(Fault::Internal("no memory".into())))?;
        let init = instance.get_typed_func::<u32, i32>(&mut store, "kernel_init").map_err(internal)?;
        let tick = instance.get_typed_func(&mut store, "kernel_tick").map_err(internal)?;
        let shutdown = instance.get_typed_func(&mut store, "kernel_shutdown").map_err(internal)?;
        store.data_mut().memory = Some(memory);
        let watch = instance.get_memory(&mut store, WATCH_EXPORT).map(|memory| WatchPage::of(&store, memory));

        let (context, list) = self.grow(&mut store, memory).map_err(|fault| self.error(fault))?;
        let module = self.module.inner.instance.module();
        let windows = Windows::open(&mut store, memory, module, self.region, list, self.args.shards);
        let windows = windows.map_err(|source| self.error(Fault::Map(source)))?;
        let page = self.page(context, &windows).map_err(|message| self.error(Fault::Grant { message }))?;
        memory.write(&mut store, context as usize, page.whole()).map_err(|error| internal(error.into()))?;
        let mut kernel = Kernel {
            name: Arc::clone(&self.module.inner.name),
            sandbox: self.sandbox.clone(),
            args: self.args.clone(),
            grants: self.grants.iter().map(|grant| grant.access).collect(),
            page,
            context,
            memory,
            watch,
            tick,
            shutdown,
            ended: false,
            windows,
            store,
        };
        let deadline = self.args.limits.init_deadline;
        let started = kernel.call(Phase::Start, deadline, |store| init.call(store, context));
        match started.and_then(|code| kernel.check_code(Phase::Start, code)) {
            Ok(()) => Ok(kernel),
            Err(error) => {
                let mut log = Vec::new();
                kernel.drain_log(|line| log.push(line));
                Err(KernelError { log, ..error })
            }
        }
    }

    fn check_grants(&self) -> Result<(), Fault> {
        let invalid = |message: String| Err(Fault::Grant { message });
        if self.args.shards == 0 || self.args.shard >= self.args.shards {
            return invalid(format!("shard {} of {}", self.args.shard, self.args.shards));
        }
        for (index, grant) in self.grants.iter().enumerate() {
            let name = &grant.buffer.name;
            if self.region.buffer_info(grant.buffer.id).as_ref() != Some(&grant.buffer) {
                return invalid(format!("buffer `{name}` is none of this region"));
            }
            if self.grants.iter().take(index).any(|other| other.buffer.id == grant.buffer.id) {
                return invalid(format!("buffer `{name}` is granted twice"));
            }
        }
        Ok(())
    }

    /// Adds the context page and room for the windows to the memory. Where they are.
    fn grow(&self, store: &mut Store<HostState>, memory: Memory) -> Result<(u32, Vec<Window>), Fault> {
        let start = memory.data_size(&*store) as u64;
        let mut end = start + WASM_PAGE as u64;
        let mut list = Vec::with_capacity(self.grants.len());
        for Grant { buffer, access } in self.grants {
            let (address, stride, bytes) = (end, buffer.stride as u64, buffer.bytes as u64);
            end += SLOTS as u64 * stride;
            // Beyond 32 bits is refused below, before the addresses are used.
            list.push(Window {
                name: Arc::clone(&buffer.name),
                address: address as u32,
                stride: stride as u32,
                bytes: bytes as u32,
                writable: access.writes(),
                offset: buffer.offset,
            });
        }
        let addressable = 1 << 32;
        let most = memory.ty(&*store).maximum().map_or(addressable, |pages| pages * WASM_PAGE as u64);
        if end > most {
            return Err(Fault::NoRoom { bytes: end - start, room: most - start, declared: end <= addressable });
        }
        store.data_mut().host_bytes = (end - start) as usize;
        let pages = (end - start) / WASM_PAGE as u64;
        memory.grow(&mut *store, pages).map_err(|error| Fault::Internal(format!("{error:#}")))?;
        Ok((start as u32, list))
    }

    fn page(&self, context: u32, windows: &Windows) -> Result<ContextPage, String> {
        let buffers: Vec<&str> = self.grants.iter().map(|grant| &*grant.buffer.name).collect();
        let params: Vec<&str> = self.args.params.iter().map(|(name, _)| name.as_str()).collect();
        let StartArgs { seed, shard, shards, .. } = *self.args;
        let mut page = ContextPage::new(&Fixed { address: context, seed, shard, shards, buffers: &buffers, params: &params })?;
        for (index, (window, grant)) in windows.list().iter().zip(self.grants).enumerate() {
            // Nothing is published after the start, so there is nothing to write yet.
            page.set_view(index, &view(window, grant.access, &SlotState::default(), false));
        }
        page.set_moment(&Moment { tick: 0, time: 0.0, dt: 0.0, pointer: None });
        page.set_params(self.args.params.iter().map(|(_, value)| *value));
        Ok(page)
    }

    fn error(&self, fault: Fault) -> KernelError {
        error(&self.module.inner.name, self.args.shard, Phase::Start, fault)
    }
}
