//! macOS. Written from Apple's documentation; not run by the tests of this project, which run on Linux.
//!
//! macOS tells processes apart by quality of service rather than by cores: on Apple silicon there is no way to keep a thread on a core, and the
//! scheduler moves busy threads to strong cores by itself. So only the number of processors is found out, and pinning says that it cannot.

use std::thread::available_parallelism;

use crate::core_set::CoreSet;
use crate::pin::PinError;
use crate::topology::{DetectError, Topology};

pub(crate) fn detect() -> Result<Topology, DetectError> {
    Ok(Topology::count_only(available_parallelism().map_or(1, usize::from)))
}

pub(crate) fn pin(cores: &CoreSet) -> Result<(), PinError> {
    if cores.is_empty() {
        return Err(PinError::Empty);
    }
    Err(PinError::Unsupported { cores: cores.clone() })
}
