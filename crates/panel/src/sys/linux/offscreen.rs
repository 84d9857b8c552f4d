//! The second choice: the webview in a window that is on no screen, and in its place a widget that passes input on.
//!
//! It is for systems on which a webview that is covered does not go on. Pixels and input go the same ways as in place, through [`capture`](super::capture()) and
//! [`route`](super::route), which are called after [`host`]. What is native in place is less so here: pop-ups of the webview (lists of a choice, its context menu) may
//! come up in the wrong place or not at all, input methods do not know where the text is, and assistive technology sees a window of its own.

use gtk::gdk::{EventMask, EventType};
use gtk::glib::Propagation;
use gtk::prelude::*;
use thiserror::Error;

/// What the widget in the webview's place is called.
pub(super) const STAND_IN: &str = "wasm-engine-stand-in";

/// With it, WebKit hands its pixels over in memory. Under Wayland with a GPU it would ask the window for an OpenGL context otherwise, which one that is on no screen
/// has not, and end the process.
const SHARED_MEMORY: &str = "WEBKIT_DMABUF_RENDERER_FORCE_SHM";

/// Why the webview stays where it is.
#[derive(Debug, Error)]
pub enum HostError {
    /// It is in no container, so nothing can take its place.
    #[error("the webview is in no window")]
    NoPlace,
    /// The process would end at the first frame.
    #[error("under Wayland, a webview outside of the screen needs {SHARED_MEMORY}=1 in the environment")]
    SharedMemory,
}

impl HostError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPlace => "NO_PLACE_FOR_PANEL",
            Self::SharedMemory => "PANEL_NEEDS_SHARED_MEMORY",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoPlace => None,
            Self::SharedMemory => Some(format!("start the program with {SHARED_MEMORY}=1; WebKit reads it when GTK starts")),
        }
    }
}

/// Moves the webview into a window that is on no screen, as large as the place that it had. Returns the widget that is there now.
///
/// Call it on GTK's thread, before the pixels are captured.
///
/// # Errors
/// When the webview is in no window, or would end the process there.
pub fn host(webview: &webkit2gtk::WebView) -> Result<gtk::Widget, HostError> {
    if webview.display().backend().is_wayland() && std::env::var_os(SHARED_MEMORY).is_none_or(|value| value == "0") {
        return Err(HostError::SharedMemory);
    }
    let parent = webview.parent().and_then(|parent| parent.downcast::<gtk::Container>().ok()).ok_or(HostError::NoPlace)?;
    let stand_in = gtk::DrawingArea::new();
    stand_in.set_widget_name(STAND_IN);
    stand_in.set_can_focus(true);
    stand_in.add_events(EventMask::ALL_EVENTS_MASK);
    swap(&parent, webview, &stand_in);

    let window = gtk::OffscreenWindow::new();
    // With an opaque visual, what the webview leaves free would be black.
    window.set_visual(GtkWindowExt::screen(&window).and_then(|screen| screen.rgba_visual()).as_ref());
    window.set_app_paintable(true);
    let size = stand_in.allocation();
    webview.set_size_request(size.width().max(1), size.height().max(1));
    window.add(webview);
    window.show_all();
    follow(&stand_in, webview, window);
    stand_in.show();
    stand_in.grab_focus();
    Ok(stand_in.upcast())
}

/// Puts the stand-in where the webview was, packed as it was.
fn swap(parent: &gtk::Container, webview: &webkit2gtk::WebView, stand_in: &gtk::DrawingArea) {
    let packing =
        parent.downcast_ref::<gtk::Box>().map(|parent| (parent, parent.query_child_packing(webview), parent.child_position(webview)));
    parent.remove(webview);
    parent.add(stand_in);
    if let Some((parent, (expand, fill, padding, pack), position)) = packing {
        parent.set_child_packing(stand_in, expand, fill, padding, pack);
        parent.reorder_child(stand_in, position);
    }
}

/// Keeps the webview as large as its stand-in, and passes on what happens there.
fn follow(stand_in: &gtk::DrawingArea, webview: &webkit2gtk::WebView, window: gtk::OffscreenWindow) {
    let view = webview.downgrade();
    stand_in.connect_size_allocate(move |_, size| {
        if let Some(view) = view.upgrade() {
            view.set_size_request(size.width().max(1), size.height().max(1));
        }
    });
    let view = webview.downgrade();
    stand_in.connect_event(move |stand_in, event| view.upgrade().map_or(Propagation::Proceed, |view| pass_on(stand_in, &view, event)));
    // It ends with the widget that stands for it.
    stand_in.connect_destroy(move |_| window.close());
}

/// Gives the webview an event of its stand-in. The points are the same, since they are equally large.
fn pass_on(stand_in: &gtk::DrawingArea, webview: &webkit2gtk::WebView, event: &gtk::gdk::Event) -> Propagation {
    let is_taken = match event.event_type() {
        EventType::FocusChange => {
            webview.send_focus_change(event);
            // The stand-in has the focus in its own window, too.
            false
        }
        EventType::ButtonPress | EventType::TouchBegin => {
            stand_in.grab_focus();
            webview.event(event)
        }
        EventType::DoubleButtonPress
        | EventType::TripleButtonPress
        | EventType::ButtonRelease
        | EventType::Scroll
        | EventType::KeyPress
        | EventType::KeyRelease
        | EventType::TouchUpdate
        | EventType::TouchEnd
        | EventType::TouchCancel => webview.event(event),
        EventType::MotionNotify | EventType::EnterNotify | EventType::LeaveNotify => {
            let is_taken = webview.event(event);
            if let (Some(here), Some(there)) = (stand_in.window(), webview.window()) {
                here.set_cursor(there.cursor().as_ref());
            }
            is_taken
        }
        _ => false,
    };
    if is_taken { Propagation::Stop } else { Propagation::Proceed }
}
