//! Pictures of every kind of layer, against golden files.

use std::f32::consts::TAU;

use crate::rig::{Rig, full, options, page, rgba, surface};
use wasm_engine_compositor::spec::{
    Blend, Camera, Color, ColorFormat, ColorMap, Draw, Filter, HeatMap, Image, IndexFormat, Indices, ItemColor, Lines, Mesh, Points, Shape,
    Vector, VectorFormat,
};
use wasm_engine_compositor::{Background, FrameInput, HudData, HudFrame, HudRow, SurfaceSpec};
use wasm_engine_exchange::layout::SurfaceRect;
use wasm_engine_testkit::{Golden, Tolerance};

const SIZE: (u32, u32) = (320, 200);

fn check(name: &str, rig: &mut Rig, input: &FrameInput<'_>) {
    let picture = rgba(rig.picture(input));
    if let Err(error) = Golden::new("tests/golden", env!("CARGO_TARGET_TMPDIR")).check(name, &picture, Tolerance::default()) {
        panic!("{error}");
    }
}

/// One surface from one buffer all over the frame.
fn check_surface<T: bytemuck::Pod>(name: &str, spec: SurfaceSpec, data: &[T]) {
    let bytes = size_of_val(data);
    let mut rig = Rig::new(&options(SIZE), &[(&spec.buffer.clone(), bytes)]);
    let buffer = spec.buffer.clone();
    rig.surfaces(&[spec]).expect("the surface fits");
    rig.publish(&buffer, data);
    check(name, &mut rig, &FrameInput { layout: &[full(0, SIZE)], ..Default::default() });
}

/// Pixels of the page, y down.
fn pixels(name: &str, draw: Draw) -> SurfaceSpec {
    SurfaceSpec { camera: Camera::Pixels, ..surface(name, draw) }
}

fn vector(offset: u32, stride: u32) -> Vector {
    Vector { offset, stride: Some(stride), ..Default::default() }
}

/// Reproducible numbers from 0 to 1.
fn noise(seed: u32) -> f32 {
    let mut x = seed.wrapping_mul(0x9e37_79b9) ^ 0x85eb_ca6b;
    x = (x ^ (x >> 15)).wrapping_mul(0x2c1b_3c6d);
    x = (x ^ (x >> 12)).wrapping_mul(0x297a_2d39);
    (x ^ (x >> 15)) as f32 / u32::MAX as f32
}

#[test]
fn points_round_with_color_map() {
    // A sunflower: position and a value for the color.
    let data: Vec<[f32; 4]> = (0..420)
        .map(|i| {
            let (radius, angle) = (4.6 * (i as f32).sqrt(), i as f32 * 2.399_963);
            [160.0 + radius * angle.cos(), 100.0 + radius * angle.sin(), i as f32, 0.0]
        })
        .collect();
    let color = ItemColor::Value { buffer: None, offset: 8, stride: Some(16), map: ColorMap::Viridis, range: None };
    let points = Points { position: vector(0, 16), size: Some(6.0), color, ..Default::default() };
    check_surface("points_round", pixels("points", Draw::Points(points)), &data);
}

#[test]
fn points_boids_by_speed() {
    let data: Vec<[f32; 4]> = (0..220)
        .map(|i| {
            let (radius, angle) = (0.15 + 0.8 * noise(i).sqrt(), TAU * noise(i + 1000));
            let (x, y) = (radius * angle.cos(), radius * angle.sin());
            let swirl = 0.3 + 0.7 * noise(i + 2000);
            [x, y, -y * swirl, x * swirl]
        })
        .collect();
    let points = Points {
        position: vector(0, 16),
        velocity: Some(vector(8, 16)),
        size: Some(13.0),
        shape: Shape::Boid,
        color: ItemColor::Speed { map: ColorMap::Turbo, range: [0.0, 0.9] },
        ..Default::default()
    };
    check_surface("points_boids", surface("boids", Draw::Points(points)), &data);
}

