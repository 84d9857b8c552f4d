//! Opening the one device of the process.

use std::sync::Arc;

use crate::error::GpuError;
use crate::health::{FaultKind, Health};
use crate::import;
use crate::info::GpuInfo;

/// Which of the machine's devices to take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AdapterChoice {
    /// The fastest kind there is: discrete, integrated, virtual, software, in this order.
    #[default]
    Best,
    /// A software device, so that pictures do not depend on the machine's hardware.
    Software,
    /// The first device whose name contains this text, letter case ignored.
    Named(String),
}

/// How to open the device.
#[derive(Debug, Clone, Default)]
pub struct GpuOptions {
    /// The graphics APIs to try. `None` takes the platform's own: Vulkan, Metal on macOS, Vulkan then D3D12 on Windows.
    pub backends: Option<wgpu::Backends>,
    /// Which device to take.
    pub adapter: AdapterChoice,
}

/// The opened device with what belongs to it. Shared as `Arc<Gpu>`; every part may be used from any thread.
#[derive(Debug)]
pub struct Gpu {
    /// The wgpu instance, for making further window surfaces.
    pub instance: wgpu::Instance,
    /// The adapter the device was opened on.
    pub adapter: wgpu::Adapter,
    /// The device.
    pub device: wgpu::Device,
    /// Its one queue.
    pub queue: wgpu::Queue,
    /// What the device is and can do.
    pub info: GpuInfo,
    /// What went wrong on it.
    pub health: Arc<Health>,
}

impl Gpu {
    /// Gives the device up as if the driver had taken it away, to see what happens then. It does not come back.
    pub fn lose(&self) {
        self.health.record(FaultKind::Lost, "given up on purpose".to_owned());
        self.device.destroy();
    }

    /// Opens a device that draws into textures only.
    ///
    /// Do this before Servo starts: making Servo's OpenGL context changes environment variables that some Vulkan loaders read
    /// when they choose a device.
    ///
    /// # Errors
    /// As [`Drivers::choose`] and [`Chosen::open`].
    pub fn new(options: &GpuOptions) -> Result<Arc<Self>, GpuError> {
        Drivers::load(options).choose()?.open()
    }

    /// Opens a device that can present to `window`, and makes the window's surface, not yet configured.
    ///
    /// # Errors
    /// As [`Drivers::choose_for`] and [`Chosen::open`].
    pub fn for_window(
        options: &GpuOptions,
        window: impl Into<wgpu::SurfaceTarget<'static>>,
    ) -> Result<(Arc<Self>, wgpu::Surface<'static>), GpuError> {
        let (chosen, surface) = Drivers::load(options).choose_for(window)?;
        Ok((chosen.open()?, surface))
    }
}

/// The machine's graphics drivers. Loading them takes most of the time that it takes to open a device, and needs no window.
#[derive(Debug)]
pub struct Drivers {
    instance: wgpu::Instance,
    backends: wgpu::Backends,
    adapter: AdapterChoice,
}

impl Drivers {
    /// Loads those that `options` names.
    #[must_use]
    pub fn load(options: &GpuOptions) -> Self {
        let backends = backends_of(options);
        Self { instance: instance(backends), backends, adapter: options.adapter.clone() }
    }

    /// Chooses a device that draws into textures only.
    ///
    /// # Errors
    /// [`GpuError::NoDevice`] if the machine has no device of these backends, [`GpuError::NoMatch`] if it has none of the wanted sort.
    pub fn choose(self) -> Result<Chosen, GpuError> {
        let adapter = choose(&self.instance, self.backends, &self.adapter, None)?;
        Ok(Chosen { instance: self.instance, adapter })
    }

    /// Chooses a device that can present to `window`, and makes the window's surface, not yet configured.
    ///
    /// # Errors
    /// As [`Self::choose`], and [`GpuError::Surface`] if the window cannot be drawn to.
    pub fn choose_for(self, window: impl Into<wgpu::SurfaceTarget<'static>>) -> Result<(Chosen, wgpu::Surface<'static>), GpuError> {
        // A window cannot be drawn to for want of a device either, which then is what has to be said.
        let why = |error| choose(&self.instance, self.backends, &self.adapter, None).and(Err(GpuError::Surface(error)));
        let surface = self.instance.create_surface(window).or_else(why)?;
        let adapter = choose(&self.instance, self.backends, &self.adapter, Some(&surface))?;
        Ok((Chosen { instance: self.instance, adapter }, surface))
    }
}

/// A device that was chosen, and not opened yet.
#[derive(Debug)]
pub struct Chosen {
    instance: wgpu::Instance,
    adapter: wgpu::Adapter,
}

impl Chosen {
    /// Whether it computes on the processor.
    #[must_use]
    pub fn is_software(&self) -> bool {
        is_software(&self.adapter.get_info())
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`GpuError::Open`] if the driver refuses.
    pub fn open(self) -> Result<Arc<Gpu>, GpuError> {
        let Self { instance, adapter } = self;
        let opened = import::device::open(&adapter, &descriptor(&adapter))?;
        let health = Arc::new(Health::default());
        watch(&opened.device, &health);
        tracing::info!(
            name = opened.info.name,
            driver = opened.info.driver,
            host_import = opened.info.host_import,
            fd_export = opened.info.fd_export,
            "GPU device open"
        );
        Ok(Arc::new(Gpu { instance, adapter, device: opened.device, queue: opened.queue, info: opened.info, health }))
    }
}

