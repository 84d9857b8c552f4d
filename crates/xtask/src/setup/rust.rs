//! What rustup has to bring: the targets and components of `rust-toolchain.toml`, and Miri where there is a nightly.

use crate::failure::{Failure, Result};
use crate::process::{self, command};
use std::path::{Path, PathBuf};

/// The target that kernels are compiled for.
pub(crate) const KERNEL_TARGET: &str = "wasm32-unknown-unknown";

/// Tauri's WebDriver, which the tests of the desktop shell speak to, and the version of it that is known to work.
const DRIVER: [&str; 2] = ["tauri-driver", "2.1.0"];

/// Makes sure that the toolchain can compile kernels and check the code.
pub(super) fn ensure() -> Result<()> {
    let sysroot = sysroot()?;
    let mut missing: Vec<[&str; 3]> = Vec::new();
    if !sysroot.join("lib/rustlib").join(KERNEL_TARGET).join("lib").is_dir() {
        missing.push(["target", "add", KERNEL_TARGET]);
    }
    for (program, component) in [("cargo-clippy", "clippy"), ("rustfmt", "rustfmt")] {
        if !has_program(&sysroot, program) {
            missing.push(["component", "add", component]);
        }
    }
    for args in missing {
        eprintln!("xtask: the Rust toolchain lacks {}", args[2]);
        process::check(command("rustup").args(args))?;
    }
    Ok(())
}

/// Makes sure that there is Tauri's WebDriver, in `target/tools`.
pub(super) fn ensure_driver() -> Result<()> {
    let [name, version] = DRIVER;
    let tools = process::target_dir().join("tools");
    if !cfg!(target_os = "linux") || tools.join("bin").join(name).is_file() {
        return Ok(());
    }
    eprintln!("xtask: compiling {name} {version}, for the tests");
    let build = tools.join("build");
    let mut install = process::cargo(&["install", name, "--version", version, "--locked", "--quiet", "--root"]);
    process::check(install.arg(&tools).env("CARGO_TARGET_DIR", &build))?;
    // Nobody needs the pieces any more; what cannot be removed is no reason to stop.
    let _ = std::fs::remove_dir_all(build);
    Ok(())
}

/// Name of a nightly toolchain that has Miri and the source of the standard library, if there is one. Tries to add both to a nightly
/// that is there; installs no toolchain.
pub(crate) fn nightly_with_miri() -> Option<String> {
    let nightly = nightly()?;
    let sysroot = PathBuf::from(process::output(command("rustc").args([&format!("+{nightly}"), "--print", "sysroot"]))?.trim());
    let complete = || has_program(&sysroot, "cargo-miri") && sysroot.join("lib/rustlib/src/rust/library/Cargo.toml").is_file();
    if !complete() && process::check(command("rustup").args(["component", "add", "miri", "rust-src", "--toolchain", &nightly])).is_err() {
        return None;
    }
    complete().then_some(nightly)
}

/// Name of the newest nightly toolchain that rustup lists.
pub(crate) fn nightly() -> Option<String> {
    let list = process::output(command("rustup").args(["toolchain", "list"]))?;
    list.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| name.starts_with("nightly")).max().map(str::to_owned)
}

fn sysroot() -> Result<PathBuf> {
    let printed = process::output(command("rustc").args(["--print", "sysroot"]));
    printed.map(|path| PathBuf::from(path.trim())).ok_or_else(|| {
        Failure::with_hint("rustc does not run", "install the toolchain of rust-toolchain.toml with `rustup toolchain install`")
    })
}

fn has_program(sysroot: &Path, name: &str) -> bool {
    sysroot.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX)).is_file()
}
