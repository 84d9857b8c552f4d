//! Opening the device with the extensions that sharing memory needs.
//!
//! [`wgpu::Adapter::request_device`] switches on only what wgpu itself uses. `VK_EXT_external_memory_host` is not among it, so on
//! Vulkan the device is opened through wgpu-hal, with the missing extensions added where the driver has them.

#![expect(unsafe_code, reason = "opens the Vulkan device through wgpu-hal")]

use std::ffi::CStr;

use ash::{ext, khr, vk};
use wgpu::hal::api::Vulkan;

use crate::error::GpuError;
use crate::info::GpuInfo;

/// The parts of [`Gpu`](crate::Gpu) that come from opening the adapter.
pub(crate) struct Opened {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) info: GpuInfo,
}

/// Opens `adapter`.
pub(crate) fn open(adapter: &wgpu::Adapter, descriptor: &wgpu::DeviceDescriptor<'_>) -> Result<Opened, GpuError> {
    let mut info = describe(adapter);
    let refused = |reason: String| GpuError::Open { name: adapter.get_info().name, reason };
    let (device, queue) = if info.backend == wgpu::Backend::Vulkan {
        open_vulkan(adapter, descriptor, &mut info).map_err(refused)?
    } else {
        pollster::block_on(adapter.request_device(descriptor)).map_err(|error| refused(error.to_string()))?
    };
    Ok(Opened { device, queue, info })
}

fn describe(adapter: &wgpu::Adapter) -> GpuInfo {
    let info = adapter.get_info();
    GpuInfo {
        driver: [info.driver.as_str(), info.driver_info.as_str()].join(" ").trim().to_owned(),
        backend: info.backend,
        software: crate::device::is_software(&info),
        name: info.name,
        device_uuid: None,
        driver_uuid: None,
        host_import: false,
        host_import_alignment: 0,
        fd_export: false,
        max_texture_side: adapter.limits().max_texture_dimension_2d,
    }
}

fn open_vulkan(
    adapter: &wgpu::Adapter,
    descriptor: &wgpu::DeviceDescriptor<'_>,
    info: &mut GpuInfo,
) -> Result<(wgpu::Device, wgpu::Queue), String> {
    let opened = {
        // SAFETY: the guard is used to read properties and to open a device; nothing of the adapter is destroyed.
        let hal = unsafe { adapter.as_hal::<Vulkan>() }.ok_or("the adapter is not a Vulkan one")?;
        let capabilities = hal.physical_device_capabilities();
        let extra: Vec<&'static CStr> = [
            ext::external_memory_host::NAME,
            khr::external_memory_fd::NAME,
            // Both are core since Vulkan 1.1, but drivers list them still, and asking for a listed one is always allowed.
            khr::external_memory::NAME,
            khr::dedicated_allocation::NAME,
            khr::get_memory_requirements2::NAME,
        ]
        .into_iter()
        .filter(|name| capabilities.supports_extension(name))
        .collect();
        info.host_import = extra.contains(&ext::external_memory_host::NAME);
        info.fd_export = cfg!(unix) && extra.contains(&khr::external_memory_fd::NAME);
        read_identity(hal.shared_instance().raw_instance(), hal.raw_physical_device(), info);
        let add = Box::new(move |arguments: wgpu::hal::vulkan::CreateDeviceCallbackArgs<'_, '_, '_>| {
            for name in extra {
                if !arguments.extensions.contains(&name) {
                    arguments.extensions.push(name);
                }
            }
        });
        // SAFETY: the callback only adds extensions that this physical device lists, and removes nothing.
        unsafe { hal.open_with_callback(descriptor.required_features, &descriptor.required_limits, &descriptor.memory_hints, Some(add)) }
            .map_err(|error| error.to_string())?
    };
    // SAFETY: `opened` came from this adapter a moment ago, with exactly the features of `descriptor`.
    unsafe { adapter.create_device_from_hal(opened, descriptor) }.map_err(|error| error.to_string())
}

fn read_identity(instance: &ash::Instance, device: vk::PhysicalDevice, info: &mut GpuInfo) {
    let mut id = vk::PhysicalDeviceIDProperties::default();
    let mut host = vk::PhysicalDeviceExternalMemoryHostPropertiesEXT::default();
    let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut id);
    if info.host_import {
        properties = properties.push_next(&mut host);
    }
    // SAFETY: `device` belongs to `instance`; wgpu requires Vulkan 1.1 or its equivalents, so the query and the ID structure are
    // known, and the host-memory structure is chained only if the extension is there.
    unsafe { instance.get_physical_device_properties2(device, &mut properties) };
    info.device_uuid = Some(id.device_uuid);
    info.driver_uuid = Some(id.driver_uuid);
    info.host_import_alignment = host.min_imported_host_pointer_alignment;
}
