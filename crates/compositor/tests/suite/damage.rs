//! Damage: nothing for nothing, a part for a part, and a part's pixels are those of a full redraw.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use wasm_engine_compositor::spec::{Camera, ColorMap, Draw, Filter, HeatMap, Image, ItemColor, Lines, Mesh, Points, Shape, Vector};
use wasm_engine_compositor::{FrameInput, Picture, Rect, SurfaceSpec};
use wasm_engine_exchange::layout::SurfaceRect;
use wasm_engine_telemetry::Counter;

use crate::rig::{Rig, full, options, page, surface};

const SIZE: (u32, u32) = (96, 64);

fn kinds() -> Vec<SurfaceSpec> {
    let two = Vector { stride: Some(16), ..Default::default() };
    let velocity = Some(Vector { offset: 8, stride: Some(16), ..Default::default() });
    let points = Points { position: two.clone(), velocity, shape: Shape::Boid, ..Default::default() };
    let color = ItemColor::Value { buffer: None, offset: 8, stride: Some(16), map: ColorMap::Turbo, range: None };
    let lines = Lines { position: two.clone(), strip: true, width: Some(2.5), color, ..Default::default() };
    let mesh = Mesh { position: two, ..Default::default() };
    let heat = HeatMap { width: 8, height: 8, offset: 0, stride: None, map: ColorMap::Magma, range: None, filter: Filter::Linear };
    let image = Image { width: 8, height: 8, offset: 0, stride: None, premultiplied: false, opaque: true, filter: Filter::Nearest };
    let draws = [Draw::Points(points), Draw::Lines(lines), Draw::Mesh(mesh), Draw::HeatMap(heat), Draw::Image(image)];
    let spec = |(i, draw): (usize, Draw)| SurfaceSpec { above: i == 1, camera: Camera::Normalized, ..surface(draw.name(), draw) };
    draws.into_iter().enumerate().map(spec).collect()
}

const NAMES: [&str; 5] = ["points", "lines", "mesh", "heat_map", "image"];

fn rig() -> Rig {
    let buffers = NAMES.map(|name| (name, 256));
    let mut rig = Rig::new(&options(SIZE), &buffers);
    rig.surfaces(&kinds()).expect("they fit");
    rig
}

