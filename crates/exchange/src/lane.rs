//! Lanes: bounded queues of items of one size, in order, none lost.
//!
//! A lane has one sender and one receiver; several producers get a ring each and share one doorbell ([`MergedReceiver`]). An item is visible to the receiver as soon as
//! it is pushed. What to do when a lane is full is the sender's choice: [`Sender::push`] gives the item back, [`Sender::send`] waits.

mod merged;
mod slots;
#[cfg(test)]
mod tests;

pub use merged::{MergedReceiver, merged};
pub(crate) use slots::Shape;

use crate::claim::{Claim, ClaimError, Side};
use crate::limits::{ITEM_ALIGN_MAX, ITEM_BYTES_MAX, LANE_CAPACITY_MAX};
use crate::primitives::Ordering;
use crate::protocol::{
    event::Event,
    ring::{self, Control, Head, Tail},
};
use crate::region::{Entry, Inner, Region};
use crate::sys::{Heap, register_barrier};
use crate::wait::{Spin, wait_for};
use bytemuck::Pod;
use slots::InMemory;
use std::{sync::Arc, time::Duration};
use thiserror::Error;

/// The lane is full; here is the item back.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("the lane is full")]
pub struct Full<T>(pub T);

impl<T> Full<T> {
    /// A stable name for this kind of failure.
    pub fn code(&self) -> &'static str {
        "LANE_FULL"
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some("the receiver is slower than the sender: wait, drop or merge items, or give the lane more capacity".into())
    }
}

/// What keeps the memory of a ring, and its side of it.
enum Keep {
    Region(#[expect(dead_code, reason = "holding it is its use")] Claim, Arc<Inner>),
    Own {
        #[expect(dead_code, reason = "holding it is its use")]
        heap: Arc<Heap>,
        unsure: bool,
    },
}

impl Keep {
    /// Whether some process that takes part cannot be reached by barriers.
    fn unsure(&self) -> bool {
        match self {
            Keep::Region(_, region) => region.unsure().load(Ordering::Relaxed) != 0,
            Keep::Own { unsure, .. } => *unsure,
        }
    }
}

/// What an end seldom needs. Apart from it, so that the compiler can keep the end itself in registers.
struct Rest {
    keep: Keep,
    spin: Spin,
}

impl Rest {
    fn new(keep: Keep) -> Box<Self> {
        Box::new(Rest { keep, spin: Spin::new() })
    }
}

/// Where the words of a ring lie in this process. What they point to lives as long as the [`Keep`] beside them.
#[derive(Clone, Copy)]
struct Words {
    control: *const Control,
    doorbell: *const Event,
}

impl Words {
    #[inline(always)]
    fn control<'a>(self) -> &'a Control {
        // SAFETY: made from a reference into memory that the `Keep` beside this value keeps alive; the handles below never let the result out.
        unsafe { &*self.control }
    }

    #[inline(always)]
    fn doorbell<'a>(self) -> &'a Event {
        // SAFETY: as above.
        unsafe { &*self.doorbell }
    }
}

/// The sending end of a ring.
pub struct Sender<T: Pod> {
    tail: Tail<T, InMemory<T>>,
    words: Words,
    rest: Box<Rest>,
}

/// The receiving end of a ring. If its process is killed, the next one goes on where it was; only what the very call that was under way had taken may come again.
pub struct Receiver<T: Pod> {
    head: Head<T, InMemory<T>>,
    words: Words,
    rest: Box<Rest>,
}

// SAFETY: the pointers lead into memory without ties to a thread, the claim makes this the only sender, and items are plain bytes.
unsafe impl<T: Pod> Send for Sender<T> {}
// SAFETY: as above, for the receiver.
unsafe impl<T: Pod> Send for Receiver<T> {}

impl<T: Pod> Sender<T> {
    /// Appends an item and wakes the receiver if it sleeps. Never waits.
    ///
    /// # Errors
    /// Gives the item back when the lane is full.
    #[inline]
    pub fn push(&mut self, item: T) -> Result<(), Full<T>> {
        self.tail.push(self.words.control(), item).map_err(Full)?;
        self.words.doorbell().notify();
        Ok(())
    }

