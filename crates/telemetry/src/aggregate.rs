//! What the drain fills: histograms, deadlines, and the newest frames, spans and samples for the exports.

use std::collections::VecDeque;

use crate::counters::{Counter, Counters};
use crate::report::{Deadlines, FrameCounts};
use crate::series::Series;
use crate::spans::Span;
use crate::stage::{FrameRecord, Interval, Stage};
use crate::tokens::{Peek, TokenRing};

/// Frames of the window in which the worst share of missed deadlines is looked for. Chrome counts in the same window.
const WINDOW: u64 = 64;

/// Frame intervals from which a rate is told: the mean of fewer says little.
const RATE_INTERVALS: u64 = 10;

/// The newest items, a bounded number of them.
pub(crate) struct Kept<T> {
    items: VecDeque<T>,
    limit: usize,
    /// Items that made room for newer ones.
    pub(crate) evicted: u64,
}

impl<T> Kept<T> {
    fn new(limit: usize) -> Self {
        Kept { items: VecDeque::with_capacity(limit), limit, evicted: 0 }
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.items.len() >= self.limit {
            self.evicted += 1;
            if self.items.pop_front().is_none() {
                return;
            }
        }
        self.items.push_back(item);
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter()
    }

    fn clear(&mut self) {
        self.items.clear();
        self.evicted = 0;
    }
}

/// A gauge or counter at one moment, for the trace.
pub(crate) struct Sample {
    pub(crate) at: u64,
    pub(crate) name: &'static str,
    pub(crate) value: f64,
}

/// Missed deadlines as they are counted.
#[derive(Default)]
struct Tally {
    frames: u64,
    missed: u64,
    run: u64,
    longest_run: u64,
    /// One bit per frame of the newest window.
    window: u64,
    worst_window: u32,
}

impl Tally {
    fn record(&mut self, missed: bool) {
        self.frames += 1;
        self.missed += u64::from(missed);
        self.run = if missed { self.run + 1 } else { 0 };
        self.longest_run = self.longest_run.max(self.run);
        self.window = self.window << 1 | u64::from(missed);
        self.worst_window = self.worst_window.max(self.window.count_ones());
    }
}

/// Everything that lies behind the drain's lock.
pub(crate) struct Aggregate {
    pub(crate) intervals: [Series; Interval::COUNT],
    pub(crate) frame_interval: Series,
    pub(crate) frames: Kept<FrameRecord>,
    pub(crate) spans: Kept<Span>,
    pub(crate) samples: Kept<Sample>,
    /// When measuring began.
    pub(crate) since: u64,
    counts: FrameCounts,
    /// Tokens taken; goes on when the rest is forgotten.
    taken_count: u64,
    tally: Tally,
    /// Late frames before measuring began.
    missed_before: u64,
    last_glass: Option<u64>,
    /// The oldest token that may still finish.
    cursor: u64,
    /// The token that was next at the last drain.
    seen: u64,
    /// By record of the ring: the last token taken from it.
    taken: Box<[u64]>,
}

impl Aggregate {
    pub(crate) fn new(ring: &TokenRing, kept_frames: usize, kept_spans: usize, kept_samples: usize, now: u64) -> Self {
        Aggregate {
            intervals: std::array::from_fn(|_| Series::new()),
            frame_interval: Series::new(),
            frames: Kept::new(kept_frames),
            spans: Kept::new(kept_spans),
            samples: Kept::new(kept_samples),
            since: now,
            counts: FrameCounts::default(),
            taken_count: 0,
            tally: Tally::default(),
            missed_before: 0,
            last_glass: None,
            cursor: 1,
            seen: 1,
            taken: vec![0; ring.capacity() as usize].into(),
        }
    }

