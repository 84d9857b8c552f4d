//! The handles of a triple buffer: one writer, one reader, any number of observers.

use crate::claim::{Claim, ClaimError, Side};
use crate::limits::OBSERVE_ATTEMPTS;
use crate::primitives::{Ordering, spin_loop};
use crate::protocol::triple::{Control, Observation, SLOTS, State};
use crate::region::{BufferId, BufferInfo, Entry, Inner, Region};
use crate::wait::{Spin, wait_for};
use core::slice;
use std::{sync::Arc, time::Duration};
use thiserror::Error;

/// Where a buffer lies in this process. What it points to lives as long as the claim or region kept beside it.
#[derive(Clone, Copy)]
struct Place {
    control: *const Control,
    /// Where each slot begins, counted from 1 as in the control word. A spoiled word may name slot 0, which is slot 1 once more, so nothing leads out of the buffer.
    slots: [*mut u8; SLOTS + 1],
    bytes: usize,
}

impl Place {
    fn new(region: &Inner, entry: &Entry) -> Self {
        let slots = [0, 0, 1, 2].map(|slot| region.at(entry.data + slot * entry.stride));
        Place { control: region.triple(entry), slots, bytes: entry.bytes }
    }

    #[inline(always)]
    fn control(&self) -> &Control {
        // SAFETY: `control` came from a reference into a mapping that the claim or region beside this value keeps alive.
        unsafe { &*self.control }
    }

    #[inline(always)]
    fn slot(&self, slot: usize) -> *mut u8 {
        self.slots[slot & SLOTS]
    }
}

/// Number of a slot as the world counts them, from 0.
fn from_zero(slot: usize) -> usize {
    slot.saturating_sub(1)
}

/// The one that fills a buffer. Dropping it frees the side for another.
pub struct Writer {
    place: Place,
    /// After the last publish. Only the writer's slot and the generation are certain to be true still.
    state: State,
    rest: Box<Rest>,
}

/// What a handle seldom needs. Apart from it, so that the compiler can keep the handle itself in registers.
struct Rest {
    claim: Claim,
    info: BufferInfo,
    spin: Spin,
}

/// The one that owns the front of a buffer. Dropping it frees the side for another.
pub struct Reader {
    place: Place,
    /// After the last acquire. Only the reader's slot is certain to be true still, and the generation of what is in it, which is 0 before the first.
    state: State,
    rest: Box<Rest>,
}

/// Someone who looks at a buffer without taking anything, also through a read-only mapping.
#[derive(Clone)]
pub struct Observer {
    place: Place,
    _region: Arc<Inner>,
    info: BufferInfo,
}

// SAFETY: the pointers lead into a mapping without ties to a thread; the claim makes this the only writer of its slot.
unsafe impl Send for Writer {}
// SAFETY: through a shared reference only atomics and the slot last published are read, which becomes the writer's again only through `publish`, which takes `&mut`.
unsafe impl Sync for Writer {}
// SAFETY: as for the writer, with the reader's slot.
unsafe impl Send for Reader {}
// SAFETY: through a shared reference only atomics and the reader's own slot are read, which changes hands only through `&mut`.
unsafe impl Sync for Reader {}
// SAFETY: an observer only makes racy reads of its own and keeps nothing.
unsafe impl Send for Observer {}
// SAFETY: as above.
unsafe impl Sync for Observer {}

impl Region {
    /// Claims the writing side of a buffer.
    ///
    /// # Errors
    /// When the side is taken, the buffer unknown or the region read-only.
    pub fn writer(&self, id: BufferId) -> Result<Writer, ClaimError> {
        let (place, rest) = self.side(id, Side::Writing)?;
        let state = place.control().join_writing();
        Ok(Writer { place, state, rest })
    }

    /// Claims the reading side of a buffer.
    ///
    /// # Errors
    /// As [`Region::writer`].
    pub fn reader(&self, id: BufferId) -> Result<Reader, ClaimError> {
        let (place, rest) = self.side(id, Side::Reading)?;
        let state = place.control().join_reading().without_generation();
        Ok(Reader { place, state, rest })
    }

