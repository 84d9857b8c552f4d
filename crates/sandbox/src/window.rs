//! Windows: granted exchange buffers, mapped over pages of a kernel's own memory. The sandbox's one file with `unsafe`; loading
//! compiled modules is here for that reason.
//!
//! The host grows a kernel's memory by as many pages as the granted slots take and maps the region's file over exactly those
//! pages, readable or writable as granted. wasmtime never moves the memory (the reservation covers all 32 bits and moving is off),
//! never changes the protection of pages once they are part of it, and unmaps the whole reservation, windows included, when the
//! store goes.
//!
//! A write to a window that is granted for reading faults. For a plain store wasmtime would make that a trap. But `memory.fill`
//! and `memory.copy` run in host code, or in compiled code that is thought to be unable to fault, where wasmtime would take it for
//! a bug of its own and let the process die; and nothing tells the cases apart. So each store with such windows has a fault
//! handler, which notes the address, puts private pages in place of the window, and lets the instruction go on: the write lands
//! nowhere, and the kernel ends when the call returns or meets a limit.
//!
//! Where the region has no file, or the system cannot map, windows are plain pages, and ticks copy. A write to a window granted
//! for reading is then lost without a word.
#![expect(unsafe_code, reason = "maps memory that the compiler knows nothing of, and runs machine code from the cache")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasm_engine_exchange::Region;
use wasm_engine_exchange::limits::SLOTS;
use wasmtime::{Engine, Memory, Module, Store};

use crate::cache::Compiled;
use crate::fault;
use crate::link::HostState;
use crate::run::SlotState;

/// Makes a module of machine code.
pub(crate) fn load(engine: &Engine, compiled: &Compiled) -> wasmtime::Result<Module> {
    // SAFETY: `deserialize` runs what it is given as machine code. A `Compiled` is only ever made by `cache.rs`, of what wasmtime
    // compiled in this process or of a file whose authentication code, under a key that only this user can read, was verified.
    unsafe { Module::deserialize(engine, compiled.bytes()) }
}

/// One granted buffer in a kernel's memory: three slots, one after the other.
pub(crate) struct Window {
    pub(crate) name: Arc<str>,
    /// Address of slot 0 in the kernel's memory, a multiple of the page size.
    pub(crate) address: u32,
    pub(crate) stride: u32,
    pub(crate) bytes: u32,
    pub(crate) writable: bool,
    /// Where slot 0 begins in the region.
    pub(crate) offset: usize,
}

impl Window {
    /// Address of a slot. The slot is below [`SLOTS`], as `run.rs` checks.
    pub(crate) fn slot(&self, slot: usize) -> u32 {
        self.address + self.stride * slot as u32
    }

    fn len(&self) -> usize {
        self.stride as usize * SLOTS
    }
}

/// A write where only reading is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) buffer: Arc<str>,
    pub(crate) slot: usize,
    pub(crate) offset: usize,
    /// The function that wrote, if its code shows it.
    pub(crate) function: Option<String>,
}

/// All windows of one kernel.
pub(crate) struct Windows {
    region: Region,
    list: Vec<Window>,
    mapped: bool,
    module: Module,
    watch: Arc<Watch>,
    /// Where several shards write parts of one slot and windows are copies: what the slot held before, by window, so that only
    /// what this shard wrote is copied out.
    before: Option<Vec<Vec<u8>>>,
}

impl Windows {
    /// Opens the windows: the memory must already reach over all of them.
    pub(crate) fn open(
        store: &mut Store<HostState>,
        memory: Memory,
        module: &Module,
        region: &Region,
        list: Vec<Window>,
        shards: u32,
    ) -> std::io::Result<Self> {
        let size = memory.data_size(&*store);
        let fits = |window: &Window| window.address as usize + window.len() <= size;
        let in_region = |window: &Window| window.offset + window.len() <= region.len();
        if !list.iter().all(|window| fits(window) && in_region(window)) {
            return Err(std::io::Error::other("a window lies outside of the memory or of the region"));
        }
        let base = memory.data_ptr(&*store);
        let mapped = sys::map(base, region, &list)?;
        let watch = Arc::new(Watch::new(base as usize, &list));
        if mapped && !watch.ranges.is_empty() {
            sys::watch(store, &watch);
        }
        let before = (!mapped && shards > 1).then(|| list.iter().map(|_| Vec::new()).collect());
        Ok(Windows { region: region.clone(), list, mapped, module: module.clone(), watch, before })
    }

