//! The ring under a lane: one sender, one receiver, items of one size, in order, none lost.
//!
//! Items are numbered from 0 without end. What announces an item is a word that the sender stores once the item is there: the number of the item behind it.
//! Small items lie side by side and share one such word, `tail`, so that slices are copied in one piece and the receiver reads the word once for all items that
//! it announces. Larger items have a word each, their stamp, which lies in front of them, so that an item of up to 56 bytes and the news of it travel in one
//! cache line. Either way an item is visible as soon as it is pushed: nothing is held back to be published later, and so nothing can be stranded.
//!
//! Space comes back in batches: the receiver stores `head`, the first item whose place the sender may not take, every few items and whenever it finds the ring
//! empty. Only the receiver can run ahead of its own `head`, so the sender merely sees less space than there is, and the ring is larger than its capacity
//! by as much. A ring that is empty has all its space announced, so a sender never waits for a receiver that waits for it.
//!
//! A receiver that is faster than the sender would take the line of `tail` away from it for every few items, and both would wait for that line most of the time.
//! So a receiver that finds, over a stride, few items at each look (but not one by one, as in a conversation) waits a moment for a batch instead; if
//! none comes, it takes what is there and goes back to looking at once.
//!
//! Whoever follows a killed side goes on from shared words alone: the sender from `tail` or the stamps, the receiver from `position`, which counts
//! every item taken. Only the items that the dead receiver was just taking may be seen twice.

use crate::primitives::{AtomicU64, Ordering, spin_loop};
use crate::protocol::{Line, event::Event};

/// The most items that the receiver takes before it announces their space.
const STRIDE_MAX: u64 = 256;
/// Fewer items than this at a look are few, and a receiver that keeps finding few waits for so many.
const FEW: u64 = 32;
const BATCH: u64 = 128;
/// How long it waits for them: so many times so many pauses (some tens of nanoseconds each), with a look after each.
const WAITS: u32 = 6;
const PAUSES: u32 = 3;
/// No honest ring gets this far, and sums of a number and a length stay below 2⁶⁴.
const NUMBER_MASK: u64 = (1 << 62) - 1;

/// The words of a ring, each on a line of its own. All-zero bytes are an empty ring.
#[repr(C)]
pub(crate) struct Control {
    /// Behind the last item, where items have no stamps. Stored by the sender.
    pub(crate) tail: Line<AtomicU64>,
    /// The first item whose place the sender may not take. Stored by the receiver, read by the sender when it has run out of space.
    pub(crate) head: Line<AtomicU64>,
    /// Behind the last item taken. Stored by the receiver; read by its successor and by who measures depth.
    pub(crate) position: Line<AtomicU64>,
    /// Where a sender sleeps that waits for space.
    pub(crate) space: Line<Event>,
}

#[cfg(wasm_engine_loom)]
impl Control {
    pub(crate) fn new() -> Self {
        let word = || Line(AtomicU64::new(0));
        Control { tail: word(), head: word(), position: word(), space: Line(Event::new()) }
    }
}

/// Where the items lie. Numbers are taken modulo the length.
pub(crate) trait Slots<T> {
    /// Whether each item has a word of its own.
    const STAMPED: bool;
    /// The sender makes places ready in blocks of so many, a power of two.
    const BLOCK: u64;

    /// Items in the ring, a power of two.
    fn len(&self) -> u64;
    /// The word of one item, if it has one.
    fn stamp(&self, number: u64) -> Option<&AtomicU64>;
    /// A hint that this block will be written soon. The number is a multiple of `BLOCK`, and the ring is longer than that.
    fn fetch_to_write(&self, _number: u64) {}
    /// A hint that these items will be read soon.
    fn fetch_to_read(&self, _number: u64, _items: u64) {}
    /// # Safety
    /// The caller is the sender and has not announced this item.
    unsafe fn write(&self, number: u64, item: T);
    /// # Safety
    /// The caller is the receiver and the item is announced.
    unsafe fn read(&self, number: u64) -> T;
    /// Writes items from this one on, where items have no stamps.
    /// # Safety
    /// As for `write`, for all of `items`, which are no more than the ring holds.
    unsafe fn write_many(&self, number: u64, items: &[T]);
    /// Reads items from this one on, where items have no stamps.
    /// # Safety
    /// As for `read`, for all of `items`, which are no more than the ring holds.
    unsafe fn read_many(&self, number: u64, items: &mut [T]);
}

