//! Servo on its own thread, its frames in a ring of shared textures.

pub mod bridge;
pub mod server;
