//! X11 and Wayland: the webview below, the engine's window above it, and input to whom it is meant for.

mod keys;

use std::cell::OnceCell;
use std::error::Error;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, WebviewWindow, Wry};
use wasm_engine_engine::Engine;
use wasm_engine_engine::desktop::{Desktop, Pace, Stage};
use wasm_engine_panel::sys::linux;
use wasm_engine_panel::{Area, PanelPixels};

use crate::shell::Shell;
use crate::window;

/// Lets one shell run for each identity: a second one shows the first one's window and ends.
pub(crate) fn single_instance(identity: &str) -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::Builder::new().dbus_id(identity).callback(|app, _, _| window::show(app)).build()
}

/// Chooses how the webview is hosted: `offscreen` moves it to a window that is on no screen, for systems on which it does not go on while it is covered.
const PANEL: &str = "WASM_ENGINE_PANEL";

/// What has to be settled before the first thread and the first window.
pub(crate) fn prepare() {
    linux::paint_where_it_is_cheap();
}

/// What things are to be magnified by after the window's scale, which GTK has as a whole number.
pub(crate) fn fraction() -> f64 {
    linux::fraction()
}

/// Calls `pressed` whenever Ctrl, Alt and H are pressed, in whatever window.
pub(crate) fn hear_hud_keys(app: &AppHandle, pressed: fn(&AppHandle)) -> Result<(), Box<dyn Error>> {
    let app = app.clone();
    Ok(linux::on_ctrl_alt('h', move || pressed(&app))?)
}

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
    let (size, scale) = (window.inner_size()?, window.scale_factor()? * fraction());
    cover.resize(size.width, size.height)?;
    let size = (size.width.max(1), size.height.max(1));
    // A thread that waits for a hidden window's display would hold up the end of the run.
    let pace = if cover.holds_up_while_hidden() { Pace::Mailbox } else { Pace::Fifo };
    let stage = Stage::new(cover.clone(), pace)?;
    let run: Arc<OnceLock<Arc<Desktop>>> = Arc::default();
    let woken = run.clone();
    let pixels = Arc::new(PanelPixels::new(stage.gpu.clone(), move || {
        if let Some(run) = woken.get() {
            run.wake();
        }
    }));
    let shell = window.state::<Shell>();
    let desktop = Arc::new(Desktop::start(engine, stage, pixels.clone(), size, scale as f32, &shell.stop, &shell.log)?);
    let _ = run.set(desktop.clone());
    shell.began(desktop.clone());
    window.with_webview(move |webview| {
        let view = webview.inner();
        linux::let_frames_go_first(&view);
        linux::keep_canvases_on_the_processor(&view);
        linux::capture(&view, pixels.clone());
        linux::revive(&view);
        let page = desktop.clone();
        let routed: Rc<OnceCell<linux::Routed>> = Rc::default();
        let caret = routed.clone();
        let route = linux::route(&view.clone(), pixels, move |input| {
            page.input(keys::page_input(input));
            let wishes = page.take_wishes();
            if let Some(name) = wishes.cursor {
                linux::set_cursor(&view, name);
            }
            if let (Some(area), Some(routed)) = (wishes.caret, caret.get()) {
                let [x, y, width, height] = area.map(|side| u32::try_from(side).unwrap_or(0));
                routed.set_caret(&view, Area { x, y, width, height });
            }
        });
        let _ = routed.set(route);
        linux::sized(&webview.inner(), move |width, height, scale| {
            if let Err(error) = cover.resize(width, height) {
                tracing::warn!(code = error.code(), "{error}");
            }
            desktop.resize(width, height, scale as f32);
        });
    })?;
    Ok(())
}
