//! What clients ask for, on its way to the engine and back.

use tokio::{
    sync::{mpsc, mpsc::error::TrySendError, oneshot},
    time::timeout,
};

use super::Hub;
use crate::{
    error::AskError,
    limits,
    protocol::{Ask, Problem},
};

/// The engine's end: the asks of all clients, oldest first.
#[derive(Debug)]
pub struct Asks(mpsc::Receiver<PendingAsk>);

/// An ask that waits for the engine. Dropped without an answer, it is answered with a problem.
#[derive(Debug)]
pub struct PendingAsk {
    /// What is asked for.
    pub ask: Ask,
    reply: oneshot::Sender<Result<(), Problem>>,
}

impl PendingAsk {
    /// Says what became of it.
    pub fn answer(self, outcome: Result<(), Problem>) {
        // A client that has left needs no answer.
        let _ = self.reply.send(outcome);
    }
}

impl Asks {
    pub(super) fn new(waiting: mpsc::Receiver<PendingAsk>) -> Self {
        Self(waiting)
    }

    /// The next ask, if one waits. Asks whose client has left, or has been told that they took too long, are passed over.
    pub fn next_waiting(&mut self) -> Option<PendingAsk> {
        while let Ok(pending) = self.0.try_recv() {
            if !pending.reply.is_closed() {
                return Some(pending);
            }
        }
        None
    }
}

impl Hub {
    /// Has `wake` called whenever an ask comes in, on the thread of who asks. What is set first stays.
    pub fn on_ask(&self, wake: impl Fn() + Send + Sync + 'static) {
        let _ = self.0.on_ask.set(Box::new(wake));
    }

    /// Asks the engine, and waits for its answer.
    ///
    /// # Errors
    /// When a name in it is too long, too many asks wait, the engine does not answer in time or no longer runs, or says no.
    pub async fn ask(&self, ask: Ask) -> Result<(), AskError> {
        // Here and not at an edge, since there are several: what the engine is given, it may repeat in answers and in its log.
        let bytes = ask.longest_text();
        if bytes > limits::ASK_TEXT_BYTES {
            return Err(AskError::TooLong { bytes });
        }
        let (reply, answer) = oneshot::channel();
        self.0.asks.try_send(PendingAsk { ask, reply }).map_err(|error| match error {
            TrySendError::Full(_) => AskError::Busy,
            TrySendError::Closed(_) => AskError::RunOver,
        })?;
        if let Some(wake) = self.0.on_ask.get() {
            wake();
        }
        match timeout(limits::ASK_TIMEOUT, answer).await {
            Ok(Ok(outcome)) => outcome.map_err(AskError::Refused),
            Ok(Err(_)) => Err(AskError::RunOver),
            Err(_) => Err(AskError::Unanswered),
        }
    }
}
