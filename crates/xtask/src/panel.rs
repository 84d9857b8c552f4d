//! The control panel's web front end, `ui/`: built with npm before the program, which carries it along.

use crate::failure::{Failure, Result};
use crate::process;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// What the built panel is made of, in `ui/`.
const SOURCES: &[&str] = &["src", "public", "index.html", "package-lock.json", "svelte.config.js", "tsconfig.json", "vite.config.ts"];

/// Writes one line for each package that is not there for its development alone.
const THIRD_PARTY: &str = "Object.entries(require('./package-lock.json').packages)
    .filter(([path, { dev }]) => path && !dev)
    .map(([path]) => require(`./${path}/package.json`))
    .map(({ name, version, license, homepage, repository }) => `${name} v${version} | ${license} | ${homepage ?? repository?.url ?? repository}`)
    .join('\\n')";

/// Builds the panel, if it is not newer than what it is made of.
pub(crate) fn build() -> Result<()> {
    if !process::on_path("npm") {
        eprintln!("xtask: no npm here, so `wasm-engine serve` and the desktop shell will have no panel of their own to show");
        // The shell does not compile where the folder is missing.
        return std::fs::create_dir_all(folder().join("dist")).map_err(|error| Failure::new(format!("ui/dist: {error}")));
    }
    let built = modified(&folder().join("dist/index.html"));
    let changed = SOURCES.iter().map(|source| modified(&folder().join(source))).max().flatten();
    if built.is_some() && built >= changed {
        return Ok(());
    }
    install()?;
    process::check(&mut npm(&["run", "build"]))
}

/// Checks types and runs the panel's tests: those of its logic, and with a browser those of what is seen. With a program that is built they take in a real run.
pub(crate) fn test(browser: bool, program: Option<&Path>) -> Result<()> {
    install()?;
    build()?;
    process::check(&mut npm(&["run", "check"]))?;
    process::check(&mut npm(&["test"]))?;
    if !browser {
        return Ok(());
    }
    let mut seen = npm(&["run", "test:panel"]);
    if let Some(program) = program {
        seen.env("WASM_ENGINE_PROGRAM", program).env("WASM_ENGINE_APP", process::root().join("apps/swarm"));
    }
    process::check(&mut seen)
}

/// Every package from outside that the panel is built of, with its licence and its home: those that it runs with, and what they bring along.
pub(crate) fn third_party() -> Result<String> {
    if !process::on_path("npm") {
        return Ok(String::new());
    }
    install()?;
    process::ask(process::command("node").args(["-p", THIRD_PARTY]).current_dir(folder()), "")
}

/// Brings the packages that the lock file names, unless they are there.
pub(crate) fn install() -> Result<()> {
    let installed = modified(&folder().join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= modified(&folder().join("package-lock.json")) {
        return Ok(());
    }
    process::check(&mut npm(&["ci", "--no-audit", "--no-fund"]))
}

fn npm(args: &[&str]) -> Command {
    let mut npm = process::command("npm");
    npm.args(args).current_dir(folder());
    npm
}

fn folder() -> PathBuf {
    process::root().join("ui")
}

/// When a file, or the newest below a folder, was changed last.
fn modified(path: &Path) -> Option<SystemTime> {
    let metadata = path.metadata().ok()?;
    if !metadata.is_dir() {
        return metadata.modified().ok();
    }
    std::fs::read_dir(path).ok()?.flatten().map(|entry| modified(&entry.path())).max().flatten()
}
