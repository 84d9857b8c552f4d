//! Guests' data reach the GPU in place, or by a counted copy where the driver cannot, and look the same.

use wasm_engine_compositor::spec::{Draw, Points};
use wasm_engine_compositor::{CompositorOptions, FrameInput};
use wasm_engine_telemetry::Counter;

use crate::rig::{Rig, full, gpu, options, surface};

const SIZE: (u32, u32) = (64, 48);
/// No multiple of a word, nor of a page.
const BYTES: usize = 1001;

fn rig(import: bool) -> Rig {
    let options = CompositorOptions { import, ..options(SIZE) };
    let mut rig = Rig::new(&options, &[("points", BYTES)]);
    rig.surfaces(&[surface("points", Draw::Points(Points { size: Some(5.0), ..Default::default() }))]).expect("fits");
    rig
}

#[test]
fn in_place_and_copied_data_look_the_same() {
    let (mut in_place, mut copied) = (rig(true), rig(false));
    assert_eq!(in_place.compositor.is_zero_copy(), gpu().info.host_import);
    assert!(!copied.compositor.is_zero_copy());
    let layout = [full(0, SIZE)];
    let input = FrameInput { layout: &layout, ..Default::default() };
    // More publications than slots, so that each slot comes to the front.
    for step in 0..7u32 {
        let data: Vec<[f32; 2]> =
            (0..125).map(|i| [((i * 37 + step * 11) % 101) as f32 / 50.0 - 1.0, ((i * 61) % 89) as f32 / 44.0 - 1.0]).collect();
        in_place.publish("points", &data);
        copied.publish("points", &data);
        assert!(in_place.picture(&input) == copied.picture(&input), "publication {step}");
    }
    if gpu().info.host_import {
        assert_eq!(in_place.count(Counter::BytesCopied), 0);
    }
    assert_eq!(copied.count(Counter::BytesCopied), 7 * BYTES as u64);
}
