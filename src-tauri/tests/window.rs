//! The shell's window under a real X server: page, graphics and panel in one picture, and a click that reaches each.

#![cfg(target_os = "linux")]

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};

const PATIENCE: Duration = Duration::from_secs(120);
const SIZE: (u16, u16) = (1280, 800);

/// A process that ends with the test.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_server() -> (Held, String) {
    let screen = format!("{}x{}x24", SIZE.0, SIZE.1);
    let mut server = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", &screen, "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvfb: `cargo xtask setup` brings it");
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Held(server), format!(":{}", line.trim()))
}

/// What is on the screen, as RGB.
fn screenshot(display: &str) -> image::RgbImage {
    let (connection, screen) = x11rb::connect(Some(display)).unwrap();
    let root = connection.setup().roots[screen].root;
    let shot = connection.get_image(ImageFormat::Z_PIXMAP, root, 0, 0, SIZE.0, SIZE.1, u32::MAX).unwrap().reply().unwrap();
    let rgb = shot.data.as_chunks::<4>().0.iter().flat_map(|[blue, green, red, _]| [*red, *green, *blue]).collect();
    image::RgbImage::from_raw(u32::from(SIZE.0), u32::from(SIZE.1), rgb).unwrap()
}

fn colors(picture: &image::RgbImage, left: u32, right: u32) -> usize {
    picture.enumerate_pixels().filter(|(x, _, _)| (left..right).contains(x)).map(|(_, _, pixel)| pixel.0).collect::<HashSet<_>>().len()
}

fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn page_graphics_and_panel_share_the_window() {
    let (_server, display) = start_server();
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("../apps/triangle");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("desktop");
    let _ = std::fs::remove_dir_all(&scratch);
    std::fs::create_dir_all(&scratch).unwrap();
    let _shell = Held(
        Command::new(env!("CARGO_BIN_EXE_wasm-engine-desktop"))
            .arg(app)
            .envs([("DISPLAY", &*display), ("GDK_BACKEND", "x11"), ("NO_AT_BRIDGE", "1"), ("HOME", scratch.to_str().unwrap())])
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    // The panel is docked at one side; under it and beside it the page and the triangle go on.
    let picture = until("page, triangle and panel are on the screen", || {
        let picture = screenshot(&display);
        let sides = [colors(&picture, 0, 400), colors(&picture, 400, 880), colors(&picture, 880, 1280)];
        (sides.iter().filter(|count| **count > 60).count() >= 2).then_some(picture)
    });
    picture.save(scratch.join("window.png")).unwrap();
    // It moves.
    until("the triangle turns", || (screenshot(&display) != picture).then_some(()));
}
