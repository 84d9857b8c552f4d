//! GTK's input as the page's.

use wasm_engine_engine::desktop::{Code, Key, KeyInput, Modifiers, NamedKey, PageInput, PointerButton, WheelUnit};
use wasm_engine_panel::sys::linux::{Input, KeyEvent};

/// An input that the panel has left to the page.
pub(super) fn page_input(input: Input) -> PageInput {
    match input {
        Input::Move { x, y } => PageInput::MouseMove { x: x as f32, y: y as f32 },
        Input::Leave => PageInput::MouseLeave,
        Input::Button { x, y, button, pressed } => {
            PageInput::MouseButton { x: x as f32, y: y as f32, button: pointer_button(button), pressed }
        }
        Input::Wheel { x, y, dx, dy } => PageInput::Wheel { x: x as f32, y: y as f32, dx, dy, unit: WheelUnit::Lines },
        Input::Key(event) => PageInput::Key(key_input(&event)),
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

fn key_input(event: &KeyEvent) -> KeyInput {
    let key = match event.text {
        Some(text) => Key::Character(text.to_string()),
        None => Key::Named(named(&event.name)),
    };
    let masks = [Modifiers::SHIFT, Modifiers::CONTROL, Modifiers::ALT, Modifiers::META];
    let modifiers = event.modifiers.iter().zip(masks).filter(|(down, _)| **down).fold(Modifiers::empty(), |all, (_, mask)| all | mask);
    KeyInput { modifiers, ..KeyInput::new(event.pressed, key, code(&event.name)) }
}

/// X's names of keys that write nothing, as the W3C's UI Events have them.
fn named(name: &str) -> NamedKey {
    let name = match name {
        "Return" | "KP_Enter" => "Enter",
        "BackSpace" => "Backspace",
        "Left" => "ArrowLeft",
        "Right" => "ArrowRight",
        "Up" => "ArrowUp",
        "Down" => "ArrowDown",
        "Prior" => "PageUp",
        "Next" => "PageDown",
        "ISO_Left_Tab" => "Tab",
        "Shift_L" | "Shift_R" => "Shift",
        "Control_L" | "Control_R" => "Control",
        "Alt_L" | "Alt_R" => "Alt",
        "Super_L" | "Super_R" => "Meta",
        "Caps_Lock" => "CapsLock",
        other => other,
    };
    name.parse().unwrap_or(NamedKey::Unidentified)
}

/// The key itself, where its name tells: letters, digits, and what writes nothing.
fn code(name: &str) -> Code {
    let mut letters = name.chars();
    let code = match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => format!("Key{}", letter.to_ascii_uppercase()),
        (Some(digit), None) if digit.is_ascii_digit() => format!("Digit{digit}"),
        _ => match name {
            "space" => "Space".to_owned(),
            "Shift_L" | "Control_L" | "Alt_L" => format!("{}Left", &name[..name.len() - 2]),
            "Shift_R" | "Control_R" | "Alt_R" => format!("{}Right", &name[..name.len() - 2]),
            _ => named(name).to_string(),
        },
    };
    code.parse().unwrap_or(Code::Unidentified)
}
