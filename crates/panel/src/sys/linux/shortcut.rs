//! Keys that are heard whichever window has the keyboard. X11 alone lets a program ask for them; Wayland's compositors keep them.

use gtk::gdk;
use gtk::prelude::*;
use thiserror::Error;
use x11rb::connection::Connection;
use x11rb::errors::{ConnectError, ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ConnectionExt as _, GrabMode, Keycode, Mapping, ModMask, Window};
use x11rb::rust_connection::RustConnection;

/// Why keys are not heard.
#[derive(Debug, Error)]
pub enum ShortcutError {
    /// There is no X server that could tell.
    #[error("only X11 tells keys that are pressed in other windows")]
    NotX11,
    /// No X server answers.
    #[error("no X server answers: {0}")]
    Connect(#[from] ConnectError),
    /// The connection broke.
    #[error("the X server has gone: {0}")]
    Connection(#[from] ConnectionError),
    /// Most likely another program has them.
    #[error("the X server refuses the keys: {0}")]
    Refused(#[from] ReplyError),
    /// The keyboard has no such key.
    #[error("the keyboard has no such key")]
    NoKey,
    /// The system has no thread for it.
    #[error("no thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// The keys with each of the locks that may be on and make no difference: Caps Lock and Num Lock.
fn combinations() -> [ModMask; 4] {
    let keys = ModMask::CONTROL | ModMask::M1;
    [keys, keys | ModMask::LOCK, keys | ModMask::M2, keys | ModMask::LOCK | ModMask::M2]
}

/// Calls `pressed` on a thread of its own whenever Ctrl, Alt and this letter are pressed, until the X server goes.
///
/// Call it on GTK's thread.
///
/// # Errors
/// When the keys are another program's already, or cannot be had.
pub fn on_ctrl_alt(letter: char, mut pressed: impl FnMut() + Send + 'static) -> Result<(), ShortcutError> {
    if !gdk::Display::default().is_some_and(|display| display.backend().is_x11()) {
        return Err(ShortcutError::NotX11);
    }
    let (connection, screen) = x11rb::connect(None)?;
    let root = connection.setup().roots.get(screen).ok_or(ShortcutError::NotX11)?.root;
    let mut key = key_of(&connection, letter)?;
    grab(&connection, root, key)?;
    std::thread::Builder::new().name("shortcut".to_owned()).spawn(move || {
        let mut released = None;
        while let Ok(event) = connection.wait_for_event() {
            match event {
                // A key that is held is let go and pressed at the same instant, again and again.
                Event::KeyPress(event) if released != Some(event.time) => pressed(),
                Event::KeyRelease(event) => released = Some(event.time),
                Event::MappingNotify(event) if event.request == Mapping::KEYBOARD => {
                    let other = key_of(&connection, letter).unwrap_or(key);
                    if other != key
                        && let Ok(()) = grab(&connection, root, other)
                    {
                        for modifiers in combinations() {
                            let _ = connection.ungrab_key(key, root, modifiers);
                        }
                        key = other;
                    }
                }
                _ => {}
            }
        }
    })?;
    Ok(())
}

fn grab(connection: &RustConnection, root: Window, key: Keycode) -> Result<(), ShortcutError> {
    for modifiers in combinations() {
        connection.grab_key(false, root, modifiers, key, GrabMode::ASYNC, GrabMode::ASYNC)?.check()?;
    }
    Ok(())
}

/// The key that writes a letter. For Latin letters X's symbols are their characters.
fn key_of(connection: &RustConnection, letter: char) -> Result<Keycode, ShortcutError> {
    let setup = connection.setup();
    let count = setup.max_keycode.saturating_sub(setup.min_keycode).saturating_add(1);
    let mapping = connection.get_keyboard_mapping(setup.min_keycode, count)?.reply()?;
    let each = usize::from(mapping.keysyms_per_keycode.max(1));
    let mut keys = mapping.keysyms.chunks(each).zip(setup.min_keycode..=setup.max_keycode);
    keys.find(|(symbols, _)| symbols.contains(&u32::from(letter))).map(|(_, key)| key).ok_or(ShortcutError::NoKey)
}
