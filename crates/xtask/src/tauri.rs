//! Tauri's own command line, as `cargo tauri`: brought by npm, and taught to build with the one selection of packages.

use crate::build::{self, Profile};
use crate::failure::{Failure, Result};
use crate::setup::{self, Purpose};
use crate::{bundle, panel, process, run};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The panel's dev server, and who builds: merged over `tauri.conf.json` by `cargo tauri dev` alone, so that an ordinary build carries the panel.
const DEV_CONFIG: &str = "src-tauri/tauri.dev.conf.json";

/// What Tauri's command line takes for a program that did not compile; it then waits for the next change.
const NOT_COMPILED: i32 = 101;

pub(crate) fn command(args: &[String]) -> Result<()> {
    match args.split_first() {
        Some((first, rest)) if first == "dev" => {
            setup::ensure(Purpose::Run)?;
            run::become_program(cli()?.args(["dev", "--config", DEV_CONFIG]).args(rest).stdin(Stdio::inherit()))
        }
        Some((first, rest)) if first == "runner" => runner(rest),
        // Tauri's own would build the shell by itself, which is another selection of packages and so another Servo.
        Some((first, rest)) if first == "build" || first == "bundle" => bundle::command(rest),
        _ => run::become_program(cli()?.args(args).stdin(Stdio::inherit())),
    }
}

/// Tauri's command line, installed if need be.
pub(crate) fn cli() -> Result<Command> {
    if !process::on_path("npm") {
        return Err(Failure::with_hint("Tauri's command line comes with npm, and there is none", "`cargo xtask setup` brings it"));
    }
    panel::install()?;
    let root = process::root();
    let mut cli = process::command("node");
    cli.arg(root.join("ui/node_modules/@tauri-apps/cli/tauri.js"));
    cli.env("TAURI_APP_PATH", root.join("src-tauri")).env("TAURI_FRONTEND_PATH", root.join("ui"));
    Ok(cli)
}

/// What `tauri dev` calls instead of `cargo run`: builds both programs as always, then is the shell. What it says to cargo stands before the
/// `--` and is left out, since another selection or other features would compile Servo again; what follows is the app and its arguments.
fn runner(args: &[String]) -> Result<()> {
    let typed = args.iter().position(|arg| arg == "--").map_or(&[][..], |at| &args[at + 1..]);
    let (app, rest) = typed.split_first().map_or((PathBuf::from(run::DEFAULT_APP), typed), |(app, rest)| (PathBuf::from(app), rest));
    let app = run::find(&app)?;
    let built = build::program(Profile::Dev).and_then(|program| build::kernels(&program, std::slice::from_ref(&app)));
    if let Err(failure) = built {
        eprintln!("{failure}\nxtask: could not compile");
        std::process::exit(NOT_COMPILED);
    }
    run::become_program(process::command(build::desktop_path(Profile::Dev)).arg(app).args(rest))
}
