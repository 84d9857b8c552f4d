//! What this machine has and lacks, with the remedy.

use crate::build::{self, Profile};
use crate::failure::{Failure, Result};
use crate::process;
use crate::setup::{Purpose, debian, rust};

pub(crate) fn command(args: &[String]) -> Result<()> {
    if !args.is_empty() {
        return Err(Failure::usage(format!("doctor does not know {args:?}"), "`cargo xtask help doctor`"));
    }
    let mut lacking = false;
    for (purpose, title) in
        [(Purpose::Build, "build"), (Purpose::Run, "run"), (Purpose::Bundle, "bundle"), (Purpose::Test, "test"), (Purpose::Bench, "bench")]
    {
        lacking |= !packages_for(purpose, title);
    }
    toolchains();
    lacking |= !program();
    if lacking { Err(Failure::with_hint("something is missing", "`cargo xtask setup --all` brings it where it can")) } else { Ok(()) }
}

/// Tells which system packages `purpose` lacks; true when none.
fn packages_for(purpose: Purpose, title: &str) -> bool {
    let Some(missing) = debian::missing(purpose) else {
        println!("{title:<8} ?    no Debian package database here; docs/testing.md lists what is needed");
        return true;
    };
    let missing: Vec<_> = missing.into_iter().filter(|package| package.purpose == purpose).collect();
    if missing.is_empty() {
        println!("{title:<8} ok   system packages");
    }
    for package in &missing {
        println!("{title:<8} --   {}: {}", package.name, package.why);
    }
    missing.is_empty()
}

fn toolchains() {
    match process::output(process::command("rustc").arg("--version")) {
        Some(version) => println!("rust     ok   {}", version.trim()),
        None => println!("rust     --   rustc does not run: `rustup toolchain install`"),
    }
    match rust::nightly() {
        Some(name) => println!("miri     ok   toolchain {name}"),
        None => println!("miri     --   no nightly toolchain; optional: `rustup toolchain install nightly --component miri,rust-src`"),
    }
}

/// Asks the built program for its own view of graphics, cores and memory.
fn program() -> bool {
    let path = build::program_path(Profile::Dev);
    if !path.is_file() {
        println!("engine   ?    not built yet: `cargo xtask build`, then ask again");
        return true;
    }
    println!();
    process::check(process::command(&path).arg("doctor")).is_ok()
}
