//! The ring under a lane: one sender, one receiver, items of one size, in order, none lost.
//!
//! Items lie in groups of one or a few cache lines. A group starts with a header that says which group it is in the endless sequence and how many of
//! its items are there, so an item and the news of it travel in one cache line, and an item is visible as soon as its header is stored: nothing is held back to be
//! published later, and so nothing can be stranded. The receiver reads a header once for all the items that it announces.
//!
//! ```text
//! mark: bits 0..8 items, bits 8..64 number of the group
//! ```
//!
//! A header is the mark behind the last item present; one of an earlier round is smaller than any mark of this round, and so says "nothing here".
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
const GROUP_ONE: u64 = 1 << COUNT_BITS;

/// The words of a ring, each on a line of its own. All-zero bytes are an empty ring.
#[repr(C)]
pub(crate) struct Control {
    /// Mark of the first group that the sender may not overwrite. Stored by the receiver, read by the sender when it has run out of space.
    pub(crate) head: Line<AtomicU64>,
    /// Mark behind the last item taken. Stored by the receiver alone; read by its successor and by who measures depth.
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
    /// Place of the group in hand, and its header as stored, or about to be.
    at: G::At,
    mark: u64,
    /// Mark of the first group that may not be used: the last `head` seen, a whole ring further.
    limit: u64,
}

/// The receiver's side.
pub(crate) struct Head<T, G: Groups<T>> {
    groups: G,
    /// Place of the group in hand.
    at: G::At,
    /// Behind the last item taken, and behind the last one known to be there; both in the group in hand.
    position: u64,
    ready: u64,
    /// Where the group in hand ends.
    end: u64,
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
        let mut mark = control.head.load(Ordering::Acquire) & !COUNT_MASK;
        let limit = mark.wrapping_add(groups.len() << COUNT_BITS);
        let header = |mark: u64| groups.header(groups.at(mark >> COUNT_BITS)).load(Ordering::Acquire);
        // Full groups after `head` are the work of a predecessor; the first that is not full is where it stopped.
        while header(mark) == mark + G::PER_GROUP && mark.wrapping_add(GROUP_ONE) != limit {
            mark = mark.wrapping_add(GROUP_ONE);
        }
        let seen = header(mark);
        let at = groups.at(mark >> COUNT_BITS);
        let is_begun = seen & !COUNT_MASK == mark && seen & COUNT_MASK <= G::PER_GROUP;
        Tail { at, mark: if is_begun { seen } else { mark }, limit, groups }
    }

    /// Appends an item; gives it back when the ring is full.
    #[inline(always)]
    pub(crate) fn push(&mut self, control: &Control, item: T) -> Result<(), T> {
        if self.mark & COUNT_MASK == G::PER_GROUP && !self.next_group(control) {
            return Err(item);
        }
        // SAFETY: the count is below `PER_GROUP`, and the item behind the mark is announced only below.
        unsafe { self.groups.write(self.at, self.mark & COUNT_MASK, item) };
        self.mark += 1;
        // Release: the item is there before the header that announces it.
        self.groups.header(self.at).store(self.mark, Ordering::Release);
        Ok(())
    }

    /// Appends from the front of `items`; returns how many found space.
    #[inline]
    pub(crate) fn push_slice(&mut self, control: &Control, items: &[T]) -> usize {
        let mut rest = items;
        while !rest.is_empty() {
            if self.mark & COUNT_MASK == G::PER_GROUP && !self.next_group(control) {
                break;
            }
            let count = self.mark & COUNT_MASK;
            let (now, later) = rest.split_at(rest.len().min((G::PER_GROUP - count) as usize));
            // SAFETY: `count + now.len()` is at most `PER_GROUP`, and none of these is announced before the store below.
            unsafe { self.groups.write_many(self.at, count, now) };
            self.mark += now.len() as u64;
            self.groups.header(self.at).store(self.mark, Ordering::Release);
            rest = later;
        }
        items.len() - rest.len()
    }

    /// Whether a push would find space.
    pub(crate) fn has_space(&mut self, control: &Control) -> bool {
        self.mark & COUNT_MASK != G::PER_GROUP || self.may_use(control, self.next_mark())
    }

    /// The empty group behind the one in hand, which is full.
    #[inline(always)]
    fn next_mark(&self) -> u64 {
        self.mark.wrapping_add(GROUP_ONE - G::PER_GROUP)
    }

    #[inline(always)]
    fn next_group(&mut self, control: &Control) -> bool {
        let next = self.next_mark();
        if !self.may_use(control, next) {
            return false;
        }
        self.at = self.groups.at(next >> COUNT_BITS);
        self.mark = next;
        true
    }

    #[inline(always)]
    fn may_use(&mut self, control: &Control, next: u64) -> bool {
        if next == self.limit {
            self.limit = newer_limit(control, self.groups.len() << COUNT_BITS, next);
        }
        next != self.limit
    }
}

