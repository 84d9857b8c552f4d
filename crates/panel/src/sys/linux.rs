//! WebKitGTK: what the webview draws is captured where it is drawn, and a window above it, which takes no input, shows the composed frame.
//!
//! The window above is one of X, or a subsurface of Wayland; [`Cover`] is whichever it has to be.

mod capture;
mod cover;
mod environment;
mod exit;
mod input;
mod key_codes;
mod keyboard;
mod late;
pub mod offscreen;
mod priority;
mod routing;
mod scale;
mod shortcut;
mod sized;
mod software;
mod waiting;

pub use capture::{capture, revive};
pub use cover::{Apart, Cover, CoverError};
pub use exit::exit_at_once;
pub use input::{Input, KeyEvent, KeyLocation, Routed, TouchPhase, route};
pub use late::{LibraryError, begin_gtk, load_gtk, load_webkit};
pub use priority::let_frames_go_first;
pub use scale::{fraction, pixels_per_point};
pub use shortcut::{Shortcut, ShortcutError, on_ctrl_alt};
pub use sized::sized;
pub use software::{keep_canvases_on_the_processor, paint_where_it_is_cheap, skip_absent_drivers};
pub use waiting::{Waiting, afterwards, bell, webview_in};
