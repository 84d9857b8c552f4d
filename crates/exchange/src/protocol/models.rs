//! The protocols under loom, which tries every order in which two or three threads can meet, with every value that a load may see.
//!
//! `RUSTFLAGS="--cfg wasm_engine_loom" cargo test -p wasm-engine-exchange --lib`

use super::{
    event::Event,
    flag::Flag,
    ring::{self, Head, Slots, Tail},
    triple::{self, Observation, SLOTS},
};
use crate::primitives::{AtomicBool, AtomicU64, Ordering};
use loom::{cell::UnsafeCell, sync::Arc, thread};

/// Tries all meetings, and makes sure that they were many: loom remembers only the last access to a word, so the load before an exchange can hide that two
/// threads met at all. Models therefore let the side that stores run first, and the one that looks in a thread of its own.
fn explore(preemptions: Option<usize>, model: impl Fn() + Sync + Send + 'static) {
    /// No model here has fewer executions, if it is explored at all.
    const EXECUTIONS_MIN: usize = 4;
    // Loom's own types cannot outlive an execution, and this count spans all of them.
    let executions = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&executions);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let executions = executions.load(Ordering::Relaxed);
    assert!(executions >= EXECUTIONS_MIN, "only {executions} executions were tried");
    println!("{executions} executions");
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
        // Only what `publish` returns is looked at, as a writer does: another look would order more than the protocol promises.
        let start = self.control.join_writing();
        let mut slot = start.writer();
        for generation in (start.generation() + 1..).take(times as usize) {
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
    explore(None, || {
        let triple = Triple::new();
        let reader = thread::spawn({
            let triple = Arc::clone(&triple);
            move || triple.read(2)
        });
        triple.write(3);
        reader.join().expect("the reader ends");
        assert_eq!(triple.read(1), 3, "what was published last arrives, at a new reader too");
    });
}

#[test]
fn a_slot_that_comes_back_is_no_longer_read() {
    // The reader's first slot is in the writer's hands again with the fourth content at the earliest.
    explore(Some(3), || {
        let triple = Triple::new();
        let reader = thread::spawn({
            let triple = Arc::clone(&triple);
            move || triple.read(2)
        });
        triple.write(4);
        reader.join().expect("the reader ends");
    });
}

#[test]
fn sides_are_taken_over_while_the_other_goes_on() {
    explore(None, || {
        let triple = Triple::new();
        let readers = thread::spawn({
            let triple = Arc::clone(&triple);
            // Two readers, one after the other, and likewise two writers; nothing passes between them but the word.
            move || {
                triple.read(1);
                triple.read(1);
            }
        });
        triple.write(1);
        triple.write(2);
        readers.join().expect("the readers end");
    });
}

/// Observers race by design, so here a slot is two atomics, which must agree.
type Racy = [[AtomicU64; 2]; SLOTS];

/// Publishes three contents while an observer looks once. After the first, `between` runs on the writer's thread.
fn observed(between: fn(&triple::Control)) {
    let slots: Arc<Racy> = Arc::new(core::array::from_fn(|_| [AtomicU64::new(0), AtomicU64::new(0)]));
    let control = Arc::new(triple::Control::new());
    let observer = thread::spawn({
        let (slots, control) = (Arc::clone(&slots), Arc::clone(&control));
        move || {
            let mut copy = [0; 2];
            let seen = control.observe(|slot| copy = [0, 1].map(|word: usize| slots[slot - 1][word].load(Ordering::Relaxed)));
            if let Observation::Of(generation) = seen {
                assert_eq!(copy, [generation; 2], "a mixture was accepted");
            }
        }
    });
    for generation in 1..=3 {
        let slot = control.state().writer();
        slots[slot - 1].iter().for_each(|word| word.store(generation, Ordering::Relaxed));
        control.publish();
        if generation == 1 {
            between(&control);
        }
    }
    observer.join().expect("the observer ends");
}

#[test]
fn an_observer_accepts_nothing_torn() {
    explore(Some(3), || observed(|_| ()));
}

#[test]
fn an_observer_accepts_nothing_torn_with_a_reader_about() {
    explore(Some(3), || {
        observed(|control| {
            control.acquire();
        });
    });
}

