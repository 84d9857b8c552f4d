//! The shell with an app in it.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use super::desk::{Color, Desk, is_light, is_near, until};
use super::processes;
use super::trace::Trace;

/// Points of the panel as it lies in a window of the sample apps' size: its Pause button, the one that hides its cards, a place of its app bar with nothing in
/// it, and one of its first card's head.
pub(super) const PAUSE: (i16, i16) = (52, 70);
pub(super) const HIDE: (i16, i16) = (318, 33);
pub(super) const BAR: (i16, i16) = (250, 33);
pub(super) const CARD: (i16, i16) = (250, 203);

/// The color of a card.
pub(super) const CARD_COLOR: Color = [255, 255, 255];

/// The color by which a page shows that it is there.
pub(super) const MARK: Color = [0, 200, 0];

/// A shell that runs.
pub(super) struct Shell<'a> {
    desk: &'a Desk,
    child: Child,
    window: u32,
    origin: (i16, i16),
    report: PathBuf,
    trace: PathBuf,
}

impl<'a> Shell<'a> {
    /// Opens an app, and waits until the page shows its mark at `mark` and the panel is there.
    pub(super) fn open(desk: &'a Desk, app: &Path, mark: (i16, i16)) -> Result<Self> {
        let (report, trace) = (desk.scratch().join("report.json"), desk.scratch().join("trace.json"));
        for old in [&report, &trace] {
            let _ = std::fs::remove_file(old);
        }
        let mut command = desk.command(program()?, &desk.home())?;
        command.arg(app).arg("--report").arg(&report).arg("--trace").arg(&trace);
        let child = command.spawn().context("the desktop shell")?;
        let mut shell = Self { desk, child, window: 0, origin: (0, 0), report, trace };
        shell.window = desk.window_of(&mut shell.child).context("the desktop shell")?;
        until("the page", || {
            shell.origin = desk.origin(shell.window)?;
            Ok(is_near(shell.color(mark)?, MARK).then_some(()))
        })?;
        until("the panel in its light theme", || Ok((is_light(shell.color(BAR)?) && !is_light(shell.color(PAUSE)?)).then_some(())))?;
        Ok(shell)
    }

    /// The shell's process and all that it started.
    pub(super) fn processes(&self) -> Vec<u32> {
        processes::tree(self.child.id())
    }

    /// A point of the window as one of the screen.
    pub(super) fn at(&self, (x, y): (i16, i16)) -> (i16, i16) {
        (self.origin.0 + x, self.origin.1 + y)
    }

    /// The color at a point of the window.
    pub(super) fn color(&self, point: (i16, i16)) -> Result<Color> {
        self.desk.color(self.at(point))
    }

    /// Clicks on a point of the window.
    pub(super) fn click(&self, point: (i16, i16)) -> Result<Instant> {
        self.desk.point(self.at(point))?;
        self.desk.click()
    }

    /// Closes the window as a person does, and reads what the shell wrote. Also gives when it was asked to.
    pub(super) fn close(mut self) -> Result<(Trace, Instant)> {
        let asked = Instant::now();
        self.desk.close(self.window);
        let status = until("the shell's end", || Ok(self.child.try_wait()?))?;
        if !status.success() {
            bail!("the shell ended with {status}");
        }
        Ok((Trace::read(&self.trace, &self.report)?, asked))
    }
}

impl Drop for Shell<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the shell is.
pub(super) fn program() -> Result<PathBuf> {
    Ok(PathBuf::from(std::env::var_os("WASM_ENGINE_DESKTOP").context("`cargo xtask bench desktop` says where the desktop shell is")?))
}
