//! What the opened device is and can do.

/// What the opened device is and can do. Plain data: `doctor` and reports print it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GpuInfo {
    /// The device's name, e.g. `llvmpipe (LLVM 15.0.6, 256 bits)`.
    pub name: String,
    /// The driver's name and version.
    pub driver: String,
    /// The graphics API the device is driven through.
    pub backend: wgpu::Backend,
    /// Whether the device is the CPU.
    pub software: bool,
    /// `VkPhysicalDeviceIDProperties::deviceUUID`; `None` on other backends. OpenGL reports the same one for the same device.
    pub device_uuid: Option<[u8; 16]>,
    /// `VkPhysicalDeviceIDProperties::driverUUID`; memory can be shared with OpenGL only if its driver reports the same one.
    pub driver_uuid: Option<[u8; 16]>,
    /// Whether host memory can be read by shaders where it lies (`VK_EXT_external_memory_host`).
    pub host_import: bool,
    /// What address and size of imported host memory must be a multiple of, in bytes; a power of two. 0 without [`host_import`](Self::host_import).
    pub host_import_alignment: u64,
    /// Whether images can be exported as file descriptors (`VK_KHR_external_memory_fd`).
    pub fd_export: bool,
    /// The largest side of a two-dimensional texture, in pixels.
    pub max_texture_side: u32,
}
