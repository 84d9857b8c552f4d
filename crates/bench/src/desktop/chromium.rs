//! Debian's chromium, as people start an app with it.

use std::path::Path;
use std::process::Child;

use anyhow::{Context as _, Result};

use super::content::SIZE;
use super::desk::{Desk, is_on_path, until};
use super::processes;

/// The program.
const PROGRAM: &str = "chromium";

/// What keeps it from asking, and from talking to the network: neither belongs to what is compared.
const QUIET: [&str; 6] = [
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--password-store=basic",
    // It does not run as root otherwise, which tests in containers do.
    "--no-sandbox",
];

/// Whether there is one.
pub(super) fn is_there() -> bool {
    is_on_path(PROGRAM)
}

/// What is said where there is none.
pub(super) const MISSING: &str = "no chromium here: `apt install chromium` brings it";

/// A chromium that runs.
pub(super) struct Chromium(Child);

impl Chromium {
    /// Opens an address in a window of its own, with the profile in this folder.
    pub(super) fn open(desk: &Desk, home: &Path, address: &str) -> Result<Self> {
        let mut command = desk.command(PROGRAM, home)?;
        command.args(QUIET).arg(format!("--user-data-dir={}", home.join("profile").display()));
        command.arg(format!("--window-size={},{}", SIZE.0, SIZE.1)).arg(format!("--app={address}"));
        Ok(Self(command.spawn().context(PROGRAM)?))
    }

    /// Its process and all that it started.
    pub(super) fn processes(&self) -> Vec<u32> {
        processes::tree(self.0.id())
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.0.try_wait()?.is_some())
    }

    /// Ends it as a session does that is logged out of, so that it keeps its profile.
    pub(super) fn end(mut self) -> Result<()> {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        until("chromium's end", || Ok(self.0.try_wait()?)).map(|_| ())
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
