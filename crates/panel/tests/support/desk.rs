//! What the tests under a real display server have in common: a window with a webview whose pixels are captured and whose input is routed.

#![allow(dead_code, reason = "each test uses its part")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gtk::prelude::*;
use wasm_engine_gpu::Gpu;
use wasm_engine_panel::sys::linux::{Input, Routed, capture, route};
use wasm_engine_panel::{Panel as _, PanelPixels, Uploads};
use webkit2gtk::WebViewExt;

/// A card at the left with a button, a field and a label that can be changed; the rest shows nothing.
const PAGE: &str = r#"<!doctype html><body style="margin:0;background:transparent;font:16px sans-serif">
    <div style="position:absolute;left:0;top:0;width:200px;height:300px;background:rgb(20,40,60)">
    <button style="position:absolute;left:20px;top:20px;width:120px;height:40px;cursor:pointer"
        onclick="document.title='clicked '+(++clicks)" onmouseleave="document.title='left'">Press</button>
    <input style="position:absolute;left:20px;top:100px;width:120px;height:30px" onfocus="document.title='ready'"
        oninput="document.title='typed '+this.value">
    <select style="position:absolute;left:20px;top:150px;width:120px;height:30px" onchange="document.title='chose '+this.value">
        <option>first<option>second</select>
    <div id="label" style="position:absolute;left:20px;top:200px;width:60px;height:20px;color:white">0</div></div>
    <script>let clicks = 0; let frames = 0; (function next() { frames++; requestAnimationFrame(next); })();</script>"#;

/// Lets GTK work until this holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        gtk::main_iteration_do(false);
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A window of 600 by 400 with the page in it.
pub(crate) fn window() -> (gtk::Window, webkit2gtk::WebView) {
    let window = gtk::Window::new(gtk::WindowType::Toplevel);
    window.set_default_size(600, 400);
    let view = webkit2gtk::WebView::new();
    view.set_background_color(&gtk::gdk::RGBA::new(0.0, 0.0, 0.0, 0.0));
    window.add(&view);
    view.load_html(PAGE, None);
    (window, view)
}

/// A webview whose pixels are captured.
pub(crate) struct Panel {
    pub(crate) view: webkit2gtk::WebView,
    pub(crate) pixels: Arc<PanelPixels>,
    pub(crate) handed_on: Rc<RefCell<Vec<Input>>>,
    /// How often Ctrl, Alt and H were pressed.
    pub(crate) chords: Rc<Cell<u32>>,
    pub(crate) routed: Routed,
    drawn: Arc<AtomicU64>,
}

impl Panel {
    pub(crate) fn new(view: &webkit2gtk::WebView, gpu: Arc<Gpu>) -> Self {
        let drawn = Arc::new(AtomicU64::new(0));
        let count = drawn.clone();
        let pixels = Arc::new(PanelPixels::new(gpu, move || {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        capture(view, pixels.clone());
        let handed_on: Rc<RefCell<Vec<Input>>> = Rc::default();
        let inputs = handed_on.clone();
        let chords: Rc<Cell<u32>> = Rc::default();
        let pressed = chords.clone();
        let routed = route(view, pixels.clone(), move |input| inputs.borrow_mut().push(input));
        routed.on_ctrl_alt('h', move || pressed.set(pressed.get() + 1));
        Self { view: view.clone(), pixels, handed_on, chords, routed, drawn }
    }

    /// Whether such an input was handed on.
    pub(crate) fn has(&self, is_it: impl Fn(&Input) -> bool) -> bool {
        self.handed_on.borrow().iter().any(is_it)
    }

    /// What has been uploaded, with what there is to upload now.
    fn uploads(&self) -> Uploads {
        self.pixels.newer(0);
        self.pixels.uploads()
    }

    /// Waits until nothing was drawn for a second.
    pub(crate) fn still(&self) {
        let (start, mut last) = (Instant::now(), (self.drawn.load(Ordering::Relaxed), Instant::now()));
        until("nothing moves", || {
            let now = self.drawn.load(Ordering::Relaxed);
            if now != last.0 {
                last = (now, Instant::now());
            }
            last.1.elapsed() > Duration::from_secs(1) || start.elapsed() > Duration::from_secs(50)
        });
    }

    pub(crate) fn run(&self, script: &str) {
        self.view.evaluate_javascript(script, None, None, gtk::gio::Cancellable::NONE, |_| ());
    }

    /// How often the page has got an animation frame.
    pub(crate) fn animation_frames(&self) -> u64 {
        self.run("document.title = 'frames ' + frames");
        let mut frames = None;
        until("the page answers", || {
            frames = self.view.title().and_then(|title| title.strip_prefix("frames ")?.parse().ok());
            frames.is_some()
        });
        self.run("document.title = ''");
        until("the page is asked", || self.view.title().is_none_or(|title| title.is_empty()));
        frames.unwrap_or(0)
    }

    /// Changes a label of 60 by 20 points.
    pub(crate) fn draws_what_changes(&self, text: &str) {
        let before = self.uploads();
        self.run(&format!("document.getElementById('label').textContent = '{text}'"));
        until("the label is drawn", || self.uploads() != before);
    }

    /// Changes a label, and asks for no more than four tiles of uploads; and for none while nothing changes, though the page asks for animation
    /// frames all the time.
    pub(crate) fn uploads_only_what_changes(&self, text: &str, tiles: u64) {
        self.still();
        let before = self.uploads();
        self.draws_what_changes(text);
        self.still();
        let bytes = self.uploads().bytes - before.bytes;
        assert!(bytes <= tiles * 64 * 64 * 4, "{bytes} bytes were uploaded for a label");
        let (before, frames) = (self.uploads(), self.animation_frames());
        self.still();
        assert_eq!(self.uploads(), before, "stillness costs nothing");
        assert!(self.animation_frames() > frames + 10, "and yet the page is alive");
    }
}
