//! The newest items of a sequence, numbered from its beginning.

use std::collections::VecDeque;

/// Keeps the newest `KEPT` items and counts all.
pub(super) struct History<T, const KEPT: usize> {
    items: VecDeque<T>,
    total: u64,
}

impl<T, const KEPT: usize> Default for History<T, KEPT> {
    fn default() -> Self {
        Self { items: VecDeque::with_capacity(KEPT), total: 0 }
    }
}

impl<T: Clone, const KEPT: usize> History<T, KEPT> {
    /// Items there have ever been; a client that has been sent all of them is here.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Adds an item; the oldest goes when there is no room.
    pub(super) fn push(&mut self, item: T) {
        if self.items.len() == KEPT {
            self.items.pop_front();
        }
        self.items.push_back(item);
        self.total += 1;
    }

    /// Adds items; `false` when there are none.
    pub(super) fn extend(&mut self, items: Vec<T>) -> bool {
        let some = !items.is_empty();
        items.into_iter().for_each(|item| self.push(item));
        some
    }

    /// Everything that is kept.
    pub(super) fn all(&self) -> Vec<T> {
        self.items.iter().cloned().collect()
    }

    /// The items after the first `seen`, which moves on, and how many of them are no longer kept.
    pub(super) fn since(&self, seen: &mut u64) -> (Vec<T>, u64) {
        let fresh = self.total - std::mem::replace(seen, self.total);
        let kept = fresh.min(self.items.len() as u64);
        let from = self.items.len() - kept as usize;
        (self.items.range(from..).cloned().collect(), fresh - kept)
    }
}
