//! What the page wants of the window around it, on its way to whoever has the window.

use std::sync::{Mutex, OnceLock, PoisonError};

use wasm_engine_page::Wish;

/// What the page wants of the window around it, as far as it has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wishes {
    /// How the pointer is to look: a CSS name.
    pub cursor: Option<&'static str>,
    /// Where text is written now, if it is: x, y, width, height in pixels. Input methods show their candidates beside it.
    pub caret: Option<Option<[i32; 4]>>,
}

/// Of each wish the newest waits here until the window's thread takes it.
#[derive(Default)]
pub(crate) struct WishBox {
    wishes: Mutex<Wishes>,
    bell: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl WishBox {
    /// Has `bell` called whenever something waits where nothing did, on the page's thread; it must not block. Only the first one is kept.
    pub(crate) fn on_wish(&self, bell: impl Fn() + Send + Sync + 'static) {
        let bell = self.bell.get_or_init(|| Box::new(bell));
        // For what was wished before.
        bell();
    }

    pub(crate) fn put(&self, wish: Wish) {
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = *wishes == Wishes::default();
        match wish {
            Wish::Cursor(name) => wishes.cursor = Some(name),
            Wish::Caret(area) => wishes.caret = Some(area),
        }
        drop(wishes);
        if let (true, Some(bell)) = (was_empty, self.bell.get()) {
            bell();
        }
    }

    /// What is wished since this was last asked.
    pub(crate) fn take(&self) -> Wishes {
        std::mem::take(&mut *self.wishes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_wish_rings_until_it_is_taken_and_a_caret_is_taken_back() {
        let wishes = WishBox::default();
        wishes.put(Wish::Cursor("text"));
        let rung = Arc::new(AtomicU32::new(0));
        let bell = rung.clone();
        wishes.on_wish(move || {
            bell.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(rung.load(Ordering::Relaxed), 1, "one has waited");
        wishes.put(Wish::Caret(Some([1, 2, 3, 4])));
        wishes.put(Wish::Cursor("pointer"));
        assert_eq!(rung.load(Ordering::Relaxed), 1, "nobody has come yet");
        assert_eq!(wishes.take(), Wishes { cursor: Some("pointer"), caret: Some(Some([1, 2, 3, 4])) });
        assert_eq!(wishes.take(), Wishes::default());
        wishes.put(Wish::Caret(None));
        assert_eq!(rung.load(Ordering::Relaxed), 2);
        assert_eq!(wishes.take(), Wishes { cursor: None, caret: Some(None) });
    }
}
