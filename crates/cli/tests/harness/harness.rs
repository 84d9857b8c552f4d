//! Starting the binary as a user does, and looking at what it leaves behind.

#![allow(dead_code, reason = "each test file uses its part")]

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);

/// The binary under test, with a cache of its own, quiet about warnings.
pub(crate) fn engine() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasm-engine"));
    command.env("WASM_ENGINE_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("RUST_LOG");
    command
}

fn root() -> PathBuf {
    Path::new("../..").canonicalize().unwrap()
}

/// A sample app, with its guests built. Built once in this process; cargo's own lock keeps processes apart.
pub(crate) fn app(name: &str) -> PathBuf {
    built(root().join("apps").join(name))
}

/// An app of the tests' own.
pub(crate) fn fixture(name: &str) -> PathBuf {
    built(root().join("crates/cli/tests/fixtures").join(name))
}

fn built(folder: PathBuf) -> PathBuf {
    static DONE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let mut done = DONE.lock().unwrap();
    if !done.contains(&folder) {
        succeed(engine().arg("build").arg(&folder));
        done.push(folder.clone());
    }
    folder
}

/// An empty folder for one test.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a command that has to work.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A headless run.
pub(crate) struct Run {
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
}

impl Run {
    pub(crate) fn new(app: &Path) -> Self {
        Self { arguments: vec!["run".into(), app.into(), "--headless".into(), "--json".into()], environment: Vec::new() }
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(crate) fn args<const N: usize>(self, arguments: [&str; N]) -> Self {
        arguments.iter().fold(self, |run, argument| run.arg(argument))
    }

    pub(crate) fn path(self, path: &Path) -> Self {
        self.arg(path)
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes frame.png into this folder.
    pub(crate) fn out(self, folder: &Path) -> Self {
        self.arg("--out").path(&folder.join("frame.png"))
    }

    /// Runs it; gives exit code and the JSON that it printed, and standard error.
    pub(crate) fn finish(self) -> (Option<i32>, serde_json::Value, String) {
        let output = engine().args(&self.arguments).envs(self.environment).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{stderr}", String::from_utf8_lossy(&output.stdout)));
        // A guest's panic is logged without a thread's name; the engine's own begins with one.
        assert!(!stderr.contains("thread '"), "{stderr}");
        (output.status.code(), value, stderr)
    }

    /// Runs it; it has to end well. Gives the report.
    pub(crate) fn succeed(self) -> serde_json::Value {
        let (code, report, stderr) = self.finish();
        assert_eq!(code, Some(0), "{report}\n{stderr}");
        report
    }

    /// Runs it; it has to end with this exit code and this error. Gives the error.
    pub(crate) fn fail(self, exit: i32, code: &str) -> serde_json::Value {
        let (status, value, stderr) = self.finish();
        assert_eq!((status, value["error"]["code"].as_str()), (Some(exit), Some(code)), "{value}\n{stderr}");
        value["error"].clone()
    }
}

/// The lines of a JSON-lines file.
pub(crate) fn json_lines(path: &Path) -> Vec<serde_json::Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Number of different colors in a picture.
pub(crate) fn distinct_colors(picture: &image::RgbaImage) -> usize {
    picture.pixels().map(|pixel| pixel.0).collect::<std::collections::HashSet<_>>().len()
}

/// Asks again and again until there is an answer.
pub(crate) fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "no answer in {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What Ctrl-C does.
pub(crate) fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// How a child ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
}

/// Waits for a child whose standard output is piped.
pub(crate) fn wait(child: &mut Child) -> Ended {
    let status = until(|| child.try_wait().unwrap());
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    Ended { code: status.code(), stdout }
}
