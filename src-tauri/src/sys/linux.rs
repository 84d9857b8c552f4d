//! X11 and Wayland: the webview below, the engine's window above it, and input to whom it is meant for.

mod keys;

use std::error::Error;
use std::sync::{Arc, OnceLock};

use tauri::{Manager, WebviewWindow};
use wasm_engine_engine::Engine;
use wasm_engine_engine::desktop::{Desktop, Stage};
use wasm_engine_panel::PanelPixels;
use wasm_engine_panel::sys::linux;

use crate::shell::Shell;

/// Chooses how the webview is hosted: `offscreen` moves it to a window that is on no screen, for systems on which it does not go on while it is covered.
const PANEL: &str = "WASM_ENGINE_PANEL";

/// Starts the run in the window.
pub(crate) fn attach(window: &WebviewWindow, engine: Engine) -> Result<(), Box<dyn Error>> {
    if std::env::var_os(PANEL).is_some_and(|value| value == "offscreen") {
        window.with_webview(|webview| {
            if let Err(error) = linux::offscreen::host(&webview.inner()) {
                tracing::warn!(code = error.code(), "the panel stays in its window: {error}; {}", error.hint().unwrap_or_default());
            }
        })?;
    }
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
    window.with_webview(move |webview| {
        let view = webview.inner();
        linux::capture(&view, pixels.clone());
        let page = desktop.clone();
        linux::route(&view.clone(), pixels, move |input| {
            page.input(keys::page_input(input));
            if let Some(name) = page.take_cursor() {
                linux::set_cursor(&view, name);
            }
        });
        linux::sized(&webview.inner(), move |width, height, scale| {
            if let Err(error) = cover.resize(width, height) {
                tracing::warn!(code = error.code(), "{error}");
            }
            desktop.resize(width, height, scale as f32);
        });
    })?;
    Ok(())
}
