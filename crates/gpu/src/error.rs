//! Why a device could not be opened.

use thiserror::Error;

/// Why [`Gpu::new`](crate::Gpu::new) failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GpuError {
    /// No adapter of the wanted backends exists: the driver is not installed, or hides its devices.
    #[error("no GPU device was found for {backends}, not even a software one")]
    NoDevice {
        /// The backends that were asked, as text.
        backends: String,
    },
    /// Adapters exist, but none fits what was asked for.
    #[error("no GPU device is {wanted}; found: {found}")]
    NoMatch {
        /// What was asked for.
        wanted: String,
        /// The names of the adapters that exist.
        found: String,
    },
    /// The window system refused a drawing surface for the window.
    #[error("the window cannot be drawn to: {0}")]
    Surface(#[from] wgpu::CreateSurfaceError),
    /// The driver refused to open the device.
    #[error("the GPU device `{name}` could not be opened: {reason}")]
    Open {
        /// The adapter's name.
        name: String,
        /// What the driver said.
        reason: String,
    },
}

impl GpuError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoDevice { .. } => "NO_VULKAN_DEVICE",
            Self::NoMatch { .. } => "NO_MATCHING_GPU",
            Self::Surface(_) => "WINDOW_SURFACE_FAILED",
            Self::Open { .. } => "GPU_OPEN_FAILED",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoDevice { .. } if cfg!(target_os = "linux") => Some(
                "install a Vulkan driver: on Debian and Ubuntu `apt install libvulkan1 mesa-vulkan-drivers` brings the loader, the \
                 drivers for AMD and Intel, and a software device that works on every machine"
                    .to_owned(),
            ),
            Self::NoDevice { .. } => Some("update the graphics driver".to_owned()),
            Self::NoMatch { .. } => Some("leave the choice of the device to the engine, or name one of those found".to_owned()),
            Self::Surface(_) => Some("run with `--headless`".to_owned()),
            Self::Open { .. } => {
                Some("another program may hold all of the device's memory; `wasm-engine doctor` lists the devices".to_owned())
            }
        }
    }
}
