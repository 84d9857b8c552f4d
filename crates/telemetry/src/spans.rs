//! Spans: what a thread did, from when to when.
//!
//! Each thread that records spans holds one ring of a fixed set: a single producer (the thread) and a single consumer (the drain), no lock. A
//! thread takes a free ring with its first span and gives it back when it ends. A full ring drops the span and counts it.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use crate::primitives::{AtomicBool, AtomicU64, Ordering, StaticU64};

/// Who does the work: the row on which a span shows in a trace.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Track {
    /// The main loop (window, desktop shell).
    Main,
    /// The compositor.
    Render,
    /// Servo.
    Page,
    /// Loopback servers and files.
    Io,
    /// ONNX Runtime.
    Inference,
    /// A worker of the pool, by number.
    Worker(u16),
}

impl Track {
    const WORKERS: u32 = 1 << 16;

    pub(crate) const fn code(self) -> u32 {
        match self {
            Track::Main => 1,
            Track::Render => 2,
            Track::Page => 3,
            Track::Io => 4,
            Track::Inference => 5,
            Track::Worker(number) => Self::WORKERS | number as u32,
        }
    }

    pub(crate) const fn from_code(code: u32) -> Track {
        match code {
            2 => Track::Render,
            3 => Track::Page,
            4 => Track::Io,
            5 => Track::Inference,
            code if code >= Self::WORKERS => Track::Worker(code as u16),
            _ => Track::Main,
        }
    }
}

impl fmt::Display for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Track::Main => f.write_str("main"),
            Track::Render => f.write_str("render"),
            Track::Page => f.write_str("page"),
            Track::Io => f.write_str("io"),
            Track::Inference => f.write_str("inference"),
            Track::Worker(number) => write!(f, "worker-{number}"),
        }
    }
}

/// A finished span, its name still a number.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) name: u32,
    pub(crate) track: Track,
    pub(crate) start: u64,
    pub(crate) nanos: u64,
}

/// A counter alone on its cache lines.
#[repr(align(128))]
struct Alone(AtomicU64);

/// Start, length, and name with track.
type Slot = [AtomicU64; 3];

pub(crate) struct Ring {
    /// Spans pushed so far; written by the thread that holds the ring.
    head: Alone,
    /// Spans drained so far; written by the drain.
    tail: Alone,
    held: AtomicBool,
    slots: Box<[Slot]>,
}

impl Ring {
    pub(crate) fn new(capacity: usize) -> Self {
        let slot = || std::array::from_fn(|_| AtomicU64::new(0));
        Ring {
            head: Alone(AtomicU64::new(0)),
            tail: Alone(AtomicU64::new(0)),
            held: AtomicBool::new(false),
            slots: (0..capacity.next_power_of_two()).map(|_| slot()).collect(),
        }
    }

    #[inline]
    fn slot(&self, position: u64) -> &Slot {
        &self.slots[(position & (self.slots.len() as u64 - 1)) as usize]
    }

