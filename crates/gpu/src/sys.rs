//! What the operating system says of GPUs.

/// What GPU drivers of Linux put there for programs; under WSL it is one for all.
#[cfg(target_os = "linux")]
const DEVICES: [&str; 3] = ["/dev/nvidiactl", "/dev/dxg", "/dev/kgsl-3d0"];

/// Whether the machine may have a GPU. Where it has none, all that Vulkan and OpenGL do is done by the processor.
#[must_use]
pub fn may_have_gpu() -> bool {
    #[cfg(target_os = "linux")]
    {
        let render_nodes = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten();
        render_nodes.into_iter().any(|entry| entry.file_name().as_encoded_bytes().starts_with(b"renderD"))
            || DEVICES.iter().any(|device| std::path::Path::new(device).exists())
    }
    #[cfg(not(target_os = "linux"))]
    {
        true
    }
}
