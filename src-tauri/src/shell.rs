//! What the shell holds: the run, once it has begun, and what the panel is told of the shell itself.

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tauri::ipc::Channel;
use wasm_engine_engine::desktop::protocol::{Problem, ShellState};
use wasm_engine_engine::desktop::{Desktop, Receipts};
use wasm_engine_engine::{Diagnostic, StopHandle};

/// The shell's state.
pub(crate) struct Shell {
    app: Option<PathBuf>,
    /// Unset while the app is being opened; then its run, or that there will be none.
    run: OnceLock<Option<Arc<Desktop>>>,
    pub(crate) stop: StopHandle,
    view: Mutex<View>,
    fed: Mutex<Option<Fed>>,
    again: AtomicBool,
}

/// What the panel is told of the shell, and how. There is one in a window; one that is loaded again takes the place of the one before.
#[derive(Default)]
struct View {
    state: ShellState,
    panel: Option<Channel<ShellState>>,
}

/// The channel that the panel is told of the run through, and what it has taken from it.
struct Fed {
    channel: u32,
    receipts: Receipts,
}

impl Shell {
    /// A shell for this app or for none. The app's run has not begun; `stop` ends it.
    pub(crate) fn new(app: Option<PathBuf>, stop: StopHandle) -> Self {
        Self { app, run: OnceLock::new(), stop, view: Mutex::default(), fed: Mutex::default(), again: AtomicBool::new(false) }
    }

    /// The app that this shell was started for, as an absolute path.
    pub(crate) fn app(&self) -> Option<&Path> {
        self.app.as_deref()
    }

    /// The run, if it has begun.
    pub(crate) fn run(&self) -> Option<&Arc<Desktop>> {
        self.run.get()?.as_ref()
    }

    /// Whether nothing runs any more: there was no app, it could not be opened, or its run is over.
    pub(crate) fn is_idle(&self) -> bool {
        self.run.get().is_some_and(|run| run.as_ref().is_none_or(|run| run.is_over()))
    }

    /// Keeps the run. There is one in a shell.
    pub(crate) fn began(&self, run: Arc<Desktop>) {
        let _ = self.run.set(Some(run));
    }

    /// There will be no run.
    pub(crate) fn stays_empty(&self) {
        let _ = self.run.set(None);
    }

    /// When this shell has ended, another one is to open its app.
    pub(crate) fn begin_again(&self) {
        self.again.store(true, Ordering::Release);
    }

    /// Whether another shell is to open the app.
    pub(crate) fn begins_again(&self) -> bool {
        self.again.load(Ordering::Acquire)
    }

    /// Tells a panel the state now and whenever it changes, until it has gone or another one takes its place.
    pub(crate) fn follow(&self, panel: Channel<ShellState>) {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        let before = view.panel.take();
        view.panel = panel.send(view.state.clone()).is_ok().then_some(panel);
        drop(view);
        // A channel that goes says so to the webview, for which nobody should have to wait.
        drop(before);
    }

    /// From now on the panel at this channel is fed, and none that came before.
    pub(crate) fn fed(&self, channel: u32) -> Receipts {
        let receipts = Receipts::default();
        let fed = Fed { channel, receipts: receipts.clone() };
        if let Some(before) = self.fed.lock().unwrap_or_else(PoisonError::into_inner).replace(fed) {
            before.receipts.end();
        }
        receipts
    }

    /// The panel at this channel has taken so many messages.
    pub(crate) fn took(&self, channel: u32, messages: u64) {
        if let Some(fed) = &*self.fed.lock().unwrap_or_else(PoisonError::into_inner)
            && fed.channel == channel
        {
            fed.receipts.took(messages);
        }
    }

    /// Changes the state, and tells the panel if that made a difference.
    pub(crate) fn show(&self, change: impl FnOnce(&mut ShellState)) {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        let before = view.state.clone();
        change(&mut view.state);
        if view.state != before {
            let state = view.state.clone();
            view.panel.take_if(|panel| panel.send(state).is_err());
        }
    }

    /// Shows what has gone wrong, also when it has gone wrong in the same way before.
    pub(crate) fn fail(&self, problem: Problem) {
        self.show(|state| state.problem = None);
        self.show(|state| state.problem = Some(problem));
    }

    /// Takes the run down and says how it was.
    pub(crate) fn finish(&self) {
        match self.run().and_then(|run| run.finish()) {
            Some(Ok(report)) => say(std::io::stdout(), &report),
            Some(Err(error)) => say(std::io::stderr(), &Diagnostic::from(&error)),
            None => {}
        }
    }
}

/// Writes a line for whoever reads it. That may be nobody any more, which is no reason to panic, as `println!` does.
pub(crate) fn say(mut to: impl Write, text: &dyn Display) {
    let _ = writeln!(to, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_wrong_twice_is_told_twice() {
        let told: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
        let heard = told.clone();
        let shell = Shell::new(None, StopHandle::new());
        shell.follow(Channel::new(move |body| {
            let state: ShellState = body.deserialize()?;
            heard.lock().expect("a list").push(state.problem.map(|problem| problem.message));
            Ok(())
        }));
        for _ in 0..2 {
            shell.fail(Problem { code: "BROKEN".to_owned(), message: "broken".to_owned(), hint: None });
        }
        let broken = Some("broken".to_owned());
        assert_eq!(*told.lock().expect("a list"), [None, broken.clone(), None, broken]);
    }

    #[test]
    fn nobody_has_to_listen() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        say(writer, &"hello");
    }
}
