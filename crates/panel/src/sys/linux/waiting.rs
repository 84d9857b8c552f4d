//! A window before its webview.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use gtk::glib;
use gtk::prelude::*;

use super::input::{Input, Routed, route};
use crate::Panel;

/// What takes a window's input until there is a webview. It shows nothing.
pub struct Waiting {
    area: gtk::DrawingArea,
    routed: Routed,
}

impl Waiting {
    /// Fills a window, whose input is routed as [`route`] does.
    ///
    /// Call it on GTK's thread.
    #[must_use]
    pub fn fill(window: &gtk::Box, panel: Arc<dyn Panel>, hand_on: impl Fn(Input) + 'static) -> Self {
        let area = gtk::DrawingArea::new();
        area.set_can_focus(true);
        window.pack_start(&area, true, true, 0);
        area.show();
        area.grab_focus();
        let routed = route(&area, panel, hand_on);
        Self { area, routed }
    }

    /// What takes the input.
    #[must_use]
    pub fn routed(&self) -> &Routed {
        &self.routed
    }

    /// Lets the webview that `add` adds take its place, and the input with it: at once, since GTK would give it its size only with the next frame, and what is clicked in
    /// between would be nobody's.
    ///
    /// # Errors
    /// Those of `add`.
    pub fn give_way<E>(self, add: impl FnOnce() -> Result<webkit2gtk::WebView, E>) -> Result<webkit2gtk::WebView, E> {
        let Self { area, routed } = self;
        let place = area.allocation();
        routed.detach();
        let parent = area.parent().and_then(|parent| parent.downcast::<gtk::Box>().ok());
        if let Some(parent) = &parent {
            parent.remove(&area);
        }
        let webview = add().inspect_err(|_| {
            // There will be none: the page keeps its input.
            if let Some(parent) = &parent {
                parent.pack_start(&area, true, true, 0);
            }
            routed.attach_again(&area);
            area.grab_focus();
        })?;
        // GTK wants to have asked before it tells.
        let _ = webview.preferred_size();
        webview.size_allocate(&place);
        routed.move_to(&webview);
        // Also the page's keys come by it.
        webview.grab_focus();
        Ok(webview)
    }
}

/// The webview somewhere inside.
///
/// Call it on GTK's thread.
#[must_use]
pub fn webview_in<W: IsA<gtk::Widget>>(widget: &W) -> Option<webkit2gtk::WebView> {
    find(widget.upcast_ref(), &|widget| widget.is::<webkit2gtk::WebView>())?.downcast().ok()
}

/// The first widget somewhere inside that is what is looked for.
pub(super) fn find(widget: &gtk::Widget, is_it: &dyn Fn(&gtk::Widget) -> bool) -> Option<gtk::Widget> {
    if is_it(widget) {
        return Some(widget.clone());
    }
    widget.downcast_ref::<gtk::Container>()?.children().iter().find_map(|child| find(child, is_it))
}

/// Does `work` on another thread, then `then` on GTK's, unless that has ended meanwhile.
///
/// Call it on GTK's thread.
pub fn afterwards<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static, then: impl FnOnce(T) + 'static) {
    glib::spawn_future_local(async move {
        match gtk::gio::spawn_blocking(work).await {
            Ok(done) => then(done),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
}

/// What other threads ring for GTK's.
#[derive(Default)]
struct Bell {
    is_rung: AtomicBool,
    is_gone: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Bell {
    fn wake(&self) {
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The end of a bell that is pulled. When it is dropped, nobody listens any more.
struct Rope(Arc<Bell>);

impl Rope {
    fn pull(&self) {
        self.0.is_rung.store(true, Ordering::Release);
        self.0.wake();
    }
}

impl Drop for Rope {
    fn drop(&mut self) {
        self.0.is_gone.store(true, Ordering::Release);
        self.0.wake();
    }
}

/// What any thread may call to have `then` done on GTK's, soon; several calls may become one. It waits for nothing.
///
/// Call it on GTK's thread.
pub fn bell(then: impl Fn() + 'static) -> impl Fn() + Send + Sync + 'static {
    let bell: Arc<Bell> = Arc::default();
    let rope = Rope(bell.clone());
    glib::spawn_future_local(poll_fn(move |context| {
        // Before it looks: what rings in between wakes it again.
        *bell.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        if bell.is_gone.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        if bell.is_rung.swap(false, Ordering::AcqRel) {
            then();
        }
        Poll::Pending
    }));
    move || rope.pull()
}
