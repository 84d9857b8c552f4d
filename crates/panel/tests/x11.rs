//! A real webview under a real X server: what it draws is captured while a window above hides it, clicks reach it where it shows something, and where it shows
//! nothing they are handed on. A program of its own, since GTK wants the main thread.

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::cell::RefCell;
    use std::io::{BufRead as _, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::rc::Rc;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    use gtk::prelude::*;
    use wasm_engine_gpu::{Gpu, GpuOptions};
    use wasm_engine_panel::sys::linux::{Cover, Input, capture, route};
    use wasm_engine_panel::{Panel, PanelPixels};
    use webkit2gtk::WebViewExt;

    /// A card at the left with a button and a label that can be changed; the rest shows nothing.
    const PAGE: &str = r#"<!doctype html><body style="margin:0;background:transparent;font:16px sans-serif">
        <div style="position:absolute;left:0;top:0;width:200px;height:300px;background:rgb(20,40,60)">
        <button style="position:absolute;left:20px;top:20px;width:120px;height:40px" onclick="document.title='clicked '+(++clicks)">Press</button>
        <div id="label" style="position:absolute;left:20px;top:200px;width:60px;height:20px;color:white">0</div></div>
        <script>let clicks = 0; let frames = 0; (function next() { frames++; requestAnimationFrame(next); })();</script>"#;

    /// Set in the process that the test itself runs in: it begins with the X server's address, which GTK reads before anything else.
    const INSIDE: &str = "WASM_ENGINE_PANEL_TEST";

    fn xdotool(arguments: &[&str]) {
        assert!(Command::new("xdotool").args(arguments).status().expect("xdotool: `cargo xtask setup` brings it").success());
    }

    fn start_server() -> (Child, String) {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1000x700x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb: `cargo xtask setup` brings it");
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (server, format!(":{}", line.trim()))
    }

    /// Lets GTK work until this holds.
    fn until(what: &str, mut holds: impl FnMut() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
            gtk::main_iteration_do(false);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn main() {
        if std::env::var_os(INSIDE).is_some() {
            test();
            println!("test a_webview_is_captured_under_a_window_and_keeps_its_input ... ok");
            return;
        }
        let (mut server, display) = start_server();
        let status = Command::new(std::env::current_exe().unwrap())
            .env(INSIDE, "1")
            .envs([("DISPLAY", &*display), ("GDK_BACKEND", "x11"), ("NO_AT_BRIDGE", "1")])
            .env_remove("WAYLAND_DISPLAY")
            .status();
        let _ = server.kill();
        let _ = server.wait();
        assert!(status.unwrap().success(), "the test under Xvfb failed");
    }

    fn test() {
        gtk::init().expect("GTK starts under Xvfb");
        let window = gtk::Window::new(gtk::WindowType::Toplevel);
        window.set_default_size(600, 400);
        window.set_app_paintable(true);
        let view = webkit2gtk::WebView::new();
        view.set_background_color(&gtk::gdk::RGBA::new(0.0, 0.0, 0.0, 0.0));
        window.add(&view);
        view.load_html(PAGE, None);
        window.show_all();
        until("the window is there", || view.is_mapped() && view.window().is_some());

        let gpu = Gpu::new(&GpuOptions::default()).expect("a Vulkan device");
        let drawn = Arc::new(AtomicU64::new(0));
        let count = drawn.clone();
        let pixels = Arc::new(PanelPixels::new(gpu, move || {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        capture(&view, pixels.clone());
        let handed_on: Rc<RefCell<Vec<Input>>> = Rc::default();
        let inputs = handed_on.clone();
        route(&view, pixels.clone(), move |input| inputs.borrow_mut().push(input));
        let cover = Cover::inside(xid(&window), (600, 400)).expect("a window above");

        until("the card is captured", || pixels.covers(10, 10));
        assert!(!pixels.covers(400, 200), "beside the card nothing is shown");
        let frame = pixels.latest().expect("it has drawn");
        assert_eq!((frame.texture.width(), frame.texture.height()), (600, 400));

        // A click on the button passes the window above, the shape of which takes no input.
        xdotool(&["mousemove", "80", "40", "click", "1"]);
        until("the button is pressed", || view.title().is_some_and(|title| title.starts_with("clicked")));
        assert!(!handed_on.borrow().iter().any(|input| matches!(input, Input::Button { .. })), "that click was the panel's");

        // A click beside the card is for what lies below.
        xdotool(&["mousemove", "400", "200", "click", "1"]);
        until("the click is handed on", || handed_on.borrow().iter().any(|input| matches!(input, Input::Button { pressed: false, .. })));
        let pressed = handed_on.borrow().iter().find_map(|input| match input {
            Input::Button { x, y, button, pressed: true } => Some((*x, *y, *button)),
            _ => None,
        });
        assert_eq!(pressed, Some((400.0, 200.0, 1)));

        // A label of 60 by 20 pixels changes: four tiles at most.
        let still = |seconds: u64| {
            let (start, mut last) = (Instant::now(), (drawn.load(Ordering::Relaxed), Instant::now()));
            until("nothing moves", || {
                let now = drawn.load(Ordering::Relaxed);
                if now != last.0 {
                    last = (now, Instant::now());
                }
                last.1.elapsed() > Duration::from_secs(seconds) || start.elapsed() > Duration::from_secs(50)
            });
        };
        still(1);
        let before = pixels.uploads();
        let change = "document.getElementById('label').textContent = '8888'";
        view.evaluate_javascript(change, None, None, gtk::gio::Cancellable::NONE, |_| ());
        until("the label is drawn", || pixels.uploads() != before);
        still(1);
        let bytes = pixels.uploads().bytes - before.bytes;
        assert!(bytes <= 4 * 64 * 64 * 4, "{bytes} bytes were uploaded for a label");

        // Still: no uploads, though the page asks for animation frames all the time.
        let before = pixels.uploads();
        still(2);
        assert_eq!(pixels.uploads(), before);
        cover.resize(300, 200).expect("it follows");
    }

    fn xid(window: &gtk::Window) -> u32 {
        let gdk = window.window().expect("it is realized");
        gdk.downcast::<gdkx11::X11Window>().expect("X11").xid() as u32
    }
}
