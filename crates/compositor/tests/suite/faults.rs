//! Bad input: each gives a coded error, or a frame without what is bad.

use crate::rig::{Rig, full, options, rgba, surface};
use wasm_engine_compositor::spec::{
    Camera, Color, ColorMap, Count, Draw, Filter, HeatMap, Image, IndexFormat, Indices, ItemColor, Lines, Mesh, Points, Shape, Vector,
};
use wasm_engine_compositor::{Compositor, FrameInput, SurfaceFault, SurfaceSpec};
use wasm_engine_exchange::layout::SurfaceRect;
use wasm_engine_telemetry::Counter;

const SIZE: (u32, u32) = (64, 48);

fn rig() -> Rig {
    Rig::new(&options(SIZE), &[("data", 256), ("small", 4)])
}

fn spec(draw: Draw) -> SurfaceSpec {
    SurfaceSpec { name: "s".to_owned(), ..surface("data", draw) }
}

/// Configures one surface that must be refused, and returns the code.
fn refused(spec: SurfaceSpec) -> &'static str {
    let error = rig().surfaces(&[spec]).expect_err("refused");
    assert!(error.to_string().contains("surface `"), "{error}");
    error.code()
}

fn points() -> Points {
    Points { size: Some(6.0), ..Default::default() }
}

#[test]
fn a_surface_naming_no_buffer() {
    let mut wrong = spec(Draw::Points(points()));
    wrong.buffer = "dat".to_owned();
    let error = rig().surfaces(&[wrong.clone()]).expect_err("refused");
    assert_eq!(error.code(), "SURFACE_BUFFER_UNKNOWN");
    assert!(error.hint().is_some_and(|hint| hint.contains("data")));
    let color = ItemColor::Value { buffer: Some("none".to_owned()), offset: 0, stride: None, map: ColorMap::Gray, range: None };
    assert_eq!(refused(spec(Draw::Points(Points { color, ..points() }))), "SURFACE_BUFFER_UNKNOWN");
}

#[test]
fn wrong_strides() {
    let with = |position: Vector| refused(spec(Draw::Points(Points { position, ..points() })));
    assert_eq!(with(Vector { stride: Some(4), ..Default::default() }), "SURFACE_STRIDE");
    assert_eq!(with(Vector { stride: Some(0), ..Default::default() }), "SURFACE_STRIDE");
    assert_eq!(with(Vector { stride: Some(10), ..Default::default() }), "SURFACE_STRIDE");
    assert_eq!(with(Vector { offset: 2, ..Default::default() }), "SURFACE_STRIDE");
    assert_eq!(with(Vector { step: Some(6), ..Default::default() }), "SURFACE_STRIDE");
    assert_eq!(with(Vector { step: Some(0), ..Default::default() }), "SURFACE_STRIDE");
    let image = Image { width: 4, height: 2, offset: 0, stride: Some(12), premultiplied: false, opaque: false, filter: Filter::Nearest };
    assert_eq!(refused(spec(Draw::Image(image))), "SURFACE_STRIDE");
    // Planes too short for the items asked for.
    let position = Vector { step: Some(64), ..Default::default() };
    assert_eq!(refused(spec(Draw::Points(Points { position, count: Some(Count::Fixed(17)), ..points() }))), "SURFACE_STRIDE");
}

