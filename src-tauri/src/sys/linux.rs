//! X11: the webview below, the engine's window above it, and input to whom it is meant for.

mod keys;

use std::error::Error;
use std::sync::{Arc, OnceLock};

use tauri::{Manager, WebviewWindow, WindowEvent};
use wasm_engine_engine::Engine;
use wasm_engine_engine::desktop::{Desktop, Stage};
use wasm_engine_panel::PanelPixels;
use wasm_engine_panel::sys::linux;

use crate::shell::Shell;

/// Starts the run in the window.
pub(crate) fn attach(window: &WebviewWindow, engine: Engine) -> Result<(), Box<dyn Error>> {
    let cover = linux::Cover::above(window)?;
    let (size, scale) = (window.inner_size()?, window.scale_factor()?);
    cover.resize(size.width, size.height)?;
    let stage = Stage::new(cover.clone())?;
    let run: Arc<OnceLock<Arc<Desktop>>> = Arc::default();
    let woken = run.clone();
    let pixels = Arc::new(PanelPixels::new(stage.gpu.clone(), move || {
        if let Some(run) = woken.get() {
            run.wake();
        }
    }));
    let stop = window.state::<Shell>().stop.clone();
    let desktop = Arc::new(Desktop::start(engine, stage, pixels.clone(), (size.width.max(1), size.height.max(1)), scale as f32, &stop)?);
    let _ = run.set(desktop.clone());
    window.state::<Shell>().began(desktop.clone());
    let page = desktop.clone();
    window.with_webview(move |webview| {
        let view = webview.inner();
        linux::capture(&view, pixels.clone());
        linux::route(&view.clone(), pixels, move |input| {
            page.input(keys::page_input(input));
            if let Some(name) = page.take_cursor() {
                linux::set_cursor(&view, name);
            }
        });
    })?;
    let scaled = window.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::Resized(size) = event {
            if let Err(error) = cover.resize(size.width, size.height) {
                tracing::warn!(code = error.code(), "{error}");
            }
            desktop.resize(size.width, size.height, scaled.scale_factor().unwrap_or(1.0) as f32);
        }
    });
    Ok(())
}
