//! A count that lies in the data.

use wasm_engine_compositor::FrameInput;
use wasm_engine_compositor::spec::{Count, Draw, Lines, Mesh, Points, Vector, VectorFormat};

use super::rig::{Rig, full, options, surface};

const SIZE: (u32, u32) = (64, 48);

/// Pixels that are not the background.
fn lit(rig: &mut Rig) -> usize {
    let picture = rig.picture(&FrameInput { layout: &[full(0, SIZE)], ..Default::default() });
    let pixels = picture.rgba.as_chunks::<4>().0;
    pixels.iter().filter(|pixel| pixel[0] > 100).count()
}

#[test]
fn a_count_lies_in_the_surface_s_own_buffer_wherever_the_positions_are() {
    let position = Vector { format: VectorFormat::F32x2, buffer: Some("places".to_owned()), ..Vector::default() };
    let count = Some(Count::At { at: 4 });
    let points = Points { position: position.clone(), count, size: Some(6.0), ..Points::default() };
    let lines = Lines { position: position.clone(), count, width: Some(3.0), ..Lines::default() };
    let mesh = Mesh { position, count, ..Mesh::default() };
    // Two triangles, or three segments, or six points.
    let places = [[-0.9_f32, -0.9], [-0.9, 0.9], [-0.1, -0.9], [0.9, 0.9], [0.9, -0.9], [0.1, 0.9]];
    for (draw, few) in [(Draw::Points(points), 1_u32), (Draw::Lines(lines), 2), (Draw::Mesh(mesh), 3)] {
        let mut rig = Rig::new(&options(SIZE), &[("head", 8), ("places", size_of_val(&places))]);
        rig.surfaces(&[surface("head", draw.clone())]).expect("they fit");
        rig.publish("places", &places);
        assert_eq!(lit(&mut rig), 0, "{draw:?}: nobody has said how many there are");
        let mut shown = [0, few, 6, u32::MAX].into_iter().map(|count| {
            rig.publish("head", &[7, count]);
            lit(&mut rig)
        });
        let (none, some, all, more) = (shown.next(), shown.next(), shown.next(), shown.next());
        assert!(none == Some(0) && some > none && all > some && more == all, "{draw:?}: {none:?} {some:?} {all:?} {more:?}");
    }
}
