//! What a person does to the page.

use keyboard_types::{Code, CompositionEvent, CompositionState, Key, KeyState, KeyboardEvent, Location, Modifiers};
use servo::{
    DevicePoint, ImeEvent, InputEvent, MouseButton as ServoButton, MouseButtonAction, MouseButtonEvent, MouseLeftViewportEvent,
    MouseMoveEvent, TouchEvent, TouchEventType, TouchId, TouchPointerType, WebViewPoint, WheelDelta, WheelEvent, WheelMode,
};

use crate::limits::MAX_INPUT_TEXT_BYTES;

/// How far a notch of the wheel scrolls, CSS pixels.
const NOTCH: f64 = 53.0;

/// Farther than any page is long, device pixels.
const FARTHEST: f64 = 1e9;

/// A button of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PointerButton {
    /// The left one, for a right hand.
    Primary,
    /// The wheel.
    Middle,
    /// The right one, for a right hand.
    Secondary,
    /// Back in the history.
    Back,
    /// Forward in the history.
    Forward,
}

/// In what the wheel's way is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WheelUnit {
    /// Device pixels.
    Pixels,
    /// Notches of a wheel, of which touch pads tell parts. Each is as far as in Chromium on Linux.
    Notches,
}

/// Where a finger is in its touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// A key that went down or up.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyInput {
    /// Down, or up.
    pub pressed: bool,
    /// What the key means in the present layout.
    pub key: Key,
    /// Which key of the keyboard it is.
    pub code: Code,
    /// Which of several equal keys it is.
    pub location: Location,
    /// Which other keys are down.
    pub modifiers: Modifiers,
    /// The key is held.
    pub repeat: bool,
    /// An input method is composing with it.
    pub composing: bool,
}

impl KeyInput {
    /// A key without modifiers that went down or up.
    #[must_use]
    pub fn new(pressed: bool, key: Key, code: Code) -> Self {
        Self { pressed, key, code, location: Location::Standard, modifiers: Modifiers::empty(), repeat: false, composing: false }
    }

    /// Servo's word for it.
    pub(crate) fn to_servo(&self) -> InputEvent {
        InputEvent::Keyboard(servo::KeyboardEvent::new(KeyboardEvent {
            state: if self.pressed { KeyState::Down } else { KeyState::Up },
            key: self.key.clone(),
            code: self.code,
            location: self.location,
            modifiers: self.modifiers,
            repeat: self.repeat,
            is_composing: self.composing,
        }))
    }
}

/// One input. Points are in device pixels from the page's top left.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PageInput {
    /// The pointer moved.
    MouseMove {
        /// To the right.
        x: f32,
        /// Down.
        y: f32,
    },
    /// The pointer left the page.
    MouseLeave,
    /// A button went down or up.
    MouseButton {
        /// To the right.
        x: f32,
        /// Down.
        y: f32,
        /// Which button.
        button: PointerButton,
        /// Down, or up.
        pressed: bool,
    },
    /// The wheel turned.
    Wheel {
        /// To the right.
        x: f32,
        /// Down.
        y: f32,
        /// Positive shows more of what is to the left.
        dx: f64,
        /// Positive shows more of what is above.
        dy: f64,
        /// The unit of `dx` and `dy`.
        unit: WheelUnit,
    },
    /// A key went down or up.
    Key(KeyInput),
    /// Which of shift, control, alt and meta are down as the pointer moves, clicks or scrolls. The page is told by keys what it did not know.
    Modifiers(Modifiers),
    /// Text that came without keys: a finished composition, a paste.
    Text(String),
    /// An input method is composing: the text so far.
    Preedit(String),
    /// A finger.
    Touch {
        /// Which finger.
        id: i32,
        /// Where it is in its touch.
        phase: TouchPhase,
        /// To the right.
        x: f32,
        /// Down.
        y: f32,
    },
    /// The window got or lost the focus.
    Focus(bool),
}

impl PageInput {
    /// Whether nothing that came from outside can do harm: points are numbers, texts are short.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::MouseMove { x, y } | Self::MouseButton { x, y, .. } | Self::Touch { x, y, .. } => x.is_finite() && y.is_finite(),
            Self::Wheel { x, y, dx, dy, .. } => x.is_finite() && y.is_finite() && dx.is_finite() && dy.is_finite(),
            Self::Text(text) | Self::Preedit(text) => text.len() <= MAX_INPUT_TEXT_BYTES,
            Self::Key(key) => !matches!(&key.key, Key::Character(text) if text.len() > MAX_INPUT_TEXT_BYTES),
            Self::MouseLeave | Self::Modifiers(_) | Self::Focus(_) => true,
        }
    }

    /// Servo's word for it in a page of this scale; `None` for the focus and for modifiers, which are no events there.
    pub(crate) fn to_servo(&self, scale: f32) -> Option<InputEvent> {
        Some(match self {
            Self::MouseMove { x, y } => InputEvent::MouseMove(MouseMoveEvent::new(point(*x, *y))),
            Self::MouseLeave => InputEvent::MouseLeftViewport(MouseLeftViewportEvent::default()),
            Self::MouseButton { x, y, button, pressed } => {
                let action = if *pressed { MouseButtonAction::Down } else { MouseButtonAction::Up };
                let button = match button {
                    PointerButton::Primary => ServoButton::Primary,
                    PointerButton::Middle => ServoButton::Auxiliary,
                    PointerButton::Secondary => ServoButton::Secondary,
                    PointerButton::Back => ServoButton::Back,
                    PointerButton::Forward => ServoButton::Forward,
                };
                InputEvent::MouseButton(MouseButtonEvent::new(action, button, point(*x, *y)))
            }
            Self::Wheel { x, y, dx, dy, unit } => {
                // Servo scrolls by the number alone, whatever its mode is.
                let pixels = match unit {
                    WheelUnit::Pixels => 1.0,
                    WheelUnit::Notches => NOTCH * f64::from(scale),
                };
                let [x_pixels, y_pixels] = [dx, dy].map(|way| (way * pixels).clamp(-FARTHEST, FARTHEST));
                let delta = WheelDelta { x: x_pixels, y: y_pixels, z: 0.0, mode: WheelMode::DeltaPixel };
                InputEvent::Wheel(WheelEvent::new(delta, point(*x, *y)))
            }
            Self::Key(key) => key.to_servo(),
            Self::Text(text) => composition(CompositionState::End, text),
            Self::Preedit(text) => composition(CompositionState::Update, text),
            Self::Touch { id, phase, x, y } => {
                let kind = match phase {
                    TouchPhase::Start => TouchEventType::Down,
                    TouchPhase::Move => TouchEventType::Move,
                    TouchPhase::End => TouchEventType::Up,
                    TouchPhase::Cancel => TouchEventType::Cancel,
                };
                InputEvent::Touch(TouchEvent::new(kind, TouchId(*id), point(*x, *y), TouchPointerType::Touch))
            }
            Self::Modifiers(_) | Self::Focus(_) => return None,
        })
    }
}

fn point(x: f32, y: f32) -> WebViewPoint {
    DevicePoint::new(x, y).into()
}

fn composition(state: CompositionState, text: &str) -> InputEvent {
    InputEvent::Ime(ImeEvent::Composition(CompositionEvent { state, data: text.to_owned() }))
}
