//! The triple buffer: a writer and a reader that never wait for each other, over three slots and one word.
//!
//! The word says who owns which slot, so whoever follows a killed writer or reader goes on from it:
//!
//! ```text
//! bits  0..2   slot of the writer, 1 to 3          bit  7  always set
//! bits  8..10  slot of the reader, 1 to 3          bit 15  fresh: the slot in the middle is newer than the reader's
//! bits 16..64  generation of the content last published
//! ```
//!
//! The slots are numbered so that all three XOR to nothing: the middle one is `reader ^ writer`. To publish is to swap the writer's slot with the middle one,
//! `writer ^= reader`; to acquire is `reader ^= writer`, which, with bit 7 over bit 15, clears the fresh bit as well. Each is one atomic exchange of the word. The
//! writer's fails at most once (the reader takes at most once what was published once); the reader's fails only when something newer came.

pub(crate) use crate::limits::SLOTS;
use crate::primitives::{AtomicU64, Ordering, fence};
use crate::protocol::event::Event;

const SLOT_MASK: u64 = 3;
const READER_SHIFT: u32 = 8;
const ALWAYS: u64 = 1 << 7;
const FRESH: u64 = 1 << 15;
const GENERATION_SHIFT: u32 = 16;
const GENERATION_ONE: u64 = 1 << GENERATION_SHIFT;
/// Writer 1, middle 2, reader 3, nothing published.
const START: u64 = ALWAYS | 1 | 3 << READER_SHIFT;
/// How often the reader tries before it keeps what it has. Only a peer that scribbles over the word without end gets it that far.
const ACQUIRE_ATTEMPTS: u32 = 1 << 12;

/// What the word says at one instant. Slots are 1 to 3; a spoiled word may say 0, which their users must bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State(u64);

impl State {
    #[inline(always)]
    pub(crate) fn writer(self) -> usize {
        (self.0 & SLOT_MASK) as usize
    }

    #[inline(always)]
    pub(crate) fn reader(self) -> usize {
        (self.0 >> READER_SHIFT & SLOT_MASK) as usize
    }

    #[inline(always)]
    pub(crate) fn middle(self) -> usize {
        self.writer() ^ self.reader()
    }

    #[inline(always)]
    pub(crate) fn fresh(self) -> bool {
        self.0 & FRESH != 0
    }

    #[inline(always)]
    pub(crate) fn generation(self) -> u64 {
        self.0 >> GENERATION_SHIFT
    }

    /// Slot of the content last published.
    #[inline(always)]
    pub(crate) fn latest(self) -> usize {
        if self.fresh() { self.middle() } else { self.reader() }
    }

    /// The same with no generation: what a reader knows that has not acquired anything.
    #[cfg(not(wasm_engine_loom))]
    pub(crate) fn without_generation(self) -> Self {
        State(self.0 & 0xffff)
    }

    /// Whether it is a state that the protocol can reach.
    fn is_whole(self) -> bool {
        let (writer, reader) = (self.writer(), self.reader());
        let rest = self.0 & 0xffff & !(SLOT_MASK | SLOT_MASK << READER_SHIFT | FRESH);
        rest == ALWAYS && writer != 0 && reader != 0 && writer != reader && (self.generation() != 0 || !self.fresh())
    }

    #[inline(always)]
    fn published(self) -> Self {
        // The reader's byte brings the fresh bit along, over the bit that is always set; both are set after that anyway. A sum that runs over the top
        // starts the generations again; at a million a second that is after nine years.
        State(((self.0 ^ (self.0 >> READER_SHIFT & 0xff)) | ALWAYS | FRESH).wrapping_add(GENERATION_ONE))
    }

    /// Swaps the reader's slot with the middle one and turns the fresh bit over: acquires, or takes that back.
    #[inline(always)]
    fn exchanged(self) -> Self {
        State(self.0 ^ (self.0 & 0xff) << READER_SHIFT)
    }
}

/// What an observer got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Observation {
    /// The content of this generation, whole.
    Of(u64),
    /// Nothing was published yet.
    Nothing,
    /// A mixture, to be thrown away.
    Overtaken,
}

/// The word, on a line that neither slots nor claims share.
#[repr(C)]
pub(crate) struct Control {
    word: AtomicU64,
    /// Where a reader sleeps. It lies beside the word, which the writer has in hand anyway when it notifies.
    pub(crate) event: Event,
}

impl Control {
    #[cfg(any(wasm_engine_loom, test))]
    pub(crate) fn new() -> Self {
        Control { word: AtomicU64::new(START), event: Event::new() }
    }

    /// Puts a new buffer into its first state.
    #[cfg(not(wasm_engine_loom))]
    pub(crate) fn reset(&self) {
        self.word.store(START, Ordering::Release);
    }

    #[inline(always)]
    pub(crate) fn state(&self) -> State {
        // Acquire: pairs with the exchanges below, so that whoever sees a generation also sees the content of its slot.
        State(self.word.load(Ordering::Acquire))
    }

    /// What a new writer does first. Brings a word that the protocol cannot have reached back into shape.
    pub(crate) fn join_writing(&self) -> State {
        self.change(|state| (!state.is_whole()).then_some(State(state.0 & !0xffff | START)))
    }

