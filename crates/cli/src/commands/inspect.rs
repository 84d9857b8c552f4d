//! `wasm-engine inspect`: what an app contains, needs and may do; or what the region of a running engine holds.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use wasm_engine_engine::inspect;

use crate::{exit, output::Output};

/// Arguments of `inspect`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["app", "live"]))]
pub(crate) struct Inspect {
    /// Folder of the app, or a file that `pack` made; or else `--live`.
    app: Option<PathBuf>,

    /// Look into the region of the running engine with this process id (0: the newest one), read-only.
    #[arg(long, value_name = "PID", value_parser = super::whole::<u32>)]
    live: Option<u32>,
}

impl Inspect {
    pub(crate) fn execute(self, output: Output) -> u8 {
        let shown = match (self.live, &self.app) {
            (Some(pid), _) => inspect::live((pid != 0).then_some(pid)).map(|region| output.value(&region, || region.to_string())),
            (None, Some(app)) => inspect::app(app).map(|app| output.value(&app, || app.to_string())),
            (None, None) => return exit::FAILED,
        };
        match shown {
            Ok(code) => code,
            Err(diagnostic) => output.error(&diagnostic),
        }
    }
}
