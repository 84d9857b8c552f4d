//! The panel's own view of the shell, through WebDriver: what it shows, and what the shell's commands make of bad input.

#![cfg(target_os = "linux")]

#[path = "harness/harness.rs"]
mod harness;
#[path = "harness/webdriver.rs"]
mod webdriver;

use std::process::{Command, Stdio};

use harness::desk::{CLICK, SEED, copy, is_off, is_on, other_app, shows_panel};
use harness::{Session, fixture, until};
use image::RgbImage;
use serde_json::{Value, json};
use webdriver::Driver;

/// What a call of a command comes to: the code of the problem, or the shell's own words.
fn refusal(driver: &Driver, command: &str, arguments: &str) -> String {
    let outcome = driver.outcome(&format!("window.__TAURI_INTERNALS__.invoke('{command}', {arguments})"));
    let error = &outcome["error"];
    assert!(!error.is_null(), "{command} {arguments} was taken: {outcome}");
    error["code"].as_str().or(error.as_str()).unwrap_or_else(|| panic!("{outcome}")).to_owned()
}

/// Loads the panel again. What it showed is gone at once, so that it cannot be taken for what it shows then.
fn reload(driver: &Driver) {
    let outcome = driver.outcome("{ document.body.textContent = ''; setTimeout(() => location.reload(), 0); }");
    assert_eq!(outcome["error"], Value::Null, "{outcome}");
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
    assert_eq!(refusal(&driver, "panel_ask", "{ message: { type: 'hello', version: 2 } }"), "MALFORMED_MESSAGE");
    // A greeting of another version, and what is none.
    for (message, code) in
        [("{ type: 'hello', version: 3 }", "PROTOCOL_VERSION"), ("{ type: 'ask', id: 1, ask: { what: 'pause' } }", "HELLO_EXPECTED")]
    {
        let channel = "'__CHANNEL__:' + window.__TAURI_INTERNALS__.transformCallback(() => {})";
        assert_eq!(refusal(&driver, "panel_hello", &format!("{{ message: {message}, channel: {channel} }}")), code);
    }
    assert!(refusal(&driver, "shell_ask", "{ ask: { what: 'open', path: 7 } }").contains("invalid args"));
    assert_eq!(refusal(&driver, "shell_ask", "{ ask: { what: 'open', path: '/nowhere/at/all' } }"), "APP_MISSING");
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
    assert_eq!(refusal(&driver, "shell_ask", "{ ask: { what: 'open', path: 'x'.repeat(100e6) } }"), "TOO_LONG");
    assert!(refusal(&driver, "panel_ask", "{ message: 'x'.repeat(100e6) }").contains("invalid args"));
    let asked = "{ message: { type: 'ask', id: 1, ask: { what: 'param', name: 'x'.repeat(100e6), value: 1 } } }";
    assert_eq!(refusal(&driver, "panel_ask", asked), "ASK_TOO_LONG");

    // A panel that is loaded again is fed like the first.
    for _ in 0..3 {
        reload(&driver);
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
        let outcome =
            driver.outcome(&format!("window.__TAURI_INTERNALS__.invoke('shell_ask', {{ ask: {{ what: 'autostart', on: {on} }} }})"));
        assert_eq!(outcome["error"], Value::Null, "{outcome}");
    };
    assert_eq!(entry(), None, "off until it is asked for");
    switch(true);
    switch(false);
    assert_eq!(entry(), None);
    switch(true);
    drop(driver);
    // As the session does.
    let mut launch = session.with_desktop(Command::new("gio"));
    assert!(launch.arg("launch").arg(entry().unwrap()).status().expect("gio comes with GLib").success());
    let pid = until("the entry starts the app", || session.pid_of("Desk"));
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    let wanted = [env!("CARGO_BIN_EXE_wasm-engine-desktop"), app.to_str().unwrap(), ""].join("\0");
    assert_eq!(String::from_utf8_lossy(&arguments), wanted);
    assert!(Command::new("kill").arg(pid.to_string()).status().unwrap().success());
}

#[test]
fn what_is_typed_into_the_panel_reaches_the_engine_and_one_panel_is_fed() {
    let session = Session::start("desktop-fed");
    let driver = Driver::start(&session, &[&fixture("desk")]);
    let running = || driver.text(".phase").filter(|phase| phase.contains("running"));
    until("the panel shows the run", running);
    let window = until("the window", || session.display.window_of(session.pid_of("Desk")?));
    // What is not seen takes no clicks.
    session.shows(window, "the panel", shows_panel);
    let window = window.to_string();
    let (x, y) = (SEED.0.to_string(), SEED.1.to_string());
    session.display.xdotool(&["windowactivate", "--sync", &window, "mousemove", "--window", &window, &x, &y, "click", "1"]);
    driver.outcome("addEventListener('submit', () => document.body.classList.add('asked'))");
    session.display.xdotool(&["key", "ctrl+a", "type", "--delay", "30", "1234"]);
    session.display.xdotool(&["key", "Return"]);
    // Keys take their time, and a panel that is fed no more asks for nothing.
    until("the panel asks for what was typed", || driver.text("body.asked"));
    // Another greeting, which never says that it has taken anything.
    let greet = "new Promise((done, refused) => {
        const said = [];
        const heard = window.__TAURI_INTERNALS__.transformCallback(({ message }) => said.push(message));
        const message = { type: 'hello', version: 2 };
        window.__TAURI_INTERNALS__.invoke('panel_hello', { message, channel: `__CHANNEL__:${heard}` }).catch(refused);
        setTimeout(() => done(said.map((message) => [message?.type, message?.state?.run.seed])), 1500);
    })";
    until("the engine runs with what was typed", || {
        let heard = driver.outcome(greet)["value"].take();
        (heard == json!([["hello", null], ["snapshot", "1234"]])).then_some(())
    });
    // The panel's own greeting, the one before, has ended by that.
    until("the panel is told so", || driver.text("body").filter(|text| text.contains("The engine has ended")));
    reload(&driver);
    until("the panel shows the run again", running);
}

