//! What the shell holds: the run, once it has begun, and what the panel is told of the shell itself.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tauri::ipc::Channel;
use wasm_engine_engine::desktop::Desktop;
use wasm_engine_engine::desktop::protocol::ShellState;
use wasm_engine_engine::{Diagnostic, StopHandle};

/// The shell's state.
pub(crate) struct Shell {
    run: OnceLock<Arc<Desktop>>,
    pub(crate) stop: StopHandle,
    view: Mutex<View>,
    again: AtomicBool,
}

/// What panels are told, and who they are.
#[derive(Default)]
struct View {
    state: ShellState,
    panels: Vec<Channel<ShellState>>,
}

impl Shell {
    /// A shell without a run, or with one that has not begun and that `stop` ends.
    pub(crate) fn new(stop: StopHandle) -> Self {
        Self { run: OnceLock::new(), stop, view: Mutex::default(), again: AtomicBool::new(false) }
    }

    /// The run, if it has begun.
    pub(crate) fn run(&self) -> Option<&Arc<Desktop>> {
        self.run.get()
    }

    /// The run, if it is of the app at this path.
    pub(crate) fn run_of(&self, path: &Path) -> Option<&Arc<Desktop>> {
        let view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = view.state.app.as_ref().is_some_and(|app| Path::new(&app.path) == path);
        is_open.then(|| self.run()).flatten()
    }

    /// Keeps the run. There is one in a shell.
    pub(crate) fn began(&self, run: Arc<Desktop>) {
        let _ = self.run.set(run);
    }

    /// When this shell has ended, another one is to open its app.
    pub(crate) fn begin_again(&self) {
        self.again.store(true, Ordering::Release);
    }

    /// Whether another shell is to open the app.
    pub(crate) fn begins_again(&self) -> bool {
        self.again.load(Ordering::Acquire)
    }

    /// Tells a panel the state now and whenever it changes, until it has gone.
    pub(crate) fn follow(&self, panel: Channel<ShellState>) {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        if panel.send(view.state.clone()).is_ok() {
            view.panels.push(panel);
        }
    }

    /// Changes the state, and tells the panels if that made a difference.
    pub(crate) fn show(&self, change: impl FnOnce(&mut ShellState)) {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        let before = view.state.clone();
        change(&mut view.state);
        if view.state != before {
            let state = view.state.clone();
            view.panels.retain(|panel| panel.send(state.clone()).is_ok());
        }
    }

    /// Takes the run down and says how it was.
    pub(crate) fn finish(&self) {
        match self.run().and_then(|run| run.finish()) {
            Some(Ok(report)) => println!("{report}"),
            Some(Err(error)) => eprintln!("{}", Diagnostic::from(&error)),
            None => {}
        }
    }
}
