//! When an animated page may paint its next frame.
//!
//! Servo asks to be told when a frame begins, and animates as fast as it is told. Its own timer runs at 120 frames per second,
//! which nobody may see; ours follows [`set_frame_rate`](crate::Page::set_frame_rate), and needs no thread.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use servo::RefreshDriver;

use crate::limits::DEFAULT_FRAME_RATE;

/// Tells Servo when frames begin.
pub(super) struct Pacer {
    waiting: RefCell<Vec<Box<dyn Fn() + Send>>>,
    period: Cell<Duration>,
    last: Cell<Option<Instant>>,
    due: Cell<Option<Instant>>,
}

impl Pacer {
    pub(super) fn new() -> Self {
        let pacer = Self { waiting: RefCell::default(), period: Cell::new(Duration::ZERO), last: Cell::new(None), due: Cell::new(None) };
        pacer.set_rate(DEFAULT_FRAME_RATE);
        pacer
    }

    /// The next frames begin this often per second.
    pub(super) fn set_rate(&self, rate: f32) {
        self.period.set(Duration::from_secs_f32(1.0 / rate));
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.get()
    }

    /// Tells Servo that a frame begins, if one is due.
    pub(super) fn tick(&self, now: Instant) {
        let Some(due) = self.due.get().filter(|due| *due <= now) else { return };
        self.due.set(None);
        // Frames keep their rhythm if this one is a little late, and begin a new one if it is very late.
        self.last.set(Some(if now - due < self.period.get() { due } else { now }));
        for callback in self.waiting.take() {
            callback();
        }
    }

    fn observe(&self, callback: Box<dyn Fn() + Send>, now: Instant) {
        self.waiting.borrow_mut().push(callback);
        if self.due.get().is_none() {
            let next = self.last.get().map_or(now, |last| last + self.period.get());
            self.due.set(Some(next.max(now)));
        }
    }
}

impl RefreshDriver for Pacer {
    fn observe_next_frame(&self, callback: Box<dyn Fn() + Send + 'static>) {
        self.observe(callback, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn frames_keep_their_rhythm() {
        let pacer = Pacer::new();
        pacer.set_rate(100.0);
        let told = Arc::new(AtomicU32::new(0));
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let observe = |now| {
            let told = Arc::clone(&told);
            pacer.observe(
                Box::new(move || {
                    told.fetch_add(1, Ordering::Relaxed);
                }),
                now,
            );
        };
        assert_eq!(pacer.deadline(), None, "an idle page needs no timer");
        observe(at(0));
        assert_eq!(pacer.deadline(), Some(at(0)), "the first frame begins at once");
        pacer.tick(at(0));
        observe(at(1));
        observe(at(2));
        assert_eq!(pacer.deadline(), Some(at(10)));
        pacer.tick(at(9));
        assert_eq!(told.load(Ordering::Relaxed), 1);
        pacer.tick(at(13));
        assert_eq!(told.load(Ordering::Relaxed), 3, "everybody who asked is told");
        observe(at(14));
        assert_eq!(pacer.deadline(), Some(at(20)), "a little late is made good");
        pacer.tick(at(500));
        observe(at(501));
        assert_eq!(pacer.deadline(), Some(at(510)), "very late is not");
    }
}
