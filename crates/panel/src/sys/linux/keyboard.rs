//! The page's keys and what input methods make of them.

use std::cell::RefCell;
use std::rc::Rc;

use gtk::gdk;
use gtk::prelude::*;

use super::input::{Input, KeyEvent, modifiers_held};
use crate::tiles::Area;

/// The input method of what lies under the panel, which has it while it has the keys.
pub(super) struct Keyboard {
    method: gtk::IMMulticontext,
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    /// What the method has said about the key that it is looking at; `None` while it looks at none, and then it speaks by itself.
    answers: Option<Vec<Input>>,
    /// A text is being composed.
    is_composing: bool,
    /// Keys that are down, of those that were handed on.
    down: Vec<u16>,
}

impl Keyboard {
    /// `hand_on` is told of what the method says by itself.
    pub(super) fn new(hand_on: impl Fn(Input) + 'static) -> Self {
        let method = gtk::IMMulticontext::new();
        let state: Rc<RefCell<State>> = Rc::default();
        let hand_on = Rc::new(hand_on);
        let (said, outside) = (state.clone(), hand_on.clone());
        method.connect_commit(move |_, text| say(&said, &*outside, Input::Text(text.to_owned())));
        let said = state.clone();
        method.connect_preedit_changed(move |method| say(&said, &*hand_on, Input::Preedit(method.preedit_string().0.into())));
        Self { method, state }
    }

    /// The keys are those of this widget from now on.
    pub(super) fn follow(&self, widget: &gtk::Widget) {
        self.method.set_client_window(widget.window().as_ref());
        let client = self.method.clone();
        widget.connect_realize(move |widget| client.set_client_window(widget.window().as_ref()));
        let client = self.method.clone();
        widget.connect_unrealize(move |_| client.set_client_window(None));
    }

    /// The page has the keys, or has them no longer.
    pub(super) fn focus(&self, focused: bool) {
        self.state.borrow_mut().down.clear();
        if focused {
            self.method.focus_in();
        } else {
            self.method.reset();
            self.method.focus_out();
        }
    }

    /// Where the text is that is written, in points of the webview: candidates are shown beside it.
    pub(super) fn set_caret(&self, area: Area) {
        let side = |side: u32| i32::try_from(side).unwrap_or(i32::MAX);
        self.method.set_cursor_location(&gdk::Rectangle::new(side(area.x), side(area.y), side(area.width), side(area.height)));
    }

    /// What a key comes to.
    pub(super) fn key(&self, event: &gdk::EventKey, pressed: bool) -> Vec<Input> {
        let was_composing = {
            let mut state = self.state.borrow_mut();
            state.answers = Some(Vec::new());
            state.is_composing
        };
        let is_taken = self.method.filter_keypress(event);
        let mut state = self.state.borrow_mut();
        let answers = state.answers.take().unwrap_or_default();
        let mut key = key_event(event, pressed);
        key.composing = was_composing || state.is_composing;
        settle(&mut state.down, key, is_taken, was_composing, answers)
    }
}

fn say(state: &RefCell<State>, hand_on: &dyn Fn(Input), input: Input) {
    let mut said = state.borrow_mut();
    if !said.is_composing && matches!(&input, Input::Preedit(text) if text.is_empty()) {
        return;
    }
    said.is_composing = matches!(&input, Input::Preedit(text) if !text.is_empty());
    match &mut said.answers {
        Some(answers) => answers.push(input),
        None => {
            drop(said);
            hand_on(input);
        }
    }
}

fn key_event(event: &gdk::EventKey, pressed: bool) -> KeyEvent {
    let (state, keyval) = (event.state(), event.keyval());
    KeyEvent {
        name: keyval.name().map(Into::into).unwrap_or_default(),
        text: keyval.to_unicode().filter(|text| !text.is_control()),
        code: event.hardware_keycode(),
        pressed,
        repeat: false,
        composing: false,
        modifiers: modifiers_held(state),
    }
}

/// What a key comes to, with what the input method has said of it: text that the key writes anyway is that key, other text is text.
fn settle(down: &mut Vec<u16>, mut key: KeyEvent, is_taken: bool, was_composing: bool, mut answers: Vec<Input>) -> Vec<Input> {
    let texts: Vec<&str> = answers.iter().filter_map(|answer| if let Input::Text(text) = answer { Some(&**text) } else { None }).collect();
    let writes_itself = key.pressed && !was_composing && key.text.is_some_and(|text| texts == [text.encode_utf8(&mut [0; 4]) as &str]);
    if writes_itself {
        answers.clear();
        key.composing = false;
    } else if !texts.is_empty() {
        // A composition that ends in a text need not be emptied before.
        answers.retain(|answer| !matches!(answer, Input::Preedit(text) if text.is_empty()));
    }
    let was_down = down.iter().position(|code| *code == key.code);
    if key.pressed {
        if is_taken && !writes_itself {
            return answers;
        }
        key.repeat = was_down.is_some();
        if was_down.is_none() {
            down.push(key.code);
        }
    } else {
        match was_down {
            // Whose going down was handed on goes up, too, whatever the method thinks of it.
            Some(was_down) => drop(down.swap_remove(was_down)),
            None if is_taken => return answers,
            None => {}
        }
    }
    answers.push(Input::Key(key));
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, text: Option<char>, pressed: bool) -> KeyEvent {
        KeyEvent { name: name.to_owned(), text, code: 38, pressed, repeat: false, composing: false, modifiers: [false; 4] }
    }

    fn text(text: &str) -> Input {
        Input::Text(text.to_owned())
    }

    #[test]
    fn a_key_that_writes_itself_is_that_key() {
        let mut down = Vec::new();
        let a = key("a", Some('a'), true);
        assert_eq!(settle(&mut down, a.clone(), true, false, vec![text("a")]), [Input::Key(a.clone())]);
        let held = KeyEvent { repeat: true, ..a.clone() };
        assert_eq!(settle(&mut down, a, true, false, vec![text("a")]), [Input::Key(held)], "it is held");
        let up = key("a", Some('a'), false);
        assert_eq!(settle(&mut down, up.clone(), true, false, vec![]), [Input::Key(up)], "up again, though the method took it");
        assert!(down.is_empty());
    }

    #[test]
    fn a_key_that_the_method_leaves_is_that_key() {
        let mut down = Vec::new();
        let left = key("Left", None, true);
        assert_eq!(settle(&mut down, left.clone(), false, false, vec![]), [Input::Key(left)]);
        let shift = key("Shift_L", None, false);
        assert_eq!(settle(&mut Vec::new(), shift.clone(), false, false, vec![]), [Input::Key(shift)], "it went down elsewhere");
    }

    #[test]
    fn a_composition_is_its_text() {
        let mut down = Vec::new();
        let (dead, e) = (key("dead_acute", None, true), key("e", Some('e'), true));
        let composing = vec![Input::Preedit("´".to_owned())];
        assert_eq!(settle(&mut down, dead.clone(), true, false, composing.clone()), composing);
        let ended = vec![Input::Preedit(String::new()), text("é")];
        assert_eq!(settle(&mut down, e.clone(), true, true, ended), [text("é")]);
        assert!(down.is_empty());
        assert_eq!(settle(&mut down, key("e", Some('e'), false), true, false, vec![]), [], "its going down was none of the page's");
        let given_up = vec![Input::Preedit(String::new())];
        assert_eq!(settle(&mut down, key("Escape", None, true), true, true, given_up.clone()), given_up);
        // A character that ends a composition of itself is text, since the page has been composing.
        assert_eq!(settle(&mut down, e, true, true, vec![text("e")]), [text("e")]);
    }
}
