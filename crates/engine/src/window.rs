//! The simple player: one window without Tauri, its input handed to the page and to the kernels.

mod keys;

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasm_engine_compositor::Pace;
use wasm_engine_gpu::{Gpu, GpuOptions};
use wasm_engine_page::{PageInput, PointerButton, TouchPhase, WheelUnit};
use winit::application::ApplicationHandler;
use winit::dpi::{LogicalSize, PhysicalPosition, PhysicalSize, Size};
use winit::event::{ElementState, Ime, MouseButton, MouseScrollDelta, Touch, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy};
use winit::keyboard::{Key, ModifiersState, NamedKey};
use winit::window::{CursorIcon, Window, WindowId};

use crate::control::StopHandle;
use crate::engine::{Engine, EngineError, follows_display, framebuffer};
use crate::run_report::{Ending, RunReport};
use crate::session::Session;
use crate::wiring::Target;

/// How often the loop looks whether the run has ended by itself.
const LOOK: Duration = Duration::from_millis(50);

/// Runs the app in a window, until it is closed or the run ends.
pub(crate) fn run(engine: Engine, stop: &StopHandle) -> Result<RunReport, EngineError> {
    let event_loop = EventLoop::new().map_err(|error| no_window(&error))?;
    let waker = event_loop.create_proxy();
    let mut player = Player {
        engine: Some(engine),
        stop: stop.clone(),
        waker,
        window: None,
        session: None,
        failure: None,
        ending: Ending::Completed,
        pointer: PhysicalPosition::new(0.0, 0.0),
        modifiers: ModifiersState::empty(),
        told: None,
    };
    event_loop.run_app(&mut player).map_err(|error| no_window(&error))?;
    match (player.failure, player.session) {
        (Some(error), _) => Err(error),
        (None, Some(session)) => session.finish(player.ending),
        (None, None) => Err(EngineError::Window("the window system ended before the window was open".to_owned())),
    }
}

struct Player {
    engine: Option<Engine>,
    stop: StopHandle,
    waker: EventLoopProxy<()>,
    window: Option<Arc<Window>>,
    session: Option<Session>,
    failure: Option<EngineError>,
    ending: Ending,
    pointer: PhysicalPosition<f64>,
    modifiers: ModifiersState,
    /// What the page was last told of them as the pointer did something.
    told: Option<ModifiersState>,
}

impl ApplicationHandler for Player {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        let Some(engine) = self.engine.take() else { return };
        match self.open(event_loop, engine) {
            Ok(session) => {
                let waker = self.waker.clone();
                // A loop that has ended has no window either.
                session.control.wishes.on_wish(move || {
                    let _ = waker.send_event(());
                });
                self.session = Some(session);
            }
            Err(error) => {
                self.failure = Some(error);
                event_loop.exit();
            }
        }
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        let over = self.session.as_ref().is_some_and(|session| session.control.ticks_over());
        if over || self.stop.is_stopped() {
            event_loop.exit();
            return;
        }
        event_loop.set_control_flow(ControlFlow::WaitUntil(Instant::now() + LOOK));
    }

    fn user_event(&mut self, _: &ActiveEventLoop, (): ()) {
        self.follow_wishes();
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        let Some(session) = &self.session else { return };
        match event {
            WindowEvent::CloseRequested => {
                self.ending = Ending::Closed;
                event_loop.exit();
            }
            WindowEvent::Resized(PhysicalSize { width, height }) => session.resize(width, height),
            WindowEvent::ScaleFactorChanged { scale_factor, .. } => session.rescale(scale_factor as f32),
            WindowEvent::RedrawRequested => session.control.request_redraw(),
            other => self.input(other),
        }
    }
}

impl Player {
    fn open(&mut self, event_loop: &ActiveEventLoop, engine: Engine) -> Result<Session, EngineError> {
        let ((width, height), _) = framebuffer(&engine.app.manifest, &engine.options);
        let follows_display = follows_display(&engine.app.manifest, &engine.options);
        let size: Size = if follows_display { LogicalSize::new(width, height).into() } else { PhysicalSize::new(width, height).into() };
        let attributes = Window::default_attributes().with_title(engine.app.manifest.title()).with_inner_size(size);
        let window = event_loop.create_window(attributes).map_err(|error| no_window(&error))?;
        window.set_ime_allowed(true);
        let window = Arc::new(window);
        self.window = Some(window.clone());
        let (gpu, surface) = Gpu::for_window(&GpuOptions::default(), window.clone())?;
        let PhysicalSize { width, height } = window.inner_size();
        let scale = window.scale_factor() as f32;
        Session::start(engine, gpu, Target::Window(surface, Pace::Fifo), (width.max(1), height.max(1)), scale, &self.stop)
    }

