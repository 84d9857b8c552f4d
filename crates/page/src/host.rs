//! The page's thread: Servo, its document, and the way of the frames out.
//!
//! Everything of Servo and OpenGL lives here and never leaves. The loop sleeps in the [`Mailbox`](crate::mailbox::Mailbox) until
//! Servo, a command, a free slot or a deadline wakes it; then it does what is due, in a fixed order.

mod context;
mod crash;
mod delegate;
mod heartbeat;
mod output;
mod pacer;
mod preferences;
mod upload;
mod value;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use dpi::PhysicalSize;
use euclid::Scale;
use servo::{EventLoopWaker, Servo, ServoBuilder, UserContentManager, UserScript, WebView, WebViewBuilder};
use url::Url;
use wasm_engine_gpu::Gpu;
use wasm_engine_gpu::import::gl::GlContext;
use wasm_engine_telemetry::{Counter, Track, now_nanos};

use crate::error::PageError;
use crate::event::{PageEvent, cut};
use crate::frame::FramePath;
use crate::input::PageInput;
use crate::mailbox::{Batch, Command, Resize};
use crate::page::{Pixels, Shared};
use context::SharedFrameContext;
use delegate::{Delegate, Watchdog};
use heartbeat::Heartbeat;
use output::{Output, Stamp};
use pacer::Pacer;

/// Servo's layout recurses on the thread that calls it.
const STACK_BYTES: usize = 8 << 20;

/// What the thread is started with.
pub(crate) struct Setup {
    pub(crate) shared: Arc<Shared>,
    pub(crate) gpu: Arc<Gpu>,
    pub(crate) url: Url,
    pub(crate) size: (u32, u32),
    pub(crate) scale: f32,
    pub(crate) transparent: bool,
    pub(crate) user_script: String,
    pub(crate) frame_path: FramePath,
}

/// Why the thread has no page.
pub(crate) struct Failure {
    pub(crate) error: PageError,
    /// Servo cannot be set up again in this process.
    pub(crate) servo_was_set_up: bool,
}

impl<E: Into<PageError>> From<E> for Failure {
    /// For everything that happens before Servo is touched.
    fn from(error: E) -> Self {
        Self { error: error.into(), servo_was_set_up: false }
    }
}

/// Starts the thread and waits until the page is there, at most `timeout`.
pub(crate) fn start(setup: Setup, timeout: Duration) -> Result<(), Failure> {
    let (sender, receiver) = sync_channel(1);
    let shared = Arc::clone(&setup.shared);
    let mine = Arc::clone(&shared);
    std::thread::Builder::new().name("page".to_owned()).stack_size(STACK_BYTES).spawn(move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(setup, &sender))) {
            mine.tell(PageEvent::Crashed { reason: cut(format!("the page's thread panicked: {}", panic_text(&*panic))) });
        }
        mine.mailbox.end();
    })?;
    let late = |text: &str| Failure { error: PageError::Start(text.to_owned()), servo_was_set_up: true };
    match receiver.recv_timeout(timeout) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Disconnected) => Err(late("its thread panicked")),
        Err(RecvTimeoutError::Timeout) => {
            shared.mailbox.shut_down();
            Err(late("it took too long"))
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "unknown reason".to_owned())
}

fn run(setup: Setup, sender: &SyncSender<Result<(), Failure>>) {
    let host = match Host::new(setup) {
        Ok(host) => host,
        Err(failure) => {
            // The receiver may have given up waiting.
            let _ = sender.send(Err(failure));
            return;
        }
    };
    if sender.send(Ok(())).is_ok() {
        host.run();
    }
}

/// Wakes the page's thread when Servo wants to be spun.
struct Waker(Arc<Shared>);

impl EventLoopWaker for Waker {
    fn clone_box(&self) -> Box<dyn EventLoopWaker> {
        Box::new(Self(Arc::clone(&self.0)))
    }

    fn wake(&self) {
        self.0.mailbox.wake();
    }
}

/// The page. The fields are dropped in this order, which Servo needs: it ends when the last handle of it goes, and paints until
/// then.
struct Host {
    webview: WebView,
    _content: Rc<UserContentManager>,
    delegate: Rc<Delegate>,
    servo: Servo,
    output: Output,
    context: Rc<SharedFrameContext>,
    pacer: Rc<Pacer>,
    heartbeat: Heartbeat,
    scale: f32,
    shared: Arc<Shared>,
}