    /// Takes every finished token. Tokens may finish in any order; open ones wait for a later drain.
    pub(crate) fn drain_tokens(&mut self, ring: &TokenRing, counters: &Counters, budget: u64) {
        let next = ring.next();
        let oldest_alive = next.saturating_sub(ring.capacity());
        let place = |number: u64| (number % ring.capacity()) as usize;
        // Tokens below have been overrun. Those given since the last drain are lost for certain; of those before, all within one lap of the ring,
        // the record remembers whether they were taken.
        let known = oldest_alive.min(self.seen);
        let mut lost = (self.cursor..known).filter(|number| self.taken[place(*number)] != *number).count() as u64;
        lost += oldest_alive.saturating_sub(self.seen);
        self.cursor = self.cursor.max(oldest_alive);
        self.seen = next;

        for number in self.cursor..next {
            if self.taken[place(number)] == number {
                continue;
            }
            match ring.peek(number) {
                Peek::Open => continue,
                Peek::Lost => lost += 1,
                Peek::Done(record) => self.take(record, counters, budget),
            }
            self.taken[place(number)] = number;
        }
        while self.cursor < next && self.taken[place(self.cursor)] == self.cursor {
            self.cursor += 1;
        }
        if lost > 0 {
            counters.add(Counter::TokensLost, lost);
        }
    }

    fn take(&mut self, record: FrameRecord, counters: &Counters, budget: u64) {
        self.counts.finished += 1;
        self.taken_count += 1;
        for interval in Interval::ALL {
            if let Some(nanos) = record.interval(interval) {
                self.intervals[interval as usize].record(nanos);
            }
        }
        if let Some(glass) = record.glass() {
            self.counts.on_glass += 1;
            self.counts.presented += u64::from(record.stamp(Stage::Presented).is_some());
            match self.last_glass {
                Some(last) if glass < last => {}
                Some(last) if !record.after_idle => self.frame_interval.record(glass - last),
                _ => {}
            }
            self.last_glass = self.last_glass.max(Some(glass));
        } else if record.unchanged {
            self.counts.unchanged += 1;
        } else {
            self.counts.undrawn += 1;
        }
        if let Some(total) = record.total() {
            let missed = total > budget;
            self.tally.record(missed);
            counters.add(Counter::MissedDeadlines, u64::from(missed));
        }
        self.frames.push(record);
    }

    /// The newest kept frames that were taken after the first `seen`, in the order in which they were taken. Moves `seen` on to all there are.
    pub(crate) fn taken_since(&self, seen: &mut u64, limit: usize) -> impl Iterator<Item = &FrameRecord> {
        let fresh = self.taken_count.saturating_sub(std::mem::replace(seen, self.taken_count));
        let kept = self.frames.items.len();
        self.frames.items.range(kept - kept.min(limit).min(usize::try_from(fresh).unwrap_or(limit))..)
    }

    pub(crate) fn counts(&self) -> FrameCounts {
        let intervals = self.frame_interval.stats();
        let is_known = intervals.count >= RATE_INTERVALS && intervals.mean_us > 0.0;
        FrameCounts { per_second: if is_known { 1e6 / intervals.mean_us } else { 0.0 }, ..self.counts }
    }

    pub(crate) fn deadlines(&self, budget: u64) -> Deadlines {
        let Tally { frames, missed, longest_run, worst_window, .. } = self.tally;
        Deadlines {
            budget_us: budget as f64 / 1e3,
            frames,
            missed,
            missed_before: self.missed_before,
            missed_percent: if frames > 0 { missed as f64 * 100.0 / frames as f64 } else { 0.0 },
            longest_run,
            worst_window: u64::from(worst_window),
            window: WINDOW,
        }
    }

