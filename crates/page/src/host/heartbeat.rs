//! Whether the page's script is alive.
//!
//! A script that loops for ever cannot be interrupted, but it blocks nobody except itself. The engine only has to know.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use servo::{JavaScriptEvaluationError, WebView};

use crate::event::PageEvent;
use crate::limits::{HEARTBEAT_INTERVAL, UNRESPONSIVE_AFTER};

/// Long enough to be never: the answer wakes the thread.
const NEVER: Duration = Duration::from_secs(3600);

/// Asks the page's script for a sign of life.
pub(super) struct Heartbeat {
    next: Instant,
    asked: Option<Instant>,
    answer: Rc<Cell<Option<Answer>>>,
    silent: bool,
    /// Nothing has been heard since the silence was told, or since the page was begun anew.
    is_missed: bool,
}

/// Who has answered.
#[derive(Clone, Copy)]
enum Answer {
    /// The page's script, or that it has no document yet.
    Script,
    /// Servo, for a page that has no script yet.
    Servo,
}

impl Heartbeat {
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now + HEARTBEAT_INTERVAL, asked: None, answer: Rc::default(), silent: false, is_missed: false }
    }

    /// Asks another page, whose first answer is news.
    pub(super) fn begin_anew(&mut self, now: Instant) {
        // An answer of the one before is no longer waited for.
        *self = Self { is_missed: true, ..Self::new(now) };
    }

    /// Whether the page owes an answer for longer than it may.
    pub(super) fn is_silent(&self) -> bool {
        self.silent
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&self) -> Instant {
        match self.asked {
            None => self.next,
            Some(asked) if self.silent => asked + NEVER,
            Some(asked) => asked + UNRESPONSIVE_AFTER,
        }
    }

    /// Asks, hears the answer, or notices that there is none; gives what is to be told of that.
    pub(super) fn tick(&mut self, now: Instant, webview: &WebView) -> Option<PageEvent> {
        let event = self.advance(now);
        if self.asked.is_none() && now >= self.next {
            self.asked = Some(now);
            let answer = Rc::clone(&self.answer);
            webview.evaluate_javascript("0", move |result| {
                let by_servo = matches!(result, Err(JavaScriptEvaluationError::InternalError));
                answer.set(Some(if by_servo { Answer::Servo } else { Answer::Script }));
            });
        }
        event
    }

    fn advance(&mut self, now: Instant) -> Option<PageEvent> {
        let asked = self.asked?;
        if let Some(answer) = self.answer.take() {
            self.asked = None;
            self.next = now + HEARTBEAT_INTERVAL;
            if let Answer::Servo = answer {
                return None;
            }
            self.silent = false;
            return std::mem::take(&mut self.is_missed).then_some(PageEvent::Responsive);
        }
        if !self.silent && now.duration_since(asked) >= UNRESPONSIVE_AFTER {
            (self.silent, self.is_missed) = (true, true);
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
        heartbeat.answer.set(Some(Answer::Script));
        assert_eq!(heartbeat.advance(late), Some(PageEvent::Responsive));
        assert_eq!(heartbeat.deadline(), late + HEARTBEAT_INTERVAL);
        heartbeat.asked = Some(late);
        heartbeat.answer.set(Some(Answer::Script));
        assert_eq!(heartbeat.advance(late), None, "a healthy page says nothing");
    }

    #[test]
    fn a_page_that_is_begun_anew_is_heard_anew() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start);
        heartbeat.asked = Some(start);
        assert_eq!(heartbeat.advance(start + UNRESPONSIVE_AFTER), Some(PageEvent::Unresponsive));
        let of_the_old = Rc::clone(&heartbeat.answer);
        heartbeat.begin_anew(start);
        assert!(!heartbeat.is_silent());
        heartbeat.asked = Some(start);
        of_the_old.set(Some(Answer::Script));
        assert_eq!(heartbeat.advance(start), None, "the old one does not speak for it");
        heartbeat.answer.set(Some(Answer::Servo));
        assert_eq!(heartbeat.advance(start), None, "nor does Servo");
        assert_eq!(heartbeat.asked, None, "it is asked again");
        heartbeat.asked = Some(start);
        assert_eq!(heartbeat.advance(start + UNRESPONSIVE_AFTER), Some(PageEvent::Unresponsive), "its silence is told");
        heartbeat.begin_anew(start);
        heartbeat.asked = Some(start);
        heartbeat.answer.set(Some(Answer::Script));
        assert_eq!(heartbeat.advance(start), Some(PageEvent::Responsive));
    }
}
