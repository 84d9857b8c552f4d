//! The panel as a WebDriver sees it: WebKitGTK's own driver starts the shell, as `tauri-driver` has it do.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Session, until};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A driver, and its session with a shell's panel.
pub(crate) struct Driver {
    process: Child,
    port: u16,
    session: String,
}

impl Driver {
    /// Starts the shell with these arguments.
    pub(crate) fn start(desktop: &Session, arguments: &[&str]) -> Self {
        // Free a moment ago; nobody else on this machine takes ports without asking for any.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let shell = desktop.command();
        let mut command = std::process::Command::new("WebKitWebDriver");
        for (name, value) in shell.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("TAURI_WEBVIEW_AUTOMATION", "true");
        command.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("WebKitWebDriver: `cargo xtask setup --all` brings it");
        let mut driver = Self { process, port, session: String::new() };
        until("the driver listens", || TcpStream::connect(("127.0.0.1", port)).ok());
        let options = json!({ "binary": shell.get_program().to_str(), "args": arguments });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let begun = driver.ask("POST", "/session", &wanted);
        driver.session = begun["sessionId"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned();
        driver
    }

    /// The text of the first element that this CSS selector finds.
    pub(crate) fn text(&self, selector: &str) -> Option<String> {
        let script = "return document.querySelector(arguments[0])?.innerText ?? null";
        let text = self.ask("POST", &format!("{}/execute/sync", self.path()), &json!({ "script": script, "args": [selector] }));
        text.as_str().map(str::to_owned)
    }

    /// Clicks on the first element that this CSS selector finds.
    pub(crate) fn click(&self, selector: &str) {
        let element = until(selector, || self.find(selector));
        self.ask("POST", &format!("{}/element/{element}/click", self.path()), &json!({}));
    }

    /// What a promise of the panel's script comes to, or the error that it throws.
    pub(crate) fn outcome(&self, promise: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1]; (async () => {promise})().then((value) => done({{ value }}), (error) => done({{ error }}));"
        );
        self.ask("POST", &format!("{}/execute/async", self.path()), &json!({ "script": script, "args": [] }))
    }

    fn path(&self) -> String {
        format!("/session/{}", self.session)
    }

    fn find(&self, selector: &str) -> Option<String> {
        let found = self.ask("POST", &format!("{}/element", self.path()), &json!({ "using": "css selector", "value": selector }));
        found.as_object()?.values().next()?.as_str().filter(|_| found["error"].is_null()).map(str::to_owned)
    }

    /// The `value` of the driver's answer.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        write!(socket, "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        // The driver may keep the connection open, so its length tells where the answer ends.
        let mut bytes = [0; 65536];
        loop {
            let read = socket.read(&mut bytes).unwrap();
            answer.push_str(&String::from_utf8_lossy(&bytes[..read]));
            let Some((head, text)) = answer.split_once("\r\n\r\n") else {
                assert_ne!(read, 0, "{answer}");
                continue;
            };
            let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
            if read == 0 || length.is_some_and(|length| text.len() >= length) {
                return serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error}: {answer}"))["value"].take();
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            self.ask("DELETE", &self.path(), &Value::Null);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
