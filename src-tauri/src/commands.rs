//! What the panel can call. The messages about the run are those of `serve`.

use std::path::PathBuf;

use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};
use tauri_plugin_dialog::DialogExt as _;
use wasm_engine_engine::desktop::protocol::{FromEngine, FromPanel, Problem, Rights, ShellAsk, ShellState};

use crate::shell::Shell;
use crate::{launch, recent, sys};

/// The longest path that a panel may name, bytes.
const PATH_BYTES: usize = 4096;

/// A panel begins: it is told everything, and every change from now on. There is one in a window, so what fed the one before ends.
#[tauri::command]
pub(crate) async fn panel_hello(message: FromPanel, channel: Channel<FromEngine>, shell: State<'_, Shell>) -> Result<(), Problem> {
    message.into_hello().map_err(|error| Problem::from(&error))?;
    let run = shell.run().ok_or_else(not_yet)?.clone();
    let receipts = shell.fed(channel.id());
    tauri::async_runtime::spawn(async move {
        run.hub().feed(Rights { ask: true }, &receipts, |message| channel.send(message).is_ok()).await;
    });
    Ok(())
}

/// A panel has taken so many messages from the channel of this number, and may be sent the next one.
#[tauri::command]
pub(crate) async fn panel_took(channel: u32, messages: u64, shell: State<'_, Shell>) -> Result<(), Problem> {
    shell.took(channel, messages);
    Ok(())
}

/// A panel asks. The answer is the outcome.
#[tauri::command]
pub(crate) async fn panel_ask(message: FromPanel, shell: State<'_, Shell>) -> Result<(), Problem> {
    let (_, ask) = message.into_ask().map_err(|error| Problem::from(&error))?;
    let run = shell.run().ok_or_else(not_yet)?.clone();
    run.hub().ask(ask).await.map_err(|error| Problem::from(&error))
}

/// A panel wants to know about the shell: now, and whenever something changes.
#[tauri::command]
pub(crate) async fn shell_hello(channel: Channel<ShellState>, shell: State<'_, Shell>) -> Result<(), Problem> {
    shell.follow(channel);
    Ok(())
}

/// The panel wants something of the shell. The answer is the outcome.
#[tauri::command]
pub(crate) async fn shell_ask(ask: ShellAsk, app: AppHandle) -> Result<(), Problem> {
    match ask {
        ShellAsk::Open { path } if path.len() > PATH_BYTES => Err(problem("TOO_LONG", "no path is that long")),
        ShellAsk::Open { path } => open(app, path.into()).await,
        ShellAsk::Choose { archive } => choose(app, archive).await,
        ShellAsk::Forget { path } => {
            // Waits for other shells, while nobody should have to wait for this one.
            let recent = recent::forget(&path);
            app.state::<Shell>().show(|state| state.recent = recent);
            Ok(())
        }
        ShellAsk::Autostart { on } => {
            launch::autostart(&app).set(on).map_err(|error| problem("AUTOSTART_FAILED", &error.to_string()))?;
            app.state::<Shell>().show(|state| state.autostart = on);
            Ok(())
        }
    }
}

/// Lets the person choose an app, a folder or an archive, and opens it.
async fn choose(app: AppHandle, archive: bool) -> Result<(), Problem> {
    let mut dialog = app.dialog().file();
    if let Some(folder) = recent::folder() {
        dialog = dialog.set_directory(folder);
    }
    if let Some(window) = sys::find(&app) {
        dialog = dialog.set_parent(&window);
    }
    let (choose, mut chosen) = tauri::async_runtime::channel(1);
    let choose = move |path| drop(choose.try_send(path));
    if archive {
        dialog.set_title("Open archive").add_filter("Apps", &["weapp"]).pick_file(choose);
    } else {
        dialog.set_title("Open app folder").pick_folder(choose);
    }
    // Closed without a choice.
    let Some(path) = chosen.recv().await.flatten().and_then(|chosen| chosen.into_path().ok()) else { return Ok(()) };
    open(app, path).await
}

/// An archive is unpacked, which would hold up everything else that the panel asks for.
async fn open(app: AppHandle, path: PathBuf) -> Result<(), Problem> {
    let opened = tauri::async_runtime::spawn_blocking(move || launch::open(&app, &path)).await;
    opened.unwrap_or_else(|error| Err(problem("OPEN_FAILED", &error.to_string())))
}

fn not_yet() -> Problem {
    problem("NOT_YET", "the run has not begun")
}

fn problem(code: &str, message: &str) -> Problem {
    Problem { code: code.to_owned(), message: message.to_owned(), hint: None }
}
