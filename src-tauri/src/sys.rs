//! How webview and engine share a window on each system.

#[cfg(not(target_os = "linux"))]
mod composed;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub(crate) use composed::{attach, fraction, hear_hud_keys, prepare, single_instance};
#[cfg(target_os = "linux")]
pub(crate) use linux::{attach, fraction, hear_hud_keys, prepare, single_instance};
