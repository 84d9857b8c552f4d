//! What Servo tells us and asks us.
//!
//! Every wish that would leave the app is refused here, and every question answered with the safe answer, at once: a question
//! that waits for a person would hold up the page's script.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use servo::{
    ConsoleLogLevel, CreateNewWebViewRequest, Cursor, EmbedderControl, EmbedderControlId, InputEventId, InputEventResult, LoadStatus,
    NavigationRequest, PermissionRequest, ServoDelegate, ServoError, WebView, WebViewDelegate,
};
use url::{Origin, Url};

use crate::event::{ConsoleLevel, PageEvent, Wish, cut};
use crate::limits::FIRST_FRAME_HELD;
use crate::page::Shared;

/// The answers for the document.
pub(super) struct Delegate {
    shared: Arc<Shared>,
    origin: Origin,
    frame_ready: Cell<bool>,
    first_frame: Cell<FirstFrame>,
    text_field: Cell<Option<EmbedderControlId>>,
    /// The name of the cursor that was told last.
    cursor: Cell<&'static str>,
    /// What is shown is Servo's, in the place of a page that crashed.
    crashed: Cell<bool>,
}

/// How far the first frame is that is worth showing. What Servo has to paint before it is empty; to paint that gets OpenGL ready, but to compose it would delay what follows.
#[derive(Clone, Copy, PartialEq)]
enum FirstFrame {
    /// The document's head was not read yet.
    Empty,
    /// It was, but not all of the document. That is not waited for any longer than until then.
    Later(Instant),
    /// The document is there, and in the next frame. That is not waited for any longer than until then.
    Next(Instant),
    /// Whatever is painted is shown.
    Due,
}

impl Delegate {
    pub(super) fn new(shared: &Arc<Shared>, origin: Origin) -> Self {
        Self {
            shared: Arc::clone(shared),
            origin,
            frame_ready: Cell::new(false),
            first_frame: Cell::new(FirstFrame::Empty),
            text_field: Cell::new(None),
            cursor: Cell::new("default"),
            crashed: Cell::new(false),
        }
    }

    /// Whether the page has crashed since it was begun.
    pub(super) fn has_crashed(&self) -> bool {
        self.crashed.get()
    }

    /// A new view takes the place of the one there was, which says nothing any more.
    pub(super) fn begin_anew(&self) {
        self.crashed.set(false);
        self.tell_cursor(Cursor::Default);
        if self.text_field.take().is_some() {
            self.shared.wish(Wish::Caret(None));
        }
    }

    /// Tells how the page is and what it says. Servo's page in the place of one that crashed is well, which would say the opposite.
    pub(super) fn tell_state(&self, event: PageEvent) {
        if !self.has_crashed() {
            self.shared.tell(event);
        }
    }

    /// Whether there is something to paint.
    pub(super) fn is_frame_ready(&self) -> bool {
        self.frame_ready.get()
    }

    /// Whether a frame has nothing in it yet.
    pub(super) fn is_empty(&self) -> bool {
        self.first_frame.get() == FirstFrame::Empty
    }

    /// Whether what is painted is worth showing.
    pub(super) fn is_worth_showing(&self) -> bool {
        match self.first_frame.get() {
            FirstFrame::Empty => false,
            FirstFrame::Later(until) | FirstFrame::Next(until) => Instant::now() >= until,
            FirstFrame::Due => true,
        }
    }

    /// Until when what is painted is held back.
    pub(super) fn held_until(&self) -> Option<Instant> {
        match self.first_frame.get() {
            FirstFrame::Later(until) | FirstFrame::Next(until) => Some(until),
            FirstFrame::Empty | FirstFrame::Due => None,
        }
    }

    fn tell_cursor(&self, cursor: Cursor) {
        let name = css_name(cursor);
        if self.cursor.replace(name) != name {
            self.shared.wish(Wish::Cursor(name));
        }
    }

    /// Forgets that there is; Servo says it again if there is more.
    pub(super) fn take_frame_ready(&self) {
        self.frame_ready.set(false);
    }
}

/// A page stays on its origin; empty documents belong to whoever makes them.
fn may_navigate(origin: &Origin, url: &Url) -> bool {
    match url.scheme() {
        "about" => matches!(url.path(), "blank" | "srcdoc"),
        // An address of data that the page made itself has the page's origin.
        "http" | "blob" => url.origin() == *origin,
        _ => false,
    }
}

impl WebViewDelegate for Delegate {
    fn notify_new_frame_ready(&self, _: WebView) {
        self.frame_ready.set(true);
        if let FirstFrame::Next(_) = self.first_frame.get() {
            self.first_frame.set(FirstFrame::Due);
        }
    }

    fn notify_load_status_changed(&self, _: WebView, status: LoadStatus) {
        if status == LoadStatus::HeadParsed && self.first_frame.get() == FirstFrame::Empty {
            self.first_frame.set(FirstFrame::Later(Instant::now() + FIRST_FRAME_HELD));
        }
        if let (LoadStatus::Complete, FirstFrame::Later(until)) = (status, self.first_frame.get()) {
            self.first_frame.set(FirstFrame::Next(until));
        }
        if status == LoadStatus::Complete {
            self.tell_state(PageEvent::Loaded);
        }
    }

    fn notify_page_title_changed(&self, _: WebView, title: Option<String>) {
        self.tell_state(PageEvent::Title(cut(title.unwrap_or_default())));
    }

    fn notify_cursor_changed(&self, _: WebView, cursor: Cursor) {
        self.tell_cursor(cursor);
    }

    fn notify_input_event_handled(&self, webview: WebView, _: InputEventId, _: InputEventResult) {
        // Servo begins with the hand as its cursor, so it is silent when the pointer comes over a link first.
        self.tell_cursor(webview.cursor());
    }

