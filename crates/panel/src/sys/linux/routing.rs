//! Who an input is for, decided from what the panel shows and from what went before. It knows nothing of GTK.

use super::input::{Input, TouchPhase};

/// Who gets an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The webview, from the system as ever.
    Panel,
    /// What lies under it, from us.
    Page,
}

/// A point, in pixels, and whether the panel shows something there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spot {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) is_covered: bool,
}

impl Spot {
    fn side(self) -> Side {
        if self.is_covered { Side::Panel } else { Side::Page }
    }
}

/// Who got what up to now. `F` tells fingers apart.
#[derive(Debug)]
pub(super) struct Routing<F> {
    /// While buttons are down: where the first went down, and which are.
    drag: Option<(Side, u32)>,
    /// The pointer is over the page, as far as the page knows.
    hovers: bool,
    /// The pointer is over the panel, as far as the webview knows.
    in_panel: bool,
    /// The pointer has left the window during a drag.
    has_left: bool,
    /// The page has the keys while the window has them.
    keys: bool,
    /// The window has the keys.
    focus: bool,
    /// Fingers that are down, each with its number and where it came down.
    fingers: Vec<(F, i32, Side)>,
}

impl<F: PartialEq> Routing<F> {
    /// Nothing is down, and the page has the keys: the app's own before there is a panel, and until somebody turns to that.
    pub(super) fn new() -> Self {
        Self { drag: None, hovers: false, in_panel: false, has_left: false, keys: true, focus: true, fingers: Vec::new() }
    }

    /// Whether keys are for the page.
    pub(super) fn keys_are_the_pages(&self) -> bool {
        self.keys
    }

    /// Whether the pointer is the page's.
    pub(super) fn hovers(&self) -> bool {
        self.hovers
    }

    fn side(&self, spot: Spot) -> Side {
        self.drag.map_or_else(|| spot.side(), |(side, _)| side)
    }

    /// The pointer has moved, or come into the window, with these buttons down. The webview gets the first move away from what it shows, too: nobody else tells it that
    /// the pointer is there no more.
    pub(super) fn moved(&mut self, spot: Spot, held: Buttons) -> (Side, Vec<Input>) {
        self.has_left = false;
        let mut inputs = self.miss_releases(spot, held);
        let side = self.side(spot);
        match side {
            Side::Panel => inputs.extend(self.leave()),
            Side::Page => {
                self.hovers = true;
                inputs.push(Input::Move { x: spot.x, y: spot.y });
            }
        }
        let was_in_panel = std::mem::replace(&mut self.in_panel, side == Side::Panel);
        (if was_in_panel { Side::Panel } else { side }, inputs)
    }

    /// Ends what is down here and, as the system says, is no longer: a menu or a list that opens with the press takes the release for itself.
    fn miss_releases(&mut self, spot: Spot, held: Buttons) -> Vec<Input> {
        let Some((side, down)) = self.drag else { return Vec::new() };
        let missed = down & Buttons::KNOWN & !held.0;
        let down = down & !missed;
        self.drag = (down != 0).then_some((side, down));
        let ups = (0..u32::BITS).filter(|button| side == Side::Page && missed & bit(*button) != 0);
        ups.map(|button| Input::Button { x: spot.x, y: spot.y, button, pressed: false }).collect()
    }

    /// The pointer has left the window. The page keeps it until the drag ends.
    pub(super) fn left(&mut self) -> Vec<Input> {
        self.has_left = true;
        self.in_panel = false;
        if self.drag.is_some() { Vec::new() } else { self.leave() }
    }

    fn leave(&mut self) -> Vec<Input> {
        if std::mem::take(&mut self.hovers) { vec![Input::Leave] } else { Vec::new() }
    }

    /// A button went down, with these down before. `is_repeat` for the events that tell a double click once more.
    pub(super) fn pressed(&mut self, spot: Spot, button: u32, held: Buttons, is_repeat: bool) -> (Side, Vec<Input>) {
        let mut inputs = if is_repeat { Vec::new() } else { self.miss_releases(spot, held) };
        let side = self.side(spot);
        let down = self.drag.map_or(0, |(_, down)| down) | bit(button);
        self.drag = Some((side, down));
        inputs.extend(self.give_keys(side));
        if side == Side::Page && !is_repeat {
            self.hovers = true;
            inputs.push(Input::Button { x: spot.x, y: spot.y, button, pressed: true });
        }
        (side, inputs)
    }

