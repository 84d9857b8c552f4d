//! Linux: memfd, mmap, shared futexes, `membarrier`, and open-file-description locks.

use crate::primitives::AtomicU32;
use crate::sys::portable::Heap;
use rustix::{
    fs::{MemfdFlags, OFlags, SealFlags},
    io::Errno,
    mm::{MapFlags, ProtFlags},
    thread::{MembarrierCommand, futex},
    time::Timespec,
};
use std::{
    ffi::CStr,
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    ptr::null_mut,
    time::Duration,
};

/// Memory of a region.
pub(crate) enum Mapping {
    Heap(Heap),
    Shared(Shared),
}

impl Mapping {
    pub(crate) fn base(&self) -> *mut u8 {
        match self {
            Mapping::Heap(heap) => heap.base(),
            Mapping::Shared(shared) => shared.base,
        }
    }
}

/// A mapping of a file, aligned to more than a page, with addresses kept free around it.
pub(crate) struct Shared {
    base: *mut u8,
    /// The address range reserved, of which the mapping is a part.
    reserved: *mut core::ffi::c_void,
    reserved_bytes: usize,
}

// SAFETY: a mapping has no ties to a thread; who may touch which part of it is decided by the region that owns it.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Maps the first `bytes` of `fd` at an address that is a multiple of `align`.
    pub(crate) fn map(fd: BorrowedFd<'_>, bytes: usize, align: usize, writable: bool) -> io::Result<Shared> {
        let reserved_bytes = bytes.checked_add(align).ok_or(Errno::NOMEM)?;
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice touches no other memory.
        let reserved =
            unsafe { rustix::mm::mmap_anonymous(null_mut(), reserved_bytes, ProtFlags::empty(), MapFlags::PRIVATE | MapFlags::NORESERVE)? };
        let shared =
            Shared { base: reserved.cast::<u8>().wrapping_add(reserved.cast::<u8>().align_offset(align)), reserved, reserved_bytes };
        let prot = if writable { ProtFlags::READ | ProtFlags::WRITE } else { ProtFlags::READ };
        // SAFETY: `base..base + bytes` lies inside the range just reserved (`align_offset` is below `align`), so only that is replaced.
        unsafe { rustix::mm::mmap(shared.base.cast(), bytes, prot, MapFlags::SHARED | MapFlags::FIXED, fd, 0)? };
        Ok(shared)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the range was reserved by `map`, belongs to this value alone, and nothing borrowed from it outlives the region that owns it.
        let freed = unsafe { rustix::mm::munmap(self.reserved, self.reserved_bytes) };
        debug_assert!(freed.is_ok());
    }
}

/// A new memfd of `bytes` zeros whose size nobody can change any more.
pub(crate) fn create_memfd(name: &CStr, bytes: usize) -> io::Result<OwnedFd> {
    let fd = rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    rustix::fs::ftruncate(&fd, bytes as u64)?;
    rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    Ok(fd)
}

/// Whether the file can never become shorter. Without that, its owner could make every access fault.
pub(crate) fn is_sealed(fd: BorrowedFd<'_>) -> bool {
    rustix::fs::fcntl_get_seals(fd).is_ok_and(|seals| seals.contains(SealFlags::SHRINK))
}

pub(crate) fn file_bytes(fd: BorrowedFd<'_>) -> io::Result<u64> {
    Ok(u64::try_from(rustix::fs::fstat(fd)?.st_size).unwrap_or(0))
}

pub(crate) fn is_writable(fd: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(rustix::fs::fcntl_getfl(fd)?.contains(OFlags::RDWR))
}

/// Opens the same file once more. Locks belong to the open file description, and one that came from another process is shared with it.
pub(crate) fn reopen(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    Ok(rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC, rustix::fs::Mode::empty())?)
}

/// Locks on the file of a region, one byte each. The kernel drops them when the process that holds them is gone, however it went and after it made its last store.
pub(crate) struct Locks(pub(crate) Option<OwnedFd>);

impl Locks {
    /// For memory that no other process can reach.
    pub(crate) fn none() -> Self {
        Locks(None)
    }

    /// False when another open file description holds the lock.
    pub(crate) fn try_lock(&self, index: u64) -> io::Result<bool> {
        match self.set(index, libc::F_WRLCK) {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn unlock(&self, index: u64) {
        let unlocked = self.set(index, libc::F_UNLCK);
        debug_assert!(unlocked.is_ok());
    }

    fn set(&self, index: u64, kind: libc::c_int) -> io::Result<()> {
        let Some(fd) = &self.0 else { return Ok(()) };
        // SAFETY: `flock` is a C struct of integers, for which zeros are valid.
        let mut lock: libc::flock = unsafe { core::mem::zeroed() };
        lock.l_type = kind as libc::c_short;
        lock.l_whence = libc::SEEK_SET as libc::c_short;
        lock.l_start = libc::off_t::try_from(index).map_err(|_| Errno::INVAL)?;
        lock.l_len = 1;
        // SAFETY: the descriptor is open and `lock` is a valid struct for this command, which does not keep the pointer.
        let result = unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) };
        if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// Sleeps while `word` holds `expected`. May return early.
pub(crate) fn futex_wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) {
    let timeout =
        timeout.map(|limit| Timespec { tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX), tv_nsec: limit.subsec_nanos().into() });
    // Every outcome (woken, word changed, timeout, signal) means the same: look again. The flags are empty because the word may be shared.
    let _ = futex::wait(word, futex::Flags::empty(), expected, timeout.as_ref());
}

/// Wakes all who sleep on `word`.
pub(crate) fn futex_wake(word: &AtomicU32) {
    // This cannot fail for a mapped, aligned word.
    let _ = futex::wake(word, futex::Flags::empty(), i32::MAX as u32);
}

/// Lets this process take part in `heavy_barrier`. False where the kernel has no such thing.
pub(crate) fn register_barrier() -> bool {
    rustix::thread::membarrier(MembarrierCommand::RegisterGlobalExpedited).is_ok()
}

/// A full barrier on every processor that runs a registered process.
pub(crate) fn heavy_barrier() -> bool {
    rustix::thread::membarrier(MembarrierCommand::GlobalExpedited).is_ok()
}
