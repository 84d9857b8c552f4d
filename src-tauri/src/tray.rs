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
    let mut menu = MenuBuilder::new(app);
    for (id, label) in items(app.state::<Shell>().run().is_some()) {
        menu = menu.text(*id, *label);
    }
    let menu = menu.build()?;
    let mut tray = TrayIconBuilder::with_id("main").menu(&menu).on_menu_event(|app, event| chosen(app, event.id().as_ref()));
    if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.build(app).map(drop)
}

/// What the menu has, with a run or without one.
fn items(has_run: bool) -> &'static [(&'static str, &'static str)] {
    const ALL: &[(&str, &str)] = &[(PAUSE, "Pause or run"), (SHOW, "Show"), (QUIT, "Quit")];
    if has_run { ALL } else { &ALL[1..] }
}

/// Does what an item of the menu says.
fn chosen(app: &AppHandle, item: &str) {
    match item {
        PAUSE => pause_or_run(app),
        SHOW => window::show(app),
        QUIT => app.exit(0),
        _ => {}
    }
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
