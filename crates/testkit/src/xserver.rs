//! An X server of a test's own: Xvfb, xdotool for input, and pictures of windows.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use image::RgbImage;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask, ImageFormat, PropMode};
use x11rb::wrapper::ConnectionExt as _;

/// An X server without a screen, and a window manager if one is asked for. Both end with it.
pub struct XServer {
    server: Child,
    manager: Option<Child>,
    name: String,
}

impl XServer {
    /// Starts Xvfb with a screen of this size. It finds a free display by itself.
    ///
    /// # Panics
    /// When there is no Xvfb, which the set-up brings.
    #[must_use]
    pub fn start(width: u32, height: u32) -> Self {
        // It does not begin anew when its last client goes, which would turn away one that comes at that moment.
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb: `cargo xtask setup --all` brings it");
        let mut line = String::new();
        let output = server.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("Xvfb says its display");
        Self { name: format!(":{}", line.trim()), server, manager: None }
    }

    /// Adds a window manager: without one no window has a frame, and none gets the focus.
    ///
    /// # Panics
    /// When there is no openbox, which the set-up brings.
    #[must_use]
    pub fn managed(mut self) -> Self {
        let manager = Command::new("openbox").env("DISPLAY", &self.name).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.manager = Some(manager.expect("openbox: `cargo xtask setup --all` brings it"));
        self
    }

    /// What `DISPLAY` has to be.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs xdotool, and gives what it says.
    ///
    /// # Panics
    /// When there is no xdotool, which the set-up brings.
    pub fn xdotool(&self, arguments: &[&str]) -> String {
        let output = Command::new("xdotool").env("DISPLAY", &self.name).args(arguments).output();
        let output = output.expect("xdotool: `cargo xtask setup --all` brings it");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The window that this process shows, as soon as it does.
    #[must_use]
    pub fn window_of(&self, pid: u32) -> Option<u32> {
        self.xdotool(&["search", "--onlyvisible", "--pid", &pid.to_string()]).lines().next()?.parse().ok()
    }

    /// Asks a window's program to close it, as the cross in its frame does.
    ///
    /// # Panics
    /// When the X server has gone.
    pub fn close(&self, window: u32) {
        let ask = || -> Result<(), Box<dyn std::error::Error>> {
            let (connection, _) = x11rb::connect(Some(&self.name))?;
            let protocols = connection.intern_atom(false, b"WM_PROTOCOLS")?.reply()?.atom;
            let delete = connection.intern_atom(false, b"WM_DELETE_WINDOW")?.reply()?.atom;
            let message = ClientMessageEvent::new(32, window, protocols, [delete, x11rb::CURRENT_TIME, 0, 0, 0]);
            connection.send_event(false, window, EventMask::NO_EVENT, message)?.check()?;
            Ok(())
        };
        ask().expect("the X server takes the message");
    }

    /// Sets the resources that programs read when they start, as `xrdb` does: `NAME:\tVALUE\n` for each.
    ///
    /// # Panics
    /// When the X server has gone.
    pub fn set_resources(&self, text: &str) {
        let set = || -> Result<(), Box<dyn std::error::Error>> {
            let (connection, screen) = x11rb::connect(Some(&self.name))?;
            let root = connection.setup().roots.get(screen).ok_or("no such screen")?.root;
            let property =
                connection.change_property8(PropMode::REPLACE, root, AtomEnum::RESOURCE_MANAGER, AtomEnum::STRING, text.as_bytes());
            property?.check()?;
            Ok(())
        };
        set().expect("the X server takes the resources");
    }

    /// What a window shows, with everything in it; `None` when it is not all on the screen.
    #[must_use]
    pub fn picture(&self, window: u32) -> Option<RgbImage> {
        let (connection, _) = x11rb::connect(Some(&self.name)).ok()?;
        let size = connection.get_geometry(window).ok()?.reply().ok()?;
        let shot = connection.get_image(ImageFormat::Z_PIXMAP, window, 0, 0, size.width, size.height, u32::MAX).ok()?.reply().ok()?;
        let rgb = shot.data.as_chunks::<4>().0.iter().flat_map(|[blue, green, red, _]| [*red, *green, *blue]).collect();
        RgbImage::from_raw(u32::from(size.width), u32::from(size.height), rgb)
    }
}

impl Drop for XServer {
    fn drop(&mut self) {
        for child in self.manager.iter_mut().chain([&mut self.server]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
