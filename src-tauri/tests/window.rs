//! The shell's window under a real X server with a window manager: page, graphics and panel in one picture, and input that reaches whom it is meant for.

#![cfg(target_os = "linux")]

#[path = "harness/harness.rs"]
mod harness;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::desk::{BUTTON, CLICK, DRAG, PAUSE, PAUSED, TYPED, WHEEL, clicks, copy, is_off, is_on, ready, shows_panel};
use harness::{Session, Shell, at_rest, children, difference, fixture, until};
use image::RgbImage;
use wasm_engine_engine::fnv1a;
use wasm_engine_testkit::{Golden, Tolerance};

/// A point of the chip that says whether the run goes on: its dot.
const CHIP: (u32, u32) = (112, 33);

#[test]
fn input_goes_to_whom_it_is_meant_for() {
    let session = Session::start("desktop-input");
    let out = session.home().join("frame.png");
    let shell = session.open(&[&fixture("desk"), "--out", out.to_str().unwrap()]);
    ready(&shell);

    // Keys, before anything is clicked: the page's, and the panel's when they are moved there.
    shell.keys(&["key", "F2"]);
    shell.shows("a key that the page has", |picture| is_on(picture, TYPED));
    // The panel hears of what it has asked for a moment after the page does.
    let says_running = |picture: &RgbImage| matches!(picture.get_pixel(CHIP.0, CHIP.1).0, [red, green, _] if green > red + 50);
    shell.shows("a run that is running", says_running);
    shell.keys(&["key", "F6", "space"]);
    shell.shows("a key moved to the panel", |picture| is_on(picture, PAUSED) && !says_running(picture));
    shell.keys(&["key", "space"]);
    shell.shows("the key once more", |picture| is_off(picture, PAUSED) && says_running(picture));
    shell.keys(&["key", "F6"]);

    // The page, through the transparent part of the panel.
    shell.pointer(600, 500, &["click", "9"]);
    shell.shows("the button for the way forward", |picture| is_off(picture, TYPED));
    shell.click(BUTTON.0, BUTTON.1);
    shell.shows("a click on the page's button", |picture| is_on(picture, CLICK));
    shell.click(740, 120);
    shell.keys(&["type", "--delay", "30", "hello"]);
    shell.shows("keys in the page's field", |picture| is_on(picture, TYPED));
    shell.pointer(600, 250, &["mousedown", "1", "mousemove_relative", "100", "20", "mousemove_relative", "50", "0", "mouseup", "1"]);
    shell.shows("a drag on the page", |picture| is_on(picture, DRAG));
    shell.pointer(600, 250, &["click", "5"]);
    shell.shows("the wheel over the page", |picture| is_on(picture, WHEEL));

    // The panel.
    shell.click(PAUSE.0, PAUSE.1);
    shell.shows("a click on the panel's Pause", |picture| is_on(picture, PAUSED) && !says_running(picture));
    shell.keys(&["key", "space"]);
    shell.shows("a key that the panel has", |picture| is_off(picture, PAUSED) && says_running(picture));
    shell.keys(&["key", "space"]);
    let last = shell.shows("the key once more", |picture| is_on(picture, PAUSED) && !says_running(picture));
    assert!([CLICK, TYPED, DRAG, WHEEL].into_iter().all(|light| is_on(&last, light)), "the panel's input left the page alone");

    // What is on the screen is what was composed.
    let still = rest(&shell);
    shell.close();
    let composed = image::open(&out).unwrap().to_rgb8();
    still.save(session.home().join("screen.png")).unwrap();
    let share = difference(&composed, &still);
    assert!(share < 0.002, "{:.2} % of the screen are not as composed", share * 100.0);
}

#[test]
fn the_panel_knows_when_the_pointer_is_over_the_page() {
    let session = Session::start("desktop-hover");
    let shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    let button = |picture: &RgbImage| image::imageops::crop_imm(picture, PAUSE.0 - 12, PAUSE.1 - 8, 24, 16).to_image();
    shell.pointer(600, 500, &[]);
    // The cards' charts never come to rest.
    let left = until("the button comes to rest", || at_rest(|| Some(button(&shell.picture()?))));
    shell.pointer(PAUSE.0, PAUSE.1, &[]);
    shell.shows("the pointer over the button", |picture| button(picture) != left);
    shell.pointer(600, 500, &[]);
    shell.shows("that it is over the page", |picture| button(picture) == left);
    shell.close();
}

