//! Runs the comparisons.

use crate::build::{self, Profile};
use crate::failure::{Failure, Result};
use crate::setup::{self, Purpose};
use crate::{packages, panel, process};
use std::path::PathBuf;

/// Asks for the programs as they are shipped.
const RELEASE: &str = "--release";

pub(crate) fn command(args: &[String]) -> Result<()> {
    setup::ensure(Purpose::Bench)?;
    let mut bench = process::cargo(&["run", "--release", "--package", packages::BENCH, "--"]);
    bench.env("CARGO_TARGET_DIR", target_dir());
    let (flags, args): (Vec<_>, Vec<_>) = args.iter().partition(|arg| *arg == RELEASE);
    let name = args.first().map(|name| name.as_str());
    let profile = if flags.is_empty() { Profile::Dev } else { Profile::Release };
    // The frame's way and the desktop are measured on the programs and the sample apps.
    if matches!(name, Some("frames" | "desktop")) {
        let program = build::program(profile)?;
        build::kernels(&program, &build::apps()?)?;
        bench.env("WASM_ENGINE_PROGRAM", program);
    } else if !flags.is_empty() {
        return Err(Failure::usage(
            "--release chooses the programs that `frames` and `desktop` measure",
            "leave it out: what else there is to measure is in the release profile",
        ));
    }
    bench.args(&args);
    if name == Some("desktop") {
        bench.env("WASM_ENGINE_DESKTOP", build::desktop_path(profile));
        if let Some(panel) = recorded_panel()? {
            bench.env("WASM_ENGINE_PANEL_DEMO", panel);
        }
    }
    process::check(&mut bench)
}

/// Builds the panel with recorded data, for the browser that the shell is compared with; `None` without npm.
fn recorded_panel() -> Result<Option<PathBuf>> {
    if !process::on_path("npm") {
        return Ok(None);
    }
    panel::install()?;
    let folder = process::root().join("ui");
    process::check(process::command("npm").args(["run", "build:demo"]).current_dir(&folder))?;
    Ok(Some(folder.join("dist-demo")))
}

/// A folder of its own: the peers' build dependencies have other features than Servo's, see `packages`.
pub(crate) fn target_dir() -> PathBuf {
    process::target_dir().join("bench")
}
