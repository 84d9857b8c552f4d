//! Whether the page's script is alive.
//!
//! A script that loops for ever cannot be interrupted, but it blocks nobody except itself. The engine only has to know.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use servo::WebView;

use crate::event::PageEvent;
use crate::limits::{HEARTBEAT_INTERVAL, UNRESPONSIVE_AFTER};
use crate::page::Shared;

/// Long enough to be never: the answer wakes the thread.
const NEVER: Duration = Duration::from_secs(3600);

/// Asks the page's script for a sign of life.
pub(super) struct Heartbeat {
    next: Instant,
    asked: Option<Instant>,
    answered: Rc<Cell<bool>>,
    silent: bool,
}

impl Heartbeat {
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now + HEARTBEAT_INTERVAL, asked: None, answered: Rc::default(), silent: false }
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&self) -> Instant {
        match self.asked {
            None => self.next,
            Some(asked) if self.silent => asked + NEVER,
            Some(asked) => asked + UNRESPONSIVE_AFTER,
        }
    }

    /// Asks, hears the answer, or notices that there is none.
    pub(super) fn tick(&mut self, now: Instant, webview: &WebView, shared: &Shared) {
        if let Some(event) = self.advance(now) {
            shared.tell(event);
        }
        if self.asked.is_none() && now >= self.next {
            self.asked = Some(now);
            let answered = Rc::clone(&self.answered);
            // Any answer is a sign of life, also that the document is just being replaced.
            webview.evaluate_javascript("0", move |_| answered.set(true));
        }
    }

    fn advance(&mut self, now: Instant) -> Option<PageEvent> {
        let asked = self.asked?;
        if self.answered.take() {
            self.asked = None;
            self.next = now + HEARTBEAT_INTERVAL;
            return std::mem::take(&mut self.silent).then_some(PageEvent::Responsive);
        }
        if !self.silent && now.duration_since(asked) >= UNRESPONSIVE_AFTER {
            self.silent = true;
            return Some(PageEvent::Unresponsive);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_once_and_so_is_its_end() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start);
        assert_eq!(heartbeat.deadline(), start + HEARTBEAT_INTERVAL);
        heartbeat.asked = Some(start);
        let late = start + UNRESPONSIVE_AFTER;
        assert_eq!(heartbeat.deadline(), late);
        assert_eq!(heartbeat.advance(late - Duration::from_millis(1)), None);
        assert_eq!(heartbeat.advance(late), Some(PageEvent::Unresponsive));
        assert_eq!(heartbeat.advance(late), None);
        assert!(heartbeat.deadline() > late + UNRESPONSIVE_AFTER, "nothing to wait for but the answer");
        heartbeat.answered.set(true);
        assert_eq!(heartbeat.advance(late), Some(PageEvent::Responsive));
        assert_eq!(heartbeat.deadline(), late + HEARTBEAT_INTERVAL);
        heartbeat.asked = Some(late);
        heartbeat.answered.set(true);
        assert_eq!(heartbeat.advance(late), None, "a healthy page says nothing");
    }
}
