//! WebKit is loaded beside a GTK that looks for functions in libraries. A program of its own, in which nothing else has loaded WebKit, and GTK has the main thread.

#![cfg_attr(target_os = "linux", expect(clippy::unwrap_used, reason = "a test"))]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use gtk::prelude::*;
    use wasm_engine_panel::sys::linux::load_webkit;
    use wasm_engine_testkit::XServer;

    /// Set in the process that the test itself runs in: it begins with the X server's address, which GTK reads before anything else.
    const INSIDE: &str = "WASM_ENGINE_PANEL_TEST";

    /// Loading takes a tenth of a second.
    const PATIENCE: Duration = Duration::from_secs(60);

    pub(crate) fn main() {
        if std::env::var_os(INSIDE).is_some() {
            return load();
        }
        let server = XServer::start(640, 480);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(INSIDE, "1").env_remove("WAYLAND_DISPLAY");
        let mut child = command.envs([("DISPLAY", server.name()), ("GDK_BACKEND", "x11"), ("NO_AT_BRIDGE", "1")]).spawn().unwrap();
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("GTK and whoever loads WebKit wait for each other");
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(status.success(), "{status}");
        println!("test webkit_is_loaded_beside_a_gtk_that_is_at_work ... ok");
    }

    fn load() {
        gtk::init().expect("GTK starts under Xvfb");
        let is_loaded = || std::fs::read_to_string("/proc/self/maps").unwrap().contains("libwebkit2gtk");
        assert!(!is_loaded(), "this program has loaded WebKit at its start");
        let loading = std::thread::spawn(load_webkit);
        let mut looks = 0;
        while !loading.is_finished() || looks == 0 {
            // A class that it does not know GTK looks for in all libraries.
            let described = format!("<interface><object class=\"Unknown{looks}\" id=\"one\"/></interface>");
            assert!(gtk::Builder::new().add_from_string(&described).is_err());
            looks += 1;
        }
        loading.join().unwrap().expect("WebKit is installed");
        assert!(is_loaded());
    }
}
