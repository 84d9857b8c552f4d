//! What tests of several crates share: comparison of pictures with golden files, by a perceptual metric, and an X server of a test's own.
#![forbid(unsafe_code)]

mod golden;
mod xserver;

pub use golden::{BLESS, Difference, Golden, GoldenError, Tolerance, difference};
pub use xserver::XServer;