    /// A button went up.
    pub(super) fn released(&mut self, spot: Spot, button: u32) -> (Side, Vec<Input>) {
        let side = self.side(spot);
        let down = self.drag.map_or(0, |(_, down)| down) & !bit(button);
        self.drag = (down != 0).then_some((side, down));
        let mut inputs = Vec::new();
        if side == Side::Page {
            inputs.push(Input::Button { x: spot.x, y: spot.y, button, pressed: false });
        }
        if self.drag.is_none() && self.has_left {
            inputs.extend(self.leave());
        }
        (side, inputs)
    }

    /// The wheel has turned.
    pub(super) fn scrolled(&mut self, spot: Spot, (dx, dy): (f64, f64)) -> (Side, Vec<Input>) {
        match self.side(spot) {
            Side::Panel => (Side::Panel, Vec::new()),
            Side::Page => (Side::Page, vec![Input::Wheel { x: spot.x, y: spot.y, dx, dy }]),
        }
    }

    /// A finger came down, moved or went up. It belongs to the side that it came down on.
    pub(super) fn touched(&mut self, finger: F, phase: TouchPhase, spot: Spot) -> (Side, Vec<Input>) {
        let known = self.fingers.iter().position(|(other, ..)| *other == finger);
        let (id, side) = match (known, phase) {
            (_, TouchPhase::Start) => {
                let id = (0..).find(|id| self.fingers.iter().all(|(_, other, _)| other != id)).unwrap_or(0);
                let side = spot.side();
                if let Some(known) = known {
                    self.fingers.swap_remove(known);
                }
                self.fingers.push((finger, id, side));
                (id, side)
            }
            (Some(known), TouchPhase::Move) => (self.fingers[known].1, self.fingers[known].2),
            (Some(known), TouchPhase::End | TouchPhase::Cancel) => {
                let (_, id, side) = self.fingers.swap_remove(known);
                (id, side)
            }
            // It came down before anybody listened.
            (None, _) => return (Side::Panel, Vec::new()),
        };
        let mut inputs = if phase == TouchPhase::Start { self.give_keys(side) } else { Vec::new() };
        if side == Side::Page {
            inputs.push(Input::Touch { id, phase, x: spot.x, y: spot.y });
        }
        (side, inputs)
    }

    /// The keys change sides.
    pub(super) fn turn_keys(&mut self) -> Vec<Input> {
        self.give_keys(if self.keys { Side::Panel } else { Side::Page })
    }

    fn give_keys(&mut self, side: Side) -> Vec<Input> {
        let keys = side == Side::Page;
        if std::mem::replace(&mut self.keys, keys) == keys { Vec::new() } else { vec![Input::Focus(keys)] }
    }

    /// The window has got the keys, or lost them.
    pub(super) fn focused(&mut self, focus: bool) -> Vec<Input> {
        if std::mem::replace(&mut self.focus, focus) == focus || !self.keys { Vec::new() } else { vec![Input::Focus(focus)] }
    }
}

/// Buttons that the system says are down, a bit for each of X's numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buttons(u32);

impl Buttons {
    /// Those that the system tells of with each event: 1 to 5.
    const KNOWN: u32 = 0b11_1110;

    /// From the modifiers of an event, in which the first button has bit 8.
    pub(super) fn of(modifiers: u32) -> Self {
        Self(modifiers >> 7 & Self::KNOWN)
    }
}

