//! Wayland surfaces beside GDK's own: what is made with them, and what GDK is told of them.

#![expect(unsafe_code, reason = "GDK's functions for Wayland have no safe form, and wgpu takes raw handles")]

use std::ffi::c_void;
use std::os::fd::AsFd as _;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use gtk::gdk;
use gtk::glib::translate::ToGlibPtr as _;
use gtk::prelude::*;
use raw_window_handle::{
    DisplayHandle, HandleError, HasDisplayHandle, HasWindowHandle, RawDisplayHandle, RawWindowHandle, WaylandDisplayHandle,
    WaylandWindowHandle, WindowHandle,
};
use wayland_backend::client::{Backend, ObjectId};
use wayland_client::protocol::wl_shm::Format;
use wayland_client::protocol::wl_subsurface::WlSubsurface;
use wayland_client::protocol::wl_surface::WlSurface;
use wayland_client::{Connection, Proxy as _};
use wayland_protocols::wp::viewporter::client::wp_viewport::WpViewport;
use wayland_sys::client::{wayland_client_handle, wl_proxy};
use wayland_sys::common::wl_argument;
use wayland_sys::ffi_dispatch;

use super::CoverError;
use super::wayland::Globals;

// Of libgdk-3, which `gtk` links; the last two are there since 3.24.25.
unsafe extern "C" {
    fn gdk_wayland_display_get_wl_compositor(display: *mut gdk::ffi::GdkDisplay) -> *mut c_void;
    fn gdk_wayland_display_get_wl_display(display: *mut gdk::ffi::GdkDisplay) -> *mut c_void;
    fn gdk_wayland_window_get_wl_surface(window: *mut gdk::ffi::GdkWindow) -> *mut c_void;
    fn gdk_wayland_window_add_frame_callback_surface(window: *mut gdk::ffi::GdkWindow, surface: *mut c_void);
    fn gdk_wayland_window_remove_frame_callback_surface(window: *mut gdk::ffi::GdkWindow, surface: *mut c_void);
}

/// GDK's connection to the compositor, with a queue for events of its own. `None` when the display is none of Wayland.
pub(super) fn connection() -> Option<Connection> {
    let display = gdk::Display::default().filter(|display| display.backend().is_wayland())?;
    // SAFETY: the display is one of Wayland, and `display` keeps it alive during the call.
    let display = NonNull::new(unsafe { gdk_wayland_display_get_wl_display(display.to_glib_none().0) })?;
    // SAFETY: this is the default display, which GTK opens once and keeps open until the process ends.
    let backend = unsafe { Backend::from_foreign_display(display.as_ptr().cast()) };
    Some(Connection::from_backend(backend))
}

/// Where a window's surface lies in memory. `None` while it has none, as when it is hidden.
pub(super) fn address(window: &gdk::Window) -> Option<NonNull<c_void>> {
    if !window.display().backend().is_wayland() || window.window_type() != gdk::WindowType::Toplevel {
        return None;
    }
    // SAFETY: the window is a toplevel of a Wayland display, and `window` keeps it alive during the call.
    NonNull::new(unsafe { gdk_wayland_window_get_wl_surface(window.to_glib_none().0) })
}

/// Makes a surface a part of a window's surface, above all that is part of it already, placed and committed by itself.
fn part_of(globals: &Globals, window: &gdk::Window, surface: &WlSurface) -> Option<WlSubsurface> {
    let parent = address(window)?;
    // SAFETY: GDK's surface lives as long as the window is shown; nothing of GTK runs until this function returns, and the identity does not outlive it.
    let parent = unsafe { ObjectId::from_ptr(WlSurface::interface(), parent.as_ptr().cast()) }.ok()?;
    let parent = WlSurface::from_id(&globals.connection, parent).ok()?;
    let role = globals.subcompositor.get_subsurface(surface, &parent, &globals.queue, ());
    role.set_desync();
    Some(role)
}

/// `wl_compositor.create_surface`, in Wayland's own protocol.
const CREATE_SURFACE: u32 = 0;

/// A surface whose events GDK hears, as it does those of its own windows. A callback is told in the queue of the surface that it was asked of, and one that `wayland_client`
/// makes has a queue that GDK does not know.
fn in_gdks_queue(globals: &Globals, window: &gdk::Window) -> Option<WlSurface> {
    address(window)?;
    let interface = WlSurface::interface();
    let mut arguments = [wl_argument { n: 0 }];
    // SAFETY: `address` knows a window of a Wayland display, which keeps its compositor until it is closed. The request has one argument, the new object, whose number is
    // filled in.
    let surface: *mut wl_proxy = unsafe {
        let compositor = gdk_wayland_display_get_wl_compositor(window.display().to_glib_none().0);
        ffi_dispatch!(
            wayland_client_handle(),
            wl_proxy_marshal_array_constructor,
            compositor.cast(),
            CREATE_SURFACE,
            arguments.as_mut_ptr(),
            interface.c_ptr?
        )
    };
    NonNull::new(surface)?;
    // SAFETY: the surface was made just now, and nobody else has it.
    let surface = unsafe { ObjectId::from_ptr(interface, surface) }.ok()?;
    WlSurface::from_id(&globals.connection, surface).ok()
}

