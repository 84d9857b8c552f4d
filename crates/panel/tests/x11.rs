//! A real webview under a real X server: what it draws is captured while a window above hides it, clicks and keys reach it where it shows something, and where it
//! shows nothing they are handed on. A program of its own, since GTK wants the main thread.

#![cfg_attr(target_os = "linux", expect(clippy::unwrap_used, reason = "a test"))]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
#[path = "support/desk.rs"]
mod desk;

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::process::Command;

    use gtk::prelude::*;
    use wasm_engine_gpu::{Gpu, GpuOptions};
    use wasm_engine_panel::Panel as _;
    use wasm_engine_panel::sys::linux::{Cover, Input, KeyLocation, offscreen};
    use wasm_engine_testkit::XServer;
    use webkit2gtk::WebViewExt as _;

    use crate::desk::{Panel, until, window};

    /// Set in the process that a test itself runs in: it begins with the X server's address, which GTK reads before anything else.
    const INSIDE: &str = "WASM_ENGINE_PANEL_TEST";

    /// Each in a process and under a server of its own: how many pixels a point has, and what is tested.
    const TESTS: &[Test] = &[("in_place", 1, in_place), ("in_place_with_two_pixels_a_point", 2, in_place), ("off_screen", 1, off_screen)];

    type Test = (&'static str, u32, fn(u32));

    fn xdotool(arguments: &[&str]) {
        assert!(Command::new("xdotool").args(arguments).status().expect("xdotool: `cargo xtask setup` brings it").success());
    }

    pub(crate) fn main() {
        if let Some(name) = std::env::var_os(INSIDE) {
            let (name, scale, test) = TESTS.iter().find(|(known, ..)| name == *known).expect("a test of that name");
            gtk::init().expect("GTK starts under Xvfb");
            test(*scale);
            println!("test {name} ... ok");
            return;
        }
        for (name, scale, _) in TESTS {
            let server = XServer::start(1300, 900);
            let status = Command::new(std::env::current_exe().unwrap())
                .env(INSIDE, name)
                .envs([("DISPLAY", server.name()), ("GDK_BACKEND", "x11"), ("NO_AT_BRIDGE", "1"), ("GDK_SCALE", &*scale.to_string())])
                .envs([("GTK_IM_MODULE", "gtk-im-context-simple"), ("GSETTINGS_BACKEND", "memory")])
                .env_remove("WAYLAND_DISPLAY")
                .status();
            assert!(status.unwrap().success(), "{name} failed");
        }
    }

    /// The pointer at a place, in points.
    fn click(scale: u32, x: u32, y: u32) {
        xdotool(&["mousemove", &(x * scale).to_string(), &(y * scale).to_string(), "click", "1"]);
    }

    fn in_place(scale: u32) {
        let (window, view) = window();
        window.set_app_paintable(true);
        window.show_all();
        until("the window is there", || view.is_mapped() && view.window().is_some());
        let panel = Panel::new(&view, Gpu::new(&GpuOptions::default()).expect("a Vulkan device"));
        let cover = Cover::over(&window).expect("a window above");
        cover.resize(600 * scale, 400 * scale).expect("it follows");

        until("the card is captured", || panel.pixels.covers(10, 10));
        assert!(!panel.pixels.covers(400 * scale, 200 * scale), "beside the card nothing is shown");
        assert!(panel.pixels.covers(199 * scale, 299 * scale), "all of the card is there, in pixels");
        let frame = panel.pixels.newer(0).expect("it has drawn");
        assert_eq!((frame.texture.width(), frame.texture.height()), (600 * scale, 400 * scale));
        clicks(&panel, scale);
        menus(&panel, scale);
        keys(&window, &panel, scale);
        panel.uploads_only_what_changes("8888", if scale == 1 { 4 } else { 6 });
        cover.resize(300, 200).expect("it follows");
    }

    /// The second choice does all that the first does.
    fn off_screen(scale: u32) {
        let (window, view) = window();
        window.show_all();
        until("the window is there", || view.is_mapped() && view.allocated_width() > 1);
        let stand_in = offscreen::host(&view).expect("a place in no screen");
        until("the webview is there, as large as it was", || view.is_mapped() && view.allocated_width() == 600 && stand_in.is_mapped());
        let panel = Panel::new(&view, Gpu::new(&GpuOptions::default()).expect("a Vulkan device"));
        let cover = Cover::over(&window).expect("a window above");
        cover.resize(600, 400).expect("it follows");
        until("the card is captured", || panel.pixels.covers(10, 10));
        assert!(!panel.pixels.covers(400, 200), "beside the card nothing is shown");
        clicks(&panel, scale);
        menus(&panel, scale);
        keys(&window, &panel, scale);
        panel.uploads_only_what_changes("8888", 4);
        window.resize(500, 300);
        let has_size = || panel.pixels.newer(0).is_some_and(|frame| (frame.texture.width(), frame.texture.height()) == (500, 300));
        until("the webview follows its stand-in", has_size);
    }

    /// Each click reaches whom it is meant for.
    pub(super) fn clicks(panel: &Panel, scale: u32) {
        // The one on the button passes the window above, the shape of which takes no input.
        click(scale, 80, 40);
        until("the button is pressed", || panel.view.title().is_some_and(|title| title.starts_with("clicked")));
        assert!(!panel.handed_on.borrow().iter().any(|input| matches!(input, Input::Button { .. })), "that click was the panel's");

        let window = panel.view.window().unwrap();
        let has = |name: &str| window.cursor() == gtk::gdk::Cursor::from_name(&window.display(), name);
        until("the pointer is the button's hand", || has("pointer"));
        panel.routed.set_cursor("crosshair");
        assert!(has("pointer"), "the page's cursor is for the page");

        click(scale, 400, 200);
        until("the button is left", || panel.view.title().is_some_and(|title| title == "left"));
        until("the pointer is the page's cross", || has("crosshair"));
        until("the click is handed on", || panel.has(|input| matches!(input, Input::Button { pressed: false, .. })));
        let pressed = Input::Button { x: f64::from(400 * scale), y: f64::from(200 * scale), button: 1, pressed: true };
        assert!(panel.has(|input| *input == pressed), "{:?}", panel.handed_on.borrow());
        assert!(panel.has(|input| *input == Input::Focus(true)));
        xdotool(&["mousemove", &(100 * scale).to_string(), &(150 * scale).to_string()]);
        until("the pointer has gone to the panel", || panel.has(|input| *input == Input::Leave));
        until("it is not the page's cross any more", || !has("crosshair"));
    }

    /// The webview's menu and its list, which open with the press and take the release for themselves, do not leave the panel with the pointer.
    pub(super) fn menus(panel: &Panel, scale: u32) {
        pop_up(scale, (100, 250), "3", &["Escape"]);
        the_page_is_clicked(panel, scale);
        pop_up(scale, (80, 165), "1", &["Down", "Return"]);
        until("the second entry is chosen", || panel.view.title().is_some_and(|title| title == "chose second"));
        the_page_is_clicked(panel, scale);
    }

    /// Opens something with a button held at a place, in points, lets go over it and closes it with these keys.
    fn pop_up(scale: u32, (x, y): (u32, u32), button: &str, keys: &[&str]) {
        let is_open = || gtk::Window::list_toplevels().iter().any(|top| top.is_mapped() && top.is::<gtk::Window>() && is_popup(top));
        xdotool(&["mousemove", &(x * scale).to_string(), &(y * scale).to_string(), "mousedown", button]);
        until("it is open", is_open);
        xdotool(&["mouseup", button]);
        xdotool(&[&["key"], keys].concat());
        until("it is closed", || !is_open());
    }

    fn the_page_is_clicked(panel: &Panel, scale: u32) {
        panel.handed_on.borrow_mut().clear();
        click(scale, 400, 250);
        let pressed = Input::Button { x: f64::from(400 * scale), y: f64::from(250 * scale), button: 1, pressed: true };
        until("the page is clicked", || panel.has(|input| *input == pressed));
    }

    fn is_popup(top: &gtk::Widget) -> bool {
        top.downcast_ref::<gtk::Window>().is_some_and(|window| window.window_type() == gtk::WindowType::Popup)
    }

    /// Keys go to whom was clicked last.
    pub(super) fn keys(window: &gtk::Window, panel: &Panel, scale: u32) {
        let gdk = window.window().expect("it is realized").downcast::<gdkx11::X11Window>().expect("X11");
        xdotool(&["windowfocus", "--sync", &gdk.xid().to_string()]);
        until("the window has the keys", || window.has_toplevel_focus());
        panel.handed_on.borrow_mut().clear();
        click(scale, 80, 115);
        until("the field has the keys", || panel.view.title().is_some_and(|title| title == "ready"));
        assert!(panel.has(|input| *input == Input::Focus(false)));
        xdotool(&["key", "h", "i"]);
        until("the panel has written", || panel.view.title().is_some_and(|title| title == "typed hi"));
        xdotool(&["keydown", "Shift_L", "mousemove", &(400 * scale).to_string(), &(220 * scale).to_string(), "click", "4"]);
        until("the page hears of shift with the pointer", || panel.has(|input| *input == Input::Modifiers([true, false, false, false])));
        xdotool(&["keyup", "Shift_L", "click", "4"]);
        until("and that it is up again", || panel.has(|input| *input == Input::Modifiers([false; 4])));
        assert!(!panel.has(|input| matches!(input, Input::Key(_))), "those keys were the panel's");

        xdotool(&["key", "F6"]);
        until("the keys have changed sides", || panel.has(|input| *input == Input::Focus(true)));
        assert!(!panel.has(|input| matches!(input, Input::Key(_))), "that key is neither's");
        xdotool(&["key", "ctrl+alt+h"]);
        until("the keys that are neither's are heard", || panel.chords.get() == 1);
        xdotool(&["key", "q", "Shift_R", "KP_7"]);
        let key = |name: &str| {
            let find = |input: &Input| matches!(input, Input::Key(key) if key.name == name && !key.pressed);
            until("the key is handed on", || panel.has(find));
            panel
                .handed_on
                .borrow()
                .iter()
                .find_map(|input| if let Input::Key(key) = input { (key.name == name).then(|| key.clone()) } else { None })
                .unwrap()
        };
        let q = key("q");
        assert_eq!((q.physical(), q.text, q.location(), q.pressed, q.repeat), ("KeyQ", Some('q'), KeyLocation::Standard, true, false));
        assert_eq!(key("Shift_R").location(), KeyLocation::Right);
        assert_eq!(key("KP_7").location(), KeyLocation::Numpad);
        // GTK's own input method composes a character of its number.
        xdotool(&["key", "ctrl+shift+u", "e", "9", "space"]);
        until("a character is composed", || panel.has(|input| *input == Input::Text("é".to_owned())));
        assert!(panel.has(|input| matches!(input, Input::Preedit(text) if !text.is_empty())), "{:?}", panel.handed_on.borrow());
        assert!(panel.view.title().is_some_and(|title| title == "typed hi"), "none of that was the panel's");
        assert!(!panel.has(|input| matches!(input, Input::Key(key) if key.name == "h" || key.name == "F6")));
        xdotool(&["key", "F6", "ctrl+alt+h"]);
        until("they are heard while the panel has the keys", || panel.chords.get() == 2);
        assert!(panel.has(|input| *input == Input::Focus(false)));
    }
}
