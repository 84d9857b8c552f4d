//! Tokens, the stages they pass, and the intervals between stages.

use serde::Serialize;

/// The id that follows one tick or frame through all stages. Numbers rise by one and are never given twice.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Token(pub u64);

impl Token {
    /// No token: stamping it does nothing. For work that nobody asked to follow.
    pub const NONE: Token = Token(0);
}

/// A point that a token passes on its way from a guest to the glass.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(usize)]
pub enum Stage {
    /// The tick began, or the page began to paint a frame that no tick caused. A tick that begins later than it was due is queued later.
    Queued,
    /// The first kernel began.
    ComputeStart,
    /// The last kernel had published.
    ComputeEnd,
    /// The page began to lay out and paint the frame.
    PageStart,
    /// The page's frame was handed over.
    PageEnd,
    /// The compositor had recorded and submitted the frame.
    Composed,
    /// The frame was given to the display.
    Presented,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Stage; 7] =
        [Stage::Queued, Stage::ComputeStart, Stage::ComputeEnd, Stage::PageStart, Stage::PageEnd, Stage::Composed, Stage::Presented];

    /// Number of stages.
    pub const COUNT: usize = Self::ALL.len();

    /// The stage's name as reports and traces spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Queued => "queued",
            Stage::ComputeStart => "compute_start",
            Stage::ComputeEnd => "compute_end",
            Stage::PageStart => "page_start",
            Stage::PageEnd => "page_end",
            Stage::Composed => "composed",
            Stage::Presented => "presented",
        }
    }
}

/// A span of time between two stages of the same token.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(usize)]
pub enum Interval {
    /// Queued → compute start: what comes before the kernels of a tick, such as a restart of them.
    Wait,
    /// Compute start → compute end: kernels at work.
    Compute,
    /// Page start → page end: Servo at work.
    Page,
    /// Compute end → composed: until the compositor has taken and drawn the result.
    Compose,
    /// Composed → presented: until the display has it.
    Present,
    /// Queued → composed.
    TotalComposed,
    /// Queued → presented.
    TotalPresented,
}

impl Interval {
    /// All intervals, in the order of reports.
    pub const ALL: [Interval; 7] = [
        Interval::Wait,
        Interval::Compute,
        Interval::Page,
        Interval::Compose,
        Interval::Present,
        Interval::TotalComposed,
        Interval::TotalPresented,
    ];

    /// Number of intervals.
    pub const COUNT: usize = Self::ALL.len();

    /// The parts that follow one another, without the totals.
    pub(crate) const PARTS: [Interval; 5] = [Interval::Wait, Interval::Compute, Interval::Page, Interval::Compose, Interval::Present];

    /// The interval's name as reports and traces spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Interval::Wait => "wait",
            Interval::Compute => "compute",
            Interval::Page => "page",
            Interval::Compose => "compose",
            Interval::Present => "present",
            Interval::TotalComposed => "total_composed",
            Interval::TotalPresented => "total_presented",
        }
    }

    /// The stages it lies between.
    #[must_use]
    pub const fn ends(self) -> (Stage, Stage) {
        match self {
            Interval::Wait => (Stage::Queued, Stage::ComputeStart),
            Interval::Compute => (Stage::ComputeStart, Stage::ComputeEnd),
            Interval::Page => (Stage::PageStart, Stage::PageEnd),
            Interval::Compose => (Stage::ComputeEnd, Stage::Composed),
            Interval::Present => (Stage::Composed, Stage::Presented),
            Interval::TotalComposed => (Stage::Queued, Stage::Composed),
            Interval::TotalPresented => (Stage::Queued, Stage::Presented),
        }
    }
}

/// Stands for "never stamped" in a record.
const UNSTAMPED: u64 = u64::MAX;

/// The finished way of one token.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct FrameRecord {
    /// Whose way it was.
    pub token: Token,
    /// The frame came after a time in which there was nothing to draw, so its distance from the frame before says nothing about the pace.
    pub after_idle: bool,
    /// Nothing had changed, so no frame was drawn for it.
    pub unchanged: bool,
    stamps: [u64; Stage::COUNT],
}

impl FrameRecord {
    pub(crate) fn new(token: Token, (after_idle, unchanged): (bool, bool), stamps: [Option<u64>; Stage::COUNT]) -> Self {
        FrameRecord { token, after_idle, unchanged, stamps: stamps.map(|stamp| stamp.unwrap_or(UNSTAMPED)) }
    }

    /// When the token passed `stage`, in nanoseconds of [`now_nanos`](crate::now_nanos); `None` if it never did.
    #[must_use]
    pub fn stamp(&self, stage: Stage) -> Option<u64> {
        Some(self.stamps[stage as usize]).filter(|nanos| *nanos != UNSTAMPED)
    }

    /// How long the interval took, in nanoseconds; `None` unless both ends were stamped, in order.
    #[must_use]
    pub fn interval(&self, interval: Interval) -> Option<u64> {
        let (from, to) = interval.ends();
        self.stamp(to)?.checked_sub(self.stamp(from)?)
    }

    /// When the frame reached the glass: presented, or composed where nothing is presented (headless).
    #[must_use]
    pub fn glass(&self) -> Option<u64> {
        self.stamp(Stage::Presented).or_else(|| self.stamp(Stage::Composed))
    }

    /// From queued to [`glass`](Self::glass), in nanoseconds.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.glass()?.checked_sub(self.stamp(Stage::Queued)?)
    }

    /// First and last stamp of the record.
    pub(crate) fn extent(&self) -> Option<(u64, u64)> {
        let stamped = || self.stamps.iter().copied().filter(|nanos| *nanos != UNSTAMPED);
        Some((stamped().min()?, stamped().max()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_and_intervals_are_listed_in_the_order_of_their_numbers() {
        for (number, stage) in Stage::ALL.into_iter().enumerate() {
            assert_eq!(stage as usize, number);
        }
        for (number, interval) in Interval::ALL.into_iter().enumerate() {
            assert_eq!(interval as usize, number);
            let (from, to) = interval.ends();
            assert!(from < to);
        }
    }

    #[test]
    fn an_interval_needs_both_ends_in_order() {
        let mut stamps = [None; Stage::COUNT];
        stamps[Stage::Queued as usize] = Some(100);
        stamps[Stage::ComputeStart as usize] = Some(90);
        stamps[Stage::Composed as usize] = Some(400);
        let record = FrameRecord::new(Token(1), (false, false), stamps);
        assert_eq!(record.interval(Interval::Wait), None, "the clock cannot run backwards");
        assert_eq!(record.interval(Interval::Compute), None);
        assert_eq!(record.interval(Interval::TotalComposed), Some(300));
        assert_eq!(record.total(), Some(300), "headless: composed is the glass");
        assert_eq!(record.extent(), Some((90, 400)));
    }
}
