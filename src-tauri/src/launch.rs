//! Opening apps. Each runs in a process of its own, so that none can take another one down, and Servo can be had once in a process.

use std::error::Error;
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tauri::{AppHandle, Manager};
use wasm_engine_engine::desktop::protocol::Problem;
use wasm_engine_engine::manifest::Manifest;
use wasm_engine_engine::{Diagnostic, EngineError, fnv1a};

use crate::shell::Shell;
use crate::{sys, window};

/// How often this shell has begun once more, because a first one had ended instead of taking what it was started for.
pub(crate) const ATTEMPTS: &str = "WASM_ENGINE_ATTEMPTS";

/// What tells this shell from others: one runs for each app, and one that has none.
pub(crate) fn identity(app: Option<&Path>) -> String {
    format!("dev.wasm-engine.desktop.{}", key(app))
}

/// Where the window's place and size are kept, for each app its own.
pub(crate) fn window_file(app: Option<&Path>) -> String {
    format!("window-{}.json", key(app))
}

/// The same for an app in every release of the shell: files and entries are called by it.
fn key(app: Option<&Path>) -> String {
    app.map_or_else(|| "none".to_owned(), |path| format!("app{:016x}", fnv1a(path.as_os_str().as_encoded_bytes())))
}

/// Starting with the session, which a person has to ask for. Each app has an entry of its own.
pub(crate) fn autostart(shell: &AppHandle) -> sys::Autostart {
    let state = shell.state::<Shell>();
    let name = state.app().map_or_else(|| "wasm-engine".to_owned(), |app| format!("wasm-engine-{}", key(Some(app))));
    sys::Autostart::new(shell, &name, state.app())
}

/// Opens an app in a process of its own; a shell that has none makes room for it. The app that is open already is shown, or begun anew when its run is over or never
/// began.
///
/// # Errors
/// What is wrong with the app, as far as its manifest shows; the rest its own window says.
pub(crate) fn open(shell: &AppHandle, path: &Path) -> Result<(), Problem> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let state = shell.state::<Shell>();
    let is_ours = state.app() == Some(&path);
    if is_ours && !state.is_idle() {
        window::show(shell);
        return Ok(());
    }
    Manifest::load(&path).map_err(|error| problem(&Diagnostic::from(&error)))?;
    if is_ours {
        // Not before this one has ended, which stands for the app until then.
        state.begin_again();
    } else {
        start(&path).map_err(|error| problem(&Diagnostic::new("SHELL_NOT_STARTED", error.to_string())))?;
    }
    if is_ours || state.run().is_none() {
        shell.exit(0);
    }
    Ok(())
}

/// Somebody has started this shell's app once more, or the shell without one.
pub(crate) fn once_more(shell: &AppHandle) {
    let Some(app) = shell.state::<Shell>().app().map(Path::to_owned) else { return window::show(shell) };
    let shell = shell.clone();
    // The second one waits for our answer, and an archive is unpacked to be looked at.
    tauri::async_runtime::spawn_blocking(move || {
        if let Err(problem) = open(&shell, &app) {
            shell.state::<Shell>().fail(problem);
            window::show(&shell);
        }
    });
}

/// Starts a shell for this app.
pub(crate) fn start(app: &Path) -> std::io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    // Whoever reads our report from a pipe waits for our end, and not for that of an app which was opened meanwhile.
    let stdout = if std::io::stdout().is_terminal() { Stdio::inherit() } else { Stdio::null() };
    let mut child = command.arg(app).env_remove(ATTEMPTS).stdin(Stdio::null()).stdout(stdout).spawn()?;
    // A child that ends before us must be waited for.
    std::thread::Builder::new().name("child".to_owned()).spawn(move || child.wait())?;
    Ok(())
}

/// What keeps a shell or its app from starting.
pub(crate) fn diagnostic(error: &(dyn Error + 'static)) -> Diagnostic {
    match error.downcast_ref::<EngineError>() {
        Some(error) => Diagnostic::from(error),
        None => sys::diagnostic(error).unwrap_or_else(|| Diagnostic::new("SHELL_NOT_STARTED", error.to_string())),
    }
}

/// What keeps a second shell from being of use: the first one runs already, as it was begun.
pub(crate) fn already_running() -> Diagnostic {
    let message = "the app is open already: its run has its seed and writes what it was told to";
    Diagnostic::new("ALREADY_RUNNING", message)
        .with_hint(Some("close its window first, or leave the options out to have it shown".to_owned()))
}

/// As the panel shows it.
pub(crate) fn problem(diagnostic: &Diagnostic) -> Problem {
    let place = diagnostic.location.as_ref().map(|place| format!(" ({}:{})", place.file, place.line)).unwrap_or_default();
    Problem { code: diagnostic.code.clone(), message: format!("{}{place}", diagnostic.message), hint: diagnostic.hint.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_app_is_called_by_never_changes() {
        assert_eq!(identity(None), "dev.wasm-engine.desktop.none");
        assert_eq!(identity(Some(Path::new("/apps/swarm"))), "dev.wasm-engine.desktop.appa45d2a0301a0e300");
        assert_eq!(window_file(Some(Path::new("/apps/swarm"))), "window-appa45d2a0301a0e300.json");
    }
}
