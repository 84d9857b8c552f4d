//! WebKitGTK: what the webview draws is captured where it is drawn, and a window above it, which takes no input, shows the composed frame.
//!
//! The window above is one of X, or a subsurface of Wayland; [`Cover`] is whichever it has to be.

mod capture;
mod cover;
mod input;
mod key_codes;
mod keyboard;
pub mod offscreen;
mod routing;
mod sized;

pub use capture::{capture, revive};
pub use cover::{Cover, CoverError};
pub use input::{Input, KeyEvent, KeyLocation, Routed, TouchPhase, route, set_cursor};
pub use sized::sized;
