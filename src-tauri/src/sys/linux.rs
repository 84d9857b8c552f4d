//! X11 and Wayland: the webview below, the engine's window above it, and input to whom it is meant for.

mod autostart;
mod keys;

use std::error::Error;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tauri::plugin::TauriPlugin;
use tauri::webview::WebviewBuilder;
use tauri::window::WindowBuilder;
use tauri::{AppHandle, LogicalPosition, LogicalSize, Manager, Webview, WebviewEvent, WebviewUrl, Window, WindowEvent, Wry};
use wasm_engine_engine::Diagnostic;
use wasm_engine_engine::desktop::{Desktop, Opening, Pace, Wanted};
use wasm_engine_panel::sys::linux;
use wasm_engine_panel::{Area, PanelPixels};

pub(crate) use self::autostart::Autostart;
use crate::launch::{self, ATTEMPTS};
use crate::shell::Shell;
use crate::window;

/// Lets one shell run for each identity: a second one leaves what it was started for to the first, and ends.
pub(crate) fn single_instance(identity: &str) -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::Builder::new().dbus_id(identity).callback(|app, _, _| launch::once_more(app)).build()
}

/// Whether a shell of this identity runs: the name of [`single_instance`] is somebody's. Where there is no session bus, none is found.
pub(crate) fn is_running(identity: &str) -> bool {
    let has_owner = || -> zbus::Result<bool> {
        let bus = zbus::blocking::Connection::session()?;
        let name = format!("{identity}.SingleInstance");
        Ok(zbus::blocking::fdo::DBusProxy::new(&bus)?.name_has_owner(name.try_into()?)?)
    };
    has_owner().unwrap_or(false)
}

/// Chooses how the webview is hosted: `offscreen` moves it to a window that is on no screen, for systems on which it does not go on while it is covered.
const PANEL: &str = "WASM_ENGINE_PANEL";

/// With Ctrl and Alt it shows and hides the HUD.
const HUD: char = 'h';

/// How long the panel waits for the page at most.
const PAGE_FIRST: Duration = Duration::from_secs(1);

/// What has to be settled before the first thread and the first window.
pub(crate) fn prepare() {
    linux::exit_at_once();
    linux::paint_where_it_is_cheap();
    linux::skip_absent_drivers();
}

/// Loads and begins with what Tauri cannot do without. Windows will be where the frames are shown.
pub(crate) fn load(place: Option<&Place>) -> Result<(), Box<dyn Error>> {
    linux::load_gtk()?;
    place.and_then(|place| place.0.as_ref()).inspect(|apart| apart.lead_gtk());
    Ok(linux::begin_gtk()?)
}

