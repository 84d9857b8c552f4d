//! The clip's rounded corners, compared with what each pixel of a clip is to be.

use wasm_engine_compositor::FrameInput;
use wasm_engine_compositor::spec::{Draw, Filter, Image, Indices, Mesh, Vector};
use wasm_engine_exchange::layout::SurfaceRect;

use super::rig::{Rig, options, surface};

const SIZE: (u32, u32) = (96, 80);
const WHITE: [u8; 4] = [255; 4];
const BACKGROUND: [u8; 4] = [0x14, 0x19, 0x24, 0xff];

/// How deep a point lies inside of a clip with rounded corners; negative outside.
fn depth([x, y]: [f32; 2], [left, top, width, height]: [f32; 4], radius: [f32; 4]) -> f32 {
    let (right, bottom) = (left + width, top + height);
    let straight = (x - left).min(right - x).min(y - top).min(bottom - y);
    let corners = [(x - left, y - top), (right - x, y - top), (right - x, bottom - y), (x - left, bottom - y)];
    let arcs = corners.into_iter().zip(radius).map(|((along, down), radius)| {
        let (a, b) = (radius - along, radius - down);
        if a > 0.0 && b > 0.0 { radius - a.hypot(b) } else { f32::INFINITY }
    });
    arcs.fold(straight, f32::min)
}

fn check(rig: &mut Rig, clip: [f32; 4], clip_radius: [f32; 4]) {
    let [clip_x, clip_y, clip_w, clip_h] = clip;
    // The surface itself is larger, so that none of its own corners is to be seen.
    let rect = SurfaceRect { clip_x, clip_y, clip_w, clip_h, clip_radius, ..SurfaceRect::new(0, [-20.0, -20.0, 200.0, 200.0]) };
    let picture = rig.picture(&FrameInput { layout: &[rect], ..Default::default() });
    for (at, pixel) in picture.rgba.as_chunks::<4>().0.iter().enumerate() {
        let (x, y) = (at as u32 % SIZE.0, at as u32 / SIZE.0);
        let depth = depth([x as f32 + 0.5, y as f32 + 0.5], clip, clip_radius);
        if depth >= 0.75 {
            assert_eq!(*pixel, WHITE, "({x}, {y}) lies inside of {clip:?}, {clip_radius:?}");
        } else if depth <= -0.75 {
            assert_eq!(*pixel, BACKGROUND, "({x}, {y}) lies outside of {clip:?}, {clip_radius:?}");
        }
    }
}

#[test]
fn every_corner_of_the_clip_has_its_radius() {
    let image = Image { width: 1, height: 1, offset: 0, stride: None, premultiplied: false, opaque: true, filter: Filter::Nearest };
    let corners = [[-1.0_f32, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
    let mesh = Mesh { position: Vector::default(), indices: None::<Indices>, ..Mesh::default() };
    let mut shown = Rig::new(&options(SIZE), &[("image", 4)]);
    shown.surfaces(&[surface("image", Draw::Image(image))]).expect("it fits");
    shown.publish("image", &WHITE);
    let mut solid = Rig::new(&options(SIZE), &[("mesh", size_of_val(&corners))]);
    solid.surfaces(&[surface("mesh", Draw::Mesh(mesh))]).expect("it fits");
    solid.publish("mesh", &corners);
    for rig in [&mut shown, &mut solid] {
        check(rig, [8.0, 8.0, 70.0, 60.0], [0.0; 4]);
        check(rig, [8.0, 8.0, 70.0, 60.0], [30.0, 20.0, 10.0, 5.0]);
        check(rig, [8.0, 8.0, 60.0, 60.0], [30.0; 4]);
        // What is left of a rounded box that is scrolled away but for its lowest rows.
        check(rig, [8.0, 0.0, 70.0, 12.0], [0.0, 0.0, 30.0, 30.0]);
    }
}
