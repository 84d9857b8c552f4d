//! The step `bundles-root`: the deb, from a signed apt repository, into a root in which there is nothing else; there the shell opens an app under Xvfb.

use super::scratch::Scratch;
use super::screen::{Picture, Screen};
use super::trial::Pair;
use super::{depends, make};
use crate::build::Profile;
use crate::failure::{Failure, Result};
use crate::steps::Outcome;
use crate::{build, process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where Debian comes from, when it is not where everybody takes it from.
const MIRROR: &str = "WASM_ENGINE_MIRROR";
/// A sample app of the package, and what its window is called.
const APP: &str = "/usr/share/wasm-engine/apps/triangle.weapp";
const TITLE: &str = "Triangle";
/// For a window on a machine that is busy and draws in software.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn run() -> Result<Outcome> {
    needs()?;
    let pair = Pair::new()?;
    let scratch = Scratch::large()?;
    let out = scratch.join("out");
    make(Profile::Dev, &out, Some(&pair.keys))?;

    let root = Root::install(scratch.join("root"))?;
    copy(&pair.trust.gpg, &root.0.join("usr/share/keyrings/wasm-engine.asc"))?;
    process::check(process::command("cp").arg("-r").arg(out.join("apt")).arg(root.0.join("srv/apt")))?;
    let list = "deb [signed-by=/usr/share/keyrings/wasm-engine.asc] file:/srv/apt stable main\n";
    write(&root.0.join("etc/apt/sources.list.d/wasm-engine.list"), list)?;
    process::check(&mut root.inside("apt-get", &["--quiet", "--error-on=any", "update"]))?;
    // The package, what it depends on, and what it recommends, but not what everything recommends.
    let wanted = ["--quiet", "--yes", "--no-install-recommends", "install", "wasm-engine"];
    process::check(root.inside("apt-get", &wanted).args(depends::RECOMMENDED_DEB))?;

    for program in ["wasm-engine", "wasm-engine-desktop"] {
        let unresolved = process::ask(&mut root.inside("ldd", &[&format!("/usr/bin/{program}")]), "")?;
        if let Some(library) = unresolved.lines().find(|line| line.contains("not found")) {
            return Err(Failure::new(format!("{program} lacks {}", library.trim())));
        }
    }
    process::check(&mut root.inside("wasm-engine", &["--version"]))?;
    process::check(&mut root.inside("grep", &["application/x-wasm-engine-app:", "/usr/share/mime/globs2"]))?;
    opens_a_window(&root, &scratch)?;
    process::check(&mut root.inside("apt-get", &["--quiet", "--yes", "remove", "wasm-engine"]))?;
    if root.0.join("usr/bin/wasm-engine").exists() {
        return Err(Failure::new("the package is removed, and its program is still there"));
    }
    Ok(Outcome::Passed)
}

fn needs() -> Result<()> {
    if process::ask(process::command("id").arg("-u"), "")?.trim() != "0" {
        return Err(Failure::new("a root of its own is made by root only"));
    }
    for (tool, package) in [("debootstrap", "debootstrap"), ("unshare", "util-linux"), ("Xvfb", "xvfb"), ("xdotool", "xdotool")] {
        let is_there = process::on_path(tool) || Path::new("/usr/sbin").join(tool).is_file();
        if !is_there {
            return Err(Failure::with_hint(format!("there is no {tool}"), format!("apt-get install {package}")));
        }
    }
    if build::program_path(Profile::Dev).is_file() && build::desktop_path(Profile::Dev).is_file() {
        return Ok(());
    }
    Err(Failure::with_hint("there are no programs to pack", "`cargo xtask build`"))
}

/// The shell in the root, on a screen of this machine: page, triangle and panel are seen, they move, and it ends when it is told to.
fn opens_a_window(root: &Root, scratch: &Scratch) -> Result<()> {
    let screen = Screen::start(scratch.path())?;
    let display = format!("DISPLAY={}", screen.display);
    let settings = ["-i", "PATH=/usr/bin:/bin", "HOME=/root", "GDK_BACKEND=x11", "NO_AT_BRIDGE=1", "NODEVICE_SELECT=1", &display];
    let mut shell = root.inside("env", &settings);
    let mut shell = Held::start(shell.args(["wasm-engine-desktop", APP]))?;
    let mut xdotool = process::command("xdotool");
    xdotool.env("DISPLAY", &screen.display).args(["search", "--onlyvisible", "--name", TITLE]);
    shell.until("a window", || process::succeeds(&mut xdotool).then_some(()))?;
    let picture = shell.until("panel, page and triangle", || screen.picture().filter(is_all_there))?;
    shell.until("the triangle to turn", || screen.picture().filter(|now| *now != picture))?;
    let shown = process::target_dir().join("bundles-root.ppm");
    picture.save(&shown)?;
    eprintln!("xtask: the window is in {}", shown.display());
    process::check(process::command("kill").arg("-TERM").arg(shell.0.id().to_string()))?;
    let start = Instant::now();
    while shell.0.try_wait().ok().flatten().is_none() {
        if start.elapsed() > Duration::from_secs(20) {
            return Err(Failure::new("the shell was told to end, and did not"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The panel's light ground at the left, more than it has before the run has answered it; in the middle the page's light letters, and a colored
/// corner of the triangle, which looks out from under the panel once in each turn.
fn is_all_there(picture: &Picture) -> bool {
    let panel = picture.count(0, |least, _| least > 240);
    let letters = picture.count(1, |least, _| least > 180);
    let triangle = picture.count(1, |least, most| most - least > 100);
    panel > 100_000 && letters > 500 && triangle > 50
}

/// A Debian of its own.
struct Root(PathBuf);

impl Root {
    fn install(folder: PathBuf) -> Result<Self> {
        let mirror = std::env::var(MIRROR).unwrap_or_else(|_| "http://deb.debian.org/debian".to_owned());
        // What is packed is linked with this machine's libraries, so the root is of the same release.
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        let suite = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).unwrap_or("bookworm");
        let mut debootstrap = process::command("debootstrap");
        debootstrap.args(["--variant=minbase", "--include=ca-certificates", suite]).arg(&folder).arg(mirror);
        process::check(debootstrap.stdout(Stdio::null()))?;
        Ok(Self(folder))
    }

    /// A program of the root. What is mounted for it is seen by it alone, and gone with it.
    fn inside(&self, program: &str, args: &[&str]) -> Command {
        const SCRIPT: &str = "cd \"$0\" && mount -t proc proc proc && mount -t sysfs -o ro sysfs sys && mount -t tmpfs tmpfs dev/shm && \
                              mount -t devpts devpts dev/pts && exec chroot . \"$@\"";
        let mut inside = process::command("unshare");
        inside.args(["--mount", "sh", "-c", SCRIPT]).arg(&self.0).arg(program).args(args);
        inside.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8");
        inside
    }
}

/// A process that ends with the step.
pub(super) struct Held(pub(super) Child);

impl Held {
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        eprintln!("$ {}", process::shown(command));
        command.spawn().map(Self).map_err(|error| Failure::new(format!("`{}`: {error}", process::shown(command))))
    }

    /// Waits for something, unless the process ends first.
    fn until<T>(&mut self, what: &str, mut ask: impl FnMut() -> Option<T>) -> Result<T> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(answer) = ask() {
                return Ok(answer);
            }
            if let Ok(Some(status)) = self.0.try_wait() {
                return Err(Failure::new(format!("the shell ended with {status} before there was {what}")));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Err(Failure::new(format!("waited in vain for {what}")))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).map(|_| ()).map_err(|error| Failure::new(format!("{}: {error}", to.display())))
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