    /// Makes the current thread the producer, unless there is one.
    pub(crate) fn take_if_free(&self) -> bool {
        // Acquire: this thread goes on from the head of the last holder.
        self.held.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Lets another thread become the producer.
    pub(crate) fn give_back(&self) {
        self.held.store(false, Ordering::Release);
    }

    /// Called by the holding thread only.
    #[inline]
    pub(crate) fn push(&self, span: Span) -> bool {
        let head = self.head.0.load(Ordering::Relaxed);
        // Acquire: the drain has read the slot before we write it again.
        if head - self.tail.0.load(Ordering::Acquire) >= self.slots.len() as u64 {
            return false;
        }
        let [start, nanos, what] = self.slot(head);
        start.store(span.start, Ordering::Relaxed);
        nanos.store(span.nanos, Ordering::Relaxed);
        what.store(u64::from(span.track.code()) << 32 | u64::from(span.name), Ordering::Relaxed);
        self.head.0.store(head + 1, Ordering::Release);
        true
    }

    /// Called by one drain at a time.
    pub(crate) fn drain(&self, take: &mut impl FnMut(Span)) {
        let head = self.head.0.load(Ordering::Acquire);
        let mut tail = self.tail.0.load(Ordering::Relaxed);
        while tail != head {
            let [start, nanos, what] = self.slot(tail);
            let what = what.load(Ordering::Relaxed);
            take(Span {
                name: what as u32,
                track: Track::from_code((what >> 32) as u32),
                start: start.load(Ordering::Relaxed),
                nanos: nanos.load(Ordering::Relaxed),
            });
            tail += 1;
        }
        self.tail.0.store(tail, Ordering::Release);
    }
}

/// The ring that the current thread holds, and of which set.
struct Hold {
    set: u64,
    ring: Option<Arc<Ring>>,
}

impl Hold {
    fn release(&mut self) {
        if let Some(ring) = self.ring.take() {
            ring.give_back();
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}

thread_local! {
    static HOLD: RefCell<Hold> = const { RefCell::new(Hold { set: 0, ring: None }) };
}

/// A fixed set of rings.
pub(crate) struct SpanRings {
    /// Tells the sets of several `Telemetry` apart.
    set: u64,
    rings: Box<[Arc<Ring>]>,
}

impl SpanRings {
    pub(crate) fn new(threads: usize, spans_per_thread: usize) -> Self {
        static NEXT_SET: StaticU64 = StaticU64::new(1);
        SpanRings {
            set: NEXT_SET.fetch_add(1, Ordering::Relaxed),
            rings: (0..threads).map(|_| Arc::new(Ring::new(spans_per_thread))).collect(),
        }
    }

    /// Records a span of the current thread; `false` when it had to be dropped.
    #[inline]
    pub(crate) fn push(&self, span: Span) -> bool {
        // While a thread ends its storage may be gone; such a late span is dropped.
        let pushed = HOLD.try_with(|hold| {
            let hold = &mut *hold.borrow_mut();
            if hold.set != self.set || hold.ring.is_none() {
                self.take_hold(hold);
            }
            hold.ring.as_ref().is_some_and(|ring| ring.push(span))
        });
        pushed.unwrap_or(false)
    }

    #[cold]
    fn take_hold(&self, hold: &mut Hold) {
        hold.release();
        hold.set = self.set;
        hold.ring = self.rings.iter().find(|ring| ring.take_if_free()).cloned();
    }

    /// Hands every recorded span to `take`. One caller at a time.
    pub(crate) fn drain(&self, mut take: impl FnMut(Span)) {
        for ring in &self.rings {
            ring.drain(&mut take);
        }
    }
}

#[cfg(all(test, not(wasm_engine_loom)))]
mod tests {
    use super::*;

    fn span(start: u64) -> Span {
        Span { name: 3, track: Track::Worker(7), start, nanos: 10 }
    }

    fn drained(rings: &SpanRings) -> Vec<u64> {
        let mut starts = Vec::new();
        rings.drain(|found| {
            assert_eq!(found, span(found.start));
            starts.push(found.start);
        });
        starts
    }

    #[test]
    fn tracks_survive_their_code() {
        let tracks = [Track::Main, Track::Render, Track::Page, Track::Io, Track::Inference, Track::Worker(0), Track::Worker(u16::MAX)];
        for track in tracks {
            assert_eq!(Track::from_code(track.code()), track);
        }
    }

    #[test]
    fn a_full_ring_drops_the_newest_and_goes_on_after_a_drain() {
        let rings = SpanRings::new(1, 16);
        let pushed = (0..20).filter(|start| rings.push(span(*start))).count();
        assert_eq!(pushed, 16);
        assert_eq!(drained(&rings), (0..16).collect::<Vec<_>>());
        assert!(rings.push(span(99)));
        assert_eq!(drained(&rings), [99]);
    }

    #[test]
    fn rings_pass_from_thread_to_thread() {
        let rings = SpanRings::new(1, 64);
        for start in 0..5 {
            std::thread::scope(|scope| {
                // A scope ends before the thread's destructors have run, a join does not.
                assert!(scope.spawn(|| rings.push(span(start))).join().is_ok_and(|pushed| pushed));
            });
        }
        assert_eq!(drained(&rings), (0..5).collect::<Vec<_>>());
        assert!(rings.push(span(6)));
        let crowded = std::thread::scope(|scope| scope.spawn(|| rings.push(span(7))).join());
        assert!(crowded.is_ok_and(|pushed| !pushed), "the only ring is held by this thread");
    }

    #[test]
    fn two_sets_on_one_thread_keep_apart() {
        let (one, other) = (SpanRings::new(1, 16), SpanRings::new(1, 16));
        for start in 0..6 {
            assert!(if start % 2 == 0 { one.push(span(start)) } else { other.push(span(start)) });
        }
        assert_eq!((drained(&one), drained(&other)), (vec![0, 2, 4], vec![1, 3, 5]));
    }

    #[test]
    fn producer_and_drain_run_at_the_same_time() {
        const SPANS: u64 = 20_000;
        let rings = SpanRings::new(2, 64);
        let mut seen = Vec::new();
        std::thread::scope(|scope| {
            let producer = scope.spawn(|| {
                for start in 0..SPANS {
                    while !rings.push(span(start)) {
                        std::thread::yield_now();
                    }
                }
            });
            while seen.len() < SPANS as usize {
                seen.extend(drained(&rings));
                std::thread::yield_now();
            }
            assert!(producer.join().is_ok());
        });
        assert!(seen.into_iter().eq(0..SPANS));
    }
}
