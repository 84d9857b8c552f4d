//! Who an input is for. The webview gets the system's events as ever; those where the panel shows nothing are taken from it and handed on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use gtk::gdk::{self, CrossingMode, EventMask, EventSequence, EventTouch, EventType, ModifierType, ScrollDirection};
use gtk::glib::{self, Propagation, WeakRef};
use gtk::prelude::*;
use webkit2gtk::WebViewExt as _;

use super::keyboard::Keyboard;
use super::routing::{Buttons, Routing, Side, Spot};
use crate::Panel;
use crate::tiles::Area;

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
    /// The wheel turned, by notches: positive shows more of what is to the left, and of what is above.
    Wheel {
        /// To the right.
        x: f64,
        /// Down.
        y: f64,
        /// Notches.
        dx: f64,
        /// Notches.
        dy: f64,
    },
    /// A finger came down, moved or went up.
    Touch {
        /// Which finger: the lowest number that no other has that is down.
        id: i32,
        /// Where it is in its touch.
        phase: TouchPhase,
        /// To the right.
        x: f64,
        /// Down.
        y: f64,
    },
    /// Which of shift, control, alt and super are down, as the next input of the pointer or of a finger says: whoever has the keys.
    Modifiers([bool; 4]),
    /// A key went down or up while the panel does not have the focus.
    Key(KeyEvent),
    /// An input method has written this, which ends what it was composing.
    Text(String),
    /// An input method is composing: the text so far. Empty when it has given up.
    Preedit(String),
    /// The focus has gone to what lies under the panel, or away from it.
    Focus(bool),
}

/// Where a finger is in its touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TouchPhase {
    /// It came down.
    Start,
    /// It moved.
    Move,
    /// It went up.
    End,
    /// The system took it away.
    Cancel,
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
    /// It is held: it went down before and has not been up since.
    pub repeat: bool,
    /// An input method is composing.
    pub composing: bool,
    /// Shift, control, alt, super.
    pub modifiers: [bool; 4],
}

/// Which of several keys with one meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLocation {
    /// There is one, or it is the usual one.
    Standard,
    /// The left one.
    Left,
    /// The right one.
    Right,
    /// The one of the keypad.
    Numpad,
}

/// Hands on what is not for the panel. A button that went down over the panel belongs to it until it is up again, and likewise beside it; so does a finger. The keyboard
/// is the page's until a button is pressed over the panel, or a finger put on it, and then with whom that happened last; F6 lets it change sides.
///
/// `widget` is the webview, or what takes the window's input until there is one. Call it on GTK's thread.
pub fn route<W: IsA<gtk::Widget>>(widget: &W, panel: Arc<dyn Panel>, hand_on: impl Fn(Input) + 'static) -> Routed {
    let hand_on: Rc<dyn Fn(Input)> = Rc::new(hand_on);
    let outside = hand_on.clone();
    let keyboard = Keyboard::new(move |input| outside(input));
    let router = Rc::new(Router {
        widget: RefCell::default(),
        panel,
        hand_on,
        routing: RefCell::new(Routing::new()),
        keyboard,
        told: Cell::default(),
        cursors: RefCell::default(),
        pressed: Cell::default(),
        chord: RefCell::default(),
    });
    let routed = Routed(router);
    routed.move_to(widget);
    routed.0.hand_on(ModifierType::empty(), vec![Input::Focus(true)]);
    routed
}

fn connect(widget: &gtk::Widget, router: &Rc<Router>) {
    widget.add_events(
        EventMask::POINTER_MOTION_MASK
            | EventMask::BUTTON_PRESS_MASK
            | EventMask::BUTTON_RELEASE_MASK
            | EventMask::SCROLL_MASK
            | EventMask::TOUCH_MASK
            | EventMask::ENTER_NOTIFY_MASK
            | EventMask::LEAVE_NOTIFY_MASK
            | EventMask::FOCUS_CHANGE_MASK,
    );
    connect_pointer(widget, router);
    connect_keys(widget, router);
    connect_cursor(widget, router);
    let handler = router.clone();
    widget.connect_touch_event(move |widget, event| handler.touched(widget, event));
}

