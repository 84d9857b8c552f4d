//! A window before its webview.

use std::sync::Arc;

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