    /// Forgets what was measured; open tokens stay.
    pub(crate) fn clear(&mut self, now: u64) {
        self.intervals.iter_mut().for_each(Series::clear);
        self.frame_interval.clear();
        self.frames.clear();
        self.spans.clear();
        self.samples.clear();
        self.since = now;
        self.counts = FrameCounts { before: self.counts.before + self.counts.on_glass, ..FrameCounts::default() };
        self.missed_before += self.tally.missed;
        self.tally = Tally::default();
        self.last_glass = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Token;

    fn finish(ring: &TokenRing, token: Token, from: u64, to: u64) {
        assert!(ring.stamp(token, Stage::Queued, from) && ring.stamp(token, Stage::Presented, to) && ring.mark_done(token));
    }

    #[test]
    fn tokens_that_finish_out_of_order_are_each_taken_once() {
        let (ring, counters) = (TokenRing::new(16), Counters::new());
        let mut aggregate = Aggregate::new(&ring, 8, 8, 8, 0);
        let (slow, fast) = (ring.claim(), ring.claim());
        finish(&ring, fast, 0, 10);
        aggregate.drain_tokens(&ring, &counters, 100);
        aggregate.drain_tokens(&ring, &counters, 100);
        assert_eq!(aggregate.counts().finished, 1);
        finish(&ring, slow, 0, 30);
        aggregate.drain_tokens(&ring, &counters, 100);
        assert_eq!((aggregate.counts().finished, aggregate.cursor), (2, 3));
        assert_eq!(counters.value(Counter::TokensLost), 0);
    }

    #[test]
    fn every_token_is_taken_or_counted_as_lost() {
        let (ring, counters) = (TokenRing::new(16), Counters::new());
        let mut aggregate = Aggregate::new(&ring, 1_000, 8, 8, 0);
        let mut given = 0;
        // Bursts of every length up to five laps, every third token left open.
        for burst in [1, 3, 16, 2, 40, 15, 17, 80, 16, 16, 1] {
            for _ in 0..burst {
                let token = ring.claim();
                given = token.0;
                if token.0 % 3 != 0 {
                    finish(&ring, token, 0, 1);
                }
            }
            aggregate.drain_tokens(&ring, &counters, 100);
        }
        let open = (aggregate.cursor..=given).filter(|number| aggregate.taken[(*number % 16) as usize] != *number).count() as u64;
        assert_eq!(aggregate.counts().finished + counters.value(Counter::TokensLost) + open, given);
        assert!(aggregate.frames.iter().all(|record| record.token.0 % 3 != 0));
    }

    #[test]
    fn deadlines_know_runs_and_windows() {
        let mut tally = Tally::default();
        let pattern = [1, 1, 1, 0, 1, 0].into_iter().chain(std::iter::repeat_n(0, 100)).chain([1, 1]);
        pattern.for_each(|missed| tally.record(missed == 1));
        assert_eq!((tally.frames, tally.missed, tally.longest_run, tally.worst_window), (108, 6, 3, 4));
    }

    #[test]
    fn the_newest_are_kept_and_a_limit_of_zero_keeps_nothing() {
        let mut kept = Kept::new(2);
        (0..5).for_each(|item| kept.push(item));
        assert_eq!((kept.iter().copied().collect::<Vec<_>>(), kept.evicted), (vec![3, 4], 3));
        let mut none = Kept::new(0);
        none.push(1);
        assert_eq!((none.iter().count(), none.evicted), (0, 1));
    }

    #[test]
    fn an_idle_gap_is_no_frame_interval() {
        let (ring, counters) = (TokenRing::new(16), Counters::new());
        let mut aggregate = Aggregate::new(&ring, 8, 8, 8, 0);
        for (to, idle) in [(100, false), (200, false), (9_000_000, true), (9_000_150, false)] {
            let token = ring.claim();
            if idle {
                assert!(ring.mark_after_idle(token));
            }
            finish(&ring, token, to - 50, to);
        }
        aggregate.drain_tokens(&ring, &counters, 40);
        assert_eq!((aggregate.frame_interval.count(), aggregate.frame_interval.sum_nanos()), (2, 250));
        let deadlines = aggregate.deadlines(40);
        assert_eq!((deadlines.missed, deadlines.frames, deadlines.missed_percent), (4, 4, 100.0));
        assert_eq!(counters.value(Counter::MissedDeadlines), 4);
    }
}