#[test]
fn points_additive_small_and_square() {
    // Planes of x, y and colors; thousands of dim points that add up.
    let count = 6000;
    let at = |i: u32| {
        let (arm, along) = (i % 3, noise(i));
        let angle = TAU * (arm as f32 / 3.0 + 0.9 * along) + 0.5 * (noise(i + 7000) - 0.5);
        let radius = 90.0 * along.powf(0.8) + 8.0 * (noise(i + 9000) - 0.5);
        (160.0 + 1.5 * radius * angle.cos(), 100.0 + 0.9 * radius * angle.sin())
    };
    let mut data: Vec<f32> = (0..count).map(|i| at(i).0).collect();
    data.extend((0..count).map(|i| at(i).1));
    data.extend((0..count).map(|i| f32::from_bits(if i % 3 == 0 { 0x60ff_a040 } else { 0x6040_80ff })));
    let points = Points {
        position: Vector { step: Some(4 * count), ..Default::default() },
        size: Some(2.5),
        shape: Shape::Square,
        blend: Blend::Additive,
        color: ItemColor::Items { format: ColorFormat::Rgba8, buffer: None, offset: 8 * count, stride: None },
        ..Default::default()
    };
    check_surface("points_additive", pixels("stars", Draw::Points(points)), &data);
}

#[test]
fn lines_strip() {
    let data: Vec<[f32; 3]> = (0..400)
        .map(|i| {
            let t = i as f32 / 399.0 * TAU;
            [160.0 + 130.0 * (3.0 * t + 0.4).sin(), 100.0 + 80.0 * (4.0 * t).sin(), t]
        })
        .collect();
    let color = ItemColor::Value { buffer: None, offset: 8, stride: Some(12), map: ColorMap::Magma, range: Some([-2.0, TAU]) };
    let lines = Lines { position: vector(0, 12), strip: true, width: Some(3.0), color, ..Default::default() };
    check_surface("lines_strip", pixels("lissajous", Draw::Lines(lines)), &data);
}

#[test]
fn lines_list() {
    let mut data: Vec<[f32; 2]> = Vec::new();
    for i in 0..36 {
        let angle = i as f32 / 36.0 * TAU;
        let (x, y) = (angle.cos(), angle.sin());
        data.extend([[160.0 + 25.0 * x, 100.0 + 25.0 * y], [160.0 + 90.0 * x, 100.0 + 90.0 * y]]);
    }
    let lines = Lines { width: Some(1.5), tint: Color::from_hex(0x8fd3ffe0), ..Default::default() };
    check_surface("lines_list", pixels("rays", Draw::Lines(lines)), &data);
}

#[test]
fn mesh_flat_with_colors_and_opacity() {
    #[repr(C)]
    #[derive(Copy, Clone, bytemuck::Pod, bytemuck::Zeroable)]
    struct Vertex(f32, f32, u32);
    let data = [
        Vertex(0.0, 0.85, 0xff4d_7cff),
        Vertex(-0.6, -0.75, 0xffff_c14d),
        Vertex(0.6, -0.75, 0xff8c_e04a),
        Vertex(-0.95, 0.9, 0x80ff_ffff),
        Vertex(-0.2, 0.5, 0x80ff_ffff),
        Vertex(-0.9, 0.0, 0x80ff_ffff),
    ];
    let color = ItemColor::Items { format: ColorFormat::Rgba8, buffer: None, offset: 8, stride: Some(12) };
    let mesh = Mesh { position: vector(0, 12), color, ..Default::default() };
    check_surface("mesh_flat", surface("triangle", Draw::Mesh(mesh)), &data);
}

/// Rings × sides vertices of a torus, positions then normals, and its triangles.
fn torus(rings: u16, sides: u16) -> (Vec<[f32; 6]>, Vec<u16>) {
    let mut vertices = Vec::new();
    let mut indices = Vec::new();
    for ring in 0..rings {
        for side in 0..sides {
            let (a, b) = (f32::from(ring) / f32::from(rings) * TAU, f32::from(side) / f32::from(sides) * TAU);
            let normal = [b.cos() * a.cos(), b.sin(), b.cos() * a.sin()];
            let center = [a.cos(), 0.0, a.sin()];
            vertices.push([center[0] + 0.42 * normal[0], 0.42 * normal[1], center[2] + 0.42 * normal[2], normal[0], normal[1], normal[2]]);
            let (next_ring, next_side) = ((ring + 1) % rings, (side + 1) % sides);
            let at = |ring: u16, side: u16| ring * sides + side;
            let corners = [at(ring, side), at(ring, next_side), at(next_ring, side), at(next_ring, next_side)];
            indices.extend([corners[0], corners[1], corners[2], corners[2], corners[1], corners[3]]);
        }
    }
    (vertices, indices)
}

