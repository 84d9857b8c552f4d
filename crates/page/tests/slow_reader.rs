//! A reader that holds on to frames slows the page down and nothing else; a storm of resizes leaves the newest.

#[path = "support/harness.rs"]
mod harness;

use std::time::Duration;

use wasm_engine_page::PageFrame;
use wasm_engine_telemetry::Counter;

/// Every frame has a colour of its own.
const ANIMATED: &str = r#"<!doctype html><body style="margin:0"><script>
  let n = 0; const step = () => { n++; document.body.style.background = `rgb(${n & 255}, ${n >> 8}, 77)`; requestAnimationFrame(step) }; step();
</script>"#;

#[test]
fn held_frames_keep_their_contents_and_resizes_are_merged() {
    let app = harness::open(ANIMATED, |_| ());
    app.wait_frame("the first colour", |_, pixels| harness::at(pixels, 0, 0)[2] == 77);

    let mut held: Vec<(PageFrame, harness::Pixels)> = Vec::new();
    while held.len() < 3 {
        let last = held.last().map_or(0, |(frame, _)| frame.generation);
        held.push(app.wait_frame("another frame", |frame, _| frame.generation > last));
    }
    app.wait_for("the page to wait for a slot", |app| app.is_still(Duration::from_millis(300)).then_some(()));
    for (frame, pixels) in &held {
        assert!(harness::texture_pixels(&app.gpu, &frame.texture) == *pixels, "frame {} is as it was", frame.generation);
        let first = harness::at(pixels, 0, 0);
        assert!(pixels.rgba.chunks_exact(4).all(|pixel| pixel == first), "frame {} is whole", frame.generation);
    }
    assert!(app.run("n").as_f64().is_some(), "the script goes on");
    let last = held.last().map_or(0, |(frame, _)| frame.generation);
    held.clear();
    app.wait_frame("a frame after the wait", |frame, _| frame.generation > last + 3);

    let painted = app.count(Counter::PageFrames);
    for side in 1..=500 {
        app.page.resize(side, 501 - side, 1.0).expect("a legal size");
    }
    app.page.resize(200, 100, 1.0).expect("a legal size");
    app.wait_frame("the last size", |frame, _| frame.size == (200, 100));
    assert!(app.count(Counter::PageFrames) - painted < 500, "resizes that nobody would see are passed over");
    app.until("innerWidth === 200 && innerHeight === 100");
    assert_eq!(app.count(Counter::ReadBacks), 0);
    app.close();
}
