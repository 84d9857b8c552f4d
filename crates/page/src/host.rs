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
mod resources;
mod tls;
mod upload;
mod value;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use dpi::PhysicalSize;
use euclid::Scale;
use servo::{EventLoopWaker, Servo, ServoBuilder, UserContentManager, UserScript, WebView, WebViewBuilder};
use url::Url;
use wasm_engine_gpu::Coming;
use wasm_engine_gpu::import::gl::GlContext;
use wasm_engine_telemetry::{Counter, Track, now_nanos};

use crate::error::PageError;
use crate::event::{PageEvent, cut};
use crate::frame::FramePath;
use crate::input::PageInput;
use crate::keys::Keys;
use crate::limits::MAX_HUNG_SCRIPTS;
use crate::mailbox::{Batch, Command, Resize};
use crate::page::{Pixels, Shared, check_size};
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
    pub(crate) gpu: Coming,
    pub(crate) url: Url,
    pub(crate) size: (u32, u32),
    pub(crate) scale: f32,
    pub(crate) transparent: bool,
    pub(crate) user_script: String,
    pub(crate) frame_path: FramePath,
}

/// The longest side that a frame may have, once there is a page; or why there is none.
pub(crate) type Outcome = Result<u32, PageError>;

/// Starts the thread, which tells when the page is there.
pub(crate) fn start(setup: Setup) -> std::io::Result<Receiver<Outcome>> {
    let (sender, receiver) = sync_channel(1);
    let shared = Arc::clone(&setup.shared);
    std::thread::Builder::new().name("page".to_owned()).stack_size(STACK_BYTES).spawn(move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(setup, &sender))) {
            shared.tell(PageEvent::Crashed { reason: cut(format!("the page's thread panicked: {}", panic_text(&*panic))) });
        }
        shared.mailbox.end();
    })?;
    Ok(receiver)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "unknown reason".to_owned())
}

