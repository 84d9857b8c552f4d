//! Buffers over host memory: shaders read it where it lies.
//!
//! Exchange memory is imported once, at start; from then on what a kernel writes is what the GPU reads, and no frame copies
//! anything. This needs `VK_EXT_external_memory_host`; [`GpuInfo::host_import`](crate::GpuInfo) says whether it is there.

#![expect(unsafe_code, reason = "imports host memory into Vulkan")]

use std::any::Any;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use ash::{ext, vk};
use thiserror::Error;
use wasm_engine_exchange::{BufferInfo, Region};
use wgpu::hal::api::Vulkan;

use crate::device::Gpu;

/// Why host memory cannot be read by shaders in place. The caller then copies, and counts it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HostImportError {
    /// The driver cannot import host memory.
    #[error("the driver lacks VK_EXT_external_memory_host")]
    Unsupported,
    /// Start or length is not a multiple of what the driver demands.
    #[error("host memory to import must start at and span multiples of {alignment} bytes")]
    Misaligned {
        /// What the driver demands, in bytes.
        alignment: u64,
    },
    /// The range is empty, leaves the memory, or is larger than a buffer may be.
    #[error("the range cannot be a buffer: {0}")]
    BadRange(&'static str),
    /// The buffer was asked to be written by the GPU, or to be mapped.
    #[error("imported memory is for reading only: {0:?}")]
    BadUsage(wgpu::BufferUsages),
    /// The driver refused.
    #[error("Vulkan failed while {step}: {reason}")]
    Vulkan {
        /// What was being done.
        step: &'static str,
        /// What the driver said.
        reason: String,
    },
}

impl HostImportError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsupported => "HOST_IMPORT_UNSUPPORTED",
            Self::Misaligned { .. } => "HOST_IMPORT_MISALIGNED",
            Self::BadRange(_) => "HOST_IMPORT_BAD_RANGE",
            Self::BadUsage(_) => "HOST_IMPORT_BAD_USAGE",
            Self::Vulkan { .. } => "HOST_IMPORT_FAILED",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        matches!(self, Self::Unsupported | Self::Vulkan { .. })
            .then(|| "the engine copies instead; a newer graphics driver may avoid that".to_owned())
    }
}

/// What an imported buffer may be used for.
pub const ALLOWED_USAGES: wgpu::BufferUsages = wgpu::BufferUsages::STORAGE
    .union(wgpu::BufferUsages::UNIFORM)
    .union(wgpu::BufferUsages::VERTEX)
    .union(wgpu::BufferUsages::INDEX)
    .union(wgpu::BufferUsages::COPY_SRC);