/// What announces this item.
#[inline(always)]
fn word<'a, T, S: Slots<T>>(slots: &'a S, control: &'a Control, number: u64) -> &'a AtomicU64 {
    slots.stamp(number).unwrap_or(&control.tail)
}

/// Behind the last item announced, no further than `limit`, when all before `from` are.
fn behind_last(from: u64, limit: u64, announced: impl Fn(u64) -> u64) -> u64 {
    let mut number = from;
    while number < limit {
        let news = announced(number);
        if news <= number || news > limit {
            break;
        }
        number = news;
    }
    number
}

/// The sender's side.
pub(crate) struct Tail<T, S: Slots<T>> {
    slots: S,
    /// The item that comes next.
    next: u64,
    /// How far places are known to be free and are made ready.
    ready: u64,
    /// The first place that may not be used: the last `head` seen, a whole ring further.
    limit: u64,
    _items: core::marker::PhantomData<T>,
}

/// The receiver's side.
pub(crate) struct Head<T, S: Slots<T>> {
    slots: S,
    /// Behind the last item taken.
    position: u64,
    /// How far items may be taken without another look.
    ready: u64,
    /// `head` as last stored.
    announced: u64,
    /// Where to look further than for items: at space to announce, and at how the sender gets on.
    milestone: u64,
    /// From one milestone to the next, at most.
    stride: u64,
    /// Looks since the last milestone, and whether it was waited for a batch there.
    looks: u64,
    is_patient: bool,
    _items: core::marker::PhantomData<T>,
}

/// How many items the receiver takes before it announces their space.
const fn announce_stride(capacity: u64) -> u64 {
    let quarter = capacity / 4;
    if quarter < 1 {
        1
    } else if quarter > STRIDE_MAX {
        STRIDE_MAX
    } else {
        quarter
    }
}

/// Items, a power of two, of a ring that holds at least `capacity` at any time.
#[cfg(not(wasm_engine_loom))]
pub(crate) const fn len_for(capacity: u64) -> u64 {
    // Up to `stride` may be taken but not announced.
    (capacity + announce_stride(capacity)).next_power_of_two()
}

impl<T: Copy, S: Slots<T>> Tail<T, S> {
    /// Takes up the sending side where whoever had it before left it.
    pub(crate) fn resume(slots: S, control: &Control) -> Self {
        let head = control.head.load(Ordering::Acquire) & NUMBER_MASK;
        let limit = head + slots.len();
        let next = behind_last(head, limit, |number| word(&slots, control, number).load(Ordering::Acquire));
        Tail { slots, next, ready: next, limit, _items: core::marker::PhantomData }
    }

    /// Appends an item; gives it back when the ring is full.
    #[inline(always)]
    pub(crate) fn push(&mut self, control: &Control, item: T) -> Result<(), T> {
        if self.next == self.ready {
            return self.make_ready_and_push(control, item);
        }
        // SAFETY: the place is free, being before `ready`, and the item is announced only below.
        unsafe { self.slots.write(self.next, item) };
        self.announce(control, 1);
        Ok(())
    }

    /// Ends `push`, so that nothing of it has to be kept across a call.
    #[cold]
    #[inline(never)]
    fn make_ready_and_push(&mut self, control: &Control, item: T) -> Result<(), T> {
        if !self.make_ready(control, 1) {
            return Err(item);
        }
        self.push(control, item)
    }

