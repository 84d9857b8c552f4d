//! What went wrong on the device, recorded instead of thrown.
//!
//! wgpu panics by default on an error nobody awaits. The engine must outlive a bad shader or a lost device, so both handlers only
//! write down what happened; whoever draws looks at [`Health::is_lost`] once per frame.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::limits::{MAX_FAULT_TEXT, MAX_RECORDED_FAULTS};

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The device is gone; nothing drawn with it will ever appear again.
    Lost,
    /// The device had no memory left for something.
    OutOfMemory,
    /// A call broke a rule of the graphics API: a fault of the engine or of a shader.
    Validation,
    /// The driver failed.
    Internal,
}

impl FaultKind {
    /// The stable code of this kind of fault.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Lost => "GPU_LOST",
            Self::OutOfMemory => "GPU_OUT_OF_MEMORY",
            Self::Validation => "GPU_VALIDATION",
            Self::Internal => "GPU_INTERNAL",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Lost => "start again; if it happens again, the graphics driver's log says why",
            Self::OutOfMemory => "make the window or the buffers smaller, or end other programs that use the GPU",
            Self::Validation => "this is a mistake in the engine or in the driver; `wasm-engine doctor` names both for a report",
            Self::Internal => "update the graphics driver; `wasm-engine doctor` names it",
        }
    }
}

/// One recorded fault.
#[derive(Debug, Clone)]
pub struct DeviceFault {
    /// What kind of thing went wrong.
    pub kind: FaultKind,
    /// The driver's or wgpu's words, cut to [`MAX_FAULT_TEXT`] bytes.
    pub text: String,
}

/// The device's record of faults.
#[derive(Debug, Default)]
pub struct Health {
    lost: AtomicBool,
    count: AtomicU64,
    faults: Mutex<Vec<DeviceFault>>,
}

impl Health {
    /// Whether the device is gone. It never comes back: the engine goes on without drawing, or ends with `GPU_LOST`.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// How many faults there were in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The first [`MAX_RECORDED_FAULTS`] faults, oldest first. The first ones explain; what follows is mostly their echo.
    #[must_use]
    pub fn faults(&self) -> Vec<DeviceFault> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn record(&self, kind: FaultKind, mut text: String) {
        if text.len() > MAX_FAULT_TEXT {
            let cut = text.floor_char_boundary(MAX_FAULT_TEXT);
            text.truncate(cut);
        }
        let before = self.count.fetch_add(1, Ordering::Relaxed);
        // What fails in every frame must not fill the log.
        if before < MAX_RECORDED_FAULTS as u64 || before.is_power_of_two() {
            tracing::error!(code = kind.code(), count = before + 1, "{text}");
        }
        if kind == FaultKind::Lost {
            self.lost.store(true, Ordering::Release);
        }
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.len() < MAX_RECORDED_FAULTS {
            faults.push(DeviceFault { kind, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_first_faults_and_counts_all() {
        let health = Health::default();
        for n in 0..MAX_RECORDED_FAULTS + 5 {
            health.record(FaultKind::Validation, format!("fault {n}"));
        }
        assert_eq!(health.count(), MAX_RECORDED_FAULTS as u64 + 5);
        assert_eq!(health.faults().len(), MAX_RECORDED_FAULTS);
        assert_eq!(health.faults()[0].text, "fault 0");
        assert!(!health.is_lost());
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let health = Health::default();
        health.record(FaultKind::Lost, "ü".repeat(MAX_FAULT_TEXT));
        assert!(health.is_lost());
        assert!(health.faults()[0].text.len() <= MAX_FAULT_TEXT);
    }
}
