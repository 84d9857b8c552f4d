//! The window above the webview: the engine draws to it, and input goes through it as if it were not there.

mod surface;
mod wayland;
mod x11;

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use gtk::gdk;
use gtk::prelude::*;
use raw_window_handle::{DisplayHandle, HandleError, HasDisplayHandle, HasWindowHandle, RawWindowHandle, WindowHandle};
use thiserror::Error;
use wayland_backend::client::WaylandError;
use wayland_client::globals::{BindError, GlobalError};
use x11rb::errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError};

/// Why there is no window above the webview.
#[derive(Debug, Error)]
pub enum CoverError {
    /// No X server answers.
    #[error("no X server answers: {0}")]
    Connect(#[from] ConnectError),
    /// The connection broke.
    #[error("the X server has gone: {0}")]
    Connection(#[from] ConnectionError),
    /// A request was refused.
    #[error("the X server refused a request: {0}")]
    Reply(#[from] ReplyError),
    /// The connection has no numbers left.
    #[error("the X server refused a window: {0}")]
    Id(#[from] ReplyOrIdError),
    /// There is no such screen.
    #[error("the X server has no screen")]
    NoScreen,
    /// The Wayland compositor does not answer.
    #[error("the Wayland compositor does not answer: {0}")]
    Compositor(#[from] GlobalError),
    /// The Wayland compositor lacks something that all compositors have.
    #[error("the Wayland compositor lacks something: {0}")]
    Global(#[from] BindError),
    /// The connection broke.
    #[error("the Wayland compositor has gone: {0}")]
    Wayland(#[from] WaylandError),
    /// The system has no memory to share with the compositor.
    #[error("no memory to share with the Wayland compositor: {0}")]
    Memory(#[from] rustix::io::Errno),
    /// The window is none that GTK shows.
    #[error("the window is neither one of X nor one of Wayland")]
    NoWindow,
    /// The window has no surface at this time.
    #[error("the window is not shown yet")]
    NotShown,
    /// GTK's windows can be touched on its own thread only.
    #[error("this is not GTK's thread")]
    WrongThread,
}

impl CoverError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "NO_WINDOW_ABOVE"
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Compositor(_) | Self::Global(_) | Self::Wayland(_) => {
                Some("where there is an X server too, start the desktop shell with GDK_BACKEND=x11".to_owned())
            }
            Self::NoWindow => Some("the desktop shell needs X11 or Wayland".to_owned()),
            Self::NotShown => Some("show the window first".to_owned()),
            Self::WrongThread => Some("call it on the thread that GTK was started on".to_owned()),
            _ => None,
        }
    }
}

/// A window or surface inside GTK's window, above everything in it, that takes no input. What is drawn to it must be gone before its last clone is.
#[derive(Clone)]
pub struct Cover(Kind);

#[derive(Clone)]
enum Kind {
    X11(Arc<x11::Child>),
    Wayland(Arc<surface::Surface>),
}

/// A [`Cover`] that lies above no window yet. Frames can be got ready for it.
pub struct Apart(ApartKind);

enum ApartKind {
    X11(Arc<x11::Child>),
    Wayland(Box<wayland::Apart>),
}

impl Apart {
    /// One for GTK's display. Call it on GTK's thread.
    ///
    /// # Errors
    /// When the display server does not answer or refuses.
    pub fn new() -> Result<Self, CoverError> {
        on_main_thread()?;
        let is_wayland = gdk::Display::default().is_some_and(|display| display.backend().is_wayland());
        let kind =
            if is_wayland { ApartKind::Wayland(Box::new(wayland::Apart::new()?)) } else { ApartKind::X11(Arc::new(x11::Child::apart()?)) };
        Ok(Self(kind))
    }

    /// One that needs no GTK yet, where it is certain that GTK will take X11, see [`Self::lead_gtk`]. `None` elsewhere.
    #[must_use]
    pub fn before_gtk() -> Option<Self> {
        if !takes_x11(&|name| std::env::var_os(name)) {
            return None;
        }
        let child = x11::Child::apart().ok()?;
        Some(Self(ApartKind::X11(Arc::new(child))))
    }

    /// Has GTK use the same display server. To be called before GTK begins.
    pub fn lead_gtk(&self) {
        gdk::set_allowed_backends(match self.0 {
            ApartKind::X11(_) => "x11",
            ApartKind::Wayland(_) => "wayland",
        });
    }

    /// What is drawn to. It is seen once it is above a window.
    #[must_use]
    pub fn cover(&self) -> Cover {
        Cover(match &self.0 {
            ApartKind::X11(child) => Kind::X11(child.clone()),
            ApartKind::Wayland(apart) => Kind::Wayland(apart.surface.clone()),
        })
    }

    /// Covers a window: under X11 all of it, in the size that [`Cover::resize`] gives; under Wayland the webview in it, whose place and size it follows by itself.
    ///
    /// Call it on GTK's thread.
    ///
    /// # Errors
    /// When it is no window that GTK shows, or the display server refuses.
    pub fn above(self, window: &impl HasWindowHandle) -> Result<(), CoverError> {
        on_main_thread()?;
        match (self.0, window.window_handle().map(|handle| handle.as_raw())) {
            // X numbers have 32 bits, also where they travel in a long.
            (ApartKind::X11(child), Ok(RawWindowHandle::Xlib(handle))) => child.cover(handle.window as u32),
            (ApartKind::X11(child), Ok(RawWindowHandle::Xcb(handle))) => child.cover(handle.window.get()),
            (ApartKind::Wayland(apart), Ok(RawWindowHandle::Wayland(handle))) => {
                apart.cover(&wayland::find(handle.surface).ok_or(CoverError::NoWindow)?)
            }
            _ => Err(CoverError::NoWindow),
        }
    }

    /// As [`Self::above`], for a window of GTK.
    ///
    /// # Errors
    /// As there, and when it was not shown yet.
    pub fn over(self, window: &gtk::Window) -> Result<(), CoverError> {
        on_main_thread()?;
        match (self.0, window.window().ok_or(CoverError::NotShown)?.downcast::<gdkx11::X11Window>()) {
            (ApartKind::X11(child), Ok(window)) => child.cover(window.xid() as u32),
            (ApartKind::Wayland(apart), Err(_)) => apart.cover(window),
            _ => Err(CoverError::NoWindow),
        }
    }
}

impl Cover {
    /// Covers a window of GTK. Call it on GTK's thread.
    ///
    /// # Errors
    /// As [`Apart::new`] and [`Apart::over`].
    pub fn over(window: &gtk::Window) -> Result<Self, CoverError> {
        let apart = Apart::new()?;
        let cover = apart.cover();
        apart.over(window)?;
        Ok(cover)
    }

    /// Follows the size of the window below, in pixels. Under Wayland there is nothing to do: what is drawn is shown in the size of the webview.
    ///
    /// # Errors
    /// When the X server has gone.
    pub fn resize(&self, width: u32, height: u32) -> Result<(), CoverError> {
        match &self.0 {
            Kind::X11(child) => child.resize(width, height),
            Kind::Wayland(_) => Ok(()),
        }
    }

    /// Whether a frame that is presented at the display's pace waits for as long as the window is hidden, and its thread with it: Wayland has no pace then. Whoever
    /// must not wait presents without one (mailbox).
    #[must_use]
    pub fn holds_up_while_hidden(&self) -> bool {
        matches!(self.0, Kind::Wayland(_))
    }
}

/// Whether GTK takes X11 in this environment: it tries Wayland first, unless told otherwise, and finds a compositor by its socket's name.
fn takes_x11(variable: &dyn Fn(&str) -> Option<OsString>) -> bool {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    match set("GDK_BACKEND") {
        Some(backends) => backends == "x11",
        None => {
            let socket = set("XDG_RUNTIME_DIR").map(|folder| Path::new(&folder).join("wayland-0"));
            set("WAYLAND_DISPLAY").is_none() && set("WAYLAND_SOCKET").is_none() && socket.is_none_or(|socket| !socket.exists())
        }
    }
}

fn on_main_thread() -> Result<(), CoverError> {
    if gtk::is_initialized_main_thread() { Ok(()) } else { Err(CoverError::WrongThread) }
}

impl HasWindowHandle for Cover {
    fn window_handle(&self) -> Result<WindowHandle<'_>, HandleError> {
        match &self.0 {
            Kind::X11(child) => child.window_handle(),
            Kind::Wayland(surface) => surface.window_handle(),
        }
    }
}

impl HasDisplayHandle for Cover {
    fn display_handle(&self) -> Result<DisplayHandle<'_>, HandleError> {
        match &self.0 {
            Kind::X11(child) => child.display_handle(),
            Kind::Wayland(surface) => surface.display_handle(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(variables: &[(&str, &str)]) -> bool {
        takes_x11(&|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn x11_is_certain_only_where_no_wayland_compositor_can_be_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = ("XDG_RUNTIME_DIR", folder.path().to_str().expect("a plain path"));
        assert!(takes(&[]));
        assert!(takes(&[runtime]));
        assert!(takes(&[("GDK_BACKEND", "x11"), ("WAYLAND_DISPLAY", "wayland-1")]));
        assert!(!takes(&[("GDK_BACKEND", "wayland,x11")]));
        assert!(!takes(&[runtime, ("WAYLAND_DISPLAY", "wayland-1")]));
        std::fs::write(folder.path().join("wayland-0"), "").expect("a file");
        assert!(!takes(&[runtime]));
    }
}
