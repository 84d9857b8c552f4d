//! The one window: the webview below, the engine's frame above it, and input to whom it is meant for.

use std::error::Error;
use std::path::Path;

use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindowBuilder};
use wasm_engine_engine::desktop::Desktop;
use wasm_engine_engine::{Diagnostic, Display, Engine, RunOptions};

use crate::sys;

/// Opens an app in a new window.
pub(crate) fn open(app: &AppHandle, folder: &Path) -> Result<(), Box<dyn Error>> {
    let options = RunOptions { display: Display::Window, ..RunOptions::default() };
    let engine = Engine::open(folder, options).map_err(|error| Diagnostic::from(&error).to_string())?;
    let (width, height) = Desktop::wanted_size(&engine);
    let window = WebviewWindowBuilder::new(app, "main", WebviewUrl::default())
        .title(Desktop::wanted_title(&engine))
        .inner_size(f64::from(width), f64::from(height))
        .transparent(true)
        .build()?;
    sys::attach(&window, engine)
}

/// Brings the window to the front: somebody has started a second shell.
pub(crate) fn show(app: &AppHandle) {
    if let Some(window) = app.get_webview_window("main") {
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}
