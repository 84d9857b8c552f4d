//! The triple buffer: a writer and a reader that never wait for each other, over three slots and one word.
//!
//! The word holds a whole permutation of the slots, so it alone says who owns what, and whoever follows a killed writer or reader goes on from it:
//!
//! ```text
//! bits  0..8   slot of the writer        (0, 1 or 2)
//! bits  8..16  slot in the middle        (0, 1 or 2); the reader's is the one left over
//! bit   16     fresh: the middle is newer than the reader's slot
//! bits 17..64  generation of the content last published
//! ```
//!
//! Publishing swaps the writer's slot with the middle one, acquiring swaps the middle one with the reader's; each is one atomic exchange of the word. The writer's
//! exchange fails at most once (the reader takes at most once what was published once); the reader's fails only when something newer came.

use crate::primitives::{AtomicU64, Ordering, fence};

/// Slots of a buffer.
pub(crate) const SLOTS: usize = 3;
const FRESH: u64 = 1 << 16;
const GENERATION_SHIFT: u32 = 17;
const GENERATION_ONE: u64 = 1 << GENERATION_SHIFT;
/// The state in which a buffer starts: writer 0, middle 1, reader 2, nothing published.
const START: u64 = 1 << 8;
/// How often the reader tries before it keeps what it has. Only a peer that scribbles over the word without end gets it that far.
const ACQUIRE_ATTEMPTS: u32 = 1 << 12;

/// What the word says at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State(u64);

impl State {
    /// Slot of the writer. Two bits: a spoiled word may say 3, which users of slots must bear.
    #[inline(always)]
    pub(crate) fn write(self) -> usize {
        (self.0 & 3) as usize
    }

    #[inline(always)]
    pub(crate) fn middle(self) -> usize {
        (self.0 >> 8 & 3) as usize
    }

    #[inline(always)]
    pub(crate) fn front(self) -> usize {
        (3 ^ self.write() ^ self.middle()) & 3
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
    pub(crate) fn latest(self) -> usize {
        if self.fresh() { self.middle() } else { self.front() }
    }

    /// Whether the three slots are a permutation, which every honest word is.
    pub(crate) fn is_whole(self) -> bool {
        let (write, middle) = (self.0 & 0xff, self.0 >> 8 & 0xff);
        write < SLOTS as u64 && middle < SLOTS as u64 && write != middle
    }

    #[inline(always)]
    fn published(self) -> Self {
        let swapped = u64::from((self.0 as u16).swap_bytes());
        // An addition that runs over the top starts the generations again; at a million a second that is after four years.
        State((self.0 & !0xffff | swapped | FRESH).wrapping_add(GENERATION_ONE))
    }

    /// Only for a fresh state. The reader's slot is `3 ^ write ^ middle`, so putting it in the middle is one XOR with `3 ^ write`.
    #[inline(always)]
    fn acquired(self) -> Self {
        State(self.0 ^ ((self.0 & 0xff) << 8) ^ (FRESH | 3 << 8))
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

/// The word, on a line of its own: neither slots nor claims share it.
#[repr(C)]
pub(crate) struct Control {
    word: AtomicU64,
}

impl Control {
    #[cfg(wasm_engine_loom)]
    pub(crate) fn new() -> Self {
        Control { word: AtomicU64::new(START) }
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

    /// Brings a word that is no permutation back into shape and returns the state. Called by who claims a side, before it touches a slot.
    pub(crate) fn repair(&self) -> State {
        let mut state = self.state();
        while !state.is_whole() {
            let next = State(state.0 & !(0xffff | FRESH) | START);
            match self.word.compare_exchange(state.0, next.0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return next,
                Err(seen) => state = State(seen),
            }
        }
        state
    }

    /// Hands the writer's slot over. Returns the state after it: its `write` is the writer's next slot, its `generation` that of the content handed over.
    #[inline(always)]
    pub(crate) fn publish(&self) -> State {
        let mut seen = self.word.load(Ordering::Relaxed);
        loop {
            let next = State(seen).published();
            // Release: what the writer stored into its slot is seen by who acquires it. Acquire: the reader has finished with the slot that
            // comes back before the writer stores into it.
            match self.word.compare_exchange_weak(seen, next.0, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => {
                    // For observers, which copy without owning: whoever sees what the writer stores from here on also sees this exchange.
                    fence(Ordering::Release);
                    return next;
                }
                Err(now) => seen = now,
            }
        }
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
        // The writer gets the slot by a publish after the one we saw, and only for the first of those can its `write` tell us that it did not.
        match after.generation().wrapping_sub(before.generation()) {
            0 => Observation::Of(before.generation()),
            1 if after.write() != before.latest() => Observation::Of(before.generation()),
            _ => Observation::Overtaken,
        }
    }

    /// Takes the newest content when it is newer than `generation`. The state returned has the reader's slot as its `front`.
    #[inline(always)]
    pub(crate) fn acquire(&self, generation: u64) -> Option<State> {
        // Acquire: a reader that follows another finds the newest content already in front, and goes no further than this load.
        let mut seen = State(self.word.load(Ordering::Acquire));
        if seen.generation() == generation {
            return None;
        }
        let mut attempts = ACQUIRE_ATTEMPTS;
        while seen.fresh() {
            let next = seen.acquired();
            // Both orders for the reasons of `publish`, with the sides exchanged.
            match self.word.compare_exchange_weak(seen.0, next.0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(next),
                Err(now) => seen = State(now),
            }
            attempts -= 1;
            if attempts == 0 {
                return None;
            }
        }
        Some(seen)
    }
}

#[cfg(all(test, not(wasm_engine_loom)))]
mod tests {
    use super::*;

    fn control() -> Control {
        Control { word: AtomicU64::new(START) }
    }

    #[test]
    fn every_state_stays_a_permutation() {
        let control = control();
        let mut generation = 0;
        for step in 0..1000_u32 {
            let before = control.state();
            if step.wrapping_mul(2_654_435_761) >> 16 & 1 == 0 {
                let after = control.publish();
                assert_eq!((after.write(), after.middle(), after.front()), (before.middle(), before.write(), before.front()));
                assert_eq!(after.generation(), before.generation() + 1);
                assert!(after.fresh());
            } else if let Some(after) = control.acquire(generation) {
                assert_eq!((after.write(), after.middle(), after.front()), (before.write(), before.front(), before.middle()));
                assert!(!after.fresh());
                generation = after.generation();
            } else {
                assert!(!before.fresh());
            }
            assert!(control.state().is_whole());
        }
    }

    #[test]
    fn a_second_reader_finds_what_the_first_took() {
        let control = control();
        control.publish();
        let first = control.acquire(0).expect("published");
        let second = control.acquire(0).expect("the newest content is already in front");
        assert_eq!(first, second);
    }

    #[test]
    fn a_spoiled_word_is_repaired_and_keeps_its_generation() {
        for spoiled in [0, u64::MAX, 7 << GENERATION_SHIFT | 0x0202, 9 << GENERATION_SHIFT | FRESH | 0x0500] {
            let control = Control { word: AtomicU64::new(spoiled) };
            let state = control.repair();
            assert!(state.is_whole());
            assert_eq!(state.generation(), State(spoiled).generation());
            assert!(control.publish().is_whole());
        }
    }
}
