//! The window above the webview: the engine draws to it, and input goes through it as if it were not there.

#![expect(unsafe_code, reason = "raw handles of a window and a connection that live as long as the value")]

use std::num::NonZeroU32;
use std::ptr::NonNull;
use std::sync::Arc;

use raw_window_handle::{
    DisplayHandle, HandleError, HasDisplayHandle, HasWindowHandle, RawDisplayHandle, RawWindowHandle, WindowHandle, XcbDisplayHandle,
    XcbWindowHandle,
};
use thiserror::Error;
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::shape::{ConnectionExt as _, SK, SO};
use x11rb::protocol::xproto::{ClipOrdering, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, StackMode, WindowClass};
use x11rb::xcb_ffi::XCBConnection;

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
    /// The window is none of X.
    #[error("the window is no X window")]
    NoXWindow,
    /// There is no such screen.
    #[error("the X server has no screen")]
    NoScreen,
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
        Some("the desktop shell needs X11 for now; under Wayland, start it with GDK_BACKEND=x11".to_owned())
    }
}

/// An X window inside another, above everything in it, that takes no input. It has a connection of its own, which lives as long as it does.
#[derive(Clone)]
pub struct Cover(Arc<Inner>);

struct Inner {
    connection: XCBConnection,
    screen: usize,
    window: NonZeroU32,
    visual: u32,
}

impl Cover {
    /// Covers all of a window.
    ///
    /// # Errors
    /// When it is no X window, or the X server does not answer or refuses.
    pub fn above(window: &impl HasWindowHandle) -> Result<Self, CoverError> {
        match window.window_handle().map(|handle| handle.as_raw()) {
            // X numbers have 32 bits, also where they travel in a long.
            Ok(RawWindowHandle::Xlib(handle)) => Self::inside(handle.window as u32, (1, 1)),
            Ok(RawWindowHandle::Xcb(handle)) => Self::inside(handle.window.get(), (1, 1)),
            _ => Err(CoverError::NoXWindow),
        }
    }

    /// Covers so much of the window with this X number.
    ///
    /// # Errors
    /// When the X server does not answer or refuses.
    pub fn inside(parent: u32, (width, height): (u32, u32)) -> Result<Self, CoverError> {
        let (connection, screen) = XCBConnection::connect(None)?;
        let root = connection.setup().roots.get(screen).ok_or(CoverError::NoScreen)?;
        let (visual, depth) = (root.root_visual, root.root_depth);
        let colormap = connection.generate_id()?;
        connection.create_colormap(x11rb::protocol::xproto::ColormapAlloc::NONE, colormap, root.root, visual)?.check()?;
        let id = connection.generate_id()?;
        let window = NonZeroU32::new(id).ok_or(CoverError::NoScreen)?;
        // A border and a colormap are named because those of the parent may be of another depth.
        let look = CreateWindowAux::new().border_pixel(0).background_pixel(0).colormap(colormap);
        let (width, height) = sides(width, height);
        connection.create_window(depth, id, parent, 0, 0, width, height, 0, WindowClass::INPUT_OUTPUT, visual, &look)?.check()?;
        // An empty shape for input: the pointer meets what is below.
        connection.shape_rectangles(SO::SET, SK::INPUT, ClipOrdering::UNSORTED, id, 0, 0, &[])?.check()?;
        connection.map_window(id)?;
        connection.configure_window(id, &ConfigureWindowAux::new().stack_mode(StackMode::ABOVE))?.check()?;
        connection.flush()?;
        Ok(Self(Arc::new(Inner { connection, screen, window, visual })))
    }

    /// Follows the size of the window below.
    ///
    /// # Errors
    /// When the X server has gone.
    pub fn resize(&self, width: u32, height: u32) -> Result<(), CoverError> {
        let (width, height) = sides(width, height);
        let size = ConfigureWindowAux::new().width(u32::from(width)).height(u32::from(height));
        self.0.connection.configure_window(self.0.window.get(), &size)?;
        Ok(self.0.connection.flush()?)
    }
}

/// X knows sides from 1 to 65535.
fn sides(width: u32, height: u32) -> (u16, u16) {
    let side = |side: u32| u16::try_from(side.max(1)).unwrap_or(u16::MAX);
    (side(width), side(height))
}

impl HasWindowHandle for Cover {
    fn window_handle(&self) -> Result<WindowHandle<'_>, HandleError> {
        let mut handle = XcbWindowHandle::new(self.0.window);
        handle.visual_id = NonZeroU32::new(self.0.visual);
        // SAFETY: the window exists for as long as the connection, which `self` keeps open; only the parent's end takes it away earlier, after which X answers
        // every request with an error.
        Ok(unsafe { WindowHandle::borrow_raw(RawWindowHandle::Xcb(handle)) })
    }
}

impl HasDisplayHandle for Cover {
    fn display_handle(&self) -> Result<DisplayHandle<'_>, HandleError> {
        let connection = NonNull::new(self.0.connection.get_raw_xcb_connection());
        let handle = XcbDisplayHandle::new(connection, self.0.screen as i32);
        // SAFETY: the connection is open for as long as `self`.
        Ok(unsafe { DisplayHandle::borrow_raw(RawDisplayHandle::Xcb(handle)) })
    }
}
