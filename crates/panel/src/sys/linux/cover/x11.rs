//! An X window inside GTK's, above everything in it.

#![expect(unsafe_code, reason = "raw handles of a window and a connection that live as long as the value")]

use std::num::NonZeroU32;
use std::ptr::NonNull;

use raw_window_handle::{
    DisplayHandle, HandleError, HasDisplayHandle, HasWindowHandle, RawDisplayHandle, RawWindowHandle, WindowHandle, XcbDisplayHandle,
    XcbWindowHandle,
};
use x11rb::connection::Connection as _;
use x11rb::protocol::shape::{ConnectionExt as _, SK, SO};
use x11rb::protocol::xproto::{
    ClipOrdering, ColormapAlloc, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, Gravity, StackMode, WindowClass,
};
use x11rb::xcb_ffi::XCBConnection;

use super::CoverError;

/// An X window that takes no input. It has a connection of its own, which lives as long as it does.
pub(super) struct Child {
    connection: XCBConnection,
    screen: usize,
    window: NonZeroU32,
    visual: u32,
}

impl Child {
    /// A window that is not shown yet, below nothing but the screen's root.
    pub(super) fn apart() -> Result<Self, CoverError> {
        let (connection, screen) = XCBConnection::connect(None)?;
        let root = connection.setup().roots.get(screen).ok_or(CoverError::NoScreen)?;
        let (visual, depth) = (root.root_visual, root.root_depth);
        let colormap = connection.generate_id()?;
        connection.create_colormap(ColormapAlloc::NONE, colormap, root.root, visual)?;
        let id = connection.generate_id()?;
        let window = NonZeroU32::new(id).ok_or(CoverError::NoScreen)?;
        // A border and a colormap are named because those of the parent may be of another depth. It is none of the window manager's.
        // When its size changes, what it shows stays until the next frame, instead of the background.
        let look = CreateWindowAux::new()
            .border_pixel(0)
            .background_pixel(0)
            .bit_gravity(Gravity::NORTH_WEST)
            .colormap(colormap)
            .override_redirect(1);
        connection.create_window(depth, id, root.root, 0, 0, 1, 1, 0, WindowClass::INPUT_OUTPUT, visual, &look)?.check()?;
        // An empty shape for input: the pointer meets what is below.
        connection.shape_rectangles(SO::SET, SK::INPUT, ClipOrdering::UNSORTED, id, 0, 0, &[])?.check()?;
        Ok(Self { connection, screen, window, visual })
    }

    /// Covers the window with this X number.
    pub(super) fn cover(&self, parent: u32) -> Result<(), CoverError> {
        let id = self.window.get();
        self.connection.reparent_window(id, parent, 0, 0)?.check()?;
        self.connection.map_window(id)?;
        self.connection.configure_window(id, &ConfigureWindowAux::new().stack_mode(StackMode::ABOVE))?.check()?;
        Ok(self.connection.flush()?)
    }

    /// Takes another size.
    pub(super) fn resize(&self, width: u32, height: u32) -> Result<(), CoverError> {
        let (width, height) = sides(width, height);
        let size = ConfigureWindowAux::new().width(u32::from(width)).height(u32::from(height));
        self.connection.configure_window(self.window.get(), &size)?;
        Ok(self.connection.flush()?)
    }
}

/// X knows sides from 1 to 65535.
fn sides(width: u32, height: u32) -> (u16, u16) {
    let side = |side: u32| u16::try_from(side.max(1)).unwrap_or(u16::MAX);
    (side(width), side(height))
}

impl HasWindowHandle for Child {
    fn window_handle(&self) -> Result<WindowHandle<'_>, HandleError> {
        let mut handle = XcbWindowHandle::new(self.window);
        handle.visual_id = NonZeroU32::new(self.visual);
        // SAFETY: the window exists for as long as the connection, which `self` keeps open; only the parent's end takes it away earlier, after which X answers
        // every request with an error.
        Ok(unsafe { WindowHandle::borrow_raw(RawWindowHandle::Xcb(handle)) })
    }
}

impl HasDisplayHandle for Child {
    fn display_handle(&self) -> Result<DisplayHandle<'_>, HandleError> {
        let connection = NonNull::new(self.connection.get_raw_xcb_connection());
        let handle = XcbDisplayHandle::new(connection, self.screen as i32);
        // SAFETY: the connection is open for as long as `self`.
        Ok(unsafe { DisplayHandle::borrow_raw(RawDisplayHandle::Xcb(handle)) })
    }
}
