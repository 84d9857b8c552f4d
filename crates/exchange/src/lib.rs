//! Shared memory between the parts of an app, and between processes.
//!
//! A [`Region`] holds triple buffers (newest content wins, nothing is copied, nobody waits) and lanes (bounded queues, nothing is lost). It lies in a
//! memfd that other processes may map, or on the heap. What is read from it is never trusted: offsets are checked when it is attached, and indices
//! whenever they are used, so that a hostile peer can spoil contents but never make this process panic or leave the region.
//!
//! The protocols in `protocol/` do not know where their words lie; loom checks them under `--cfg wasm_engine_loom`, where of the rest the limits alone are compiled.

#![expect(unsafe_code, reason = "shared memory is reached through raw pointers; every block says why it may")]

#[cfg(not(wasm_engine_loom))]
mod buffer;
#[cfg(not(wasm_engine_loom))]
mod claim;
#[cfg(not(wasm_engine_loom))]
pub mod index;
#[cfg(not(wasm_engine_loom))]
pub mod lane;
#[cfg(not(wasm_engine_loom))]
pub mod layout;
pub mod limits;
mod primitives;
mod protocol;
#[cfg(not(wasm_engine_loom))]
mod region;
#[cfg(not(wasm_engine_loom))]
mod sys;
#[cfg(not(wasm_engine_loom))]
pub mod wait;

#[cfg(not(wasm_engine_loom))]
pub use {
    buffer::{Observer, Reader, Writer},
    claim::{ClaimError, OwnerClaim},
    index::{GenIndex, GenTable, GenView, IndexError},
    lane::{MergedReceiver, Receiver, Sender},
    region::{Access, AttachError, BufferId, BufferInfo, BufferState, CreateError, LaneInfo, LaneState, Region, RegionSpec},
};
