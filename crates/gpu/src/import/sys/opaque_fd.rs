//! Linux: a Vulkan image whose memory is exported as an opaque file descriptor and imported by OpenGL.

#![expect(unsafe_code, reason = "makes a Vulkan image with exported memory and imports it into OpenGL")]

use std::os::fd::{FromRawFd as _, IntoRawFd as _, OwnedFd};
use std::rc::Rc;

use ash::{khr, vk};
use glow::HasContext as _;
use wgpu::hal::api::Vulkan;

use crate::device::Gpu;
use crate::import::gl::memory::{DEDICATED_MEMORY_OBJECT, HANDLE_TYPE_OPAQUE_FD, MemoryFunctions, OPTIMAL_TILING, TEXTURE_TILING};
use crate::import::gl::{Bindings, GlContext};
use crate::import::ring::ShareError;

/// Whether frames can be shared on this system.
pub(crate) const SUPPORTED: bool = true;

const FORMAT: vk::Format = vk::Format::R8G8B8A8_UNORM;
const HANDLE: vk::ExternalMemoryHandleTypeFlags = vk::ExternalMemoryHandleTypeFlags::OPAQUE_FD;

/// A texture whose memory another API may import.
pub(crate) struct Exported {
    pub(crate) texture: wgpu::Texture,
    pub(crate) memory: ExportedMemory,
}

/// The memory of an exported texture.
pub(crate) struct ExportedMemory {
    fd: OwnedFd,
    bytes: u64,
}

/// The Vulkan objects behind one texture; freed when wgpu is done with it.
struct Image {
    device: ash::Device,
    image: vk::Image,
    memory: vk::DeviceMemory,
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: wgpu drops this value, in the texture's drop callback, after the last submission that uses the image and
        // before the device; on the error path the image was never used. Null handles are allowed.
        unsafe {
            self.device.destroy_image(self.image, None);
            self.device.free_memory(self.memory, None);
        }
    }
}

fn vulkan(step: &'static str) -> impl Fn(vk::Result) -> ShareError {
    move |reason| ShareError::Vulkan { step, reason: reason.to_string() }
}

/// Makes a texture of `size` pixels whose memory can be imported elsewhere. Its contents are undefined.
pub(crate) fn export_texture(gpu: &Gpu, size: (u32, u32)) -> Result<Exported, ShareError> {
    // SAFETY: the guard is used to make objects of our own on the device; nothing of wgpu's is destroyed.
    let hal = unsafe { gpu.device.as_hal::<Vulkan>() }.ok_or(ShareError::Platform { backend: gpu.info.backend })?;
    let (image, bytes) = make_image(&hal, size)?;
    let fd = export(&hal, image.memory)?;
    let extent = wgpu::Extent3d { width: size.0, height: size.1, depth_or_array_layers: 1 };
    let hal_descriptor = wgpu::hal::TextureDescriptor {
        label: Some("page frame"),
        size: extent,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUses::RESOURCE | wgpu::TextureUses::COLOR_TARGET | wgpu::TextureUses::COPY_SRC,
        memory_flags: wgpu::hal::MemoryFlags::empty(),
        view_formats: Vec::new(),
    };
    let raw = image.image;
    // SAFETY: the image was made as the descriptor says, a moment ago on this device; the callback owns image and memory, and
    // wgpu calls it when the texture is gone.
    let hal_texture = unsafe {
        hal.texture_from_raw(raw, &hal_descriptor, Some(Box::new(move || drop(image))), wgpu::hal::vulkan::TextureMemory::External)
    };
    drop(hal);
    // SAFETY: the texture is of this device and as described; its contents are indeed undefined yet, and a blit fills it
    // before anything reads it.
    let texture = unsafe {
        gpu.device.create_texture_from_hal::<Vulkan>(
            hal_texture,
            &wgpu::TextureDescriptor {
                label: Some("page frame"),
                size: extent,
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: wgpu::TextureFormat::Rgba8Unorm,
                usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
                view_formats: &[],
            },
            wgpu::TextureUses::UNINITIALIZED,
        )
    };
    Ok(Exported { texture, memory: ExportedMemory { fd, bytes } })
}

