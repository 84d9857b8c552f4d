//! Keys by where they are on the keyboard.

use super::input::{KeyEvent, KeyLocation};

/// Linux' number of the first key in each row, and the names that the W3C's UI Events have for it and those after it.
const ROWS: &[(u16, &[&str])] = &[
    (
        1,
        &[
            "Escape",
            "Digit1",
            "Digit2",
            "Digit3",
            "Digit4",
            "Digit5",
            "Digit6",
            "Digit7",
            "Digit8",
            "Digit9",
            "Digit0",
            "Minus",
            "Equal",
            "Backspace",
        ],
    ),
    (15, &["Tab", "KeyQ", "KeyW", "KeyE", "KeyR", "KeyT", "KeyY", "KeyU", "KeyI", "KeyO", "KeyP", "BracketLeft", "BracketRight", "Enter"]),
    (29, &["ControlLeft", "KeyA", "KeyS", "KeyD", "KeyF", "KeyG", "KeyH", "KeyJ", "KeyK", "KeyL", "Semicolon", "Quote", "Backquote"]),
    (42, &["ShiftLeft", "Backslash", "KeyZ", "KeyX", "KeyC", "KeyV", "KeyB", "KeyN", "KeyM", "Comma", "Period", "Slash", "ShiftRight"]),
    (55, &["NumpadMultiply", "AltLeft", "Space", "CapsLock"]),
    (59, &["F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "NumLock", "ScrollLock"]),
    (
        71,
        &[
            "Numpad7",
            "Numpad8",
            "Numpad9",
            "NumpadSubtract",
            "Numpad4",
            "Numpad5",
            "Numpad6",
            "NumpadAdd",
            "Numpad1",
            "Numpad2",
            "Numpad3",
            "Numpad0",
            "NumpadDecimal",
        ],
    ),
    (86, &["IntlBackslash", "F11", "F12", "IntlRo"]),
    (92, &["Convert", "KanaMode", "NonConvert"]),
    (96, &["NumpadEnter", "ControlRight", "NumpadDivide", "PrintScreen", "AltRight"]),
    (102, &["Home", "ArrowUp", "PageUp", "ArrowLeft", "ArrowRight", "End", "ArrowDown", "PageDown", "Insert", "Delete"]),
    (113, &["AudioVolumeMute", "AudioVolumeDown", "AudioVolumeUp", "Power", "NumpadEqual"]),
    (119, &["Pause"]),
    (121, &["NumpadComma", "Lang1", "Lang2", "IntlYen", "MetaLeft", "MetaRight", "ContextMenu"]),
    (163, &["MediaTrackNext", "MediaPlayPause", "MediaTrackPrevious", "MediaStop"]),
    (183, &["F13", "F14", "F15", "F16", "F17", "F18", "F19", "F20", "F21", "F22", "F23", "F24"]),
];

/// X and GDK count from eight further up.
const FIRST: u16 = 8;

impl KeyEvent {
    /// Which key of the keyboard it is, whatever it means in the present layout: the `code` of the W3C's UI Events. Empty for keys that have none.
    #[must_use]
    pub fn physical(&self) -> &'static str {
        let Some(number) = self.code.checked_sub(FIRST) else { return "" };
        let row = ROWS.iter().rev().find(|(first, _)| *first <= number);
        row.and_then(|(first, names)| names.get(usize::from(number - first)).copied()).unwrap_or("")
    }

    /// Which of several keys with one meaning it is.
    #[must_use]
    pub fn location(&self) -> KeyLocation {
        match self.physical() {
            "ShiftLeft" | "ControlLeft" | "AltLeft" | "MetaLeft" => KeyLocation::Left,
            "ShiftRight" | "ControlRight" | "AltRight" | "MetaRight" => KeyLocation::Right,
            code if code.starts_with("Numpad") => KeyLocation::Numpad,
            _ => KeyLocation::Standard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: u16) -> KeyEvent {
        KeyEvent { name: String::new(), text: None, code, pressed: true, repeat: false, composing: false, modifiers: [false; 4] }
    }

    #[test]
    fn the_rows_follow_each_other() {
        for pair in ROWS.windows(2) {
            assert!(usize::from(pair[0].0) + pair[0].1.len() <= usize::from(pair[1].0), "{:?}", pair[1].1);
        }
        let mut names: Vec<_> = ROWS.iter().flat_map(|(_, names)| *names).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "no name is there twice");
    }

    #[test]
    fn known_keys() {
        for (code, name, location) in [
            (9, "Escape", KeyLocation::Standard),
            (24, "KeyQ", KeyLocation::Standard),
            (36, "Enter", KeyLocation::Standard),
            (37, "ControlLeft", KeyLocation::Left),
            (50, "ShiftLeft", KeyLocation::Left),
            (62, "ShiftRight", KeyLocation::Right),
            (65, "Space", KeyLocation::Standard),
            (79, "Numpad7", KeyLocation::Numpad),
            (87, "Numpad1", KeyLocation::Numpad),
            (94, "IntlBackslash", KeyLocation::Standard),
            (104, "NumpadEnter", KeyLocation::Numpad),
            (108, "AltRight", KeyLocation::Right),
            (113, "ArrowLeft", KeyLocation::Standard),
            (119, "Delete", KeyLocation::Standard),
            (133, "MetaLeft", KeyLocation::Left),
            (135, "ContextMenu", KeyLocation::Standard),
        ] {
            assert_eq!((key(code).physical(), key(code).location()), (name, location), "{code}");
        }
        assert_eq!((key(0).physical(), key(92).physical(), key(9999).physical()), ("", "", ""));
    }
}
