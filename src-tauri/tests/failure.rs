//! An app that does not start: the shell says so in its window, offers something else, and opens the app once it is well.

#![cfg(target_os = "linux")]

#[path = "harness/harness.rs"]
mod harness;
#[path = "harness/webdriver.rs"]
mod webdriver;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use harness::desk::{CLICK, copy, is_off};
use harness::{Session, Shell, fixture, until};
use webdriver::Driver;

/// A kernel with this body of `kernel_init`.
fn kernel(init: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (@custom "wasm-engine.abi" "\01\00\00\00")
            (memory (export "memory") 1)
            (func (export "kernel_init") (param i32) (result i32) {init})
            (func (export "kernel_tick") (param i32) (result i32) (i32.const 0))
            (func (export "kernel_shutdown")))"#
    );
    wat::parse_str(text).unwrap()
}

/// The fixture `desk` with a kernel, which traps at its start.
fn trapping_app(home: &Path) -> PathBuf {
    let app = home.join("app");
    copy(fixture("desk").as_ref(), &app);
    let manifest = std::fs::read_to_string(app.join("app.toml")).unwrap();
    let kernels = "\n[[buffer]]\nname = \"some\"\nitem = \"u32\"\ncount = 16\n\n[[kernel]]\nname = \"fuse\"\nmodule = \"fuse.wasm\"\nwrite = [\"some\"]\n";
    std::fs::write(app.join("app.toml"), manifest + kernels).unwrap();
    std::fs::write(app.join("fuse.wasm"), kernel("unreachable")).unwrap();
    app
}

#[test]
fn a_kernel_that_traps_at_its_start_is_told_in_the_window() {
    let session = Session::start("desktop-trap");
    let app = trapping_app(session.home());
    let driver = Driver::start(&session, &[app.to_str().unwrap()]);
    let said = until("the welcome view tells", || driver.text("body").filter(|text| text.contains("fuse")));
    assert!(said.contains("Open folder") && said.contains("its start"), "{said}");
}

#[test]
fn a_machine_without_a_device_to_draw_with_is_told_in_the_window() {
    let session = Session::start("desktop-no-device");
    let errors = session.home().join("errors");
    let mut command = session.command();
    command.arg(fixture("desk")).envs([("VK_DRIVER_FILES", "/nonexistent"), ("VK_ICD_FILENAMES", "/nonexistent")]);
    let shell = session.open_with(command.stderr(std::fs::File::create(&errors).unwrap()));
    shell.shows("what to open", |picture| picture.pixels().any(|pixel| pixel != picture.get_pixel(0, 0)));
    let said = std::fs::read_to_string(&errors).unwrap();
    assert!(said.contains("error[NO_VULKAN_DEVICE]") && said.contains("mesa-vulkan-drivers"), "{said}");
    shell.close();
}

#[test]
fn an_app_that_did_not_start_is_opened_once_it_is_well() {
    let session = Session::start("desktop-again");
    let app = trapping_app(session.home());
    let errors = session.home().join("errors");
    let mut shell = session.open_with(session.command().arg(&app).stderr(std::fs::File::create(&errors).unwrap()));
    shell.shows("what to open", |picture| picture.pixels().any(|pixel| pixel != picture.get_pixel(0, 0)));
    let said = std::fs::read_to_string(&errors).unwrap();
    assert!(said.contains("error[") && said.contains("fuse"), "{said}");
    std::fs::write(app.join("fuse.wasm"), kernel("(i32.const 0)")).unwrap();
    let mut second = session.command().arg(&app).stdout(Stdio::null()).spawn().unwrap();
    let status = until("the second instance ends", || second.try_wait().unwrap());
    assert!(status.success(), "{status}");
    let status = until("the first one makes room", || shell.child.try_wait().unwrap());
    assert!(status.success(), "{status}");
    let pid = until("the app is open", || session.pid_of("Desk").filter(|pid| *pid != shell.child.id()));
    let window = until("it shows its window", || session.display.window_of(pid));
    let picture = session.shows(window, "its page", |picture| is_off(picture, CLICK));
    assert_eq!(picture.dimensions(), (1000, 700), "the manifest's size");
    assert!(Command::new("kill").arg(pid.to_string()).status().unwrap().success());
}

#[test]
fn a_manifest_that_cannot_be_read_leaves_the_apps_window_its_place() {
    let session = Session::start("desktop-typo");
    let app = session.home().join("app");
    copy(fixture("desk").as_ref(), &app);
    let manifest = std::fs::read_to_string(app.join("app.toml")).unwrap();
    std::fs::write(app.join("app.toml"), manifest.replace("[app]", "[app")).unwrap();
    let driver = Driver::start(&session, &[app.to_str().unwrap()]);
    let said = until("the welcome view tells", || driver.text("body").filter(|text| text.contains("app.toml")));
    assert!(said.contains("Open folder"), "{said}");
    drop(driver);
    let shell = session.open_where_it_was(session.command().arg(&app).stderr(Stdio::null()));
    shell.shows("what to open", |picture| {
        picture.dimensions() == (880, 640) && picture.pixels().any(|pixel| pixel != picture.get_pixel(0, 0))
    });
    shell.close();
    std::fs::write(app.join("app.toml"), manifest).unwrap();
    let shell = session.open_where_it_was(session.command().arg(&app));
    let picture = shell.shows("its page", |picture| is_off(picture, CLICK));
    assert_eq!(picture.dimensions(), (1000, 700), "the manifest's size");
    shell.close();
}

/// A folder with no library in it, under WebKit's name: in front of the system's it keeps that from being found.
fn no_webkit(session: &Session) -> &Path {
    std::fs::write(session.home().join("libwebkit2gtk-4.1.so.0"), "").unwrap();
    session.home()
}

/// Waits for the shell's dialog and closes it.
fn answer_dialog(session: &Session, shell: &Shell<'_>) {
    let pid = shell.child.id().to_string();
    let dialog = || {
        let windows = session.display.xdotool(&["search", "--onlyvisible", "--pid", &pid]);
        windows.lines().find(|window| window.parse() != Ok(shell.window)).map(str::to_owned)
    };
    let shown = until("the dialog is shown", dialog);
    session.display.xdotool(&["windowactivate", "--sync", &shown, "key", "Return"]);
    until("the dialog is closed", || dialog().is_none().then_some(()));
}

#[test]
fn without_a_panel_a_second_instance_shows_the_first() {
    let session = Session::start("desktop-unpaneled");
    let start = || {
        let mut command = session.command();
        command.arg(fixture("desk")).env("LD_LIBRARY_PATH", no_webkit(&session)).stderr(Stdio::null());
        command
    };
    let mut shell = session.open_with(&mut start());
    shell.shows("the page", |picture| is_off(picture, CLICK));
    answer_dialog(&session, &shell);
    assert!(shell.child.try_wait().unwrap().is_none(), "the run goes on");
    session.display.xdotool(&["windowminimize", "--sync", &shell.window.to_string()]);
    let status = start().stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{status}");
    until("the first one's window is shown again", || session.display.window_of(shell.child.id()));
    shell.close();
}

#[test]
fn what_no_window_can_show_is_said_in_a_dialog() {
    let session = Session::start("desktop-dumb");
    let app = trapping_app(session.home());
    let mut shell = session.open_with(session.command().arg(&app).env("LD_LIBRARY_PATH", no_webkit(&session)).stderr(Stdio::null()));
    answer_dialog(&session, &shell);
    let status = until("the shell ends", || shell.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(1), "{status}");
}