fn connect_pointer(widget: &gtk::Widget, router: &Rc<Router>) {
    let handler = router.clone();
    widget.connect_motion_notify_event(move |widget, event| {
        let spot = handler.spot(widget, event);
        handler.decide(event.state(), |routing| routing.moved(spot, held(event.state())))
    });
    let handler = router.clone();
    widget.connect_enter_notify_event(move |widget, event| {
        // Not where a finger comes down, which is no pointer. A webview learns of it all the same.
        if event.mode() == CrossingMode::Normal {
            let spot = handler.spot(widget, event);
            let _ = handler.decide(event.state(), |routing| routing.moved(spot, held(event.state())));
        }
        Propagation::Proceed
    });
    let handler = router.clone();
    widget.connect_leave_notify_event(move |_, event| handler.decide(event.state(), |routing| (Side::Panel, routing.left())));
    let handler = router.clone();
    // Comes before the handlers of a kind of event, of which wry has some that keep the buttons 8 and 9 from everybody else.
    widget.connect_event(move |widget, event| event.downcast_ref().map_or(Propagation::Proceed, |event| handler.button(widget, event)));
    let handler = router.clone();
    widget.connect_scroll_event(move |widget, event| {
        let spot = handler.spot(widget, event);
        handler.decide(event.state(), |routing| routing.scrolled(spot, notches(event)))
    });
}

fn connect_keys(widget: &gtk::Widget, router: &Rc<Router>) {
    let handler = router.clone();
    widget.connect_key_press_event(move |_, event| handler.key(event, true));
    let handler = router.clone();
    widget.connect_key_release_event(move |_, event| handler.key(event, false));
    let handler = router.clone();
    widget.connect_focus_in_event(move |widget, _| handler.focused(widget, true));
    let handler = router.clone();
    widget.connect_focus_out_event(move |widget, _| handler.focused(widget, false));
}

fn connect_cursor(widget: &gtk::Widget, router: &Rc<Router>) {
    let handler = router.clone();
    let follow = move |widget: &gtk::Widget| {
        let Some(window) = widget.window() else { return };
        let cursors = handler.clone();
        window.connect_cursor_notify(move |window| cursors.cursor_set(window));
        // Another window, of which nobody has said yet how the pointer looks in it.
        handler.cursors.borrow_mut().shown = window.cursor();
        handler.show_cursor();
    };
    follow(widget);
    widget.connect_realize(follow);
}

/// What [`route`] has set up. It stays when this is dropped.
#[derive(Clone)]
pub struct Routed(Rc<Router>);

impl Routed {
    /// Takes no more input of the widget, as before it goes. Who has the keyboard keeps it.
    pub fn detach(&self) {
        self.0.widget.replace(WeakRef::new());
    }

    /// Takes the input of the widget again that [`Routed::detach`] was about.
    pub fn attach_again<W: IsA<gtk::Widget>>(&self, widget: &W) {
        self.0.widget.replace(widget.upcast_ref::<gtk::Widget>().downgrade());
    }

    /// Goes on with the input of another widget.
    pub fn move_to<W: IsA<gtk::Widget>>(&self, widget: &W) {
        let widget = widget.upcast_ref();
        self.attach_again(widget);
        self.0.keyboard.follow(widget);
        connect(widget, &self.0);
    }

    /// Calls `pressed` whenever Ctrl, Alt and this letter are pressed in the window, whoever has the keyboard.
    pub fn on_ctrl_alt(&self, letter: char, pressed: impl Fn() + 'static) {
        self.0.chord.replace(Some(Chord { letter, pressed: Rc::new(pressed), is_down: false }));
    }

    /// Shows the pointer as this CSS name says, while it is over the page.
    pub fn set_cursor(&self, name: &str) {
        let Some(display) = gdk::Display::default() else { return };
        self.0.cursors.borrow_mut().page = gdk::Cursor::from_name(&display, name);
        self.0.show_cursor();
    }

    /// Says where on the page text is written, in pixels of the window: input methods show their candidates beside it. Where that is not known, it is where a button was
    /// last pressed.
    pub fn set_caret(&self, area: Option<Area>) {
        let Some(area) = area else { return self.0.set_caret_where_pressed() };
        let scale = self.0.widget().map_or(1, |widget| widget.scale_factor().max(1).unsigned_abs());
        let Area { x, y, width, height } = area;
        self.0.keyboard.set_caret(Area { x: x / scale, y: y / scale, width: width.div_ceil(scale), height: height.div_ceil(scale) });
    }
}

struct Router {
    widget: RefCell<WeakRef<gtk::Widget>>,
    panel: Arc<dyn Panel>,
    hand_on: Rc<dyn Fn(Input)>,
    routing: RefCell<Routing<Option<EventSequence>>>,
    keyboard: Keyboard,
    /// The modifiers that were handed on last, as long as nothing else tells of them.
    told: Cell<Option<[bool; 4]>>,
    cursors: RefCell<Cursors>,
    /// Where a button was last pressed, in points.
    pressed: Cell<(u32, u32)>,
    chord: RefCell<Option<Chord>>,
}

