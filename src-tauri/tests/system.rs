//! The shell among other programs: the clipboard, what is dropped from elsewhere, the system's dialogs, notifications, and the desktop's scale.

#![cfg(target_os = "linux")]

#[path = "harness/harness.rs"]
mod harness;

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command};

use harness::desk::{BAR, BUTTON, CLICK, PAUSE, PAUSED, SEED, TYPED, copy, is_off, is_on, other_app, ready};
use harness::{Session, Shell, at_rest, children, difference, fixture, until};
use image::RgbImage;

/// A program that ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Another program: a window from which what it was started with can be dragged. `cargo test` builds it with the other examples.
fn drag_source(session: &Session) -> Command {
    session.with_desktop(Command::new(Path::new(env!("CARGO_BIN_EXE_wasm-engine-desktop")).with_file_name("examples").join("drag_source")))
}

/// Waits for a window of this name, and ends the shell whose it is.
fn ends_once_it_is_open(session: &Session, title: &str) {
    let pid = until("the other app is opened", || session.pid_of(title));
    assert!(Command::new("kill").arg(pid.to_string()).status().unwrap().success());
    until("the other app ends", || session.display.xdotool(&["search", "--name", &format!("^{title}$")]).is_empty().then_some(()));
}

#[test]
fn the_clipboard_is_the_systems_for_page_and_panel() {
    let session = Session::start("desktop-clipboard");
    let shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    let in_page = || shell.click(740, 120);
    let in_panel = || shell.click(SEED.0, SEED.1);
    in_page();
    shell.keys(&["type", "--delay", "30", "hello"]);
    shell.shows("text in the page's field", |picture| is_on(picture, TYPED));
    shell.keys(&["key", "--delay", "60", "ctrl+a", "ctrl+c"]);
    in_panel();
    shell.keys(&["key", "--delay", "60", "ctrl+a", "ctrl+v"]);
    // What the page has now is not what it copied before, and the clipboard has neither of them from the page.
    in_page();
    shell.keys(&["key", "ctrl+a"]);
    shell.keys(&["type", "--delay", "30", "junk"]);
    shell.shows("other text in the page's field", |picture| !is_on(picture, TYPED));
    shell.keys(&["key", "--delay", "60", "ctrl+a", "ctrl+c"]);
    in_panel();
    shell.keys(&["key", "--delay", "60", "ctrl+a", "ctrl+c"]);
    in_page();
    shell.keys(&["key", "--delay", "60", "ctrl+a", "ctrl+v"]);
    shell.shows("the panel's text in the page's field", |picture| is_on(picture, TYPED));
    shell.close();
}

#[test]
fn what_another_program_drops_is_opened() {
    let session = Session::start("desktop-drop");
    let app = other_app(session.home());
    let shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    let source = Program(drag_source(&session).arg(&app).spawn().unwrap());
    let from = until("the source has a window", || session.display.window_of(source.0.id())).to_string();
    session.display.xdotool(&["windowmove", "--sync", &from, "1300", "100", "mousemove", "--window", &from, "100", "50"]);
    let before = shell.picture().unwrap();
    session.display.xdotool(&["mousedown", "1", "sleep", "0.2", "mousemove_relative", "40", "10", "sleep", "0.2"]);
    shell.pointer(400, 500, &["sleep", "0.2", "mousemove_relative", "5", "5"]);
    shell.shows("that it would be opened", |picture| difference(picture, &before) > 0.2);
    shell.pointer(420, 520, &["sleep", "0.2", "mouseup", "1"]);
    ends_once_it_is_open(&session, "Other");
    // The one that it was dropped on goes on.
    ready(&shell);
    shell.close();
}

