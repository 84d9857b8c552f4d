//! What tests of several crates share: comparison of pictures with golden files, by a perceptual metric.
#![forbid(unsafe_code)]

mod golden;

pub use golden::{BLESS, Difference, Golden, GoldenError, Tolerance, difference};
