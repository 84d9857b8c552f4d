//! Generational indices: an index that knows which item it meant, so that one kept too long is found out instead of reaching the item that took its place.

use bytemuck::{Pod, Zeroable};
use thiserror::Error;

/// Names one item of a table. Plain bytes: it may travel through buffers and lanes, and whoever resolves it trusts neither number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct GenIndex {
    /// Place in the table.
    pub index: u32,
    /// Generation of the item that was there; 0 names nothing.
    pub generation: u32,
}

/// What a batch writes where an index names nothing.
pub const NOT_RESOLVED: u32 = u32::MAX;

/// An index names nothing.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IndexError {
    /// The item is gone; its place may hold another.
    #[error("the item is of generation {found} now, not {asked}")]
    Stale {
        /// The generation of the index.
        asked: u32,
        /// The generation of the place.
        found: u32,
    },
    /// There is no such place.
    #[error("index {index} is beyond the {len} items of the table")]
    OutOfBounds {
        /// The index.
        index: u32,
        /// Places in the table.
        len: usize,
    },
}

impl IndexError {
    /// A stable name for this kind of failure.
    pub fn code(&self) -> &'static str {
        match self {
            IndexError::Stale { .. } => "INDEX_STALE",
            IndexError::OutOfBounds { .. } => "INDEX_OUT_OF_BOUNDS",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some("drop the index and look the item up again".into())
    }
}

/// Generations of a table that lies elsewhere, for instance in a buffer. Odd generations are of items, even ones of free places.
#[derive(Clone, Copy, Debug)]
pub struct GenView<'a> {
    generations: &'a [u32],
}

impl<'a> GenView<'a> {
    /// Sees `generations` as a table. Places beyond `u32::MAX - 1` cannot be named.
    pub fn new(generations: &'a [u32]) -> Self {
        let len = generations.len().min(NOT_RESOLVED as usize);
        GenView { generations: &generations[..len] }
    }

    /// The place that `index` names.
    ///
    /// # Errors
    /// When there is no such place, or the item in it is another one.
    #[inline]
    pub fn resolve(self, index: GenIndex) -> Result<usize, IndexError> {
        let place = index.index as usize;
        match self.generations.get(place) {
            Some(&found) if found == index.generation && found & 1 == 1 => Ok(place),
            Some(&found) => Err(IndexError::Stale { asked: index.generation, found }),
            None => Err(IndexError::OutOfBounds { index: index.index, len: self.generations.len() }),
        }
    }

    /// Resolves as many indices as both slices hold: `places` gets the place of each, or [`NOT_RESOLVED`]. Returns how many were resolved. There is no branch per
    /// index, so the compiler can use vector instructions.
    pub fn resolve_batch(self, indices: &[GenIndex], places: &mut [u32]) -> usize {
        let Some(last) = self.generations.len().checked_sub(1) else {
            let len = indices.len().min(places.len());
            places[..len].fill(NOT_RESOLVED);
            return 0;
        };
        let last = last as u32;
        let mut resolved = 0_u32;
        for (index, place) in indices.iter().zip(places) {
            let inside = index.index.min(last);
            // SAFETY: `inside` is at most `last`, the last place of the slice.
            let found = unsafe { *self.generations.get_unchecked(inside as usize) };
            // All ones when the index names the item there, else zero: an index that was beyond the end differs from `inside`.
            let same = (index.index ^ inside) | (index.generation ^ found);
            let good = u32::from(same == 0) & found & 1;
            *place = inside | good.wrapping_sub(1);
            resolved += good;
        }
        resolved as usize
    }
}

/// Hands out places, and with them indices that go stale when the place is freed.
#[derive(Clone, Debug, Default)]
pub struct GenTable {
    generations: Vec<u32>,
    free: Vec<u32>,
}

