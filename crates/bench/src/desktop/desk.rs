//! A desktop of the benchmark's own: Xvfb with a window manager and a session bus, what the screen shows, and clicks that do not wait for a program to start.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use wasm_engine_testkit::XServer;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, ImageFormat, MOTION_NOTIFY_EVENT, Window};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// Size of the screen.
pub(super) const SCREEN: (u16, u16) = (1600, 1000);

/// How long anything may take on a busy machine before it counts as hung.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What a desktop is made of.
const PARTS: [&str; 4] = ["Xvfb", "openbox", "dbus-daemon", "xdotool"];

/// What a program may not inherit: it is to see this desktop and its own home alone.
const FOREIGN: [&str; 7] =
    ["WAYLAND_DISPLAY", "RUST_LOG", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "WASM_ENGINE_CONFIG", "WASM_ENGINE_PANEL"];

/// A color, red first.
pub(super) type Color = [u8; 3];

/// The desktop. It ends with this.
pub(super) struct Desk {
    server: XServer,
    connection: RustConnection,
    root: Window,
    bus: Child,
    address: String,
    scratch: PathBuf,
}

impl Desk {
    /// Starts one. What it leaves behind goes below `scratch`.
    pub(super) fn start(scratch: &Path) -> Result<Self> {
        if let Some(missing) = PARTS.iter().find(|name| !is_on_path(name)) {
            bail!("no {missing} here: `cargo xtask setup --all` brings it");
        }
        std::fs::create_dir_all(scratch)?;
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("dbus-daemon")?;
        let mut address = String::new();
        BufReader::new(bus.stdout.take().context("dbus-daemon's output")?).read_line(&mut address)?;
        let server = XServer::start(u32::from(SCREEN.0), u32::from(SCREEN.1)).managed();
        let (connection, screen) = x11rb::connect(Some(server.name())).context("the X server just started")?;
        let root = connection.setup().roots.get(screen).context("the X server has a screen")?.root;
        Ok(Self { server, connection, root, bus, address: address.trim().to_owned(), scratch: scratch.to_owned() })
    }

    /// Where things may be written.
    pub(super) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// The home of the person who uses the shell.
    pub(super) fn home(&self) -> PathBuf {
        self.scratch.join("home")
    }

    /// A program on this desktop, not yet started, whose person has this home.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>, home: &Path) -> Result<Command> {
        std::fs::create_dir_all(home)?;
        let mut command = Command::new(program);
        command
            .env("DISPLAY", self.server.name())
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("WASM_ENGINE_CACHE", home.join("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for name in FOREIGN {
            command.env_remove(name);
        }
        Ok(command)
    }

    /// The window that a process shows, as soon as it does.
    pub(super) fn window_of(&self, child: &mut Child) -> Result<Window> {
        let window = until("a window", || match child.try_wait()? {
            Some(status) => bail!("it ended before it had a window: {status}"),
            None => Ok(self.server.window_of(child.id())),
        })?;
        self.server.xdotool(&["windowactivate", "--sync", &window.to_string()]);
        Ok(window)
    }

    /// Where on the screen a window begins.
    pub(super) fn origin(&self, window: Window) -> Result<(i16, i16)> {
        let place = self.connection.translate_coordinates(window, self.root, 0, 0)?.reply()?;
        Ok((place.dst_x, place.dst_y))
    }

    /// What the screen shows there, row by row.
    pub(super) fn pixels(&self, (x, y): (i16, i16), width: u16, height: u16) -> Result<Vec<Color>> {
        let shot = self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, x, y, width, height, u32::MAX)?.reply();
        let shot = shot.with_context(|| format!("{width}x{height} at {x},{y} of the screen"))?;
        Ok(shot.data.as_chunks::<4>().0.iter().map(|[blue, green, red, _]| [*red, *green, *blue]).collect())
    }

    /// The color at a point of the screen.
    pub(super) fn color(&self, at: (i16, i16)) -> Result<Color> {
        self.pixels(at, 1, 1)?.first().copied().context("a pixel")
    }

    /// Moves the pointer to a point of the screen.
    pub(super) fn point(&self, (x, y): (i16, i16)) -> Result<()> {
        self.connection.xtest_fake_input(MOTION_NOTIFY_EVENT, 0, x11rb::CURRENT_TIME, self.root, x, y, 0)?.check()?;
        Ok(())
    }

    /// Presses and releases the left button where the pointer is. Returns when the X server was told.
    pub(super) fn click(&self) -> Result<Instant> {
        for event in [BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT] {
            self.connection.xtest_fake_input(event, 1, x11rb::CURRENT_TIME, self.root, 0, 0, 0)?;
        }
        let told = Instant::now();
        self.connection.flush()?;
        Ok(told)
    }

    /// Types a key, by xdotool's name for it.
    pub(super) fn key(&self, name: &str) {
        self.server.xdotool(&["key", name]);
    }

    /// Asks a window's program to close it.
    pub(super) fn close(&self, window: Window) {
        self.server.close(window);
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

/// Asks again and again until there is an answer.
pub(super) fn until<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if start.elapsed() > PATIENCE {
            bail!("waited in vain for {what}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether two colors are the same but for a rounding.
pub(super) fn is_near(one: Color, other: Color) -> bool {
    one.iter().zip(other).all(|(a, b)| a.abs_diff(b) <= 6)
}

/// Whether a color is as light as the panel's cards are.
pub(super) fn is_light(color: Color) -> bool {
    color.iter().all(|part| *part > 230)
}

/// True when the program lies on the `PATH`.
pub(super) fn is_on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|paths| std::env::split_paths(&paths).any(|folder| folder.join(program).is_file()))
}