#[test]
fn the_systems_dialog_opens_an_app() {
    let session = Session::start("desktop-dialog");
    other_app(session.home());
    let mut shell = session.open(&[]);
    let pid = shell.child.id().to_string();
    shell.shows("what to open", |picture| picture.pixels().any(|pixel| pixel != picture.get_pixel(0, 0)));
    until("it is at rest", || at_rest(|| shell.picture()));
    shell.keys(&["windowfocus", &shell.window.to_string(), "key", "o"]);
    let dialog = until("the dialog is shown", || {
        let windows = session.display.xdotool(&["search", "--all", "--onlyvisible", "--pid", &pid, "--name", "^Open app folder$"]);
        windows.lines().next().map(str::to_owned)
    });
    let dialog: u32 = dialog.parse().unwrap();
    let is_at_rest = || drop(until("the dialog is at rest", || at_rest(|| session.display.picture(dialog))));
    is_at_rest();
    // It begins at home, where the app is. What is typed into the list chooses it; GTK's button for it is in the lower right corner.
    let (width, height) = session.display.picture(dialog).unwrap().dimensions();
    let click = |x: u32, y: u32| {
        let (window, x, y) = (dialog.to_string(), x.to_string(), y.to_string());
        session.display.xdotool(&["mousemove", "--window", &window, &x, &y, "sleep", "0.2", "click", "1"]);
    };
    click(width / 2, height / 2);
    is_at_rest();
    session.display.xdotool(&["type", "--delay", "30", "other"]);
    is_at_rest();
    session.display.xdotool(&["key", "Escape"]);
    is_at_rest();
    until("the dialog takes the click", || {
        click(width - 50, height - 25);
        session.display.picture(dialog).is_none().then_some(())
    });
    ends_once_it_is_open(&session, "Other");
    let status = until("the shell without an app makes room", || shell.child.try_wait().unwrap());
    assert!(status.success(), "{status}");
}

#[test]
fn a_crash_that_nobody_looks_at_is_told_by_a_notification() {
    let session = Session::start("desktop-notification");
    let heard = session.home().join("notifications");
    let mut monitor = session.with_desktop(Command::new("dbus-monitor"));
    monitor.args(["--session", "interface='org.freedesktop.Notifications',member='Notify'"]).stdout(File::create(&heard).unwrap());
    let _monitor = Program(monitor.spawn().expect("dbus-monitor comes with dbus-daemon"));
    let shell = session.open(&[&fixture("blur")]);
    let is_blue = |picture: &RgbImage| picture.get_pixel(600, 600).0 == [0, 0, 120];
    shell.shows("page and panel", |picture| is_blue(picture) && picture.get_pixel(BAR.0, BAR.1).0 != [0, 0, 120]);
    shell.click(600, 120);
    shell.shows("that the page has the keys", |picture| picture.get_pixel(600, 600).0 == [0, 200, 0]);
    session.display.xdotool(&["windowminimize", "--sync", &shell.window.to_string()]);
    until("a notification", || {
        let said = std::fs::read_to_string(&heard).unwrap();
        (said.contains("string \"Blur\"") && said.contains("string \"The page: ")).then_some(())
    });
    session.display.xdotool(&["windowmap", "--sync", &shell.window.to_string()]);
    shell.close();
}

#[test]
fn everything_is_as_large_as_the_desktop_wants_it() {
    // Desktops under X11 say 1.25 as dots per inch of 96, and whole numbers to GTK.
    for (scale, dots, gdk) in [(1.25, "120", "1"), (2.0, "96", "2")] {
        // A window comes back with as many pixels as it had, so each has a home of its own.
        let session = Session::start("desktop-scale");
        session.display.set_resources(&format!("Xft.dpi:\t{dots}\n"));
        let shell = session.open_with(session.command().arg(fixture("desk")).env("GDK_SCALE", gdk));
        let scaled = |points: u32| (f64::from(points) * scale) as u32;
        let at = |picture: &RgbImage, x: u32, y: u32| picture.get_pixel(scaled(x), scaled(y)).0;
        let size = (scaled(1000), scaled(700));
        let picture = shell.shows("page and panel", |picture| {
            picture.dimensions() == size && at(picture, PAUSED, 40) == [80, 0, 0] && at(picture, BAR.0, BAR.1) != [0, 0, 0]
        });
        // The last light ends at 840 points, the panel's bar at 398.
        let edge = scaled(840);
        let across = [edge - 1, edge + 1].map(|x| picture.get_pixel(x, 50).0);
        assert_eq!(across, [[0, 0, 80], [0, 0, 0]], "the page's last light at {scale}");
        assert_eq!((at(&picture, 392, 48) != [0, 0, 0], at(&picture, 400, 48)), (true, [0, 0, 0]), "the panel's bar at {scale}");
        shell.click(scaled(BUTTON.0), scaled(BUTTON.1));
        shell.shows("a click on the page's button", |picture| at(picture, CLICK, 40) == [0, 200, 0]);
        shell.click(scaled(PAUSE.0), scaled(PAUSE.1));
        shell.shows("a click on the panel's Pause", |picture| at(picture, PAUSED, 40) == [0, 200, 0]);
        shell.close();
    }
    let session = Session::start("desktop-own-scale");
    // An app that asks for a scale has it, and a window of so many pixels.
    let own = session.home().join("own");
    copy(fixture("desk").as_ref(), &own);
    let manifest = std::fs::read_to_string(own.join("app.toml")).unwrap();
    std::fs::write(own.join("app.toml"), manifest.replace("[window]", "[window]\nscale = 1.0")).unwrap();
    session.display.set_resources("Xft.dpi:\t120\n");
    let shell = session.open(&[own.to_str().unwrap()]);
    let picture = shell.shows("the page in its own scale", |picture| picture.get_pixel(PAUSED, 40).0 == [80, 0, 0]);
    assert_eq!(picture.dimensions(), (1000, 700));
    shell.close();
}