impl GenTable {
    /// A table with `capacity` free places, lowest first; it never grows beyond them.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.min(NOT_RESOLVED as usize);
        GenTable { generations: vec![0; capacity], free: (0..capacity as u32).rev().collect() }
    }

    /// Takes a free place; none when all are taken.
    pub fn insert(&mut self) -> Option<GenIndex> {
        let index = self.free.pop()?;
        let generation = &mut self.generations[index as usize];
        *generation += 1;
        Some(GenIndex { index, generation: *generation })
    }

    /// Frees a place: the index, and every copy of it, is stale from now on.
    ///
    /// # Errors
    /// When it does not name an item.
    pub fn remove(&mut self, index: GenIndex) -> Result<usize, IndexError> {
        let place = self.resolve(index)?;
        // A place that has been through all generations is retired: an old index must never come true again.
        if let Some(next) = self.generations[place].checked_add(1) {
            self.generations[place] = next;
            self.free.push(index.index);
        } else {
            self.generations[place] = 0;
        }
        Ok(place)
    }

    /// The place that `index` names.
    ///
    /// # Errors
    /// As [`GenView::resolve`].
    #[inline]
    pub fn resolve(&self, index: GenIndex) -> Result<usize, IndexError> {
        self.view().resolve(index)
    }

    /// As [`GenView::resolve_batch`].
    pub fn resolve_batch(&self, indices: &[GenIndex], places: &mut [u32]) -> usize {
        self.view().resolve_batch(indices, places)
    }

    /// The generations, to be checked against or copied into a buffer.
    #[inline]
    pub fn view(&self) -> GenView<'_> {
        GenView::new(&self.generations)
    }

    /// The generations as they lie.
    pub fn generations(&self) -> &[u32] {
        &self.generations
    }

    /// Places taken.
    pub fn len(&self) -> usize {
        self.generations.iter().filter(|generation| **generation & 1 == 1).count()
    }

    /// Whether no place is taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_freed_place_makes_its_index_stale() {
        let mut table = GenTable::new(2);
        let first = table.insert().expect("two places");
        assert_eq!(table.resolve(first), Ok(0));
        assert_eq!(table.remove(first), Ok(0));
        let second = table.insert().expect("a place came free");
        assert_eq!(second.index, first.index);
        assert_eq!(table.resolve(first), Err(IndexError::Stale { asked: 1, found: 3 }));
        assert_eq!(table.resolve(second), Ok(0));
        let beyond = GenIndex { index: 2, generation: 1 };
        assert_eq!(table.resolve(beyond), Err(IndexError::OutOfBounds { index: 2, len: 2 }));
        assert!(table.resolve(GenIndex::default()).is_err(), "generation 0 names nothing");
    }

    #[test]
    fn a_worn_out_place_is_retired() {
        let mut table = GenTable { generations: vec![u32::MAX - 1], free: vec![0] };
        let last = table.insert().expect("one place");
        assert_eq!(table.remove(last), Ok(0));
        assert_eq!(table.insert(), None);
        assert!(table.resolve(last).is_err());
    }

    #[test]
    fn an_empty_table_resolves_nothing() {
        let mut places = [7; 2];
        assert_eq!(GenView::new(&[]).resolve_batch(&[GenIndex { index: 0, generation: 1 }; 2], &mut places), 0);
        assert_eq!(places, [NOT_RESOLVED; 2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_batch_agrees_with_the_scalar(
            generations in prop::collection::vec(0_u32..6, 0..40),
            asked in prop::collection::vec((0_u32..50, 0_u32..6), 0..200),
        ) {
            let view = GenView::new(&generations);
            let indices: Vec<_> = asked.iter().map(|&(index, generation)| GenIndex { index, generation }).collect();
            let mut places = vec![0; indices.len()];
            let resolved = view.resolve_batch(&indices, &mut places);
            let expected: Vec<_> = indices.iter().map(|&index| view.resolve(index).map_or(NOT_RESOLVED, |place| place as u32)).collect();
            prop_assert_eq!(resolved, expected.iter().filter(|place| **place != NOT_RESOLVED).count());
            prop_assert_eq!(places, expected);
        }
    }
}