/// How the pointer looks. Page and panel have one window, which has one cursor.
#[derive(Default)]
struct Cursors {
    page: Option<gdk::Cursor>,
    panel: Option<gdk::Cursor>,
    shown: Option<gdk::Cursor>,
    /// The window is told of one by us.
    is_ours: bool,
}

/// Keys that are neither side's.
struct Chord {
    letter: char,
    pressed: Rc<dyn Fn()>,
    /// Held, it comes again and again.
    is_down: bool,
}

impl Router {
    fn widget(&self) -> Option<gtk::Widget> {
        self.widget.borrow().upgrade()
    }

    /// Where an event was, and what the panel shows there.
    fn spot(&self, widget: &gtk::Widget, event: &gdk::Event) -> Spot {
        let scale = f64::from(widget.scale_factor().max(1));
        let (x, y) = event.coords().unwrap_or((-1.0, -1.0));
        let (x, y) = (x * scale, y * scale);
        Spot { x, y, is_covered: x >= 0.0 && y >= 0.0 && self.panel.covers(x as u32, y as u32) }
    }

    /// Hands on what comes out of it; the webview gets the event where it is the panel's. `state` is the event's.
    fn decide(&self, state: ModifierType, decide: impl FnOnce(&mut Routing<Option<EventSequence>>) -> (Side, Vec<Input>)) -> Propagation {
        // Whoever gets an input may let GTK work, and another event may come of that.
        let (side, inputs) = decide(&mut self.routing.borrow_mut());
        self.hand_on(state, inputs);
        self.show_cursor();
        if side == Side::Page { Propagation::Stop } else { Propagation::Proceed }
    }

    fn hand_on(&self, state: ModifierType, inputs: Vec<Input>) {
        let held = modifiers_held(state);
        for input in inputs {
            match input {
                Input::Focus(focused) => {
                    self.keyboard.focus(focused);
                    self.blur(focused);
                    self.told.set(None);
                }
                Input::Key(_) => self.told.set(None),
                Input::Move { .. } | Input::Button { .. } | Input::Wheel { .. } | Input::Touch { .. } if self.told.get() != Some(held) => {
                    self.told.set(Some(held));
                    (self.hand_on)(Input::Modifiers(held));
                }
                _ => {}
            }
            (self.hand_on)(input);
        }
    }

    /// Shows the cursor of whom the pointer is over.
    fn show_cursor(&self) {
        let Some(window) = self.widget().and_then(|widget| widget.window()) else { return };
        let cursor = {
            let mut cursors = self.cursors.borrow_mut();
            let wanted = if self.routing.borrow().hovers() { &cursors.page } else { &cursors.panel }.clone();
            if cursors.shown == wanted {
                return;
            }
            cursors.shown.clone_from(&wanted);
            cursors.is_ours = true;
            wanted
        };
        window.set_cursor(cursor.as_ref());
        self.cursors.borrow_mut().is_ours = false;
    }

    /// The window has another cursor. One that is not ours is the webview's, which has its own a moment after the pointer has moved, over the page perhaps.
    fn cursor_set(&self, window: &gdk::Window) {
        {
            let mut cursors = self.cursors.borrow_mut();
            if cursors.is_ours {
                return;
            }
            cursors.panel = window.cursor();
            cursors.shown = window.cursor();
        }
        self.show_cursor();
    }

    /// The webview does not know that the page has the keys, and a caret would go on blinking in it.
    fn blur(&self, page_has_keys: bool) {
        let webview = self.widget().filter(|widget| page_has_keys && is_webview(widget));
        if let Some(webview) = webview.and_then(|widget| widget.downcast::<webkit2gtk::WebView>().ok()) {
            webview.evaluate_javascript("document.activeElement?.blur()", None, None, gtk::gio::Cancellable::NONE, |_| ());
        }
    }

    fn button(&self, widget: &gtk::Widget, event: &gdk::EventButton) -> Propagation {
        let (spot, button) = (self.spot(widget, event), event.button());
        if event.event_type() == EventType::ButtonRelease {
            return self.decide(event.state(), |routing| routing.released(spot, button));
        }
        let (x, y) = event.position();
        self.pressed.set((x.max(0.0) as u32, y.max(0.0) as u32));
        self.set_caret_where_pressed();
        // GTK tells a double click once more as an event of its own.
        let is_repeat = event.event_type() != EventType::ButtonPress;
        self.decide(event.state(), |routing| routing.pressed(spot, button, held(event.state()), is_repeat))
    }

    fn set_caret_where_pressed(&self) {
        let (x, y) = self.pressed.get();
        self.keyboard.set_caret(Area { x, y, width: 1, height: 1 });
    }

