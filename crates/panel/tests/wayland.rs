//! A real webview under a real Wayland compositor: what it draws is captured while a surface above hides it, and it goes on although it is covered. A program of its
//! own, since GTK wants the main thread.

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
    use std::cell::Cell;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::rc::Rc;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    use gtk::glib::Propagation;
    use gtk::prelude::*;
    use wasm_engine_gpu::{Gpu, GpuOptions, WindowSurface};
    use wasm_engine_panel::sys::linux::{Cover, Input, TouchPhase, offscreen, sized};
    use wasm_engine_panel::{Panel as _, PanelFrame};
    use webkit2gtk::WebViewExt as _;

    use crate::desk::{Panel, until, window};

    /// Set in the process that the test itself runs in: it begins with the compositor's address, which GTK reads before anything else. It is also where the
    /// screenshots go.
    const INSIDE: &str = "WASM_ENGINE_PANEL_TEST";

    /// The colour of the card that the panel shows.
    const CARD: [u8; 3] = [20, 40, 60];

    /// What the engine shows, and what GTK would show if it were not covered.
    const ENGINE: [u8; 3] = [255, 0, 255];
    const BELOW: [u8; 3] = [0, 255, 0];

    /// A compositor that draws to memory. GNOME's tells a covered surface nothing, as most do; weston shows what it has composed.
    struct Compositor {
        command: &'static [&'static str],
        test: fn(&Path),
        name: &'static str,
    }

    /// Mutter, with monitors of these sizes.
    macro_rules! mutter {
        ($($size:literal)+) => {
            &[
                "dbus-run-session",
                "--",
                "sh",
                "-c",
                // The bus ends with the shell, and the shell with its input. Programs inside find the bus in the file. Asked politely, mutter now
                // and then spins for ever instead of ending, as its bus goes at the same time.
                concat!(
                    "echo $DBUS_SESSION_BUS_ADDRESS > bus; mutter --headless --wayland --no-x11 --wayland-display panel",
                    $(" --virtual-monitor ", $size,)+
                    " & read end; kill -KILL $!; wait"
                ),
            ]
        };
    }

    const COMPOSITORS: [Compositor; 5] = [
        Compositor {
            command: &[
                "weston",
                "--backend=headless-backend.so",
                "--use-pixman",
                "--width=1000",
                "--height=700",
                "--no-config",
                "--idle-time=0",
                "--debug",
                "--socket=panel",
            ],
            test: under_weston,
            name: "what_is_composed_is_the_cover_alone",
        },
        Compositor {
            command: &[
                "weston",
                "--backend=headless-backend.so",
                "--use-pixman",
                "--width=650",
                "--height=450",
                "--scale=2",
                "--no-config",
                "--idle-time=0",
                "--debug",
                "--socket=panel",
            ],
            test: with_two_pixels_a_point,
            name: "two_pixels_a_point",
        },
        Compositor { command: mutter!("1000x700"), test: under_mutter, name: "a_covered_webview_goes_on_and_has_its_input" },
        Compositor { command: mutter!("1000x700"), test: off_screen, name: "off_screen" },
        Compositor { command: mutter!("1000x700" "2000x1400"), test: between_monitors, name: "monitors_of_different_scale" },
    ];

    fn start_compositor(folder: &Path, command: &[&str]) -> Child {
        let mut compositor = Command::new(command[0])
            .args(&command[1..])
            .current_dir(folder)
            .env("XDG_RUNTIME_DIR", folder)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask setup` brings weston, mutter and dbus-daemon", command[0]));
        let start = Instant::now();
        while !folder.join("panel").exists() {
            assert!(start.elapsed() < Duration::from_secs(20), "{command:?} has no socket; are the packages weston and mutter installed?");
            assert!(compositor.try_wait().unwrap().is_none(), "{command:?} has ended");
            std::thread::sleep(Duration::from_millis(10));
        }
        compositor
    }

    pub(crate) fn main() {
        if let Some(folder) = std::env::var_os(INSIDE) {
            let name = std::env::args().nth(1).expect("what to test");
            let compositor = COMPOSITORS.into_iter().find(|compositor| compositor.name == name).expect("a test of that name");
            (compositor.test)(Path::new(&folder));
            println!("test {name} ... ok");
            return;
        }
        for compositor in COMPOSITORS {
            let folder = tempfile::tempdir().unwrap();
            let mut server = start_compositor(folder.path(), compositor.command);
            let bus = std::fs::read_to_string(folder.path().join("bus")).unwrap_or_default();
            let status = Command::new(std::env::current_exe().unwrap())
                .arg(compositor.name)
                .env(INSIDE, folder.path())
                .env("XDG_RUNTIME_DIR", folder.path())
                .env("DBUS_SESSION_BUS_ADDRESS", bus.trim())
                .envs([("WAYLAND_DISPLAY", "panel"), ("GDK_BACKEND", "wayland"), ("NO_AT_BRIDGE", "1"), ("GSETTINGS_BACKEND", "memory")])
                .envs((compositor.name == "off_screen").then_some(("WEBKIT_DMABUF_RENDERER_FORCE_SHM", "1")))
                .env_remove("DISPLAY")
                .status();
            // Its input ends, and weston has none.
            drop(server.stdin.take());
            if compositor.command[0] == "weston" {
                let _ = server.kill();
            }
            let _ = server.wait();
            assert!(status.unwrap().success(), "{} failed", compositor.name);
        }
    }

    /// Lets GTK work for so long.
    fn work_for(time: Duration) {
        let start = Instant::now();
        until("time passes", || start.elapsed() > time);
    }

    /// What is on the screen, composed by weston.
    fn screenshot(folder: &Path) -> image::RgbImage {
        let shots = || {
            std::fs::read_dir(folder)
                .unwrap()
                .flatten()
                .map(|entry| entry.path())
                .find(|path| path.extension().is_some_and(|end| end == "png"))
        };
        let mut shooter = Command::new("weston-screenshooter").current_dir(folder).spawn().expect("weston-screenshooter comes with weston");
        until("weston has made a picture", || shooter.try_wait().unwrap().is_some());
        let path = shots().expect("a picture");
        let picture = image::open(&path).expect("a readable picture").to_rgb8();
        std::fs::remove_file(path).unwrap();
        picture
    }

    /// The smallest rectangle with all pixels of a colour: left, top, width, height; and how many there are.
    fn extent(picture: &image::RgbImage, colour: [u8; 3]) -> ([u32; 4], u32) {
        let (mut left, mut top, mut right, mut bottom, mut count) = (u32::MAX, u32::MAX, 0, 0, 0);
        for (x, y, pixel) in picture.enumerate_pixels().filter(|(.., pixel)| pixel.0 == colour) {
            (left, top, right, bottom, count) = (left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1), count + 1);
            let _ = pixel;
        }
        if count == 0 { ([0; 4], 0) } else { ([left, top, right - left, bottom - top], count) }
    }

    /// Draws frames to the surface, as the engine does, on a thread of its own.
    struct Engine {
        gpu: Arc<Gpu>,
        surface: Arc<WindowSurface>,
        shown: Arc<AtomicU64>,
    }

    impl Engine {
        fn present(&self, size: (u32, u32), mode: wgpu::PresentMode, frames: u32) -> std::thread::JoinHandle<()> {
            let (gpu, surface, shown) = (self.gpu.clone(), self.surface.clone(), self.shown.clone());
            std::thread::spawn(move || {
                let mut config = surface.get_default_config(&gpu.adapter, size.0, size.1).expect("the device can present here");
                config.format = *surface.get_capabilities(&gpu.adapter).formats.iter().find(|format| !format.is_srgb()).unwrap();
                config.present_mode = mode;
                surface.configure(&gpu.device, &config);
                for _ in 0..frames {
                    let image = match surface.get_current_texture() {
                        wgpu::CurrentSurfaceTexture::Success(image) | wgpu::CurrentSurfaceTexture::Suboptimal(image) => image,
                        other => panic!("no image to draw to: {other:?}"),
                    };
                    draw(&gpu, &image.texture);
                    gpu.queue.present(image);
                    shown.fetch_add(1, Ordering::Relaxed);
                }
            })
        }

        /// As above, while GTK works on; until all frames are there.
        fn present_and_wait(&self, size: (u32, u32), mode: wgpu::PresentMode, frames: u32) {
            let thread = self.present(size, mode, frames);
            until("all frames are presented", || thread.is_finished());
            thread.join().unwrap();
        }
    }

    fn draw(gpu: &Gpu, image: &wgpu::Texture) {
        let view = image.create_view(&wgpu::TextureViewDescriptor::default());
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let colour = wgpu::Color { r: 1.0, g: 0.0, b: 1.0, a: 1.0 };
        encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations { load: wgpu::LoadOp::Clear(colour), store: wgpu::StoreOp::Store },
            })],
            ..Default::default()
        });
        gpu.queue.submit([encoder.finish()]);
    }

    /// A window on the screen, what covers it, and who draws there.
    fn scene(before: impl FnOnce(&gtk::Window)) -> (gtk::Window, Cover, Engine, Panel) {
        let (window, view) = window();
        before(&window);
        window.show_all();
        // As early as can be: the compositor has said nothing yet.
        let cover = Cover::over(&window).expect("a surface above");
        until("the window is there", || view.is_mapped() && view.allocated_width() > 1);
        let (gpu, surface) = Gpu::for_window(&GpuOptions::default(), cover.clone()).expect("a Vulkan device that presents to Wayland");
        let engine = Engine { gpu: gpu.clone(), surface: Arc::new(surface), shown: Arc::default() };
        let panel = Panel::new(&view, gpu);
        until("the card is captured", || panel.pixels.covers(10, 10));
        (window, cover, engine, panel)
    }

    fn under_weston(folder: &Path) {
        gtk::init().expect("GTK starts under weston");
        let style = gtk::CssProvider::new();
        style.load_from_data(b"window { background: rgb(0,255,0); }").unwrap();
        let screen = gtk::gdk::Screen::default().unwrap();
        gtk::StyleContext::add_provider_for_screen(&screen, &style, gtk::STYLE_PROVIDER_PRIORITY_APPLICATION);
        let (window, cover, engine, panel) = scene(|_| ());
        assert_eq!((panel.view.allocated_width(), panel.view.allocated_height()), (600, 400));
        captured(&panel, &engine.gpu);
        until("GTK's window is on the screen", || extent(&screenshot(folder), BELOW).1 >= 600 * 400);

        // Frames at the pace of the display, while GTK goes on.
        let before = panel.animation_frames();
        engine.present_and_wait((600, 400), wgpu::PresentMode::Fifo, 60);
        assert!(panel.animation_frames() > before + 10, "a covered webview has stopped");
        let picture = screenshot(folder);
        let (place, count) = extent(&picture, ENGINE);
        assert_eq!((place[2], place[3], count), (600, 400, 600 * 400), "all of the content is covered");
        assert_eq!(extent(&picture, BELOW).1, 0, "and nothing of what is below is seen");
        panel.uploads_only_what_changes("8888", 4);

        resized(folder, &window, &panel, &engine);
        hidden_and_shown(folder, &window, &panel, &engine);

        // The webview outlives what was above it.
        drop((engine, cover));
        until("GTK's window is seen again", || extent(&screenshot(folder), ENGINE).1 == 0);
        let before = panel.animation_frames();
        work_for(Duration::from_secs(1));
        assert!(panel.animation_frames() > before + 10, "the webview has stopped");

        // And the other way round.
        let cover = Cover::over(&window).expect("another surface above");
        assert!(cover.holds_up_while_hidden());
        let (gpu, surface) = Gpu::for_window(&GpuOptions::default(), cover.clone()).expect("a Vulkan device that presents to Wayland");
        let engine = Engine { gpu, surface: Arc::new(surface), shown: Arc::default() };
        engine.present_and_wait((600, 400), wgpu::PresentMode::Mailbox, 5);
        until("it is seen", || extent(&screenshot(folder), ENGINE).1 > 100_000);
        window.close();
        until("the window is gone", || extent(&screenshot(folder), ENGINE).1 == 0);
        engine.present_and_wait((600, 400), wgpu::PresentMode::Mailbox, 5);
        drop((engine, cover));
        work_for(Duration::from_millis(200));
    }

    fn with_two_pixels_a_point(folder: &Path) {
        gtk::init().expect("GTK starts under weston");
        let (_window, _cover, engine, panel) = scene(gtk::Window::fullscreen);
        until("the window fills the screen", || (panel.view.allocated_width(), panel.view.allocated_height()) == (650, 450));
        let has_size = || panel.pixels.newer(0).is_some_and(|frame| (frame.texture.width(), frame.texture.height()) == (1300, 900));
        until("its pixels are the screen's", has_size);
        until("the card is captured", || panel.pixels.covers(399, 599));
        assert!(!panel.pixels.covers(401, 100), "the card ends at 200 points");
        // A size that is no multiple of the scale is a matter of a moment while a window is resized.
        for size in [(1299, 899), (1300, 900)] {
            engine.present_and_wait(size, wgpu::PresentMode::Fifo, 5);
            until("the cover is the screen", || extent(&screenshot(folder), ENGINE) == ([0, 0, 1300, 900], 1300 * 900));
        }
        panel.uploads_only_what_changes("8888", 6);
    }

    /// The colours are those of the page, premultiplied, and beside the card there is nothing.
    fn captured(panel: &Panel, gpu: &Gpu) {
        assert!(!panel.pixels.covers(400, 200), "beside the card nothing is shown");
        let frame = panel.pixels.newer(0).expect("it has drawn");
        assert_eq!((frame.texture.width(), frame.texture.height()), (600, 400));
        let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 2560 * 400,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_texture_to_buffer(
            frame.texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &buffer,
                layout: wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(2560), rows_per_image: None },
            },
            frame.texture.size(),
        );
        gpu.queue.submit([encoder.finish()]);
        buffer.slice(..).map_async(wgpu::MapMode::Read, |mapped| mapped.unwrap());
        gpu.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        let pixels = buffer.slice(..).get_mapped_range().unwrap();
        let pixel = |x: usize, y: usize| pixels[y * 2560 + x * 4..][..4].to_vec();
        assert_eq!(pixel(5, 5), [CARD[2], CARD[1], CARD[0], 255], "blue, green, red, alpha");
        assert_eq!(pixel(400, 200), [0; 4]);
    }

    fn resized(folder: &Path, window: &gtk::Window, panel: &Panel, engine: &Engine) {
        let mut size = (0, 0);
        for step in 0..20 {
            size = (400 + 17 * (step * 7 % 20), 300 + 13 * (step * 3 % 20));
            window.resize(size.0, size.1);
            let is_there = || (panel.view.allocated_width(), panel.view.allocated_height()) == size;
            until("the webview has the size", is_there);
            let wanted = (size.0 as u32, size.1 as u32);
            until("its pixels have the size", || {
                panel.pixels.newer(0).is_some_and(|frame| (frame.texture.width(), frame.texture.height()) == wanted)
            });
            engine.present_and_wait(wanted, wgpu::PresentMode::Fifo, 2);
        }
        let wanted = (size.0 as u32, size.1 as u32);
        until("the cover has the size on the screen", || {
            let picture = screenshot(folder);
            let (place, count) = extent(&picture, ENGINE);
            (place[2], place[3]) == wanted && count == wanted.0 * wanted.1 && extent(&picture, BELOW).1 == 0
        });
    }

    /// GDK has another surface after a window was hidden; one that waits for no display is not held up meanwhile.
    fn hidden_and_shown(folder: &Path, window: &gtk::Window, panel: &Panel, engine: &Engine) {
        window.hide();
        until("the window is gone", || extent(&screenshot(folder), ENGINE).1 == 0);
        engine.present_and_wait((600, 400), wgpu::PresentMode::Mailbox, 30);
        window.show();
        until("the window is there again", || panel.view.is_mapped());
        until("the cover is there again", || {
            engine.present_and_wait((600, 400), wgpu::PresentMode::Mailbox, 2);
            let picture = screenshot(folder);
            extent(&picture, ENGINE).1 > 100_000 && extent(&picture, BELOW).1 == 0
        });
        let before = panel.animation_frames();
        work_for(Duration::from_secs(1));
        assert!(panel.animation_frames() > before + 10, "a covered webview has stopped");
    }

    /// Mutter moves the pointer for whoever asks on the bus.
    struct Pointer {
        bus: gtk::gio::DBusConnection,
        session: String,
    }

    impl Pointer {
        const NAME: &str = "org.gnome.Mutter.RemoteDesktop";

        fn new() -> Self {
            let bus = gtk::gio::bus_get_sync(gtk::gio::BusType::Session, gtk::gio::Cancellable::NONE).expect("a bus");
            let mut pointer = Self { bus, session: "/org/gnome/Mutter/RemoteDesktop".to_owned() };
            let session = pointer.call(Self::NAME, "CreateSession", None);
            pointer.session = session.child_value(0).str().expect("a path").to_owned();
            pointer.call(&format!("{}.Session", Self::NAME), "Start", None);
            pointer
        }

        fn call(&self, interface: &str, method: &str, arguments: Option<&gtk::glib::Variant>) -> gtk::glib::Variant {
            self.ask((Self::NAME, &self.session), interface, method, arguments)
        }

        fn ask(
            &self,
            (name, path): (&str, &str),
            interface: &str,
            method: &str,
            arguments: Option<&gtk::glib::Variant>,
        ) -> gtk::glib::Variant {
            let flags = gtk::gio::DBusCallFlags::NONE;
            self.bus
                .call_sync(Some(name), path, interface, method, arguments, None, flags, 10_000, gtk::gio::Cancellable::NONE)
                .expect("mutter does as it is told")
        }

        /// What fingers are put on: a screen cast of the whole screen, which never begins.
        fn screen(&self) -> String {
            let id = (format!("{}.Session", Self::NAME), "SessionId").to_variant();
            let id = self.call("org.freedesktop.DBus.Properties", "Get", Some(&id)).child_value(0).as_variant().expect("a property");
            let name = "org.gnome.Mutter.ScreenCast";
            let options = gtk::glib::VariantDict::new(None);
            options.insert_value("remote-desktop-session-id", &id);
            let arguments = gtk::glib::Variant::tuple_from_iter([options.end()]);
            let session = self.ask((name, "/org/gnome/Mutter/ScreenCast"), name, "CreateSession", Some(&arguments)).child_value(0);
            let arguments = gtk::glib::Variant::tuple_from_iter(["Meta-0".to_variant(), gtk::glib::VariantDict::new(None).end()]);
            let path = session.str().expect("a path");
            let stream = self.ask((name, path), &format!("{name}.Session"), "RecordMonitor", Some(&arguments)).child_value(0);
            stream.str().expect("a path").to_owned()
        }

        fn notify(&self, method: &str, arguments: &gtk::glib::Variant) {
            self.call(&format!("{}.Session", Self::NAME), method, Some(arguments));
        }

        /// Presses keys one after the other, and lets go of them.
        fn press(&self, keys: &[u32]) {
            let pressed = keys.iter().map(|key| (*key, true));
            for (key, down) in pressed.chain(keys.iter().rev().map(|key| (*key, false))) {
                self.notify("NotifyKeyboardKeycode", &(key, down).to_variant());
                work_for(Duration::from_millis(50));
            }
        }

        /// Puts the second monitor at the right of the first, with so many pixels a point.
        fn scale_second_monitor(&self, scale: f64) {
            let (name, path) = ("org.gnome.Mutter.DisplayConfig", "/org/gnome/Mutter/DisplayConfig");
            let state = self.ask((name, path), name, "GetCurrentState", None);
            let monitors: Vec<_> = state.child_value(1).iter().collect();
            // A monitor is its names, its modes and more; a mode is its name, its size and more.
            let width = |monitor: &gtk::glib::Variant| monitor.child_value(1).child_value(0).child_value(1).get::<i32>();
            let mut wanted: Vec<_> = monitors.iter().map(|monitor| (width(monitor).expect("a width"), monitor)).collect();
            wanted.sort_by_key(|(width, _)| *width);
            let mut left = 0;
            let logical = wanted.iter().zip([1.0, scale]).map(|((width, monitor), scale)| {
                let (connector, mode) = (monitor.child_value(0).child_value(0), monitor.child_value(1).child_value(0).child_value(0));
                let options = gtk::glib::VariantDict::new(None).end();
                let shown = gtk::glib::Variant::tuple_from_iter([connector, mode, options]);
                let shown = gtk::glib::Variant::array_from_iter_with_type(&shown.type_().to_owned(), [shown]);
                let place = [left.to_variant(), 0i32.to_variant(), scale.to_variant(), 0u32.to_variant(), (left == 0).to_variant(), shown];
                left += (f64::from(*width) / scale) as i32;
                gtk::glib::Variant::tuple_from_iter(place)
            });
            let logical: Vec<_> = logical.collect();
            let logical = gtk::glib::Variant::array_from_iter_with_type(&logical[0].type_().to_owned(), logical);
            // 1: until it is changed again.
            let arguments = [state.child_value(0), 1u32.to_variant(), logical, gtk::glib::VariantDict::new(None).end()];
            let arguments = gtk::glib::Variant::tuple_from_iter(arguments);
            self.ask((name, path), name, "ApplyMonitorsConfig", Some(&arguments));
        }

        fn move_to(&self, x: f64, y: f64) {
            self.notify("NotifyPointerMotionRelative", &(-9000.0, -9000.0).to_variant());
            self.notify("NotifyPointerMotionRelative", &(x, y).to_variant());
        }

        fn click(&self) {
            for down in [true, false] {
                self.notify("NotifyPointerButton", &(0x110, down).to_variant());
                work_for(Duration::from_millis(50));
            }
        }
    }

    fn under_mutter(_: &Path) {
        gtk::init().expect("GTK starts under mutter");
        let (_window, _cover, engine, panel) = scene(gtk::Window::fullscreen);
        until("the window fills the screen", || panel.view.allocated_width() == 1000);
        engine.present_and_wait((1000, 700), wgpu::PresentMode::Fifo, 30);
        // Now the engine has nothing to show, and GDK's own surface is covered by one that is opaque.
        work_for(Duration::from_secs(1));
        let before = panel.animation_frames();
        work_for(Duration::from_secs(2));
        let frames = panel.animation_frames() - before;
        assert!(frames > 30, "a covered webview has slowed to {frames} frames in two seconds");
        panel.uploads_only_what_changes("8888", 4);
        // GDK has to hear each time that it may draw again.
        for text in 0..10 {
            panel.draws_what_changes(&text.to_string());
        }
        clicks(&panel);
        let refused = offscreen::host(&panel.view).expect_err("WebKit would ask for an OpenGL context there");
        assert_eq!(refused.code(), "PANEL_NEEDS_SHARED_MEMORY");
    }

    /// The second choice does all that the first does.
    fn off_screen(_: &Path) {
        gtk::init().expect("GTK starts under mutter");
        let (window, view) = window();
        window.fullscreen();
        window.show_all();
        until("the window fills the screen", || view.is_mapped() && view.allocated_width() == 1000);
        offscreen::host(&view).expect("a place in no screen");
        let cover = Cover::over(&window).expect("a surface above");
        let (gpu, surface) = Gpu::for_window(&GpuOptions::default(), cover).expect("a Vulkan device that presents to Wayland");
        let engine = Engine { gpu: gpu.clone(), surface: Arc::new(surface), shown: Arc::default() };
        let panel = Panel::new(&view, gpu);
        until("the card is captured", || panel.pixels.covers(10, 10));
        engine.present_and_wait((1000, 700), wgpu::PresentMode::Fifo, 30);
        panel.uploads_only_what_changes("8888", 4);
        clicks(&panel);
    }

    /// The window goes from a monitor of scale 1 to one of scale 2, and back.
    fn between_monitors(_: &Path) {
        gtk::init().expect("GTK starts under mutter");
        let (_window, _cover, engine, panel) = scene(|_| ());
        let told = Rc::new(Cell::new((0, 0, 0.0)));
        let heard = told.clone();
        sized(&panel.view, move |width, height, scale| heard.set((width, height, scale)));
        let desk = Pointer::new();
        desk.scale_second_monitor(2.0);
        // The first pixel that the card does not cover tells the scale too.
        let is_like = |scale: u32| {
            let size = |frame: &PanelFrame| (frame.texture.width(), frame.texture.height());
            told.get() == (600 * scale, 400 * scale, f64::from(scale))
                && panel.pixels.newer(0).is_some_and(|frame| size(&frame) == (600 * scale, 400 * scale))
                && panel.pixels.covers(200 * scale - 2, 100)
                && !panel.pixels.covers(200 * scale + 2, 100)
        };
        // Evdev's keys, which GNOME moves a window to the next monitor with.
        let (command, shift, left, right) = (125, 42, 105, 106);
        for (arrow, scale) in [(None, 1), (Some(right), 2), (Some(left), 1), (Some(right), 2)] {
            if let Some(arrow) = arrow {
                desk.press(&[command, shift, arrow]);
            }
            until("the webview has the scale of its monitor", || is_like(scale));
            engine.present_and_wait((600 * scale, 400 * scale), wgpu::PresentMode::Fifo, 10);
            panel.draws_what_changes(&format!("{scale}{}", arrow.unwrap_or_default()));
        }
    }

    /// Each click reaches whom it is meant for.
    fn clicks(panel: &Panel) {
        let pointer = Pointer::new();
        pointer.move_to(400.0, 200.0);
        until("the pointer is there", || panel.has(|input| *input == Input::Move { x: 400.0, y: 200.0 }));
        pointer.click();
        until("the click is handed on", || panel.has(|input| matches!(input, Input::Button { pressed: false, .. })));
        let pressed = Input::Button { x: 400.0, y: 200.0, button: 1, pressed: true };
        assert!(panel.has(|input| *input == pressed), "{:?}", panel.handed_on.borrow());
        panel.handed_on.borrow_mut().clear();
        pointer.move_to(80.0, 40.0);
        pointer.click();
        until("the button is pressed", || panel.view.title().is_some_and(|title| title.starts_with("clicked")));
        assert!(!panel.has(|input| matches!(input, Input::Button { .. })), "that click was the panel's");
        touches(panel, &pointer);
    }

    /// Two fingers on the page, one of which goes to the panel.
    fn touches(panel: &Panel, pointer: &Pointer) {
        let screen = pointer.screen();
        let touch = |method: &str, slot: u32, x: f64, y: f64| {
            pointer.notify(method, &(&screen, slot, x, y).to_variant());
            work_for(Duration::from_millis(100));
        };
        // The first finger makes the touch screen known, and is lost.
        let is_known = Rc::new(Cell::new(false));
        let seen = is_known.clone();
        panel.view.connect_touch_event(move |_, _| {
            seen.set(true);
            Propagation::Proceed
        });
        until("there is a touch screen", || {
            touch("NotifyTouchDown", 0, 50.0, 250.0);
            pointer.notify("NotifyTouchUp", &(0u32,).to_variant());
            work_for(Duration::from_millis(100));
            is_known.get()
        });
        panel.handed_on.borrow_mut().clear();
        touch("NotifyTouchDown", 0, 300.0, 200.0);
        touch("NotifyTouchDown", 1, 500.0, 200.0);
        touch("NotifyTouchMotion", 0, 100.0, 150.0);
        pointer.notify("NotifyTouchUp", &(0u32,).to_variant());
        pointer.notify("NotifyTouchUp", &(1u32,).to_variant());
        until("the fingers are handed on", || panel.has(|input| matches!(input, Input::Touch { id: 1, phase: TouchPhase::End, .. })));
        let touch = |id, phase, x, y| Input::Touch { id, phase, x, y };
        let wanted = [
            Input::Focus(true),
            Input::Modifiers([false; 4]),
            touch(0, TouchPhase::Start, 300.0, 200.0),
            touch(1, TouchPhase::Start, 500.0, 200.0),
            touch(0, TouchPhase::Move, 100.0, 150.0),
            touch(0, TouchPhase::End, 100.0, 150.0),
            touch(1, TouchPhase::End, 500.0, 200.0),
        ];
        assert_eq!(*panel.handed_on.borrow(), wanted, "the pointer has no part in it");
    }
}
