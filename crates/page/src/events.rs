//! What happened on the page and was not taken yet.

use std::collections::VecDeque;
use std::mem::discriminant;

use crate::event::PageEvent;
use crate::limits::MAX_QUEUED_EVENTS;

/// What the page says is as much as it likes, so that is bounded, and what does not fit is counted. How the page is must be known: of each such kind the newest waits,
/// and comes before all that was said.
#[derive(Debug, Default)]
pub(crate) struct Events {
    states: VecDeque<PageEvent>,
    said: VecDeque<PageEvent>,
}

impl Events {
    /// Takes an event; false if it was left out.
    pub(crate) fn push(&mut self, event: PageEvent) -> bool {
        if event.is_state() {
            let kind = discriminant(&event);
            self.states.retain(|older| discriminant(older) != kind);
            self.states.push_back(event);
            return true;
        }
        let is_full = self.said.len() >= MAX_QUEUED_EVENTS;
        match self.said.back_mut() {
            _ if !is_full => self.said.push_back(event),
            Some(PageEvent::LeftOut(count)) => *count += 1,
            _ => self.said.push_back(PageEvent::LeftOut(1)),
        }
        !is_full
    }

    /// The next one.
    pub(crate) fn pop(&mut self) -> Option<PageEvent> {
        self.states.pop_front().or_else(|| self.said.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ConsoleLevel;

    fn line(number: usize) -> PageEvent {
        PageEvent::Console { level: ConsoleLevel::Error, text: number.to_string() }
    }

    fn rest(events: &mut Events) -> Vec<PageEvent> {
        std::iter::from_fn(|| events.pop()).collect()
    }

    #[test]
    fn a_page_that_writes_without_end_hides_nothing_of_how_it_is() {
        let mut events = Events::default();
        for number in 0..10 * MAX_QUEUED_EVENTS {
            assert_eq!(events.push(line(number)), number < MAX_QUEUED_EVENTS);
            assert!(events.push(PageEvent::Title(number.to_string())));
        }
        let crash = PageEvent::Crashed { reason: "a fault".to_owned() };
        for event in [PageEvent::Unresponsive, PageEvent::Responsive, crash.clone(), PageEvent::Unresponsive] {
            assert!(events.push(event));
        }
        let title = PageEvent::Title((10 * MAX_QUEUED_EVENTS - 1).to_string());
        let states = [title, PageEvent::Responsive, crash, PageEvent::Unresponsive];
        assert_eq!(states.map(Some), std::array::from_fn(|_| events.pop()), "the newest of each, in their order");
        let said = rest(&mut events);
        assert_eq!(said[..MAX_QUEUED_EVENTS], (0..MAX_QUEUED_EVENTS).map(line).collect::<Vec<_>>());
        assert_eq!(said[MAX_QUEUED_EVENTS..], [PageEvent::LeftOut(9 * MAX_QUEUED_EVENTS as u64)]);
    }

    #[test]
    fn what_was_left_out_is_told_where_it_would_have_been() {
        let mut events = Events::default();
        for number in 0..=MAX_QUEUED_EVENTS {
            events.push(line(number));
        }
        for _ in 0..2 {
            events.pop();
        }
        assert!(events.push(line(7)), "there is room again");
        assert!(!events.push(line(8)));
        let said = rest(&mut events);
        assert_eq!(said[MAX_QUEUED_EVENTS - 2..], [PageEvent::LeftOut(1), line(7), PageEvent::LeftOut(1)]);
    }
}