#[test]
fn buffers_too_small() {
    let small = |draw| refused(SurfaceSpec { buffer: "small".to_owned(), ..spec(draw) });
    assert_eq!(small(Draw::Points(points())), "SURFACE_BUFFER_TOO_SMALL");
    assert_eq!(small(Draw::Lines(Lines::default())), "SURFACE_BUFFER_TOO_SMALL");
    assert_eq!(small(Draw::Mesh(Mesh::default())), "SURFACE_BUFFER_TOO_SMALL");
    let heat = HeatMap { width: 2, height: 1, offset: 0, stride: None, map: ColorMap::Gray, range: None, filter: Filter::Nearest };
    assert_eq!(small(Draw::HeatMap(heat)), "SURFACE_BUFFER_TOO_SMALL");
    let many = Points { count: Some(Count::Fixed(33)), ..points() };
    assert_eq!(refused(spec(Draw::Points(many))), "SURFACE_BUFFER_TOO_SMALL");
    let far = Points { position: Vector { offset: u32::MAX - 3, ..Default::default() }, ..points() };
    assert_eq!(refused(spec(Draw::Points(far))), "SURFACE_BUFFER_TOO_SMALL");
    let indices = Indices { buffer: None, format: IndexFormat::U32, offset: 0, count: 65 };
    assert_eq!(refused(spec(Draw::Mesh(Mesh { indices: Some(indices), ..Default::default() }))), "SURFACE_BUFFER_TOO_SMALL");
}

#[test]
fn numbers_and_settings_that_make_no_sense() {
    let boid = Points { shape: Shape::Boid, ..points() };
    assert_eq!(refused(spec(Draw::Points(boid))), "SURFACE_VALUE");
    assert_eq!(refused(spec(Draw::Points(Points { size: Some(f32::NAN), ..points() }))), "SURFACE_VALUE");
    let heat = |width, range| HeatMap { width, height: 1, offset: 0, stride: None, map: ColorMap::Gray, range, filter: Filter::Nearest };
    assert_eq!(refused(spec(Draw::HeatMap(heat(1, Some([1.0, 1.0]))))), "SURFACE_VALUE");
    assert_eq!(refused(spec(Draw::HeatMap(heat(0, None)))), "SURFACE_VALUE");
    assert_eq!(refused(spec(Draw::HeatMap(heat(100_000, None)))), "SURFACE_LIMIT");
    let camera = Camera::Perspective { eye: [0.0; 3], target: [0.0; 3], up: [0.0, 1.0, 0.0], fov: 45.0, near: 0.1, far: 10.0 };
    assert_eq!(refused(SurfaceSpec { camera, ..spec(Draw::Points(points())) }), "SURFACE_VALUE");
    let error = rig().surfaces(&[spec(Draw::Points(points())), spec(Draw::Points(points()))]).expect_err("refused");
    assert_eq!(error.fault, SurfaceFault::NameTaken);
}

#[test]
fn a_refused_configuration_leaves_the_old_one() {
    let mut rig = rig();
    rig.surfaces(&[spec(Draw::Points(points()))]).expect("fits");
    rig.surfaces(&[SurfaceSpec { buffer: "gone".to_owned(), ..spec(Draw::Points(points())) }]).expect_err("refused");
    assert_eq!(rig.compositor.surface_names().collect::<Vec<_>>(), ["s"]);
}

#[test]
fn a_buffer_has_one_compositor() {
    let mut rig = rig();
    rig.surfaces(&[spec(Draw::Points(points()))]).expect("fits");
    let mut second = Compositor::new(crate::rig::gpu(), rig.telemetry.clone(), &options(SIZE)).expect("a compositor");
    let error = second.set_surfaces(&rig.region, &[spec(Draw::Points(points()))]).expect_err("taken");
    assert_eq!(error.code(), "SURFACE_BUFFER_TAKEN");
}

/// Draws `data` with `draw` and counts the pixels that are not the background's.
fn drawn_pixels<T: bytemuck::Pod>(draw: Draw, data: &[T]) -> usize {
    let mut options = options(SIZE);
    options.background = Color::BLACK.into();
    let mut rig = Rig::new(&options, &[("data", 256)]);
    rig.surfaces(&[spec(draw)]).expect("fits");
    rig.publish("data", data);
    let picture = rgba(rig.picture(&FrameInput { layout: &[full(0, SIZE)], ..Default::default() }));
    picture.pixels().filter(|pixel| pixel.0 != [0, 0, 0, 255]).count()
}

