//! The one window: the webview below, the engine's frame above it, and input to whom it is meant for. Without an app it shows the webview alone, which offers
//! what to open.

use std::error::Error;
use std::path::Path;

use tauri::{AppHandle, DragDropEvent, Manager};
use wasm_engine_engine::desktop::Opening;
use wasm_engine_engine::desktop::protocol::{Problem, RecentApp, ShellApp};

use crate::shell::{Shell, say};
use crate::sys::Place;
use crate::{NOT_STARTED, launch, notices, recent, sys, tray};

/// Tauri's name for it. Its place and size are kept.
pub(crate) const LABEL: &str = "main";

/// Tauri's name for one that says why an app did not start, of which place and size are not kept: they would be taken for the app's.
pub(crate) const FAILED: &str = "failed";

/// Size of a window that offers what to open, logical pixels.
const WELCOME_SIZE: (u32, u32) = (880, 640);

/// Opens the window, for this app or for none. An app that does not start is said in it, since who has double-clicked on one sees no terminal.
pub(crate) fn open(app: &AppHandle, path: Option<&Path>, opening: Option<(Opening, Place)>) {
    let shell = app.state::<Shell>();
    let autostart = launch::autostart(app).is_on();
    shell.show(|state| (state.autostart, state.recent) = (autostart, recent::load()));
    let mut problem = None;
    if let (Some(path), Some((opening, place))) = (path, opening) {
        let Err(error) = run(app, path, place, opening) else { return };
        let diagnostic = launch::diagnostic(&*error);
        say(std::io::stderr(), &diagnostic);
        shell.fail(launch::problem(&diagnostic));
        problem = Some(diagnostic);
    }
    shell.stays_empty();
    if let Err(error) = welcome(app) {
        let missing = launch::diagnostic(&*error);
        say(std::io::stderr(), &missing);
        last_words(app, &launch::problem(&problem.unwrap_or(missing)));
    }
}

/// Shows what offers to open something, in the window of the app that did not start if it came so far.
fn welcome(app: &AppHandle) -> Result<(), Box<dyn Error>> {
    let side = |side: u32| f64::from(side) * sys::fraction();
    let label = if app.state::<Shell>().app().is_some() { FAILED } else { LABEL };
    sys::webview(&sys::window(app, label, "wasm-engine", (side(WELCOME_SIZE.0), side(WELCOME_SIZE.1)))?)?;
    add_tray(app);
    Ok(())
}

/// Says a problem in a dialog of the system's, where there is no webview to say it in, and ends the shell when that was read.
fn last_words(app: &AppHandle, problem: &Problem) {
    let shell = app.clone();
    notices::dialog(app, "wasm-engine", written(problem)).show(move |_| shell.exit(NOT_STARTED));
}

/// Says in a dialog of the system's why the app's window has no panel, in which it would be said else. The run goes on.
pub(crate) fn without_panel(app: &AppHandle, error: &(dyn Error + 'static)) {
    let diagnostic = launch::diagnostic(error);
    tracing::error!(code = diagnostic.code, "there is no panel: {}", diagnostic.message);
    let text = format!("The app runs, but its window has no control panel.\n\n{}", written(&launch::problem(&diagnostic)));
    notices::dialog(app, "wasm-engine", text).show(|_| ());
}

fn written(problem: &Problem) -> String {
    let hint = problem.hint.as_ref().map(|hint| format!("\n\n{hint}")).unwrap_or_default();
    format!("{}{hint}\n\n{}", problem.message, problem.code)
}

/// Adds what there is beside an app's window, when the page is there, which it would hold up: the HUD's keys and the tray's icon.
pub(crate) fn surround(app: &AppHandle) {
    // Another program may hold the keys, or the shell of another app; this one works without them.
    if let Err(error) = sys::hear_hud_keys(app, toggle_hud) {
        tracing::info!("no keys for the HUD: {error}");
    }
    add_tray(app);
}

fn add_tray(app: &AppHandle) {
    // A desktop without a tray has no use for the icon, and the run goes on without.
    if let Err(error) = tray::build(app) {
        tracing::warn!("no tray: {error}");
    }
}

fn toggle_hud(app: &AppHandle) {
    if let Some(run) = app.state::<Shell>().run() {
        run.toggle_hud();
    }
}

fn run(app: &AppHandle, path: &Path, place: Place, opening: Opening) -> Result<(), Box<dyn Error>> {
    let wanted = opening.wanted()?;
    sys::run(app, &wanted, place, opening)?;
    let (shell, path, title) = (app.state::<Shell>(), path.display().to_string(), wanted.title.clone());
    let recent = recent::opened(RecentApp { path: path.clone(), title: title.clone() });
    shell.show(|state| {
        state.recent = recent;
        state.app = Some(ShellApp { path, title: title.clone() });
    });
    if let Some(run) = shell.run() {
        tauri::async_runtime::spawn(notices::tell(app.clone(), title, run.clone()));
    }
    Ok(())
}

/// The person has come back to the window: other shells may have opened apps meanwhile.
pub(crate) fn looked_at(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || {
        let recent = recent::load();
        app.state::<Shell>().show(|state| state.recent = recent);
    });
}

/// Opens what is dropped on the window.
pub(crate) fn dragged(app: &AppHandle, event: &DragDropEvent) {
    let shell = app.state::<Shell>();
    match event {
        DragDropEvent::Enter { paths, .. } => shell.show(|state| state.dropping = !paths.is_empty()),
        DragDropEvent::Drop { paths, .. } => {
            shell.show(|state| (state.dropping, state.problem) = (false, None));
            if let Some(path) = paths.first().cloned() {
                let app = app.clone();
                // An archive is unpacked, which this thread, the window's, has no time for.
                tauri::async_runtime::spawn_blocking(move || {
                    if let Err(problem) = launch::open(&app, &path) {
                        app.state::<Shell>().fail(problem);
                    }
                });
            }
        }
        DragDropEvent::Leave => shell.show(|state| state.dropping = false),
        _ => {}
    }
}

/// Brings the window to the front.
pub(crate) fn show(app: &AppHandle) {
    if let Some(window) = sys::find(app) {
        let _ = window.show();
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}
