//! The ring of records that tokens stamp into.
//!
//! A token's number selects its record; one record is one cache line. The record's state word names the token it belongs to now, so a token that
//! was overrun (the ring went once around before it finished) finds another number there and is rejected. Each stamp also carries a tag of its
//! lap, so that a stamp which was stored just after its record changed hands is seen as not belonging to the new token.

use crate::primitives::{AtomicU64, Ordering};
use crate::stage::{FrameRecord, Stage, Token};

/// Low bits of the state word: flags.
const FLAG_BITS: u32 = 3;
/// The record is complete.
const DONE: u64 = 1;
/// Nothing was to be drawn before this frame.
const AFTER_IDLE: u64 = 2;
/// Nothing had changed, so no frame was drawn.
const UNCHANGED: u64 = 4;

/// Bits of a stamp that hold the time: 834 days of nanoseconds.
const TIME_BITS: u32 = 56;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;
/// Tags run from 1 to this; 0 means never stamped.
const TAGS: u64 = 255;

/// State and seven stamps: exactly one cache line, so that two tokens never share one.
#[repr(align(64))]
#[derive(Default)]
struct Record {
    /// Token number and flags.
    state: AtomicU64,
    stamps: [AtomicU64; Stage::COUNT],
}

/// What the drain finds at a token's place.
pub(crate) enum Peek {
    /// The token is still on its way.
    Open,
    /// The token finished.
    Done(FrameRecord),
    /// A later token has taken the place.
    Lost,
}

/// Fixed ring of records.
pub(crate) struct TokenRing {
    records: Box<[Record]>,
    /// Number of the next token. Zero is [`Token::NONE`].
    next: AtomicU64,
}

impl TokenRing {
    /// `capacity` is rounded up to a power of two.
    pub(crate) fn new(capacity: usize) -> Self {
        TokenRing { records: (0..capacity.next_power_of_two()).map(|_| Record::default()).collect(), next: AtomicU64::new(1) }
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.records.len() as u64
    }

    /// Number of the token that will be given next.
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    #[inline]
    fn record(&self, number: u64) -> &Record {
        &self.records[(number & (self.records.len() as u64 - 1)) as usize]
    }

    #[inline]
    fn tag(&self, number: u64) -> u64 {
        let lap = number >> self.records.len().trailing_zeros();
        (lap % TAGS + 1) << TIME_BITS
    }

    /// Gives the next token and takes its record from whoever held it.
    pub(crate) fn claim(&self) -> Token {
        let number = self.next.fetch_add(1, Ordering::AcqRel);
        // The maximum, so that a claimer which slept for a whole lap cannot take the record back from a later token.
        self.record(number).state.fetch_max(number << FLAG_BITS, Ordering::AcqRel);
        Token(number)
    }

    /// Stamps; `false` when the token was overrun or never given. A stage stamped twice keeps the later stamp.
    #[inline]
    pub(crate) fn stamp(&self, token: Token, stage: Stage, nanos: u64) -> bool {
        let record = self.record(token.0);
        if record.state.load(Ordering::Relaxed) >> FLAG_BITS != token.0 {
            return false;
        }
        record.stamps[stage as usize].store(self.tag(token.0) | (nanos & TIME_MASK), Ordering::Relaxed);
        true
    }

    pub(crate) fn mark_done(&self, token: Token) -> bool {
        self.mark(token, DONE)
    }

    pub(crate) fn mark_after_idle(&self, token: Token) -> bool {
        self.mark(token, AFTER_IDLE)
    }

    pub(crate) fn mark_unchanged(&self, token: Token) -> bool {
        self.mark(token, UNCHANGED)
    }

    fn mark(&self, token: Token, flag: u64) -> bool {
        let ours = |state: u64| (state >> FLAG_BITS == token.0).then_some(state | flag);
        // Release: whoever sees the mark sees the stamps that this thread stored or knew of.
        self.record(token.0).state.fetch_update(Ordering::AcqRel, Ordering::Relaxed, ours).is_ok()
    }

    /// Looks at the record of token `number`, which must have been given.
    pub(crate) fn peek(&self, number: u64) -> Peek {
        let record = self.record(number);
        let state = record.state.load(Ordering::Acquire);
        let holder = state >> FLAG_BITS;
        if holder > number {
            return Peek::Lost;
        }
        if holder < number || state & DONE == 0 {
            return Peek::Open;
        }
        let tag = self.tag(number);
        let stamps = std::array::from_fn(|stage| {
            let word = record.stamps[stage].load(Ordering::Relaxed);
            (word & !TIME_MASK == tag).then_some(word & TIME_MASK)
        });
        Peek::Done(FrameRecord::new(Token(number), (state & AFTER_IDLE != 0, state & UNCHANGED != 0), stamps))
    }
}

#[cfg(all(test, not(wasm_engine_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_cache_line() {
        assert_eq!((size_of::<Record>(), align_of::<Record>()), (64, 64));
    }

    #[test]
    fn stamps_come_back_and_an_open_record_is_left_alone() {
        let ring = TokenRing::new(16);
        let token = ring.claim();
        assert!(ring.stamp(token, Stage::Queued, 7));
        assert!(matches!(ring.peek(token.0), Peek::Open));
        assert!(ring.mark_after_idle(token) && ring.mark_done(token));
        let Peek::Done(record) = ring.peek(token.0) else { panic!("the record is complete") };
        assert_eq!((record.stamp(Stage::Queued), record.stamp(Stage::Composed)), (Some(7), None));
        assert!(record.after_idle && !record.unchanged);
        let still = ring.claim();
        assert!(ring.mark_unchanged(still) && ring.mark_done(still));
        let Peek::Done(record) = ring.peek(still.0) else { panic!("the record is complete") };
        assert!(record.unchanged && !record.after_idle);
    }

    #[test]
    fn an_overrun_token_is_rejected_and_leaves_no_trace() {
        let ring = TokenRing::new(16);
        let old = ring.claim();
        assert!(ring.stamp(old, Stage::Queued, 1));
        assert!(ring.stamp(old, Stage::Composed, 2));
        let newer: Vec<_> = (0..16).map(|_| ring.claim()).collect();
        let heir = newer[15];
        assert_eq!(heir.0 % 16, old.0 % 16);
        assert!(!ring.stamp(old, Stage::Presented, 3));
        assert!(!ring.mark_done(old) && !ring.mark_after_idle(old) && !ring.mark_unchanged(old));
        assert!(matches!(ring.peek(old.0), Peek::Lost));
        assert!(ring.stamp(heir, Stage::Queued, 4) && ring.mark_done(heir));
        let Peek::Done(record) = ring.peek(heir.0) else { panic!("the record is complete") };
        assert_eq!(record.stamp(Stage::Queued), Some(4));
        assert_eq!(record.stamp(Stage::Composed), None, "the stamp of the lap before does not show");
    }

    #[test]
    fn a_token_that_was_never_given_is_rejected() {
        let ring = TokenRing::new(16);
        assert!(!ring.stamp(Token(5), Stage::Queued, 1));
        assert!(!ring.stamp(Token(u64::MAX), Stage::Queued, 1));
        assert!(!ring.mark_done(Token(u64::MAX)));
    }
}