    pub(crate) fn list(&self) -> &[Window] {
        &self.list
    }

    /// Whether the windows are the region's own memory.
    pub(crate) fn mapped(&self) -> bool {
        self.mapped
    }

    /// The violation that the call just made has committed, if any.
    pub(crate) fn violation(&self) -> Option<Violation> {
        let (address, instruction) = self.watch.take()?;
        let address = address.checked_sub(self.watch.base)?;
        let window = self.list.iter().find(|w| (w.address as usize..w.address as usize + w.len()).contains(&address))?;
        let inside = address - window.address as usize;
        let (slot, offset) = (inside / window.stride as usize, inside % window.stride as usize);
        let function = self.function_at(instruction);
        Some(Violation { buffer: Arc::clone(&window.name), slot, offset, function })
    }

    /// The kernel's function whose machine code has this address.
    fn function_at(&self, instruction: usize) -> Option<String> {
        let at = instruction.checked_sub(self.module.text().as_ptr() as usize)?;
        let function = self.module.functions().find(|f| (f.offset..f.offset + f.len).contains(&at))?;
        Some(fault::function_name(function.name.as_deref(), function.index.as_u32()))
    }

    /// Brings the slots to be read, and what those to be written hold, into the kernel's memory, unless they are there already. Bytes copied.
    pub(crate) fn copy_in(&mut self, store: &mut Store<HostState>, memory: Memory, slots: &[SlotState]) -> u64 {
        if self.mapped {
            return 0;
        }
        let mut copied = 0;
        for (index, (window, state)) in self.list.iter().zip(slots).enumerate() {
            if let Some(guest) = guest_slot(memory, store, window, state.read_slot) {
                copied += copy_from_region(&self.region, window, state.read_slot, guest);
            }
            if !window.writable {
                continue;
            }
            let Some(guest) = guest_slot(memory, store, window, state.write_slot) else { continue };
            copied += copy_from_region(&self.region, window, state.write_slot, guest);
            if let Some(before) = self.before.as_mut().and_then(|before| before.get_mut(index)) {
                before.clear();
                before.extend_from_slice(guest);
            }
        }
        copied
    }

    /// Brings the slots that were written into the region, unless they are there already. Bytes copied.
    pub(crate) fn copy_out(&self, store: &mut Store<HostState>, memory: Memory, slots: &[SlotState]) -> u64 {
        if self.mapped {
            return 0;
        }
        let mut copied = 0;
        for (index, (window, state)) in self.list.iter().zip(slots).enumerate().filter(|(_, (window, _))| window.writable) {
            let Some(guest) = guest_slot(memory, store, window, state.write_slot) else { continue };
            let before = self.before.as_ref().and_then(|before| before.get(index));
            copied += copy_to_region(&self.region, window, state.write_slot, guest, before.map(Vec::as_slice));
        }
        copied
    }
}

/// A slot's bytes in the kernel's memory.
fn guest_slot<'a>(memory: Memory, store: &'a mut Store<HostState>, window: &Window, slot: usize) -> Option<&'a mut [u8]> {
    let start = window.slot(slot) as usize;
    memory.data_mut(store).get_mut(start..start + window.bytes as usize)
}

/// The place of a slot in this process's mapping of the region.
fn region_slot(region: &Region, window: &Window, slot: usize) -> *mut u8 {
    // `open` made sure that all of the window's slots lie in the region.
    region.base_ptr().cast_mut().wrapping_add(window.offset + window.stride as usize * slot)
}