/// Code and hint of an error that has them.
pub(crate) fn diagnostic(error: &(dyn Error + 'static)) -> Option<Diagnostic> {
    if let Some(error) = error.downcast_ref::<linux::CoverError>() {
        return Some(Diagnostic::new(error.code(), error.to_string()).with_hint(error.hint()));
    }
    error.downcast_ref::<linux::LibraryError>().map(|error| Diagnostic::new(error.code(), error.to_string()))
}

/// Begins once more in this one's place, if what kept it from starting is that the first one has ended instead of taking what it was started for: then this one is the first, or
/// finds who is. Comes back with what kept it from that.
pub(crate) fn start_over(error: tauri::Error) -> Box<dyn Error> {
    let before = std::env::var(ATTEMPTS).ok().and_then(|attempts| attempts.parse().ok()).unwrap_or(0);
    // The plugin's text is all that tells this error from others of plugins.
    if before >= ATTEMPTS_MAX || !error.to_string().contains("failed to forward arguments to the running instance") {
        return error.into();
    }
    match std::env::current_exe() {
        Ok(program) => Command::new(program).args(std::env::args_os().skip(1)).env(ATTEMPTS, (before + 1).to_string()).exec().into(),
        Err(error) => error.into(),
    }
}

/// How often a shell starts over at most.
const ATTEMPTS_MAX: u32 = 3;

/// A text as notifications take it, whose servers read markup in it: what a guest has said is not to be any.
pub(crate) fn notice(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What things are to be magnified by after the window's scale, which GTK has as a whole number.
pub(crate) fn fraction() -> f64 {
    linux::fraction()
}

/// Calls `pressed` whenever Ctrl, Alt and H are pressed, in whatever window, while this shell's was looked at later than those of others.
pub(crate) fn hear_hud_keys(app: &AppHandle, pressed: fn(&AppHandle)) -> Result<(), Box<dyn Error>> {
    let app = app.clone();
    let window = find(&app);
    let keys = linux::on_ctrl_alt(HUD, move || pressed(&app))?;
    if let Some(window) = window {
        window.on_window_event(move |event| {
            if let WindowEvent::Focused(true) = event {
                keys.claim();
            }
        });
    }
    Ok(())
}

/// Where the frames will be shown: above the webview, once there is one.
pub(crate) struct Place(Option<linux::Apart>);

impl Place {
    /// Tells the app that is being opened where its frames will be shown, if that can be had before GTK begins.
    pub(crate) fn early(opening: &Opening) -> Self {
        let apart = linux::Apart::before_gtk();
        if let Some(apart) = &apart {
            show_in(opening, apart);
        }
        Self(apart)
    }

    fn settle(self, opening: &Opening) -> Result<linux::Apart, linux::CoverError> {
        if let Some(apart) = self.0 {
            return Ok(apart);
        }
        let apart = linux::Apart::new()?;
        show_in(opening, &apart);
        Ok(apart)
    }
}

fn show_in(opening: &Opening, apart: &linux::Apart) {
    let cover = apart.cover();
    // A thread that waits for a hidden window's display would hold up the end of the run.
    let pace = if cover.holds_up_while_hidden() { Pace::Mailbox } else { Pace::Fifo };
    opening.show_in(cover, pace);
}

/// A window in which nothing is yet: a new one, or that of the app which did not start in it, as large as it is.
pub(crate) fn window(app: &AppHandle, label: &str, title: &str, (width, height): (f64, f64)) -> tauri::Result<Window> {
    if let Some(window) = find(app) {
        window.set_title(title)?;
        return Ok(window);
    }
    WindowBuilder::new(app, label).title(title).inner_size(width, height).transparent(true).build()
}

/// The window, whether there is a webview in it or not.
pub(crate) fn find(app: &AppHandle) -> Option<Window> {
    app.windows().into_values().next()
}

/// The webview that fills it.
pub(crate) fn webview(window: &Window) -> Result<Webview, Box<dyn Error>> {
    linux::load_webkit()?;
    let builder = WebviewBuilder::new(window.label(), WebviewUrl::default()).transparent(true);
    // Its place and size are GTK's to give: all that there is.
    let webview = window.add_child(builder, LogicalPosition::new(0, 0), LogicalSize::new(1, 1))?;
    let app = window.app_handle().clone();
    webview.on_webview_event(move |event| {
        if let WebviewEvent::DragDrop(event) = event {
            window::dragged(&app, event);
        }
    });
    Ok(webview)
}

/// Starts the run in a window, and the panel once the page is there, which it would hold up: WebKit's libraries and processes take as much of the processor as the page.
pub(crate) fn run(app: &AppHandle, wanted: &Wanted, place: Place, opening: Opening) -> Result<(), Box<dyn Error>> {
    let apart = place.settle(&opening)?;
    let window = window(app, window::LABEL, &wanted.title, points(wanted))?;
    let cover = apart.cover();
    let (size, scale) = (window.inner_size()?, window.scale_factor()? * fraction());
    let inside = window.default_vbox()?;
    apart.above(&window)?;
    cover.resize(size.width, size.height)?;
    let size = (size.width.max(1), size.height.max(1));
    let ready = opening.ready()?;
    let run: Arc<OnceLock<Arc<Desktop>>> = Arc::default();
    let woken = run.clone();
    let pixels = Arc::new(PanelPixels::new(ready.gpu().clone(), move || {
        if let Some(run) = woken.get() {
            run.wake();
        }
    }));
    let desktop = Arc::new(ready.start(pixels.clone(), size, scale as f32)?);
    // From here on nothing fails: a window whose run has begun keeps it.
    let _ = run.set(desktop.clone());
    window.state::<Shell>().began(desktop.clone());
    let sized = desktop.clone();
    linux::sized(&inside, move |width, height, scale| {
        if let Err(error) = cover.resize(width, height) {
            tracing::warn!(code = error.code(), "{error}");
        }
        sized.resize(width, height, scale as f32);
    });
    let waiting = wait(&inside, pixels.clone(), desktop.clone());
    linux::afterwards(
        move || {
            desktop.wait_for_page(PAGE_FIRST);
            linux::load_webkit()
        },
        move |loaded| {
            window::surround(window.app_handle());
            let hosted = loaded.map_err(Into::into).and_then(|()| host(&window, pixels, waiting));
            if let Err(error) = hosted {
                window::without_panel(window.app_handle(), &*error);
            }
        },
    );
    Ok(())
}

/// Hands the page what the panel leaves to it, from before there is one.
fn wait(inside: &gtk::Box, panel: Arc<PanelPixels>, page: Arc<Desktop>) -> linux::Waiting {
    let (hud, wishing) = (page.clone(), page.clone());
    let waiting = linux::Waiting::fill(inside, panel, move |input| page.input(keys::page_input(input)));
    // Where they are heard whichever window has the keyboard, this one does not get them.
    waiting.routed().on_ctrl_alt(HUD, move || hud.toggle_hud());
    let routed = waiting.routed().clone();
    let asking = wishing.clone();
    wishing.on_wish(linux::bell(move || {
        let wishes = asking.take_wishes();
        if let Some(name) = wishes.cursor {
            routed.set_cursor(name);
        }
        if let Some(caret) = wishes.caret {
            routed.set_caret(caret.map(|area| {
                let [x, y, width, height] = area.map(|side| u32::try_from(side).unwrap_or(0));
                Area { x, y, width, height }
            }));
        }
    }));
    waiting
}

/// Width and height of the window that is wanted, in points.
fn points(wanted: &Wanted) -> (f64, f64) {
    let points =
        |side: u32| if wanted.follows_display { f64::from(side) * fraction() } else { f64::from(side) / linux::pixels_per_point() };
    (points(wanted.size.0), points(wanted.size.1))
}

/// Puts the panel into the window.
fn host(window: &Window, pixels: Arc<PanelPixels>, waiting: linux::Waiting) -> Result<(), Box<dyn Error>> {
    let view = waiting.give_way(|| -> Result<_, Box<dyn Error>> {
        webview(window)?;
        Ok(linux::webview_in(&window.default_vbox()?).ok_or("the window has no webview")?)
    })?;
    if std::env::var_os(PANEL).is_some_and(|value| value == "offscreen")
        && let Err(error) = linux::offscreen::host(&view)
    {
        tracing::warn!(code = error.code(), "the panel stays in its window: {error}; {}", error.hint().unwrap_or_default());
    }
    linux::let_frames_go_first(&view);
    linux::keep_canvases_on_the_processor(&view);
    linux::capture(&view, pixels);
    linux::revive(&view);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_guest_has_said_is_no_markup() {
        assert_eq!(notice("a < b && <b>c</b>"), "a &lt; b &amp;&amp; &lt;b&gt;c&lt;/b&gt;");
    }
}