#[test]
fn vertices_that_are_not_finite_are_left_out_and_the_others_drawn() {
    let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -f32::NAN];
    for value in bad {
        for place in 0..2 {
            let mut data = [[5.0f32; 2]; 32];
            data[0] = [0.0, 0.0];
            data[1][place] = value;
            let one = drawn_pixels(Draw::Points(Points { count: Some(Count::Fixed(1)), ..points() }), &data);
            let both = drawn_pixels(Draw::Points(Points { count: Some(Count::Fixed(2)), ..points() }), &data);
            assert!(one > 20, "the good point is drawn");
            assert_eq!(one, both, "{value} in component {place}");

            // Two triangles and two segments, of each one good.
            let mut data = [[0.5f32, -0.5], [-0.5, -0.5], [0.0, 0.5], [0.0, 0.0], [0.1, 0.2], [0.3, 0.1]];
            data[4][place] = value;
            let mesh = |count| Draw::Mesh(Mesh { count: Some(Count::Fixed(count)), ..Default::default() });
            let one = drawn_pixels(mesh(3), &data);
            assert!(one > 100 && one == drawn_pixels(mesh(6), &data), "{value} in a triangle");
            let lines = |count| Draw::Lines(Lines { count: Some(Count::Fixed(count)), ..Default::default() });
            let one = drawn_pixels(lines(4), &data);
            assert!(one > 10 && one == drawn_pixels(lines(6), &data), "{value} in a segment");
        }
    }
}

#[test]
fn an_index_beyond_the_end() {
    let vertices = [[0.5f32, -0.5], [-0.5, -0.5], [0.0, 0.5]];
    let at = size_of_val(&vertices);
    let mesh = |count| {
        let indices = Indices { buffer: None, format: IndexFormat::U32, offset: at as u32, count };
        Draw::Mesh(Mesh { count: Some(Count::Fixed(3)), indices: Some(indices), ..Default::default() })
    };
    let mut data: Vec<u32> = vertices.iter().flatten().map(|number| number.to_bits()).collect();
    data.extend([0, 1, 2, 0, 1, 3, 0, 1, u32::MAX, 0x4000_0000, 1, 2]);
    let good = drawn_pixels(mesh(3), &data);
    assert!(good > 100);
    assert_eq!(good, drawn_pixels(mesh(12), &data), "triangles with bad indices are left out");
    // Indices that end within a triangle.
    assert_eq!(good, drawn_pixels(mesh(5), &data));
}

#[test]
fn a_count_beyond_the_end_is_cut() {
    let mut data = [5.0f32; 64];
    data[..3].copy_from_slice(&[f32::from_bits(u32::MAX), 0.0, 0.0]);
    let position = Vector { offset: 4, ..Default::default() };
    let draw = |count| Draw::Points(Points { position: position.clone(), count, ..points() });
    let one = drawn_pixels(draw(Some(Count::Fixed(1))), &data);
    assert_eq!(one, drawn_pixels(draw(Some(Count::At { at: 0 })), &data));
    data[0] = f32::from_bits(0);
    assert_eq!(drawn_pixels(draw(Some(Count::At { at: 0 })), &data), 0);
}

#[test]
fn hostile_layouts() {
    let mut rig = rig();
    rig.surfaces(&[spec(Draw::Points(points()))]).expect("fits");
    rig.publish("data", &[0.0f32; 64]);
    let numbers = [f32::NAN, f32::INFINITY, -1e30, 1e30, -5.0, 0.0, 1e-30];
    for number in numbers {
        for field in 0..11 {
            let mut rect = full(0, SIZE);
            *[
                &mut rect.x,
                &mut rect.y,
                &mut rect.w,
                &mut rect.h,
                &mut rect.clip_x,
                &mut rect.clip_w,
                &mut rect.opacity,
                &mut rect.z,
                &mut rect.radius,
                &mut rect.clip_h,
                &mut rect.clip_radius[2],
            ][field] = number;
            rig.compose(&FrameInput { layout: &[rect], force: true, ..Default::default() });
        }
    }
    // Surfaces that are not there, and one that is there twice.
    let layout = [full(7, SIZE), full(u32::MAX, SIZE), full(0, SIZE), SurfaceRect::new(0, [0.0, 0.0, 9.0, 9.0])];
    assert!(rig.compose(&FrameInput { layout: &layout, ..Default::default() }).drawn);
}