fn copy_from_region(region: &Region, window: &Window, slot: usize, guest: &mut [u8]) -> u64 {
    let from = region_slot(region, window, slot);
    // SAFETY: the slot lies in the region, which `region` keeps alive, and is at least `window.bytes` = `guest.len()` long; the
    // kernel's memory is another allocation, as windows are copies here. The engine lets nobody write a slot that kernels read in
    // this tick; other shards may write other bytes of a write slot, whose bytes this shard then neither uses nor copies out.
    unsafe { guest.as_mut_ptr().copy_from_nonoverlapping(from, guest.len()) };
    guest.len() as u64
}

/// Copies what differs from `before`, or everything.
fn copy_to_region(region: &Region, window: &Window, slot: usize, guest: &[u8], before: Option<&[u8]>) -> u64 {
    let to = region_slot(region, window, slot);
    let Some(before) = before.filter(|before| before.len() == guest.len()) else {
        // SAFETY: as in `copy_from_region`, the other way round. The kernel runs for whoever holds the buffer's writer, and the
        // slot is the one that the writer has to itself.
        unsafe { to.copy_from_nonoverlapping(guest.as_ptr(), guest.len()) };
        return guest.len() as u64;
    };
    let mut copied = 0;
    for (at, (new, _)) in guest.iter().zip(before).enumerate().filter(|(_, (new, old))| new != old) {
        // SAFETY: `at` is below `guest.len()`; otherwise as above. Bytes of other shards are not touched.
        unsafe { to.add(at).write(*new) };
        copied += 1;
    }
    copied
}

/// The page that an interruptible kernel stores to all the time (see `instrument.rs`).
#[derive(Clone, Copy)]
pub(crate) struct WatchPage(usize);

impl WatchPage {
    /// The page that is all of this memory. Nothing but the kernel's code uses it.
    pub(crate) fn of(store: &Store<HostState>, memory: Memory) -> Self {
        WatchPage(if memory.data_size(store) == 0 { 0 } else { memory.data_ptr(store) as usize })
    }

    /// No page at all.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        WatchPage(0)
    }

    /// Makes the kernel's next store to it trap; false if that failed. Only `ticker.rs` calls this, and only while a call into the
    /// kernel runs, which keeps the kernel's memory alive.
    pub(crate) fn take_away(self) -> bool {
        sys::protect(self.0, false)
    }

    /// Undoes `take_away`, under the same condition.
    pub(crate) fn give_back(self) {
        // If it fails, the kernel's next call ends at once, as if it were late.
        let _ = sys::protect(self.0, true);
    }
}

/// Knows the windows that must not be written, and whether one was. Shared with the fault handler.
struct Watch {
    /// Where the kernel's memory begins.
    base: usize,
    /// Windows granted for reading, as addresses of this process.
    ranges: Box<[std::ops::Range<usize>]>,
    /// Address of the first forbidden write of this call, or 0.
    hit: AtomicUsize,
    /// Address of the instruction that wrote there, or 0 where this file cannot tell.
    hit_by: AtomicUsize,
}

impl Watch {
    fn new(base: usize, list: &[Window]) -> Self {
        let read_only = list.iter().filter(|window| !window.writable);
        Watch {
            base,
            ranges: read_only.map(|w| base + w.address as usize..base + w.address as usize + w.len()).collect(),
            hit: AtomicUsize::new(0),
            hit_by: AtomicUsize::new(0),
        }
    }

    /// Address written and address of the instruction, of the first forbidden write since the last call of this.
    fn take(&self) -> Option<(usize, usize)> {
        match self.hit.swap(0, Ordering::Relaxed) {
            0 => None,
            address => Some((address, self.hit_by.swap(0, Ordering::Relaxed))),
        }
    }
}

