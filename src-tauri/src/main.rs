//! The desktop shell: an app's page, its guests' graphics and the control panel in one window.

#![forbid(unsafe_code)]
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod launch;
mod notices;
mod recent;
mod shell;
mod sys;
mod tray;
mod window;

use std::error::Error;
use std::path::PathBuf;

use clap::Parser;
use tauri::{App, AppHandle, Manager, RunEvent, WindowEvent};
use wasm_engine_engine::desktop::Opening;
use wasm_engine_engine::{Display, PanelLog, RunOptions, StopHandle, start_log};

use crate::shell::{Shell, say};

/// An app's page, its guests' graphics and the control panel in one window.
#[derive(Parser)]
#[command(name = "wasm-engine-desktop", version)]
struct Arguments {
    /// A folder with an app.toml, or a file that `wasm-engine pack` made. Without it the window offers what to open.
    app: Option<PathBuf>,
    /// Seed of the run, instead of the manifest's.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Writes the last frame when the window is closed.
    #[arg(long, value_name = "FILE.png")]
    out: Option<PathBuf>,
    /// Writes the report as JSON when the window is closed.
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
    /// Writes the frames' times as a Chrome trace when the window is closed.
    #[arg(long, value_name = "FILE.json")]
    trace: Option<PathBuf>,
}

/// What a shell exits with after Ctrl-C, as programs do that a signal has ended.
const INTERRUPTED: i32 = 130;

/// What it exits with when there is nothing to show a window with, or the window that there is cannot do what was asked for.
pub(crate) const NOT_STARTED: i32 = 1;

fn main() -> ! {
    let code = run();
    // Not by way of C's exit handlers: Servo's threads may still be at work, and SpiderMonkey's handlers abort when they are.
    signal_hook::low_level::exit(code)
}

fn run() -> i32 {
    wasm_engine_engine::prepare();
    let Arguments { app, seed, out, report, trace } = Arguments::parse();
    sys::prepare();
    let asks_more = seed.is_some() || [&out, &report, &trace].into_iter().any(Option::is_some);
    let options = RunOptions { display: Display::Window, seed, out, report, trace, ..RunOptions::default() };
    let log = PanelLog::default();
    start_log("warn", Some(log.clone()));
    // Others may start us in another folder than the one the path is meant from.
    let app = app.map(|path| path.canonicalize().unwrap_or(path));
    // What the first one is told by the second is the app alone.
    if asks_more && sys::is_running(&launch::identity(app.as_deref())) {
        say(std::io::stderr(), &launch::already_running());
        return NOT_STARTED;
    }
    let stop = StopHandle::new();
    let opening = match app.clone().map(|app| Opening::begin(app, options, stop.clone(), log)).transpose() {
        Ok(opening) => opening.map(|opening| {
            let place = sys::Place::early(&opening);
            (opening, place)
        }),
        Err(error) => return not_started(&error),
    };
    if let Err(error) = sys::load(opening.as_ref().map(|(_, place)| place)) {
        return not_started(&*error);
    }
    let built = tauri::Builder::default()
        .plugin(sys::single_instance(&launch::identity(app.as_deref())))
        .plugin(
            tauri_plugin_window_state::Builder::default()
                .with_filename(launch::window_file(app.as_deref()))
                .with_denylist(&[window::FAILED])
                .build(),
        )
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .manage(Shell::new(app.clone(), stop))
        .invoke_handler(tauri::generate_handler![
            commands::panel_hello,
            commands::panel_took,
            commands::panel_ask,
            commands::shell_hello,
            commands::shell_ask,
        ])
        .setup(move |shell| {
            // Not an error of the hook's, which Tauri panics of.
            if let Err(error) = end_on_ctrl_c(shell.handle()) {
                signal_hook::low_level::exit(not_started(&error));
            }
            window::open(shell.handle(), app.as_deref(), opening);
            Ok(())
        })
        .build(tauri::generate_context!());
    built.map_or_else(|error| not_started(&*sys::start_over(error)), drive)
}

/// Runs the shell to its end.
fn drive(shell: App) -> i32 {
    let handle = shell.handle().clone();
    let state = handle.state::<Shell>();
    let code = shell.run_return(|shell, event| match event {
        RunEvent::Exit => shell.state::<Shell>().finish(),
        RunEvent::WindowEvent { event: WindowEvent::Focused(true), .. } => window::looked_at(shell),
        _ => {}
    });
    // Now that this one no longer stands for it.
    if let (true, Some(app)) = (state.begins_again(), state.app())
        && let Err(error) = launch::start(app)
    {
        not_started(&error);
    }
    code
}

fn not_started(error: &(dyn Error + 'static)) -> i32 {
    say(std::io::stderr(), &launch::diagnostic(error));
    NOT_STARTED
}

/// The first Ctrl-C asks for a clean end; the second does not wait for it.
fn end_on_ctrl_c(app: &AppHandle) -> Result<(), ctrlc::Error> {
    let app = app.clone();
    ctrlc::set_handler(move || {
        let stop = &app.state::<Shell>().stop;
        if stop.is_interrupted() {
            signal_hook::low_level::exit(INTERRUPTED);
        }
        stop.interrupt();
        app.exit(INTERRUPTED);
    })
}