#[test]
fn no_click_is_lost_while_the_panel_comes() {
    let session = Session::start("desktop-coming");
    let shell = session.open(&[&fixture("desk")]);
    shell.shows("the page", |picture| clicks(picture).is_some());
    let (mut sent, mut beyond) = (0, 5);
    while beyond > 0 {
        shell.click(BUTTON.0, BUTTON.1);
        sent += 1;
        beyond -= u8::from(shell.picture().is_some_and(|picture| shows_panel(&picture)));
    }
    shell.shows("every click on the page's button", |picture| clicks(picture) == Some(sent));
    shell.close();
}

#[test]
fn a_storm_of_resizes_ends_with_page_and_panel_at_the_last_size() {
    let session = Session::start("desktop-resize");
    let shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    let window = shell.window.to_string();
    for step in 0..100_u32 {
        let (width, height) = (700 + step * 37 % 400, 400 + step * 53 % 300);
        session.display.xdotool(&["windowsize", &window, &width.to_string(), &height.to_string()]);
    }
    session.display.xdotool(&["windowsize", "--sync", &window, "900", "600"]);
    shell.shows("page and panel at the last size", |picture| {
        picture.dimensions() == (900, 600)
            && is_off(picture, CLICK)
            && is_off(picture, PAUSED)
            && shows_panel(picture)
            && picture.get_pixel(890, 590).0 == [0, 0, 0]
    });
    shell.click(BUTTON.0, BUTTON.1);
    shell.shows("a click still finds the page's button", |picture| is_on(picture, CLICK));
    pause(&shell);
    shell.close();
}

/// Page and panel are there in each picture while the window's edge moves: first a long way in, as when a window is no longer maximized, then out step by step.
#[test]
fn nothing_flickers_while_the_windows_edge_moves() {
    let session = Session::start("desktop-edge");
    let shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    let window = shell.window.to_string();
    let mut looks = 0;
    for step in 0..40_u32 {
        let (width, height) = (900 + step * 3, 550 + step * 2);
        let moved = Instant::now();
        session.display.xdotool(&["windowsize", &window, &width.to_string(), &height.to_string()]);
        // Between two sizes there is no picture of the window. For longer than half a second after a step the panel does not wait for WebKit on a machine that does other things.
        for picture in (0..5).filter_map(|_| shell.picture()).take_while(|_| moved.elapsed() < Duration::from_millis(400)) {
            looks += 1;
            let is_whole = is_off(&picture, CLICK) && shows_panel(&picture);
            if !is_whole {
                picture.save(session.home().join("flicker.png")).unwrap();
            }
            assert!(is_whole, "something is missing at {width}x{height}, look {looks}");
        }
    }
    assert!(looks > 20, "{looks} looks are too few");
    shell.close();
}

#[test]
fn the_program_starts_without_the_libraries_of_gtk_and_webkit() {
    // The loader lists what it would load, and does not start the program.
    let listed = Command::new(env!("CARGO_BIN_EXE_wasm-engine-desktop")).env("LD_TRACE_LOADED_OBJECTS", "1").output().unwrap();
    let libraries = String::from_utf8(listed.stdout).unwrap();
    assert!(libraries.contains("libfontconfig"), "{libraries}");
    let late = ["gtk", "gdk", "glib", "gobject", "gio-", "pango", "cairo", "soup", "webkit", "javascriptcore"];
    let loaded: Vec<_> = libraries.lines().filter(|line| late.iter().any(|name| line.trim().starts_with(&format!("lib{name}")))).collect();
    assert!(loaded.is_empty(), "a function is missing from the lists in crates/panel/src/sys/linux/late: {loaded:?}");
}

#[test]
fn without_a_display_it_says_so() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_wasm-engine-desktop"));
    let program = program.arg(fixture("desk")).env("DISPLAY", ":9999").env_remove("WAYLAND_DISPLAY").env_remove("GDK_BACKEND");
    let output = program.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no display server answers") && !said.contains("panicked"), "{said}");
}

#[test]
fn textures_of_software_drivers_may_lie_in_huge_pages() {
    if Path::new("/dev/dri").exists() || !Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
        eprintln!("left out: a GPU has its own memory, or the kernel has no huge pages");
        return;
    }
    let session = Session::start("desktop-pages");
    let shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    let memory = std::fs::read_to_string(format!("/proc/{}/smaps", shell.child.id())).unwrap();
    let mut size = 0;
    let mut allowed = 0;
    for line in memory.lines() {
        if let Some(bytes) = line.strip_prefix("Size:") {
            size = bytes.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap();
        } else if line.strip_prefix("VmFlags:").is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "hg")) {
            allowed += size;
        }
    }
    // WebRender's shared texture alone has 16 MiB.
    assert!(allowed >= 16 << 10, "{allowed} KiB");
    shell.close();
}

