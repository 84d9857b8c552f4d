//! Frames through shared memory: every pixel right, nothing read back, at every size, with transparency.

#[path = "support/harness.rs"]
mod harness;

use std::time::Duration;

use harness::at;
use wasm_engine_page::FramePath;
use wasm_engine_page::limits::HEARTBEAT_INTERVAL;
use wasm_engine_telemetry::Counter;

const QUADRANTS: &str = r#"<!doctype html><title>quadrants</title><style>
  body { margin: 0 } div { position: fixed; width: 50vw; height: 50vh }
  #a { left: 0; top: 0; background: #f00 } #b { left: 50vw; top: 0; background: #0f0 }
  #c { left: 0; top: 50vh; background: #00f } #d { left: 50vw; top: 50vh; background: rgba(255, 255, 255, .5) }
  p { position: fixed; left: 20px; top: 20px; margin: 0; font: 24px sans-serif; color: white }
</style><div id=a></div><div id=b></div><div id=c></div><div id=d></div><p>gÄ</p>"#;

#[test]
fn shared_frames_are_exact_and_never_read_back() {
    let app = harness::open(QUADRANTS, |options| {
        options.transparent = true;
        options.frame_path = FramePath::Shared;
    });
    app.loaded();
    let mut last = 0;
    for (width, height, scale) in [(320, 200, 1.0), (333, 217, 1.0), (1280, 720, 2.0), (1, 1, 1.0), (4096, 2, 1.0), (320, 200, 1.0)] {
        app.page.resize(width, height, scale).expect("a legal size");
        let (frame, pixels) = app.wait_frame("the quadrants", |frame, pixels| {
            let right = frame.size == (width, height) && frame.scale.to_bits() == scale.to_bits();
            let tiny = width < 4 || height < 4;
            right && (tiny || (at(pixels, 0, 0) == [255, 0, 0, 255] && at(pixels, width - 1, height - 1) == [128; 4]))
        });
        assert!(frame.generation > last, "generations rise");
        assert!(frame.ready >= frame.painting_began);
        last = frame.generation;
        if width >= 4 && height >= 4 {
            assert_eq!(at(&pixels, width - 1, 0), [0, 255, 0, 255]);
            assert_eq!(at(&pixels, 0, height - 1), [0, 0, 255, 255]);
        }
        app.wait_for("the page to be still", |app| app.is_still(Duration::from_millis(300)).then_some(()));
        let frame = app.page.latest_frame().expect("a frame");
        let (shared, read_backs) = (harness::texture_pixels(&app.gpu, &frame.texture), app.count(Counter::ReadBacks));
        assert!(shared == app.painted(), "every pixel at {width}×{height}");
        assert_eq!(app.count(Counter::ReadBacks), read_backs + 1, "only the test's own");
    }
    assert!(app.is_still(2 * HEARTBEAT_INTERVAL), "a page that does not change paints nothing");
    assert_eq!(app.count(Counter::ReadBacks), 6, "one for each size, by the test; none by the page");
    assert_eq!(app.count(Counter::PageFramesCpu), 0);
    assert_eq!(app.count(Counter::UploadBytes), 0);
    assert_eq!(app.count(Counter::BytesCopied), 0);
    assert_eq!(app.count(Counter::PageFrames), app.count(Counter::PageBlits), "one copy for each frame, on the GPU");
    assert!(app.count(Counter::PageFramesShared) >= 6);
    assert_eq!(app.page.frame_path(), (FramePath::Shared, None));
    app.close();
}
