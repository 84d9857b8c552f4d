//! The panel as a WebDriver sees it: `tauri-driver` has WebKitGTK's own driver start the shell.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Session, until};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A driver, and its session with a shell's panel.
pub(crate) struct Driver {
    process: Child,
    port: u16,
    session: String,
    home: PathBuf,
}

impl Driver {
    /// Starts the shell with these arguments.
    pub(crate) fn start(desktop: &Session, arguments: &[&str]) -> Self {
        let (port, native) = (free_port(), free_port());
        let shell = desktop.command();
        let tools = Path::new(shell.get_program()).ancestors().nth(2).unwrap().join("tools/bin");
        let mut command = Command::new(tools.join("tauri-driver"));
        for (name, value) in shell.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.args(["--port", &port.to_string(), "--native-port", &native.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("tauri-driver: `cargo xtask setup --all` brings it");
        let mut driver = Self { process, port, session: String::new(), home: desktop.home().to_owned() };
        for port in [native, port] {
            until("the driver listens", || TcpStream::connect(("127.0.0.1", port)).ok());
        }
        let options = json!({ "application": shell.get_program().to_str(), "args": arguments });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "tauri:options": options } } });
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

    /// The shells of its desktop, which are nobody's children.
    fn shells(&self) -> Vec<u32> {
        let home = format!("XDG_RUNTIME_DIR={}", self.home.display());
        let is_shell = |process: &Path| {
            let program = process.join("exe").read_link().unwrap_or_default();
            let environment = std::fs::read(process.join("environ")).unwrap_or_default();
            program == Path::new(env!("CARGO_BIN_EXE_wasm-engine-desktop"))
                && environment.split(|byte| *byte == 0).any(|one| one == home.as_bytes())
        };
        let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        processes.filter(|process| is_shell(process)).filter_map(|process| process.file_name()?.to_str()?.parse().ok()).collect()
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
        // Not to be closed after the answer: passed on to WebKit's driver, that makes it reset the connection now and then.
        write!(socket, "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
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
        // It ends WebKit's driver with itself when it is asked to, and leaves it behind when it is killed.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        // Until a shell has ended it stands for its app; a driver that ends at once may leave it behind.
        for shell in self.shells() {
            let _ = Command::new("kill").arg(shell.to_string()).stderr(Stdio::null()).status();
            let start = Instant::now();
            while Path::new(&format!("/proc/{shell}/exe")).read_link().is_ok() && start.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Free a moment ago; nobody else on this machine takes ports without asking for any.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