fn make_image(hal: &wgpu::hal::vulkan::Device, size: (u32, u32)) -> Result<(Image, u64), ShareError> {
    let device = hal.raw_device();
    let mut external = vk::ExternalMemoryImageCreateInfo::default().handle_types(HANDLE);
    let info = vk::ImageCreateInfo::default()
        .push_next(&mut external)
        .image_type(vk::ImageType::TYPE_2D)
        .format(FORMAT)
        .extent(vk::Extent3D { width: size.0, height: size.1, depth: 1 })
        .mip_levels(1)
        .array_layers(1)
        .samples(vk::SampleCountFlags::TYPE_1)
        .tiling(vk::ImageTiling::OPTIMAL)
        .usage(
            vk::ImageUsageFlags::SAMPLED
                | vk::ImageUsageFlags::COLOR_ATTACHMENT
                | vk::ImageUsageFlags::TRANSFER_SRC
                | vk::ImageUsageFlags::TRANSFER_DST,
        )
        .sharing_mode(vk::SharingMode::EXCLUSIVE)
        .initial_layout(vk::ImageLayout::UNDEFINED);
    // SAFETY: the structures are complete and live across the calls; the size is within the device's limits, and the extension
    // behind `HANDLE` is on (`fd_export`). What was made so far is freed by `image` on every way out.
    unsafe {
        let mut image = Image {
            device: device.clone(),
            image: device.create_image(&info, None).map_err(vulkan("making the image"))?,
            memory: vk::DeviceMemory::null(),
        };
        let needs = device.get_image_memory_requirements(image.image);
        let mut dedicated = vk::MemoryDedicatedAllocateInfo::default().image(image.image);
        let mut export = vk::ExportMemoryAllocateInfo::default().handle_types(HANDLE);
        let allocate = vk::MemoryAllocateInfo::default()
            .push_next(&mut dedicated)
            .push_next(&mut export)
            .allocation_size(needs.size)
            .memory_type_index(memory_type(hal, needs.memory_type_bits).ok_or(ShareError::NoExport)?);
        image.memory = device.allocate_memory(&allocate, None).map_err(vulkan("allocating the image's memory"))?;
        device.bind_image_memory(image.image, image.memory, 0).map_err(vulkan("binding the image's memory"))?;
        Ok((image, needs.size))
    }
}

/// The first device-local memory type among `allowed`, or simply the first.
fn memory_type(hal: &wgpu::hal::vulkan::Device, allowed: u32) -> Option<u32> {
    let instance = hal.shared_instance().raw_instance();
    // SAFETY: the physical device belongs to the instance.
    let properties = unsafe { instance.get_physical_device_memory_properties(hal.raw_physical_device()) };
    let fits = |index: &u32| allowed & (1 << index) != 0;
    let local = |index: &u32| properties.memory_types[*index as usize].property_flags.contains(vk::MemoryPropertyFlags::DEVICE_LOCAL);
    let all = 0..properties.memory_type_count;
    all.clone().filter(fits).find(local).or_else(|| all.clone().find(fits))
}

