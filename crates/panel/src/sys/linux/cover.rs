//! The window above the webview: the engine draws to it, and input goes through it as if it were not there.

mod surface;
mod wayland;
mod x11;

use std::sync::Arc;

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

impl Cover {
    /// Covers a window: under X11 all of it, in the size that [`Self::resize`] gives; under Wayland the webview in it, whose place and size it follows by itself.
    ///
    /// Call it on GTK's thread.
    ///
    /// # Errors
    /// When it is no window that GTK shows, or the display server does not answer or refuses.
    pub fn above(window: &impl HasWindowHandle) -> Result<Self, CoverError> {
        match window.window_handle().map(|handle| handle.as_raw()) {
            // X numbers have 32 bits, also where they travel in a long.
            Ok(RawWindowHandle::Xlib(handle)) => Self::inside(handle.window as u32, (1, 1)),
            Ok(RawWindowHandle::Xcb(handle)) => Self::inside(handle.window.get(), (1, 1)),
            Ok(RawWindowHandle::Wayland(handle)) => {
                on_main_thread()?;
                Self::over(&wayland::find(handle.surface).ok_or(CoverError::NoWindow)?)
            }
            _ => Err(CoverError::NoWindow),
        }
    }

    /// As [`Self::above`], for a window of GTK.
    ///
    /// # Errors
    /// As there, and when it was not shown yet.
    pub fn over(window: &gtk::Window) -> Result<Self, CoverError> {
        on_main_thread()?;
        match window.window().ok_or(CoverError::NotShown)?.downcast::<gdkx11::X11Window>() {
            Ok(window) => Self::inside(window.xid() as u32, (1, 1)),
            Err(_) => Ok(Self(Kind::Wayland(wayland::above(window)?))),
        }
    }

    /// Covers so much of the window with this X number.
    ///
    /// # Errors
    /// When the X server does not answer or refuses.
    pub fn inside(parent: u32, size: (u32, u32)) -> Result<Self, CoverError> {
        Ok(Self(Kind::X11(Arc::new(x11::Child::inside(parent, size)?))))
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
