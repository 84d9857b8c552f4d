//! A fixed table that gives each name a small number, found again without a lock.

use std::sync::OnceLock;

/// Open-addressed table of names. A slot is written once and never changes, so reading it is one acquire load.
pub(crate) struct Names {
    slots: Box<[OnceLock<&'static str>]>,
}

impl Names {
    /// `capacity` must be a power of two.
    pub(crate) fn new(capacity: usize) -> Self {
        debug_assert!(capacity.is_power_of_two());
        Names { slots: (0..capacity).map(|_| OnceLock::new()).collect() }
    }

    /// The number of `name`, given now if it has none. `None` when the table is full.
    #[inline]
    pub(crate) fn number(&self, name: &'static str) -> Option<usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash(name) & mask;
        for _ in 0..self.slots.len() {
            let held = self.slots[at].get_or_init(|| name);
            // Equal strings may lie at several addresses (one per codegen unit); the content decides.
            if *held == name {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// The name with this number.
    pub(crate) fn name(&self, number: usize) -> Option<&'static str> {
        self.slots.get(number).and_then(OnceLock::get).copied()
    }
}

/// Mixes length, first and last eight bytes: names are short, and this must cost no more than a store or two.
#[inline]
fn hash(name: &str) -> usize {
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    let bytes = name.as_bytes();
    let word = |part: &[u8]| part.iter().fold(0u64, |word, byte| (word << 8) | u64::from(*byte));
    let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (word(bytes), 0),
    };
    let mixed = (first ^ last.rotate_left(29) ^ bytes.len() as u64).wrapping_mul(MIX);
    (mixed >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_share_a_number_and_a_full_table_says_so() {
        let names = Names::new(4);
        let numbers: Vec<_> = ["a", "compose.pass", "compose.pass2", "", "a"].iter().map(|name| names.number(name)).collect();
        assert_eq!(numbers[0], numbers[4]);
        assert!(numbers.iter().all(Option::is_some));
        assert_eq!(names.number("one too many"), None);
        for (name, number) in ["a", "compose.pass", "compose.pass2", ""].iter().zip(&numbers) {
            assert_eq!(number.and_then(|number| names.name(number)), Some(*name));
        }
        assert_eq!(names.name(99), None);
    }
}