/// 64 numbers in −1..1 that depend on `seed`.
fn numbers(seed: u32) -> [f32; 64] {
    std::array::from_fn(|i| (((i as u32 * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0) * 0.9)
}

#[test]
fn nothing_changed_means_no_submission() {
    let mut rig = rig();
    for name in NAMES {
        rig.publish(name, &numbers(1));
    }
    let page = page(SIZE, 1, |x, _| if x < 10 { [255; 4] } else { [0; 4] });
    let layout = [full(0, SIZE), full(3, SIZE)];
    let input = FrameInput { token: rig.telemetry.token(), layout: &layout, page: Some(&page), ..Default::default() };
    assert!(rig.compose(&input).drawn);
    let before = [Counter::GpuSubmissions, Counter::UploadBytes, Counter::BytesCopied].map(|counter| rig.count(counter));
    for _ in 0..50 {
        let outcome = rig.compose(&input);
        assert!(outcome.unchanged && !outcome.drawn && outcome.damage.is_none());
    }
    // A buffer that no rectangle shows may change as it likes.
    rig.publish("image", &numbers(2));
    assert!(!rig.compose(&input).drawn);
    assert_eq!(before, [Counter::GpuSubmissions, Counter::UploadBytes, Counter::BytesCopied].map(|counter| rig.count(counter)));
    assert_eq!(rig.count(Counter::FramesSkipped), 51);
    assert_eq!(rig.count(Counter::FramesComposed), 1);
}

#[test]
fn only_what_had_not_changed_counts_as_skipped_and_only_what_has_a_token_as_a_frame() {
    let mut rig = rig();
    let token = rig.telemetry.token();
    let frame = FrameInput { token, force: true, ..Default::default() };
    // The GPU is not waited for, so some of these are put off.
    let (drawn, put_off): (Vec<_>, Vec<_>) =
        (0..50).map(|_| rig.compositor.compose(&frame).expect("composed")).partition(|outcome| outcome.drawn);
    assert!(put_off.iter().all(|outcome| outcome.behind && !outcome.unchanged));
    rig.compositor.wait_idle();
    rig.compositor.resize((0, 10), 1.0).expect("it fits");
    assert!(!rig.compose(&frame).unchanged, "there is nothing to draw to");
    rig.compositor.resize(SIZE, 1.0).expect("it fits");
    let counted = |rig: &Rig| [Counter::FramesComposed, Counter::FramesRedrawn, Counter::FramesSkipped].map(|counter| rig.count(counter));
    assert_eq!(counted(&rig), [drawn.len() as u64, 0, 0]);
    assert!(rig.compose(&FrameInput { force: true, ..Default::default() }).drawn);
    assert!(rig.compose(&FrameInput::default()).unchanged);
    assert_eq!(counted(&rig), [drawn.len() as u64, 1, 0]);
    assert!(rig.compose(&FrameInput { token, ..Default::default() }).unchanged);
    assert_eq!(counted(&rig), [drawn.len() as u64, 1, 1]);
}

#[test]
fn getting_ready_shows_nothing() {
    let page = page(SIZE, 1, |x, _| if x < 10 { [255; 4] } else { [0; 4] });
    let input = FrameInput { page: Some(&page), ..Default::default() };
    let (mut ready, mut plain) = (rig(), rig());
    ready.compositor.get_ready();
    assert_eq!((ready.count(Counter::GpuSubmissions), ready.count(Counter::FramesRedrawn)), (1, 0));
    let (ready, plain) = (ready.picture(&input), plain.picture(&input));
    assert!(ready.rgba == plain.rgba, "{}", first_difference(&ready, &plain));
}

#[test]
fn a_changed_surface_damages_its_rectangle_only() {
    let mut rig = rig();
    rig.publish("heat_map", &numbers(1));
    let layout = [SurfaceRect::new(3, [10.0, 20.0, 30.0, 15.0])];
    let input = FrameInput { layout: &layout, ..Default::default() };
    assert_eq!(rig.compose(&input).damage, Some(Rect::new(0, 0, SIZE.0, SIZE.1)));
    let submissions = rig.count(Counter::GpuSubmissions);
    rig.publish("heat_map", &numbers(2));
    assert_eq!(rig.compose(&input).damage, Some(Rect::new(10, 20, 30, 15)));
    assert_eq!(rig.count(Counter::GpuSubmissions), submissions + 1);
}

#[test]
fn a_partial_change_of_a_texture_damages_that_part() {
    let mut rig = rig();
    let mut first = page(SIZE, 1, |_, _| [40, 40, 40, 255]);
    rig.compose(&FrameInput { page: Some(&first), ..Default::default() });
    first.generation = 2;
    first.change = Some(wasm_engine_compositor::PartialChange { since: 1, rects: vec![(2, Rect::new(3, 4, 5, 6))] });
    let outcome = rig.compose(&FrameInput { page: Some(&first), ..Default::default() });
    assert_eq!(outcome.damage, Some(Rect::new(3, 4, 5, 6)));
}

#[test]
fn a_front_slot_is_kept_while_the_gpu_reads_it() {
    let mut rig = rig();
    let layout = [full(0, SIZE)];
    let input = FrameInput { layout: &layout, force: true, ..Default::default() };
    // Without waiting between frames, none may be lost for good: the last content is shown in the end.
    for seed in 0..40 {
        rig.publish("points", &numbers(seed));
        rig.compositor.compose(&input).expect("composed");
    }
    rig.compositor.wait_idle();
    let late = rig.picture(&input);
    let mut fresh = self::rig();
    fresh.publish("points", &numbers(39));
    assert!(late == fresh.picture(&input), "the newest content is not shown");
}

/// One change of what a frame shows.
#[derive(Clone, Debug)]
enum Change {
    Publish(usize, u32),
    Place(usize, SurfaceRect),
    Remove(usize),
    Page(Option<u32>),
    Nothing,
}

fn any_change() -> impl Strategy<Value = Change> {
    let kind = 0..NAMES.len();
    // Halves of pixels now and then, to have edges that are worked out per pixel.
    let place = (kind.clone(), -20i32..90, -20i32..60, 0u32..80, 0u32..60, 0u32..3, 0u32..3, 0u32..3, any::<bool>());
    prop_oneof![
        3 => (kind.clone(), 0u32..50).prop_map(|(kind, seed)| Change::Publish(kind, seed)),
        4 => place.prop_map(|(kind, x, y, w, h, opacity, radius, z, half)| {
            let shift = if half { 0.5 } else { 0.0 };
            let rect = SurfaceRect::new(kind as u32, [x as f32 + shift, y as f32, w as f32, h as f32 + shift]);
            let clip_w = rect.clip_w - opacity as f32 * 4.0;
            Change::Place(kind, SurfaceRect {
                opacity: 1.0 - opacity as f32 * 0.4, radius: radius as f32 * 5.0, z: z as f32, clip_w: clip_w.max(0.0),
                clip_radius: [0.0, radius as f32 * 3.0, z as f32 * 4.0, 0.0], ..rect
            })
        }),
        1 => kind.prop_map(Change::Remove),
        1 => proptest::option::of(0u32..90).prop_map(Change::Page),
        1 => Just(Change::Nothing),
    ]
}

/// Where two pictures of one size first differ, in words.
fn first_difference(part: &Picture, whole: &Picture) -> String {
    let pixels = |picture: &Picture| picture.rgba.as_chunks::<4>().0.to_vec();
    let (part_pixels, whole_pixels) = (pixels(part), pixels(whole));
    let differing = part_pixels.iter().zip(&whole_pixels).filter(|(a, b)| a != b).count();
    match part_pixels.iter().zip(&whole_pixels).position(|(a, b)| a != b) {
        None => "the sizes differ".to_owned(),
        Some(at) => {
            let (x, y) = (at as u32 % part.width, at as u32 / part.width);
            format!("{differing} pixels differ, first ({x}, {y}): {:?} instead of {:?}", part_pixels[at], whole_pixels[at])
        }
    }
}

#[test]
fn damaged_redraws_equal_full_redraws() {
    let rigs = std::cell::RefCell::new((rig(), rig()));
    let mut runner = TestRunner::new(Config { cases: 60, ..Config::default() });
    let sequences = proptest::collection::vec(any_change(), 1..12);
    let outcome = runner.run(&sequences, |changes| {
        let (damaged, full) = &mut *rigs.borrow_mut();
        let mut places: [Option<SurfaceRect>; 5] = [None; 5];
        let mut shown_page = None;
        let mut generation = 0;
        for change in &changes {
            match change {
                Change::Publish(kind, seed) => {
                    damaged.publish(NAMES[*kind], &numbers(*seed));
                    full.publish(NAMES[*kind], &numbers(*seed));
                }
                Change::Place(kind, rect) => places[*kind] = Some(*rect),
                Change::Remove(kind) => places[*kind] = None,
                Change::Page(edge) => {
                    generation += 1;
                    shown_page =
                        edge.map(|edge| page(SIZE, generation, move |x, y| if x < edge && y % 8 < 5 { [60, 30, 90, 140] } else { [0; 4] }));
                }
                Change::Nothing => {}
            }
            let layout: Vec<_> = places.iter().flatten().copied().collect();
            let input = FrameInput { layout: &layout, page: shown_page.as_ref(), ..Default::default() };
            let part = damaged.picture(&input);
            let whole = full.picture(&FrameInput { force: true, ..input });
            prop_assert!(part == whole, "{} after {change:?} of {changes:?}", first_difference(&part, &whole));
        }
        // The next sequence's page begins again.
        damaged.compose(&FrameInput { force: true, ..Default::default() });
        full.compose(&FrameInput { force: true, ..Default::default() });
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
