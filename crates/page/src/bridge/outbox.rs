//! What waits for the page: control messages, parameters, events in order, and the latest value of each topic.
//!
//! The page acknowledges what it has handled. As long as more than a window is unacknowledged nothing but control messages goes
//! out, so a page that is slow, or stuck, gets the latest values when it comes back and not a minute of old ones. (The socket
//! alone would not show it: a browser reads a socket into memory whether or not the script keeps up.)

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use serde_json::Value;

use super::{
    ParamValue, Payload, PublishError,
    limits::{
        CONTROL_MESSAGES, MAX_PARAMS, MAX_TEXT_BYTES, OUTBOX_EVENT_BYTES, OUTBOX_EVENTS, RETAINED_BYTES, RETAINED_TOPICS, WINDOW_BYTES,
        WINDOW_MESSAGES,
    },
    wire,
};

/// A message on its way to the page.
#[derive(Debug, PartialEq)]
pub(crate) enum Outgoing {
    Text(String),
    Binary(Vec<u8>),
}

/// What is kept of a message until it is sent. Bytes get their header only then: most may be coalesced away.
#[derive(Clone)]
enum Item {
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
}

impl Item {
    fn new(topic: &str, payload: Payload) -> Result<Self, PublishError> {
        wire::check_topic(topic).map_err(|_| PublishError::Topic)?;
        match payload {
            Payload::Json(data) => Self::text(topic, &data),
            Payload::Bytes(bytes) if wire::binary_fits(topic, bytes.len()) => Ok(Self::Bytes(bytes)),
            Payload::Bytes(bytes) => Err(PublishError::TooLarge { bytes: bytes.len() }),
        }
    }

    fn text(topic: &str, data: &Value) -> Result<Self, PublishError> {
        let text = wire::encode_publish(topic, data);
        if text.len() > MAX_TEXT_BYTES {
            return Err(PublishError::TooLarge { bytes: text.len() });
        }
        Ok(Self::Text(text.into()))
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    fn encode(&self, topic: &str) -> Outgoing {
        match self {
            Self::Text(text) => Outgoing::Text(text.to_string()),
            Self::Bytes(bytes) => Outgoing::Binary(wire::encode_binary(topic, bytes)),
        }
    }
}

struct Topic {
    latest: Item,
    pending: bool,
}

/// The queue from engine to page.
#[derive(Default)]
pub(super) struct Outbox {
    control: VecDeque<String>,
    params: BTreeMap<String, ParamValue>,
    dirty: BTreeSet<String>,
    events: VecDeque<(String, Item)>,
    event_bytes: usize,
    topics: HashMap<String, Topic>,
    pending: VecDeque<String>,
    retained_bytes: usize,
    flight: VecDeque<usize>,
    flight_bytes: usize,
    topic_turn: bool,
    pub(super) sent: u64,
    pub(super) coalesced: u64,
    pub(super) refused: u64,
}

impl Outbox {
    /// Begins with a new document: it is welcomed, and gets the latest of everything.
    pub(super) fn connect(&mut self) {
        self.flight.clear();
        self.flight_bytes = 0;
        self.control.clear();
        self.dirty.clear();
        self.control.push_back(wire::encode_welcome(self.params.iter()));
        let mut names: Vec<_> = self.topics.keys().cloned().collect();
        names.sort_unstable();
        self.pending = names.into();
        self.topics.values_mut().for_each(|topic| topic.pending = true);
    }

    /// The document is gone, and the events meant for it go too.
    pub(super) fn disconnect(&mut self) {
        self.events.clear();
        self.event_bytes = 0;
    }

    /// Keeps the latest value of a topic.
    pub(super) fn publish(&mut self, topic: &str, payload: Payload) -> Result<(), PublishError> {
        let item = Item::new(topic, payload)?;
        let older = self.topics.get(topic).map_or(0, |topic| topic.latest.len());
        let bytes = self.retained_bytes - older + item.len();
        if bytes > RETAINED_BYTES || (self.topics.len() >= RETAINED_TOPICS && !self.topics.contains_key(topic)) {
            self.refused += 1;
            return Err(PublishError::Full);
        }
        self.retained_bytes = bytes;
        if let Some(kept) = self.topics.get_mut(topic) {
            kept.latest = item;
            if kept.pending {
                self.coalesced += 1;
                return Ok(());
            }
            kept.pending = true;
        } else {
            self.topics.insert(topic.to_owned(), Topic { latest: item, pending: true });
        }
        self.pending.push_back(topic.to_owned());
        Ok(())
    }

