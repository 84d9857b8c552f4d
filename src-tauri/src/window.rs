//! The one window: the webview below, the engine's frame above it, and input to whom it is meant for. Without an app it shows the webview alone, which offers
//! what to open.

use std::error::Error;
use std::path::Path;

use tauri::{AppHandle, DragDropEvent, Manager};
use tauri_plugin_autostart::ManagerExt as _;
use wasm_engine_engine::Diagnostic;
use wasm_engine_engine::desktop::protocol::{RecentApp, ShellApp};
use wasm_engine_engine::desktop::{Opening, Wanted};

use crate::shell::Shell;
use crate::sys::Place;
use crate::{launch, notices, recent, sys, tray};

/// Tauri's name for it.
pub(crate) const LABEL: &str = "main";

/// Size of a window that offers what to open, logical pixels.
const WELCOME_SIZE: (u32, u32) = (880, 640);

/// Opens the window, for this app or for none. An app that cannot be opened is said in it, since who has double-clicked on one sees no terminal.
pub(crate) fn open(app: &AppHandle, path: Option<&Path>, opening: Option<(Opening, Place)>) -> Result<(), Box<dyn Error>> {
    let shell = app.state::<Shell>();
    let autostart = app.autolaunch().is_enabled().unwrap_or(false);
    shell.show(|state| (state.autostart, state.recent) = (autostart, recent::load()));
    let (Some(path), Some((opening, place))) = (path, opening) else { return welcome(app) };
    match opening.wanted() {
        Ok(wanted) => run(app, path, &wanted, place, opening),
        Err(error) => {
            let diagnostic = Diagnostic::from(&error);
            eprintln!("{diagnostic}");
            shell.show(|state| state.problem = Some(launch::problem(&diagnostic)));
            welcome(app)
        }
    }
}

fn welcome(app: &AppHandle) -> Result<(), Box<dyn Error>> {
    let side = |side: u32| f64::from(side) * sys::fraction();
    sys::webview(&sys::window(app, "wasm-engine", (side(WELCOME_SIZE.0), side(WELCOME_SIZE.1)))?)?;
    surround(app);
    Ok(())
}

/// Adds what there is beside the window, when the page is there, which it would hold up: the HUD's keys and the tray's icon.
pub(crate) fn surround(app: &AppHandle) {
    // Another program may hold the keys, or the shell of another app; this one works without them.
    if let Err(error) = sys::hear_hud_keys(app, toggle_hud) {
        tracing::info!("no keys for the HUD: {error}");
    }
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

fn run(app: &AppHandle, path: &Path, wanted: &Wanted, place: Place, opening: Opening) -> Result<(), Box<dyn Error>> {
    sys::run(app, wanted, place, opening)?;
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

/// Opens what is dropped on the window.
pub(crate) fn dragged(app: &AppHandle, event: &DragDropEvent) {
    let shell = app.state::<Shell>();
    match event {
        DragDropEvent::Enter { paths, .. } => shell.show(|state| state.dropping = !paths.is_empty()),
        DragDropEvent::Drop { paths, .. } => {
            shell.show(|state| state.dropping = false);
            if let Some(path) = paths.first().cloned() {
                let app = app.clone();
                // An archive is unpacked, which this thread, the window's, has no time for.
                tauri::async_runtime::spawn_blocking(move || {
                    let opened = launch::open(&app, &path);
                    app.state::<Shell>().show(|state| state.problem = opened.err());
                });
            }
        }
        DragDropEvent::Leave => shell.show(|state| state.dropping = false),
        _ => {}
    }
}

/// Brings the window to the front: somebody has started the same app once more.
pub(crate) fn show(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        let _ = window.show();
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}