impl Host {
    fn new(setup: Setup) -> Result<Self, Failure> {
        let gl = GlContext::open(&setup.gpu.info)?;
        let pacer = Rc::new(Pacer::new());
        let context = Rc::new(SharedFrameContext::new(&gl, setup.size, &pacer, &setup.shared)?);
        let output = Output::new(&setup.gpu, &gl, &setup.shared, setup.frame_path, setup.size)?;
        // Servo's network code asks for a provider and does not bring one. If the process has one already, that one serves.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let servo = ServoBuilder::default()
            .opts(preferences::options())
            .preferences(preferences::preferences(setup.transparent))
            .event_loop_waker(Box::new(Waker(Arc::clone(&setup.shared))))
            .build();
        crash::report_to(&servo);
        servo.set_delegate(Rc::new(Watchdog::new(&setup.shared)));
        let content = Rc::new(UserContentManager::new(&servo));
        if !setup.user_script.is_empty() {
            content.add_script(Rc::new(UserScript::new(setup.user_script, None)));
        }
        let delegate = Rc::new(Delegate::new(&setup.shared, setup.url.origin()));
        let webview = WebViewBuilder::new(&servo, context.clone())
            .url(setup.url)
            .hidpi_scale_factor(Scale::new(setup.scale))
            .delegate(delegate.clone())
            .user_content_manager(content.clone())
            .build();
        Ok(Self {
            webview,
            _content: content,
            delegate,
            servo,
            output,
            context,
            pacer,
            heartbeat: Heartbeat::new(Instant::now()),
            scale: setup.scale,
            shared: setup.shared,
        })
    }

    fn run(mut self) {
        loop {
            let batch = self.shared.mailbox.wait(self.deadline());
            if batch.shutdown {
                return;
            }
            self.obey(batch);
            self.pacer.tick(Instant::now());
            self.servo.spin_event_loop();
            self.paint();
            self.output.deliver();
            self.heartbeat.tick(Instant::now(), &self.webview, &self.shared);
        }
    }

    fn deadline(&self) -> Instant {
        if self.output.is_pending() {
            // The wait is in `deliver` then, for the fence.
            return Instant::now();
        }
        let beat = self.heartbeat.deadline();
        self.pacer.deadline().map_or(beat, |due| due.min(beat))
    }

    fn obey(&mut self, batch: Batch) {
        if let Some(resize) = batch.resize {
            self.resize(resize);
        }
        for command in batch.commands {
            match command {
                Command::Input(PageInput::Focus(focused)) => self.webview.set_focused(focused),
                Command::Input(input) => {
                    if let Some(event) = input.to_servo() {
                        self.webview.notify_input_event(event);
                    }
                }
                Command::Evaluate(script, reply) => {
                    self.webview.evaluate_javascript(script, move |result| reply(value::to_json(result)));
                }
                Command::ReadPixels(reply) => reply(self.read_pixels()),
                Command::FrameRate(rate) => self.pacer.set_rate(rate),
                Command::Reload => self.reload(),
            }
        }
    }

    /// Loads the document anew. Not by Servo's own reload: what it shows for a page that crashed is sandboxed, and that would be inherited.
    fn reload(&self) {
        match self.webview.url() {
            Some(url) => self.webview.load(url),
            None => self.webview.reload(),
        }
    }

    fn resize(&mut self, resize: Resize) {
        if resize.scale.to_bits() != self.scale.to_bits() {
            self.scale = resize.scale;
            self.webview.set_hidpi_scale_factor(Scale::new(resize.scale));
        }
        // Through the document, never the context first: Servo compares with the context's size to see whether it changed.
        self.webview.resize(PhysicalSize::new(resize.size.0, resize.size.1));
    }

    /// Paints if Servo has something new and somebody can take it. If no slot is free the new things wait, and several of them
    /// become one frame: the page falls behind instead of piling up.
    fn paint(&mut self) {
        let size = self.context.frame_size();
        if !self.delegate.is_frame_ready() || !self.output.can_take(size) {
            return;
        }
        self.delegate.take_frame_ready();
        let telemetry = self.shared.telemetry.clone();
        let started = now_nanos();
        {
            let _zone = telemetry.span("page.paint", Track::Page);
            self.webview.paint();
        }
        telemetry.add(Counter::PageFrames, 1);
        let _zone = telemetry.span("page.submit", Track::Page);
        let stamp = Stamp { started, scale: self.scale };
        self.context.with_frame(|frame| self.output.submit(frame, stamp));
    }

    fn read_pixels(&self) -> Option<Pixels> {
        self.shared.telemetry.add(Counter::ReadBacks, 1);
        self.context.with_frame(|frame| {
            let mut rgba = Vec::new();
            let size = frame.size();
            frame.read((0, 0), size, &mut rgba).then_some(Pixels { size, rgba })
        })
    }
}