    fn notify_crashed(&self, _: WebView, reason: String, _: Option<String>) {
        self.first_frame.set(FirstFrame::Due);
        self.crashed.set(true);
        self.shared.tell(PageEvent::Crashed { reason: cut(reason) });
    }

    fn show_console_message(&self, _: WebView, level: ConsoleLogLevel, text: String) {
        let level = match level {
            ConsoleLogLevel::Debug | ConsoleLogLevel::Trace => ConsoleLevel::Debug,
            ConsoleLogLevel::Log | ConsoleLogLevel::Info | ConsoleLogLevel::Dir => ConsoleLevel::Info,
            ConsoleLogLevel::Warn => ConsoleLevel::Warn,
            ConsoleLogLevel::Error => ConsoleLevel::Error,
        };
        self.tell_state(PageEvent::Console { level, text: cut(text) });
    }

    fn request_navigation(&self, _: WebView, request: NavigationRequest) {
        if may_navigate(&self.origin, &request.url) {
            request.allow();
        } else {
            self.shared.tell(PageEvent::NavigationDenied { url: cut(request.url.to_string()) });
            request.deny();
        }
    }

    fn request_create_new(&self, _: WebView, request: CreateNewWebViewRequest) {
        self.shared.tell(PageEvent::WindowDenied);
        // Dropping the request refuses it.
        drop(request);
    }

    fn request_permission(&self, _: WebView, request: PermissionRequest) {
        self.shared.tell(PageEvent::PermissionDenied { feature: format!("{:?}", request.feature()) });
        request.deny();
    }

    fn show_embedder_control(&self, _: WebView, control: EmbedderControl) {
        match control {
            EmbedderControl::InputMethod(field) => {
                let area = field.position();
                self.text_field.set(Some(field.id()));
                self.shared.wish(Wish::Caret(Some([area.min.x, area.min.y, area.width(), area.height()])));
            }
            EmbedderControl::SimpleDialog(dialog) => {
                self.shared.tell(PageEvent::Dialog(cut(dialog.message().to_owned())));
                // Dropping it answers: closed, no, cancelled.
                drop(dialog);
            }
            // Dropping these answers that nothing was chosen.
            EmbedderControl::SelectElement(_)
            | EmbedderControl::ColorPicker(_)
            | EmbedderControl::FilePicker(_)
            | EmbedderControl::ContextMenu(_) => {}
        }
    }

    fn hide_embedder_control(&self, _: WebView, id: EmbedderControlId) {
        if self.text_field.get() == Some(id) {
            self.text_field.set(None);
            self.shared.wish(Wish::Caret(None));
        }
    }
}

/// Hears when Servo as a whole is lost.
pub(super) struct Watchdog {
    shared: Arc<Shared>,
    told: Cell<bool>,
}

impl Watchdog {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), told: Cell::new(false) }
    }
}

impl ServoDelegate for Watchdog {
    fn notify_error(&self, error: ServoError) {
        // Servo repeats a lost connection in every turn of its loop.
        if matches!(error, ServoError::LostConnectionWithBackend) && !self.told.replace(true) {
            self.shared.tell(PageEvent::Crashed { reason: "Servo's main thread is gone".to_owned() });
        }
    }
}

/// CSS' name of a cursor.
fn css_name(cursor: Cursor) -> &'static str {
    match cursor {
        Cursor::None => "none",
        Cursor::Default => "default",
        Cursor::Pointer => "pointer",
        Cursor::ContextMenu => "context-menu",
        Cursor::Help => "help",
        Cursor::Progress => "progress",
        Cursor::Wait => "wait",
        Cursor::Cell => "cell",
        Cursor::Crosshair => "crosshair",
        Cursor::Text => "text",
        Cursor::VerticalText => "vertical-text",
        Cursor::Alias => "alias",
        Cursor::Copy => "copy",
        Cursor::Move => "move",
        Cursor::NoDrop => "no-drop",
        Cursor::NotAllowed => "not-allowed",
        Cursor::Grab => "grab",
        Cursor::Grabbing => "grabbing",
        Cursor::EResize => "e-resize",
        Cursor::NResize => "n-resize",
        Cursor::NeResize => "ne-resize",
        Cursor::NwResize => "nw-resize",
        Cursor::SResize => "s-resize",
        Cursor::SeResize => "se-resize",
        Cursor::SwResize => "sw-resize",
        Cursor::WResize => "w-resize",
        Cursor::EwResize => "ew-resize",
        Cursor::NsResize => "ns-resize",
        Cursor::NeswResize => "nesw-resize",
        Cursor::NwseResize => "nwse-resize",
        Cursor::ColResize => "col-resize",
        Cursor::RowResize => "row-resize",
        Cursor::AllScroll => "all-scroll",
        Cursor::ZoomIn => "zoom-in",
        Cursor::ZoomOut => "zoom-out",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_stays_on_its_origin() {
        let home = Url::parse("http://127.0.0.1:4000/").expect("an address");
        let allowed = |url: &str| may_navigate(&home.origin(), &Url::parse(url).expect(url));
        for url in ["http://127.0.0.1:4000/other?x#y", "about:blank", "about:srcdoc", "blob:http://127.0.0.1:4000/0-1"] {
            assert!(allowed(url), "{url}");
        }
        for url in [
            "http://127.0.0.1:4001/",
            "https://127.0.0.1:4000/",
            "http://localhost:4000/",
            "http://example.org/",
            "file:///etc/passwd",
            "data:text/html,x",
            "blob:http://example.org/0-1",
            "about:memory",
            "javascript:0",
        ] {
            assert!(!allowed(url), "{url}");
        }
    }
}
