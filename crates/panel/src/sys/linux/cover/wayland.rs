//! A Wayland surface that is a part of GTK's window, above everything in it, and follows it.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use gtk::gdk::FrameClock;
use gtk::glib::{self, SignalHandlerId};
use gtk::prelude::*;
use wayland_client::globals::{GlobalListContents, registry_queue_init};
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_compositor::WlCompositor;
use wayland_client::protocol::wl_region::WlRegion;
use wayland_client::protocol::wl_registry::{Event as RegistryEvent, WlRegistry};
use wayland_client::protocol::wl_shm::WlShm;
use wayland_client::protocol::wl_shm_pool::WlShmPool;
use wayland_client::protocol::wl_subcompositor::WlSubcompositor;
use wayland_client::protocol::wl_subsurface::WlSubsurface;
use wayland_client::protocol::wl_surface::WlSurface;
use wayland_client::{Connection, Dispatch, EventQueue, QueueHandle, delegate_noop};
use wayland_protocols::wp::viewporter::client::wp_viewport::WpViewport;
use wayland_protocols::wp::viewporter::client::wp_viewporter::WpViewporter;

use super::CoverError;
use super::surface::{self, Pulse, Surface};
use crate::sys::linux::offscreen;
use crate::sys::linux::waiting;

/// Who gets the compositor's events about our objects: nobody needs them.
pub(super) struct Events;

impl Dispatch<WlRegistry, GlobalListContents> for Events {
    fn event(_: &mut Self, _: &WlRegistry, _: RegistryEvent, _: &GlobalListContents, _: &Connection, _: &QueueHandle<Self>) {}
}

delegate_noop!(Events: ignore WlBuffer);
delegate_noop!(Events: ignore WlCompositor);
delegate_noop!(Events: ignore WlRegion);
delegate_noop!(Events: ignore WlShm);
delegate_noop!(Events: ignore WlShmPool);
delegate_noop!(Events: ignore WlSubcompositor);
delegate_noop!(Events: ignore WlSubsurface);
delegate_noop!(Events: ignore WlSurface);
delegate_noop!(Events: ignore WpViewport);
delegate_noop!(Events: ignore WpViewporter);

/// What the compositor offers, on GDK's connection.
pub(super) struct Globals {
    pub(super) connection: Connection,
    pub(super) queue: QueueHandle<Events>,
    pub(super) compositor: WlCompositor,
    pub(super) subcompositor: WlSubcompositor,
    pub(super) shm: WlShm,
    /// Not every compositor has it.
    pub(super) viewporter: Option<WpViewporter>,
}

impl Globals {
    fn new() -> Result<(Self, EventQueue<Events>), CoverError> {
        let connection = surface::connection().ok_or(CoverError::NoWindow)?;
        let (globals, events) = registry_queue_init::<Events>(&connection)?;
        let queue = events.handle();
        let compositor = globals.bind(&queue, 1..=6, ())?;
        let subcompositor = globals.bind(&queue, 1..=1, ())?;
        let shm = globals.bind(&queue, 1..=1, ())?;
        let viewporter = globals.bind(&queue, 1..=1, ()).ok();
        Ok((Self { connection, queue, compositor, subcompositor, shm, viewporter }, events))
    }
}

/// GTK's window whose surface is this one.
pub(super) fn find(surface: NonNull<c_void>) -> Option<gtk::Window> {
    let windows = gtk::Window::list_toplevels().into_iter().filter_map(|widget| widget.downcast::<gtk::Window>().ok());
    windows.into_iter().find(|window| window.window().as_ref().and_then(surface::address) == Some(surface))
}

/// A surface that is a part of no window yet.
pub(super) struct Apart {
    pub(super) surface: Arc<Surface>,
    globals: Globals,
    events: EventQueue<Events>,
}

impl Apart {
    pub(super) fn new() -> Result<Self, CoverError> {
        let (globals, events) = Globals::new()?;
        Ok(Self { surface: Arc::new(Surface::new(&globals)), globals, events })
    }

