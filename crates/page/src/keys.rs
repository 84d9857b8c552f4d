//! Keys that the page believes to be down. Servo learns of modifiers from keys alone, and gives the pointer's events those that the last key left.

use keyboard_types::{Code, Key, Location, Modifiers, NamedKey};

use crate::input::{KeyInput, PageInput};

/// The modifiers that matter to the pointer, with the key that stands for each where nobody knows which one was pressed.
const MODIFIERS: [(Modifiers, NamedKey, Code); 4] = [
    (Modifiers::SHIFT, NamedKey::Shift, Code::ShiftLeft),
    (Modifiers::CONTROL, NamedKey::Control, Code::ControlLeft),
    (Modifiers::ALT, NamedKey::Alt, Code::AltLeft),
    (Modifiers::META, NamedKey::Meta, Code::MetaLeft),
];

/// What the page has been told of the keys.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// Those that are down, no two with the same code.
    down: Vec<KeyInput>,
    /// Of [`MODIFIERS`], those that Servo takes for held.
    held: Modifiers,
}

impl Keys {
    /// The keys that go up or down before the page gets this input: all that are down go up when it loses the keyboard, whose releases it will not hear of, and a
    /// modifier follows what the pointer's events say of it.
    pub(crate) fn before(&mut self, input: &PageInput) -> Vec<KeyInput> {
        match input {
            PageInput::Key(key) => {
                self.note(key);
                Vec::new()
            }
            PageInput::Modifiers(modifiers) => self.follow(*modifiers),
            PageInput::Focus(false) => {
                let mut ups = Vec::new();
                while let Some(key) = self.down.last().cloned() {
                    ups.push(self.release(key));
                }
                ups.extend(self.follow(Modifiers::empty()));
                ups
            }
            _ => Vec::new(),
        }
    }

    fn follow(&mut self, modifiers: Modifiers) -> Vec<KeyInput> {
        let mut keys = Vec::new();
        for (mask, name, code) in MODIFIERS {
            if self.held.contains(mask) == modifiers.contains(mask) {
                continue;
            }
            let usual = KeyInput { location: Location::Left, ..KeyInput::new(true, Key::Named(name), code) };
            if modifiers.contains(mask) {
                let key = KeyInput { modifiers: self.held, ..usual };
                self.note(&key);
                keys.push(key);
                continue;
            }
            let down: Vec<_> = self.down.iter().filter(|key| key.key == usual.key).cloned().collect();
            let ups = if down.is_empty() { vec![usual] } else { down };
            keys.extend(ups.into_iter().map(|key| self.release(key)));
        }
        keys
    }

    /// This key as it goes up.
    fn release(&mut self, key: KeyInput) -> KeyInput {
        let key = KeyInput { pressed: false, repeat: false, composing: false, modifiers: self.held, ..key };
        self.note(&key);
        key
    }

    fn note(&mut self, key: &KeyInput) {
        // As Servo does it: a key says what was held before it.
        self.held = key.modifiers;
        if let Some((mask, ..)) = MODIFIERS.iter().find(|(_, name, _)| key.key == Key::Named(*name)) {
            self.held.set(*mask, key.pressed);
        }
        self.down.retain(|other| other.code != key.code);
        if key.pressed {
            self.down.push(key.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(pressed: bool, key: Key, code: Code, modifiers: Modifiers) -> PageInput {
        PageInput::Key(KeyInput { modifiers, ..KeyInput::new(pressed, key, code) })
    }

    fn names(keys: &[KeyInput]) -> Vec<(bool, Code)> {
        keys.iter().map(|key| (key.pressed, key.code)).collect()
    }

    #[test]
    fn what_is_down_goes_up_with_the_keyboard() {
        let mut keys = Keys::default();
        let w = || Key::Character("w".to_owned());
        assert!(keys.before(&key(true, w(), Code::KeyW, Modifiers::empty())).is_empty());
        assert!(keys.before(&key(true, w(), Code::KeyW, Modifiers::empty())).is_empty(), "it is held");
        keys.before(&key(true, Key::Named(NamedKey::Alt), Code::AltRight, Modifiers::empty()));
        let ups = keys.before(&PageInput::Focus(false));
        assert_eq!(names(&ups), [(false, Code::AltRight), (false, Code::KeyW)]);
        assert_eq!(ups[1].modifiers, Modifiers::empty(), "without the one that went up before");
        assert!(keys.before(&PageInput::Focus(false)).is_empty());
        // It was pressed in another window, and only the other key told of it.
        keys.before(&key(true, w(), Code::KeyW, Modifiers::SHIFT));
        assert_eq!(names(&keys.before(&PageInput::Focus(false))), [(false, Code::KeyW), (false, Code::ShiftLeft)]);
    }

    #[test]
    fn modifiers_follow_the_pointer() {
        let mut keys = Keys::default();
        let both = Modifiers::SHIFT | Modifiers::CONTROL;
        assert_eq!(names(&keys.before(&PageInput::Modifiers(both))), [(true, Code::ShiftLeft), (true, Code::ControlLeft)]);
        assert!(keys.before(&PageInput::Modifiers(both)).is_empty());
        assert_eq!(names(&keys.before(&PageInput::Modifiers(Modifiers::SHIFT))), [(false, Code::ControlLeft)]);
        keys.before(&key(false, Key::Named(NamedKey::Shift), Code::ShiftLeft, Modifiers::SHIFT));
        assert!(keys.before(&PageInput::Modifiers(Modifiers::empty())).is_empty(), "the page has heard of it");
        keys.before(&key(true, Key::Named(NamedKey::Alt), Code::AltRight, Modifiers::empty()));
        assert_eq!(names(&keys.before(&PageInput::Modifiers(Modifiers::empty()))), [(false, Code::AltRight)], "the one that is down");
    }
}
