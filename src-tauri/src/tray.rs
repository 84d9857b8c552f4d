//! The tray: pause, show, quit.

use std::error::Error;
use std::panic::AssertUnwindSafe;

use tauri::menu::MenuBuilder;
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager};
use wasm_engine_engine::desktop::protocol::{Ask, RunPhase};

use crate::shell::Shell;
use crate::window;

const PAUSE: &str = "pause";
const SHOW: &str = "show";
const QUIT: &str = "quit";

/// Puts the icon into the tray.
pub(crate) fn build(app: &AppHandle) -> Result<(), Box<dyn Error>> {
    // Where the system's tray library is missing, its wrapper panics.
    std::panic::catch_unwind(AssertUnwindSafe(|| put(app))).map_err(|_| "the tray's library is missing")?.map_err(Into::into)
}

fn put(app: &AppHandle) -> tauri::Result<()> {
    let menu = MenuBuilder::new(app).text(PAUSE, "Pause or run").text(SHOW, "Show").separator().text(QUIT, "Quit").build()?;
    let mut tray = TrayIconBuilder::with_id("main").menu(&menu).on_menu_event(|app, event| match event.id().as_ref() {
        PAUSE => pause_or_run(app),
        SHOW => window::show(app),
        QUIT => app.exit(0),
        _ => {}
    });
    if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.build(app).map(drop)
}

fn pause_or_run(app: &AppHandle) {
    let Some(run) = app.state::<Shell>().run().cloned() else { return };
    tauri::async_runtime::spawn(async move {
        let ask = if run.hub().follow().snapshot().run.phase == RunPhase::Paused { Ask::Resume } else { Ask::Pause };
        if let Err(error) = run.hub().ask(ask).await {
            tracing::warn!(code = error.code(), "{error}");
        }
    });
}
