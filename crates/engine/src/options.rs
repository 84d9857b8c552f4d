//! How a run is asked for.

use std::path::PathBuf;

/// Where the framebuffer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// Nowhere: frames are composed, and captured where something asks for them.
    Headless,
    /// In the simple player's window.
    Window,
}

/// What `run` may be told; what is `None` is taken from the manifest.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Where to show it.
    pub display: Display,
    /// End after this many ticks.
    pub ticks: Option<u64>,
    /// Seed of the run.
    pub seed: Option<u64>,
    /// Framebuffer in device pixels.
    pub size: Option<(u32, u32)>,
    /// Device pixels per CSS pixel.
    pub scale: Option<f32>,
    /// Where the last frame is written.
    pub out: Option<PathBuf>,
    /// Folder for frames, inputs and hashes.
    pub record: Option<PathBuf>,
    /// Where the report is written as JSON.
    pub report: Option<PathBuf>,
    /// Where the Chrome trace is written.
    pub trace: Option<PathBuf>,
    /// Where the frames' times are written, one line each.
    pub csv: Option<PathBuf>,
    /// Whether the HUD is shown from the start.
    pub hud: Option<bool>,
    /// Take the page's frames through the CPU even where they could be shared.
    pub page_cpu: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            display: Display::Headless,
            ticks: None,
            seed: None,
            size: None,
            scale: None,
            out: None,
            record: None,
            report: None,
            trace: None,
            csv: None,
            hud: None,
            page_cpu: false,
        }
    }
}

/// Whether a display is announced in the environment. Other systems than Linux always have one.
#[must_use]
pub fn display_announced() -> bool {
    !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
