//! The handle of the page, usable from every thread.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use url::{Host, Url};
use wasm_engine_gpu::Coming;
use wasm_engine_telemetry::{Counter, Telemetry};

use crate::error::{CommandError, PageError, ScriptError};
use crate::event::{PageEvent, Wish};
use crate::events::Events;
use crate::frame::{FramePath, PageFrame};
use crate::host;
use crate::input::PageInput;
use crate::limits::{DROP_TIMEOUT, FRAME_RATES, MAX_FRAME_PIXELS, MAX_SCALE, MAX_SCRIPT_BYTES, MIN_SCALE, START_TIMEOUT};
use crate::mailbox::{Command, Mailbox, Resize};

/// Called on the page's thread whenever there is a new frame. It must not block.
pub type OnFrame = Arc<dyn Fn() + Send + Sync>;

/// Called on the page's thread with what the page wants of the window. It must not block.
pub type OnWish = Arc<dyn Fn(Wish) + Send + Sync>;

/// What a page is started with.
#[derive(Clone)]
pub struct PageOptions {
    /// The device that the frames are wanted on, which may still be on its way.
    pub gpu: Coming,
    /// Where the document is: an address of the loopback interface, over HTTP, so that the page has a secure origin.
    pub url: String,
    /// Width and height in device pixels. Zero counts as one.
    pub size: (u32, u32),
    /// Device pixels per CSS pixel.
    pub scale: f32,
    /// Whether what the document does not paint is transparent; white otherwise.
    pub transparent: bool,
    /// Script to run in every document before its own, such as the one that defines `window.engine`; may be empty.
    pub user_script: String,
    /// How the frames are handed over. [`FramePath::Shared`] fails where [`FramePath::Auto`] would go through the CPU.
    pub frame_path: FramePath,
    /// What the page's frames and copies are counted in.
    pub telemetry: Telemetry,
    /// Called when there is a new frame.
    pub on_frame: Option<OnFrame>,
    /// Called when the page wants something else of the window.
    pub on_wish: Option<OnWish>,
}

/// The page's pixels, read back to the CPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Width and height.
    pub size: (u32, u32),
    /// RGBA8, alpha premultiplied, first row on top, tightly packed.
    pub rgba: Vec<u8>,
}

/// What the page's thread and the handles share.
pub(crate) struct Shared {
    pub(crate) mailbox: Mailbox,
    pub(crate) telemetry: Telemetry,
    pub(crate) on_frame: Option<OnFrame>,
    on_wish: Option<OnWish>,
    latest: Mutex<Option<PageFrame>>,
    events: Mutex<Events>,
    path: Mutex<(FramePath, Option<String>)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Everything kept under these locks is replaced as a whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn tell(&self, event: PageEvent) {
        let is_taken = lock(&self.events).push(event);
        if !is_taken {
            self.telemetry.add(Counter::LaneRejects, 1);
        }
    }

    pub(crate) fn wish(&self, wish: Wish) {
        if let Some(on_wish) = &self.on_wish {
            on_wish(wish);
        }
    }

    pub(crate) fn publish(&self, frame: PageFrame) {
        let before = lock(&self.latest).replace(frame);
        // Dropped outside the lock: the last guard of a slot wakes this thread.
        drop(before);
        if let Some(on_frame) = &self.on_frame {
            on_frame();
        }
    }

    pub(crate) fn set_path(&self, path: FramePath, reason: Option<String>) {
        *lock(&self.path) = (path, reason);
    }
}

/// Servo can be set up once in the life of a process, and never again.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// A page that is about to run.
#[derive(Debug)]
pub struct Starting {
    page: Page,
    outcome: Receiver<host::Outcome>,
}

impl Starting {
    /// Waits until the page is there and its document is being loaded.
    ///
    /// # Errors
    /// Any [`PageError`]; no other page can take its place.
    pub fn wait(self) -> Result<Page, PageError> {
        let Self { mut page, outcome } = self;
        page.max_side = match outcome.recv_timeout(START_TIMEOUT) {
            Ok(outcome) => outcome?,
            Err(RecvTimeoutError::Disconnected) => return Err(PageError::Start("its thread panicked".to_owned())),
            Err(RecvTimeoutError::Timeout) => return Err(PageError::Start("it took too long".to_owned())),
        };
        Ok(page)
    }
}

/// A running page. Dropping it ends Servo, for good: no process can have a second page after its first.
pub struct Page {
    shared: Arc<Shared>,
    max_side: u32,
}