#[test]
fn mesh_lit_in_perspective() {
    let (vertices, indices) = torus(48, 24);
    let three = |offset| Vector { format: VectorFormat::F32x3, ..vector(offset, 24) };
    let mesh = |normal| Mesh {
        position: three(0),
        normal,
        indices: Some(Indices { buffer: Some("indices".to_owned()), format: IndexFormat::U16, offset: 0, count: indices.len() as u32 }),
        tint: Color::from_hex(0xe8b04aff),
        light: Some([-0.7, 0.8, 0.6]),
        ..Default::default()
    };
    let camera =
        Camera::Perspective { eye: [0.9, 2.6, 4.0], target: [0.0, -0.05, 0.0], up: [0.0, 1.0, 0.0], fov: 44.0, near: 0.1, far: 50.0 };
    let smooth = SurfaceSpec { camera, buffer: "torus".into(), ..surface("smooth", Draw::Mesh(mesh(Some(three(12))))) };
    let facets = SurfaceSpec { camera, buffer: "torus".into(), ..surface("facets", Draw::Mesh(mesh(None))) };
    let buffers = [("torus", size_of_val(&vertices[..])), ("indices", size_of_val(&indices[..]))];
    let mut rig = Rig::new(&options(SIZE), &buffers);
    rig.surfaces(&[smooth, facets]).expect("they fit");
    rig.publish("torus", &vertices);
    rig.publish("indices", &indices);
    let layout = [SurfaceRect::new(0, [0.0, 0.0, 160.0, 200.0]), SurfaceRect::new(1, [160.0, 0.0, 160.0, 200.0])];
    check("mesh_lit", &mut rig, &FrameInput { layout: &layout, ..Default::default() });
}

/// Two hills, with a hole in the data.
fn hills(width: u32, height: u32) -> Vec<f32> {
    let hill = |x: f32, y: f32, cx: f32, cy: f32, s: f32| (-((x - cx).powi(2) + (y - cy).powi(2)) / s).exp();
    let at = |i: u32| {
        let (x, y) = ((i % width) as f32 / width as f32, (i / width) as f32 / height as f32);
        let hole = (x - 0.72).powi(2) + (y - 0.72).powi(2) < 0.006;
        if hole { f32::NAN } else { hill(x, y, 0.35, 0.4, 0.05) + 0.7 * hill(x, y, 0.7, 0.6, 0.03) }
    };
    (0..width * height).map(at).collect()
}

#[test]
fn heat_maps() {
    let (width, height) = (32, 20);
    let spec = |name: &str, map, filter| {
        let draw = HeatMap { width, height, offset: 0, stride: None, map, range: None, filter };
        SurfaceSpec { buffer: "grid".to_owned(), ..surface(name, Draw::HeatMap(draw)) }
    };
    let data = hills(width, height);
    let mut rig = Rig::new(&options(SIZE), &[("grid", size_of_val(&data[..]))]);
    rig.surfaces(&[
        spec("viridis", ColorMap::Viridis, Filter::Nearest),
        spec("magma", ColorMap::Magma, Filter::Linear),
        spec("turbo", ColorMap::Turbo, Filter::Linear),
        spec("gray", ColorMap::Gray, Filter::Linear),
    ])
    .expect("they fit");
    rig.publish("grid", &data);
    let at = |surface: u32| SurfaceRect {
        radius: 6.0,
        ..SurfaceRect::new(surface, [8.0 + (surface % 2) as f32 * 156.0, 8.0 + (surface / 2) as f32 * 96.0, 148.0, 88.0])
    };
    let layout = [at(0), at(1), at(2), at(3)];
    check("heat_maps", &mut rig, &FrameInput { layout: &layout, ..Default::default() });
}

#[test]
fn images() {
    let (width, height) = (16u32, 10u32);
    // A checkered ramp whose alpha falls from left to right.
    let straight: Vec<[u8; 4]> = (0..width * height)
        .map(|i| {
            let (x, y) = (i % width, i / width);
            let bright = if (x + y) % 2 == 0 { 255 } else { 120 };
            [bright, (y * 25) as u8, 90, (255 - x * 15) as u8]
        })
        .collect();
    let premultiplied: Vec<[u8; 4]> = straight
        .iter()
        .map(|&[r, g, b, a]| {
            let times = |part: u8| ((u32::from(part) * u32::from(a) + 127) / 255) as u8;
            [times(r), times(g), times(b), a]
        })
        .collect();
    let spec = |name: &str, premultiplied, filter| {
        surface(name, Draw::Image(Image { width, height, offset: 0, stride: None, premultiplied, opaque: false, filter }))
    };
    let bytes = size_of_val(&straight[..]);
    let mut rig = Rig::new(&options(SIZE), &[("straight", bytes), ("premultiplied", bytes), ("smooth", bytes)]);
    rig.surfaces(&[
        spec("straight", false, Filter::Nearest),
        spec("premultiplied", true, Filter::Nearest),
        spec("smooth", false, Filter::Linear),
    ])
    .expect("they fit");
    rig.publish("straight", &straight);
    rig.publish("premultiplied", &premultiplied);
    rig.publish("smooth", &straight);
    let layout = [
        SurfaceRect::new(0, [10.0, 10.0, 144.0, 90.0]),
        SurfaceRect::new(1, [166.0, 10.0, 144.0, 90.0]),
        SurfaceRect::new(2, [10.0, 110.0, 300.0, 80.0]),
    ];
    check("images", &mut rig, &FrameInput { layout: &layout, ..Default::default() });
}

