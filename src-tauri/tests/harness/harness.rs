//! The shell as a person starts it: under an X server with a window manager and a session bus of its own.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod desk;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use image::RgbImage;
use wasm_engine_testkit::XServer;

/// How long anything may take on a busy machine before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// One desktop at a time: a software GPU and an X server beside it take the whole machine.
static ALONE: Mutex<()> = Mutex::new(());

/// A desktop for the shell to run on.
pub(crate) struct Session {
    pub(crate) display: XServer,
    bus: Child,
    address: String,
    home: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Session {
    /// Starts one, when the one before has ended. `name` is the folder of what it leaves behind.
    pub(crate) fn start(name: &str) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(&home).unwrap();
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon: `cargo xtask setup --all` brings it");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        // Room for a window of 1000×700 points at twice the scale.
        Self { display: XServer::start(2100, 1500).managed(), bus, address: address.trim().to_owned(), home, _alone: alone }
    }

    /// Where its message bus is.
    pub(crate) fn bus(&self) -> &str {
        &self.address
    }

    /// Where what the test makes belongs.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The process whose window has this title.
    pub(crate) fn pid_of(&self, title: &str) -> Option<u32> {
        let windows = self.display.xdotool(&["search", "--onlyvisible", "--name", &format!("^{title}$")]);
        self.display.xdotool(&["getwindowpid", windows.lines().next()?]).parse().ok()
    }

    /// The shell, not yet started.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.with_desktop(Command::new(env!("CARGO_BIN_EXE_wasm-engine-desktop")));
        command.env("WASM_ENGINE_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        for name in ["RUST_LOG", "WASM_ENGINE_CONFIG"] {
            command.env_remove(name);
        }
        command
    }

    /// A program that is to run on this desktop.
    pub(crate) fn with_desktop(&self, mut command: Command) -> Command {
        command
            .env("DISPLAY", self.display.name())
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env("HOME", &self.home)
            .env("XDG_RUNTIME_DIR", &self.home);
        for name in ["WAYLAND_DISPLAY", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
            command.env_remove(name);
        }
        command
    }

    /// Starts the shell with these arguments and waits for its window.
    pub(crate) fn open(&self, arguments: &[&str]) -> Shell<'_> {
        self.open_with(self.command().args(arguments))
    }

    /// As [`Self::open`], for a command with an environment of its own.
    pub(crate) fn open_with(&self, command: &mut Command) -> Shell<'_> {
        let shell = self.open_where_it_was(command);
        let window = shell.window.to_string();
        // Where every size that a test gives it is on the screen: there are no pictures of what is not.
        self.display.xdotool(&["windowactivate", "--sync", &window, "windowmove", &window, "20", "40"]);
        shell
    }

    /// As [`Self::open_with`], and leaves the window at its place.
    pub(crate) fn open_where_it_was(&self, command: &mut Command) -> Shell<'_> {
        let child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut shell = Shell { session: self, child, window: 0 };
        shell.window = until("the shell shows its window", || {
            assert!(shell.child.try_wait().unwrap().is_none(), "the shell has ended");
            self.display.window_of(shell.child.id())
        });
        shell
    }

    /// Waits until a window's colors are like this. When they never are, the last picture stays as `failed.png`.
    pub(crate) fn shows(&self, window: u32, what: &str, is_so: impl Fn(&RgbImage) -> bool) -> RgbImage {
        let last = std::cell::RefCell::new(None);
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(what, || {
                let picture = self.display.picture(window)?;
                let answer = is_so(&picture).then(|| picture.clone());
                *last.borrow_mut() = Some(picture);
                answer
            })
        }));
        seen.unwrap_or_else(|panic| {
            match last.take() {
                Some(picture) => drop(picture.save(self.home.join("failed.png"))),
                None => eprintln!("no picture: {}", self.display.xdotool(&["getwindowgeometry", &window.to_string()])),
            }
            std::panic::resume_unwind(panic)
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

/// A shell that runs.
pub(crate) struct Shell<'a> {
    session: &'a Session,
    pub(crate) child: Child,
    pub(crate) window: u32,
}

impl Shell<'_> {
    /// What the window shows.
    pub(crate) fn picture(&self) -> Option<RgbImage> {
        self.session.display.picture(self.window)
    }

    /// The color at a point of the window.
    pub(crate) fn color(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        self.picture()?.get_pixel_checked(x, y).map(|pixel| pixel.0)
    }

    /// Moves the pointer to a point of the window and does what else xdotool is told.
    pub(crate) fn pointer(&self, x: u32, y: u32, then: &[&str]) {
        let (window, x, y) = (self.window.to_string(), x.to_string(), y.to_string());
        let arguments = ["mousemove", "--window", &window, &x, &y];
        self.session.display.xdotool(&[&arguments, then].concat());
    }

    pub(crate) fn click(&self, x: u32, y: u32) {
        self.pointer(x, y, &["click", "1"]);
    }

    pub(crate) fn keys(&self, arguments: &[&str]) {
        self.session.display.xdotool(arguments);
    }

    /// Waits until the window's colors are like this.
    pub(crate) fn shows(&self, what: &str, is_so: impl Fn(&RgbImage) -> bool) -> RgbImage {
        self.session.shows(self.window, what, is_so)
    }

    /// Closes the window as a person does. Gives what the shell said.
    pub(crate) fn close(mut self) -> String {
        self.session.display.close(self.window);
        let status = until("the shell ends", || self.child.try_wait().unwrap());
        let mut said = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(status.success(), "{status}\n{said}");
        said
    }
}

impl Drop for Shell<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An app of the tests' own.
pub(crate) fn fixture(name: &str) -> String {
    std::path::absolute("tests/fixtures").unwrap().join(name).display().to_string()
}

/// Asks again and again until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What is seen, if it is the same a moment later.
pub(crate) fn at_rest(see: impl Fn() -> Option<RgbImage>) -> Option<RgbImage> {
    let one = see()?;
    std::thread::sleep(Duration::from_millis(700));
    let other = see()?;
    (one == other).then_some(other)
}

/// Share of pixels that differ by more than a rounding.
pub(crate) fn difference(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let differs = |(a, b): (&image::Rgb<u8>, &image::Rgb<u8>)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 2);
    one.pixels().zip(other.pixels()).filter(|pair| differs((pair.0, pair.1))).count() as f64 / f64::from(one.width() * one.height())
}

/// The processes that a process has started, and those that these have, with their names.
pub(crate) fn children(pid: u32) -> Vec<(u32, String)> {
    let stats = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (id, rest) = stat.split_once(" (")?;
        let (name, rest) = rest.rsplit_once(") ")?;
        let parent: u32 = rest.split(' ').nth(1)?.parse().ok()?;
        Some((id.parse::<u32>().ok()?, name.to_owned(), parent))
    });
    let all: Vec<_> = stats.collect();
    let mut found = vec![(pid, String::new())];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next].0;
        found.extend(all.iter().filter(|(_, _, of)| *of == parent).map(|(id, name, _)| (*id, name.clone())));
        next += 1;
    }
    found
}
