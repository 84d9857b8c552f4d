//! Keys that are heard whichever window has the keyboard. X11 alone lets a program ask for them; Wayland's compositors keep them.

use std::sync::Arc;

use gtk::gdk;
use gtk::prelude::*;
use thiserror::Error;
use x11rb::connection::Connection;
use x11rb::errors::{ConnectError, ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, GrabMode, Keycode,
    Mapping, ModMask, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::{COPY_FROM_PARENT, CURRENT_TIME, NONE};

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
    /// The X server has no number left for a window.
    #[error("the X server has no window to spare")]
    NoWindow,
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

/// Keys that are heard by one of all programs that ask here: by the one that claimed them last.
pub struct Shortcut {
    connection: Arc<RustConnection>,
    inbox: Window,
}

impl Shortcut {
    /// Takes the keys, from whoever has them by [`on_ctrl_alt`].
    pub fn claim(&self) {
        // It is for the thread that waits for events, which is woken by one.
        let claim = ClientMessageEvent::new(32, self.inbox, AtomEnum::NONE, [0; 5]);
        let sent = self.connection.send_event(false, self.inbox, EventMask::NO_EVENT, claim);
        if let Err(error) = sent.and_then(|_| self.connection.flush()) {
            tracing::debug!("{error}");
        }
    }
}

/// Claims Ctrl, Alt and this letter, and calls `pressed` on a thread of its own whenever they are pressed while they are ours, until the X server goes.
///
/// Call it on GTK's thread.
///
/// # Errors
/// When the keys cannot be had. That another program has them, which asks for them in another way, is found out later; they are ours then with the next claim after
/// that has ended.
pub fn on_ctrl_alt(letter: char, mut pressed: impl FnMut() + Send + 'static) -> Result<Shortcut, ShortcutError> {
    if !gdk::Display::default().is_some_and(|display| display.backend().is_x11()) {
        return Err(ShortcutError::NotX11);
    }
    let (connection, screen) = x11rb::connect(None)?;
    let root = connection.setup().roots.get(screen).ok_or(ShortcutError::NotX11)?.root;
    let key = key_of(&connection, letter)?;
    let selection = connection.intern_atom(false, SELECTION)?.reply()?.atom;
    let connection = Arc::new(connection);
    let mut claimant = Claimant {
        connection: connection.clone(),
        root,
        letter,
        key,
        selection,
        inbox: NONE,
        sign: NONE,
        before: NONE,
        has: false,
        owed: Vec::new(),
    };
    claimant.inbox = claimant.window()?;
    let shortcut = Shortcut { connection, inbox: claimant.inbox };
    std::thread::Builder::new().name("shortcut".to_owned()).spawn(move || {
        let mut released = None;
        while let Ok(event) = claimant.connection.wait_for_event() {
            match event {
                // A key that is held is let go and pressed at the same instant, again and again.
                Event::KeyPress(event) if released != Some(event.time) => pressed(),
                Event::KeyRelease(event) => released = Some(event.time),
                other => {
                    if let Err(error) = claimant.obey(&other) {
                        tracing::info!("the keys are not heard in other windows: {error}");
                    }
                }
            }
        }
    })?;
    shortcut.claim();
    Ok(shortcut)
}

/// Whose the keys are is a matter of an X selection: who claims them takes that, and whose it was lets go of the keys and says so by the end of its window.
const SELECTION: &[u8] = b"_WASM_ENGINE_HUD_KEYS";

/// One of those that would have the keys.
struct Claimant {
    connection: Arc<RustConnection>,
    root: Window,
    letter: char,
    key: Keycode,
    selection: Atom,
    /// Where claims arrive.
    inbox: Window,
    /// The window that owns the selection for us, if any does.
    sign: Window,
    /// The window that owned it before and has not ended yet, if there is one.
    before: Window,
    /// The keys are ours.
    has: bool,
    /// Windows of ours that stood for claims which others have taken over while we waited ourselves, each behind the one that was waited for: they end with that, since who
    /// waits for ours would find the keys still taken.
    owed: Vec<(Window, Window)>,
}

impl Claimant {
    /// A window that nobody sees.
    fn window(&self) -> Result<Window, ShortcutError> {
        let window = self.connection.generate_id().map_err(|_| ShortcutError::NoWindow)?;
        let (class, more) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
        self.connection.create_window(0, window, self.root, -1, -1, 1, 1, 0, class, COPY_FROM_PARENT, &more)?.check()?;
        Ok(window)
    }

    fn obey(&mut self, event: &Event) -> Result<(), ShortcutError> {
        match event {
            Event::ClientMessage(message) if message.window == self.inbox => self.claim(),
            Event::SelectionClear(clear) if clear.owner == self.sign => self.give_up(),
            Event::DestroyNotify(end) => self.goes(end.window),
            Event::MappingNotify(event) if event.request == Mapping::KEYBOARD => {
                let key = key_of(&self.connection, self.letter).unwrap_or(self.key);
                if key == self.key {
                    return Ok(());
                }
                self.ungrab()?;
                self.key = key;
                if self.sign == NONE || self.before != NONE { Ok(()) } else { self.grab() }
            }
            _ => Ok(()),
        }
    }

    /// A window has ended, perhaps one that was waited for.
    fn goes(&mut self, window: Window) -> Result<(), ShortcutError> {
        for (before, sign) in std::mem::take(&mut self.owed) {
            if before == window {
                self.connection.destroy_window(sign)?;
            } else {
                self.owed.push((before, sign));
            }
        }
        self.connection.flush()?;
        if window != self.before {
            return Ok(());
        }
        self.before = NONE;
        self.grab()
    }

    fn claim(&mut self) -> Result<(), ShortcutError> {
        // What says that somebody else has claimed them may still be on its way.
        if self.sign != NONE && self.connection.get_selection_owner(self.selection)?.reply()?.owner != self.sign {
            self.give_up()?;
        }
        if self.sign == NONE {
            self.sign = self.window()?;
            // Two that claim at once would both wait for the same one before them.
            self.connection.grab_server()?;
            let taken = self.take_selection();
            self.connection.ungrab_server()?;
            // Everybody else waits until that is sent.
            self.connection.flush()?;
            self.before = taken?;
        }
        if self.has || self.before != NONE { Ok(()) } else { self.grab() }
    }

    /// The owner up to now, of whose end we hear, or none.
    fn take_selection(&self) -> Result<Window, ShortcutError> {
        let owner = self.connection.get_selection_owner(self.selection)?.reply()?.owner;
        if owner != NONE {
            let end = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
            self.connection.change_window_attributes(owner, &end)?.check()?;
        }
        self.connection.set_selection_owner(self.sign, self.selection, CURRENT_TIME)?.check()?;
        Ok(owner)
    }

    fn give_up(&mut self) -> Result<(), ShortcutError> {
        self.ungrab()?;
        if self.before == NONE {
            self.connection.destroy_window(self.sign)?;
        } else {
            self.owed.push((self.before, self.sign));
        }
        (self.sign, self.before) = (NONE, NONE);
        Ok(self.connection.flush()?)
    }

    fn grab(&mut self) -> Result<(), ShortcutError> {
        for modifiers in combinations() {
            let grabbed = self.connection.grab_key(false, self.root, modifiers, self.key, GrabMode::ASYNC, GrabMode::ASYNC)?.check();
            if let Err(refused) = grabbed {
                self.ungrab()?;
                return Err(refused.into());
            }
        }
        self.has = true;
        Ok(())
    }

    fn ungrab(&mut self) -> Result<(), ShortcutError> {
        self.has = false;
        for modifiers in combinations() {
            self.connection.ungrab_key(self.key, self.root, modifiers)?;
        }
        Ok(self.connection.flush()?)
    }
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
