//! WebKitGTK: what the webview draws is captured where it is drawn, and a window above it, which takes no input, shows the composed frame.
//!
//! Under X11 only. Under Wayland the window above would be a subsurface; run with `GDK_BACKEND=x11` there until that is written.

mod capture;
mod cover;
mod input;

pub use capture::{capture, revive};
pub use cover::{Cover, CoverError};
pub use input::{Input, KeyEvent, route, set_cursor};
