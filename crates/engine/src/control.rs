//! What the threads of one run share besides the exchange: a few words that are written by one thread and read by others.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasm_engine_page::{PageInput, PointerButton, TouchPhase};
use wasm_engine_telemetry::now_nanos;

use crate::signal::Signal;
use crate::wishes::WishBox;

/// Asks a run to end, from any thread or a signal handler.
#[derive(Debug, Clone, Default)]
pub struct StopHandle(Arc<Stop>);

#[derive(Debug, Default)]
struct Stop {
    stop: AtomicBool,
    interrupted: AtomicBool,
}

impl StopHandle {
    /// A handle for a run that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the run: everything in flight is finished, reports and pictures are written.
    pub fn stop(&self) {
        self.0.stop.store(true, Ordering::Release);
    }

    /// As [`StopHandle::stop`], noted in the report as an interruption.
    pub fn interrupt(&self) {
        self.0.interrupted.store(true, Ordering::Release);
        self.stop();
    }

    /// Whether an end was asked for.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.stop.load(Ordering::Acquire)
    }

    /// Whether the end was an interruption.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.0.interrupted.load(Ordering::Acquire)
    }
}

/// Pointer over the framebuffer, in device pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pointer {
    /// Distance from the left edge; NaN while the pointer is outside.
    pub(crate) x: f32,
    /// Distance from the top edge; NaN while the pointer is outside.
    pub(crate) y: f32,
    /// Bit 0 primary, 1 secondary, 2 middle.
    pub(crate) buttons: u32,
}

/// Shared words of one run. Each has one writer, and a reader may see the old value for one more frame: nothing depends on two of them
/// changing together.
pub(crate) struct Control {
    /// Wakes the renderer: a tick is done, the page has painted, the window changed, the run ends.
    pub(crate) render: Signal,
    /// Wakes the main thread of a headless run: the last tick is done.
    pub(crate) main: Signal,
    /// Wakes the tick thread while it waits for the next tick, or for the end of a pause: the page has said something, a panel asks, the window changed.
    pub(crate) tick: Signal,
    /// Wakes the thread that tells page and panel what is going on.
    pub(crate) monitor: Signal,
    pub(crate) stop: StopHandle,
    pub(crate) wishes: WishBox,
    ticks_over: AtomicBool,
    render_over: AtomicBool,
    redraw: AtomicBool,
    page_shown: AtomicBool,
    page_loaded: AtomicBool,
    hud: AtomicBool,
    paused: AtomicBool,
    tick_expected_by: AtomicU64,
    size: AtomicU64,
    scale: AtomicU32,
    pointer: AtomicU64,
    buttons: AtomicU32,
    /// The finger that is the pointer: the first one, while it is down.
    finger: Mutex<Option<i32>>,
}

impl Control {
    pub(crate) fn new(stop: StopHandle, size: (u32, u32), scale: f32, hud: bool) -> Arc<Self> {
        Arc::new(Self {
            render: Signal::new(),
            main: Signal::new(),
            tick: Signal::new(),
            monitor: Signal::new(),
            stop,
            wishes: WishBox::default(),
            ticks_over: AtomicBool::new(false),
            render_over: AtomicBool::new(false),
            redraw: AtomicBool::new(false),
            page_shown: AtomicBool::new(false),
            page_loaded: AtomicBool::new(false),
            hud: AtomicBool::new(hud),
            paused: AtomicBool::new(false),
            tick_expected_by: AtomicU64::new(0),
            size: AtomicU64::new(pack(size.0, size.1)),
            scale: AtomicU32::new(scale.to_bits()),
            pointer: AtomicU64::new(pack(f32::NAN.to_bits(), f32::NAN.to_bits())),
            buttons: AtomicU32::new(0),
            finger: Mutex::new(None),
        })
    }

    /// Size of the framebuffer in device pixels.
    pub(crate) fn size(&self) -> (u32, u32) {
        unpack(self.size.load(Ordering::Acquire))
    }

