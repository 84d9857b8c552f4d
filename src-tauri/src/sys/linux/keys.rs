//! GTK's input as the page's.

use wasm_engine_engine::desktop::{
    Code, Key, KeyInput, Location, Modifiers, NamedKey, PageInput, PointerButton, TouchPhase as PageTouch, WheelUnit,
};
use wasm_engine_panel::sys::linux::{Input, KeyEvent, KeyLocation, TouchPhase};

/// An input that the panel has left to the page.
pub(super) fn page_input(input: Input) -> PageInput {
    match input {
        Input::Move { x, y } => PageInput::MouseMove { x: x as f32, y: y as f32 },
        Input::Leave => PageInput::MouseLeave,
        Input::Button { x, y, button, pressed } => {
            PageInput::MouseButton { x: x as f32, y: y as f32, button: pointer_button(button), pressed }
        }
        Input::Wheel { x, y, dx, dy } => PageInput::Wheel { x: x as f32, y: y as f32, dx, dy, unit: WheelUnit::Notches },
        Input::Touch { id, phase, x, y } => PageInput::Touch { id, phase: touch_phase(phase), x: x as f32, y: y as f32 },
        Input::Modifiers(held) => PageInput::Modifiers(modifiers(held)),
        Input::Key(event) => PageInput::Key(key_input(&event)),
        Input::Text(text) => PageInput::Text(text),
        Input::Preedit(text) => PageInput::Preedit(text),
        Input::Focus(focused) => PageInput::Focus(focused),
    }
}

fn pointer_button(button: u32) -> PointerButton {
    match button {
        2 => PointerButton::Middle,
        3 => PointerButton::Secondary,
        8 => PointerButton::Back,
        9 => PointerButton::Forward,
        _ => PointerButton::Primary,
    }
}

fn touch_phase(phase: TouchPhase) -> PageTouch {
    match phase {
        TouchPhase::Start => PageTouch::Start,
        TouchPhase::Move => PageTouch::Move,
        TouchPhase::End => PageTouch::End,
        TouchPhase::Cancel => PageTouch::Cancel,
    }
}

fn key_input(event: &KeyEvent) -> KeyInput {
    let key = match event.text {
        Some(text) => Key::Character(text.to_string()),
        None => Key::Named(named(&event.name)),
    };
    let location = match event.location() {
        KeyLocation::Standard => Location::Standard,
        KeyLocation::Left => Location::Left,
        KeyLocation::Right => Location::Right,
        KeyLocation::Numpad => Location::Numpad,
    };
    let modifiers = modifiers(event.modifiers);
    let code = event.physical().parse().unwrap_or(Code::Unidentified);
    KeyInput { location, modifiers, repeat: event.repeat, composing: event.composing, ..KeyInput::new(event.pressed, key, code) }
}

/// Shift, control, alt and super.
fn modifiers(held: [bool; 4]) -> Modifiers {
    let masks = [Modifiers::SHIFT, Modifiers::CONTROL, Modifiers::ALT, Modifiers::META];
    held.iter().zip(masks).filter(|(down, _)| **down).fold(Modifiers::empty(), |all, (_, mask)| all | mask)
}

/// X's names of keys that write nothing, as the W3C's UI Events have them. Those of the keypad mean what the others do.
fn named(name: &str) -> NamedKey {
    let name = match name.strip_prefix("KP_").unwrap_or(name) {
        "Return" => "Enter",
        "BackSpace" => "Backspace",
        "Left" => "ArrowLeft",
        "Right" => "ArrowRight",
        "Up" => "ArrowUp",
        "Down" => "ArrowDown",
        "Prior" => "PageUp",
        "Next" => "PageDown",
        "Begin" => "Clear",
        "ISO_Left_Tab" => "Tab",
        "Shift_L" | "Shift_R" => "Shift",
        "Control_L" | "Control_R" => "Control",
        "Alt_L" | "Alt_R" => "Alt",
        "ISO_Level3_Shift" | "Mode_switch" => "AltGraph",
        "Super_L" | "Super_R" | "Meta_L" | "Meta_R" => "Meta",
        "Caps_Lock" => "CapsLock",
        "Num_Lock" => "NumLock",
        "Scroll_Lock" => "ScrollLock",
        "Print" => "PrintScreen",
        "Menu" => "ContextMenu",
        "Multi_key" => "Compose",
        "XF86AudioPlay" => "MediaPlayPause",
        "XF86AudioStop" => "MediaStop",
        "XF86AudioNext" => "MediaTrackNext",
        "XF86AudioPrev" => "MediaTrackPrevious",
        "XF86AudioMute" => "AudioVolumeMute",
        "XF86AudioLowerVolume" => "AudioVolumeDown",
        "XF86AudioRaiseVolume" => "AudioVolumeUp",
        dead if dead.starts_with("dead_") => "Dead",
        other => other,
    };
    name.parse().unwrap_or(NamedKey::Unidentified)
}
