//! Builds and opens one app.

use crate::failure::{Failure, Result};
use crate::setup::{self, Purpose};
use crate::{build, process};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const DEFAULT_APP: &str = "apps/swarm";

pub(crate) fn command(args: &[String]) -> Result<()> {
    if matches!(args.first().map(String::as_str), Some("--help" | "-h")) {
        return crate::help::print("run");
    }
    let (app, rest) = match args.split_first() {
        Some((app, rest)) if !app.starts_with('-') => (PathBuf::from(app), rest),
        _ => (PathBuf::from(DEFAULT_APP), args),
    };
    let rest = if rest.first().is_some_and(|arg| arg == "--") {
        &rest[1..]
    } else {
        rest
    };
    let app = find(&app)?;
    setup::ensure(Purpose::Run)?;
    let program = build::program()?;
    build::kernels(&program, std::slice::from_ref(&app))?;

    let mut run = process::command(&program);
    // The app speaks to the person who typed this, from where they typed it.
    run.stdin(std::process::Stdio::inherit());
    if let Ok(here) = std::env::current_dir() {
        run.current_dir(here);
    }
    run.arg("run").arg(&app);
    run.args(display_args(rest, |name| std::env::var_os(name)));
    run.args(rest);
    process::check(&mut run)
}

/// The app's folder: as typed from here, else below the root of the workspace.
fn find(app: &Path) -> Result<PathBuf> {
    let candidates = [
        app.to_path_buf(),
        process::root().join(app),
        process::root().join("apps").join(app),
    ];
    candidates
        .iter()
        .find(|folder| folder.join("app.toml").is_file())
        .cloned()
        .ok_or_else(|| {
            let known: Vec<String> = build::apps()
                .unwrap_or_default()
                .iter()
                .filter_map(|path| Some(format!("apps/{}", path.file_name()?.to_str()?)))
                .collect();
            Failure::usage(
                format!("there is no app.toml in {}", app.display()),
                format!("the sample apps are: {}", known.join(", ")),
            )
        })
}

/// A window where there is a display, headless where there is none, unless the person said which.
fn display_args(rest: &[String], variable: impl Fn(&str) -> Option<OsString>) -> Vec<&'static str> {
    let said = rest
        .iter()
        .any(|arg| ["--headless", "--window", "--help", "-h"].contains(&arg.as_str()));
    let display = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| variable(name).is_some_and(|value| !value.is_empty()));
    match (said, display || cfg!(not(target_os = "linux"))) {
        (true, _) => Vec::new(),
        (false, true) => vec!["--window"],
        (false, false) => vec!["--headless"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn opens_a_window_only_on_a_display() {
        let none = |_: &str| None;
        let x = |name: &str| (name == "DISPLAY").then(|| OsString::from(":0"));
        let empty = |_: &str| Some(OsString::new());
        assert_eq!(display_args(&[], none), ["--headless"]);
        assert_eq!(display_args(&[], empty), ["--headless"]);
        assert_eq!(display_args(&[], x), ["--window"]);
        assert!(display_args(&["--headless".to_owned()], x).is_empty());
        assert!(display_args(&["--window".to_owned()], none).is_empty());
    }
}