impl fmt::Debug for Page {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Page").field("frame_path", &self.frame_path()).finish_non_exhaustive()
    }
}

impl Page {
    /// Starts Servo on a thread of its own and loads the document: [`Page::begin`] and [`Starting::wait`] in one.
    ///
    /// # Errors
    /// As there.
    pub fn spawn(options: PageOptions) -> Result<Self, PageError> {
        Self::begin(options)?.wait()
    }

    /// Begins to start Servo on a thread of its own. It needs no device at first, so that the device can be opened meanwhile.
    ///
    /// # Errors
    /// [`PageError::AlreadyRunning`] if this process has had a page before, [`PageError::Url`] for an address that pages do not have, [`PageError::Thread`] if the system
    /// has no thread for it.
    pub fn begin(options: PageOptions) -> Result<Starting, PageError> {
        let url = check_url(&options.url)?;
        if TAKEN.swap(true, Ordering::AcqRel) {
            return Err(PageError::AlreadyRunning);
        }
        let shared = Arc::new(Shared {
            mailbox: Mailbox::default(),
            telemetry: options.telemetry,
            on_frame: options.on_frame,
            on_wish: options.on_wish,
            latest: Mutex::new(None),
            events: Mutex::default(),
            path: Mutex::new((options.frame_path, None)),
        });
        let outcome = host::start(host::Setup {
            shared: Arc::clone(&shared),
            gpu: options.gpu,
            url,
            size: options.size,
            scale: options.scale,
            transparent: options.transparent,
            user_script: options.user_script,
            frame_path: options.frame_path,
        })?;
        Ok(Starting { page: Self { shared, max_side: 0 }, outcome })
    }

    /// The newest frame; `None` before the first. The same one again if nothing was painted since.
    #[must_use]
    pub fn latest_frame(&self) -> Option<PageFrame> {
        lock(&self.shared.latest).clone()
    }

    /// The next thing that happened on the page, if one waits: how the page is first, then what it said.
    #[must_use]
    pub fn next_event(&self) -> Option<PageEvent> {
        lock(&self.shared.events).pop()
    }

    /// How frames are handed over, and why not through shared memory if they are not.
    #[must_use]
    pub fn frame_path(&self) -> (FramePath, Option<String>) {
        lock(&self.shared.path).clone()
    }

    /// Gives the page a new size in device pixels and a new scale. Zero counts as one. Of several, the page follows the newest;
    /// frames of the old size stay valid.
    ///
    /// # Errors
    /// [`CommandError::Limit`] if a frame of this size is too large, [`CommandError::Ended`] after the end.
    pub fn resize(&self, width: u32, height: u32, scale: f32) -> Result<(), CommandError> {
        let (size, scale) =
            check_size((width, height), scale, self.max_side).map_err(|_| CommandError::Limit("the page would be too large"))?;
        self.shared.mailbox.resize(Resize { size, scale })
    }

    /// Hands the page an input.
    ///
    /// # Errors
    /// [`CommandError::Limit`] if a point is no number or a text too long, [`CommandError::Busy`] if too much waits,
    /// [`CommandError::Ended`] after the end.
    pub fn input(&self, input: PageInput) -> Result<(), CommandError> {
        if !input.is_sound() {
            return Err(CommandError::Limit("a point that is no number, or too long a text"));
        }
        self.push(Command::Input(input))
    }

    /// Runs `script` in the page and gives its result to `reply`, on the page's thread. If the page ends first, `reply` is
    /// dropped without being called.
    ///
    /// # Errors
    /// [`CommandError::Limit`] if the script is too long, [`CommandError::Busy`] if too much waits, [`CommandError::Ended`]
    /// after the end.
    pub fn evaluate(
        &self,
        script: impl Into<String>,
        reply: impl FnOnce(Result<serde_json::Value, ScriptError>) + Send + 'static,
    ) -> Result<(), CommandError> {
        let script = script.into();
        if script.len() > MAX_SCRIPT_BYTES {
            return Err(CommandError::Limit("the script is too long"));
        }
        self.push(Command::Evaluate(script, Box::new(reply)))
    }

    /// Reads what is painted back to the CPU and gives it to `reply`, on the page's thread; `None` if that fails. For tests and
    /// diagnosis: it waits for OpenGL, and it is counted as a read-back.
    ///
    /// # Errors
    /// [`CommandError::Busy`] if too much waits, [`CommandError::Ended`] after the end.
    pub fn read_pixels(&self, reply: impl FnOnce(Option<Pixels>) + Send + 'static) -> Result<(), CommandError> {
        self.push(Command::ReadPixels(Box::new(reply)))
    }

