//! How large what the window holds is.

use std::cell::Cell;
use std::rc::Rc;

use gtk::prelude::*;

use super::fraction;

/// Tells a widget's width and height in pixels, and how many of them are one of CSS: at once if it is known, and whenever it changes. What a window says of its own size is
/// not that of what it holds where GTK draws its frame, as under Wayland.
///
/// Call it on GTK's thread.
pub fn sized<W: IsA<gtk::Widget>>(widget: &W, told: impl Fn(u32, u32, f64) + 'static) {
    let widget = widget.upcast_ref::<gtk::Widget>();
    let last = Cell::new((0, 0, 0.0));
    let tell = Rc::new(move |widget: &gtk::Widget| {
        let scale = widget.scale_factor().max(1).unsigned_abs();
        let pixels = |side: i32| u32::try_from(side).unwrap_or(0).saturating_mul(scale);
        let now = (pixels(widget.allocated_width()), pixels(widget.allocated_height()), f64::from(scale) * fraction());
        // One that was given no room yet says one by one.
        if now.0 > scale && now.1 > scale && last.replace(now) != now {
            told(now.0, now.1, now.2);
        }
    });
    tell(widget);
    if let Some(settings) = gtk::Settings::default() {
        // The settings outlive the widget, and are not to keep what is told.
        let (widget, tell) = (widget.downgrade(), Rc::downgrade(&tell));
        settings.connect_gtk_xft_dpi_notify(move |_| {
            if let (Some(widget), Some(tell)) = (widget.upgrade(), tell.upgrade()) {
                tell(&widget);
            }
        });
    }
    let again = tell.clone();
    widget.connect_size_allocate(move |widget, _| again(widget));
    widget.connect_scale_factor_notify(move |widget| tell(widget));
}