    /// Hands an input to the page, and the pointer to the kernels. What the page cannot take any more is dropped: input is no queue to wait for.
    fn input(&mut self, event: WindowEvent) {
        let Some(session) = &self.session else { return };
        let (x, y) = (self.pointer.x as f32, self.pointer.y as f32);
        let input = match event {
            WindowEvent::CursorMoved { position, .. } => {
                self.pointer = position;
                PageInput::MouseMove { x: position.x as f32, y: position.y as f32 }
            }
            WindowEvent::CursorLeft { .. } => PageInput::MouseLeave,
            WindowEvent::MouseInput { state, button, .. } => {
                let Some(button) = pointer_button(button) else { return };
                PageInput::MouseButton { x, y, button, pressed: state == ElementState::Pressed }
            }
            WindowEvent::MouseWheel { delta, .. } => {
                let (dx, dy, unit) = match delta {
                    MouseScrollDelta::LineDelta(dx, dy) => (f64::from(dx), f64::from(dy), WheelUnit::Notches),
                    MouseScrollDelta::PixelDelta(delta) => (delta.x, delta.y, WheelUnit::Pixels),
                };
                PageInput::Wheel { x, y, dx, dy, unit }
            }
            WindowEvent::ModifiersChanged(modifiers) => {
                self.modifiers = modifiers.state();
                return;
            }
            WindowEvent::KeyboardInput { event, .. } => {
                if event.logical_key == Key::Named(NamedKey::F10) && event.state == ElementState::Pressed && !event.repeat {
                    session.control.toggle_hud();
                    return;
                }
                PageInput::Key(keys::convert(&event, self.modifiers))
            }
            WindowEvent::Ime(Ime::Commit(text)) => PageInput::Text(text),
            WindowEvent::Ime(Ime::Preedit(text, _)) => PageInput::Preedit(text),
            WindowEvent::Focused(focused) => PageInput::Focus(focused),
            WindowEvent::Touch(touch) => touch_input(&touch),
            _ => return,
        };
        session.control.follow_pointer(&input);
        let Some(page) = session.page() else { return };
        let told = match input {
            PageInput::MouseMove { .. } | PageInput::MouseButton { .. } | PageInput::Wheel { .. } => Some(self.modifiers),
            // After a key, and when the keys have gone elsewhere, they are told anew.
            PageInput::Key(_) | PageInput::Focus(_) => None,
            _ => self.told,
        };
        let news = told.filter(|_| told != self.told).map(|modifiers| PageInput::Modifiers(keys::convert_modifiers(modifiers)));
        self.told = told;
        for input in news.into_iter().chain([input]) {
            if let Err(error) = page.input(input) {
                tracing::debug!(code = error.code(), "{error}");
            }
        }
    }

    /// Shows the pointer as the page wants it, and tells input methods where text is written.
    fn follow_wishes(&self) {
        let (Some(session), Some(window)) = (&self.session, &self.window) else { return };
        let wishes = session.control.wishes.take();
        if let Some(name) = wishes.cursor {
            window.set_cursor_visible(name != "none");
            if let Ok(icon) = name.parse::<CursorIcon>() {
                window.set_cursor(icon);
            }
        }
        if let Some(Some([x, y, width, height])) = wishes.caret {
            window.set_ime_cursor_area(PhysicalPosition::new(x, y), PhysicalSize::new(width, height));
        }
    }
}

/// What the window system says, without the line of winit's source in front of it.
fn no_window(error: &impl ToString) -> EngineError {
    let text = error.to_string();
    let cause = if text.starts_with("os error at ") { text.split_once(": ").map_or(text.as_str(), |(_, cause)| cause) } else { &text };
    EngineError::Window(cause.to_owned())
}

/// The page's name of a button.
fn pointer_button(button: MouseButton) -> Option<PointerButton> {
    Some(match button {
        MouseButton::Left => PointerButton::Primary,
        MouseButton::Right => PointerButton::Secondary,
        MouseButton::Middle => PointerButton::Middle,
        MouseButton::Back => PointerButton::Back,
        MouseButton::Forward => PointerButton::Forward,
        MouseButton::Other(_) => return None,
    })
}

fn touch_input(touch: &Touch) -> PageInput {
    let phase = match touch.phase {
        winit::event::TouchPhase::Started => TouchPhase::Start,
        winit::event::TouchPhase::Moved => TouchPhase::Move,
        winit::event::TouchPhase::Ended => TouchPhase::End,
        winit::event::TouchPhase::Cancelled => TouchPhase::Cancel,
    };
    // Fingers are told apart by the low bits; systems number them from 0.
    PageInput::Touch { id: touch.id as i32, phase, x: touch.location.x as f32, y: touch.location.y as f32 }
}
