//! The protocols under loom, which tries every order in which two or three threads can meet, with every value that a load may see.
//!
//! `RUSTFLAGS="--cfg wasm_engine_loom" cargo test -p wasm-engine-exchange --lib`

use super::{
    event::Event,
    flag::Flag,
    ring::{self, Groups, Head, Tail},
    triple::{self, Observation, SLOTS},
};
use crate::primitives::{AtomicBool, AtomicU64, Ordering};
use loom::{cell::UnsafeCell, sync::Arc, thread};

/// Tries all meetings with at most `preemptions` switches that no thread asked for. Two find nearly all mistakes, and keep large models small.
fn bounded(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// A triple buffer whose slots hold the generation written into them.
struct Triple {
    control: triple::Control,
    slots: [UnsafeCell<u64>; SLOTS],
}

impl Triple {
    fn new() -> Arc<Self> {
        Arc::new(Triple { control: triple::Control::new(), slots: [0; SLOTS].map(UnsafeCell::new) })
    }

    fn write(&self, times: u64) {
        let mut slot = self.control.join_writing().writer();
        for _ in 0..times {
            let generation = self.control.state().generation() + 1;
            // SAFETY: the slot is the writer's; loom reports if anyone else has it.
            self.slots[slot - 1].with_mut(|place| unsafe { *place = generation });
            let state = self.control.publish();
            assert_eq!(state.generation(), generation);
            slot = state.writer();
        }
    }

    /// Acquires some times, starting as a reader does that has just claimed the side; returns the last generation seen.
    fn read(&self, times: u32) -> u64 {
        let mut seen = 0;
        self.control.join_reading();
        for _ in 0..times {
            if let Some(state) = self.control.acquire() {
                assert!(state.generation() > seen);
                seen = state.generation();
                // SAFETY: the slot is the reader's; loom reports if anyone else has it.
                self.slots[state.reader() - 1].with(|place| assert_eq!(unsafe { *place }, seen));
            }
        }
        seen
    }
}

#[test]
fn writer_and_reader_never_share_a_slot() {
    loom::model(|| {
        let triple = Triple::new();
        let writer = thread::spawn({
            let triple = Arc::clone(&triple);
            move || triple.write(3)
        });
        triple.read(2);
        writer.join().expect("the writer ends");
        assert_eq!(triple.read(1), 3, "what was published last arrives, at a new reader too");
    });
}

#[test]
fn sides_are_taken_over_while_the_other_goes_on() {
    loom::model(|| {
        let triple = Triple::new();
        let writers = thread::spawn({
            let triple = Arc::clone(&triple);
            // Two writers, one after the other; nothing passes between them but the word.
            move || {
                triple.write(1);
                triple.write(2);
            }
        });
        triple.read(1);
        triple.read(1);
        writers.join().expect("the writers end");
    });
}

#[test]
fn an_observer_accepts_nothing_torn() {
    loom::model(|| {
        // Observers race by design, so here a slot is two atomics, which must agree.
        let slots: Arc<[[AtomicU64; 2]; SLOTS]> = Arc::new(core::array::from_fn(|_| [AtomicU64::new(0), AtomicU64::new(0)]));
        let control = Arc::new(triple::Control::new());
        let writer = thread::spawn({
            let (slots, control) = (Arc::clone(&slots), Arc::clone(&control));
            move || {
                for generation in 1..=3 {
                    let slot = control.state().writer();
                    slots[slot - 1].iter().for_each(|word| word.store(generation, Ordering::Relaxed));
                    control.publish();
                }
            }
        });
        let mut copy = [0; 2];
        let seen = control.observe(|slot| copy = [slots[slot - 1][0].load(Ordering::Relaxed), slots[slot - 1][1].load(Ordering::Relaxed)]);
        if let Observation::Of(generation) = seen {
            assert_eq!(copy, [generation; 2]);
        }
        writer.join().expect("the writer ends");
    });
}

#[test]
fn an_observer_accepts_nothing_torn_with_a_reader_about() {
    loom::model(|| {
        let slots: Arc<[AtomicU64; SLOTS]> = Arc::new(core::array::from_fn(|_| AtomicU64::new(0)));
        let control = Arc::new(triple::Control::new());
        let writer = thread::spawn({
            let (slots, control) = (Arc::clone(&slots), Arc::clone(&control));
            move || {
                for generation in 1..=3 {
                    slots[control.state().writer() - 1].store(generation, Ordering::Relaxed);
                    control.publish();
                    if generation == 1 {
                        // The reader's part, at a moment when the observer may be anywhere.
                        control.acquire();
                    }
                }
            }
        });
        let mut copy = 0;
        if let Observation::Of(generation) = control.observe(|slot| copy = slots[slot - 1].load(Ordering::Relaxed)) {
            assert_eq!(copy, generation);
        }
        writer.join().expect("the writer ends");
    });
}

#[test]
fn a_flag_is_held_by_one() {
    loom::model(|| {
        let shared = Arc::new((Flag::new(), UnsafeCell::new(0)));
        let body = |shared: &(Flag, UnsafeCell<u32>)| {
            if shared.0.take() {
                // SAFETY: the flag is ours; loom reports if it is anyone else's too.
                shared.1.with_mut(|place| unsafe { *place += 1 });
                shared.0.give_back();
            }
        };
        let other = thread::spawn({
            let shared = Arc::clone(&shared);
            move || body(&shared)
        });
        body(&shared);
        other.join().expect("the other ends");
        assert!(shared.0.take());
    });
}

const GROUPS: usize = 2;

/// A group: its header and its items.
type Group<const PER_GROUP: usize> = (AtomicU64, [UnsafeCell<u64>; PER_GROUP]);

/// Groups that loom can watch.
#[derive(Clone)]
struct Watched<const PER_GROUP: usize>(Arc<[Group<PER_GROUP>; GROUPS]>);

impl<const PER_GROUP: usize> Watched<PER_GROUP> {
    fn new() -> Self {
        Watched(Arc::new(core::array::from_fn(|_| (AtomicU64::new(0), [0; PER_GROUP].map(UnsafeCell::new)))))
    }
}

impl<const PER_GROUP: usize> Groups<u64> for Watched<PER_GROUP> {
    type At = usize;
    const PER_GROUP: u64 = PER_GROUP as u64;

    fn len(&self) -> u64 {
        GROUPS as u64
    }

    fn at(&self, group: u64) -> usize {
        group as usize % GROUPS
    }

    fn header(&self, at: usize) -> &AtomicU64 {
        &self.0[at].0
    }

    unsafe fn write(&self, at: usize, index: u64, item: u64) {
        // SAFETY: the caller promises that the item is the sender's; loom reports if not.
        self.0[at].1[index as usize].with_mut(|place| unsafe { *place = item });
    }

    unsafe fn read(&self, at: usize, index: u64) -> u64 {
        // SAFETY: the caller promises that the item is the receiver's; loom reports if not.
        self.0[at].1[index as usize].with(|place| unsafe { *place })
    }

    unsafe fn write_many(&self, at: usize, index: u64, items: &[u64]) {
        for (item, index) in items.iter().zip(index..) {
            // SAFETY: promised for all of them.
            unsafe { self.write(at, index, *item) };
        }
    }

    unsafe fn read_many(&self, at: usize, index: u64, items: &mut [u64]) {
        for (item, index) in items.iter_mut().zip(index..) {
            // SAFETY: promised for all of them.
            *item = unsafe { self.read(at, index) };
        }
    }
}

struct Lane<const PER_GROUP: usize> {
    groups: Watched<PER_GROUP>,
    control: ring::Control,
    doorbell: Event,
}

impl<const PER_GROUP: usize> Lane<PER_GROUP> {
    fn new() -> Arc<Self> {
        Arc::new(Lane { groups: Watched::new(), control: ring::Control::new(), doorbell: Event::new() })
    }

    fn tail(&self) -> Tail<u64, Watched<PER_GROUP>> {
        Tail::resume(self.groups.clone(), &self.control)
    }

    fn head(&self) -> Head<u64, Watched<PER_GROUP>> {
        Head::resume(self.groups.clone(), &self.control, 2)
    }
}

/// More items than the ring has room for, so that both full and empty are met.
const ITEMS: u64 = 5;

#[test]
fn a_ring_hands_over_in_order() {
    bounded(4, || {
        let lane = Lane::<2>::new();
        let sender = thread::spawn({
            let lane = Arc::clone(&lane);
            move || {
                let mut tail = lane.tail();
                for item in 0..ITEMS {
                    while tail.push(&lane.control, item).is_err() {
                        thread::yield_now();
                    }
                }
            }
        });
        let mut head = lane.head();
        for expected in 0..ITEMS {
            loop {
                if let Some(item) = head.pop(&lane.control) {
                    assert_eq!(item, expected);
                    break;
                }
                thread::yield_now();
            }
        }
        sender.join().expect("the sender ends");
        assert_eq!(head.pop(&lane.control), None);
    });
}

#[test]
fn a_ring_hands_over_in_batches() {
    loom::model(|| {
        let lane = Lane::<2>::new();
        let sender = thread::spawn({
            let lane = Arc::clone(&lane);
            move || {
                let items: Vec<u64> = (0..ITEMS).collect();
                let (mut tail, mut sent) = (lane.tail(), 0);
                while sent < items.len() {
                    let now = tail.push_slice(&lane.control, &items[sent..]);
                    sent += now;
                    if now == 0 {
                        thread::yield_now();
                    }
                }
            }
        });
        let (mut head, mut seen) = (lane.head(), Vec::<u64>::new());
        while seen.len() < ITEMS as usize {
            let mut items = [0; 3];
            let now = head.pop_slice(&lane.control, &mut items);
            seen.extend(&items[..now]);
            if now == 0 {
                thread::yield_now();
            }
        }
        assert!(seen.into_iter().eq(0..ITEMS));
        sender.join().expect("the sender ends");
    });
}

#[test]
fn a_ring_is_taken_over_while_the_other_side_goes_on() {
    loom::model(|| {
        let lane = Lane::<2>::new();
        let senders = thread::spawn({
            let lane = Arc::clone(&lane);
            move || {
                // A new sender for every item; nothing passes between them but the shared words. The ring has room for all.
                for item in 0..3 {
                    assert_eq!(lane.tail().push(&lane.control, item), Ok(()));
                }
            }
        });
        let mut next = 0;
        for _ in 0..2 {
            // And a new receiver for every look.
            if let Some(item) = lane.head().pop(&lane.control) {
                assert_eq!(item, next);
                next += 1;
            }
        }
        senders.join().expect("the senders end");
        let mut head = lane.head();
        assert!((next..3).all(|item| head.pop(&lane.control) == Some(item)));
        assert_eq!(head.pop(&lane.control), None);
    });
}

#[test]
fn nobody_sleeps_through_an_item_or_through_space() {
    bounded(3, || {
        let lane = Lane::<1>::new();
        let sender = thread::spawn({
            let lane = Arc::clone(&lane);
            move || {
                let mut tail = lane.tail();
                for item in 0..3 {
                    if tail.push(&lane.control, item).is_err() {
                        let space = lane.control.space.sleep(false, || None, || tail.has_space(&lane.control).then_some(()));
                        assert!(space.is_some());
                        assert_eq!(tail.push(&lane.control, item), Ok(()));
                    }
                    lane.doorbell.notify();
                }
            }
        });
        let mut head = lane.head();
        for expected in 0..3 {
            assert_eq!(lane.doorbell.sleep(false, || None, || head.pop(&lane.control)), Some(expected));
        }
        sender.join().expect("the sender ends");
    });
}

#[test]
fn one_call_wakes_all_who_sleep() {
    bounded(2, || {
        let shared = Arc::new((Event::new(), AtomicBool::new(false)));
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.0.sleep(false, || None, || shared.1.load(Ordering::Acquire).then_some(())))
            })
            .collect();
        shared.1.store(true, Ordering::Release);
        shared.0.notify();
        for waiter in waiters {
            assert!(waiter.join().expect("waiters end").is_some());
        }
    });
}

#[test]
fn two_producers_share_a_doorbell() {
    /// Only the receiver takes, so it need not be one step.
    fn take(items: &[AtomicBool; 2]) -> Option<()> {
        let item = items.iter().find(|item| item.load(Ordering::Acquire))?;
        item.store(false, Ordering::Relaxed);
        Some(())
    }
    bounded(2, || {
        let shared = Arc::new((Event::new(), [AtomicBool::new(false), AtomicBool::new(false)]));
        let producers: Vec<_> = (0..2)
            .map(|id| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    shared.1[id].store(true, Ordering::Release);
                    shared.0.notify();
                })
            })
            .collect();
        for _ in 0..2 {
            // Whichever has come is taken; the second must not be slept through.
            let taken = shared.0.sleep(false, || None, || take(&shared.1));
            assert!(taken.is_some());
        }
        for producer in producers {
            producer.join().expect("producers end");
        }
    });
}
