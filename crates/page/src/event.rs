//! What the page tells the engine, other than through `window.engine`.

/// How much a console message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsoleLevel {
    /// `console.debug`, `console.trace`.
    Debug,
    /// `console.log`, `console.info`, `console.dir`.
    Info,
    /// `console.warn`.
    Warn,
    /// `console.error`, and errors that nobody caught.
    Error,
}

/// What happened on the page. Texts are cut to [`MAX_EVENT_TEXT_BYTES`](crate::limits::MAX_EVENT_TEXT_BYTES).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PageEvent {
    /// The document and all it needs have loaded.
    Loaded,
    /// The document's title changed.
    Title(String),
    /// The page wrote to its console, or threw an error that nobody caught.
    Console {
        /// How much it matters.
        level: ConsoleLevel,
        /// What it wrote.
        text: String,
    },
    /// The page's script died of a fault in Servo. Servo shows a page of its own that says so, until [`Page::reload`](crate::Page::reload); of that page nothing is told.
    Crashed {
        /// What Servo said.
        reason: String,
    },
    /// The page wanted to go to another origin, and may not.
    NavigationDenied {
        /// Where it wanted to go.
        url: String,
    },
    /// The page wanted to open a window, and may not.
    WindowDenied,
    /// The page asked for a right (camera, location, notifications, …) that pages do not have.
    PermissionDenied {
        /// The right, in Servo's words.
        feature: String,
    },
    /// The page's script has been silent for [`UNRESPONSIVE_AFTER`](crate::limits::UNRESPONSIVE_AFTER). The last frame stays.
    Unresponsive,
    /// The page's script answers again.
    Responsive,
    /// The page called `alert`, `confirm` or `prompt`. It was answered with the safe answer: closed, no, cancelled.
    Dialog(String),
    /// The page said more than was listened to: so much of it was left out here.
    LeftOut(u64),
}

impl PageEvent {
    /// Whether it says how the page is: of several the newest counts, and it is never left out.
    pub(crate) fn is_state(&self) -> bool {
        matches!(self, Self::Loaded | Self::Title(_) | Self::Crashed { .. } | Self::Unresponsive | Self::Responsive)
    }
}

/// What the page wants of the window around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The pointer should look different: the name that CSS has for it, such as `pointer` or `text`; `none` hides it.
    Cursor(&'static str),
    /// A field that takes text got the focus (`Some`) or lost it (`None`). An input method belongs beside the rectangle: x, y,
    /// width, height in device pixels.
    Caret(Option<[i32; 4]>),
}

/// Cuts `text` to the limit, at a character.
pub(crate) fn cut(mut text: String) -> String {
    if text.len() > crate::limits::MAX_EVENT_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(crate::limits::MAX_EVENT_TEXT_BYTES));
    }
    text
}