fn bit(button: u32) -> u32 {
    1 << button.min(31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Spot = Spot { x: 400.0, y: 20.0, is_covered: false };
    const PANEL: Spot = Spot { x: 10.0, y: 20.0, is_covered: true };

    /// No button is down.
    const NONE: Buttons = Buttons(0);

    /// With the keys at the panel.
    fn routing() -> Routing<u8> {
        let mut routing = Routing::new();
        assert_eq!(routing.turn_keys(), [Input::Focus(false)]);
        routing
    }

    /// The buttons of these numbers.
    fn held(buttons: &[u32]) -> Buttons {
        Buttons(buttons.iter().fold(0, |all, button| all | bit(*button)))
    }

    fn button(spot: Spot, button: u32, pressed: bool) -> Input {
        Input::Button { x: spot.x, y: spot.y, button, pressed }
    }

    fn moved(spot: Spot) -> Input {
        Input::Move { x: spot.x, y: spot.y }
    }

    #[test]
    fn the_pointer_is_whose_it_is_over() {
        let mut routing = routing();
        assert_eq!(routing.moved(PANEL, NONE), (Side::Panel, vec![]));
        assert_eq!(routing.moved(PAGE, NONE), (Side::Panel, vec![moved(PAGE)]), "the webview sees it go");
        assert_eq!(routing.moved(PAGE, NONE), (Side::Page, vec![moved(PAGE)]));
        assert_eq!(routing.scrolled(PAGE, (0.0, 1.0)), (Side::Page, vec![Input::Wheel { x: 400.0, y: 20.0, dx: 0.0, dy: 1.0 }]));
        assert_eq!(routing.moved(PANEL, NONE), (Side::Panel, vec![Input::Leave]), "told once");
        assert_eq!(routing.moved(PANEL, NONE), (Side::Panel, vec![]));
        assert_eq!(routing.scrolled(PANEL, (0.0, 1.0)), (Side::Panel, vec![]));
        routing.moved(PAGE, NONE);
        assert_eq!(routing.left(), [Input::Leave]);
        assert_eq!(routing.left(), []);
    }

    #[test]
    fn a_drag_belongs_to_whom_it_began_with() {
        let mut routing = routing();
        assert_eq!(routing.pressed(PAGE, 1, NONE, false), (Side::Page, vec![Input::Focus(true), button(PAGE, 1, true)]));
        assert_eq!(routing.moved(PANEL, held(&[1])), (Side::Page, vec![moved(PANEL)]), "over the panel it goes on");
        assert_eq!(routing.pressed(PANEL, 3, held(&[1]), false), (Side::Page, vec![button(PANEL, 3, true)]));
        assert_eq!(routing.released(PANEL, 1), (Side::Page, vec![button(PANEL, 1, false)]));
        assert_eq!(routing.moved(PANEL, held(&[3])), (Side::Page, vec![moved(PANEL)]), "the other button is still down");
        assert_eq!(routing.released(PANEL, 3), (Side::Page, vec![button(PANEL, 3, false)]));
        assert_eq!(routing.moved(PANEL, NONE), (Side::Panel, vec![Input::Leave]));

        assert_eq!(routing.pressed(PANEL, 1, NONE, false), (Side::Panel, vec![Input::Focus(false)]));
        assert_eq!(routing.moved(PAGE, held(&[1])), (Side::Panel, vec![]));
        assert_eq!(routing.released(PAGE, 1), (Side::Panel, vec![]));
        assert_eq!(routing.moved(PAGE, NONE), (Side::Panel, vec![moved(PAGE)]), "the webview had it until now");
        assert_eq!(routing.moved(PAGE, NONE), (Side::Page, vec![moved(PAGE)]));
    }

    #[test]
    fn what_a_menu_keeps_is_up() {
        let mut routing = routing();
        // The panel's own menu opens with the press, and the release is the menu's.
        routing.pressed(PANEL, 3, NONE, false);
        assert_eq!(routing.moved(PAGE, held(&[3])), (Side::Panel, vec![]), "it is still down");
        assert_eq!(routing.moved(PAGE, NONE).1, [moved(PAGE)]);
        routing.pressed(PANEL, 1, NONE, false);
        let inputs = vec![Input::Focus(true), button(PAGE, 1, true)];
        assert_eq!(routing.pressed(PAGE, 1, NONE, false), (Side::Page, inputs), "without a move in between");
        // The page hears of what went up elsewhere, and of that alone.
        routing.pressed(PAGE, 2, held(&[1]), false);
        routing.pressed(PAGE, 9, held(&[1, 2]), false);
        assert_eq!(routing.moved(PANEL, held(&[2])), (Side::Page, vec![button(PANEL, 1, false), moved(PANEL)]));
        assert_eq!(routing.moved(PANEL, NONE), (Side::Page, vec![button(PANEL, 2, false), moved(PANEL)]), "of the ninth nobody tells");
        assert_eq!(routing.released(PANEL, 9), (Side::Page, vec![button(PANEL, 9, false)]));
        assert_eq!(routing.moved(PANEL, NONE), (Side::Panel, vec![Input::Leave]));
    }

    #[test]
    fn a_drag_out_of_the_window_leaves_when_it_ends() {
        let mut routing = routing();
        routing.pressed(PAGE, 1, NONE, false);
        assert_eq!(routing.left(), []);
        let outside = Spot { x: -5.0, ..PAGE };
        assert_eq!(routing.released(outside, 1), (Side::Page, vec![button(outside, 1, false), Input::Leave]));

        // Out and in again: it stays.
        routing.pressed(PAGE, 1, NONE, false);
        routing.left();
        routing.moved(PAGE, held(&[1]));
        assert_eq!(routing.released(PAGE, 1), (Side::Page, vec![button(PAGE, 1, false)]));
    }

    #[test]
    fn a_double_click_is_two_clicks() {
        let mut routing = routing();
        let mut inputs = Vec::new();
        for is_repeat in [false, false, true] {
            inputs.extend(routing.pressed(PAGE, 1, NONE, is_repeat).1);
            if !is_repeat {
                inputs.extend(routing.released(PAGE, 1).1);
            }
        }
        assert_eq!(inputs.iter().filter(|input| matches!(input, Input::Button { pressed: true, .. })).count(), 2);
    }

    #[test]
    fn keys_follow_the_presses_and_the_window() {
        let mut routing = routing();
        assert!(Routing::<u8>::new().keys_are_the_pages(), "the app's, to begin with");
        assert!(!routing.keys_are_the_pages());
        assert_eq!(routing.focused(false), [], "the panel's matter");
        assert_eq!(routing.focused(true), []);
        routing.pressed(PAGE, 1, NONE, false);
        assert!(routing.keys_are_the_pages());
        assert_eq!(routing.focused(true), [], "no news");
        assert_eq!(routing.focused(false), [Input::Focus(false)]);
        assert_eq!(routing.focused(true), [Input::Focus(true)]);
        routing.released(PAGE, 1);
        assert_eq!(routing.pressed(PANEL, 1, NONE, false).1, [Input::Focus(false)]);
        assert!(!routing.keys_are_the_pages());
        assert_eq!(routing.turn_keys(), [Input::Focus(true)], "without the pointer");
        assert_eq!(routing.turn_keys(), [Input::Focus(false)]);
    }

    #[test]
    fn fingers_have_numbers_and_stay_with_their_side() {
        let mut routing = routing();
        let touch = |id, phase, spot: Spot| Input::Touch { id, phase, x: spot.x, y: spot.y };
        assert_eq!(routing.touched(7, TouchPhase::Start, PAGE), (Side::Page, vec![Input::Focus(true), touch(0, TouchPhase::Start, PAGE)]));
        assert_eq!(routing.touched(9, TouchPhase::Start, PAGE), (Side::Page, vec![touch(1, TouchPhase::Start, PAGE)]));
        assert_eq!(routing.touched(7, TouchPhase::Move, PANEL), (Side::Page, vec![touch(0, TouchPhase::Move, PANEL)]));
        assert_eq!(routing.touched(5, TouchPhase::Start, PANEL), (Side::Panel, vec![Input::Focus(false)]));
        assert_eq!(routing.touched(5, TouchPhase::Move, PAGE), (Side::Panel, vec![]));
        assert_eq!(routing.touched(7, TouchPhase::End, PANEL), (Side::Page, vec![touch(0, TouchPhase::End, PANEL)]));
        assert_eq!(routing.touched(7, TouchPhase::End, PAGE), (Side::Panel, vec![]), "it is up already");
        assert_eq!(routing.touched(8, TouchPhase::Start, PAGE).1.last(), Some(&touch(0, TouchPhase::Start, PAGE)), "a free number");
        assert_eq!(routing.touched(9, TouchPhase::Cancel, PAGE), (Side::Page, vec![touch(1, TouchPhase::Cancel, PAGE)]));
    }
}
