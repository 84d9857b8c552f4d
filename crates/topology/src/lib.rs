//! Which core does what: detection, the plan, pinned pools.
//!
//! [`Topology::detect`] says what the machine has and what of it this process may use, [`Plan::of`] decides from that alone which threads run
//! where, and [`pools`] and [`pin_current`] carry it out. A plan that cannot be carried out costs speed, never the run: failures are returned as
//! values to be shown.
//!
//! ```
//! use wasm_engine_topology::{Plan, Synthetic};
//!
//! let plan = Plan::of(&Synthetic::cores(8).build());
//! assert_eq!(plan.render.to_string(), "1");
//! assert_eq!(plan.workers.len(), 2);
//! println!("{plan}");
//! ```
//!
//! Threads inherit their creator's cores on Linux. So detect and plan before anything is pinned, and let each thread pin itself when it starts;
//! create what spawns threads of its own (a software GPU driver, a runtime) on a thread that is not pinned, or is pinned to the cores that these
//! threads shall have.
#![forbid(unsafe_code)]

mod core_set;
mod limits;
mod pin;
mod plan;
pub mod pools;
mod synthetic;
mod sys;
mod topology;

pub use core_set::{CoreId, CoreSet, CoreSetError};
pub use pin::{PinError, pin_current};
pub use plan::{Plan, Worker};
pub use synthetic::Synthetic;
pub use topology::{CoreKind, Cpu, DetectError, Source, Topology};
