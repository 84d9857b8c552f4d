//! What the operating system gives: shared mappings, sleeping on a word, locks that die with their holder.
//!
//! `linux` is the real thing; `portable` is its twin within one process, which Miri and other systems use and which the same tests run on.

#[cfg(all(target_os = "linux", not(miri)))]
mod linux;
mod portable;

#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) use linux::{
    Locks, Mapping, Shared, create_memfd, file_bytes, futex_wait, futex_wake, heavy_barrier, is_sealed, is_writable, register_barrier,
    reopen,
};
pub(crate) use portable::Heap;
#[cfg(not(all(target_os = "linux", not(miri))))]
pub(crate) use portable::{Locks, Mapping, futex_wait, futex_wake, heavy_barrier, register_barrier};