    /// Looks at a buffer from aside. Any number may.
    ///
    /// # Errors
    /// When the region has no such buffer.
    pub fn observer(&self, id: BufferId) -> Result<Observer, ClaimError> {
        let place = Place::new(&self.inner, self.inner.buffer_entry(id)?);
        let info = self.buffer_info(id).ok_or(ClaimError::UnknownBuffer)?;
        Ok(Observer { place, _region: Arc::clone(&self.inner), info })
    }

    fn side(&self, id: BufferId, side: Side) -> Result<(Place, Box<Rest>), ClaimError> {
        let place = Place::new(&self.inner, self.inner.buffer_entry(id)?);
        let info = self.buffer_info(id).ok_or(ClaimError::UnknownBuffer)?;
        Ok((place, Box::new(Rest { claim: self.inner.claim(id.0 as usize, side)?, info, spin: Spin::new() })))
    }
}

impl Writer {
    /// The slot being written. What is in it when it comes is some earlier content.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the slot lies in the mapping that the claim keeps alive, `bytes` long. The control word gives it to the writer, the claim
        // makes this the only writer, and `&mut self` ends the borrow before the slot is handed over.
        unsafe { slice::from_raw_parts_mut(self.place.slot(self.state.writer()), self.place.bytes) }
    }

    /// Number of the slot being written, 0 to 2.
    #[inline]
    pub fn write_slot(&self) -> usize {
        from_zero(self.state.writer())
    }

    /// Number of the slot last published, 0 to 2. It is not written before the publish after the next one begins.
    #[inline]
    pub fn latest_slot(&self) -> usize {
        from_zero(self.place.control().state().latest())
    }

    /// Content last published, read by who works in step with the writer. With nothing published it is zeros, or what a predecessor left.
    #[inline]
    pub fn latest_bytes(&self) -> &[u8] {
        // SAFETY: the slot lies in the mapping as for `bytes_mut`. The slot last published is never the writer's, and becomes so only through
        // `publish`, which takes `&mut self`.
        unsafe { slice::from_raw_parts(self.place.slot(self.place.control().state().latest()), self.place.bytes) }
    }

    /// Fills the slot being written with the content last published, for who changes a part of it. It costs a copy of the content.
    pub fn carry_over(&mut self) {
        let latest = self.place.slot(self.place.control().state().latest());
        // SAFETY: both slots lie in the mapping, `bytes` long. The first is not written while it is the last one published, the second is the writer's alone;
        // a spoiled word may name one slot for both, which `copy` allows.
        unsafe { self.place.slot(self.state.writer()).copy_from(latest, self.place.bytes) }
    }

    /// Generation of the content last published; 0 before the first.
    #[inline]
    pub fn generation(&self) -> u64 {
        self.state.generation()
    }

    /// Hands the slot over as the newest content and returns its generation. Never waits; what the reader has not taken by now is passed over.
    #[inline]
    pub fn publish(&mut self) -> u64 {
        let control = self.place.control();
        self.state = control.publish();
        control.event.notify();
        self.state.generation()
    }

    /// What the directory says about the buffer.
    pub fn info(&self) -> &BufferInfo {
        &self.rest.info
    }

    /// The region that the buffer is in.
    pub fn region(&self) -> Region {
        Region { inner: Arc::clone(self.rest.claim.region()) }
    }
}

impl Reader {
    /// Takes the newest content; false when there is none newer than what is held. Never waits.
    #[inline]
    pub fn acquire(&mut self) -> bool {
        let Some(state) = self.place.control().acquire() else { return false };
        self.state = state;
        true
    }