#[test]
fn the_keys_for_the_hud_are_heard_in_any_window() {
    let session = Session::start("desktop-keys");
    // It was opened first, and has no HUD to need the keys for.
    let welcome = session.open(&[]);
    welcome.shows("what to open", |picture| picture.pixels().any(|pixel| pixel != picture.get_pixel(0, 0)));
    let shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    let source = Program(drag_source(&session).arg(session.home()).spawn().unwrap());
    let other = until("the other program has a window", || session.display.window_of(source.0.id())).to_string();
    session.display.xdotool(&["windowactivate", "--sync", &other]);
    // The panel's part changes by itself.
    let page = |picture: &RgbImage| image::imageops::crop_imm(picture, 420, 0, 580, 700).to_image();
    let before = page(&shell.picture().unwrap());
    for shown in [true, false, true] {
        shell.keys(&["key", "ctrl+alt+h"]);
        shell.shows("that the HUD has come or gone", |picture| (difference(&page(picture), &before) > 0.005) == shown);
    }
    shell.close();
}

#[test]
fn the_keys_for_the_hud_are_those_of_the_app_that_was_looked_at_last() {
    let session = Session::start("desktop-keys-of-two");
    let other = other_app(session.home());
    let first = session.open(&[&fixture("desk")]);
    ready(&first);
    let second = session.open(&[other.to_str().unwrap()]);
    ready(&second);
    // Side by side: no picture is had of what is covered.
    session.display.xdotool(&["windowmove", "--sync", &second.window.to_string(), "1050", "760"]);
    let page = |shell: &Shell<'_>| Some(image::imageops::crop_imm(&shell.picture()?, 420, 0, 580, 700).to_image());
    let before = [&first, &second].map(|shell| page(shell).unwrap());
    let has_hud = |shown: [bool; 2]| {
        let now = [page(&first)?, page(&second)?];
        let is_so = |index: usize| (difference(&now[index], &before[index]) > 0.005) == shown[index];
        (is_so(0) && is_so(1)).then_some(())
    };
    for (shell, shown) in [(&second, [false, true]), (&first, [true, true]), (&second, [true, false])] {
        session.display.xdotool(&["windowactivate", "--sync", &shell.window.to_string(), "sleep", "0.3", "key", "ctrl+alt+h"]);
        until("that the HUD of the one that was looked at last comes or goes", || has_hud(shown));
    }
    // The other one has them again when it is looked at.
    second.close();
    session.display.xdotool(&["windowactivate", "--sync", &first.window.to_string(), "sleep", "0.3", "key", "ctrl+alt+h"]);
    first.shows("that the HUD has gone", |picture| {
        difference(&image::imageops::crop_imm(picture, 420, 0, 580, 700).to_image(), &before[0]) < 0.005
    });
    first.close();
}

