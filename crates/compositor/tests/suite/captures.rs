//! Captures: a ring that never waits and refuses when full.

use crate::rig::{Rig, options};
use wasm_engine_compositor::limits::CAPTURES_MAX;
use wasm_engine_compositor::{Compositor, FrameInput};
use wasm_engine_gpu::{Gpu, GpuOptions};
use wasm_engine_telemetry::{Counter, Telemetry, TelemetryConfig};

#[test]
fn the_ring_refuses_what_it_cannot_hold_and_gives_pictures_in_order() {
    // An odd width: rows in the staging buffers are padded.
    let mut rig = Rig::new(&options((33, 17)), &[]);
    let input = FrameInput::default();
    let asked: Vec<_> = (0..CAPTURES_MAX).map(|_| rig.compositor.capture().expect("room")).collect();
    assert_eq!(rig.compositor.capture().expect_err("full").code(), "CAPTURE_BUSY");
    assert!(rig.compositor.poll_capture().is_none(), "nothing was composed yet");
    rig.compose(&input);
    for id in asked {
        let (taken, picture) = rig.ready_capture();
        assert_eq!((taken, picture.width, picture.height, picture.rgba.len()), (id, 33, 17, 33 * 17 * 4));
        assert!(picture.rgba.chunks_exact(4).all(|pixel| pixel[3] == 255));
    }
    assert!(rig.compositor.poll_capture().is_none());
    assert_eq!(rig.count(Counter::Captures), CAPTURES_MAX as u64);
    assert_eq!(rig.count(Counter::ReadBacks), 0);

    // Without change: the copy alone is submitted, nothing is drawn.
    let submissions = rig.count(Counter::GpuSubmissions);
    rig.compositor.capture().expect("room again");
    assert!(!rig.compose(&input).drawn);
    rig.ready_capture();
    assert_eq!(rig.count(Counter::GpuSubmissions), submissions + 1);
}

#[test]
fn a_lost_device_gives_no_pictures_and_keeps_nobody_waiting() {
    let gpu = Gpu::new(&GpuOptions::default()).expect("a Vulkan device");
    let telemetry = Telemetry::new(TelemetryConfig::default());
    let mut compositor = Compositor::new(gpu.clone(), telemetry, &options((32, 32))).expect("a compositor");
    compositor.capture().expect("room");
    assert!(!compositor.is_capturing(), "it is only asked for");
    compositor.compose(&FrameInput::default()).expect("composed");
    assert!(compositor.is_capturing());
    compositor.capture().expect("room");
    gpu.lose();
    assert!(!compositor.is_capturing());
    assert_eq!(compositor.compose(&FrameInput::default()).expect_err("lost").code(), "GPU_LOST");
    assert!(compositor.poll_capture().is_none());
    for _ in 0..CAPTURES_MAX {
        compositor.capture().expect("nothing of before holds a place");
    }
}