    /// Covers the webview in a window, or all that the window holds, and follows it from then on.
    pub(super) fn cover(self, window: &gtk::Window) -> Result<(), CoverError> {
        // The webview, or what stands for it.
        let content =
            waiting::find(window.upcast_ref(), &|widget| widget.is::<webkit2gtk::WebView>() || widget.widget_name() == offscreen::STAND_IN);
        let content = content.or_else(|| window.child()).unwrap_or_else(|| window.clone().upcast());
        let follower = Rc::new(Follower {
            globals: self.globals,
            events: RefCell::new(self.events),
            surface: Arc::downgrade(&self.surface),
            window: window.downgrade(),
            content: content.downgrade(),
            joined: RefCell::default(),
            placed: Cell::default(),
        });
        follower.join()?;
        follower.watch(window, &content);
        Ok(())
    }
}

/// Keeps the surface where the content of the window is, for as long as there is one. It belongs to the window's signals.
struct Follower {
    globals: Globals,
    events: RefCell<EventQueue<Events>>,
    surface: Weak<Surface>,
    window: glib::WeakRef<gtk::Window>,
    content: glib::WeakRef<gtk::Widget>,
    joined: RefCell<Option<Joined>>,
    /// Place, size and scale.
    placed: Cell<Option<[i32; 5]>>,
}

/// What there is only while the window is realized.
struct Joined {
    pulse: Pulse,
    clock: FrameClock,
    painted: Option<SignalHandlerId>,
}

impl Drop for Joined {
    fn drop(&mut self) {
        if let Some(painted) = self.painted.take() {
            self.clock.disconnect(painted);
        }
    }
}

impl Follower {
    fn watch(self: &Rc<Self>, window: &gtk::Window, content: &gtk::Widget) {
        // GDK has another surface each time that the window is shown.
        let me = self.clone();
        window.connect_map(move |_| {
            if let Err(error) = me.join() {
                tracing::warn!(target: "panel", code = error.code(), "{error}");
            }
        });
        let me = self.clone();
        window.connect_unrealize(move |_| me.leave());
        let me = self.clone();
        content.connect_size_allocate(move |_, _| me.place());
        let me = self.clone();
        content.connect_scale_factor_notify(move |_| me.place());
    }

    /// Becomes a part of the window as it is shown now.
    fn join(self: &Rc<Self>) -> Result<(), CoverError> {
        self.leave();
        let (Some(surface), Some(window)) = (self.surface.upgrade(), self.window.upgrade()) else { return Ok(()) };
        let window = window.window().ok_or(CoverError::NotShown)?;
        let clock = window.frame_clock().ok_or(CoverError::NotShown)?;
        surface.join(&self.globals, &window);
        let pulse = Pulse::new(&self.globals, &window)?;
        let me = Rc::downgrade(self);
        let painted = clock.connect_after_paint(move |_| {
            if let Some(me) = me.upgrade() {
                me.painted();
            }
        });
        *self.joined.borrow_mut() = Some(Joined { pulse, clock, painted: Some(painted) });
        self.placed.set(None);
        self.place();
        Ok(self.globals.connection.flush()?)
    }

    fn leave(&self) {
        self.joined.borrow_mut().take();
    }

    /// GDK has drawn and committed, and asked to be told when to draw again.
    fn painted(&self) {
        if self.surface.strong_count() == 0 {
            self.leave();
            return;
        }
        if let Some(joined) = &*self.joined.borrow() {
            joined.pulse.commit();
        }
        // They would pile up otherwise. A broken connection is GDK's to tell.
        let _ = self.events.borrow_mut().dispatch_pending(&mut Events);
    }

    fn place(&self) {
        let (Some(surface), Some(window), Some(content)) = (self.surface.upgrade(), self.window.upgrade(), self.content.upgrade()) else {
            return;
        };
        // From the corner of the window's surface, which has room for a shadow where GTK draws the frame.
        let Some((x, y)) = content.translate_coordinates(&window, 0, 0) else { return };
        let (size, scale) = (content.allocation(), content.scale_factor());
        let place = [x, y, size.width(), size.height(), scale];
        if self.placed.replace(Some(place)) == Some(place) {
            return;
        }
        surface.place((x, y), (size.width(), size.height()), scale);
        if let Some(joined) = &*self.joined.borrow() {
            joined.pulse.place((x, y));
        }
        // The place counts from when the window is drawn next.
        window.queue_draw();
    }
}
