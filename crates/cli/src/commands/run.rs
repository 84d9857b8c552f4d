//! `wasm-engine run`: an app, with a window or headless.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use clap::Args;
use wasm_engine_engine::{Diagnostic, Display, Engine, EngineError, RunOptions, RunReport, StopHandle};

use crate::{exit, output::Output};

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Folder of the app, or a file that `pack` made.
    app: PathBuf,

    /// Without a window. This is what happens by itself where there is no display.
    #[arg(long, conflicts_with = "window")]
    headless: bool,

    /// In the simple player's window, even if no display is announced.
    #[arg(long)]
    window: bool,

    /// End after this many ticks. Headless runs end after 300 unless told otherwise.
    #[arg(long, value_name = "N", value_parser = super::whole::<u64>)]
    ticks: Option<u64>,

    /// Seed of the run; the manifest's otherwise.
    #[arg(long, value_name = "S", value_parser = super::whole::<u64>)]
    seed: Option<u64>,

    /// Size of the framebuffer in device pixels; the manifest's otherwise.
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    size: Option<(u32, u32)>,

    /// Device pixels per CSS pixel.
    #[arg(long, value_name = "F")]
    scale: Option<f32>,

    /// Where the last frame is written. Headless runs write frame.png unless told otherwise.
    #[arg(long, value_name = "FILE.png")]
    out: Option<PathBuf>,

    /// Write every composed frame, every input and a hash of every published buffer into this folder.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,

    /// Write the report as JSON.
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,

    /// Write a Chrome trace, which Perfetto opens.
    #[arg(long, value_name = "FILE.json")]
    trace: Option<PathBuf>,

    /// Write one line per frame, with PresentMon's column names where they fit.
    #[arg(long, value_name = "FILE.csv")]
    csv: Option<PathBuf>,

    /// Show the HUD from the start (F10 toggles it in a window).
    #[arg(long)]
    hud: bool,

    /// Force the page through the counted CPU copy instead of shared textures.
    #[arg(long)]
    page_cpu: bool,
}

impl Run {
    pub(crate) fn execute(self, output: Output) -> u8 {
        let display = if self.window {
            Display::Window
        } else if self.headless || !wasm_engine_engine::display_announced() {
            Display::Headless
        } else {
            Display::Window
        };
        let headless = display == Display::Headless;
        let options = RunOptions {
            display,
            ticks: self.ticks.or(headless.then_some(300)),
            seed: self.seed,
            size: self.size,
            scale: self.scale,
            out: self.out.or_else(|| headless.then(|| PathBuf::from("frame.png"))),
            record: self.record,
            report: self.report,
            trace: self.trace,
            csv: self.csv,
            hud: self.hud.then_some(true),
            page_cpu: self.page_cpu,
        };
        let stop = StopHandle::new();
        if let Err(error) = end_on_ctrl_c(stop.clone()) {
            output.warn(format_args!("Ctrl-C will not end the run cleanly: {error}"));
        }
        ended(output, Engine::open(&self.app, options).and_then(|engine| engine.run(&stop)))
    }
}

/// Prints the report of a run, or why there was none, and gives the exit code.
pub(super) fn ended(output: Output, report: Result<RunReport, EngineError>) -> u8 {
    match report {
        Ok(report) => match output.value(&report, || report.to_string()) {
            exit::OK => exit::of(&report),
            lost => lost,
        },
        Err(error) => output.error(&Diagnostic::from(&error)),
    }
}

/// The first Ctrl-C asks for a clean end; the second does not wait for it.
pub(super) fn end_on_ctrl_c(stop: StopHandle) -> Result<(), ctrlc::Error> {
    let presses = AtomicU32::new(0);
    ctrlc::set_handler(move || {
        if presses.fetch_add(1, Ordering::Relaxed) == 0 {
            stop.interrupt();
        } else {
            // Not by way of C's exit handlers, for the reason that `main` has.
            signal_hook::low_level::exit(i32::from(exit::INTERRUPTED));
        }
    })
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let (width, height) = text.split_once(['x', 'X']).ok_or("write it as WIDTHxHEIGHT, for example 1280x720")?;
    let side = |text: &str| text.trim().parse::<u32>().map_err(|_| format!("`{text}` is not a number of pixels"));
    Ok((side(width)?, side(height)?))
}
