//! What a frame with 1 % damage costs against a full one, and what a frame costs in which nothing changed.
//!
//! Counted is the processor time of all threads of the process, since a software device draws on many of them and wall time is
//! noisy. The arms alternate within one run, in ABBA order.
//!
//!     cargo run -p wasm-engine-compositor --example damage [pairs]
#![forbid(unsafe_code)]

use std::error::Error;

use rustix::time::{ClockId, clock_gettime};
use wasm_engine_compositor::spec::{Camera, Color, ColorMap, Draw, Filter, HeatMap, Image, ItemColor, Lines, Mesh, Points, Shape, Vector};
use wasm_engine_compositor::{Background, Compositor, CompositorOptions, FrameInput, HudData, HudRow, Rows, SurfaceSpec, TextureLayer};
use wasm_engine_exchange::layout::SurfaceRect;
use wasm_engine_exchange::{Region, RegionSpec, Writer};
use wasm_engine_gpu::{Gpu, GpuOptions};
use wasm_engine_telemetry::{Counter, Telemetry, TelemetryConfig};

const SIZE: (u32, u32) = (1920, 1080);
const BOIDS: usize = 10_000;
/// 1 % of the frame.
const SMALL: [f32; 4] = [1200.0, 400.0, 192.0, 108.0];

fn cpu_micros() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn surfaces() -> Vec<SurfaceSpec> {
    let spec = |name: &str, draw| SurfaceSpec { name: name.into(), buffer: name.into(), above: false, camera: Camera::Normalized, draw };
    let grid = |width, height| HeatMap {
        width,
        height,
        offset: 0,
        stride: None,
        map: ColorMap::Viridis,
        range: Some([0.0, 1.0]),
        filter: Filter::Linear,
    };
    let two = |offset| Vector { offset, stride: Some(16), ..Default::default() };
    let boids = Points {
        position: two(0),
        velocity: Some(two(8)),
        shape: Shape::Boid,
        color: ItemColor::Speed { map: ColorMap::Turbo, range: [0.0, 1.0] },
        ..Default::default()
    };
    let image = Image { width: 256, height: 256, offset: 0, stride: None, premultiplied: false, opaque: false, filter: Filter::Linear };
    vec![
        spec("field", Draw::HeatMap(grid(128, 72))),
        spec("picture", Draw::Image(image)),
        spec("boids", Draw::Points(boids)),
        spec("curve", Draw::Lines(Lines { strip: true, width: Some(2.0), tint: Color::from_hex(0xffffff80), ..Default::default() })),
        spec("shape", Draw::Mesh(Mesh::default())),
        spec("small", Draw::HeatMap(grid(32, 18))),
    ]
}

fn fill(writer: &mut Writer, seed: u32) {
    let words = bytemuck::cast_slice_mut::<u8, f32>(writer.bytes_mut());
    for (i, word) in words.iter_mut().enumerate() {
        *word = ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 8) as f32 / (1 << 23) as f32 - 1.0;
    }
    writer.publish();
}

fn curve(writer: &mut Writer) {
    let words = bytemuck::cast_slice_mut::<u8, f32>(writer.bytes_mut());
    for (i, place) in words.chunks_exact_mut(2).enumerate() {
        let t = i as f32 / 499.0 * std::f32::consts::TAU;
        place.copy_from_slice(&[0.9 * (3.0 * t).sin(), 0.9 * (4.0 * t).sin()]);
    }
    writer.publish();
}

fn page(gpu: &Gpu) -> TextureLayer {
    let size = wgpu::Extent3d { width: SIZE.0, height: SIZE.1, depth_or_array_layers: 1 };
    let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("page"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let texels: Vec<u8> = (0..SIZE.0 * SIZE.1).flat_map(|i| if i % SIZE.0 < 400 { [30, 32, 40, 200] } else { [0; 4] }).collect();
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(SIZE.0 * 4), rows_per_image: None };
    gpu.queue.write_texture(texture.as_image_copy(), &texels, layout, size);
    TextureLayer { texture, generation: 1, rows: Rows::Down, origin: (0, 0), change: None, hold: None }
}

/// Microseconds of processor time until the GPU has finished the frame.
fn cost(compositor: &mut Compositor, input: &FrameInput<'_>) -> Result<f64, Box<dyn Error>> {
    let start = cpu_micros();
    compositor.compose(input)?;
    compositor.wait_idle();
    Ok(cpu_micros() - start)
}

fn main() -> Result<(), Box<dyn Error>> {
    let pairs: usize = std::env::args().nth(1).map_or(Ok(40), |text| text.parse())?;
    let gpu = Gpu::new(&GpuOptions::default())?;
    let telemetry = Telemetry::new(TelemetryConfig::default());
    let background = Background { color: Color::from_hex(0x141924ff), to: Some(Color::BLACK), angle: None };
    let options = CompositorOptions { size: SIZE, background, ..Default::default() };
    let mut compositor = Compositor::new(gpu.clone(), telemetry.clone(), &options)?;
    let sizes = [
        ("field", 128 * 72 * 4),
        ("picture", 256 * 256 * 4),
        ("boids", BOIDS * 16),
        ("curve", 4000),
        ("shape", 72),
        ("small", 32 * 18 * 4),
    ];
    let region = Region::create(&sizes.iter().fold(RegionSpec::new(), |spec, (name, bytes)| spec.buffer(name, *bytes)))?;
    compositor.set_surfaces(&region, &surfaces())?;
    let mut writers = Vec::new();
    for (name, _) in sizes {
        let mut writer = region.writer(region.buffer(name).ok_or("a buffer is missing")?)?;
        if name == "curve" {
            curve(&mut writer)
        } else {
            fill(&mut writer, 1)
        }
        writers.push(writer);
    }
    let all = [0.0, 0.0, SIZE.0 as f32, SIZE.1 as f32];
    let layout: Vec<_> = (0..5).map(|i| SurfaceRect::new(i, all)).chain([SurfaceRect::new(5, SMALL)]).collect();
    let page = page(&gpu);
    let hud = HudData { generation: 1, title: "damage".into(), rows: vec![HudRow::new("boids", "10,000")], ..Default::default() };
    let input = FrameInput { layout: &layout, page: Some(&page), hud: Some(&hud), ..Default::default() };
    let forced = FrameInput { force: true, ..input };

    cost(&mut compositor, &forced)?;
    let (mut full, mut part, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..pairs as u32 {
        let first_full = pair % 2 == 0;
        if first_full {
            full.push(cost(&mut compositor, &forced)?);
        }
        fill(&mut writers[5], pair + 2);
        part.push(cost(&mut compositor, &input)?);
        let before = telemetry.counter(Counter::GpuSubmissions);
        idle.push(cost(&mut compositor, &input)?);
        assert_eq!(before, telemetry.counter(Counter::GpuSubmissions), "nothing changed, yet something was submitted");
        if !first_full {
            full.push(cost(&mut compositor, &forced)?);
        }
    }
    let (full, part, idle) = (median(full), median(part), median(idle));
    println!("device            {}", gpu.info.name);
    println!("zero copy         {}", compositor.is_zero_copy());
    println!("full frame        {full:>10.1} µs of processor time");
    println!("1 % damage        {part:>10.1} µs, {:.1} times less", full / part);
    println!("nothing changed   {idle:>10.1} µs, 0 submissions");
    println!("bytes copied      {}", telemetry.counter(Counter::BytesCopied));
    Ok(())
}