#[test]
fn sizes_0_and_1_and_16384() {
    let mut rig = rig();
    rig.surfaces(&[spec(Draw::Points(points()))]).expect("fits");
    rig.publish("data", &[0.0f32; 64]);
    let submissions = rig.count(Counter::GpuSubmissions);
    for size in [(0, 0), (0, 48), (64, 0)] {
        rig.compositor.resize(size, 1.0).expect("suspended");
        assert!(!rig.compose(&FrameInput { force: true, ..Default::default() }).drawn);
    }
    assert_eq!(rig.count(Counter::GpuSubmissions), submissions);
    for size in [(1, 1), (16384, 1), (1, 16384), SIZE] {
        match rig.compositor.resize(size, 1.0) {
            Ok(()) => {
                let picture = rig.picture(&FrameInput { layout: &[full(0, size)], ..Default::default() });
                assert_eq!((picture.width, picture.height), size);
            }
            // A device with smaller textures says so.
            Err(error) => assert_eq!(error.code(), "SIZE_LIMIT"),
        }
    }
    let error = rig.compositor.resize((1_000_000, 4), 1.0).expect_err("too large");
    assert_eq!(error.code(), "SIZE_LIMIT");
    assert_eq!(rig.compositor.size(), Some(SIZE), "the old size stays");
    assert!(Compositor::new(crate::rig::gpu(), rig.telemetry.clone(), &options((0, 0))).is_ok());
}

#[test]
fn a_resize_storm() {
    let mut rig = rig();
    let mesh = Mesh { count: Some(Count::Fixed(3)), ..Default::default() };
    rig.surfaces(&[spec(Draw::Mesh(mesh))]).expect("fits");
    rig.publish("data", &[[0.5f32, -0.5], [-0.5, -0.5], [0.0, 0.5]]);
    for step in 0..200u32 {
        let size = (1 + (step * 37) % 150, 1 + (step * 61) % 90);
        for scale in [1.0, f32::NAN] {
            rig.compositor.resize(size, scale).expect("small");
        }
        if step % 5 == 0 {
            // Without waiting for the GPU, as a window being dragged would.
            rig.compositor.compose(&FrameInput { layout: &[full(0, size)], ..Default::default() }).expect("composed");
        }
    }
    rig.compositor.resize(SIZE, 1.0).expect("small");
    rig.compositor.wait_idle();
    let picture = rig.picture(&FrameInput { layout: &[full(0, SIZE)], ..Default::default() });
    assert_eq!((picture.width, picture.height), SIZE);
}

#[test]
fn specs_written_as_in_a_manifest() {
    let text = r##"
        name = "boids"
        buffer = "swarm"
        camera = { kind = "orthographic", left = 0.0, right = 1.0, bottom = 1.0, top = 0.0 }
        [draw]
        kind = "points"
        position = { format = "f32x2", stride = 16 }
        velocity = { offset = 8, stride = 16 }
        shape = "boid"
        tint = "#ffcc00"
        count = { at = 0 }
        color = { by = "speed", map = "turbo", range = [0.0, 2.0] }
    "##;
    let spec: SurfaceSpec = toml::from_str(text).expect("a surface");
    let Draw::Points(points) = &spec.draw else { panic!("points") };
    assert_eq!((points.shape, points.count), (Shape::Boid, Some(Count::At { at: 0 })));
    assert_eq!(points.tint, Color::from_hex(0xffcc_00ff));
    for (from, to) in [("shape", "shpae"), ("\"points\"", "\"dots\""), ("#ffcc00", "#ffcc0"), ("name", "nom"), ("\"speed\"", "\"sped\"")] {
        toml::from_str::<SurfaceSpec>(&text.replace(from, to)).expect_err(to);
    }
}
