//! The only file that names atomics, fences, cells and spin hints, so that loom can stand in for all of them.
//!
//! `light_barrier` and `heavy_barrier` are one asymmetric pair: a store before the light one and a load after it cannot both be reordered with a store
//! before the heavy one and a load after that. The hot side pays nothing, the side that is about to sleep pays a system call (`membarrier`). Under loom,
//! Miri and on systems without `membarrier` both are sequentially consistent fences, which give the same guarantee.

#[cfg(not(wasm_engine_loom))]
pub(crate) use core::{
    hint::spin_loop,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence},
};
#[cfg(wasm_engine_loom)]
pub(crate) use loom::{
    hint::spin_loop,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence},
};

/// Orders what was stored before it against what is loaded after it, provided that the other side calls [`heavy_barrier`].
#[inline(always)]
pub(crate) fn light_barrier() {
    #[cfg(all(target_os = "linux", not(miri), not(wasm_engine_loom)))]
    core::sync::atomic::compiler_fence(Ordering::SeqCst);
    #[cfg(not(all(target_os = "linux", not(miri), not(wasm_engine_loom))))]
    fence(Ordering::SeqCst);
}

/// The counterpart of [`light_barrier`]. False where the system refused: then the caller must not sleep without a limit.
pub(crate) fn heavy_barrier() -> bool {
    fence(Ordering::SeqCst);
    #[cfg(not(wasm_engine_loom))]
    return crate::sys::heavy_barrier();
    #[cfg(wasm_engine_loom)]
    true
}
