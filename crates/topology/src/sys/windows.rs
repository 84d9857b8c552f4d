//! Windows, and any system that is neither Linux nor macOS. Written from documentation; not run by the tests of this project, which run on Linux.
//!
//! The number of processors is known; a thread is kept on a single core through `core_affinity` (`SetThreadAffinityMask`), within the first
//! processor group of 64. Sets of several cores are left to the scheduler.

use std::thread::available_parallelism;

use crate::core_set::CoreSet;
use crate::pin::PinError;
use crate::topology::{DetectError, Topology};

/// Processors of one group; the mask has one bit for each.
const GROUP: u32 = 64;

pub(crate) fn detect() -> Result<Topology, DetectError> {
    Ok(Topology::count_only(available_parallelism().map_or(1, usize::from)))
}

pub(crate) fn pin(cores: &CoreSet) -> Result<(), PinError> {
    let mut ids = cores.iter();
    match (ids.next(), ids.next()) {
        (None, _) => Err(PinError::Empty),
        (Some(only), None) if only.0 < GROUP && core_affinity::set_for_current(core_affinity::CoreId { id: only.0 as usize }) => Ok(()),
        (Some(_), None) => Err(PinError::Refused { cores: cores.clone() }),
        _ => Err(PinError::Unsupported { cores: cores.clone() }),
    }
}
