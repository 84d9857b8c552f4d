//! The ring under a lane: one sender, one receiver, items of one size, in order, none lost.
//!
//! Items lie in groups of one or a few cache lines. A group starts with a header that says which group it is in the endless sequence and how many of
//! its items are there, so an item and the news of it travel in one cache line, and an item is visible as soon as its header is stored: nothing is held back to be
//! published later, and so nothing can be stranded. The receiver reads a header once for all the items that it announces.
//!
//! ```text
//! header: bits 0..8 items present, bits 8..64 number of the group + 1 (a header of an earlier round therefore says "nothing here")
//! ```
//!
//! Space comes back in batches: the receiver stores `head`, the first group that the sender may not overwrite, every few groups and whenever it finds the
//! ring empty. Only the receiver can run ahead of its own `head`, so the sender merely sees less space than there is, and the ring is larger than its
//! capacity by as much. A ring that is empty has all its space announced, so a sender never waits for a receiver that waits for it.
//!
//! Whoever follows a killed side goes on from shared words alone: the sender from the headers, the receiver from `position`, which counts
//! every item taken. Only the one item that the dead receiver was just taking may be seen twice.

use crate::primitives::{AtomicU64, Ordering};
use crate::protocol::{Line, event::Event};

const COUNT_BITS: u32 = 8;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// The words of a ring, each on a line of its own. All-zero bytes are an empty ring.
#[repr(C)]
pub(crate) struct Control {
    /// First group that the sender may not overwrite. Stored by the receiver, read by the sender when it has run out of space.
    pub(crate) head: Line<AtomicU64>,
    /// Items taken, as group and count like a header without the `+ 1`. Stored by the receiver alone; read by its successor and by who measures depth.
    pub(crate) position: Line<AtomicU64>,
    /// Where a sender sleeps that waits for space.
    pub(crate) space: Line<Event>,
}

#[cfg(wasm_engine_loom)]
impl Control {
    pub(crate) fn new() -> Self {
        Control { head: Line(AtomicU64::new(0)), position: Line(AtomicU64::new(0)), space: Line(Event::new()) }
    }
}

/// Where the groups lie.
pub(crate) trait Groups<T> {
    /// Place of one group.
    type At: Copy;
    /// Items that fit a group, 1 to 255.
    const PER_GROUP: u64;

    /// Groups in the ring, a power of two.
    fn len(&self) -> u64;
    /// The place of a group of the endless sequence.
    fn at(&self, group: u64) -> Self::At;
    fn header(&self, at: Self::At) -> &AtomicU64;
    /// # Safety
    /// `index < PER_GROUP`, and the caller is the sender and has not announced this item.
    unsafe fn write(&self, at: Self::At, index: u64, item: T);
    /// # Safety
    /// `index < PER_GROUP`, and the caller is the receiver and the header announces this item.
    unsafe fn read(&self, at: Self::At, index: u64) -> T;
    /// Writes items from `index` on.
    /// # Safety
    /// As for `write`, for all of `items`.
    unsafe fn write_many(&self, at: Self::At, index: u64, items: &[T]);
    /// Reads items from `index` on.
    /// # Safety
    /// As for `read`, for all of `items`.
    unsafe fn read_many(&self, at: Self::At, index: u64, items: &mut [T]);
}

/// The sender's side.
pub(crate) struct Tail<T, G: Groups<T>> {
    groups: G,
    /// The group in hand, its place, and its header as last stored.
    at: G::At,
    header: u64,
    /// The sender may use groups before this one: the last `head` seen plus the length of the ring.
    limit: u64,
}

/// The receiver's side.
pub(crate) struct Head<T, G: Groups<T>> {
    groups: G,
    at: G::At,
    /// Group in hand and items taken from it.
    position: u64,
    /// Where the items announced by the header in hand end.
    ready: u64,
    /// `head` as last stored, and how far to go before storing it again.
    announced: u64,
    stride: u64,
    _items: core::marker::PhantomData<T>,
}

/// How many groups the receiver takes before it announces their space.
pub(crate) const fn announce_stride(groups_needed: u64) -> u64 {
    let quarter = groups_needed / 4;
    if quarter < 1 {
        1
    } else if quarter > 16 {
        16
    } else {
        quarter
    }
}

