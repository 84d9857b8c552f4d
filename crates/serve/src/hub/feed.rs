//! Feeding a client in this process, which takes what it is sent through something that never is full: it has to say what it has taken.

use tokio::sync::watch;
use tokio::time::sleep;

use super::Hub;
use crate::limits;
use crate::protocol::{FromEngine, Rights};

/// What one client has taken of what it was sent. Clones are of the same client.
#[derive(Clone, Debug, Default)]
pub struct Receipts(watch::Sender<Taken>);

#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    messages: u64,
    is_gone: bool,
}

impl Receipts {
    /// The client has taken so many messages since its hello.
    pub fn took(&self, messages: u64) {
        self.0.send_modify(|taken| taken.messages = taken.messages.max(messages));
    }

    /// The client has gone, and is fed no more.
    pub fn end(&self) {
        self.0.send_modify(|taken| taken.is_gone = true);
    }

    async fn reach(&self, messages: u64) {
        self.wait(|taken| taken.messages >= messages).await;
    }

    async fn ended(&self) {
        self.wait(|taken| taken.is_gone).await;
    }

    async fn wait(&self, is_so: impl FnMut(&Taken) -> bool) {
        // The sender, which this holds, is there: an error cannot be.
        let _ = self.0.subscribe().wait_for(is_so).await;
    }
}

impl Hub {
    /// Tells one client everything and then every change, until `send` or `receipts` says that it has gone. The next change is sent when the client has taken all that
    /// came before, so one that takes its time misses changes in between, never the latest state, and one that hangs is sent nothing more.
    pub async fn feed(&self, may: Rights, receipts: &Receipts, mut send: impl FnMut(FromEngine) -> bool) {
        let changes = async {
            let mut follower = self.follow();
            let mut stays = send(self.hello(may)) && send(FromEngine::Snapshot { state: follower.snapshot() });
            let mut sent = 2;
            while stays {
                receipts.reach(sent).await;
                follower.changed().await;
                if let Some(change) = follower.change() {
                    stays = send(FromEngine::Change { change });
                    sent += 1;
                }
                // After what was sent, so that what comes after a silence is sent at once.
                sleep(limits::CHANGE_INTERVAL).await;
            }
        };
        tokio::select! {
            biased;
            () = receipts.ended() => {}
            () = changes => {}
        }
    }
}
