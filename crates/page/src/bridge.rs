//! The talk between engine and page: bounded queues with the engine's end ([`Bridge`]) and the server's end ([`BridgePort`]).
//!
//! | what | way | when its queue is full |
//! |---|---|---|
//! | event (`engine.emit`) | to the engine | refuse the newest, tell the page |
//! | parameter, layout | to the engine | never: the latest replaces the one that waits |
//! | topic ([`Bridge::publish`]) | to the page | the latest replaces the one that waits |
//! | event ([`Bridge::send`]) | to the page | refuse the newest, tell the caller |
//! | parameter ([`Bridge::set_param`]) | to the page | never: the latest replaces the one that waits |
//!
//! The engine's end never waits: it locks for the time of a queue operation and does no input or output.

pub mod limits;

mod inbox;
mod layout;
mod message;
mod outbox;
pub(crate) mod wire;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::sync::Notify;

pub use layout::{LayoutReport, SurfaceGeometry};
pub use message::{PageMessage, ParamValue, Payload};

pub(crate) use outbox::Outgoing;

use inbox::Inbox;
use outbox::Outbox;
use wire::{Incoming, WireError};

/// Called, from the server's thread, whenever something waits for the engine.
pub type WakeFn = Arc<dyn Fn() + Send + Sync>;

/// Why something could not be said to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The topic is empty, too long or has control characters.
    #[error("a topic must have 1 to {} bytes and no control characters", limits::MAX_TOPIC_BYTES)]
    Topic,
    /// The parameter's name or value is not allowed.
    #[error(
        "a parameter must have a name of 1 to {} bytes and a finite number, a flag or a short text as its value",
        limits::MAX_PARAM_NAME_BYTES
    )]
    Param,
    /// The message is larger than the page would take.
    #[error("a message of {bytes} bytes is too large: at most {} as JSON, {} as bytes", limits::MAX_TEXT_BYTES, limits::MAX_MESSAGE_BYTES)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The queue has no room.
    #[error("the page does not read fast enough and the queue is full")]
    Full,
}

impl PublishError {
    /// Stable name of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Topic => "TOPIC_INVALID",
            Self::Param => "PARAM_INVALID",
            Self::TooLarge { .. } => "MESSAGE_TOO_LARGE",
            Self::Full => "QUEUE_FULL",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Topic => "name topics like `stats` or `agents/moved`".to_owned(),
            Self::Param => "use the name that the manifest gives".to_owned(),
            Self::TooLarge { .. } => "put large data into an exchange buffer and show it as a surface".to_owned(),
            Self::Full => "publish states with `publish`, which keeps the latest, and send fewer events".to_owned(),
        })
    }
}

/// Counts of the talk so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct BridgeStats {
    /// Messages taken from the page.
    pub received: u64,
    /// Parameters and layouts that a newer one replaced before the engine saw them.
    pub inbox_coalesced: u64,
    /// Events of the page that found no room.
    pub inbox_refused: u64,
    /// Messages that wait for the engine.
    pub inbox_depth: usize,
    /// Messages handed to the socket.
    pub sent: u64,
    /// Topics whose value a newer one replaced before the page got it.
    pub outbox_coalesced: u64,
    /// Messages to the page that found no room.
    pub outbox_refused: u64,
    /// Messages that wait for the page.
    pub outbox_depth: usize,
    /// Messages of the page that broke the protocol.
    pub malformed: u64,
    /// Documents that connected.
    pub connections: u64,
}

/// The document that talks now.
struct Link {
    id: u64,
    notify: Arc<Notify>,
}

/// What the page is sent, and who it is. One lock: who is connected decides what is sent.
#[derive(Default)]
struct Out {
    outbox: Outbox,
    link: Option<Link>,
    pings: Option<(u32, Instant)>,
    ping_id: u32,
    connections: u64,
}

#[derive(Default)]
struct Shared {
    inbox: Mutex<Inbox>,
    out: Mutex<Out>,
    wake: Mutex<Option<WakeFn>>,
    layouts: AtomicU64,
    malformed: AtomicU64,
}

impl Shared {
    /// A queue is whole at every point at which a thread could have died while holding its lock.
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_engine(&self) {
        let wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(wake) = wake {
            wake();
        }
    }
}

/// The engine's end. Cheap to clone; every method returns at once.
#[derive(Clone)]
pub struct Bridge {
    shared: Arc<Shared>,
}