#[test]
fn the_panel_can_be_inspected() {
    let session = Session::start("desktop-inspect");
    let shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    let processes = || children(shell.child.id()).iter().filter(|(_, name)| name.starts_with("WebKitWebProces")).count();
    assert_eq!(processes(), 1);
    shell.pointer(BAR.0, BAR.1, &["click", "3"]);
    let pid = shell.child.id().to_string();
    until("the context menu is shown and at rest", || {
        let windows = session.display.xdotool(&["search", "--onlyvisible", "--pid", &pid]);
        let mut others = windows.lines().filter_map(|id| id.parse().ok()).filter(|id| *id != shell.window);
        // GTK has windows beyond the screen, too.
        others.find_map(|id| at_rest(|| session.display.picture(id)))
    });
    // Its last item is WebKit's "Inspect Element", whose view is another page with a process of its own.
    shell.keys(&["key", "--delay", "100", "Up", "Return"]);
    until("the inspector is there", || (processes() == 2).then_some(()));
    shell.close();
}

/// The shell's menu in the tray, as the desktop has it: from the session bus.
struct Tray<'a> {
    session: &'a Session,
    owner: String,
}

impl<'a> Tray<'a> {
    fn of(session: &'a Session) -> Self {
        let owner = until("the tray's menu is on the bus", || {
            let names = bus(session, "org.freedesktop.DBus", "/", "org.freedesktop.DBus.ListNames", &[])?;
            let mut owners = names.split('\'').filter(|name| name.starts_with(':'));
            owners.find(|owner| layout(session, owner).is_some()).map(str::to_owned)
        });
        Self { session, owner }
    }

    /// Numbers and names of the items.
    fn items(&self) -> Vec<(String, String)> {
        let layout = layout(self.session, &self.owner).unwrap();
        let items = layout.split("<(").filter_map(|item| {
            let label = item.split_once("'label': <'")?.1.split('\'').next()?;
            Some((item.split(',').next()?.to_owned(), label.to_owned()))
        });
        items.collect()
    }

    fn choose(&self, label: &str) {
        let (id, _) = self.items().into_iter().find(|(_, other)| other == label).unwrap_or_else(|| panic!("{label}: {:?}", self.items()));
        bus(self.session, &self.owner, MENU, "com.canonical.dbusmenu.Event", &[&id, "clicked", "<0>", "0"]).unwrap();
    }
}

/// Where libappindicator puts the menu of Tauri's icon `main`.
const MENU: &str = "/org/ayatana/NotificationItem/tray_icon_tray_app_main/Menu";

fn layout(session: &Session, owner: &str) -> Option<String> {
    bus(session, owner, MENU, "com.canonical.dbusmenu.GetLayout", &["0", "-1", "[]"])
}

/// What a call on the session bus comes to; `None` when it fails.
fn bus(session: &Session, to: &str, path: &str, method: &str, arguments: &[&str]) -> Option<String> {
    let mut call = session.with_desktop(Command::new("gdbus"));
    call.args(["call", "--session", "--dest", to, "--object-path", path, "--method", method, "--"]).args(arguments);
    let output = call.output().expect("gdbus comes with GLib");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_trays_menu_pauses_shows_and_quits() {
    let session = Session::start("desktop-tray");
    let mut shell = session.open(&[&fixture("desk")]);
    ready(&shell);
    let tray = Tray::of(&session);
    let labels: Vec<_> = tray.items().into_iter().map(|(_, label)| label).collect();
    assert_eq!(labels, ["Pause or run", "Show", "Quit"]);
    tray.choose("Pause or run");
    shell.shows("that the run is paused", |picture| is_on(picture, PAUSED));
    tray.choose("Pause or run");
    shell.shows("that it goes on", |picture| is_off(picture, PAUSED));
    session.display.xdotool(&["windowminimize", "--sync", &shell.window.to_string()]);
    tray.choose("Show");
    until("the window is shown again", || session.display.window_of(shell.child.id()));
    tray.choose("Quit");
    let status = until("the shell ends", || shell.child.try_wait().unwrap());
    assert!(status.success(), "{status}");
}

#[test]
fn without_an_app_the_tray_has_nothing_to_pause() {
    let session = Session::start("desktop-tray-empty");
    let _shell = session.open(&[]);
    let labels: Vec<_> = Tray::of(&session).items().into_iter().map(|(_, label)| label).collect();
    assert_eq!(labels, ["Show", "Quit"]);
}