/// Makes one GPU buffer over all three slots of an exchange buffer, without copying. Slot `n` begins at `n` times the stride,
/// which is aligned for every kind of binding.
///
/// Which slot may be read is the exchange's matter: a submission reads the front slot, and the reader acquires the next one only
/// when that submission has finished, for until then the writer must not get the slot back.
///
/// # Errors
/// As [`import_region`].
pub fn import_buffer(gpu: &Gpu, region: &Region, buffer: &BufferInfo, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer, HostImportError> {
    import_region(gpu, region, buffer.offset..buffer.slot_offset(3), usage)
}

/// Makes a GPU buffer over a range of a region, in bytes from its start, without copying. Storage bindings of it must be
/// read-only. The region stays mapped until the buffer is gone and the GPU is done with it.
///
/// # Errors
/// [`HostImportError::BadRange`] if the range leaves the region or is empty, [`HostImportError::Misaligned`] if it does not begin
/// and end where the driver demands, [`HostImportError::Unsupported`] if the driver cannot; any [`HostImportError`].
pub fn import_region(gpu: &Gpu, region: &Region, range: Range<usize>, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer, HostImportError> {
    if range.start >= range.end || range.end > region.len() {
        return Err(HostImportError::BadRange("it leaves the region, or is empty"));
    }
    let base = NonNull::new(region.base_ptr().cast_mut()).ok_or(HostImportError::BadRange("the region has no memory"))?;
    // SAFETY: the range lies inside the region, which stays mapped for as long as this clone of it, the owner, lives. What the
    // exchange hands out as references are slots that nobody writes meanwhile; the GPU only reads.
    unsafe { import_raw(gpu, base.add(range.start), range.len(), usage, Arc::new(region.clone())) }
}

/// Makes a buffer over `bytes` bytes of host memory at `start`, without copying. Storage bindings of it must be read-only.
///
/// `owner` keeps the memory mapped; it is dropped when the last submission that uses the buffer has finished and the buffer is
/// gone. Writes by the CPU that happen before [`wgpu::Queue::submit`] are seen by that submission. What is written while a
/// submission runs may be seen in part: whoever writes must keep off the memory until the submission is done, which is what
/// the exchange's front slot is for.
///
/// # Errors
/// Any [`HostImportError`]; nothing is left behind.
///
/// # Safety
/// `start .. start + bytes` is mapped, at least for reading, and stays so as long as `owner` lives; no Rust reference to it
/// assumes that it does not change.
pub unsafe fn import_raw(
    gpu: &Gpu,
    start: NonNull<u8>,
    bytes: usize,
    usage: wgpu::BufferUsages,
    owner: Arc<dyn Any + Send + Sync>,
) -> Result<wgpu::Buffer, HostImportError> {
    let size = check(gpu, start, bytes, usage)?;
    // SAFETY: the guard is used to make objects of our own on the device; nothing of wgpu's is destroyed.
    let hal = unsafe { gpu.device.as_hal::<Vulkan>() }.ok_or(HostImportError::Unsupported)?;
    // SAFETY: the caller says that the memory is mapped for as long as `owner`, which goes into the import, lives.
    let import = unsafe { Import::new(&hal, start, size, usage, owner)? };
    drop(hal);
    let raw = import.buffer;
    // SAFETY: the buffer is of this device, as large and of the usage described, and backed by initialised memory. The callback
    // owns it and everything under it; wgpu calls it when nothing uses the buffer any more.
    let buffer = unsafe {
        gpu.device.create_buffer_from_hal::<Vulkan>(
            wgpu::hal::vulkan::Buffer::from_raw_externally_owned(raw, Box::new(move || drop(import))),
            &wgpu::BufferDescriptor { label: Some("exchange memory"), size, usage, mapped_at_creation: false },
        )
    };
    Ok(buffer)
}

fn check(gpu: &Gpu, start: NonNull<u8>, bytes: usize, usage: wgpu::BufferUsages) -> Result<u64, HostImportError> {
    if !gpu.info.host_import {
        return Err(HostImportError::Unsupported);
    }
    if usage.is_empty() || !ALLOWED_USAGES.contains(usage) {
        return Err(HostImportError::BadUsage(usage));
    }
    let size = bytes as u64;
    if size == 0 {
        return Err(HostImportError::BadRange("it is empty"));
    }
    if size > gpu.device.limits().max_buffer_size {
        return Err(HostImportError::BadRange("it is larger than a buffer may be"));
    }
    let alignment = gpu.info.host_import_alignment.max(1);
    if !(start.as_ptr().addr() as u64).is_multiple_of(alignment) || !size.is_multiple_of(alignment) {
        return Err(HostImportError::Misaligned { alignment });
    }
    Ok(size)
}

/// The Vulkan objects over one range of host memory, and what keeps it mapped. Fields are dropped after the destructor ran, so
/// the owner outlives the Vulkan objects.
struct Import {
    device: ash::Device,
    buffer: vk::Buffer,
    memory: vk::DeviceMemory,
    _owner: Arc<dyn Any + Send + Sync>,
}

impl Import {
    /// # Safety
    /// `start .. start + size` is mapped as long as `owner` lives, and aligned as the driver demands; the extension is on.
    unsafe fn new(
        hal: &wgpu::hal::vulkan::Device,
        start: NonNull<u8>,
        size: u64,
        usage: wgpu::BufferUsages,
        owner: Arc<dyn Any + Send + Sync>,
    ) -> Result<Self, HostImportError> {
        const HANDLE: vk::ExternalMemoryHandleTypeFlags = vk::ExternalMemoryHandleTypeFlags::HOST_ALLOCATION_EXT;
        let failed = |step: &'static str| move |reason: vk::Result| HostImportError::Vulkan { step, reason: reason.to_string() };
        let device = hal.raw_device();
        let instance = hal.shared_instance().raw_instance();
        let loader = ext::external_memory_host::Device::new(instance, device);
        // SAFETY: the structures are complete and live across the calls, the extension is on, and the memory is mapped as the
        // caller says. What was made so far is freed by `import` on every way out.
        unsafe {
            let mut host = vk::MemoryHostPointerPropertiesEXT::default();
            (loader.fp().get_memory_host_pointer_properties_ext)(device.handle(), HANDLE, start.as_ptr().cast(), &mut host)
                .result()
                .map_err(failed("asking for the memory's type"))?;
            let mut external = vk::ExternalMemoryBufferCreateInfo::default().handle_types(HANDLE);
            let info = vk::BufferCreateInfo::default()
                .push_next(&mut external)
                .size(size)
                .usage(raw_usage(usage))
                .sharing_mode(vk::SharingMode::EXCLUSIVE);
            let mut import = Self {
                device: device.clone(),
                buffer: device.create_buffer(&info, None).map_err(failed("making the buffer"))?,
                memory: vk::DeviceMemory::null(),
                _owner: owner,
            };
            let needs = device.get_buffer_memory_requirements(import.buffer);
            if needs.size > size {
                return Err(HostImportError::BadRange("the driver wants more memory under it than there is"));
            }
            let properties = instance.get_physical_device_memory_properties(hal.raw_physical_device());
            let index = memory_type(&properties, needs.memory_type_bits & host.memory_type_bits).ok_or(HostImportError::Unsupported)?;
            let mut pointer = vk::ImportMemoryHostPointerInfoEXT::default().handle_type(HANDLE).host_pointer(start.as_ptr().cast());
            let allocate = vk::MemoryAllocateInfo::default().push_next(&mut pointer).allocation_size(size).memory_type_index(index);
            import.memory = device.allocate_memory(&allocate, None).map_err(failed("importing the memory"))?;
            device.bind_buffer_memory(import.buffer, import.memory, 0).map_err(failed("binding the memory"))?;
            Ok(import)
        }
    }
}

impl Drop for Import {
    fn drop(&mut self) {
        // SAFETY: wgpu drops this value when the buffer is gone and no submission uses it, before the device; on the error path
        // it was never used. Null handles are allowed.
        unsafe {
            self.device.destroy_buffer(self.buffer, None);
            self.device.free_memory(self.memory, None);
        }
    }
}

/// A memory type among `allowed` whose contents the device sees without explicit flushes.
fn memory_type(properties: &vk::PhysicalDeviceMemoryProperties, allowed: u32) -> Option<u32> {
    (0..properties.memory_type_count).find(|index| {
        let flags = properties.memory_types[*index as usize].property_flags;
        allowed & (1 << index) != 0 && flags.contains(vk::MemoryPropertyFlags::HOST_COHERENT)
    })
}

fn raw_usage(usage: wgpu::BufferUsages) -> vk::BufferUsageFlags {
    [
        (wgpu::BufferUsages::STORAGE, vk::BufferUsageFlags::STORAGE_BUFFER),
        (wgpu::BufferUsages::UNIFORM, vk::BufferUsageFlags::UNIFORM_BUFFER),
        (wgpu::BufferUsages::VERTEX, vk::BufferUsageFlags::VERTEX_BUFFER),
        (wgpu::BufferUsages::INDEX, vk::BufferUsageFlags::INDEX_BUFFER),
        (wgpu::BufferUsages::COPY_SRC, vk::BufferUsageFlags::TRANSFER_SRC),
    ]
    .into_iter()
    .filter(|(ours, _)| usage.contains(*ours))
    .fold(vk::BufferUsageFlags::empty(), |all, (_, theirs)| all | theirs)
}

#[cfg(test)]
mod tests;
