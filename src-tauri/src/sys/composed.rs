//! macOS and Windows: the system composes the webview over the engine's surface. Written, and not run on any machine yet.

use std::error::Error;
use std::sync::Arc;

use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, WebviewWindow, WindowEvent, Wry};
use tauri_plugin_global_shortcut::{GlobalShortcutExt as _, Shortcut, ShortcutEvent, ShortcutState};
use wasm_engine_engine::Engine;
use wasm_engine_engine::desktop::{Desktop, Pace, Stage};

use crate::shell::Shell;
use crate::window;

/// Lets one shell run at a time: these systems' plugin knows no identities, so a second app has to wait for the first one's end.
pub(crate) fn single_instance(_identity: &str) -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::init(|app, _, _| window::show(app))
}

/// What has to be settled before the first window: nothing.
pub(crate) fn prepare() {}

/// What things are to be magnified by after the window's scale, which is all there is here.
pub(crate) fn fraction() -> f64 {
    1.0
}

/// Calls `pressed` whenever Ctrl, Alt and H are pressed, in whatever window.
pub(crate) fn hear_hud_keys(app: &AppHandle, pressed: fn(&AppHandle)) -> Result<(), Box<dyn Error>> {
    let hear = move |app: &AppHandle, _: &Shortcut, event: ShortcutEvent| {
        if event.state() == ShortcutState::Pressed {
            pressed(app);
        }
    };
    app.plugin(tauri_plugin_global_shortcut::Builder::new().with_handler(hear).build())?;
    Ok(app.global_shortcut().register("Ctrl+Alt+H")?)
}

/// Starts the run in the window.
pub(crate) fn attach(window: &WebviewWindow, engine: Engine) -> Result<(), Box<dyn Error>> {
    let (size, scale) = (window.inner_size()?, window.scale_factor()?);
    let stage = Stage::new(window.clone(), Pace::Fifo)?;
    let shell = window.state::<Shell>();
    let panel = Arc::new(wasm_engine_panel::SystemPanel);
    let desktop =
        Arc::new(Desktop::start(engine, stage, panel, (size.width.max(1), size.height.max(1)), scale as f32, &shell.stop, &shell.log)?);
    shell.began(desktop.clone());
    let scaled = window.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::Resized(size) = event {
            desktop.resize(size.width, size.height, scaled.scale_factor().unwrap_or(1.0) as f32);
        }
    });
    Ok(())
}
