//! How webview and engine share a window on each system.

#[cfg(not(target_os = "linux"))]
mod composed;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub(crate) use composed::{
    Autostart, Place, diagnostic, find, fraction, hear_hud_keys, is_running, load, notice, prepare, run, single_instance, start_over,
    webview, window,
};
#[cfg(target_os = "linux")]
pub(crate) use linux::{
    Autostart, Place, diagnostic, find, fraction, hear_hud_keys, is_running, load, notice, prepare, run, single_instance, start_over,
    webview, window,
};
