//! What the shell holds: the run, once it has begun.

use std::sync::{Arc, OnceLock};

use wasm_engine_engine::StopHandle;
use wasm_engine_engine::desktop::Desktop;

/// The shell's state.
#[derive(Default)]
pub(crate) struct Shell {
    run: OnceLock<Arc<Desktop>>,
    pub(crate) stop: StopHandle,
}

impl Shell {
    /// The run, if it has begun.
    pub(crate) fn run(&self) -> Option<&Arc<Desktop>> {
        self.run.get()
    }

    /// Keeps the run. There is one in a shell.
    pub(crate) fn began(&self, run: Arc<Desktop>) {
        let _ = self.run.set(run);
    }

    /// Takes the run down and says how it was.
    pub(crate) fn finish(&self) {
        match self.run().and_then(|run| run.finish()) {
            Some(Ok(report)) => println!("{report}"),
            Some(Err(error)) => eprintln!("{}", wasm_engine_engine::Diagnostic::from(&error)),
            None => {}
        }
    }
}
