//! What an engine tells its front ends, and what they may ask of it.
//!
//! The engine publishes into a [`Hub`] and goes on: it never waits for a client. Each client follows the hub at its own pace, in process through a
//! [`Follower`] or over the loopback WebSocket of a [`Server`], and is sent what is different from what it was sent last. What clients ask for comes to
//! the engine through [`Asks`].

#![forbid(unsafe_code)]

mod error;
mod hub;
pub mod limits;
pub mod protocol;
mod server;

pub use error::{AskError, ClientError, ServeError};
pub use hub::{Asks, Follower, Hub, Note, PendingAsk, Receipts, Update};
pub use server::{PanelFile, PanelFiles, Server, ServerOptions};