fn run(setup: Setup, sender: &SyncSender<Outcome>) {
    let host = match Host::new(setup) {
        Ok(host) => host,
        Err(error) => {
            // The receiver may have given up waiting.
            let _ = sender.send(Err(error));
            return;
        }
    };
    if sender.send(Ok(host.max_side)).is_ok() {
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

/// A view of the document at `url`, with a script of its own.
fn view(
    servo: &Servo,
    context: &Rc<SharedFrameContext>,
    delegate: &Rc<Delegate>,
    content: &Rc<UserContentManager>,
    url: Url,
    scale: f32,
) -> WebView {
    WebViewBuilder::new(servo, context.clone())
        .url(url)
        .hidpi_scale_factor(Scale::new(scale))
        .delegate(delegate.clone())
        .user_content_manager(content.clone())
        .build()
}

/// The page. The fields are dropped in this order, which Servo needs: it ends when the last handle of it goes, and paints until
/// then.
struct Host {
    webview: WebView,
    content: Rc<UserContentManager>,
    delegate: Rc<Delegate>,
    servo: Servo,
    output: Output,
    context: Rc<SharedFrameContext>,
    pacer: Rc<Pacer>,
    heartbeat: Heartbeat,
    keys: Keys,
    /// Where the page begins.
    home: Url,
    /// Scripts of silent pages that were left to themselves.
    hung: u32,
    scale: f32,
    max_side: u32,
    /// What is painted and was not sent off.
    painted: Option<Stamp>,
    shared: Arc<Shared>,
}

impl Host {
    /// Servo first, since it needs no device yet; then OpenGL, as soon as the device's kind is known.
    fn new(setup: Setup) -> Result<Self, PageError> {
        tls::provide();
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
        let gl = GlContext::open(setup.gpu.is_software().ok_or(PageError::NoDevice)?)?;
        let gpu = setup.gpu.gpu().ok_or(PageError::NoDevice)?;
        let max_side = gpu.info.max_texture_side;
        let (size, scale) = check_size(setup.size, setup.scale, max_side)?;
        let pacer = Rc::new(Pacer::new());
        let context = Rc::new(SharedFrameContext::new(&gl, size, &pacer, &setup.shared)?);
        let output = Output::new(&gpu, &gl, &setup.shared, setup.frame_path, size)?;
        let delegate = Rc::new(Delegate::new(&setup.shared, setup.url.origin()));
        let webview = view(&servo, &context, &delegate, &content, setup.url.clone(), scale);
        // Servo makes an empty frame of it, whose painting gets OpenGL ready while the document's script thread begins.
        webview.hide();
        webview.show();
        Ok(Self {
            webview,
            content,
            delegate,
            servo,
            output,
            context,
            pacer,
            heartbeat: Heartbeat::new(Instant::now()),
            keys: Keys::default(),
            home: setup.url,
            hung: 0,
            scale,
            max_side,
            painted: None,
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
            self.submit();
            if self.output.deliver() {
                // A page that rests paints no other; the picture still lies in its framebuffer.
                self.painted = Some(Stamp { started: now_nanos(), scale: self.scale });
                self.submit();
            }
            if let Some(event) = self.heartbeat.tick(Instant::now(), &self.webview) {
                self.delegate.tell_state(event);
            }
        }
    }

    fn deadline(&self) -> Instant {
        if self.output.is_pending() {
            // The wait is in `deliver` then, for the fence.
            return Instant::now();
        }
        let beat = self.heartbeat.deadline();
        let held = self.painted.as_ref().and_then(|_| self.delegate.held_until());
        [self.pacer.deadline(), held].into_iter().flatten().fold(beat, Instant::min)
    }

    fn obey(&mut self, batch: Batch) {
        if let Some(resize) = batch.resize {
            self.resize(resize);
        }
        for command in batch.commands {
            match command {
                Command::Input(input) => self.input(&input),
                Command::Evaluate(script, reply) => {
                    self.webview.evaluate_javascript(script, move |result| reply(value::to_json(result)));
                }
                Command::ReadPixels(reply) => reply(self.read_pixels()),
                Command::FrameRate(rate) => self.pacer.set_rate(rate),
                Command::Reload => self.reload(),
            }
        }
    }

    fn input(&mut self, input: &PageInput) {
        for key in self.keys.before(input) {
            self.webview.notify_input_event(key.to_servo());
        }
        if let PageInput::Focus(focused) = input {
            self.webview.set_focused(*focused);
        }
        if let Some(event) = input.to_servo(self.scale) {
            self.webview.notify_input_event(event);
        }
    }

    /// Loads the document anew; with another script, where the one there is cannot go on. Servo keeps a script for all documents of one host in a view, so a silent one
    /// would never come to the new document, and what it shows for a page that crashed is sandboxed, which would be inherited.
    fn reload(&mut self) {
        let url = self.webview.url().unwrap_or_else(|| self.home.clone());
        let hangs = self.heartbeat.is_silent();
        self.heartbeat.begin_anew(Instant::now());
        if !self.delegate.has_crashed() && (!hangs || self.hung >= MAX_HUNG_SCRIPTS) {
            self.webview.load(url);
            return;
        }
        self.hung += u32::from(hangs);
        // The new view before the old one goes, with whose context what paints would go.
        let webview = view(&self.servo, &self.context, &self.delegate, &self.content, url, self.scale);
        webview.set_focused(self.webview.focused());
        self.webview = webview;
        self.delegate.begin_anew();
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
        // One empty frame is enough.
        if self.painted.is_some() && self.delegate.is_empty() {
            return;
        }
        self.delegate.take_frame_ready();
        let telemetry = self.shared.telemetry.clone();
        let stamp = Stamp { started: now_nanos(), scale: self.scale };
        {
            let _zone = telemetry.span("page.paint", Track::Page);
            self.webview.paint();
        }
        self.painted = Some(stamp);
    }

    /// Sends off what is painted, unless it is not worth showing yet.
    fn submit(&mut self) {
        if self.painted.is_some() && !self.delegate.is_worth_showing() {
            return;
        }
        let Some(stamp) = self.painted.take() else { return };
        self.shared.telemetry.add(Counter::PageFrames, 1);
        let _zone = self.shared.telemetry.span("page.submit", Track::Page);
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