impl fmt::Debug for Bridge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bridge").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Bridge {
    /// Both ends.
    #[must_use]
    pub fn pair() -> (Self, BridgePort) {
        let shared = Arc::new(Shared::default());
        (Self { shared: shared.clone() }, BridgePort { shared })
    }

    /// Has `wake` called whenever something came from the page, so that an idle engine can sleep. It runs on the server's thread
    /// and must not block.
    pub fn on_message(&self, wake: WakeFn) {
        *self.shared.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(wake);
    }

    /// The next message of the page, if one waits. The engine drains it at the beginning of a tick.
    #[must_use]
    pub fn recv(&self) -> Option<PageMessage> {
        self.shared.inbox().pop()
    }

    /// Gives the page the latest value of a topic. A page that is slow, or not there yet, gets only the latest of each topic; a
    /// page that is loaded again gets it again.
    ///
    /// # Errors
    /// When the topic is not allowed, or the value too large, or too much is kept already.
    pub fn publish(&self, topic: &str, payload: impl Into<Payload>) -> Result<(), PublishError> {
        self.with_outbox(|outbox| outbox.publish(topic, payload.into()))
    }

    /// Sends the page an event. Events arrive each, and in order; those the page did not get before it went away are dropped.
    ///
    /// # Errors
    /// When the topic is not allowed, or the event too large, or the queue full.
    pub fn send(&self, topic: &str, payload: impl Into<Payload>) -> Result<(), PublishError> {
        self.with_outbox(|outbox| outbox.send(topic, payload.into()))
    }

    /// Says what a parameter is. The page is told when it thinks otherwise; `engine.param(name)` and bound elements follow.
    ///
    /// # Errors
    /// When the name or the value is not allowed, or there are too many parameters.
    pub fn set_param(&self, name: &str, value: impl Into<ParamValue>) -> Result<(), PublishError> {
        self.with_outbox(|outbox| outbox.set_param(name, value.into()))
    }

    /// Asks the page's script for a sign of life; [`PageMessage::Pong`] is the answer. Returns false when no page is connected
    /// or when a ping is out already.
    #[must_use]
    pub fn ping(&self) -> bool {
        let mut out = self.shared.out();
        if out.link.is_none() || out.pings.is_some() {
            return false;
        }
        out.ping_id = out.ping_id.wrapping_add(1);
        out.pings = Some((out.ping_id, Instant::now()));
        let ping = wire::encode_ping(out.ping_id);
        out.outbox.control(ping);
        notify(&out);
        true
    }

    /// Whether a document is connected.
    #[must_use]
    pub fn connected(&self) -> bool {
        self.shared.out().link.is_some()
    }

    /// The counts so far.
    #[must_use]
    pub fn stats(&self) -> BridgeStats {
        let mut stats = BridgeStats { malformed: self.shared.malformed.load(Ordering::Relaxed), ..BridgeStats::default() };
        {
            let inbox = self.shared.inbox();
            stats.received = inbox.received;
            stats.inbox_coalesced = inbox.coalesced;
            stats.inbox_refused = inbox.refused;
            stats.inbox_depth = inbox.depth();
        }
        let out = self.shared.out();
        stats.sent = out.outbox.sent;
        stats.outbox_coalesced = out.outbox.coalesced;
        stats.outbox_refused = out.outbox.refused;
        stats.outbox_depth = out.outbox.depth();
        stats.connections = out.connections;
        stats
    }

    fn with_outbox(&self, work: impl FnOnce(&mut Outbox) -> Result<(), PublishError>) -> Result<(), PublishError> {
        let mut out = self.shared.out();
        let result = work(&mut out.outbox);
        if result.is_ok() {
            notify(&out);
        }
        result
    }
}

/// Lets the socket's task look. Without a task there is nothing to let know: a new document is given everything.
fn notify(out: &Out) {
    if let Some(link) = &out.link {
        link.notify.notify_one();
    }
}

/// The server's end. [`AppServer::start`](crate::server::AppServer::start) takes it.
pub struct BridgePort {
    shared: Arc<Shared>,
}

impl fmt::Debug for BridgePort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BridgePort").finish_non_exhaustive()
    }
}

/// What a socket is to do next.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// Send this.
    Send(Outgoing),
    /// Wait for the notification.
    Wait,
    /// Close: another document has taken the place.
    Replaced,
}

impl BridgePort {
    /// A document has said hello. It takes the place of the one before, which is closed. Returns its id and what tells its task
    /// to look.
    pub(crate) fn connect(&self, url: String) -> (u64, Arc<Notify>) {
        let notify = Arc::new(Notify::new());
        let id = {
            let mut out = self.shared.out();
            out.connections += 1;
            let id = out.connections;
            if let Some(older) = out.link.replace(Link { id, notify: notify.clone() }) {
                older.notify.notify_one();
                out.outbox.disconnect();
                self.shared.inbox().push_state(PageMessage::Disconnected);
            }
            out.pings = None;
            out.outbox.connect();
            self.shared.inbox().push_state(PageMessage::Connected { url });
            id
        };
        self.shared.wake_engine();
        (id, notify)
    }

