//! The control panel's pixels: the system webview as a texture with damage, or left to the system to compose.

mod pixels;
mod staging;
pub mod sys;
mod tiles;

pub use pixels::{PanelFrame, PanelPixels, Uploads};
pub use tiles::{Area, TILE, Tiles};

/// How a panel comes onto the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Composition {
    /// As a texture, which the compositor puts over the page.
    Texture,
    /// By the system, over the engine's surface.
    System,
}

/// A control panel.
pub trait Panel: Send + Sync {
    /// How it comes onto the screen.
    fn composition(&self) -> Composition;

    /// Its newest frame, where it comes as a texture and has drawn something after the frame of generation `than`; the first one is 1. The GPU is told to
    /// bring the texture up to it.
    fn newer(&self, than: u64) -> Option<PanelFrame>;

    /// What of it was uploaded up to now.
    fn uploads(&self) -> Uploads;

    /// Whether it shows something at this pixel of the window, so that a click there is meant for it.
    fn covers(&self, x: u32, y: u32) -> bool;
}

/// A panel that the system composes over the engine's surface: nothing of it passes through the engine. The system itself decides who gets a click.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemPanel;

impl Panel for SystemPanel {
    fn composition(&self) -> Composition {
        Composition::System
    }

    fn newer(&self, _than: u64) -> Option<PanelFrame> {
        None
    }

    fn uploads(&self) -> Uploads {
        Uploads::default()
    }

    fn covers(&self, _x: u32, _y: u32) -> bool {
        false
    }
}
