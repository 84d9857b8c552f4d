//! A compositor with a region, writers for its buffers, and pictures of what it draws.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytemuck::Pod;
use image::RgbaImage;
use wasm_engine_compositor::limits::CALLBACK_TIMEOUT;
use wasm_engine_compositor::spec::{Camera, Color, Draw};
use wasm_engine_compositor::{
    CaptureId, Compositor, CompositorOptions, ConfigureError, FrameInput, FrameOutcome, Picture, Rows, SurfaceSpec, TextureLayer,
};
use wasm_engine_exchange::layout::SurfaceRect;
use wasm_engine_exchange::{Region, RegionSpec, Writer};
use wasm_engine_gpu::{Gpu, GpuOptions};
use wasm_engine_telemetry::{Counter, Telemetry, TelemetryConfig};

/// The device, opened once for all tests.
pub(crate) fn gpu() -> Arc<Gpu> {
    static GPU: OnceLock<Arc<Gpu>> = OnceLock::new();
    Arc::clone(GPU.get_or_init(|| Gpu::new(&GpuOptions::default()).expect("a Vulkan device, e.g. of mesa-vulkan-drivers")))
}

pub(crate) struct Rig {
    pub(crate) compositor: Compositor,
    pub(crate) telemetry: Telemetry,
    pub(crate) region: Region,
    writers: HashMap<String, Writer>,
}

pub(crate) fn options(size: (u32, u32)) -> CompositorOptions {
    CompositorOptions { size, background: Color::from_hex(0x141924ff).into(), ..Default::default() }
}

/// A surface of one buffer with the same name.
pub(crate) fn surface(name: &str, draw: Draw) -> SurfaceSpec {
    SurfaceSpec { name: name.to_owned(), buffer: name.to_owned(), above: false, camera: Camera::Normalized, draw }
}

impl Rig {
    pub(crate) fn new(options: &CompositorOptions, buffers: &[(&str, usize)]) -> Self {
        let spec = buffers.iter().fold(RegionSpec::new(), |spec, (name, bytes)| spec.buffer(name, *bytes));
        let region = Region::create(&spec).expect("a region");
        let telemetry = Telemetry::new(TelemetryConfig::default());
        let compositor = Compositor::new(gpu(), telemetry.clone(), options).expect("a compositor");
        let writer = |(name, _): &(&str, usize)| {
            let id = region.buffer(name).expect("the buffer is in the region");
            ((*name).to_owned(), region.writer(id).expect("nobody else writes"))
        };
        let writers = buffers.iter().map(writer).collect();
        Self { compositor, telemetry, region, writers }
    }

    pub(crate) fn surfaces(&mut self, specs: &[SurfaceSpec]) -> Result<(), ConfigureError> {
        self.compositor.set_surfaces(&self.region, specs)
    }

    /// Publishes `data` at the start of a buffer.
    pub(crate) fn publish<T: Pod>(&mut self, name: &str, data: &[T]) {
        let writer = self.writers.get_mut(name).expect("a known buffer");
        let bytes: &[u8] = bytemuck::cast_slice(data);
        writer.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
        writer.publish();
    }

    /// Composes and lets the GPU finish, so that the next frame is behind nothing.
    pub(crate) fn compose(&mut self, input: &FrameInput<'_>) -> FrameOutcome {
        let outcome = self.compositor.compose(input).expect("composed");
        self.compositor.wait_idle();
        assert_eq!(gpu().health.count(), 0, "{:?}", gpu().health.faults());
        outcome
    }

    /// Composes and takes a picture.
    pub(crate) fn picture(&mut self, input: &FrameInput<'_>) -> Picture {
        let id = self.compositor.capture().expect("the ring has room");
        self.compose(input);
        let (taken, picture) = self.ready_capture();
        assert_eq!(taken, id);
        picture
    }

    /// The oldest picture. The GPU is done; another test's thread may be about to tell us so.
    pub(crate) fn ready_capture(&mut self) -> (CaptureId, Picture) {
        let start = Instant::now();
        loop {
            if let Some(ready) = self.compositor.poll_capture() {
                return ready;
            }
            assert!(start.elapsed() < CALLBACK_TIMEOUT, "the GPU is done, yet there is no picture");
            std::thread::yield_now();
        }
    }

    pub(crate) fn count(&self, counter: Counter) -> u64 {
        self.telemetry.counter(counter)
    }
}

pub(crate) fn rgba(picture: Picture) -> RgbaImage {
    let picture = picture.into_straight();
    RgbaImage::from_raw(picture.width, picture.height, picture.rgba).expect("as many bytes as pixels")
}

/// The surface with this number all over a frame.
pub(crate) fn full(surface: u32, size: (u32, u32)) -> SurfaceRect {
    SurfaceRect::new(surface, [0.0, 0.0, size.0 as f32, size.1 as f32])
}

/// A page whose texels (premultiplied) a function gives.
pub(crate) fn page(size: (u32, u32), generation: u64, texel: impl Fn(u32, u32) -> [u8; 4]) -> TextureLayer {
    let gpu = gpu();
    let extent = wgpu::Extent3d { width: size.0, height: size.1, depth_or_array_layers: 1 };
    let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("page"),
        size: extent,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let texels: Vec<u8> = (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y))).flat_map(|(x, y)| texel(x, y)).collect();
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(size.0 * 4), rows_per_image: None };
    gpu.queue.write_texture(texture.as_image_copy(), &texels, layout, extent);
    TextureLayer { texture, generation, rows: Rows::Down, origin: (0, 0), change: None, hold: None }
}
