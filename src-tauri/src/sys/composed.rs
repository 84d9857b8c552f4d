//! macOS and Windows: the system composes the webview over the engine's surface. Written, and not run on any machine yet.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent, Wry};
use tauri_plugin_autostart::AutoLaunchManager;
use tauri_plugin_global_shortcut::{GlobalShortcutExt as _, Shortcut, ShortcutEvent, ShortcutState};
use wasm_engine_engine::Diagnostic;
use wasm_engine_engine::desktop::{Opening, Pace, Wanted};

use crate::shell::Shell;
use crate::{launch, window};

/// Lets one shell run at a time: these systems' plugin knows no identities, so a second app has to wait for the first one's end.
pub(crate) fn single_instance(_identity: &str) -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::init(|app, _, _| launch::once_more(app))
}

/// Whether a shell of this identity runs, which these systems' plugin does not tell.
pub(crate) fn is_running(_identity: &str) -> bool {
    false
}

/// What kept the shell from starting; these systems' plugin finds no first one that ends meanwhile.
pub(crate) fn start_over(error: tauri::Error) -> Box<dyn Error> {
    error.into()
}

/// A text as notifications take it.
pub(crate) fn notice(text: &str) -> String {
    text.to_owned()
}

/// Starting one app, or the shell without one, with the session.
pub(crate) struct Autostart(AppHandle);

impl Autostart {
    /// `name` tells the entry from all others of this person.
    pub(crate) fn new(shell: &AppHandle, name: &str, app: Option<&Path>) -> Self {
        if shell.try_state::<AutoLaunchManager>().is_none() {
            let builder = tauri_plugin_autostart::Builder::new().app_name(name).args(app.map(argument));
            if let Err(error) = shell.plugin(builder.build()) {
                tracing::warn!("starting with the session cannot be had: {error}");
            }
        }
        Self(shell.clone())
    }

    /// Whether the session will start it.
    pub(crate) fn is_on(&self) -> bool {
        self.0.try_state::<AutoLaunchManager>().is_some_and(|manager| manager.is_enabled().unwrap_or(false))
    }

    /// Adds the entry or takes it away.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn set(&self, on: bool) -> Result<(), Box<dyn Error>> {
        let manager = self.0.try_state::<AutoLaunchManager>().ok_or("there is no entry for the session")?;
        Ok(if on { manager.enable()? } else { manager.disable()? })
    }
}

/// A path as the plugin's entries need it, which take what they are given as it is: on Windows a command line, in which no path has a quote, on macOS a property list.
fn argument(path: &Path) -> String {
    let text = path.display().to_string();
    if cfg!(target_os = "windows") { format!("\"{text}\"") } else { text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") }
}

/// What has to be settled before the first window: nothing.
pub(crate) fn prepare() {}

/// Loads what Tauri cannot do without: nothing.
pub(crate) fn load(_: Option<&Place>) -> Result<(), Box<dyn Error>> {
    Ok(())
}

/// Code and hint of an error that has them: here none but the engine's own do.
pub(crate) fn diagnostic(_error: &(dyn Error + 'static)) -> Option<Diagnostic> {
    None
}

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

/// Where the frames are shown: in the window itself, so that there is nothing before it.
pub(crate) struct Place;

impl Place {
    /// Nothing yet.
    pub(crate) fn early(_opening: &Opening) -> Self {
        Self
    }
}

/// The window with the webview that fills it: a new one, or that of the app which did not start in it, as large as it is.
pub(crate) fn window(app: &AppHandle, label: &str, title: &str, (width, height): (f64, f64)) -> tauri::Result<WebviewWindow> {
    if let Some(window) = find(app) {
        window.set_title(title)?;
        return Ok(window);
    }
    let builder = WebviewWindowBuilder::new(app, label, WebviewUrl::default());
    let window = builder.title(title).inner_size(width, height).transparent(true).build()?;
    let app = app.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::DragDrop(event) = event {
            window::dragged(&app, event);
        }
    });
    Ok(window)
}

/// The window.
pub(crate) fn find(app: &AppHandle) -> Option<WebviewWindow> {
    app.webview_windows().into_values().next()
}

/// The webview is there already.
pub(crate) fn webview(_window: &WebviewWindow) -> Result<(), Box<dyn Error>> {
    Ok(())
}

/// Starts the run in a window.
pub(crate) fn run(app: &AppHandle, wanted: &Wanted, _place: Place, opening: Opening) -> Result<(), Box<dyn Error>> {
    let window = window(app, window::LABEL, &wanted.title, (f64::from(wanted.size.0), f64::from(wanted.size.1)))?;
    let (size, scale) = (window.inner_size()?, window.scale_factor()? as f32);
    let size = (size.width.max(1), size.height.max(1));
    opening.show_in(window.clone(), Pace::Fifo);
    let ready = opening.ready()?;
    let desktop = Arc::new(ready.start(Arc::new(wasm_engine_panel::SystemPanel), size, scale)?);
    window.state::<Shell>().began(desktop.clone());
    let scaled = window.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::Resized(size) = event {
            desktop.resize(size.width, size.height, scaled.scale_factor().unwrap_or(1.0) as f32);
        }
    });
    window::surround(app);
    Ok(())
}