    /// A socket is closed. Of one that was replaced already the engine has heard.
    pub(crate) fn disconnect(&self, id: u64) {
        {
            let mut out = self.shared.out();
            if out.link.as_ref().is_none_or(|link| link.id != id) {
                return;
            }
            out.link = None;
            out.pings = None;
            out.outbox.disconnect();
            self.shared.inbox().push_state(PageMessage::Disconnected);
        }
        self.shared.wake_engine();
    }

    /// What the socket is to do next.
    pub(crate) fn next(&self, id: u64) -> Next {
        let mut out = self.shared.out();
        if out.link.as_ref().is_none_or(|link| link.id != id) {
            return Next::Replaced;
        }
        out.outbox.next().map_or(Next::Wait, Next::Send)
    }

    /// A text frame of the page.
    pub(crate) fn receive_text(&self, id: u64, text: &str) {
        match wire::decode_text(text) {
            Ok(message) => self.receive(id, message),
            Err(error) => self.refuse(id, &error),
        }
    }

    /// A binary frame of the page.
    pub(crate) fn receive_binary(&self, id: u64, frame: &[u8]) {
        match wire::decode_binary(frame) {
            Ok((topic, bytes)) => self.receive_event(id, topic, Payload::Bytes(bytes)),
            Err(error) => self.refuse(id, &error),
        }
    }

    fn receive(&self, id: u64, message: Incoming) {
        match message {
            Incoming::Emit { topic, data } => self.receive_event(id, topic, Payload::Json(data)),
            Incoming::Param { name, value } => self.receive_param(id, name, value),
            Incoming::Layout(mut report) => {
                if self.is_current(id) {
                    report.sequence = self.shared.layouts.fetch_add(1, Ordering::Relaxed) + 1;
                    self.shared.inbox().push_layout(report);
                    self.shared.wake_engine();
                }
            }
            Incoming::Ack(count) => {
                let mut out = self.shared.out();
                if out.link.as_ref().is_some_and(|link| link.id == id) {
                    out.outbox.acknowledge(count);
                    notify(&out);
                }
            }
            Incoming::Pong(answer) => self.receive_pong(id, answer),
            // The first hello made the link; a second one says nothing new.
            Incoming::Hello { .. } => {}
        }
    }

    fn receive_event(&self, id: u64, topic: String, payload: Payload) {
        if !self.is_current(id) {
            return;
        }
        let taken = self.shared.inbox().push_event(PageMessage::Event { topic, payload });
        if taken {
            self.shared.wake_engine();
        } else {
            self.tell(id, "QUEUE_FULL", "the engine does not read fast enough: an event was dropped");
        }
    }

    fn receive_param(&self, id: u64, name: String, value: ParamValue) {
        {
            let mut out = self.shared.out();
            if out.link.as_ref().is_none_or(|link| link.id != id) {
                return;
            }
            out.outbox.note_param(&name, &value);
        }
        let taken = self.shared.inbox().push_param(name, value);
        if taken {
            self.shared.wake_engine();
        } else {
            self.tell(id, "QUEUE_FULL", "too many parameters wait for the engine");
        }
    }

    fn receive_pong(&self, id: u64, answer: u32) {
        {
            let mut out = self.shared.out();
            let current = out.link.as_ref().is_some_and(|link| link.id == id);
            let Some((_, since)) = out.pings.take_if(|(asked, _)| current && *asked == answer) else {
                return;
            };
            self.shared.inbox().push_state(PageMessage::Pong { round_trip: since.elapsed() });
        }
        self.shared.wake_engine();
    }

    /// Counts a message that broke the protocol and tells the page, where its author can read it.
    fn refuse(&self, id: u64, error: &WireError) {
        self.shared.malformed.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(code = error.code(), %error, "message of the page refused");
        self.tell(id, error.code(), &error.to_string());
    }

    fn tell(&self, id: u64, code: &str, message: &str) {
        let mut out = self.shared.out();
        if out.link.as_ref().is_some_and(|link| link.id == id) {
            out.outbox.control(wire::encode_error(code, message));
            notify(&out);
        }
    }

    fn is_current(&self, id: u64) -> bool {
        self.shared.out().link.as_ref().is_some_and(|link| link.id == id)
    }
}

#[cfg(test)]
mod tests;
