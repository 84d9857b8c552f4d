//! The composition root: a manifest becomes a running app.
//!
//! [`Engine::open`] reads and checks an app and compiles its modules; [`Engine::run`] runs it to its end and gives a [`RunReport`]. This crate is the one
//! place where all parts meet: sandbox and page, exchange and compositor know nothing of each other.

#![forbid(unsafe_code)]

pub mod archive;
mod buffers;
mod clock;
mod control;
pub mod desktop;
pub mod doctor;
mod engine;
mod error;
mod files;
mod groups;
pub mod guests;
mod hud;
mod inbox;
pub mod inspect;
mod io;
pub mod kept;
pub mod lanes;
pub mod limits;
pub mod manifest;
mod monitor;
mod options;
mod outputs;
mod panel;
mod params;
pub mod paths;
mod places;
mod policy;
mod recording;
mod renderer;
mod run_report;
mod session;
mod signal;
mod ticker;
mod window;
mod wiring;
mod wishes;

/// What is best done first thing in `main`, while the process has one thread; see [`wasm_engine_exchange::wait::prepare`].
pub use wasm_engine_exchange::wait::prepare;

pub use control::StopHandle;
pub use engine::{Engine, EngineError};
pub use error::{Diagnostic, Location};
pub use groups::KernelSummary;
pub use options::{Display, RunOptions, display_announced};
pub use panel::{PanelLog, PanelOptions, PanelService, PanelSource, has_color, start_log};
pub use params::{ParamChange, Params};
pub use recording::fnv1a;
pub use run_report::{Ending, Fault, PagePath, RunReport};