    /// Queues an event, or says no when the queue is full.
    pub(super) fn send(&mut self, topic: &str, payload: Payload) -> Result<(), PublishError> {
        let item = Item::new(topic, payload)?;
        if self.events.len() >= OUTBOX_EVENTS || self.event_bytes + item.len() > OUTBOX_EVENT_BYTES {
            self.refused += 1;
            return Err(PublishError::Full);
        }
        self.event_bytes += item.len();
        self.events.push_back((topic.to_owned(), item));
        Ok(())
    }

    /// Sets a parameter as the engine has it; the page is told if it thinks otherwise.
    pub(super) fn set_param(&mut self, name: &str, value: ParamValue) -> Result<(), PublishError> {
        wire::check_param(name, &value).map_err(|_| PublishError::Param)?;
        let known = self.params.get(name);
        // The engine has numbers only: a flag that came back as 1 or 0 is still the flag that the page set.
        let is_same_flag = matches!(known, Some(ParamValue::Flag(_))) && known.and_then(ParamValue::as_f32) == value.as_f32();
        if known == Some(&value) || is_same_flag {
            return Ok(());
        }
        if self.params.len() >= MAX_PARAMS && !self.params.contains_key(name) {
            self.refused += 1;
            return Err(PublishError::Full);
        }
        self.params.insert(name.to_owned(), value);
        self.dirty.insert(name.to_owned());
        Ok(())
    }

    /// Notes what the page believes a parameter to be. Names the engine has never set are not kept: the page could invent any
    /// number of them.
    pub(super) fn note_param(&mut self, name: &str, value: &ParamValue) {
        if let Some(known) = self.params.get_mut(name) {
            known.clone_from(value);
            self.dirty.remove(name);
        }
    }

    /// Queues a control message, which needs no credit.
    pub(super) fn control(&mut self, text: String) {
        if self.control.len() < CONTROL_MESSAGES {
            self.control.push_back(text);
        } else {
            self.refused += 1;
        }
    }

    /// The page has handled so many more messages. A page that counts wrongly only harms itself.
    pub(super) fn acknowledge(&mut self, count: usize) {
        for bytes in self.flight.drain(..count.min(self.flight.len())) {
            self.flight_bytes -= bytes;
        }
    }

    /// The next message that may go out.
    pub(super) fn next(&mut self) -> Option<Outgoing> {
        if let Some(text) = self.control.pop_front() {
            return Some(Outgoing::Text(text));
        }
        if self.flight.len() >= WINDOW_MESSAGES || self.flight_bytes >= WINDOW_BYTES {
            return None;
        }
        let outgoing = self.next_params().or_else(|| {
            // Turn about, so that neither a flood of events nor one of topics starves the other.
            self.topic_turn = !self.topic_turn;
            if self.topic_turn { self.next_topic().or_else(|| self.next_event()) } else { self.next_event().or_else(|| self.next_topic()) }
        })?;
        let bytes = match &outgoing {
            Outgoing::Text(text) => text.len(),
            Outgoing::Binary(bytes) => bytes.len(),
        };
        self.flight.push_back(bytes);
        self.flight_bytes += bytes;
        self.sent += 1;
        Some(outgoing)
    }

    fn next_params(&mut self) -> Option<Outgoing> {
        if self.dirty.is_empty() {
            return None;
        }
        let dirty = std::mem::take(&mut self.dirty);
        Some(Outgoing::Text(wire::encode_params(self.params.iter().filter(|(name, _)| dirty.contains(*name)))))
    }

    fn next_topic(&mut self) -> Option<Outgoing> {
        let name = self.pending.pop_front()?;
        let topic = self.topics.get_mut(&name)?;
        topic.pending = false;
        Some(topic.latest.encode(&name))
    }

    fn next_event(&mut self) -> Option<Outgoing> {
        let (topic, item) = self.events.pop_front()?;
        self.event_bytes -= item.len();
        Some(item.encode(&topic))
    }

