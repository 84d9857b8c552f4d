//! Runs the comparisons.

use crate::failure::Result;
use crate::setup::{self, Purpose};
use crate::{build, packages, process};
use std::path::PathBuf;

pub(crate) fn command(args: &[String]) -> Result<()> {
    setup::ensure(Purpose::Bench)?;
    let mut bench = process::cargo(&["run", "--release", "--package", packages::BENCH, "--"]);
    bench.env("CARGO_TARGET_DIR", target_dir()).args(args);
    // The frame's way is measured on the program and the sample apps, as `run` builds them.
    if args.first().is_some_and(|name| name == "frames") {
        let program = build::program()?;
        build::kernels(&program, &build::apps()?)?;
        bench.env("WASM_ENGINE_PROGRAM", program);
    }
    process::check(&mut bench)
}

/// A folder of its own: the peers' build dependencies have other features than Servo's, see `packages`.
pub(crate) fn target_dir() -> PathBuf {
    process::target_dir().join("bench")
}
