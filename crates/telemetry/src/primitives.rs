//! The atomics of the two lock-free protocols, so that loom can stand in for them.

#[cfg(wasm_engine_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
#[cfg(not(wasm_engine_loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// For statics, which outlive a model.
pub(crate) use std::sync::atomic::AtomicU64 as StaticU64;
