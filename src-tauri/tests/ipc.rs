//! The panel's own view of the shell, through WebDriver: what it shows, and what the shell's commands make of bad input.

#![cfg(target_os = "linux")]

#[path = "harness/harness.rs"]
mod harness;
#[path = "harness/webdriver.rs"]
mod webdriver;

use std::process::Command;

use harness::desk::copy;
use harness::{Session, fixture, until};
use serde_json::Value;
use webdriver::Driver;

/// What a call of a command comes to: the code of the problem, or the shell's own words.
fn refusal(driver: &Driver, command: &str, arguments: &str) -> String {
    let outcome = driver.outcome(&format!("window.__TAURI_INTERNALS__.invoke('{command}', {arguments})"));
    let error = &outcome["error"];
    assert!(!error.is_null(), "{command} {arguments} was taken: {outcome}");
    error["code"].as_str().or(error.as_str()).unwrap_or_else(|| panic!("{outcome}")).to_owned()
}

#[test]
fn the_panel_answers_a_driver_and_the_shell_refuses_what_it_does_not_know() {
    let session = Session::start("desktop-ipc");
    let driver = Driver::start(&session, &[&fixture("desk")]);
    until("the panel shows the run", || driver.text("h1").filter(|title| title.contains("Desk")));
    driver.click(".controls .primary");
    until("the panel shows that the run is paused", || driver.text(".phase").filter(|phase| phase.contains("paused")));

    // Wrong types.
    for message in ["5", "null", "{}", "{ type: 'ask', id: -1, ask: { what: 'pause' } }", "{ type: 'ask', id: 1, ask: { what: 'format' } }"]
    {
        let said = refusal(&driver, "panel_ask", &format!("{{ message: {message} }}"));
        assert!(said.contains("invalid args"), "{message}: {said}");
    }
    assert!(refusal(&driver, "panel_ask", "{}").contains("missing required key"));
    assert_eq!(refusal(&driver, "panel_ask", "{ message: { type: 'hello', version: 1 } }"), "MALFORMED_MESSAGE");
    // A greeting of another version, and what is none.
    for (message, code) in
        [("{ type: 'hello', version: 2 }", "PROTOCOL_VERSION"), ("{ type: 'ask', id: 1, ask: { what: 'pause' } }", "HELLO_EXPECTED")]
    {
        let channel = "'__CHANNEL__:' + window.__TAURI_INTERNALS__.transformCallback(() => {})";
        assert_eq!(refusal(&driver, "panel_hello", &format!("{{ message: {message}, channel: {channel} }}")), code);
    }
    assert!(refusal(&driver, "shell_open", "{ path: 7 }").contains("invalid args"));
    assert_eq!(refusal(&driver, "shell_open", "{ path: '/nowhere/at/all' }"), "APP_MISSING");
    // What the capability does not allow, all of which the shell has, and what is no command.
    let plugins = [
        "app|version",
        "event|listen",
        "event|emit",
        "window|close",
        "webview|create_webview",
        "path|resolve_directory",
        "resources|close",
    ];
    let more = ["dialog|open", "dialog|message", "notification|notify", "window-state|save_window_state", "menu|new", "tray|new"];
    for command in plugins.into_iter().chain(more) {
        let said = refusal(&driver, &format!("plugin:{command}"), "{}");
        assert!(said.contains("not allowed"), "{command}: {said}");
    }
    assert!(refusal(&driver, "format_disk", "{}").contains("not allowed"));
    // 100 MB.
    assert_eq!(refusal(&driver, "shell_open", "{ path: 'x'.repeat(100e6) }"), "TOO_LONG");
    assert!(refusal(&driver, "panel_ask", "{ message: 'x'.repeat(100e6) }").contains("invalid args"));
    let asked = "{ message: { type: 'ask', id: 1, ask: { what: 'param', name: 'x'.repeat(100e6), value: 1 } } }";
    assert_eq!(refusal(&driver, "panel_ask", asked), "ASK_TOO_LONG");

    // A panel that is loaded again is fed like the first.
    for _ in 0..3 {
        driver.outcome("document.body.textContent = ''; setTimeout(() => location.reload(), 0)");
        until("the panel is loaded again", || driver.text(".phase").filter(|phase| phase.contains("paused")));
    }
    // All that left the shell as it was.
    driver.click(".controls .primary");
    until("the run goes on", || driver.text(".phase").filter(|phase| phase.contains("running")));
    let outcome =
        driver.outcome("window.__TAURI_INTERNALS__.invoke('panel_ask', { message: { type: 'ask', id: 1, ask: { what: 'pause' } } })");
    assert_eq!(outcome["error"], Value::Null, "{outcome}");
}

#[test]
fn an_app_starts_with_the_session_wherever_it_lies() {
    let session = Session::start("desktop-autostart");
    let app = session.home().join("My Apps 100% \"$HOME\" \\ `x`");
    copy(fixture("desk").as_ref(), &app);
    let entries = session.home().join(".config/autostart");
    let entry = || std::fs::read_dir(&entries).ok()?.flatten().next().map(|entry| entry.path());
    let driver = Driver::start(&session, &[app.to_str().unwrap()]);
    until("the panel shows the run", || driver.text("h1").filter(|title| title.contains("Desk")));
    let switch = |on: bool| {
        let outcome = driver.outcome(&format!("window.__TAURI_INTERNALS__.invoke('shell_autostart', {{ on: {on} }})"));
        assert_eq!(outcome["error"], Value::Null, "{outcome}");
    };
    assert_eq!(entry(), None, "off until it is asked for");
    switch(true);
    switch(false);
    assert_eq!(entry(), None);
    switch(true);
    drop(driver);
    until("the shell has ended", || session.pid_of("Desk").is_none().then_some(()));
    // As the session does.
    let mut launch = session.with_desktop(Command::new("gio"));
    assert!(launch.arg("launch").arg(entry().unwrap()).status().expect("gio comes with GLib").success());
    let pid = until("the entry starts the app", || session.pid_of("Desk"));
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    let wanted = [env!("CARGO_BIN_EXE_wasm-engine-desktop"), app.to_str().unwrap(), ""].join("\0");
    assert_eq!(String::from_utf8_lossy(&arguments), wanted);
    assert!(Command::new("kill").arg(pid.to_string()).status().unwrap().success());
}