    /// Device pixels per CSS pixel.
    pub(crate) fn scale(&self) -> f32 {
        f32::from_bits(self.scale.load(Ordering::Acquire))
    }

    pub(crate) fn set_size(&self, width: u32, height: u32) {
        self.size.store(pack(width, height), Ordering::Release);
        self.render.notify();
        self.tick.notify();
    }

    pub(crate) fn set_scale(&self, scale: f32) {
        self.scale.store(scale.to_bits(), Ordering::Release);
        self.render.notify();
    }

    pub(crate) fn pointer(&self) -> Pointer {
        let (x, y) = unpack(self.pointer.load(Ordering::Acquire));
        Pointer { x: f32::from_bits(x), y: f32::from_bits(y), buttons: self.buttons.load(Ordering::Acquire) }
    }

    /// Shows the guests the pointer as an input leaves it. The first finger is one with the primary button down.
    pub(crate) fn follow_pointer(&self, input: &PageInput) {
        match *input {
            PageInput::MouseMove { x, y } => self.set_pointer(x, y),
            PageInput::MouseLeave => self.set_pointer(f32::NAN, f32::NAN),
            PageInput::MouseButton { button, pressed, .. } => self.set_button(button, pressed),
            PageInput::Touch { id, phase, x, y } => self.follow_finger(id, phase, (x, y)),
            _ => {}
        }
    }

    fn follow_finger(&self, id: i32, phase: TouchPhase, (x, y): (f32, f32)) {
        let mut finger = self.finger.lock().unwrap_or_else(PoisonError::into_inner);
        match phase {
            TouchPhase::Start if finger.is_none() => {
                *finger = Some(id);
                self.set_pointer(x, y);
                self.set_button(PointerButton::Primary, true);
            }
            TouchPhase::Move if *finger == Some(id) => self.set_pointer(x, y),
            TouchPhase::End | TouchPhase::Cancel if *finger == Some(id) => {
                *finger = None;
                self.set_button(PointerButton::Primary, false);
                self.set_pointer(f32::NAN, f32::NAN);
            }
            _ => {}
        }
    }

    fn set_pointer(&self, x: f32, y: f32) {
        self.pointer.store(pack(x.to_bits(), y.to_bits()), Ordering::Release);
    }

    fn set_button(&self, button: PointerButton, down: bool) {
        let mask = match button {
            PointerButton::Primary => 1,
            PointerButton::Secondary => 1 << 1,
            PointerButton::Middle => 1 << 2,
            PointerButton::Back => 1 << 3,
            PointerButton::Forward => 1 << 4,
        };
        if down {
            self.buttons.fetch_or(mask, Ordering::AcqRel);
        } else {
            self.buttons.fetch_and(!mask, Ordering::AcqRel);
        }
    }

    pub(crate) fn hud(&self) -> bool {
        self.hud.load(Ordering::Acquire)
    }

    pub(crate) fn toggle_hud(&self) {
        self.hud.fetch_xor(true, Ordering::AcqRel);
        self.render.notify();
    }

    pub(crate) fn set_hud(&self, shown: bool) {
        self.hud.store(shown, Ordering::Release);
        self.render.notify();
    }