fn backends_of(options: &GpuOptions) -> wgpu::Backends {
    // OpenGL is left out on purpose: a device on it could share nothing with the page, and software Vulkan is everywhere that
    // software OpenGL is.
    options.backends.unwrap_or(if cfg!(target_os = "macos") {
        wgpu::Backends::METAL
    } else if cfg!(windows) {
        wgpu::Backends::VULKAN | wgpu::Backends::DX12
    } else {
        wgpu::Backends::VULKAN
    })
}

fn instance(backends: wgpu::Backends) -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = backends;
    // `WGPU_VALIDATION=1` and `WGPU_DEBUG=1` turn the checking layers on where they are installed.
    descriptor.flags = wgpu::InstanceFlags::from_build_config().with_env();
    wgpu::Instance::new(descriptor)
}

fn choose(
    instance: &wgpu::Instance,
    backends: wgpu::Backends,
    choice: &AdapterChoice,
    surface: Option<&wgpu::Surface<'static>>,
) -> Result<wgpu::Adapter, GpuError> {
    let mut adapters = pollster::block_on(instance.enumerate_adapters(backends));
    if adapters.is_empty() {
        return Err(GpuError::NoDevice { backends: format!("{backends:?}") });
    }
    // The sort is stable: among equals the driver's own order decides.
    adapters.sort_by_key(|adapter| rank(&adapter.get_info()));
    let found: Vec<String> = adapters.iter().map(|adapter| adapter.get_info().name).collect();
    adapters
        .into_iter()
        .find(|adapter| {
            let info = adapter.get_info();
            let fits = match choice {
                AdapterChoice::Best => true,
                AdapterChoice::Software => is_software(&info),
                AdapterChoice::Named(part) => info.name.to_lowercase().contains(&part.to_lowercase()),
            };
            fits && surface.is_none_or(|surface| adapter.is_surface_supported(surface))
        })
        .ok_or_else(|| GpuError::NoMatch {
            wanted: match choice {
                AdapterChoice::Best => "able to draw to the window".to_owned(),
                AdapterChoice::Software => "a software device".to_owned(),
                AdapterChoice::Named(part) => format!("named like `{part}`"),
            },
            found: found.join(", "),
        })
}

/// Whether a device computes on the processor.
pub(crate) fn is_software(info: &wgpu::AdapterInfo) -> bool {
    info.device_type == wgpu::DeviceType::Cpu
}

fn rank(info: &wgpu::AdapterInfo) -> (u8, u8) {
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    let backend = u8::from(info.backend != wgpu::Backend::Vulkan);
    (kind, backend)
}

/// Everything the adapter's limits allow, and those optional features that somebody in the house uses.
fn descriptor(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
    let wanted = wgpu::Features::TIMESTAMP_QUERY
        | wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS
        | wgpu::Features::FLOAT32_FILTERABLE
        | wgpu::Features::INDIRECT_FIRST_INSTANCE;
    wgpu::DeviceDescriptor {
        label: Some("wasm-engine"),
        required_features: adapter.features() & wanted,
        required_limits: adapter.limits(),
        memory_hints: wgpu::MemoryHints::Performance,
        ..Default::default()
    }
}

fn watch(device: &wgpu::Device, health: &Arc<Health>) {
    let record = Arc::clone(health);
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        let kind = match &error {
            wgpu::Error::OutOfMemory { .. } => FaultKind::OutOfMemory,
            wgpu::Error::Validation { .. } => FaultKind::Validation,
            wgpu::Error::Internal { .. } => FaultKind::Internal,
        };
        record.record(kind, error.to_string());
    }));
    let record = Arc::clone(health);
    device.set_device_lost_callback(move |reason, text| {
        // Destroying the device is how it ends normally, not a fault.
        if reason != wgpu::DeviceLostReason::Destroyed {
            record.record(FaultKind::Lost, text);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_on_the_device_is_recorded_and_the_device_goes_on() {
        let gpu = Gpu::new(&GpuOptions::default()).expect("a Vulkan device");
        let _ = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("too large on purpose"),
            size: u64::MAX - 3,
            usage: wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        assert_eq!(gpu.health.count(), 1);
        assert!(!gpu.health.is_lost());
    }

    #[test]
    fn an_unknown_name_lists_what_there_is() {
        let options = GpuOptions { adapter: AdapterChoice::Named("no such device".to_owned()), ..Default::default() };
        let error = Gpu::new(&options).expect_err("no device has that name");
        assert_eq!(error.code(), "NO_MATCHING_GPU");
    }

    #[test]
    fn no_driver_is_a_clear_error() {
        // No machine has D3D12 on Linux, nor Metal: the same as a machine without any driver.
        let backends = if cfg!(target_os = "macos") { wgpu::Backends::DX12 } else { wgpu::Backends::METAL };
        let error = Gpu::new(&GpuOptions { backends: Some(backends), ..Default::default() }).expect_err("no such backend");
        assert_eq!(error.code(), "NO_VULKAN_DEVICE");
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()));
    }
}
