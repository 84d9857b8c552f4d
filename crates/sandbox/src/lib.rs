//! The sandbox: guests in WebAssembly, each within limits, none able to harm the process or another guest.
//!
//! ```text
//! bytes ── load ──► KernelModule ── link, run ──► Kernel ── tick, tick, … ──► buffers, events, log lines (publish)
//! ```
//!
//! A [`Sandbox`] holds one configuration of wasmtime. [`Sandbox::compile`] makes modules ready, in parallel and through an
//! authenticated cache. [`Kernel::start`] instantiates one, maps the granted exchange buffers into its memory and initializes it;
//! [`Kernel::tick`] runs it once. Whatever a guest does, the worst that comes of it is a [`KernelError`] with a code.

mod abi;
mod cache;
mod config;
mod fault;
mod instrument;
mod layout;
pub mod limits;
mod link;
mod load;
mod publish;
mod run;
mod ticker;
mod window;

pub use abi::{ABI_SECTION, ABI_VERSION, AbiError, ModuleInfo, inspect};
pub use cache::CacheError;
pub use config::{Nans, Profile, SandboxConfig};
pub use fault::{Fault, KernelError, Phase};
pub use layout::Pointer;
pub use limits::{KernelLimits, ModuleLimits};
pub use load::{KernelModule, LoadError, Origin, Sandbox, SandboxError};
pub use publish::{Event, LogLevel, LogLine, TickOutput};
pub use run::{Grant, GrantAccess, Kernel, SlotState, StartArgs, TickInput};
