//! The lock-free algorithms: which word changes when, and in which order. Where the words lie is the business of `region` and `lane`.

pub(crate) mod event;
pub(crate) mod flag;
#[cfg(all(test, wasm_engine_loom))]
mod models;
pub(crate) mod ring;
pub(crate) mod triple;

/// Keeps what it holds on cache lines of its own. 128 bytes, because x86 prefetches lines in pairs and some ARM cores have lines of that size.
#[repr(C, align(128))]
pub(crate) struct Line<T>(pub(crate) T);

impl<T> core::ops::Deref for Line<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}
