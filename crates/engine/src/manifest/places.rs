//! Where each key and value of a manifest stands in the text.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One step on the way from the top of the document to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// Into a table.
    Key(&'a str),
    /// Into a list.
    Index(usize),
}

impl<'a> From<&'a str> for Step<'a> {
    fn from(key: &'a str) -> Self {
        Step::Key(key)
    }
}

impl From<usize> for Step<'_> {
    fn from(index: usize) -> Self {
        Step::Index(index)
    }
}

/// The way to a value: `at!["kernel", 2, "read", 0]`.
macro_rules! at {
    ($($step:expr),* $(,)?) => { &[$($crate::manifest::places::Step::from($step)),*][..] };
}
pub(super) use at;

/// The document with the place of each of its parts.
#[derive(Debug, Clone)]
pub(super) struct Places<'t> {
    root: Spanned<DeTable<'t>>,
    /// Places of the keys that could not be read.
    unread: Vec<Range<usize>>,
    /// Whether there may be buffers of any name that could not be read.
    pub(super) hides_buffers: bool,
}

impl<'t> Places<'t> {
    pub(super) fn new(root: Spanned<DeTable<'t>>, unread: Vec<Range<usize>>, hides_buffers: bool) -> Self {
        Self { root, unread, hides_buffers }
    }

    /// Whether one of these keys of a table is there and could not be read, so that nothing can be said of what hangs on it.
    pub(super) fn unread(&self, table: &[Step<'_>], keys: &[&str]) -> bool {
        keys.iter().any(|key| {
            let (key, _, is_there) = self.walk(&[table, &[Step::Key(key)]].concat());
            is_there && self.unread.contains(&key)
        })
    }

    /// Place of the value at the end of the way; where the way breaks off, of the last part that is there.
    pub(super) fn value(&self, way: &[Step<'_>]) -> Range<usize> {
        self.walk(way).1
    }

    /// Place of the key at the end of the way; of its value where the last step is into a list.
    pub(super) fn key(&self, way: &[Step<'_>]) -> Range<usize> {
        self.walk(way).0
    }

    /// Whether the manifest says anything there.
    pub(super) fn has(&self, way: &[Step<'_>]) -> bool {
        self.walk(way).2
    }

    fn walk(&self, way: &[Step<'_>]) -> (Range<usize>, Range<usize>, bool) {
        let mut key = 0..0;
        let mut span = 0..0;
        let mut node: Option<&DeValue<'t>> = None;
        for (depth, step) in way.iter().enumerate() {
            let table = if depth == 0 { Some(self.root.get_ref()) } else { node.and_then(DeValue::as_table) };
            let next = match step {
                Step::Key(name) => table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == name)).map(|(k, v)| (k.span(), v)),
                Step::Index(index) => node.and_then(DeValue::as_array).and_then(|list| list.get(*index)).map(|value| (value.span(), value)),
            };
            let Some((key_span, value)) = next else { return (key, span, false) };
            key = key_span;
            span = value.span();
            node = Some(value.get_ref());
        }
        (key, span, true)
    }
}
