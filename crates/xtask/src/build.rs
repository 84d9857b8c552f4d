//! Builds the program and the kernels of the apps.

use crate::failure::{Failure, Result};
use crate::setup::{self, Purpose};
use crate::{packages, panel, process};
use std::path::{Path, PathBuf};

/// Which build.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Profile {
    /// What `run` and `test` use.
    Dev,
    /// The same, for a Tracy profiler to attach to.
    Tracy,
    /// What is shipped.
    Release,
}

pub(crate) fn command(args: &[String]) -> Result<()> {
    if !args.is_empty() {
        return Err(Failure::usage(format!("build does not know {args:?}"), "`cargo xtask help build`"));
    }
    setup::ensure(Purpose::Run)?;
    let program = program(Profile::Dev)?;
    kernels(&program, &apps()?)
}

/// Builds the `wasm-engine` program and returns where it lies.
pub(crate) fn program(profile: Profile) -> Result<PathBuf> {
    let path = program_path(profile);
    if !path.exists() {
        eprintln!("xtask: the first build compiles Servo and its JavaScript engine: about half an hour on two cores, once");
    }
    programs(profile)?;
    if path.is_file() {
        Ok(path)
    } else {
        Err(Failure::new(format!("cargo built {} and yet there is no {}", packages::CLI, path.display())))
    }
}

/// Builds the panel and the two programs that people run.
pub(crate) fn programs(profile: Profile) -> Result<()> {
    panel::build()?;
    let mut cargo = process::cargo(&["build"]);
    cargo.args(packages::PROGRAMS);
    match profile {
        Profile::Dev => {}
        Profile::Tracy => drop(cargo.args(["--features", packages::FOR_TRACY])),
        // Tauri's word for what is shipped. Of all that is compiled it changes Tauri alone.
        Profile::Release => drop(cargo.args(["--release", "--features", "tauri/custom-protocol"])),
    }
    process::check(&mut cargo)
}

/// Where cargo puts what it builds.
pub(crate) fn folder(profile: Profile) -> PathBuf {
    process::target_dir().join(match profile {
        Profile::Dev | Profile::Tracy => "debug",
        Profile::Release => "release",
    })
}

/// Where the program lies once it is built.
pub(crate) fn program_path(profile: Profile) -> PathBuf {
    folder(profile).join(packages::program_name())
}

/// Where the desktop shell lies once it is built.
pub(crate) fn desktop_path(profile: Profile) -> PathBuf {
    folder(profile).join(packages::desktop_name())
}

/// Builds the kernels of each app, with the program's own `build` command.
pub(crate) fn kernels(program: &Path, apps: &[PathBuf]) -> Result<()> {
    for app in apps {
        process::check(process::command(program).arg("build").arg(app))?;
    }
    Ok(())
}

/// The folders under `apps/` that hold a manifest, in alphabetical order.
pub(crate) fn apps() -> Result<Vec<PathBuf>> {
    let folder = process::root().join("apps");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::new(format!("{}: {error}", folder.display()))),
    };
    let mut apps: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.join("app.toml").is_file()).collect();
    apps.sort();
    Ok(apps)
}
