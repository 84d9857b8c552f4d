//! The deterministic clock: ticks have numbers, and their time is `number / rate`, whatever the wall clock does.

use std::time::{Duration, Instant};

use crate::limits;

/// When ticks are due, and what time they are told.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    rate: f64,
    start: Instant,
    /// Due times are counted from this tick; it moves on when the run has fallen too far behind, so that a pause is not caught up with.
    origin: u64,
}

/// A run that is this many ticks late gives the time up instead of catching up.
const CATCH_UP: u64 = 4;

impl Clock {
    pub(crate) fn new(rate: f64) -> Self {
        Self { rate, start: Instant::now(), origin: 0 }
    }

    /// Tick 0 is due now.
    pub(crate) fn restart(&mut self) {
        *self = Self::new(self.rate);
    }

    /// Virtual seconds of a tick.
    pub(crate) fn time(&self, tick: u64) -> f64 {
        tick as f64 / self.rate
    }

    /// Virtual seconds between two ticks.
    pub(crate) fn dt(&self) -> f64 {
        1.0 / self.rate
    }

    /// How long what is drawn beside the ticks waits for the frame of the next one, nanoseconds: two ticks, and nothing where that would be seen.
    pub(crate) fn patience(&self) -> u64 {
        let ticks = Duration::from_secs_f64(2.0 / self.rate);
        if ticks <= limits::PANEL_PATIENCE { ticks.as_nanos() as u64 } else { 0 }
    }

    /// When this tick is due on the wall clock. Being late by more than [`CATCH_UP`] ticks moves the schedule.
    pub(crate) fn due(&mut self, tick: u64, now: Instant) -> Instant {
        let offset = |ticks: u64| Duration::from_secs_f64(ticks as f64 / self.rate);
        let due = self.start + offset(tick - self.origin);
        if now > due + offset(CATCH_UP) {
            self.start = now;
            self.origin = tick;
            return now;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_time_depends_on_the_number_alone() {
        let clock = Clock::new(120.0);
        assert_eq!(clock.time(240), 2.0);
        assert_eq!(clock.dt(), 1.0 / 120.0);
    }

    #[test]
    fn a_late_run_moves_its_schedule_instead_of_catching_up() {
        let mut clock = Clock::new(100.0);
        let start = clock.start;
        assert_eq!(clock.due(3, start), start + Duration::from_millis(30));
        let late = start + Duration::from_secs(5);
        assert_eq!(clock.due(4, late), late);
        assert_eq!(clock.due(5, late), late + Duration::from_millis(10));
    }
}
