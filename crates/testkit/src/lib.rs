//! What tests of several crates share: comparison of pictures with golden files, by a perceptual metric, and an X server of a test's own.
#![forbid(unsafe_code)]

mod golden;
#[cfg(target_os = "linux")]
mod xserver;

pub use golden::{BLESS, Difference, Golden, GoldenError, Tolerance, difference};
#[cfg(target_os = "linux")]
pub use xserver::XServer;
