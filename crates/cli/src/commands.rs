//! The commands, one file each.

pub(crate) mod build;
pub(crate) mod doctor;
pub(crate) mod inspect;
pub(crate) mod new;
pub(crate) mod pack;
pub(crate) mod run;
pub(crate) mod serve;

use std::str::FromStr;

/// Reads a whole number, and says what it would take.
fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("a whole number belongs here, below 2^{}", size_of::<T>() * 8))
}
