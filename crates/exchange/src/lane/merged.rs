//! Several producers, one consumer: a ring for each producer, so that they never contend, and one doorbell for all.

use super::{Receiver, Sender, rings};
use crate::claim::ClaimError;
use crate::limits::PRODUCERS_MAX;
use crate::region::Region;
use crate::wait::{Spin, wait_for};
use bytemuck::Pod;
use std::time::Duration;

/// Receives from several senders. Items of one sender come in order; between senders it takes turns.
pub struct MergedReceiver<T: Pod> {
    receivers: Vec<Receiver<T>>,
    /// Whose turn it is.
    turn: usize,
    spin: Spin,
}

/// A lane within this process with `producers` senders, each with room for at least `capacity` items.
///
/// # Panics
/// When a number is 0 or above its limit, or there is no memory.
pub fn merged<T: Pod>(capacity: usize, producers: usize) -> (Vec<Sender<T>>, MergedReceiver<T>) {
    assert!((1..=PRODUCERS_MAX).contains(&producers), "a lane has 1 to {PRODUCERS_MAX} producers");
    let (senders, receivers) = rings(capacity, producers);
    (senders, MergedReceiver { receivers, turn: 0, spin: Spin::new() })
}

impl<T: Pod> MergedReceiver<T> {
    /// Takes the oldest item of the next sender that has one. Never waits.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        take(&mut self.receivers, &mut self.turn)
    }

    /// Takes items into the front of `items`, from each sender in turn all that it has; returns how many there were. Never waits.
    pub fn pop_slice(&mut self, items: &mut [T]) -> usize {
        let mut taken = 0;
        for _ in 0..self.receivers.len() {
            taken += self.receivers[self.turn].pop_slice(&mut items[taken..]);
            if taken == items.len() {
                break;
            }
            self.turn = (self.turn + 1) % self.receivers.len();
        }
        taken
    }

    /// Takes an item, waiting until there is one.
    pub fn recv(&mut self) -> T {
        loop {
            if let Some(item) = self.recv_timeout(None) {
                return item;
            }
        }
    }

    /// Takes an item, waiting for at most `timeout`.
    pub fn recv_timeout(&mut self, timeout: Option<Duration>) -> Option<T> {
        let first = self.receivers.first()?;
        let (doorbell, unsure) = (first.words.doorbell(), first.rest.keep.unsure());
        let (receivers, turn) = (&mut self.receivers, &mut self.turn);
        wait_for(doorbell, &mut self.spin, timeout, unsure, || take(receivers, turn))
    }
}

fn take<T: Pod>(receivers: &mut [Receiver<T>], turn: &mut usize) -> Option<T> {
    for _ in 0..receivers.len() {
        let now = *turn;
        *turn = if now + 1 == receivers.len() { 0 } else { now + 1 };
        if let Some(item) = receivers[now].pop() {
            return Some(item);
        }
    }
    None
}

impl Region {
    /// Claims the receiving ends of all producers of a lane.
    ///
    /// # Errors
    /// As [`Region::lane_sender`].
    pub fn merged_receiver<T: Pod>(&self, name: &str) -> Result<MergedReceiver<T>, ClaimError> {
        let receivers = self.receivers(name)?;
        if receivers.is_empty() {
            return Err(ClaimError::UnknownLane { name: name.to_owned() });
        }
        Ok(MergedReceiver { receivers, turn: 0, spin: Spin::new() })
    }
}

impl<T: Pod> core::fmt::Debug for MergedReceiver<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("MergedReceiver").field("producers", &self.receivers.len()).finish()
    }
}