#[cfg(target_os = "linux")]
mod sys {
    use std::ffi::c_void;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mmap_anonymous, mprotect};
    use wasm_engine_exchange::Region;
    use wasmtime::Store;
    use wasmtime::unix::StoreExt;

    use super::{Watch, Window};
    use crate::limits::WASM_PAGE;
    use crate::link::HostState;

    /// Lets or forbids the kernel's use of its watch page.
    pub(super) fn protect(page: usize, usable: bool) -> bool {
        if page == 0 {
            return true;
        }
        let flags = if usable { MprotectFlags::READ | MprotectFlags::WRITE } else { MprotectFlags::empty() };
        // SAFETY: the page is the whole of a kernel's second memory, of 64 KiB, which exists while a call into the kernel runs.
        // wasmtime never hands it out; the kernel's stores to it are compiled to trap where they fault.
        unsafe { mprotect(page as *mut c_void, WASM_PAGE, flags) }.is_ok()
    }

    /// Maps the windows over the kernel's memory at `base`. False if the region has no file.
    pub(super) fn map(base: *mut u8, region: &Region, list: &[Window]) -> std::io::Result<bool> {
        let Some(fd) = region.as_fd() else { return Ok(false) };
        for window in list {
            let prot = if window.writable { ProtFlags::READ | ProtFlags::WRITE } else { ProtFlags::READ };
            let at = base.wrapping_add(window.address as usize);
            // SAFETY: the caller checked that the window lies in the kernel's memory, of which wasmtime has handed out no
            // reference, and in the file, which is sealed against shrinking. Only those pages are replaced: address, stride and
            // offset are multiples of 64 KiB. wasmtime treats them like any others and unmaps them with the memory.
            unsafe { mmap(at.cast(), window.len(), prot, MapFlags::SHARED | MapFlags::FIXED, fd, window.offset as u64)? };
        }
        Ok(true)
    }

    /// Has faults in the watched windows noted.
    pub(super) fn watch(store: &mut Store<HostState>, watch: &Arc<Watch>) {
        let watch = Arc::clone(watch);
        // SAFETY: the handler must be async-signal-safe: it reads the two structs that the system passes, does arithmetic, one
        // atomic store and at most one `mmap`, and takes no lock.
        unsafe {
            store.set_signal_handler(move |_signal, info, context| on_fault(&watch, info, context));
        }
    }

    /// True if the instruction shall be tried again; false if the fault is none of ours.
    fn on_fault(watch: &Watch, info: *const libc::siginfo_t, context: *const c_void) -> bool {
        // SAFETY: wasmtime passes what the system gave its SIGSEGV or SIGBUS handler; other signals have no meaningful address,
        // and none that lies in a watched window.
        let address = unsafe { (*info).si_addr() } as usize;
        let Some(range) = watch.ranges.iter().find(|range| range.contains(&address)) else { return false };
        if watch.hit.compare_exchange(0, address, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            watch.hit_by.store(program_counter(context).unwrap_or(0), Ordering::Relaxed);
        }
        // The whole window at once: that is one mapping for another, where page by page a guest could use up the process's
        // mappings and so make this fail.
        let (start, len) = (range.start as *mut c_void, range.len());
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
        // SAFETY: the range is a watched window, thus part of the kernel's memory, and nothing of the host refers to it. Private
        // pages take the place of the shared ones; the kernel ends after this call and its memory goes with it.
        unsafe { mmap_anonymous(start, len, ProtFlags::READ | ProtFlags::WRITE, flags) }.is_ok()
    }

    /// Where the thread was when it faulted, on the processors where this file knows how to tell.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    fn program_counter(context: *const c_void) -> Option<usize> {
        // SAFETY: wasmtime passes the third argument of its handler, which the system documents to be a `ucontext_t`.
        let machine = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
        #[cfg(target_arch = "x86_64")]
        let at = machine.gregs[libc::REG_RIP as usize];
        #[cfg(target_arch = "aarch64")]
        let at = machine.pc;
        usize::try_from(at).ok()
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn program_counter(_context: *const c_void) -> Option<usize> {
        None
    }
}

#[cfg(not(target_os = "linux"))]
mod sys {
    use std::sync::Arc;

    use wasm_engine_exchange::Region;
    use wasmtime::Store;

    use super::{Watch, Window};
    use crate::link::HostState;

    /// Kernels are limited by fuel here.
    pub(super) fn protect(_page: usize, _usable: bool) -> bool {
        true
    }

    /// Windows are copies here.
    pub(super) fn map(_base: *mut u8, _region: &Region, _list: &[Window]) -> std::io::Result<bool> {
        Ok(false)
    }

    pub(super) fn watch(_store: &mut Store<HostState>, _watch: &Arc<Watch>) {}
}