    /// Appends items from the front of `items` and wakes the receiver once if it sleeps. Returns how many found space. Never waits.
    #[inline]
    pub fn push_slice(&mut self, items: &[T]) -> usize {
        let pushed = self.tail.push_slice(self.words.control(), items);
        self.words.doorbell().notify();
        pushed
    }

    /// Appends an item, waiting for space if there is none.
    pub fn send(&mut self, item: T) {
        // Without a timeout there is always a result.
        let _ = self.send_timeout(item, None);
    }

    /// Appends an item, waiting for space for at most `timeout`.
    ///
    /// # Errors
    /// Gives the item back when there was no space in time.
    #[inline]
    pub fn send_timeout(&mut self, item: T, timeout: Option<Duration>) -> Result<(), Full<T>> {
        match self.push(item) {
            Ok(()) => Ok(()),
            Err(Full(item)) => self.wait_and_push(item, timeout),
        }
    }

    #[cold]
    fn wait_and_push(&mut self, item: T, timeout: Option<Duration>) -> Result<(), Full<T>> {
        let (tail, control, rest) = (&mut self.tail, self.words.control(), &mut *self.rest);
        let space = wait_for(&control.space, &mut rest.spin, timeout, rest.keep.unsure(), || tail.has_space(control).then_some(()));
        if space.is_none() {
            return Err(Full(item));
        }
        self.push(item)
    }

    /// Whether a push would find space.
    pub fn has_space(&mut self) -> bool {
        self.tail.has_space(self.words.control())
    }
}

impl<T: Pod> Receiver<T> {
    /// Takes the oldest item, if there is one. Never waits.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.head.pop(self.words.control())
    }

    /// Takes the oldest items into the front of `items`; returns how many there were. Never waits.
    #[inline]
    pub fn pop_slice(&mut self, items: &mut [T]) -> usize {
        self.head.pop_slice(self.words.control(), items)
    }

    /// Takes the oldest item, waiting until there is one.
    #[inline]
    pub fn recv(&mut self) -> T {
        loop {
            if let Some(item) = self.recv_timeout(None) {
                return item;
            }
        }
    }

    /// Takes the oldest item, waiting for at most `timeout`.
    #[inline]
    pub fn recv_timeout(&mut self, timeout: Option<Duration>) -> Option<T> {
        match self.pop() {
            Some(item) => Some(item),
            None => self.wait_and_pop(timeout),
        }
    }

    #[cold]
    fn wait_and_pop(&mut self, timeout: Option<Duration>) -> Option<T> {
        let (head, control, rest) = (&mut self.head, self.words.control(), &mut *self.rest);
        wait_for(self.words.doorbell(), &mut rest.spin, timeout, rest.keep.unsure(), || head.pop(control))
    }

    /// Whether there is nothing to take.
    pub fn is_empty(&mut self) -> bool {
        !self.head.has_item(self.words.control())
    }
}

/// A lane within this process that holds at least `capacity` items.
///
/// # Panics
/// When `capacity` is 0 or above [`LANE_CAPACITY_MAX`], or there is no memory for it.
pub fn channel<T: Pod>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (mut senders, mut receivers) = rings(capacity, 1);
    let one = senders.pop().zip(receivers.pop());
    one.expect("one ring was asked for")
}

/// Rings on the heap that share the doorbell of the first.
fn rings<T: Pod>(capacity: usize, producers: usize) -> (Vec<Sender<T>>, Vec<Receiver<T>>) {
    const { check_item::<T>() };
    assert!((1..=LANE_CAPACITY_MAX).contains(&capacity), "a lane holds 1 to {LANE_CAPACITY_MAX} items");
    let len = ring::len_for(capacity as u64);
    let words_bytes = size_of::<Control>() + 128;
    let ring_bytes = (words_bytes + len as usize * Shape::of(size_of::<T>()).stride).next_multiple_of(128);
    let heap = Heap::new(ring_bytes * producers, 128).expect("memory for a lane");
    let (heap, unsure) = (Arc::new(heap), !register_barrier());
    let mut doorbell = core::ptr::null();
    (0..producers)
        .map(|producer| {
            let start = heap.base().wrapping_add(producer * ring_bytes);
            if producer == 0 {
                doorbell = start.wrapping_add(size_of::<Control>()).cast();
            }
            let words = Words { control: start.cast(), doorbell };
            // SAFETY: the items follow the words in the block, which is zeroed, long enough for all rings, and kept by both ends.
            let memory = || unsafe { InMemory::new(start.add(words_bytes), len) };
            let tail = Tail::resume(memory(), words.control());
            let head = Head::resume(memory(), words.control(), capacity as u64);
            let keep = || Keep::Own { heap: Arc::clone(&heap), unsure };
            (Sender { tail, words, rest: Rest::new(keep()) }, Receiver { head, words, rest: Rest::new(keep()) })
        })
        .unzip()
}

