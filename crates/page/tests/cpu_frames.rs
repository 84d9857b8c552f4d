//! Frames through the CPU: the same picture, every copy counted. Also: a process has one page in its life.

#[path = "support/harness.rs"]
mod harness;

use std::time::Duration;

use harness::at;
use wasm_engine_page::{FramePath, Page};
use wasm_engine_telemetry::Counter;

#[test]
fn the_way_through_the_cpu_works_and_is_counted() {
    let app = harness::open("<!doctype html><body style='margin:0;background:#204060'>", |options| {
        options.frame_path = FramePath::Cpu;
    });
    let (frame, pixels) = app.wait_frame("the colour", |_, pixels| at(pixels, 5, 5) == [0x20, 0x40, 0x60, 255]);
    assert_eq!(frame.size, (320, 200));
    assert!(pixels.rgba.chunks_exact(4).all(|pixel| pixel == [0x20, 0x40, 0x60, 255]));
    let (path, reason) = app.page.frame_path();
    assert_eq!(path, FramePath::Cpu);
    assert!(reason.is_some());
    // The counters belong together only while no frame is on its way.
    app.wait_for("the page to be still", |app| app.is_still(Duration::from_millis(300)).then_some(()));
    assert_eq!(app.count(Counter::PageFramesShared), 0);
    assert_eq!(app.count(Counter::PageFramesCpu), app.count(Counter::ReadBacks));
    assert_eq!(app.count(Counter::UploadBytes), app.count(Counter::PageFramesCpu) * 320 * 200 * 4);

    app.page.resize(0, 0, 1.0).expect("zero counts as one");
    app.wait_frame("the smallest page", |frame, _| frame.size == (1, 1));
    assert_eq!(app.page.resize(1 << 20, 1 << 20, 1.0).expect_err("too large").code(), "PAGE_LIMIT");

    assert_eq!(Page::spawn(app.options.clone()).expect_err("there is one").code(), "PAGE_ALREADY_RUNNING");
    let options = app.options.clone();
    app.close();
    assert_eq!(Page::spawn(options).expect_err("there was one").code(), "PAGE_ALREADY_RUNNING");
}
