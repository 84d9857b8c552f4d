//! Every check and every test, step by step.

use crate::build::{self, Profile};
use crate::failure::{Failure, Result};
use crate::setup::{self, Purpose, rust};
use crate::steps::{Outcome, Steps};
use crate::{bench, bundle, packages, panel, process, tidy};
use std::path::PathBuf;
use std::process::Command;

/// One step of the whole.
struct Step {
    name: &'static str,
    /// Part of `--quick`.
    quick: bool,
    run: fn() -> Result<Outcome>,
}

/// Steps that are taken only when they are named: `tests` has all that `quick` has, and a root of its own takes minutes and the network.
const ONLY_NAMED: [&str; 2] = ["quick", "bundles-root"];

/// All steps but the set-up, in the order in which they are taken. Tests open the sample apps, so `build` comes before them.
const STEPS: &[Step] = &[
    Step { name: "format", quick: true, run: format },
    Step { name: "tidy", quick: true, run: || tidy::check().map(|()| Outcome::Passed) },
    Step { name: "quick", quick: true, run: || check(&mut cargo_locked(&["test", "--no-fail-fast"])) },
    Step { name: "lint", quick: false, run: lint },
    Step { name: "build", quick: false, run: build_all },
    Step { name: "tests", quick: false, run: || check(cargo_locked(&["test", "--no-fail-fast"]).args(packages::ALL_BUT_BENCH)) },
    Step { name: "tracy", quick: false, run: tracy },
    Step { name: "guests", quick: false, run: guests },
    Step { name: "panel", quick: false, run: test_panel },
    Step { name: "bundles", quick: false, run: bundle::trial },
    Step { name: "bundles-root", quick: false, run: bundle::in_a_clean_root },
    Step { name: "loom", quick: false, run: loom },
    Step { name: "miri", quick: false, run: miri },
    Step { name: "fuzz", quick: false, run: fuzz },
    Step { name: "bench", quick: false, run: benchmarks },
];

pub(crate) fn command(args: &[String]) -> Result<()> {
    let chosen = choose(args)?;
    let mut steps = Steps::new();
    let purpose = if chosen.iter().all(|step| step.quick) { Purpose::Build } else { Purpose::Test };
    // Nothing else makes sense on a machine that cannot build.
    if steps.take("setup", || setup::ensure(purpose).map(|()| Outcome::Passed)) {
        for step in chosen {
            steps.take(step.name, step.run);
        }
    }
    steps.finish()
}

/// The steps that the command line asks for: those it names, the quick ones, or all the others.
fn choose(args: &[String]) -> Result<Vec<&'static Step>> {
    if args.is_empty() {
        return Ok(STEPS.iter().filter(|step| !ONLY_NAMED.contains(&step.name)).collect());
    }
    if args == ["--quick"] {
        return Ok(STEPS.iter().filter(|step| step.quick).collect());
    }
    if let Some(unknown) = args.iter().find(|arg| !STEPS.iter().any(|step| step.name == arg.as_str())) {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return Err(Failure::usage(format!("there is no step `{unknown}`"), format!("the steps are: {}", names.join(", "))));
    }
    Ok(STEPS.iter().filter(|step| args.iter().any(|arg| arg == step.name)).collect())
}

fn check(command: &mut Command) -> Result<Outcome> {
    process::check(command).map(|()| Outcome::Passed)
}

fn build_all() -> Result<Outcome> {
    let program = build::program(Profile::Dev)?;
    build::kernels(&program, &build::apps()?)?;
    Ok(Outcome::Passed)
}

/// rustfmt over our crates and over the guests of the apps, which are workspaces of their own.
fn format() -> Result<Outcome> {
    process::check(&mut process::cargo(&["fmt", "--all", "--check"]))?;
    for manifest in guest_manifests()? {
        process::check(process::cargo(&["fmt", "--all", "--check", "--manifest-path"]).arg(manifest))?;
    }
    Ok(Outcome::Passed)
}

/// The client of the profiler, which no other step has in it: the feature is another build of all that stands on it.
fn tracy() -> Result<Outcome> {
    check(&mut cargo_locked(&["test", "--package", packages::TELEMETRY, "--features", "tracy", "--test", "tracy"]))
}

/// The control panel's own checks and tests. Those of what is seen take Debian's browser, and the program that `build` has made.
fn test_panel() -> Result<Outcome> {
    if !process::on_path("npm") {
        return Ok(Outcome::Skipped("there is no npm".to_owned()));
    }
    let program = build::program_path(Profile::Dev);
    panel::test(process::on_path("chromium"), program.is_file().then_some(&*program)).map(|()| Outcome::Passed)
}