    /// Appends from the front of `items`; returns how many found space.
    #[inline]
    pub(crate) fn push_slice(&mut self, control: &Control, items: &[T]) -> usize {
        let mut items = items;
        if self.ready - self.next < items.len() as u64 {
            self.make_ready(control, items.len() as u64);
            items = &items[..items.len().min((self.ready - self.next) as usize)];
        }
        if S::STAMPED {
            for item in items {
                // SAFETY: as in `push`; there are places for all of `items` before `ready`.
                unsafe { self.slots.write(self.next, *item) };
                self.announce(control, 1);
            }
        } else {
            // SAFETY: as above, for all of them at once.
            unsafe { self.slots.write_many(self.next, items) };
            self.announce(control, items.len() as u64);
        }
        items.len()
    }

    /// Whether a push would find space.
    pub(crate) fn has_space(&mut self, control: &Control) -> bool {
        self.next != self.ready || self.make_ready(control, 1)
    }

    #[inline(always)]
    fn announce(&mut self, control: &Control, items: u64) {
        let word = word(&self.slots, control, self.next);
        self.next += items;
        // Release: the items are there before the word that announces them.
        word.store(self.next, Ordering::Release);
    }

    /// Makes `wanted` places ready, or as many as there are. False when there is none.
    #[cold]
    #[inline(never)]
    fn make_ready(&mut self, control: &Control, wanted: u64) -> bool {
        if self.limit - self.next < wanted {
            // Acquire: the receiver has read the items before `head` before the sender overwrites them.
            let limit = (control.head.load(Ordering::Acquire) & NUMBER_MASK) + self.slots.len();
            // A peer that spoils `head` must not send the sender round without end: it is only ever let on by one round.
            if limit.wrapping_sub(self.limit) <= self.slots.len() {
                self.limit = limit;
            }
        }
        let end = (self.next + wanted).next_multiple_of(S::BLOCK);
        if end + S::BLOCK <= self.limit {
            self.slots.fetch_to_write(end);
        }
        self.ready = end.min(self.limit);
        self.ready != self.next
    }
}

impl<T: Copy, S: Slots<T>> Head<T, S> {
    /// Takes up the receiving side where whoever had it before left it.
    pub(crate) fn resume(slots: S, control: &Control, capacity: u64) -> Self {
        let head = control.head.load(Ordering::Acquire) & NUMBER_MASK;
        let stored = control.position.load(Ordering::Acquire);
        let position = if stored.wrapping_sub(head) <= slots.len() { stored } else { head };
        let mut head = Head {
            slots,
            position,
            ready: position,
            announced: head,
            milestone: position,
            stride: announce_stride(capacity),
            looks: 0,
            is_patient: false,
            _items: core::marker::PhantomData,
        };
        // Whatever a predecessor took and did not announce is announced now.
        head.give_back(control);
        head
    }

    /// Takes the oldest item.
    #[inline(always)]
    pub(crate) fn pop(&mut self, control: &Control) -> Option<T> {
        if self.position == self.ready && !self.look(control) {
            return None;
        }
        // SAFETY: `position` is before `ready`, so the item is announced.
        let item = unsafe { self.slots.read(self.position) };
        self.advance(control, 1);
        Some(item)
    }

    /// Takes the oldest items into the front of `items`; returns how many there were.
    #[inline]
    pub(crate) fn pop_slice(&mut self, control: &Control, items: &mut [T]) -> usize {
        if self.position == self.ready && (items.is_empty() || !self.look(control)) {
            return 0;
        }
        if self.ready - self.position < items.len() as u64 {
            return self.pop_parts(control, items);
        }
        self.take(control, items);
        if self.ready - self.position >= items.len() as u64 {
            // Then the lines of the next slice come all at once, while this one is looked at.
            self.slots.fetch_to_read(self.position, items.len() as u64);
        }
        items.len()
    }

    /// Takes what is ready, then looks for more.
    #[cold]
    #[inline(never)]
    fn pop_parts(&mut self, control: &Control, items: &mut [T]) -> usize {
        let mut taken = 0;
        while taken < items.len() && (self.position != self.ready || self.look(control)) {
            let now = (self.ready - self.position).min((items.len() - taken) as u64) as usize;
            self.take(control, &mut items[taken..taken + now]);
            taken += now;
        }
        taken
    }

