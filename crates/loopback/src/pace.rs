//! How fast a client is listened to.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Slows the reading of a client that sends more than it may: what is beyond waits in its socket.
#[derive(Debug)]
pub struct Pace {
    window: Instant,
    count: u32,
    per_second: u32,
}

impl Pace {
    /// So many messages a second.
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        Self { window: Instant::now(), count: 0, per_second }
    }

    /// A message has come. Returns when the next one may be read.
    pub async fn step(&mut self) {
        self.count += 1;
        if self.count < self.per_second {
            return;
        }
        sleep_until(self.window + Duration::from_secs(1)).await;
        *self = Self::new(self.per_second);
    }
}
