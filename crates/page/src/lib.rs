//! Servo on its own thread, its frames in a ring of shared textures.
//!
//! * [`Page`] is the handle: input goes in, [`PageFrame`]s and [`PageEvent`]s come out, and nobody ever waits for the page;
//! * [`server`] serves the app's folder from a secure origin on the loopback interface;
//! * [`bridge`] is the talk between the engine and `window.engine`.
//!
//! A page is untrusted. It stays on its origin, opens no windows, gets no rights, cannot leave its folder, and a script that
//! throws, loops or crashes leaves the engine running with the page's last frame.
#![forbid(unsafe_code)]

pub mod bridge;
mod error;
mod event;
mod events;
mod frame;
mod host;
mod input;
mod keys;
pub mod limits;
mod mailbox;
mod page;
pub mod server;

pub use error::{CommandError, PageError, ScriptError};
pub use event::{ConsoleLevel, PageEvent, Wish};
pub use frame::{FramePath, PageFrame};
pub use input::{KeyInput, PageInput, PointerButton, TouchPhase, WheelUnit};
pub use keyboard_types;
pub use page::{OnFrame, OnWish, Page, PageOptions, Pixels, Starting};