#[test]
fn a_second_instance_shows_the_first_and_ends() {
    let session = Session::start("desktop-second");
    let shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    session.display.xdotool(&["windowminimize", "--sync", &shell.window.to_string()]);
    let mut second = session.command().arg(fixture("desk")).stdout(Stdio::null()).spawn().unwrap();
    let status = until("the second instance ends", || second.try_wait().unwrap());
    assert!(status.success(), "{status}");
    until("the first one's window is shown again", || session.display.window_of(shell.child.id()));
    ready(&shell);
    // What the first one cannot do for it is not left out in silence.
    let report = session.home().join("report.json");
    let second = session.command().args([&fixture("desk"), "--seed", "5", "--report"]).arg(&report).output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("error[ALREADY_RUNNING]") && !report.exists(), "{said}");
    shell.close();
}

#[test]
fn a_second_instance_takes_the_place_of_a_first_that_ends_as_it_is_spoken_to() {
    let session = Session::start("desktop-gone-first");
    let app = fixture("desk");
    let name = format!("dev.wasm-engine.desktop.app{:016x}.SingleInstance", fnv1a(app.as_bytes()));
    let first = zbus::blocking::connection::Builder::address(session.bus()).unwrap().name(name).unwrap().build().unwrap();
    let first = std::thread::spawn(move || {
        let is_call = |message: &zbus::Message| message.header().member().is_some_and(|member| member == "ExecuteCallback");
        let called = zbus::blocking::MessageIterator::from(&first).flatten().any(|message| is_call(&message));
        first.close().unwrap();
        called
    });
    let shell = session.open(&[&app]);
    ready(&shell);
    assert!(first.join().unwrap(), "it was spoken to");
    shell.close();
}

#[test]
fn the_webviews_process_may_go() {
    let session = Session::start("desktop-loss");
    let shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    let killed = children(shell.child.id()).into_iter().find(|(_, name)| name.starts_with("WebKitWebProces")).unwrap().0;
    assert!(Command::new("kill").args(["-KILL", &killed.to_string()]).status().unwrap().success());
    let (fresh, _) = until("the webview has a new process", || {
        children(shell.child.id()).into_iter().find(|(pid, name)| name.starts_with("WebKitWebProces") && *pid != killed)
    });
    let environment = std::fs::read(format!("/proc/{fresh}/environ")).unwrap();
    let paints_on_processor = environment.split(|byte| *byte == 0).any(|one| one == b"WEBKIT_SKIA_ENABLE_CPU_RENDERING=1");
    assert_eq!(paints_on_processor, !Path::new("/dev/dri").exists(), "where there is no GPU it does without OpenGL");
    until("its priority is lower than ours", || (niceness(fresh)? > niceness(shell.child.id())?).then_some(()));
    // The page never noticed, and the panel is back.
    shell.click(BUTTON.0, BUTTON.1);
    shell.shows("the page goes on", |picture| is_on(picture, CLICK));
    pause(&shell);
    shell.close();
}

#[test]
fn a_window_comes_back_where_it_was() {
    let session = Session::start("desktop-place");
    let place = |shell: &Shell<'_>| session.display.xdotool(&["getwindowgeometry", "--shell", &shell.window.to_string()]);
    let at = |shell: &Shell<'_>| place(shell).lines().filter(|line| !line.starts_with("WINDOW")).map(str::to_owned).collect::<Vec<_>>();
    let shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    let window = shell.window.to_string();
    session.display.xdotool(&["windowmove", "--sync", &window, "310", "220", "windowsize", "--sync", &window, "820", "560"]);
    shell.shows("the page at that size", |picture| picture.dimensions() == (820, 560) && is_off(picture, CLICK));
    let moved = at(&shell);
    assert!(moved.contains(&"WIDTH=820".to_owned()) && moved.contains(&"HEIGHT=560".to_owned()), "{moved:?}");
    shell.close();
    // More than once: it must not wander by the frame's width each time.
    for _ in 0..2 {
        let shell = session.open_where_it_was(session.command().arg(fixture("desk")));
        shell.shows("the page at that size", |picture| picture.dimensions() == (820, 560) && is_off(picture, CLICK));
        until("it is at its place", || (at(&shell) == moved).then_some(()));
        shell.close();
    }
    // Another app has a place of its own.
    let other = session.home().join("other");
    copy(fixture("desk").as_ref(), &other);
    let shell = session.open_where_it_was(session.command().arg(&other));
    shell.shows("the page at its own size", |picture| picture.dimensions() == (1000, 700) && is_off(picture, CLICK));
    shell.close();
}

