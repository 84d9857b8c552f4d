//! Keeping a thread on its cores.

use crate::core_set::CoreSet;

/// Why a thread could not be kept on its cores. It runs on, wherever the system puts it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// The set is empty.
    #[error("a thread cannot be kept on no core")]
    Empty,
    /// The system does not know these cores, or does not let this process use them.
    #[error("the system did not keep the thread on core {cores}")]
    Refused {
        /// The cores that were asked for.
        cores: CoreSet,
    },
    /// This system can keep a thread on one core only, or on none.
    #[error("this system cannot keep a thread on several cores ({cores})")]
    Unsupported {
        /// The cores that were asked for.
        cores: CoreSet,
    },
}

impl PinError {
    /// Stable name of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            PinError::Empty => "PIN_EMPTY",
            PinError::Refused { .. } => "PIN_REFUSED",
            PinError::Unsupported { .. } => "PIN_UNSUPPORTED",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            PinError::Empty => None,
            PinError::Refused { .. } => {
                Some("a cpuset, a sandbox or a service limit may forbid it; the engine runs, with more jitter".to_owned())
            }
            PinError::Unsupported { .. } => Some("nothing needs to be done; the system's scheduler decides".to_owned()),
        }
    }
}

/// Keeps the current thread, and the threads it will create, on `cores`. The engine does so with its workers alone.
///
/// # Errors
/// When the system refuses. That is worth a line in a report, not the end of a run.
pub fn pin_current(cores: &CoreSet) -> Result<(), PinError> {
    crate::sys::pin(cores)
}
