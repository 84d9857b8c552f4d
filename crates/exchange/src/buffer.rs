//! The handles of a triple buffer: one writer, one reader, any number of observers.

use crate::claim::{Claim, ClaimError, Side};
use crate::limits::OBSERVE_ATTEMPTS;
use crate::primitives::{Ordering, spin_loop};
use crate::protocol::{
    event::Event,
    triple::{Control, Observation},
};
use crate::region::{BufferId, BufferInfo, Entry, Inner, Region};
use crate::wait::{Spin, wait_for};
use core::slice;
use std::{sync::Arc, time::Duration};
use thiserror::Error;

/// Where a buffer lies in this process. What it points to lives as long as the claim or region kept beside it.
#[derive(Clone, Copy)]
struct Place {
    control: *const Control,
    /// On the line of the control word, which the writer has in hand anyway when it notifies.
    event: *const Event,
    base: *mut u8,
    /// Where each slot begins. A spoiled control word can name a fourth slot; it is the first once more, so no index leaves the buffer.
    offsets: [usize; 4],
    bytes: usize,
}

impl Place {
    fn new(region: &Inner, entry: &Entry) -> Self {
        let offsets = [0, entry.stride, 2 * entry.stride, 0];
        Place { control: region.triple(entry), event: region.buffer_event(entry), base: region.at(entry.data), offsets, bytes: entry.bytes }
    }

    #[inline(always)]
    fn control(&self) -> &Control {
        // SAFETY: `control` came from a reference into a mapping that the claim or region beside this value keeps alive.
        unsafe { &*self.control }
    }

    #[inline(always)]
    fn event(&self) -> &Event {
        // SAFETY: as for `control`.
        unsafe { &*self.event }
    }

    #[inline(always)]
    fn slot(&self, slot: usize) -> *mut u8 {
        self.base.wrapping_add(self.offsets[slot & 3])
    }
}

/// The one that fills a buffer. Dropping it frees the side for another.
pub struct Writer {
    place: Place,
    slot: usize,
    claim: Claim,
    info: BufferInfo,
}

/// The one that owns the front of a buffer. Dropping it frees the side for another.
pub struct Reader {
    place: Place,
    slot: usize,
    generation: u64,
    claim: Claim,
    info: BufferInfo,
    spin: Spin,
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
// SAFETY: through a shared reference only atomics are read.
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
        let (place, claim, info) = self.side(id, Side::Writing)?;
        let slot = place.control().repair().write();
        Ok(Writer { place, slot, claim, info })
    }

    /// Claims the reading side of a buffer.
    ///
    /// # Errors
    /// As [`Region::writer`].
    pub fn reader(&self, id: BufferId) -> Result<Reader, ClaimError> {
        let (place, claim, info) = self.side(id, Side::Reading)?;
        let slot = place.control().repair().front();
        Ok(Reader { place, slot, generation: 0, claim, info, spin: Spin::new() })
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

    fn side(&self, id: BufferId, side: Side) -> Result<(Place, Claim, BufferInfo), ClaimError> {
        let place = Place::new(&self.inner, self.inner.buffer_entry(id)?);
        let info = self.buffer_info(id).ok_or(ClaimError::UnknownBuffer)?;
        Ok((place, self.inner.claim(id.0 as usize, side)?, info))
    }
}

impl Writer {
    /// The slot being written. What is in it when it comes is some earlier content.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the slot lies in the mapping that the claim keeps alive, `bytes` long. The control word gives it to the writer, the claim
        // makes this the only writer, and `&mut self` ends the borrow before the slot is handed over.
        unsafe { slice::from_raw_parts_mut(self.place.slot(self.slot), self.place.bytes) }
    }

    /// Number of the slot being written, 0 to 2.
    #[inline]
    pub fn write_slot(&self) -> usize {
        self.slot % 3
    }

    /// Number of the slot last published, 0 to 2. It is not written before the publish after the next one begins.
    #[inline]
    pub fn latest_slot(&self) -> usize {
        self.place.control().state().latest() % 3
    }

    /// Content last published, read by who works in step with the writer. With nothing published it is zeros, or what a predecessor left.
    #[inline]
    pub fn latest_bytes(&self) -> &[u8] {
        // SAFETY: the slot lies in the mapping as for `bytes_mut`. The slot last published is never the writer's, and becomes so only through
        // `publish`, which takes `&mut self`.
        unsafe { slice::from_raw_parts(self.place.slot(self.place.control().state().latest()), self.place.bytes) }
    }

    /// Generation of the content last published; 0 before the first.
    #[inline]
    pub fn generation(&self) -> u64 {
        self.place.control().state().generation()
    }

    /// Hands the slot over as the newest content and returns its generation. Never waits; what the reader has not taken by now is passed over.
    #[inline]
    pub fn publish(&mut self) -> u64 {
        let state = self.place.control().publish();
        self.slot = state.write();
        self.place.event().notify();
        state.generation()
    }

    /// What the directory says about the buffer.
    pub fn info(&self) -> &BufferInfo {
        &self.info
    }

    /// The region that the buffer is in.
    pub fn region(&self) -> Region {
        Region { inner: Arc::clone(self.claim.region()) }
    }
}

impl Reader {
    /// Takes the newest content; false when there is none newer than what is held. Never waits.
    #[inline]
    pub fn acquire(&mut self) -> bool {
        let Some(state) = self.place.control().acquire(self.generation) else { return false };
        self.slot = state.front();
        self.generation = state.generation();
        true
    }

    /// Waits until there is something newer and takes it; false when `timeout` is over.
    pub fn wait(&mut self, timeout: Option<Duration>) -> bool {
        let unsure = self.claim.region().unsure().load(Ordering::Relaxed) != 0;
        let (place, generation) = (self.place, self.generation);
        let newer = || (place.control().state().generation() != generation).then_some(());
        wait_for(place.event(), &mut self.spin, timeout, unsure, newer).is_some() && self.acquire()
    }

    /// The content held. Before the first [`Reader::acquire`] it is zeros, or what a predecessor held.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the slot lies in the mapping that the claim keeps alive, `bytes` long. The control word gives it to the reader, the claim makes
        // this the only reader, and it goes back only through `acquire`, which takes `&mut self`.
        unsafe { slice::from_raw_parts(self.place.slot(self.slot), self.place.bytes) }
    }

    /// Number of the slot held, 0 to 2.
    #[inline]
    pub fn front_slot(&self) -> usize {
        self.slot % 3
    }

    /// Generation of the content held; 0 when nothing was taken yet.
    #[inline]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether [`Reader::acquire`] would bring something newer.
    #[inline]
    pub fn has_fresh(&self) -> bool {
        self.place.control().state().generation() != self.generation
    }

    /// What the directory says about the buffer.
    pub fn info(&self) -> &BufferInfo {
        &self.info
    }

    /// The region that the buffer is in.
    pub fn region(&self) -> Region {
        Region { inner: Arc::clone(self.claim.region()) }
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
        f.debug_struct("Writer").field("buffer", &self.info).field("generation", &self.generation()).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for Reader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reader").field("buffer", &self.info).field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for Observer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Observer").field("buffer", &self.info).finish_non_exhaustive()
    }
}