/// How far the sender may go, now that it has come to `limit`. By value, so that the sender's state can stay in registers.
#[cold]
#[inline(never)]
fn newer_limit(control: &Control, ring: u64, limit: u64) -> u64 {
    // Acquire: the receiver has read the items of the groups before `head` before the sender overwrites them.
    let newer = (control.head.load(Ordering::Acquire) & !COUNT_MASK).wrapping_add(ring);
    // A peer that spoils `head` must not send the sender round without end: it is only ever let on by one round.
    if newer.wrapping_sub(limit) <= ring { newer } else { limit }
}

impl<T: Copy, G: Groups<T>> Head<T, G> {
    /// Takes up the receiving side where whoever had it before left it.
    pub(crate) fn resume(groups: G, control: &Control, capacity: u64) -> Self {
        let announced = control.head.load(Ordering::Acquire) & !COUNT_MASK;
        let stored = control.position.load(Ordering::Acquire);
        let in_ring = stored.wrapping_sub(announced) < groups.len() << COUNT_BITS && stored & COUNT_MASK <= G::PER_GROUP;
        // A predecessor may have announced a group and died before it took something from the one behind it.
        let position = if in_ring { stored } else { announced };
        let at = groups.at(position >> COUNT_BITS);
        let stride = announce_stride(capacity.div_ceil(G::PER_GROUP)) << COUNT_BITS;
        let end = (position & !COUNT_MASK) + G::PER_GROUP;
        Head { groups, at, position, ready: position, end, announced, stride, _items: core::marker::PhantomData }
    }

    /// Takes the oldest item.
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

    /// Whether there is an item.
    pub(crate) fn has_item(&mut self, control: &Control) -> bool {
        self.position != self.ready || self.look(control)
    }

    #[inline(always)]
    fn advance(&mut self, control: &Control, items: u64) {
        self.position += items;
        control.position.store(self.position, Ordering::Relaxed);
    }

    /// Reads the header of the group in hand, or of the next one when that is used up, after all items known to be there were taken.
    #[inline(always)]
    fn look(&mut self, control: &Control) -> bool {
        if self.position == self.end {
            self.position = self.end.wrapping_add(GROUP_ONE - G::PER_GROUP);
            self.ready = self.position;
            self.end = self.end.wrapping_add(GROUP_ONE);
            self.at = self.groups.at(self.position >> COUNT_BITS);
            if self.position.wrapping_sub(self.announced) >= self.stride {
                self.announced = self.position;
                announce(control, self.announced);
            }
        }
        // Acquire: pairs with the release of the header; what it announces is there.
        let header = self.groups.header(self.at).load(Ordering::Acquire);
        if header > self.position {
            // No honest header goes beyond the end; one that does leads to items that are not there yet, but not out of the group.
            self.ready = header.min(self.end);
            return true;
        }
        let behind = self.position & !COUNT_MASK;
        if behind != self.announced {
            self.announced = behind;
            announce(control, behind);
        }
        false
    }
}

/// Gives the groups before `mark` back to the sender.
#[inline(never)]
fn announce(control: &Control, mark: u64) {
    // Release: the items of those groups have been read.
    control.head.store(mark, Ordering::Release);
    control.space.notify();
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
        if header >> COUNT_BITS != group {
            break;
        }
        present += (header & COUNT_MASK).min(per_group);
        group = group.wrapping_add(1);
    }
    present.saturating_sub(taken)
}