/// The tests that the guests of the apps bring, on this machine and not in the sandbox.
fn guests() -> Result<Outcome> {
    for manifest in guest_manifests()? {
        let mut tests = cargo_locked(&["test", "--workspace"]);
        process::check(tests.arg("--manifest-path").arg(manifest).env("CARGO_TARGET_DIR", process::target_dir().join("guests")))?;
    }
    Ok(Outcome::Passed)
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

/// Between the arguments in `CLIPPY_ARGS`: cargo-clippy's own, in clippy's `src/main.rs`.
const CLIPPY_SEPARATOR: &str = "__CLIPPY_HACKERY__";

/// What clippy-driver adds to the compiler's arguments: warnings fail, and as nobody runs what comes out of it, nothing is optimised.
const LINTS: [&str; 3] = ["-Dwarnings", "-Copt-level=0", "-Cdebuginfo=0"];

/// Clippy over our crates on top of what `build` compiles. `cargo clippy` would check all of Servo once more, in a form that nothing else
/// uses, so the lints run inside an ordinary build instead; cargo keeps the two kinds of our own crates apart.
fn lint() -> Result<Outcome> {
    // The shell carries it.
    panel::build()?;
    let mut lint = cargo_locked(&["build", "--lib", "--bins"]);
    lint.args(packages::ALL_BUT_BENCH).env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver").env("CLIPPY_ARGS", LINTS.join(CLIPPY_SEPARATOR));
    check(&mut lint)
}

/// Runs the models of the lock-free protocols, every interleaving up to each model's bound. Their flag changes every crate, hence the folder.
fn loom() -> Result<Outcome> {
    for package in packages::MODELLED {
        let mut models = cargo_locked(&["test", "--release", "--package", package, "--lib"]);
        models.env("RUSTFLAGS", "--cfg wasm_engine_loom").env("CARGO_TARGET_DIR", process::target_dir().join("loom"));
        process::check(&mut models)?;
    }
    Ok(Outcome::Passed)
}

/// Runs the exchange's unit tests under Miri. What cargo-miri keeps of a crate names the checkout that it came from, which cargo does not look
/// at when it asks what is fresh: so the folder is the checkout's own, wherever the others share theirs.
fn miri() -> Result<Outcome> {
    let Some(nightly) = rust::nightly_with_miri() else {
        let why = "no nightly toolchain has it (`rustup toolchain install nightly --component miri,rust-src`)";
        return Ok(Outcome::Skipped(why.to_owned()));
    };
    let mut miri = process::cargo(&[&format!("+{nightly}"), "miri", "test", "--package", packages::UNDER_MIRI, "--lib"]);
    check(miri.env("CARGO_TARGET_DIR", process::root().join("target/miri")))
}

/// Compiles the fuzz targets, a workspace of their own. Running them takes a nightly and cargo-fuzz: docs/testing.md.
fn fuzz() -> Result<Outcome> {
    let manifest = process::root().join("fuzz/Cargo.toml");
    if !manifest.is_file() {
        return Ok(Outcome::Skipped("there is no fuzz folder".to_owned()));
    }
    let mut compile = process::cargo(&["check", "--manifest-path"]);
    check(compile.arg(manifest).env("CARGO_TARGET_DIR", process::target_dir().join("fuzz")))
}

/// Compiles the comparisons and runs their own tests, which take each of them through one short round.
fn benchmarks() -> Result<Outcome> {
    let mut tests = cargo_locked(&["test", "--package", packages::BENCH]);
    check(tests.env("CARGO_TARGET_DIR", bench::target_dir()))
}

/// cargo, which in CI may not change the lock file.
fn cargo_locked(args: &[&str]) -> Command {
    let mut cargo = process::cargo(args);
    if std::env::var_os("CI").is_some() {
        cargo.arg("--locked");
    }
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(args: &[&str]) -> Result<Vec<&'static str>> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        Ok(choose(&args)?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_are_chosen_by_name_and_taken_in_their_own_order() -> Result<()> {
        assert_eq!(names(&["loom", "tidy"])?, ["tidy", "loom"]);
        assert_eq!(names(&["--quick"])?, ["format", "tidy", "quick"]);
        assert_eq!(names(&[])?.len(), STEPS.len() - ONLY_NAMED.len());
        assert!(names(&["--fast"]).is_err());
        assert!(names(&["tidy", "nothing"]).is_err());
        Ok(())
    }
}
