//! X11: the webview below, the engine's window above it, and input to whom it is meant for.

mod keys;

use std::error::Error;
use std::sync::{Arc, OnceLock};

use tauri::plugin::TauriPlugin;
use tauri::{Manager, WebviewWindow, WindowEvent, Wry};
use wasm_engine_engine::Engine;
use wasm_engine_engine::desktop::{Desktop, Stage};
use wasm_engine_panel::PanelPixels;
use wasm_engine_panel::sys::linux;

use crate::shell::Shell;
use crate::window;

/// Lets one shell run for each identity: a second one shows the first one's window and ends.
pub(crate) fn single_instance(identity: &str) -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::Builder::new().dbus_id(identity).callback(|app, _, _| window::show(app)).build()
}

/// Starts the run in the window.
pub(crate) fn attach(view: &WebviewWindow, engine: Engine) -> Result<(), Box<dyn Error>> {
    let cover = linux::Cover::above(view)?;
    let (size, scale) = (view.inner_size()?, view.scale_factor()?);
    cover.resize(size.width, size.height)?;
    let size = (size.width.max(1), size.height.max(1));
    let stage = Stage::new(cover.clone())?;
    let run: Arc<OnceLock<Arc<Desktop>>> = Arc::default();
    let woken = run.clone();
    let pixels = Arc::new(PanelPixels::new(stage.gpu.clone(), move || {
        if let Some(run) = woken.get() {
            run.wake();
        }
    }));
    let shell = view.state::<Shell>();
    let desktop = Arc::new(Desktop::start(engine, stage, pixels.clone(), size, scale as f32, &shell.stop, &shell.log)?);
    let _ = run.set(desktop.clone());
    shell.began(desktop.clone());
    let page = desktop.clone();
    view.with_webview(move |webview| {
        let view = webview.inner();
        linux::capture(&view, pixels.clone());
        linux::revive(&view);
        linux::route(&view.clone(), pixels, move |input| {
            page.input(keys::page_input(input));
            if let Some(name) = page.take_cursor() {
                linux::set_cursor(&view, name);
            }
        });
    })?;
    let scaled = view.clone();
    view.on_window_event(move |event| {
        if let WindowEvent::Resized(size) = event {
            if let Err(error) = cover.resize(size.width, size.height) {
                tracing::warn!(code = error.code(), "{error}");
            }
            desktop.resize(size.width, size.height, scaled.scale_factor().unwrap_or(1.0) as f32);
        }
    });
    Ok(())
}
