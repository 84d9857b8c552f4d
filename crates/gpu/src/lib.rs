//! The wgpu device and the import of shared textures and memory.
//!
//! [`Gpu`] is opened once per process and shared by the compositor and the page. What is special about it, compared with a device
//! from [`wgpu::Adapter::request_device`], is that the Vulkan extensions for sharing memory are switched on where the driver has
//! them, so that [`import`] can
//!
//! * give a texture to OpenGL and sample what OpenGL drew, without a copy through the CPU, and
//! * read a region of host memory from shaders where it lies.
//!
//! Errors on the device never end the process: they are recorded in [`Health`] and counted.

mod coming;
mod device;
mod error;
mod health;
pub mod import;
mod info;
mod lease;
pub mod limits;
#[cfg(test)]
mod readback;
mod sys;

pub use coming::{Coming, Giver, coming};
pub use device::{AdapterChoice, Chosen, Drivers, Gpu, GpuOptions};
pub use error::GpuError;
pub use health::{DeviceFault, FaultKind, Health};
pub use info::GpuInfo;
pub use lease::{FrameGuard, Lease, OnFree};
pub use sys::may_have_gpu;

/// What [`Gpu::for_window`] makes a surface for: anything with a window's and a display's handle.
pub use wgpu::SurfaceTarget as WindowTarget;

/// A window's surface, as [`Gpu::for_window`] makes it and a compositor takes it: other crates need not name wgpu to pass it on.
pub type WindowSurface = wgpu::Surface<'static>;