#[test]
fn an_app_whose_folder_has_gone_goes_on() {
    let session = Session::start("desktop-gone");
    let app = session.home().join("app");
    copy(fixture("desk").as_ref(), &app);
    let driver = Driver::start(&session, &[app.to_str().unwrap()]);
    until("the panel shows the run", || driver.text(".phase").filter(|phase| phase.contains("running")));
    let window = until("the window", || session.display.window_of(session.pid_of("Desk")?));
    let page = |picture: &RgbImage| is_off(picture, CLICK);
    session.shows(window, "the page", page);
    std::fs::remove_dir_all(&app).unwrap();
    assert_eq!(refusal(&driver, "panel_ask", "{ message: { type: 'ask', id: 1, ask: { what: 'restart_page' } } }"), "PAGE_MISSING");
    let ask = "window.__TAURI_INTERNALS__.invoke('panel_ask', { message: { type: 'ask', id: 2, ask: { what: 'restart', seed: '5' } } })";
    let outcome = driver.outcome(ask);
    assert_eq!(outcome["error"], Value::Null, "{outcome}");
    let seed = "document.querySelector('.controls input').value";
    until("the run has begun anew", || (driver.outcome(seed)["value"] == "5").then_some(()));
    session.shows(window, "that the page goes on", page);
    // Put back, it is loaded again.
    copy(fixture("desk").as_ref(), &app);
    let text = std::fs::read_to_string(app.join("page/index.html")).unwrap();
    std::fs::write(app.join("page/index.html"), text.replace("background: rgb(80, 0, 0)", "background: rgb(0, 200, 0)")).unwrap();
    let ask = "window.__TAURI_INTERNALS__.invoke('panel_ask', { message: { type: 'ask', id: 3, ask: { what: 'restart_page' } } })";
    let outcome = driver.outcome(ask);
    assert_eq!(outcome["error"], Value::Null, "{outcome}");
    session.shows(window, "the page that was put back", |picture| is_on(picture, CLICK));
}

#[test]
fn every_shell_knows_the_apps_that_were_opened_last() {
    let session = Session::start("desktop-recent");
    let other = other_app(session.home());
    let driver = Driver::start(&session, &[&fixture("desk")]);
    until("the panel shows the run", || driver.text("h1").filter(|title| title.contains("Desk")));
    let ask = format!("window.__TAURI_INTERNALS__.invoke('shell_ask', {{ ask: {{ what: 'open', path: {other:?} }} }})");
    assert_eq!(driver.outcome(&ask)["error"], Value::Null);
    let pid = until("the other app's window", || session.pid_of("Other"));
    let window = until("it", || session.display.window_of(pid));
    session.shows(window, "its page", |picture| is_off(picture, CLICK));
    assert!(Command::new("kill").arg(pid.to_string()).status().unwrap().success());
    until("the other app ends", || session.pid_of("Other").is_none().then_some(()));
    // Whose window is looked at again when it is the last one.
    driver.click("[aria-label='Open another app']");
    until("the other app is in the menu", || driver.text("[role=menu]").filter(|menu| menu.contains("Other")));
    drop(driver);

    let driver = Driver::start(&session, &[]);
    let listed = || driver.text(".welcome ul");
    until("both are in the list", || listed().filter(|list| list.contains("Other") && list.contains("Desk")));
    driver.click("[aria-label='Remove Other from the list']");
    until("one is in the list", || listed().filter(|list| !list.contains("Other") && list.contains("Desk")));
    let kept = std::fs::read_to_string(session.home().join(".config/wasm-engine/recent.json")).unwrap();
    assert!(!kept.contains("Other") && kept.contains("Desk"), "{kept}");
    driver.click(".welcome input[type=checkbox]");
    until("the entry", || std::fs::read_dir(session.home().join(".config/autostart")).ok()?.flatten().next());
}

#[test]
fn a_second_instance_begins_anew_what_is_over() {
    let session = Session::start("desktop-over");
    let driver = Driver::start(&session, &[&fixture("desk")]);
    until("the panel shows the run", || driver.text(".phase").filter(|phase| phase.contains("running")));
    let first = session.pid_of("Desk").unwrap();
    let ask = "window.__TAURI_INTERNALS__.invoke('panel_ask', { message: { type: 'ask', id: 1, ask: { what: 'stop' } } })";
    assert_eq!(driver.outcome(ask)["error"], Value::Null);
    until("the run is over", || driver.text(".phase").filter(|phase| phase.contains("ended")));
    let status = session.command().arg(fixture("desk")).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{status}");
    let again = until("the app is begun anew", || session.pid_of("Desk").filter(|pid| *pid != first));
    let window = until("its window", || session.display.window_of(again));
    session.shows(window, "its page", |picture| is_off(picture, CLICK));
    assert!(Command::new("kill").arg(again.to_string()).status().unwrap().success());
}
