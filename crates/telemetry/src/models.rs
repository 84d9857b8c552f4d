//! Models of the lock-free protocols, run by loom in every interleaving.

use loom::sync::Arc;
use loom::thread;

use crate::primitives::{AtomicBool, Ordering};
use crate::spans::{Ring, Span, Track};
use crate::stage::{FrameRecord, Stage, Token};
use crate::tokens::{Peek, TokenRing};

/// A span whose parts all tell its number, so that a mixture of two would show.
fn span(number: u64) -> Span {
    Span { name: number as u32, track: Track::Worker(number as u16), start: number, nanos: number }
}

fn drain(ring: &Ring, seen: &mut Vec<u64>) {
    ring.drain(&mut |found: Span| {
        assert_eq!(found, span(found.start), "a span is whole");
        seen.push(found.start);
    });
}

/// Drains from another thread, twice, and tells what it saw.
fn drain_aside(ring: &Arc<Ring>) -> thread::JoinHandle<Vec<u64>> {
    let ring = Arc::clone(ring);
    thread::spawn(move || {
        let mut seen = Vec::new();
        drain(&ring, &mut seen);
        drain(&ring, &mut seen);
        seen
    })
}

#[test]
fn spans_arrive_whole_in_order_and_once() {
    loom::model(|| {
        let ring = Arc::new(Ring::new(2));
        let consumer = drain_aside(&ring);
        let pushed: Vec<_> = (1..=3).filter(|number| ring.push(span(*number))).collect();
        let mut seen = consumer.join().unwrap();
        drain(&ring, &mut seen);
        assert_eq!(seen, pushed, "what was not dropped arrives");
    });
}

#[test]
fn a_ring_passes_to_the_next_thread_with_what_is_in_it() {
    loom::model(|| {
        let ring = Arc::new(Ring::new(2));
        let hold = |ring: &Ring, number: u64| {
            let held = ring.take_if_free();
            if held {
                assert!(ring.push(span(number)));
                ring.give_back();
            }
            held
        };
        let other = thread::spawn({
            let ring = Arc::clone(&ring);
            move || hold(&ring, 1)
        });
        let held = hold(&ring, 2);
        let held_by_other = other.join().unwrap();
        let mut seen = Vec::new();
        drain(&ring, &mut seen);
        seen.sort_unstable();
        let pushed: Vec<_> = [(held_by_other, 1), (held, 2)].into_iter().filter_map(|(held, number)| held.then_some(number)).collect();
        assert_eq!(seen, pushed, "no holder overwrites the one before");
        assert!(!pushed.is_empty());
    });
}

/// The record of a token that must have finished.
fn finished(ring: &TokenRing, token: Token) -> FrameRecord {
    match ring.peek(token.0) {
        Peek::Done(record) => record,
        _ => panic!("the token has finished"),
    }
}

#[test]
fn a_stamp_that_comes_too_late_never_shows_on_the_next_token() {
    loom::model(|| {
        let ring = Arc::new(TokenRing::new(1));
        let old = ring.claim();
        let late = thread::spawn({
            let ring = Arc::clone(&ring);
            move || {
                ring.stamp(old, Stage::Queued, 111);
                ring.mark_done(old);
            }
        });
        let new = ring.claim();
        assert!(ring.stamp(new, Stage::Queued, 222));
        assert!(ring.stamp(new, Stage::Composed, 333));
        assert!(!matches!(ring.peek(new.0), Peek::Done(_)), "the old token's end is not the new one's");
        assert!(ring.mark_done(new));
        late.join().unwrap();
        let record = finished(&ring, new);
        assert_ne!(record.stamp(Stage::Queued), Some(111));
        assert_eq!(record.stamp(Stage::Composed), Some(333));
        assert!(matches!(ring.peek(old.0), Peek::Lost));
    });
}

#[test]
fn who_sees_the_end_sees_the_stamps_of_all_threads() {
    loom::model(|| {
        let ring = Arc::new(TokenRing::new(2));
        let handed_over = Arc::new(AtomicBool::new(false));
        let token = ring.claim();
        let worker = thread::spawn({
            let (ring, handed_over) = (Arc::clone(&ring), Arc::clone(&handed_over));
            move || {
                ring.stamp(token, Stage::ComputeEnd, 5);
                // As a publish in the exchange does.
                handed_over.store(true, Ordering::Release);
            }
        });
        let compositor = thread::spawn({
            let ring = Arc::clone(&ring);
            move || {
                if handed_over.load(Ordering::Acquire) {
                    ring.stamp(token, Stage::Composed, 9);
                    ring.mark_done(token);
                }
            }
        });
        if let Peek::Done(record) = ring.peek(token.0) {
            assert_eq!((record.stamp(Stage::ComputeEnd), record.stamp(Stage::Composed)), (Some(5), Some(9)));
        }
        worker.join().unwrap();
        compositor.join().unwrap();
    });
}

#[test]
fn two_claimers_of_one_record_leave_it_to_the_later_token() {
    loom::model(|| {
        let ring = Arc::new(TokenRing::new(1));
        let other = thread::spawn({
            let ring = Arc::clone(&ring);
            move || ring.claim()
        });
        let (one, other) = (ring.claim(), other.join().unwrap());
        assert_ne!(one, other);
        assert!(ring.stamp(one.max(other), Stage::Queued, 1));
        assert!(!ring.stamp(one.min(other), Stage::Queued, 1));
    });
}
