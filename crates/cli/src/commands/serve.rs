//! `wasm-engine serve`: an app without a window, watched and perhaps controlled from a panel in a browser.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use wasm_engine_engine::{
    Diagnostic, Display, Engine, EngineError, PanelLog, PanelOptions, PanelService, PanelSource, RunOptions, StopHandle,
};

use super::run::{end_on_ctrl_c, ended};
use crate::{exit, output::Output};

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Folder of the app, or a file that `pack` made.
    app: PathBuf,

    /// Port on 127.0.0.1; any that is free unless told otherwise.
    #[arg(long, value_name = "N", value_parser = super::whole::<u16>, default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// Let panels pause, step, restart and stop the run, restart its guests and its page, set its parameters, and decide about its guests' rights, also for
    /// every later run. Without it they may only look.
    #[arg(long)]
    allow_control: bool,

    /// Folder of another panel's built files, to serve instead of the one that this program carries.
    #[arg(long, value_name = "DIR")]
    panel: Option<PathBuf>,

    /// End after this many ticks; at Ctrl-C unless told otherwise.
    #[arg(long, value_name = "N", value_parser = super::whole::<u64>)]
    ticks: Option<u64>,

    /// Seed of the run; the manifest's otherwise.
    #[arg(long, value_name = "S", value_parser = super::whole::<u64>)]
    seed: Option<u64>,
}

include!(concat!(env!("OUT_DIR"), "/panel.rs"));

/// Where the panel is, as `--json` prints it at the start, in one line.
#[derive(Serialize)]
struct Served {
    /// For a browser.
    panel: String,
    /// For a program.
    socket: String,
}

impl Serve {
    pub(crate) fn execute(self, output: Output, log: PanelLog) -> u8 {
        let stop = StopHandle::new();
        if let Err(error) = end_on_ctrl_c(stop.clone()) {
            output.warn(format_args!("Ctrl-C will not end the run cleanly: {error}"));
        }
        let (engine, service) = match self.open(log) {
            Ok(opened) => opened,
            Err(error) => return output.error(&Diagnostic::from(&error)),
        };
        let served = Served { panel: service.url(), socket: service.socket_url() };
        match output.line(&served, || format!("panel  {}\nsocket {}\nEnd with Ctrl-C.", served.panel, served.socket)) {
            exit::OK => {}
            // Nobody has the address, so that nobody could come.
            lost => return lost,
        }
        let report = engine.run(&stop);
        service.finish();
        ended(output, report)
    }

    fn open(self, log: PanelLog) -> Result<(Engine, PanelService), EngineError> {
        let options = RunOptions { display: Display::Headless, ticks: self.ticks, seed: self.seed, ..RunOptions::default() };
        let mut engine = Engine::open(&self.app, options)?;
        let files = match self.panel {
            Some(folder) => PanelSource::Folder(folder),
            None if PANEL.is_empty() => PanelSource::None,
            None => PanelSource::BuiltIn(PANEL),
        };
        let panel = PanelOptions { port: self.port, control: self.allow_control, files, log };
        let service = engine.serve_panel(panel)?;
        Ok((engine, service))
    }
}
