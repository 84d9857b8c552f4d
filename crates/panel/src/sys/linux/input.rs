//! Who an input is for. The webview gets the system's events as ever; those where the panel shows nothing are taken from it and handed on.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use gtk::gdk::{self, EventMask, ModifierType, ScrollDirection};
use gtk::glib::Propagation;
use gtk::prelude::*;

use crate::Panel;

/// An input that is not for the panel. Points are pixels of the window.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The pointer moved.
    Move {
        /// To the right.
        x: f64,
        /// Down.
        y: f64,
    },
    /// The pointer is over the panel now, or has left the window.
    Leave,
    /// A button went down or up; 1 is the primary one, 2 the middle, 3 the secondary.
    Button {
        /// To the right.
        x: f64,
        /// Down.
        y: f64,
        /// X's number of it.
        button: u32,
        /// Down, or up.
        pressed: bool,
    },
    /// The wheel turned, by lines: positive shows more of what is to the left, and of what is above.
    Wheel {
        /// To the right.
        x: f64,
        /// Down.
        y: f64,
        /// Lines.
        dx: f64,
        /// Lines.
        dy: f64,
    },
    /// A key went down or up while the panel does not have the focus.
    Key(KeyEvent),
    /// The focus has gone to what lies under the panel, or back.
    Focus(bool),
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// X's name of the key symbol: `a`, `Return`, `Left`.
    pub name: String,
    /// What it writes, if it does.
    pub text: Option<char>,
    /// X's number of the key itself.
    pub code: u16,
    /// Down, or up.
    pub pressed: bool,
    /// Shift, control, alt, super.
    pub modifiers: [bool; 4],
}

/// Hands on what is not for the panel. A button that went down over the panel belongs to it until it is up again, and likewise beside it; the keyboard is with whom a
/// button was last pressed over.
///
/// Call it on GTK's thread.
pub fn route(webview: &webkit2gtk::WebView, panel: Arc<dyn Panel>, hand_on: impl Fn(Input) + 'static) {
    webview.add_events(
        EventMask::POINTER_MOTION_MASK
            | EventMask::BUTTON_PRESS_MASK
            | EventMask::BUTTON_RELEASE_MASK
            | EventMask::SCROLL_MASK
            | EventMask::LEAVE_NOTIFY_MASK,
    );
    let router = Rc::new(Router {
        panel,
        hand_on: Box::new(hand_on),
        dragging: Cell::new(None),
        is_beside: Cell::new(false),
        has_keys: Cell::new(false),
    });
    let handler = router.clone();
    webview.connect_motion_notify_event(move |view, event| handler.moved(point(view, event.position())));
    let handler = router.clone();
    webview
        .connect_button_press_event(move |view, event| handler.pressed(point(view, event.position()), event.button(), event.event_type()));
    let handler = router.clone();
    webview.connect_button_release_event(move |view, event| handler.released(point(view, event.position()), event.button()));
    let handler = router.clone();
    webview.connect_scroll_event(move |view, event| handler.scrolled(point(view, event.position()), event));
    let handler = router.clone();
    webview.connect_leave_notify_event(move |_, _| {
        handler.leave();
        Propagation::Proceed
    });
    let handler = router.clone();
    webview.connect_key_press_event(move |_, event| handler.key(event, true));
    webview.connect_key_release_event(move |_, event| router.key(event, false));
}

/// Shows the pointer as this CSS name says.
pub fn set_cursor(webview: &webkit2gtk::WebView, name: &str) {
    let Some(window) = webview.window() else { return };
    window.set_cursor(gdk::Cursor::from_name(&window.display(), name).as_ref());
}

/// A widget's point as pixels.
fn point(view: &webkit2gtk::WebView, (x, y): (f64, f64)) -> (f64, f64) {
    let scale = f64::from(view.scale_factor().max(1));
    (x * scale, y * scale)
}

struct Router {
    panel: Arc<dyn Panel>,
    hand_on: Box<dyn Fn(Input)>,
    /// While a button is down: whether it went down beside the panel.
    dragging: Cell<Option<bool>>,
    /// Whether the pointer was beside the panel last.
    is_beside: Cell<bool>,
    /// Whether what lies under the panel has the keyboard.
    has_keys: Cell<bool>,
}

impl Router {
    /// Whether the panel shows nothing there.
    fn is_free(&self, (x, y): (f64, f64)) -> bool {
        self.dragging.get().unwrap_or_else(|| x < 0.0 || y < 0.0 || !self.panel.covers(x as u32, y as u32))
    }

    fn moved(&self, at: (f64, f64)) -> Propagation {
        if !self.is_free(at) {
            self.leave();
            return Propagation::Proceed;
        }
        self.is_beside.set(true);
        (self.hand_on)(Input::Move { x: at.0, y: at.1 });
        Propagation::Stop
    }

    fn leave(&self) {
        if self.is_beside.replace(false) {
            (self.hand_on)(Input::Leave);
        }
    }

    fn pressed(&self, at: (f64, f64), button: u32, kind: gdk::EventType) -> Propagation {
        let is_free = self.is_free(at);
        self.dragging.set(Some(is_free));
        if self.has_keys.replace(is_free) != is_free {
            (self.hand_on)(Input::Focus(is_free));
        }
        if !is_free {
            return Propagation::Proceed;
        }
        // GTK tells a double click once more as an event of its own.
        if kind == gdk::EventType::ButtonPress {
            (self.hand_on)(Input::Button { x: at.0, y: at.1, button, pressed: true });
        }
        Propagation::Stop
    }

    fn released(&self, at: (f64, f64), button: u32) -> Propagation {
        let is_free = self.is_free(at);
        self.dragging.set(None);
        if !is_free {
            return Propagation::Proceed;
        }
        (self.hand_on)(Input::Button { x: at.0, y: at.1, button, pressed: false });
        Propagation::Stop
    }

    fn scrolled(&self, at: (f64, f64), event: &gdk::EventScroll) -> Propagation {
        if !self.is_free(at) {
            return Propagation::Proceed;
        }
        let (dx, dy) = match event.direction() {
            ScrollDirection::Up => (0.0, 1.0),
            ScrollDirection::Down => (0.0, -1.0),
            ScrollDirection::Left => (1.0, 0.0),
            ScrollDirection::Right => (-1.0, 0.0),
            _ => {
                let (dx, dy) = event.delta();
                (-dx, -dy)
            }
        };
        (self.hand_on)(Input::Wheel { x: at.0, y: at.1, dx, dy });
        Propagation::Stop
    }

    fn key(&self, event: &gdk::EventKey, pressed: bool) -> Propagation {
        if !self.has_keys.get() {
            return Propagation::Proceed;
        }
        let (state, keyval) = (event.state(), event.keyval());
        (self.hand_on)(Input::Key(KeyEvent {
            name: keyval.name().map(Into::into).unwrap_or_default(),
            text: keyval.to_unicode().filter(|text| !text.is_control()),
            code: event.hardware_keycode(),
            pressed,
            modifiers: [ModifierType::SHIFT_MASK, ModifierType::CONTROL_MASK, ModifierType::MOD1_MASK, ModifierType::SUPER_MASK]
                .map(|mask| state.contains(mask)),
        }));
        Propagation::Stop
    }
}
