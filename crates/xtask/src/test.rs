//! Every check and every test, step by step.

use crate::failure::{Failure, Result};
use crate::setup::{self, Purpose, rust};
use crate::steps::Steps;
use crate::{bench, build, packages, process, tidy};
use std::path::PathBuf;
use std::process::Command;

pub(crate) fn command(args: &[String]) -> Result<()> {
    let quick = match args {
        [] => false,
        [quick] if quick == "--quick" => true,
        _ => {
            return Err(Failure::usage(format!("test does not know {args:?}"), "`cargo xtask help test`"));
        }
    };
    let mut steps = Steps::new();
    // Nothing else makes sense on a machine that cannot build.
    let purpose = if quick { Purpose::Build } else { Purpose::Test };
    if !steps.take("setup", || setup::ensure(purpose)) {
        return steps.finish();
    }
    steps.take("format", format);
    steps.take("tidy", tidy::check);
    if quick {
        steps.take("tests", || process::check(&mut cargo_locked(&["test", "--no-fail-fast"])));
    } else {
        whole(&mut steps);
    }
    steps.finish()
}

/// The steps that need the program.
fn whole(steps: &mut Steps) {
    steps.take("lint", lint);
    // Tests open the sample apps, so these come first; without them the other tests are still worth running.
    steps.take("build", || {
        let program = build::program()?;
        build::kernels(&program, &build::apps()?)
    });
    steps.take("tests", || process::check(cargo_locked(&["test", "--no-fail-fast"]).args(packages::ALL_BUT_BENCH)));
    steps.take("guests", guests);
    steps.take("loom", loom);
    match rust::nightly_with_miri() {
        Some(nightly) => {
            steps.take("miri", || miri(&nightly));
        }
        None => steps.skip("miri", "no nightly toolchain has it (`rustup toolchain install nightly --component miri,rust-src`)"),
    }
    steps.take("bench", || {
        let mut check = cargo_locked(&["test", "--package", packages::BENCH]);
        process::check(check.env("CARGO_TARGET_DIR", bench::target_dir()))
    });
}

/// rustfmt over our crates and over the guests of the apps, which are workspaces of their own.
fn format() -> Result<()> {
    process::check(&mut process::cargo(&["fmt", "--all", "--check"]))?;
    for manifest in guest_manifests()? {
        process::check(process::cargo(&["fmt", "--all", "--check", "--manifest-path"]).arg(manifest))?;
    }
    Ok(())
}

/// The tests that the guests of the apps bring, on this machine and not in the sandbox.
fn guests() -> Result<()> {
    for manifest in guest_manifests()? {
        let mut tests = cargo_locked(&["test", "--workspace", "--manifest-path"]);
        process::check(tests.arg(manifest).env("CARGO_TARGET_DIR", process::target_dir().join("guests")))?;
    }
    Ok(())
}

/// The manifests at the roots of the guests' own workspaces: `apps/APP/guests[/GUEST]/Cargo.toml`.
fn guest_manifests() -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for app in build::apps()? {
        let folder = app.join("guests");
        let inside = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut manifests: Vec<PathBuf> = std::iter::once(folder.clone()).chain(inside).map(|folder| folder.join("Cargo.toml")).collect();
        manifests.retain(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("[workspace]")));
        manifests.sort();
        found.append(&mut manifests);
    }
    Ok(found)
}

/// Clippy over our crates on top of what `build` compiles. `cargo clippy` would check all of Servo once more, in a form that nothing else
/// uses, so the lints run inside an ordinary build instead; cargo keeps the two kinds of our own crates apart.
fn lint() -> Result<()> {
    let mut lint = cargo_locked(&["build", "--lib", "--bins"]);
    lint.args(packages::ALL_BUT_BENCH).env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver").env("CLIPPY_ARGS", "-Dwarnings");
    process::check(&mut lint)
}

/// Runs the models of the exchange's protocols, every interleaving up to the bound. Their flag changes every crate, hence the folder.
fn loom() -> Result<()> {
    let mut models = cargo_locked(&["test", "--release", "--package", packages::EXCHANGE, "--test", "loom"]);
    models.env("RUSTFLAGS", "--cfg wasm_engine_loom").env("CARGO_TARGET_DIR", process::target_dir().join("loom"));
    process::check(&mut models)
}

/// Runs the exchange's unit tests under Miri.
fn miri(nightly: &str) -> Result<()> {
    let mut miri = process::command("cargo");
    miri.args([&format!("+{nightly}"), "miri", "test", "--package", packages::EXCHANGE, "--lib"]);
    miri.env("CARGO_TARGET_DIR", process::target_dir().join("miri"));
    // A cargo that runs under another one hands its toolchain down; this one is asked for by name.
    miri.env_remove("RUSTUP_TOOLCHAIN");
    process::check(&mut miri)
}

/// cargo, which in CI may not change the lock file.
fn cargo_locked(args: &[&str]) -> Command {
    let mut cargo = process::cargo(args);
    if std::env::var_os("CI").is_some() {
        cargo.arg("--locked");
    }
    cargo
}
