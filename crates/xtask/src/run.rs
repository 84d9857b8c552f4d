//! Builds and opens one app.

use crate::build::{self, Profile};
use crate::failure::{Failure, Result};
use crate::process;
use crate::setup::{self, Purpose};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) const DEFAULT_APP: &str = "apps/swarm";

/// Come before the app: in the desktop shell; for a Tracy profiler.
const FLAGS: [&str; 2] = ["--desktop", "--tracy"];

pub(crate) fn command(args: &[String]) -> Result<()> {
    if matches!(args.first().map(String::as_str), Some("--help" | "-h")) {
        return crate::help::print("run");
    }
    let (flags, args) = args.split_at(args.iter().take_while(|arg| FLAGS.contains(&arg.as_str())).count());
    let [is_desktop, for_tracy] = FLAGS.map(|flag| flags.iter().any(|arg| arg == flag));
    let (app, rest) = match args.split_first() {
        Some((app, rest)) if !app.starts_with('-') => (PathBuf::from(app), rest),
        _ => (PathBuf::from(DEFAULT_APP), args),
    };
    let rest = rest.strip_prefix(&["--".to_owned()]).unwrap_or(rest);
    let app = find(&app)?;
    setup::ensure(Purpose::Run)?;
    let program = build::program(if for_tracy { Profile::Tracy } else { Profile::Dev })?;
    build::kernels(&program, std::slice::from_ref(&app))?;

    let mut run = process::command(if is_desktop { build::desktop_path(Profile::Dev) } else { program });
    // The app speaks to the person who typed this, and writes where they typed it.
    run.stdin(Stdio::inherit());
    if let Ok(here) = std::env::current_dir() {
        run.current_dir(here);
    }
    if !is_desktop {
        run.arg("run");
    }
    run.arg(&app).args(rest);
    become_program(&mut run)
}

/// Runs the program in the place of this one where the system can, so that Ctrl-C and the exit code are the program's own.
pub(crate) fn become_program(program: &mut Command) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        eprintln!("$ {}", process::shown(program));
        let error = program.exec();
        Err(Failure::new(format!("`{}` could not be started: {error}", process::shown(program))))
    }
    #[cfg(not(unix))]
    process::check(program)
}

/// The app's folder: as typed from here, else below the root of the workspace.
pub(crate) fn find(app: &Path) -> Result<PathBuf> {
    let root = process::root();
    let candidates = [app.to_path_buf(), root.join(app), root.join("apps").join(app)];
    let found = candidates.iter().find(|folder| folder.join("app.toml").is_file());
    found.map(|folder| std::path::absolute(folder).unwrap_or_else(|_| folder.clone())).ok_or_else(|| {
        let apps = build::apps().unwrap_or_default();
        let known: Vec<String> = apps.iter().filter_map(|path| Some(format!("apps/{}", path.file_name()?.to_str()?))).collect();
        Failure::usage(format!("there is no app.toml in {}", app.display()), format!("the sample apps are: {}", known.join(", ")))
    })
}