/// A page as a browser paints one: a translucent card with an opaque header, premultiplied, transparent elsewhere.
fn card(x: u32, y: u32) -> [u8; 4] {
    let inside = (40..280).contains(&x) && (30..170).contains(&y);
    match (inside, y < 54) {
        (true, true) => [58, 76, 120, 255],
        (true, false) => [90, 92, 100, 128],
        _ => [0; 4],
    }
}

#[test]
fn layout_clip_opacity_radius_order_and_page() {
    let data = hills(64, 40);
    let spec = |name: &str, map, above| {
        let draw = HeatMap { width: 64, height: 40, offset: 0, stride: None, map, range: Some([0.0, 1.0]), filter: Filter::Linear };
        SurfaceSpec { buffer: "grid".to_owned(), above, ..surface(name, Draw::HeatMap(draw)) }
    };
    let mut options = options(SIZE);
    options.background = Background { color: Color::from_hex(0x2b3a67ff), to: Some(Color::from_hex(0x0e1018ff)), angle: Some(135.0) };
    let mut rig = Rig::new(&options, &[("grid", size_of_val(&data[..]))]);
    rig.surfaces(&[spec("below", ColorMap::Viridis, false), spec("front", ColorMap::Magma, false), spec("above", ColorMap::Gray, true)])
        .expect("they fit");
    rig.publish("grid", &data);
    let layout = [
        // Rounded, at fractional pixels, in front of the next by z.
        SurfaceRect { radius: 24.0, z: 2.0, ..SurfaceRect::new(0, [10.5, 14.25, 150.0, 110.5]) },
        // Half transparent and clipped.
        SurfaceRect {
            opacity: 0.6,
            clip_x: 120.0,
            clip_y: 70.5,
            clip_w: 150.0,
            clip_h: 100.0,
            z: 1.0,
            ..SurfaceRect::new(1, [100.0, 60.0, 200.0, 130.0])
        },
        // A capsule over the page.
        SurfaceRect { radius: 100.0, opacity: 0.9, ..SurfaceRect::new(2, [200.0, 20.0, 100.0, 44.0]) },
    ];
    let page = page(SIZE, 1, card);
    check("layout", &mut rig, &FrameInput { layout: &layout, page: Some(&page), ..Default::default() });
}

#[test]
fn hud() {
    let size = (340, 400);
    let mut rig = Rig::new(&options(size), &[]);
    let frames = (0..300)
        .map(|i| {
            let spike = if i % 47 == 31 { 7.5 } else { 0.0 };
            let wave = (i as f32 * 0.09).sin();
            let stages = [
                0.5,
                2.4 + 0.6 * wave + 0.7 * noise(i),
                1.1 + 0.3 * noise(i + 500) + spike,
                0.7 + 0.2 * noise(i + 900),
                0.35,
                0.0,
                0.0,
                0.0,
            ];
            HudFrame { total: stages.iter().sum(), stages }
        })
        .collect();
    let data = HudData {
        generation: 1,
        title: "swarm".to_owned(),
        frames_per_second: 59.9,
        stages: ["wait", "compute", "page", "compose", "present"].map(str::to_owned).to_vec(),
        frames,
        rows: vec![
            HudRow::new("boids", "100,000"),
            HudRow::new("ticks", "18,204"),
            HudRow::new("gpu submissions", "17,981"),
            HudRow::new("bytes copied", "0"),
            HudRow::new("page frames, shared", "1,204"),
            HudRow::new("missed deadlines", "3"),
        ],
    };
    check("hud", &mut rig, &FrameInput { hud: Some(&data), ..Default::default() });
}