#[test]
fn a_flag_is_held_by_one() {
    explore(None, || {
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

/// What a receiver is told of the ring's capacity: it announces space after every item.
const CAPACITY: u64 = 1;

/// Items that loom can watch, with and without stamps.
#[derive(Clone)]
struct Watched<const STAMPED: bool, const LEN: usize>(Arc<[(AtomicU64, UnsafeCell<u64>); LEN]>);

impl<const STAMPED: bool, const LEN: usize> Watched<STAMPED, LEN> {
    fn new() -> Self {
        Watched(Arc::new([(); LEN].map(|()| (AtomicU64::new(0), UnsafeCell::new(0)))))
    }
}

impl<const STAMPED: bool, const LEN: usize> Slots<u64> for Watched<STAMPED, LEN> {
    const STAMPED: bool = STAMPED;
    const BLOCK: u64 = 1;

    fn len(&self) -> u64 {
        LEN as u64
    }

    fn stamp(&self, number: u64) -> Option<&AtomicU64> {
        STAMPED.then(|| &self.0[number as usize % LEN].0)
    }

    unsafe fn write(&self, number: u64, item: u64) {
        // SAFETY: the caller promises that the item is the sender's; loom reports if not.
        self.0[number as usize % LEN].1.with_mut(|place| unsafe { *place = item });
    }

    unsafe fn read(&self, number: u64) -> u64 {
        // SAFETY: the caller promises that the item is the receiver's; loom reports if not.
        self.0[number as usize % LEN].1.with(|place| unsafe { *place })
    }

    unsafe fn write_many(&self, number: u64, items: &[u64]) {
        assert!(!STAMPED && items.len() <= LEN);
        for (item, number) in items.iter().zip(number..) {
            // SAFETY: promised for all of them.
            unsafe { self.write(number, *item) };
        }
    }

    unsafe fn read_many(&self, number: u64, items: &mut [u64]) {
        assert!(!STAMPED && items.len() <= LEN);
        for (item, number) in items.iter_mut().zip(number..) {
            // SAFETY: promised for all of them.
            *item = unsafe { self.read(number) };
        }
    }
}

struct Lane<const STAMPED: bool, const LEN: usize> {
    slots: Watched<STAMPED, LEN>,
    control: ring::Control,
    doorbell: Event,
}

impl<const STAMPED: bool, const LEN: usize> Lane<STAMPED, LEN> {
    fn new() -> Arc<Self> {
        Arc::new(Lane { slots: Watched::new(), control: ring::Control::new(), doorbell: Event::new() })
    }

    fn tail(&self) -> Tail<u64, Watched<STAMPED, LEN>> {
        Tail::resume(self.slots.clone(), &self.control)
    }

    fn head(&self) -> Head<u64, Watched<STAMPED, LEN>> {
        Head::resume(self.slots.clone(), &self.control, CAPACITY)
    }
}

/// More items than the ring has room for, so that both full and empty are met.
const ITEMS: u64 = 4;

#[test]
fn a_ring_hands_over_in_order() {
    hand_over::<false>();
}

#[test]
fn a_ring_hands_over_in_order_with_stamps() {
    hand_over::<true>();
}

fn hand_over<const STAMPED: bool>() {
    explore(Some(3), || {
        let lane = Lane::<STAMPED, 2>::new();
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
    hand_over_in_batches::<false>();
}

#[test]
fn a_ring_hands_over_in_batches_with_stamps() {
    hand_over_in_batches::<true>();
}

fn hand_over_in_batches<const STAMPED: bool>() {
    explore(Some(3), || {
        let lane = Lane::<STAMPED, 2>::new();
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
    take_over::<false>();
}

#[test]
fn a_ring_is_taken_over_while_the_other_side_goes_on_with_stamps() {
    take_over::<true>();
}

fn take_over<const STAMPED: bool>() {
    explore(None, || {
        let lane = Lane::<STAMPED, 4>::new();
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
    sleep_and_wake::<false>();
}

#[test]
fn nobody_sleeps_through_an_item_or_through_space_with_stamps() {
    sleep_and_wake::<true>();
}

fn sleep_and_wake<const STAMPED: bool>() {
    explore(Some(3), || {
        let lane = Lane::<STAMPED, 2>::new();
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
    explore(Some(2), || {
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
    explore(Some(2), || {
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