    /// Takes items that are ready.
    #[inline(always)]
    fn take(&mut self, control: &Control, items: &mut [T]) {
        debug_assert!(items.len() as u64 <= self.ready - self.position);
        if S::STAMPED {
            for (item, number) in items.iter_mut().zip(self.position..) {
                // SAFETY: items before `ready` are announced, which these are.
                *item = unsafe { self.slots.read(number) };
            }
        } else {
            // SAFETY: as above.
            unsafe { self.slots.read_many(self.position, items) };
        }
        self.advance(control, items.len() as u64);
    }

    /// Whether there is an item.
    #[cfg(not(wasm_engine_loom))]
    pub(crate) fn has_item(&mut self, control: &Control) -> bool {
        self.position != self.ready || self.look(control)
    }

    #[inline(always)]
    fn advance(&mut self, control: &Control, items: u64) {
        self.position += items;
        control.position.store(self.position, Ordering::Relaxed);
    }

    /// Looks for more, after all that was ready has been taken.
    #[inline(always)]
    fn look(&mut self, control: &Control) -> bool {
        self.looks += 1;
        let there = self.there(control);
        let ready = there.min(self.milestone);
        if ready > self.position {
            self.ready = ready;
            return true;
        }
        self.look_further(control, there)
    }

    /// Behind the last item known to be there.
    #[inline(always)]
    fn there(&self, control: &Control) -> u64 {
        // Acquire: pairs with the release of the word; what it announces is there.
        let news = word(&self.slots, control, self.position).load(Ordering::Acquire);
        // No honest word goes beyond the last item; one that does leads to items that are not there yet, but not out of the ring.
        if S::STAMPED { news.min(self.position + 1) } else { news }
    }

    /// What there is to do at a milestone, and when nothing is there.
    #[cold]
    #[inline(never)]
    fn look_further(&mut self, control: &Control, mut there: u64) -> bool {
        let catches_up = self.keeps_catching_up();
        self.give_back(control);
        if there <= self.position {
            self.ready = self.position;
            return false;
        }
        if catches_up {
            there = self.wait_for_batch(control, there);
        }
        self.ready = there.min(self.milestone);
        true
    }

    /// Gives the places of what was taken back to the sender, and puts the next milestone.
    fn give_back(&mut self, control: &Control) {
        if self.announced != self.position {
            self.announced = self.position;
            // Release: the items before it have been read.
            control.head.store(self.position, Ordering::Release);
            control.space.notify();
        }
        self.milestone = self.position + self.stride;
        (self.looks, self.is_patient) = (0, false);
    }

    /// Whether, since the last milestone, each look found a few items: less than a batch, more than one.
    fn keeps_catching_up(&self) -> bool {
        // The look that has come to the milestone brought nothing.
        let looks = self.looks - 1;
        let is_short = looks * FEW > self.stride && looks * 4 < self.stride * 3;
        !S::STAMPED && self.stride > BATCH && (self.is_patient || is_short)
    }

    /// Waits a moment for a batch, and puts the next milestone behind it if it came, to wait again there. Behind the last item known to be there.
    fn wait_for_batch(&mut self, control: &Control, mut there: u64) -> u64 {
        for _ in 0..WAITS {
            if there - self.position >= BATCH {
                break;
            }
            (0..PAUSES).for_each(|_| spin_loop());
            there = self.there(control).max(there);
        }
        if there - self.position >= BATCH {
            self.milestone = self.milestone.min(there);
            self.is_patient = true;
        }
        there
    }
}

/// Items present, as far as shared words tell: exact when both sides rest. At most `len` stamps are read.
#[cfg(not(wasm_engine_loom))]
pub(crate) fn depth<'a>(control: &'a Control, len: u64, stamp: impl Fn(u64) -> Option<&'a AtomicU64>) -> u64 {
    let position = control.position.load(Ordering::Acquire) & NUMBER_MASK;
    behind_last(position, position + len, |number| stamp(number).unwrap_or(&control.tail).load(Ordering::Acquire)) - position
}