    fn touched(&self, widget: &gtk::Widget, event: &gdk::Event) -> Propagation {
        let phase = match event.event_type() {
            EventType::TouchBegin => TouchPhase::Start,
            EventType::TouchUpdate => TouchPhase::Move,
            EventType::TouchEnd => TouchPhase::End,
            EventType::TouchCancel => TouchPhase::Cancel,
            _ => return Propagation::Proceed,
        };
        let touch = event.downcast_ref::<EventTouch>();
        let finger = touch.and_then(EventTouch::event_sequence);
        let spot = self.spot(widget, event);
        self.decide(touch.map_or(ModifierType::empty(), EventTouch::state), |routing| routing.touched(finger, phase, spot))
    }

    fn key(&self, event: &gdk::EventKey, pressed: bool) -> Propagation {
        if self.is_chord(event, pressed) {
            return Propagation::Stop;
        }
        if self.turns_keys(event) {
            if pressed {
                let inputs = self.routing.borrow_mut().turn_keys();
                self.hand_on(event.state(), inputs);
            }
            return Propagation::Stop;
        }
        if !self.routing.borrow().keys_are_the_pages() {
            return Propagation::Proceed;
        }
        self.hand_on(event.state(), self.keyboard.key(event, pressed));
        Propagation::Stop
    }

    /// Whether it is the key that changes sides, once there is a panel to change to.
    fn turns_keys(&self, event: &gdk::EventKey) -> bool {
        modifiers(event).is_empty() && event.keyval() == gdk::keys::constants::F6 && self.widget().is_some_and(|widget| is_webview(&widget))
    }

    /// Whether it is one of the keys that [`Routed::on_ctrl_alt`] is about. From press to release they are nobody else's.
    fn is_chord(&self, event: &gdk::EventKey, is_press: bool) -> bool {
        let mut chord = self.chord.borrow_mut();
        let is_it = |chord: &&mut Chord| event.keyval().to_unicode().is_some_and(|letter| letter.eq_ignore_ascii_case(&chord.letter));
        let Some(chord) = chord.as_mut().filter(is_it) else { return false };
        if !is_press {
            return std::mem::take(&mut chord.is_down);
        }
        if !chord.is_down && modifiers(event) == ModifierType::CONTROL_MASK | ModifierType::MOD1_MASK {
            chord.is_down = true;
            let pressed = chord.pressed.clone();
            glib::idle_add_local_once(move || pressed());
        }
        chord.is_down
    }

    fn focused(&self, widget: &gtk::Widget, focused: bool) -> Propagation {
        if self.widget().as_ref() != Some(widget) {
            return Propagation::Proceed;
        }
        if let Some(chord) = self.chord.borrow_mut().as_mut().filter(|_| !focused) {
            // Its release will be another window's.
            chord.is_down = false;
        }
        self.decide(ModifierType::empty(), |routing| (Side::Panel, routing.focused(focused)))
    }
}

/// Whether it is one, which is found out without WebKit: that would be loaded to say what its own type is.
fn is_webview(widget: &gtk::Widget) -> bool {
    glib::Type::from_name("WebKitWebView").is_some_and(|webview| widget.type_().is_a(webview))
}

/// Shift, control, alt and super. For the pointer's events X11 tells the last as a number alone.
pub(super) fn modifiers_held(state: ModifierType) -> [bool; 4] {
    let supers = ModifierType::SUPER_MASK | ModifierType::MOD4_MASK;
    [ModifierType::SHIFT_MASK, ModifierType::CONTROL_MASK, ModifierType::MOD1_MASK, supers].map(|mask| state.intersects(mask))
}

/// Those that make a key another one; not the locks, nor the buttons of the pointer.
fn modifiers(event: &gdk::EventKey) -> ModifierType {
    event.state() & (ModifierType::SHIFT_MASK | ModifierType::CONTROL_MASK | ModifierType::MOD1_MASK | ModifierType::SUPER_MASK)
}

/// The buttons that are down, of the modifiers of an event.
fn held(modifiers: ModifierType) -> Buttons {
    Buttons::of(modifiers.bits())
}

/// How far the wheel has turned.
fn notches(event: &gdk::EventScroll) -> (f64, f64) {
    match event.direction() {
        ScrollDirection::Up => (0.0, 1.0),
        ScrollDirection::Down => (0.0, -1.0),
        ScrollDirection::Left => (1.0, 0.0),
        ScrollDirection::Right => (-1.0, 0.0),
        _ => {
            let (dx, dy) = event.delta();
            (-dx, -dy)
        }
    }
}