    /// How often an animated page is painted, in frames per second; brought into [`FRAME_RATES`].
    ///
    /// # Errors
    /// [`CommandError::Limit`] if it is no number, [`CommandError::Busy`] if too much waits, [`CommandError::Ended`] after the
    /// end.
    pub fn set_frame_rate(&self, frames_per_second: f32) -> Result<(), CommandError> {
        if !frames_per_second.is_finite() {
            return Err(CommandError::Limit("the frame rate must be a number"));
        }
        self.push(Command::FrameRate(frames_per_second.clamp(*FRAME_RATES.start(), *FRAME_RATES.end())))
    }

    /// Loads the document again. A page that is silent or has crashed gets a new script; of those that are silent, the first [`MAX_HUNG_SCRIPTS`](crate::limits::MAX_HUNG_SCRIPTS).
    ///
    /// # Errors
    /// [`CommandError::Busy`] if too much waits, [`CommandError::Ended`] after the end.
    pub fn reload(&self) -> Result<(), CommandError> {
        self.push(Command::Reload)
    }

    /// Ends Servo and waits for it, at most `timeout`. False if it has not ended by then; its thread is then left alone, and the
    /// process can still end.
    pub fn shutdown(&self, timeout: Duration) -> bool {
        self.shared.mailbox.shut_down();
        let ended = self.shared.mailbox.wait_ended(timeout);
        if !ended {
            tracing::warn!("Servo did not end within {timeout:?}; its threads are left to the end of the process");
        }
        ended
    }

    fn push(&self, command: Command) -> Result<(), CommandError> {
        let pushed = self.shared.mailbox.push(command);
        if pushed == Err(CommandError::Busy) {
            self.shared.telemetry.add(Counter::LaneRejects, 1);
        }
        pushed
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.shutdown(DROP_TIMEOUT);
    }
}

/// A page needs a secure origin that is this machine: storage, WebGPU and the socket depend on it, and `file:` has none.
fn check_url(text: &str) -> Result<Url, PageError> {
    let refused = |reason: &str| PageError::Url { url: text.to_owned(), reason: reason.to_owned() };
    let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
    if url.scheme() != "http" {
        return Err(refused("it must be served over HTTP"));
    }
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if loopback { Ok(url) } else { Err(refused("it must be on this machine's loopback interface")) }
}

pub(crate) fn check_size(size: (u32, u32), scale: f32, max_side: u32) -> Result<((u32, u32), f32), PageError> {
    let (width, height) = (size.0.max(1), size.1.max(1));
    if width.max(height) > max_side || u64::from(width) * u64::from(height) > MAX_FRAME_PIXELS {
        return Err(PageError::TooLarge { width, height, max_side });
    }
    let scale = if scale.is_finite() { scale.clamp(MIN_SCALE, MAX_SCALE) } else { 1.0 };
    Ok(((width, height), scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_interface_has_pages() {
        for url in ["http://127.0.0.1:80/", "http://127.3.2.1/a/b?c#d", "http://localhost:1/", "http://[::1]:9/"] {
            assert!(check_url(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "x",
            "file:///etc/passwd",
            "data:text/html,x",
            "https://127.0.0.1/",
            "http://example.org/",
            "http://127.0.0.1.example.org/",
            "about:blank",
        ] {
            assert_eq!(check_url(url).expect_err(url).code(), "PAGE_URL");
        }
    }

    #[test]
    fn sizes_are_checked_before_anything_is_made() {
        assert_eq!(check_size((0, 0), 1.0, 16_384).ok(), Some(((1, 1), 1.0)));
        assert_eq!(check_size((16_384, 1), f32::NAN, 16_384).ok(), Some(((16_384, 1), 1.0)));
        assert_eq!(check_size((1, 1), 0.0, 16_384).ok(), Some(((1, 1), MIN_SCALE)));
        assert_eq!(check_size((1, 1), f32::INFINITY, 16_384).ok(), Some(((1, 1), 1.0)));
        for size in [(16_385, 1), (16_384, 16_384), (u32::MAX, u32::MAX)] {
            assert_eq!(check_size(size, 1.0, 16_384).expect_err("too large").code(), "PAGE_TOO_LARGE");
        }
    }
}
