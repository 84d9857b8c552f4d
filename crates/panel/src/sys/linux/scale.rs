//! How large the desktop wants things, beyond the whole number of pixels that GTK 3 has for a point.

use std::ops::RangeInclusive;

use gtk::gdk;
use gtk::prelude::*;

/// Dots per inch at which nothing is magnified. GTK counts them in 1,024ths.
const PLAIN: f64 = 96.0 * 1024.0;

/// What is sensible.
const FRACTIONS: RangeInclusive<f64> = 0.5..=4.0;

/// What things are to be magnified by, after GTK's own scale: 1.25 with `Xft.dpi: 120`, as desktops under X11 set it, and with a text scale of 1.25 of GNOME's. GTK applies it
/// to texts alone, WebKit to all that it shows.
///
/// Call it on GTK's thread.
#[must_use]
pub fn fraction() -> f64 {
    let dpi = gtk::Settings::default().map_or(0, |settings| settings.gtk_xft_dpi());
    if dpi > 0 { (f64::from(dpi) / PLAIN).clamp(*FRACTIONS.start(), *FRACTIONS.end()) } else { 1.0 }
}

/// How many pixels GTK has for a point where a new window most likely comes up.
///
/// Call it on GTK's thread.
#[must_use]
pub fn pixels_per_point() -> f64 {
    let monitor = gdk::Display::default().and_then(|display| display.primary_monitor().or_else(|| display.monitor(0)));
    monitor.map_or(1.0, |monitor| f64::from(monitor.scale_factor()))
}
