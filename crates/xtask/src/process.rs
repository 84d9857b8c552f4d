//! Programs that xtask calls: where they run, what they inherit, how a failure reads.

use crate::failure::{Failure, Result};
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    // The crate lies in `<root>/crates/xtask`; both parents exist.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.ancestors().nth(2).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where cargo builds: `CARGO_TARGET_DIR`, else `<root>/target`.
pub(crate) fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if !dir.is_empty() => std::path::absolute(&dir).unwrap_or_else(|_| PathBuf::from(dir)),
        _ => root().join("target"),
    }
}

/// `program`, to be run in the root of the workspace, with no standard input.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    scrub_environment(&mut command);
    command
}

/// cargo of the toolchain in `rust-toolchain.toml`.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut cargo = command("cargo");
    cargo.args(args);
    cargo
}

/// Takes out what `cargo run` put in for xtask itself. Build scripts watch some of it, so leaving it would build things again that a
/// plain `cargo build` from a shell has built.
fn scrub_environment(command: &mut Command) {
    const SET_BY_CARGO_RUN: [&str; 4] = ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "OUT_DIR"];
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if SET_BY_CARGO_RUN.contains(&text) || text.starts_with("CARGO_PKG_") {
            command.env_remove(&name);
        }
    }
    if let Some(paths) = std::env::var_os("LD_LIBRARY_PATH") {
        let target = target_dir();
        let kept: Vec<PathBuf> = std::env::split_paths(&paths)
            .filter(|path| !path.starts_with(&target) && !path.components().any(|part| part.as_os_str() == "toolchains"))
            .collect();
        match std::env::join_paths(&kept) {
            Ok(kept) if !kept.is_empty() => command.env("LD_LIBRARY_PATH", kept),
            _ => command.env_remove("LD_LIBRARY_PATH"),
        };
    }
}

/// `command` as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut words: Vec<String> = Vec::new();
    for (name, value) in command.get_envs() {
        if let (Some(name), Some(value)) = (name.to_str(), value.and_then(OsStr::to_str))
            && ["RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "MIRIFLAGS", "LOOM_MAX_PREEMPTIONS"].contains(&name)
        {
            words.push(format!("{name}={}", quoted(value)));
        }
    }
    words.push(quoted(&command.get_program().to_string_lossy()));
    words.extend(command.get_args().map(|arg| quoted(&arg.to_string_lossy())));
    words.join(" ")
}

fn quoted(word: &str) -> String {
    if word.is_empty() || word.contains([' ', '"', '\'', '$', '*']) { format!("{word:?}") } else { word.to_owned() }
}

/// Shows the command, runs it with its output going to ours, and fails unless it ends with 0.
pub(crate) fn check(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", shown(command));
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{}` ended with {status}", shown(command)))) }
}

/// What the command prints on its standard output, or nothing if it cannot be started or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Gives the command `input`, and returns what it prints on its standard output. What it says when it fails is part of the failure. Shows nothing,
/// so that what is asked may be secret.
pub(crate) fn ask(command: &mut Command, input: &str) -> Result<String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| not_started(command, &error))?;
    if let Some(mut stdin) = child.stdin.take() {
        // It may end without having read all of it; its status says whether that matters.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| not_started(command, &error))?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(told);
    }
    let complaint = format!("{told}{}", String::from_utf8_lossy(&output.stderr));
    Err(Failure::new(format!("`{}` ended with {}: {}", shown(command), output.status, complaint.trim())))
}

/// True when the command can be started and ends with 0. Shows nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// True when `program` lies on the `PATH`.
pub(crate) fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|paths| std::env::split_paths(&paths).any(|dir| dir.join(program).is_file()))
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::with_hint(
        format!("`{}` could not be started: {error}", command.get_program().to_string_lossy()),
        "is it installed and on the PATH?",
    )
}
