//! How memory gets from one API to the other on this operating system.
//!
//! Each module has the same face: `SUPPORTED`, `export_texture` and `GlBinding`.

#[cfg(target_os = "linux")]
mod huge_pages;
#[cfg(target_os = "linux")]
mod opaque_fd;
#[cfg(target_os = "linux")]
pub(super) use opaque_fd::{GlBinding, SUPPORTED, export_texture};

#[cfg(not(target_os = "linux"))]
mod none;
#[cfg(not(target_os = "linux"))]
pub(super) use none::{GlBinding, SUPPORTED, export_texture};
