//! Numbers of processors, and sets of them.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::limits::MAX_CPUS;

/// The operating system's number of one processor (a hardware thread).
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CoreId(pub u32);

impl fmt::Display for CoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A set of processors. Reads and prints like the kernel's lists: `0-2,8`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CoreSet {
    /// Sorted, each once.
    ids: Vec<CoreId>,
}

impl CoreSet {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// None at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether `id` is one of them.
    #[must_use]
    pub fn contains(&self, id: CoreId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    /// All of them, lowest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = CoreId> + ExactSizeIterator + '_ {
        self.ids.iter().copied()
    }

    /// The lowest.
    #[must_use]
    pub fn first(&self) -> Option<CoreId> {
        self.ids.first().copied()
    }

    /// Those in both.
    #[must_use]
    pub fn intersection(&self, other: &CoreSet) -> CoreSet {
        self.iter().filter(|id| other.contains(*id)).collect()
    }

    /// Those in either.
    #[must_use]
    pub fn union(&self, other: &CoreSet) -> CoreSet {
        self.iter().chain(other.iter()).collect()
    }

    /// Whether none is in both.
    #[must_use]
    pub fn is_disjoint(&self, other: &CoreSet) -> bool {
        self.iter().all(|id| !other.contains(id))
    }

    /// Whether `other` has all of them.
    #[must_use]
    pub fn is_subset(&self, other: &CoreSet) -> bool {
        self.iter().all(|id| other.contains(id))
    }
}

impl FromIterator<CoreId> for CoreSet {
    fn from_iter<I: IntoIterator<Item = CoreId>>(ids: I) -> Self {
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        CoreSet { ids }
    }
}

impl From<CoreId> for CoreSet {
    fn from(id: CoreId) -> Self {
        CoreSet { ids: vec![id] }
    }
}

impl fmt::Display for CoreSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.pad("none");
        }
        let runs = self.ids.chunk_by(|one, next| one.0 + 1 == next.0);
        let spelled = runs.map(|run| match run {
            [one] => one.to_string(),
            run => format!("{}-{}", run[0], run[run.len() - 1]),
        });
        f.pad(&spelled.collect::<Vec<_>>().join(","))
    }
}

/// A list that is not a list of processors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{part}` is no processor number or range below {MAX_CPUS}")]
pub struct CoreSetError {
    part: String,
}

impl CoreSetError {
    /// Stable name of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "CORE_LIST"
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some("write numbers and ranges, separated by commas: 0-3,8".to_owned())
    }
}

impl FromStr for CoreSet {
    type Err = CoreSetError;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let mut ids = Vec::new();
        for part in list.trim().split(',').filter(|part| !part.is_empty()) {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.trim().parse::<u32>().ok().filter(|number| *number < MAX_CPUS);
            match (number(from), number(to)) {
                (Some(from), Some(to)) if from <= to => ids.extend((from..=to).map(CoreId)),
                _ => {
                    // What comes from a file may be long.
                    let part = part.chars().take(40).collect();
                    return Err(CoreSetError { part });
                }
            }
        }
        Ok(ids.into_iter().collect())
    }
}

impl Serialize for CoreSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_read_like_the_kernel_writes_them() {
        let ids = |list: &str| list.parse::<CoreSet>().map(|set| set.iter().map(|id| id.0).collect::<Vec<_>>());
        assert_eq!(ids("0-2,8\n"), Ok(vec![0, 1, 2, 8]));
        assert_eq!(ids("\n"), Ok(vec![]));
        assert_eq!(ids("5,1,5"), Ok(vec![1, 5]));
        for bad in ["a", "1-", "-1", "3-1", "0-4294967295", "99999999999999", "1--2", "0-3:1/2"] {
            let error = ids(bad).unwrap_err();
            assert_eq!(error.code(), "CORE_LIST");
            assert!(error.to_string().contains(bad), "{error}");
        }
        assert_eq!(CoreSet::default().to_string(), "none");
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(ids in prop::collection::vec(0u32..MAX_CPUS, 0..60)) {
            let set: CoreSet = ids.iter().copied().map(CoreId).collect();
            let list = if set.is_empty() { String::new() } else { set.to_string() };
            prop_assert_eq!(list.parse::<CoreSet>().unwrap(), set);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let _ = text.parse::<CoreSet>();
        }
    }
}
