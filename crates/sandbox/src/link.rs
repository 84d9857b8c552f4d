//! Stage two: what a guest can reach. Two functions, a memory of limited size, and nothing else.

use thiserror::Error;
use wasmtime::{Caller, Engine, Linker, Memory, ResourceLimiter};

use crate::abi::HOST_MODULE;
use crate::limits::KernelLimits;
use crate::publish::{Event, LogLevel, Outbox};

/// What the host keeps for one instance.
pub(crate) struct HostState {
    pub(crate) limits: KernelLimits,
    pub(crate) outbox: Outbox,
    /// Known once the module is instantiated; its start function runs before.
    pub(crate) memory: Option<Memory>,
    /// Bytes of the memory that are the host's: context page and windows.
    pub(crate) host_bytes: usize,
    table_elements: usize,
    calls_left: u32,
}

/// Why a call into the host, or a request for room, ends a guest.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum Refusal {
    #[error("`{HOST_MODULE}.{function}` was given {len} bytes at {address:#x}, which the memory does not have")]
    Range { function: &'static str, address: u32, len: u32 },
    #[error("more than {limit} calls into the engine")]
    Calls { limit: u32 },
    #[error("the deadline has passed")]
    Deadline,
    #[error("{asked} bytes of memory asked for, {limit} allowed")]
    Memory { asked: usize, limit: usize },
    #[error("{asked} table elements asked for, {limit} allowed")]
    Table { asked: usize, limit: usize },
}

impl HostState {
    pub(crate) fn new(limits: KernelLimits) -> Self {
        HostState { limits, outbox: Outbox::new(), memory: None, host_bytes: 0, table_elements: 0, calls_left: 0 }
    }

    pub(crate) fn begin_call(&mut self) {
        self.calls_left = self.limits.host_calls;
        self.outbox.begin_call();
    }

    fn count_call(&mut self) -> Result<(), Refusal> {
        let limit = self.limits.host_calls;
        self.calls_left = self.calls_left.checked_sub(1).ok_or(Refusal::Calls { limit })?;
        Ok(())
    }
}

impl ResourceLimiter for HostState {
    // A refusal is an error, not a polite `-1`: a guest that asks for more than it may have ends at that very instruction, with a
    // code that says so, rather than somewhere in its allocator.
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let limit = self.limits.memory_bytes;
        let asked = desired.saturating_sub(self.host_bytes);
        if asked > limit { Err(Refusal::Memory { asked, limit }.into()) } else { Ok(true) }
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let limit = self.limits.table_elements;
        let asked = self.table_elements.saturating_add(desired.saturating_sub(current));
        if asked > limit {
            return Err(Refusal::Table { asked, limit }.into());
        }
        self.table_elements = asked;
        Ok(true)
    }

    fn instances(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        // The kernel's own, and the one that makes it interruptible.
        2
    }
}

/// The host's functions.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<HostState>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(HOST_MODULE, "log", log)?;
    linker.func_wrap(HOST_MODULE, "emit", emit)?;
    Ok(linker)
}

fn log(mut caller: Caller<'_, HostState>, level: u32, address: u32, len: u32) -> wasmtime::Result<()> {
    caller.data_mut().count_call()?;
    let range = Range { function: "log", address, len };
    range.check(&mut caller)?;
    let level = LogLevel::of(level);
    let state = caller.data_mut();
    let len = (len as usize).min(state.limits.log_line_bytes);
    let has_room = state.outbox.line_room(len, &state.limits);
    if has_room || level == LogLevel::Error {
        let line = range.copy(&mut caller, len)?;
        caller.data_mut().outbox.log(level, line, has_room);
    }
    Ok(())
}

/// 0: sent. 1: refused, because a limit is reached or the topic cannot be.
fn emit(mut caller: Caller<'_, HostState>, topic_address: u32, topic_len: u32, data_address: u32, data_len: u32) -> wasmtime::Result<i32> {
    caller.data_mut().count_call()?;
    let topic = Range { function: "emit", address: topic_address, len: topic_len };
    let data = Range { function: "emit", address: data_address, len: data_len };
    topic.check(&mut caller)?;
    data.check(&mut caller)?;
    let state = caller.data();
    if !state.outbox.event_room(topic_len as usize, data_len as usize, &state.limits) {
        return Ok(1);
    }
    let topic = topic.copy(&mut caller, topic_len as usize)?;
    let Some(topic) = String::from_utf8(topic).ok().filter(|topic| is_topic(topic)) else { return Ok(1) };
    let data = data.copy(&mut caller, data_len as usize)?;
    caller.data_mut().outbox.emit(Event { topic, data });
    Ok(0)
}

/// Whether a page takes an event of this topic, and takes it for a kernel's: what begins with `engine:` is the engine's own.
fn is_topic(topic: &str) -> bool {
    !topic.is_empty() && !topic.chars().any(char::is_control) && !topic.starts_with("engine:")
}

/// A part of guest memory that a guest named.
#[derive(Clone, Copy)]
struct Range {
    function: &'static str,
    address: u32,
    len: u32,
}

impl Range {
    fn refusal(self) -> Refusal {
        Refusal::Range { function: self.function, address: self.address, len: self.len }
    }

    /// Before anything is allocated for it.
    fn check(self, caller: &mut Caller<'_, HostState>) -> Result<(), Refusal> {
        let memory = memory(caller).ok_or(self.refusal())?;
        let end = u64::from(self.address) + u64::from(self.len);
        if end > memory.data_size(&caller) as u64 { Err(self.refusal()) } else { Ok(()) }
    }

    /// Copies the first `len` bytes out. Always a copy: the range may lie in a window, where another writer changes it meanwhile.
    fn copy(self, caller: &mut Caller<'_, HostState>, len: usize) -> Result<Vec<u8>, Refusal> {
        let memory = memory(caller).ok_or(self.refusal())?;
        let mut bytes = vec![0; len];
        memory.read(&caller, self.address as usize, &mut bytes).map_err(|_| self.refusal())?;
        Ok(bytes)
    }
}

fn memory(caller: &mut Caller<'_, HostState>) -> Option<Memory> {
    let known = caller.data().memory;
    known.or_else(|| caller.get_export("memory").and_then(wasmtime::Extern::into_memory))
}
