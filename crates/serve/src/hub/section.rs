//! A part of the state that is replaced as a whole.

use std::sync::Arc;

use crate::limits;

/// The newest value, and how often there has been another one.
#[derive(Default)]
pub(super) struct Section<T> {
    value: Arc<T>,
    version: u64,
}

impl<T: PartialEq> Section<T> {
    /// Takes over a value; `false` when there is none or it is the same.
    pub(super) fn replace(&mut self, value: Option<T>) -> bool {
        let Some(value) = value.filter(|value| *value != *self.value) else { return false };
        self.value = Arc::new(value);
        self.version += 1;
        true
    }

    /// The value.
    pub(super) fn value(&self) -> Arc<T> {
        self.value.clone()
    }

    /// The value, if it is another one than at `seen`, which moves on.
    pub(super) fn since(&self, seen: &mut u64) -> Option<Arc<T>> {
        (std::mem::replace(seen, self.version) != self.version).then(|| self.value.clone())
    }

    /// Where a client is that has been sent the value.
    pub(super) fn version(&self) -> u64 {
        self.version
    }
}

impl<T: PartialEq> Section<Vec<T>> {
    /// As [`Section::replace`], for a list that is cut at its limit.
    pub(super) fn replace_list(&mut self, mut value: Option<Vec<T>>) -> bool {
        if let Some(list) = &mut value {
            list.truncate(limits::SECTION_ITEMS);
        }
        self.replace(value)
    }
}
