//! The desktop shell: an app's page, its guests' graphics and the control panel in one window.

#![forbid(unsafe_code)]
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod shell;
mod sys;
mod tray;
mod window;

use std::path::PathBuf;
use std::process::ExitCode;

use tauri::{Manager, RunEvent};
use tauri_plugin_global_shortcut::{Shortcut, ShortcutEvent, ShortcutState};

use crate::shell::Shell;

/// What shows and hides the HUD.
const HUD_KEYS: &str = "Ctrl+Alt+H";

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter(filter()).with_writer(std::io::stderr).init();
    let Some(app) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: wasm-engine-desktop APP\n\nAPP is a folder with an app.toml, or a file that `wasm-engine pack` made.");
        return ExitCode::from(2);
    };
    let built = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _arguments, _folder| window::show(app)))
        .plugin(tauri_plugin_window_state::Builder::default().build())
        .plugin(hud_shortcut())
        .manage(Shell::default())
        .invoke_handler(tauri::generate_handler![commands::panel_hello, commands::panel_ask])
        .setup(move |shell| {
            window::open(shell.handle(), &app)?;
            // A desktop without a tray has no use for the icon, and the run goes on without.
            if let Err(error) = tray::build(shell.handle()) {
                tracing::warn!("no tray: {error}");
            }
            Ok(())
        })
        .build(tauri::generate_context!());
    match built {
        Ok(app) => {
            app.run(|app, event| {
                if let RunEvent::Exit = event {
                    app.state::<Shell>().finish();
                }
            });
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error[SHELL_NOT_STARTED]: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Shows and hides the HUD from anywhere.
fn hud_shortcut() -> tauri::plugin::TauriPlugin<tauri::Wry> {
    let toggle = |app: &tauri::AppHandle, _: &Shortcut, event: ShortcutEvent| {
        if let (ShortcutState::Pressed, Some(run)) = (event.state(), app.state::<Shell>().run()) {
            run.toggle_hud();
        }
    };
    // Another program may hold the keys; the shell works without them.
    let builder = tauri_plugin_global_shortcut::Builder::new().with_handler(toggle);
    match builder.with_shortcut(HUD_KEYS) {
        Ok(builder) => builder.build(),
        Err(error) => {
            tracing::warn!("{HUD_KEYS}: {error}");
            tauri_plugin_global_shortcut::Builder::new().build()
        }
    }
}

fn filter() -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"))
}
