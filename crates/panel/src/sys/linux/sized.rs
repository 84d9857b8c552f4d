//! How large the webview is.

use std::cell::Cell;
use std::rc::Rc;

use gtk::prelude::*;

use super::fraction;

/// Tells the webview's width and height in pixels, and how many of them are one of CSS: at once if it is known, and whenever it changes. What a window says of its own size
/// is not that where GTK draws its frame, as under Wayland.
///
/// Call it on GTK's thread.
pub fn sized(webview: &webkit2gtk::WebView, told: impl Fn(u32, u32, f64) + 'static) {
    let last = Cell::new((0, 0, 0.0));
    let tell = Rc::new(move |webview: &webkit2gtk::WebView| {
        let scale = webview.scale_factor().max(1).unsigned_abs();
        let pixels = |side: i32| u32::try_from(side).unwrap_or(0).saturating_mul(scale);
        let now = (pixels(webview.allocated_width()), pixels(webview.allocated_height()), f64::from(scale) * fraction());
        // A webview that was given no room yet says one by one.
        if now.0 > scale && now.1 > scale && last.replace(now) != now {
            told(now.0, now.1, now.2);
        }
    });
    tell(webview);
    if let Some(settings) = gtk::Settings::default() {
        // The settings outlive the webview, and are not to keep what is told.
        let (webview, tell) = (webview.downgrade(), Rc::downgrade(&tell));
        settings.connect_gtk_xft_dpi_notify(move |_| {
            if let (Some(webview), Some(tell)) = (webview.upgrade(), tell.upgrade()) {
                tell(&webview);
            }
        });
    }
    let again = tell.clone();
    webview.connect_size_allocate(move |webview, _| again(webview));
    webview.connect_scale_factor_notify(move |webview| tell(webview));
}