/// Groups, a power of two, of a ring that holds at least `capacity` items at any time.
#[cfg(not(wasm_engine_loom))]
pub(crate) const fn groups_for(capacity: u64, per_group: u64) -> u64 {
    let needed = capacity.div_ceil(per_group);
    // One group may be partly taken, and `stride - 1` be taken but not announced.
    (needed + announce_stride(needed)).next_power_of_two()
}

impl<T: Copy, G: Groups<T>> Tail<T, G> {
    /// Takes up the sending side where whoever had it before left it.
    pub(crate) fn resume(groups: G, control: &Control) -> Self {
        let head = control.head.load(Ordering::Acquire);
        let limit = head.wrapping_add(groups.len());
        let mut group = head;
        // Full groups after `head` are the work of a predecessor; the first that is not full is where it stopped.
        while group != limit.wrapping_sub(1) && groups.header(groups.at(group)).load(Ordering::Acquire) == full(group, G::PER_GROUP) {
            group = group.wrapping_add(1);
        }
        let at = groups.at(group);
        let seen = groups.header(at).load(Ordering::Acquire);
        let empty = empty(group);
        let header = if seen & !COUNT_MASK == empty { empty | (seen & COUNT_MASK).min(G::PER_GROUP) } else { empty };
        Tail { groups, at, header, limit }
    }

    /// Appends an item; gives it back when the ring is full.
    #[inline(always)]
    pub(crate) fn push(&mut self, control: &Control, item: T) -> Result<(), T> {
        if self.header & COUNT_MASK == G::PER_GROUP && !self.next_group(control) {
            return Err(item);
        }
        // SAFETY: the count is below `PER_GROUP`, and the item at it is announced only below.
        unsafe { self.groups.write(self.at, self.header & COUNT_MASK, item) };
        self.header += 1;
        // Release: the item is there before the header that announces it.
        self.groups.header(self.at).store(self.header, Ordering::Release);
        Ok(())
    }

    /// Appends from the front of `items`; returns how many found space.
    #[inline]
    pub(crate) fn push_slice(&mut self, control: &Control, items: &[T]) -> usize {
        let mut rest = items;
        while !rest.is_empty() {
            let count = self.header & COUNT_MASK;
            if count == G::PER_GROUP {
                if !self.next_group(control) {
                    break;
                }
                continue;
            }
            let (now, later) = rest.split_at(rest.len().min((G::PER_GROUP - count) as usize));
            // SAFETY: `count + now.len() <= PER_GROUP`, and none of these is announced before the store below.
            unsafe { self.groups.write_many(self.at, count, now) };
            self.header += now.len() as u64;
            self.groups.header(self.at).store(self.header, Ordering::Release);
            rest = later;
        }
        items.len() - rest.len()
    }

    /// Whether a push would find space.
    pub(crate) fn has_space(&mut self, control: &Control) -> bool {
        self.header & COUNT_MASK != G::PER_GROUP || self.may_use(control, self.group().wrapping_add(1))
    }

    fn group(&self) -> u64 {
        (self.header >> COUNT_BITS).wrapping_sub(1)
    }

    #[inline(never)]
    fn next_group(&mut self, control: &Control) -> bool {
        let next = self.group().wrapping_add(1);
        if !self.may_use(control, next) {
            return false;
        }
        self.at = self.groups.at(next);
        self.header = empty(next);
        true
    }

    fn may_use(&mut self, control: &Control, group: u64) -> bool {
        if group != self.limit {
            return true;
        }
        // Acquire: the receiver has read the items of the groups before `head` before the sender overwrites them.
        let limit = control.head.load(Ordering::Acquire).wrapping_add(self.groups.len());
        // A peer that moves `head` backwards or too far must not make the sender run past the receiver without end: it only ever gains one round.
        if limit.wrapping_sub(group).wrapping_sub(1) < self.groups.len() {
            self.limit = limit;
        }
        group != self.limit
    }
}

