//! What differs between operating systems: finding the cores, and pinning.

#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{detect, pin};
#[cfg(target_os = "macos")]
pub(crate) use macos::{detect, pin};
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(crate) use windows::{detect, pin};
