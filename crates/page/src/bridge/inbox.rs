//! What waits for the engine: bounded, and coalesced where only the latest counts.

use std::collections::{HashMap, VecDeque};

use super::{
    LayoutReport, PageMessage, ParamValue,
    limits::{INBOX_BYTES, INBOX_MESSAGES, MAX_PARAMS},
};

/// One place in the queue. Parameters and layouts lie beside it, so that a newer one takes the older one's place.
enum Slot {
    Message(PageMessage, usize),
    Param(String),
    Layout,
}

/// The queue from page to engine.
#[derive(Default)]
pub(super) struct Inbox {
    slots: VecDeque<Slot>,
    params: HashMap<String, ParamValue>,
    layout: Option<LayoutReport>,
    bytes: usize,
    pub(super) received: u64,
    pub(super) coalesced: u64,
    pub(super) refused: u64,
}

impl Inbox {
    /// Takes an event, or says no when the queue is full.
    pub(super) fn push_event(&mut self, message: PageMessage) -> bool {
        let weight = message.weight();
        if self.slots.len() >= INBOX_MESSAGES || self.bytes + weight > INBOX_BYTES {
            self.refused += 1;
            return false;
        }
        self.received += 1;
        self.bytes += weight;
        self.slots.push_back(Slot::Message(message, weight));
        true
    }

    /// Takes what must not be lost and cannot be many: one per connection made, ended or probed. An engine that reads nothing
    /// while documents come and go keeps the latest of them.
    pub(super) fn push_state(&mut self, message: PageMessage) {
        if self.slots.len() >= 2 * INBOX_MESSAGES {
            self.pop();
            self.refused += 1;
        }
        self.received += 1;
        self.slots.push_back(Slot::Message(message, 0));
    }

    /// Takes a parameter; a newer value replaces the one that waits. No, when there are too many names.
    pub(super) fn push_param(&mut self, name: String, value: ParamValue) -> bool {
        if let Some(waiting) = self.params.get_mut(&name) {
            *waiting = value;
            self.coalesced += 1;
        } else if self.params.len() >= MAX_PARAMS {
            self.refused += 1;
            return false;
        } else {
            self.slots.push_back(Slot::Param(name.clone()));
            self.params.insert(name, value);
        }
        self.received += 1;
        true
    }

    /// Takes a layout; a newer one replaces the one that waits.
    pub(super) fn push_layout(&mut self, report: LayoutReport) {
        self.received += 1;
        if self.layout.replace(report).is_some() {
            self.coalesced += 1;
        } else {
            self.slots.push_back(Slot::Layout);
        }
    }

    /// The next message.
    pub(super) fn pop(&mut self) -> Option<PageMessage> {
        loop {
            match self.slots.pop_front()? {
                Slot::Message(message, weight) => {
                    self.bytes -= weight;
                    return Some(message);
                }
                Slot::Param(name) => {
                    if let Some(value) = self.params.remove(&name) {
                        return Some(PageMessage::Param { name, value });
                    }
                }
                Slot::Layout => {
                    if let Some(report) = self.layout.take() {
                        return Some(PageMessage::Layout(report));
                    }
                }
            }
        }
    }

    /// Messages that wait.
    pub(super) fn depth(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::Payload;

    fn event(bytes: usize) -> PageMessage {
        PageMessage::Event { topic: "t".into(), payload: Payload::from(vec![0; bytes]) }
    }

    #[test]
    fn events_are_refused_when_full_and_taken_again_when_read() {
        let mut inbox = Inbox::default();
        for _ in 0..INBOX_MESSAGES {
            assert!(inbox.push_event(event(1)));
        }
        assert!(!inbox.push_event(event(1)));
        assert!(inbox.push_param("p".into(), 1.0.into()), "a full queue of events does not stop a slider");
        assert!(inbox.pop().is_some());
        assert!(inbox.pop().is_some());
        assert!(inbox.push_event(event(1)));
        assert_eq!(inbox.refused, 1);
    }

    #[test]
    fn the_bytes_that_wait_are_bounded() {
        let mut inbox = Inbox::default();
        assert!(inbox.push_event(event(INBOX_BYTES / 2)));
        assert!(!inbox.push_event(event(INBOX_BYTES / 2)), "the topics weigh too");
        assert!(inbox.pop().is_some());
        assert!(inbox.push_event(event(INBOX_BYTES / 2)));
    }

    #[test]
    fn the_latest_parameter_stands_at_the_place_of_the_first() {
        let mut inbox = Inbox::default();
        inbox.push_param("a".into(), 1.0.into());
        inbox.push_event(event(0));
        for value in 2..100 {
            inbox.push_param("a".into(), f64::from(value).into());
        }
        assert_eq!(inbox.pop(), Some(PageMessage::Param { name: "a".into(), value: 99.0.into() }));
        assert_eq!(inbox.pop(), Some(event(0)));
        assert_eq!(inbox.pop(), None);
        assert_eq!(inbox.coalesced, 98);
    }

    #[test]
    fn the_names_of_parameters_are_bounded() {
        let mut inbox = Inbox::default();
        for index in 0..MAX_PARAMS {
            assert!(inbox.push_param(index.to_string(), 0.0.into()));
        }
        assert!(!inbox.push_param("one more".into(), 0.0.into()));
        assert!(inbox.push_param("0".into(), 1.0.into()));
    }
}