/// Holds for every type that can be an item.
const fn check_item<T>() {
    assert!(size_of::<T>() > 0 && size_of::<T>() <= ITEM_BYTES_MAX, "items have 1 to 4096 bytes");
    assert!(align_of::<T>() <= ITEM_ALIGN_MAX, "items are aligned to at most 8");
}

impl Region {
    /// Claims a sending end of a lane: the first that is free, when the lane has several producers.
    ///
    /// # Errors
    /// When all are taken, the lane is unknown or carries items of another size, or the region is read-only.
    pub fn lane_sender<T: Pod>(&self, name: &str) -> Result<Sender<T>, ClaimError> {
        let mut taken = ClaimError::UnknownLane { name: name.to_owned() };
        for (index, entry) in self.inner.rings(name) {
            match self.inner.claim(index, Side::Writing) {
                Ok(claim) => {
                    let (words, memory) = place::<T>(&self.inner, entry)?;
                    let tail = Tail::resume(memory, words.control());
                    return Ok(Sender { tail, words, rest: Rest::new(Keep::Region(claim, Arc::clone(&self.inner))) });
                }
                Err(error @ ClaimError::Taken { .. }) => taken = error,
                Err(error) => return Err(error),
            }
        }
        Err(taken)
    }

    /// Claims the receiving end of a lane with one producer.
    ///
    /// # Errors
    /// As [`Region::lane_sender`], and when the lane has several producers.
    pub fn lane_receiver<T: Pod>(&self, name: &str) -> Result<Receiver<T>, ClaimError> {
        let producers = self.inner.rings(name).count();
        if producers > 1 {
            return Err(ClaimError::Merged { producers });
        }
        let mut receivers = self.receivers(name)?;
        receivers.pop().ok_or_else(|| ClaimError::UnknownLane { name: name.to_owned() })
    }

    fn receivers<T: Pod>(&self, name: &str) -> Result<Vec<Receiver<T>>, ClaimError> {
        self.inner
            .rings(name)
            .map(|(index, entry)| {
                let (words, memory) = place::<T>(&self.inner, entry)?;
                let claim = self.inner.claim(index, Side::Reading)?;
                let head = Head::resume(memory, words.control(), entry.capacity as u64);
                Ok(Receiver { head, words, rest: Rest::new(Keep::Region(claim, Arc::clone(&self.inner))) })
            })
            .collect()
    }
}

/// Where a ring of a region lies, once it is known to carry `T`.
fn place<T: Pod>(region: &Inner, entry: &Entry) -> Result<(Words, InMemory<T>), ClaimError> {
    const { check_item::<T>() };
    if entry.bytes != size_of::<T>() {
        return Err(ClaimError::ItemType { item_bytes: entry.bytes, asked: size_of::<T>() });
    }
    let words = Words { control: region.ring(entry), doorbell: region.doorbell(entry) };
    // SAFETY: the entry was checked: `count` items of this shape lie there in the mapping, aligned to 64, and the caller keeps the region.
    Ok((words, unsafe { InMemory::new(region.at(entry.data), entry.count as u64) }))
}

/// Items waiting in a ring of a region.
pub(crate) fn depth(region: &Inner, entry: &Entry) -> usize {
    // SAFETY: as in `place`; only stamps are read, and the shape is that of the entry.
    let stamps = unsafe { slots::Stamps::new(region.at(entry.data), entry.count as u64, Shape::of(entry.bytes)) };
    ring::depth(region.ring(entry), entry.count as u64, |number| stamps.stamp(number)) as usize
}

impl<T: Pod> core::fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sender")
    }
}

impl<T: Pod> core::fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Receiver")
    }
}