impl<T: Copy, G: Groups<T>> Head<T, G> {
    /// Takes up the receiving side where whoever had it before left it.
    pub(crate) fn resume(groups: G, control: &Control, capacity: u64) -> Self {
        let announced = control.head.load(Ordering::Acquire);
        let stored = control.position.load(Ordering::Acquire);
        let in_ring = (stored >> COUNT_BITS).wrapping_sub(announced) < groups.len() && stored & COUNT_MASK <= G::PER_GROUP;
        let position = if in_ring { stored } else { announced << COUNT_BITS };
        let at = groups.at(position >> COUNT_BITS);
        let stride = announce_stride(capacity.div_ceil(G::PER_GROUP));
        Head { groups, at, position, ready: position, announced, stride, _items: core::marker::PhantomData }
    }

    /// Takes the oldest item. `freed` runs whenever space was announced.
    #[inline(always)]
    pub(crate) fn pop(&mut self, control: &Control) -> Option<T> {
        if self.position == self.ready && !self.look(control) {
            return None;
        }
        // SAFETY: `position` is below `ready`, so the header announced this item, and `ready` is at most `PER_GROUP` into the group.
        let item = unsafe { self.groups.read(self.at, self.position & COUNT_MASK) };
        self.advance(control, 1);
        Some(item)
    }

    /// Takes the oldest items into the front of `items`; returns how many there were.
    #[inline]
    pub(crate) fn pop_slice(&mut self, control: &Control, items: &mut [T]) -> usize {
        let mut taken = 0;
        while taken < items.len() && (self.position != self.ready || self.look(control)) {
            let now = (items.len() - taken).min((self.ready - self.position) as usize);
            // SAFETY: as in `pop`, for the `now` items up to `ready`.
            unsafe { self.groups.read_many(self.at, self.position & COUNT_MASK, &mut items[taken..taken + now]) };
            self.advance(control, now as u64);
            taken += now;
        }
        taken
    }

    #[inline(always)]
    fn advance(&mut self, control: &Control, items: u64) {
        self.position += items;
        control.position.store(self.position, Ordering::Relaxed);
    }

    /// Whether there is an item, found out by reading the header again when those announced have all been taken.
    #[inline(never)]
    pub(crate) fn look(&mut self, control: &Control) -> bool {
        if self.position != self.ready {
            return true;
        }
        if self.position & COUNT_MASK == G::PER_GROUP {
            let group = (self.position >> COUNT_BITS).wrapping_add(1);
            self.position = group << COUNT_BITS;
            self.ready = self.position;
            self.at = self.groups.at(group);
            if group.wrapping_sub(self.announced) >= self.stride {
                self.announce(control);
            }
        }
        let group = self.position >> COUNT_BITS;
        // Acquire: pairs with the release of the header; what it announces is there.
        let header = self.groups.header(self.at).load(Ordering::Acquire);
        if header & !COUNT_MASK == empty(group) {
            self.ready = (self.position & !COUNT_MASK) | (header & COUNT_MASK).min(G::PER_GROUP).max(self.position & COUNT_MASK);
        }
        if self.position == self.ready && self.announced != group {
            self.announce(control);
        }
        self.position != self.ready
    }

    fn announce(&mut self, control: &Control) {
        self.announced = self.position >> COUNT_BITS;
        // Release: the items of the groups before it have been read.
        control.head.store(self.announced, Ordering::Release);
        control.space.notify();
    }
}

/// Items present, as far as shared words tell: exact when both sides rest. At most `groups` headers are read.
#[cfg(not(wasm_engine_loom))]
pub(crate) fn depth<'a>(control: &Control, groups: u64, per_group: u64, header: impl Fn(u64) -> &'a AtomicU64) -> u64 {
    let position = control.position.load(Ordering::Acquire);
    let (mut group, mut taken) = (position >> COUNT_BITS, position & COUNT_MASK);
    if taken >= per_group {
        // All of it was taken, so the sender may have put a later group in its place.
        (group, taken) = (group.wrapping_add(1), 0);
    }
    let mut present = 0;
    for _ in 0..groups {
        let header = header(group).load(Ordering::Acquire);
        if header & !COUNT_MASK != empty(group) {
            break;
        }
        present += (header & COUNT_MASK).min(per_group);
        group = group.wrapping_add(1);
    }
    present.saturating_sub(taken)
}

/// Header of a group that has nothing yet.
#[inline(always)]
fn empty(group: u64) -> u64 {
    group.wrapping_add(1) << COUNT_BITS
}

#[inline(always)]
fn full(group: u64, per_group: u64) -> u64 {
    empty(group) | per_group
}
