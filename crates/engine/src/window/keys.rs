//! winit's keys as the page's. Both follow the W3C's UI Events, so most names are equal and are carried over by name.

use wasm_engine_page::KeyInput;
use wasm_engine_page::keyboard_types::{Code, Key, Location, Modifiers, NamedKey};
use winit::event::{ElementState, KeyEvent};
use winit::keyboard::{KeyCode, KeyLocation, ModifiersState, PhysicalKey};

/// A key event as the page wants it.
pub(super) fn convert(event: &KeyEvent, modifiers: ModifiersState) -> KeyInput {
    KeyInput {
        key: key(&event.logical_key),
        code: code(event.physical_key),
        location: match event.location {
            KeyLocation::Standard => Location::Standard,
            KeyLocation::Left => Location::Left,
            KeyLocation::Right => Location::Right,
            KeyLocation::Numpad => Location::Numpad,
        },
        modifiers: convert_modifiers(modifiers),
        repeat: event.repeat,
        ..KeyInput::new(event.state == ElementState::Pressed, Key::Named(NamedKey::Unidentified), Code::Unidentified)
    }
}

fn key(key: &winit::keyboard::Key) -> Key {
    match key {
        winit::keyboard::Key::Character(text) => Key::Character(text.to_string()),
        winit::keyboard::Key::Named(winit::keyboard::NamedKey::Space) => Key::Character(" ".to_owned()),
        winit::keyboard::Key::Named(winit::keyboard::NamedKey::Super) => Key::Named(NamedKey::Meta),
        winit::keyboard::Key::Named(named) => Key::Named(format!("{named:?}").parse().unwrap_or(NamedKey::Unidentified)),
        winit::keyboard::Key::Dead(_) => Key::Named(NamedKey::Dead),
        winit::keyboard::Key::Unidentified(_) => Key::Named(NamedKey::Unidentified),
    }
}

fn code(key: PhysicalKey) -> Code {
    match key {
        PhysicalKey::Code(KeyCode::SuperLeft) => Code::MetaLeft,
        PhysicalKey::Code(KeyCode::SuperRight) => Code::MetaRight,
        PhysicalKey::Code(code) => format!("{code:?}").parse().unwrap_or(Code::Unidentified),
        PhysicalKey::Unidentified(_) => Code::Unidentified,
    }
}

/// Modifiers as the page wants them.
pub(super) fn convert_modifiers(state: ModifiersState) -> Modifiers {
    [
        (state.shift_key(), Modifiers::SHIFT),
        (state.control_key(), Modifiers::CONTROL),
        (state.alt_key(), Modifiers::ALT),
        (state.super_key(), Modifiers::META),
    ]
    .into_iter()
    .filter(|(down, _)| *down)
    .fold(Modifiers::empty(), |all, (_, modifier)| all | modifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_carried_over() {
        assert_eq!(code(PhysicalKey::Code(KeyCode::KeyA)), Code::KeyA);
        assert_eq!(code(PhysicalKey::Code(KeyCode::Digit7)), Code::Digit7);
        assert_eq!(code(PhysicalKey::Code(KeyCode::ArrowLeft)), Code::ArrowLeft);
        assert_eq!(code(PhysicalKey::Code(KeyCode::SuperLeft)), Code::MetaLeft);
        let named = |key| super::key(&winit::keyboard::Key::Named(key));
        assert_eq!(named(winit::keyboard::NamedKey::Enter), Key::Named(NamedKey::Enter));
        assert_eq!(named(winit::keyboard::NamedKey::F5), Key::Named(NamedKey::F5));
        assert_eq!(named(winit::keyboard::NamedKey::Space), Key::Character(" ".to_owned()));
    }
}