    /// Messages that wait, control messages apart.
    pub(super) fn depth(&self) -> usize {
        self.events.len() + self.pending.len() + usize::from(!self.dirty.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::limits::MAX_MESSAGE_BYTES;
    use serde_json::json;

    fn text(outbox: &mut Outbox) -> String {
        match outbox.next() {
            Some(Outgoing::Text(text)) => text,
            other => panic!("no text but {other:?}"),
        }
    }

    #[test]
    fn a_page_that_does_not_answer_gets_the_latest_when_it_does() {
        let mut outbox = Outbox::default();
        outbox.connect();
        assert!(text(&mut outbox).contains("welcome"));
        let mut got = 0;
        for index in 0..1000 {
            outbox.publish("n", json!(index).into()).unwrap();
            got += u32::from(outbox.next().is_some());
        }
        assert_eq!(got, u32::try_from(WINDOW_MESSAGES).unwrap());
        assert_eq!(outbox.depth(), 1);
        outbox.acknowledge(1);
        assert_eq!(text(&mut outbox), r#"{"t":"pub","topic":"n","data":999}"#);
        outbox.acknowledge(usize::MAX);
        assert_eq!(outbox.next(), None);
    }

    #[test]
    fn a_new_document_gets_the_latest_of_every_topic_and_all_parameters_but_no_old_events() {
        let mut outbox = Outbox::default();
        outbox.publish("a", json!(1).into()).unwrap();
        outbox.publish("b", vec![7].into()).unwrap();
        outbox.send("event", json!(1).into()).unwrap();
        outbox.set_param("speed", 2.0.into()).unwrap();
        for _ in 0..2 {
            outbox.connect();
            let welcome = text(&mut outbox);
            assert!(welcome.contains(r#""params":{"speed":2.0}"#), "{welcome}");
            let rest: Vec<_> = std::iter::from_fn(|| outbox.next()).collect();
            assert!(rest.contains(&Outgoing::Binary(wire::encode_binary("b", &[7]))));
            outbox.send("event", json!(2).into()).unwrap();
            outbox.disconnect();
        }
        outbox.connect();
        assert_eq!(std::iter::from_fn(|| outbox.next()).count(), 3);
    }

    #[test]
    fn the_page_is_told_of_a_parameter_only_when_it_thinks_otherwise() {
        let mut outbox = Outbox::default();
        outbox.set_param("speed", 3.0.into()).unwrap();
        outbox.connect();
        outbox.next();
        outbox.note_param("speed", &5.0.into());
        outbox.set_param("speed", 5.0.into()).unwrap();
        assert_eq!(outbox.next(), None, "the engine took the page's value");
        outbox.note_param("speed", &9.0.into());
        outbox.set_param("speed", 5.0.into()).unwrap();
        assert_eq!(text(&mut outbox), r#"{"t":"params","values":{"speed":5.0}}"#, "the engine clamped the page's value");
        outbox.note_param("speed", &true.into());
        outbox.set_param("speed", 1.0.into()).unwrap();
        assert_eq!(outbox.next(), None, "a flag stays a flag");
        outbox.set_param("speed", 0.0.into()).unwrap();
        assert_eq!(text(&mut outbox), r#"{"t":"params","values":{"speed":0.0}}"#);
        outbox.note_param("invented", &1.0.into());
        assert_eq!(outbox.params.len(), 1);
    }

    #[test]
    fn everything_is_bounded() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.publish("big", vec![0; MAX_MESSAGE_BYTES].into()).unwrap_err().code(), "MESSAGE_TOO_LARGE");
        assert_eq!(outbox.publish("", json!(0).into()).unwrap_err().code(), "TOPIC_INVALID");
        for index in 0..RETAINED_TOPICS {
            outbox.publish(&index.to_string(), json!(0).into()).unwrap();
        }
        assert_eq!(outbox.publish("more", json!(0).into()).unwrap_err().code(), "QUEUE_FULL");
        outbox.publish("0", json!(1).into()).unwrap();
        for _ in 0..OUTBOX_EVENTS {
            outbox.send("e", json!(0).into()).unwrap();
        }
        assert_eq!(outbox.send("e", json!(0).into()).unwrap_err().code(), "QUEUE_FULL");
        for _ in 0..1000 {
            outbox.control("x".into());
        }
        assert_eq!(outbox.control.len(), CONTROL_MESSAGES);
    }

    #[test]
    fn retained_bytes_are_bounded_and_a_replacement_gives_its_bytes_back() {
        let mut outbox = Outbox::default();
        let big = MAX_MESSAGE_BYTES - 64;
        for round in 0..3 {
            for topic in ["a", "b", "c", "d"] {
                outbox.publish(topic, vec![round; big].into()).unwrap();
            }
        }
        assert_eq!(outbox.publish("e", vec![0; big].into()).unwrap_err().code(), "QUEUE_FULL");
        outbox.publish("a", json!(0).into()).unwrap();
        outbox.publish("e", vec![0; big].into()).unwrap();
    }
}