    /// What a new reader does first: it gives back what its predecessor took, so that the newest content is fresh to it too.
    pub(crate) fn join_reading(&self) -> State {
        self.join_writing();
        self.change(|state| (!state.fresh() && state.generation() != 0).then(|| state.exchanged()))
    }

    /// Applies `next` until it has nothing to change; returns the state then.
    fn change(&self, next: impl Fn(State) -> Option<State>) -> State {
        let mut seen = self.state();
        while let Some(wanted) = next(seen) {
            match self.word.compare_exchange(seen.0, wanted.0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return wanted,
                Err(now) => seen = State(now),
            }
        }
        seen
    }

    /// Hands the writer's slot over. The state returned has the writer's next slot and the generation of what was handed over.
    #[inline(always)]
    pub(crate) fn publish(&self) -> State {
        let seen = self.word.load(Ordering::Relaxed);
        let next = State(seen).published();
        // Release: what the writer stored into its slot is seen by who acquires it. Acquire: the reader has finished with the slot that comes
        // back before the writer stores into it.
        let next = match self.word.compare_exchange_weak(seen, next.0, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => next,
            Err(now) => self.publish_again(State(now)),
        };
        // For observers, which copy without owning: whoever sees what the writer stores from here on also sees this exchange.
        fence(Ordering::Release);
        next
    }

    /// The reader acquired while publishing.
    #[cold]
    fn publish_again(&self, mut seen: State) -> State {
        loop {
            let next = seen.published();
            match self.word.compare_exchange(seen.0, next.0, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return next,
                Err(now) => seen = State(now),
            }
        }
    }

    /// Takes the newest content, if the reader has not had it yet. The state returned has the reader's new slot and the generation of what is in it.
    #[inline(always)]
    pub(crate) fn acquire(&self) -> Option<State> {
        let seen = State(self.word.load(Ordering::Relaxed));
        if !seen.fresh() {
            return None;
        }
        let next = seen.exchanged();
        // Both orders for the reasons of `publish`, with the sides exchanged.
        match self.word.compare_exchange_weak(seen.0, next.0, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => Some(next),
            Err(now) => self.acquire_newer(State(now)),
        }
    }

    /// Something newer came while acquiring, so that is taken.
    #[cold]
    fn acquire_newer(&self, mut seen: State) -> Option<State> {
        for _ in 0..ACQUIRE_ATTEMPTS {
            let next = seen.exchanged();
            match self.word.compare_exchange(seen.0, next.0, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Some(next),
                Err(now) => seen = State(now),
            }
        }
        None
    }

    /// Lets `copy` read the slot last published without owning it. Returns the generation if the writer has certainly not touched the slot meanwhile.
    pub(crate) fn observe(&self, copy: impl FnOnce(usize)) -> Observation {
        let before = self.state();
        if before.generation() == 0 {
            return Observation::Nothing;
        }
        copy(before.latest());
        // Pairs with the fence in `publish`: what was copied is older than what is loaded next.
        fence(Ordering::Acquire);
        let after = self.state();
        // The writer gets the slot by a publish after the one we saw, and only for the first of those can the state tell us that it did not.
        match after.generation().wrapping_sub(before.generation()) {
            0 => Observation::Of(before.generation()),
            1 if after.writer() != before.latest() => Observation::Of(before.generation()),
            _ => Observation::Overtaken,
        }
    }
}

#[cfg(all(test, not(wasm_engine_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_state_stays_a_permutation() {
        let control = Control::new();
        for step in 0..1000_u32 {
            let before = control.state();
            if step.wrapping_mul(2_654_435_761) >> 16 & 1 == 0 {
                let after = control.publish();
                assert_eq!((after.writer(), after.middle(), after.reader()), (before.middle(), before.writer(), before.reader()));
                assert_eq!((after.generation(), after.fresh()), (before.generation() + 1, true));
                assert_eq!(after.latest(), before.writer());
            } else if let Some(after) = control.acquire() {
                assert_eq!((after.writer(), after.middle(), after.reader()), (before.writer(), before.reader(), before.middle()));
                assert_eq!((after.generation(), after.fresh()), (before.generation(), false));
                assert_eq!(after.latest(), before.latest());
            } else {
                assert!(!before.fresh());
            }
            assert!(control.state().is_whole());
        }
    }

    #[test]
    fn a_second_reader_finds_what_the_first_took() {
        let control = Control::new();
        assert_eq!(control.join_reading(), State(START));
        control.publish();
        let first = control.acquire().expect("published");
        assert_eq!(control.acquire(), None);
        control.join_reading();
        let second = control.acquire().expect("given back");
        assert_eq!(first, second);
    }

    #[test]
    fn a_spoiled_word_is_repaired_and_keeps_its_generation() {
        for spoiled in [0, u64::MAX >> 1, 7 << GENERATION_SHIFT | 0x0181, 9 << GENERATION_SHIFT | FRESH | 0x0305, FRESH | START] {
            let control = Control { word: AtomicU64::new(spoiled), event: Event::new() };
            let state = control.join_writing();
            assert!(state.is_whole());
            assert_eq!(state.generation(), State(spoiled).generation());
            assert!(control.publish().is_whole() && control.acquire().is_some());
        }
    }
}