fn export(hal: &wgpu::hal::vulkan::Device, memory: vk::DeviceMemory) -> Result<OwnedFd, ShareError> {
    let loader = khr::external_memory_fd::Device::new(hal.shared_instance().raw_instance(), hal.raw_device());
    let info = vk::MemoryGetFdInfoKHR::default().memory(memory).handle_type(HANDLE);
    // SAFETY: the extension is on (`fd_export`), the memory was allocated for export as this type, and on success the
    // descriptor is new and ours.
    unsafe {
        let fd = loader.get_memory_fd(&info).map_err(vulkan("exporting the image's memory"))?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// OpenGL's side of a shared texture: a framebuffer that draws into the exported memory.
pub(crate) struct GlBinding {
    context: Rc<GlContext>,
    memory: u32,
    texture: glow::Texture,
    framebuffer: glow::Framebuffer,
}

impl GlBinding {
    /// Imports `memory`, a texture of `size` pixels, into OpenGL.
    pub(crate) fn new(context: &Rc<GlContext>, memory: ExportedMemory, size: (u32, u32)) -> Result<Self, ShareError> {
        let failed = |step: &'static str| move |reason: String| ShareError::OpenGl { step, reason };
        let functions = context.memory().ok_or(ShareError::NoImport)?;
        context.make_current().map_err(|reason| failed("making the context current")(format!("{reason:?}")))?;
        let gl = context.glow();
        // SAFETY: the context is current; `bindings` restores what is changed; the names are ours and are deleted by the
        // destructor of `binding` from here on.
        unsafe {
            let _bindings = Bindings::save(&gl);
            let mut object = 0;
            (functions.create)(1, &mut object);
            let binding = Self {
                context: Rc::clone(context),
                memory: object,
                texture: gl.create_texture().map_err(failed("making the texture"))?,
                framebuffer: gl.create_framebuffer().map_err(failed("making the framebuffer"))?,
            };
            import(context, functions, object, memory, binding.texture, size)?;
            gl.bind_framebuffer(glow::FRAMEBUFFER, Some(binding.framebuffer));
            gl.framebuffer_texture_2d(glow::FRAMEBUFFER, glow::COLOR_ATTACHMENT0, glow::TEXTURE_2D, Some(binding.texture), 0);
            let status = gl.check_framebuffer_status(glow::FRAMEBUFFER);
            context.check().map_err(failed("attaching the texture"))?;
            if status != glow::FRAMEBUFFER_COMPLETE {
                return Err(failed("completing the framebuffer")(format!("status 0x{status:04x}")));
            }
            Ok(binding)
        }
    }

    /// The framebuffer that draws into the shared memory.
    pub(crate) fn framebuffer(&self) -> glow::Framebuffer {
        self.framebuffer
    }
}

/// Puts the exported memory under `texture`.
///
/// # Safety
/// The context is current, `object` is a new memory object of it, `texture` a new texture, and `memory` holds an RGBA8 image of
/// `size` pixels with optimal tiling, alone in its allocation.
unsafe fn import(
    context: &GlContext,
    functions: &MemoryFunctions,
    object: u32,
    memory: ExportedMemory,
    texture: glow::Texture,
    size: (u32, u32),
) -> Result<(), ShareError> {
    let failed = |step: &'static str| move |reason: String| ShareError::OpenGl { step, reason };
    let gl = context.glow();
    // SAFETY: as the caller says. The descriptor is OpenGL's once the import has succeeded; after a failed one it is closed
    // here, since then the driver has not taken it.
    unsafe {
        let dedicated = 1;
        (functions.parameter)(object, DEDICATED_MEMORY_OBJECT, &dedicated);
        context.check().map_err(failed("describing the memory"))?;
        let fd = memory.fd.into_raw_fd();
        (functions.import_fd)(object, memory.bytes, HANDLE_TYPE_OPAQUE_FD, fd);
        if let Err(reason) = context.check() {
            drop(OwnedFd::from_raw_fd(fd));
            return Err(failed("importing the memory")(reason));
        }
        gl.bind_texture(glow::TEXTURE_2D, Some(texture));
        gl.tex_parameter_i32(glow::TEXTURE_2D, TEXTURE_TILING, OPTIMAL_TILING.cast_signed());
        gl.tex_parameter_i32(glow::TEXTURE_2D, glow::TEXTURE_MIN_FILTER, glow::NEAREST.cast_signed());
        gl.tex_parameter_i32(glow::TEXTURE_2D, glow::TEXTURE_MAG_FILTER, glow::NEAREST.cast_signed());
        (functions.tex_storage)(glow::TEXTURE_2D, 1, glow::RGBA8, size.0.cast_signed(), size.1.cast_signed(), object, 0);
        context.check().map_err(failed("placing the texture into the memory"))
    }
}

impl Drop for GlBinding {
    fn drop(&mut self) {
        let Some(functions) = self.context.memory() else { return };
        if self.context.make_current().is_ok() {
            let gl = self.context.glow();
            // SAFETY: the context is current and the names are ours. OpenGL keeps the memory until its own work on it is done.
            unsafe {
                gl.delete_framebuffer(self.framebuffer);
                gl.delete_texture(self.texture);
                (functions.delete)(1, &self.memory);
            }
        }
    }
}
