//! The simple player under a real X server: a window, real input, a storm of resizes.

#![cfg(target_os = "linux")]

#[path = "harness/harness.rs"]
mod harness;

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError};

use harness::{engine, scratch, until};
use wasm_engine_testkit::XServer;

/// One window at a time: a software GPU and an X server beside it take the whole machine.
static ALONE: Mutex<()> = Mutex::new(());

fn open(display: &XServer, app: &Path, out: &Path) -> (Child, String) {
    let mut child = engine()
        .env("DISPLAY", display.name())
        .args(["run", "--window", "--json"])
        .arg(app)
        .args(["--out".as_ref(), out.join("frame.png").as_os_str(), "--record".as_ref(), out.join("rec").as_os_str()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let window = until(|| {
        if child.try_wait().unwrap().is_some() {
            panic!("it has ended: {}", harness::wait(&mut child).stdout);
        }
        display.window_of(child.id())
    });
    (child, window.to_string())
}

fn close(mut child: Child) -> serde_json::Value {
    harness::interrupt(&child);
    let ended = harness::wait(&mut child);
    assert_eq!(ended.code, Some(130), "{}", ended.stdout);
    serde_json::from_str(&ended.stdout).unwrap()
}

/// Whether the recording has this parameter with this value.
fn recorded(out: &Path, value: f64) -> Option<()> {
    let text = std::fs::read_to_string(out.join("rec/inputs.jsonl")).ok()?;
    text.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .any(|input| input["value"].as_f64() == Some(value))
        .then_some(())
}

/// Size of the newest frame that was recorded.
fn newest_frame(out: &Path) -> Option<(u32, u32)> {
    let newest = std::fs::read_dir(out.join("rec/frames"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "png"))
        .max()?;
    image::image_dimensions(newest).ok()
}

#[test]
fn a_click_and_a_key_reach_the_page() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let display = XServer::start(1280, 800);
    let out = scratch("window-input");
    let (child, window) = open(&display, &harness::fixture("button"), &out);
    // The page answers a click with 0.25 and the key `k` with 0.5; each is repeated until it has arrived, as the page may still be loading.
    until(|| {
        display.xdotool(&["mousemove", "--window", &window, "80", "60", "click", "1"]);
        recorded(&out, 0.25)
    });
    // Without a window manager nobody gives the window the focus.
    display.xdotool(&["windowfocus", &window]);
    until(|| {
        display.xdotool(&["key", "k"]);
        recorded(&out, 0.5)
    });
    let report = close(child);
    assert!(report["telemetry"]["counters"]["frames_presented"].as_u64().unwrap() > 0, "{report}");
}

#[test]
fn a_storm_of_resizes_ends_at_the_last_size() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let display = XServer::start(1280, 800);
    let out = scratch("window-resize");
    let (child, window) = open(&display, &harness::fixture("button"), &out);
    for step in 0..100_u32 {
        let (width, height) = (100 + step * 7 % 300, 90 + step * 13 % 200);
        display.xdotool(&["windowsize", &window, &width.to_string(), &height.to_string()]);
    }
    display.xdotool(&["windowsize", &window, "333", "222"]);
    // The recording shows when the engine has followed.
    until(|| (newest_frame(&out)? == (333, 222)).then_some(()));
    let report = close(child);
    assert_eq!(report["size"], serde_json::json!([333, 222]));
    assert_eq!(image::image_dimensions(out.join("frame.png")).unwrap(), (333, 222));
}

#[test]
fn a_window_has_the_displays_scale_unless_the_app_asks_for_one() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let display = XServer::start(1280, 800);
    display.set_resources("Xft.dpi:\t120\n");
    let out = scratch("window-scale");
    let asking = out.join("app");
    std::fs::create_dir_all(&asking).unwrap();
    std::fs::write(asking.join("app.toml"), "[app]\nname = \"scale\"\nengine = \"1\"\n[window]\nsize = [160, 120]\nscale = 2.0\n").unwrap();
    for (app, size, scale, out) in
        [(harness::fixture("button"), [200, 150], 1.25, out.join("of-the-display")), (asking, [320, 240], 2.0, out.join("of-the-app"))]
    {
        let (child, _) = open(&display, &app, &out);
        until(|| (newest_frame(&out)? == size.into()).then_some(()));
        let report = close(child);
        assert_eq!((&report["size"], report["scale"].as_f64()), (&serde_json::json!(size), Some(scale)), "{}", app.display());
    }
}