#[test]
fn an_archive_is_opened_from_the_command_line() {
    let session = Session::start("desktop-archive");
    let archive = session.home().join("desk.weapp");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&archive).unwrap());
    for name in ["app.toml", "page/index.html"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&std::fs::read(Path::new(&fixture("desk")).join(name)).unwrap()).unwrap();
    }
    zip.finish().unwrap();
    let shell = session.open(&[archive.to_str().unwrap()]);
    ready(&shell);
    shell.click(BUTTON.0, BUTTON.1);
    shell.shows("a click on the page's button", |picture| is_on(picture, CLICK));
    let said = shell.close();
    assert!(said.starts_with("desk: "), "{said}");
}

#[test]
fn nobody_has_to_read_what_the_shell_says() {
    let session = Session::start("desktop-unheard");
    let mut shell = session.open(&[&fixture("desk")]);
    shell.shows("the page", |picture| is_off(picture, CLICK));
    drop(shell.child.stdout.take());
    session.display.close(shell.window);
    let status = until("the shell ends", || shell.child.try_wait().unwrap());
    assert!(status.success(), "{status}");
}

#[test]
fn a_lost_gpu_is_told_in_a_dialog_that_opens_the_app_again() {
    let session = Session::start("desktop-gpu");
    let mut shell = session.open_with(session.command().arg(fixture("desk")).env("WASM_ENGINE_LOSE_GPU", "30"));
    let pid = shell.child.id().to_string();
    let dialog = until("the dialog is shown", || {
        let windows = session.display.xdotool(&["search", "--onlyvisible", "--pid", &pid]);
        let other = |id: &str| id.parse::<u32>().ok().filter(|id| *id != shell.window);
        windows.lines().find_map(other)
    });
    session.display.xdotool(&["windowactivate", "--sync", &dialog.to_string(), "key", "Return"]);
    let status = until("the shell ends", || shell.child.try_wait().unwrap());
    assert!(status.success(), "{status}");
    let again = until("the app is opened again", || session.pid_of("Desk").filter(|other| *other != shell.child.id()));
    assert!(Command::new("kill").arg(again.to_string()).status().unwrap().success());
}

/// The panel over the page, in both themes.
#[test]
fn the_panel_lies_over_the_page_in_both_themes() {
    let font = Command::new("fc-match").args(["--format", "%{file}", "sans-serif"]).output().unwrap();
    if !String::from_utf8_lossy(&font.stdout).ends_with("DejaVuSans.ttf") {
        eprintln!("the golden images were made with DejaVu Sans, which is not the font here");
        return;
    }
    let session = Session::start("desktop-golden");
    let golden = Golden::new("tests/golden", session.home().join("golden"));
    let shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    shell.click(PAUSE.0, PAUSE.1);
    shell.shows("the run is paused", |picture| is_on(picture, PAUSED));
    // Hides the cards, whose charts are never twice the same.
    shell.keys(&["key", "m"]);
    for theme in ["light", "dark"] {
        shell.pointer(950, 690, &[]);
        let still = rest(&shell);
        let picture = image::DynamicImage::ImageRgb8(still).to_rgba8();
        golden.check(&format!("panel-{theme}"), &picture, Tolerance::default()).unwrap_or_else(|error| panic!("{error}"));
        shell.keys(&["key", "t"]);
        shell.shows("the other theme", |other| difference(other, &image::DynamicImage::ImageRgba8(picture.clone()).to_rgb8()) > 0.02);
    }
    shell.close();
}

/// The 19th field of `stat`, counted from behind the name, which may have blanks in it.
fn niceness(pid: u32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(16)?.parse().ok()
}

/// Clicks on the panel's Pause until it has been heard: a webview that is being laid out or loaded anew shows nothing for a moment, and what is clicked then is the page's.
fn pause(shell: &Shell<'_>) {
    until("the panel's Pause answers", || {
        shell.click(PAUSE.0, PAUSE.1);
        std::thread::sleep(Duration::from_secs(1));
        is_on(&shell.picture()?, PAUSED).then_some(())
    });
}

/// Waits until the window does not change any more.
fn rest(shell: &Shell<'_>) -> RgbImage {
    until("the window comes to rest", || at_rest(|| shell.picture()))
}
