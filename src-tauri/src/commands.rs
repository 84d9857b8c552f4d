//! What the panel can call. The messages are those of `serve`.

use tauri::State;
use tauri::ipc::Channel;
use wasm_engine_engine::desktop::protocol::{FromEngine, FromPanel, Problem, Rights, VERSION};

use crate::shell::Shell;

/// A panel begins: it is told everything, and every change from now on.
#[tauri::command]
pub(crate) async fn panel_hello(message: FromPanel, channel: Channel<FromEngine>, shell: State<'_, Shell>) -> Result<(), Problem> {
    let FromPanel::Hello { version: VERSION } = message else {
        return Err(problem("WRONG_VERSION", "this panel speaks another version of the protocol"));
    };
    let run = shell.run().ok_or_else(not_yet)?.clone();
    tauri::async_runtime::spawn(async move { run.feed(Rights { ask: true }, |message| channel.send(message).is_ok()).await });
    Ok(())
}

/// A panel asks. The answer is the outcome.
#[tauri::command]
pub(crate) async fn panel_ask(message: FromPanel, shell: State<'_, Shell>) -> Result<(), Problem> {
    let FromPanel::Ask { ask, .. } = message else { return Err(problem("MALFORMED", "this is not an ask")) };
    let run = shell.run().ok_or_else(not_yet)?.clone();
    run.hub().ask(ask).await.map_err(|error| Problem::from(&error))
}

fn not_yet() -> Problem {
    problem("NOT_YET", "the run has not begun")
}

fn problem(code: &str, message: &str) -> Problem {
    Problem { code: code.to_owned(), message: message.to_owned(), hint: None }
}