    pub(crate) fn paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    pub(crate) fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Ordering::Release);
        if paused {
            self.expect_no_tick();
        }
        self.tick.notify();
    }

    /// A tick is done, and the next one will be before this time of the telemetry's clock; after a single step of a paused run there is none to expect.
    pub(crate) fn expect_tick_by(&self, nanos: u64) {
        if !self.paused() {
            self.tick_expected_by.store(nanos, Ordering::Release);
        }
    }

    /// No tick will come for a while, so what waits for the frame of the next one is shown now.
    fn expect_no_tick(&self) {
        self.tick_expected_by.store(0, Ordering::Release);
        self.render.notify();
    }

    /// The panel has drawn. The frame of the next tick shows it, if one is expected: a frame of the panel's own in between would hold up that one by a whole
    /// interval of the display.
    pub(crate) fn panel_drew(&self) {
        if now_nanos() >= self.tick_expected_by.load(Ordering::Acquire) {
            self.render.notify();
        }
    }

    /// Asks for one full redraw, as a window that was covered does.
    pub(crate) fn request_redraw(&self) {
        self.redraw.store(true, Ordering::Release);
        self.render.notify();
    }

    pub(crate) fn take_redraw(&self) -> bool {
        self.redraw.swap(false, Ordering::AcqRel)
    }

    /// The page's first frame is on the framebuffer.
    pub(crate) fn show_page(&self) {
        if !self.page_shown.swap(true, Ordering::AcqRel) {
            self.main.notify();
        }
    }

    pub(crate) fn page_shown(&self) -> bool {
        self.page_shown.load(Ordering::Acquire)
    }

    /// The page's document and all it needs have loaded.
    pub(crate) fn load_page(&self) {
        if !self.page_loaded.swap(true, Ordering::AcqRel) {
            self.main.notify();
        }
    }

    pub(crate) fn page_loaded(&self) -> bool {
        self.page_loaded.load(Ordering::Acquire)
    }

    /// Waits on the main signal until something is so, or the run is stopped; at most so long. Whether the time has sufficed.
    pub(crate) fn wait_until(&self, limit: Duration, is_so: impl Fn(&Self) -> bool) -> bool {
        let began = Instant::now();
        while !is_so(self) && !self.stop.is_stopped() {
            if began.elapsed() > limit {
                return false;
            }
            // Nobody notifies of the stop.
            self.main.wait_timeout(Duration::from_millis(50));
        }
        true
    }

    /// The ticker has run its last tick.
    pub(crate) fn end_ticks(&self) {
        self.ticks_over.store(true, Ordering::Release);
        self.expect_no_tick();
        self.main.notify();
    }

    pub(crate) fn ticks_over(&self) -> bool {
        self.ticks_over.load(Ordering::Acquire)
    }

    /// The renderer may end once it has shown what there is.
    pub(crate) fn end_render(&self) {
        self.render_over.store(true, Ordering::Release);
        self.render.notify();
    }

    pub(crate) fn render_over(&self) -> bool {
        self.render_over.load(Ordering::Acquire)
    }
}

fn pack(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

fn unpack(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_finger_is_the_pointer() {
        let control = Control::new(StopHandle::new(), (100, 100), 1.0, false);
        let touch = |id, phase, x| control.follow_pointer(&PageInput::Touch { id, phase, x, y: 2.0 });
        let seen = || (control.pointer().x, control.pointer().buttons);
        touch(7, TouchPhase::Start, 10.0);
        assert_eq!(seen(), (10.0, 1));
        touch(8, TouchPhase::Start, 50.0);
        touch(7, TouchPhase::Move, 20.0);
        touch(8, TouchPhase::Move, 60.0);
        touch(8, TouchPhase::End, 60.0);
        assert_eq!(seen(), (20.0, 1), "the second one is none");
        for end in [TouchPhase::End, TouchPhase::Cancel] {
            touch(7, end, 20.0);
            assert!(seen().0.is_nan() && seen().1 == 0, "{end:?}");
            touch(7, TouchPhase::Start, 30.0);
            assert_eq!(seen(), (30.0, 1));
        }
    }

    #[test]
    fn what_the_panel_draws_waits_for_a_tick_unless_none_will_come() {
        let control = Control::new(StopHandle::new(), (1, 1), 1.0, false);
        let is_woken = || control.render.wait_timeout(Duration::from_millis(1));
        let soon = now_nanos() + 60_000_000_000;
        control.panel_drew();
        assert!(is_woken(), "no tick has been");
        control.expect_tick_by(soon);
        control.panel_drew();
        assert!(!is_woken(), "the next tick shows it");
        control.set_paused(true);
        assert!(is_woken(), "what waited is shown");
        // One step.
        control.expect_tick_by(soon);
        control.panel_drew();
        assert!(is_woken(), "a paused run has no next tick");
    }
}