    /// Waits until there is something newer and takes it; false when `timeout` is over.
    pub fn wait(&mut self, timeout: Option<Duration>) -> bool {
        let unsure = self.rest.claim.region().unsure().load(Ordering::Relaxed) != 0;
        let place = self.place;
        let newer = || place.control().state().fresh().then_some(());
        wait_for(&place.control().event, &mut self.rest.spin, timeout, unsure, newer).is_some() && self.acquire()
    }

    /// The content held. Before the first [`Reader::acquire`] it is zeros, or something that was written earlier.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the slot lies in the mapping that the claim keeps alive, `bytes` long. The control word gives it to the reader, the claim makes
        // this the only reader, and it goes back only through `acquire`, which takes `&mut self`.
        unsafe { slice::from_raw_parts(self.place.slot(self.state.reader()), self.place.bytes) }
    }

    /// Number of the slot held, 0 to 2.
    #[inline]
    pub fn front_slot(&self) -> usize {
        from_zero(self.state.reader())
    }

    /// Generation of the content held; 0 when nothing was taken yet.
    #[inline]
    pub fn generation(&self) -> u64 {
        self.state.generation()
    }

    /// Whether [`Reader::acquire`] would bring something newer.
    #[inline]
    pub fn has_fresh(&self) -> bool {
        self.place.control().state().fresh()
    }

    /// What the directory says about the buffer.
    pub fn info(&self) -> &BufferInfo {
        &self.rest.info
    }

    /// The region that the buffer is in.
    pub fn region(&self) -> Region {
        Region { inner: Arc::clone(self.rest.claim.region()) }
    }
}

/// An observer got nothing.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObserveError {
    /// No content was published yet.
    #[error("nothing has been published yet")]
    Nothing,
    /// The writer overwrote the content each time it was being copied.
    #[error("the content changed faster than it could be copied")]
    Contended,
}

impl ObserveError {
    /// A stable name for this kind of failure.
    pub fn code(&self) -> &'static str {
        match self {
            ObserveError::Nothing => "NOTHING_PUBLISHED",
            ObserveError::Contended => "OBSERVER_CONTENDED",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            ObserveError::Nothing => "try again after the writer's first publish".into(),
            ObserveError::Contended => "try again, or copy less".into(),
        })
    }
}

impl Observer {
    /// Generation of the content last published; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.place.control().state().generation()
    }

    /// Copies the beginning of the newest content into `out` (all of it, if `out` is long enough) and returns its generation. What was overwritten
    /// meanwhile is thrown away and copied again.
    ///
    /// # Errors
    /// When nothing was published, or the writer is always faster.
    pub fn read_into(&self, out: &mut [u8]) -> Result<u64, ObserveError> {
        for _ in 0..OBSERVE_ATTEMPTS {
            match self.place.control().observe(|slot| self.copy_slot(slot, out)) {
                Observation::Of(generation) => return Ok(generation),
                Observation::Nothing => return Err(ObserveError::Nothing),
                Observation::Overtaken => spin_loop(),
            }
        }
        Err(ObserveError::Contended)
    }

    /// What the directory says about the buffer.
    pub fn info(&self) -> &BufferInfo {
        &self.info
    }

    fn copy_slot(&self, slot: usize, out: &mut [u8]) {
        let from = self.place.slot(slot);
        let len = out.len().min(self.place.bytes);
        for (index, chunk) in out[..len].chunks_mut(8).enumerate() {
            // SAFETY: slots begin at multiples of 64 KiB and their stride is one, so the whole last word lies in the slot, aligned. The writer may be
            // storing there: the read is volatile, any bytes are a valid word, and `read_into` throws away what raced.
            let word = unsafe { from.add(index * 8).cast::<u64>().read_volatile() };
            chunk.copy_from_slice(&word.to_ne_bytes()[..chunk.len()]);
        }
    }
}

impl core::fmt::Debug for Writer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Writer").field("buffer", &self.rest.info).field("generation", &self.generation()).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for Reader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reader").field("buffer", &self.rest.info).field("generation", &self.generation()).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for Observer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Observer").field("buffer", &self.info).finish_non_exhaustive()
    }
}