fn let_input_through(globals: &Globals, surface: &WlSurface) {
    let nothing = globals.compositor.create_region(&globals.queue, ());
    surface.set_input_region(Some(&nothing));
    nothing.destroy();
}

/// The surface that the engine draws to. Calls may come from any thread.
pub(super) struct Surface {
    connection: Connection,
    surface: WlSurface,
    /// Stretches whatever size was drawn to the size of the window.
    viewport: Option<WpViewport>,
    role: Mutex<Option<WlSubsurface>>,
}

impl Surface {
    /// A surface without a place, which takes no input.
    pub(super) fn new(globals: &Globals) -> Self {
        let surface = globals.compositor.create_surface(&globals.queue, ());
        let_input_through(globals, &surface);
        let viewport = globals.viewporter.as_ref().map(|viewporter| viewporter.get_viewport(&surface, &globals.queue, ()));
        Self { connection: globals.connection.clone(), surface, viewport, role: Mutex::default() }
    }

    /// Becomes a part of a window, instead of what it was a part of.
    pub(super) fn join(&self, globals: &Globals, window: &gdk::Window) {
        let mut role = self.role.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = role.take() {
            old.destroy();
        }
        *role = part_of(globals, window, &self.surface);
    }

    /// Moves to a place in the window, from the next time that the window is drawn, and takes a size, from its own next frame.
    pub(super) fn place(&self, (x, y): (i32, i32), (width, height): (i32, i32), scale: i32) {
        if let Some(role) = &*self.role.lock().unwrap_or_else(PoisonError::into_inner) {
            role.set_position(x, y);
        }
        match &self.viewport {
            Some(viewport) => viewport.set_destination(width.max(1), height.max(1)),
            None => self.surface.set_buffer_scale(scale.max(1)),
        }
    }
}

impl Drop for Surface {
    fn drop(&mut self) {
        if let Some(viewport) = &self.viewport {
            viewport.destroy();
        }
        if let Some(role) = self.role.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            role.destroy();
        }
        self.surface.destroy();
        let _ = self.connection.flush();
    }
}

impl HasWindowHandle for Surface {
    fn window_handle(&self) -> Result<WindowHandle<'_>, HandleError> {
        let surface = NonNull::new(self.surface.id().as_ptr()).ok_or(HandleError::Unavailable)?;
        // SAFETY: only the drop of `self` destroys the surface, and the handle borrows `self`.
        Ok(unsafe { WindowHandle::borrow_raw(RawWindowHandle::Wayland(WaylandWindowHandle::new(surface.cast()))) })
    }
}

impl HasDisplayHandle for Surface {
    fn display_handle(&self) -> Result<DisplayHandle<'_>, HandleError> {
        let display = NonNull::new(self.connection.backend().display_ptr()).ok_or(HandleError::Unavailable)?;
        // SAFETY: the display is GTK's default one, which is open until the process ends.
        Ok(unsafe { DisplayHandle::borrow_raw(RawDisplayHandle::Wayland(WaylandDisplayHandle::new(display.cast()))) })
    }
}

/// One transparent pixel above everything, by which GDK hears when it is time to draw.
///
/// Compositors need not tell that to a surface that is wholly covered, as GDK's is, and then nothing in the window would be drawn any more. The covering surface
/// itself will not do, since the GPU's driver commits it, on another thread and only when the engine has a frame.
pub(super) struct Pulse {
    window: gdk::Window,
    surface: WlSurface,
    role: WlSubsurface,
}

impl Pulse {
    /// Begins telling GDK.
    pub(super) fn new(globals: &Globals, window: &gdk::Window) -> Result<Self, CoverError> {
        let pixel = rustix::fs::memfd_create("transparent", rustix::fs::MemfdFlags::CLOEXEC)?;
        rustix::fs::ftruncate(&pixel, 4)?;
        let pool = globals.shm.create_pool(pixel.as_fd(), 4, &globals.queue, ());
        let buffer = pool.create_buffer(0, 1, 1, 4, Format::Argb8888, &globals.queue, ());
        pool.destroy();
        let surface = in_gdks_queue(globals, window).ok_or(CoverError::NotShown)?;
        let_input_through(globals, &surface);
        let Some(role) = part_of(globals, window, &surface) else {
            surface.destroy();
            return Err(CoverError::NotShown);
        };
        surface.attach(Some(&buffer), 0, 0);
        surface.damage(0, 0, 1, 1);
        surface.commit();
        // SAFETY: the window is one of Wayland, or `part_of` would have found nothing. `self` alone has the surface, and takes it from GDK before it is destroyed.
        unsafe { gdk_wayland_window_add_frame_callback_surface(window.to_glib_none().0, surface.id().as_ptr().cast()) };
        Ok(Self { window: window.clone(), surface, role })
    }

    /// Moves, from the next time that the window is drawn.
    pub(super) fn place(&self, (x, y): (i32, i32)) {
        self.role.set_position(x, y);
    }

    /// Sends off what GDK has asked for. To be called each time that GDK has drawn.
    pub(super) fn commit(&self) {
        self.surface.commit();
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        // SAFETY: as in `new`: the surface is still there, and `self` keeps the window alive.
        unsafe { gdk_wayland_window_remove_frame_callback_surface(self.window.to_glib_none().0, self.surface.id().as_ptr().cast()) };
        self.role.destroy();
        self.surface.destroy();
    }
}
