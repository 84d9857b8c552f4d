//! What a person should hear of while looking at something else: a guest that has ended, a page that has crashed.

use std::collections::BTreeSet;
use std::sync::Arc;

use tauri::{AppHandle, Manager, Wry};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogBuilder, MessageDialogButtons, MessageDialogKind};
use tauri_plugin_notification::NotificationExt as _;
use wasm_engine_engine::desktop::Desktop;
use wasm_engine_engine::desktop::protocol::{Change, Problem};

use crate::shell::Shell;
use crate::sys;

/// Tells until the run is taken down.
pub(crate) async fn tell(app: AppHandle, title: String, run: Arc<Desktop>) {
    let mut follower = run.hub().follow();
    let mut told = BTreeSet::new();
    let mut is_gpu_told = false;
    loop {
        let change = follower.change().unwrap_or_default();
        if change.run.as_ref().is_some_and(|run| run.gpu_problem.is_some()) && !std::mem::replace(&mut is_gpu_told, true) {
            offer_again(&app, &title);
        }
        for text in fresh(&change, &mut told) {
            let is_looking = sys::find(&app).is_some_and(|window| window.is_focused().unwrap_or(false));
            let notice = app.notification().builder().title(&title).body(sys::notice(&text));
            // A desktop without notifications is none to notify.
            if let (false, Err(error)) = (is_looking, notice.show()) {
                tracing::debug!("no notification: {error}");
            }
        }
        follower.changed().await;
    }
}

/// Asks whether the app is to be opened again, in a dialog of the system's: the panel is drawn by the GPU too.
fn offer_again(app: &AppHandle, title: &str) {
    let shell = app.clone();
    dialog(app, title, "The graphics device is lost, and nothing is drawn any more. The guests go on.")
        .buttons(MessageDialogButtons::OkCancelCustom("Open again".to_owned(), "Keep running".to_owned()))
        .show(move |again| {
            if again {
                shell.state::<Shell>().begin_again();
                shell.exit(0);
            }
        });
}

/// A dialog of the system's about what has gone wrong, in front of the window if there is one.
pub(crate) fn dialog(app: &AppHandle, title: &str, text: impl Into<String>) -> MessageDialogBuilder<Wry> {
    let dialog = app.dialog().message(text).title(title).kind(MessageDialogKind::Error);
    match sys::find(app) {
        Some(window) => dialog.parent(&window),
        None => dialog,
    }
}

/// What has gone wrong and was not told yet. What is well again can go wrong again.
fn fresh(change: &Change, told: &mut BTreeSet<String>) -> Vec<String> {
    let mut texts = Vec::new();
    let mut note = |who: &str, problem: Option<&Problem>| {
        let Some(problem) = problem else {
            told.remove(who);
            return;
        };
        if told.insert(who.to_owned()) {
            texts.push(format!("{who}: {}", problem.message));
        }
    };
    if let Some(run) = &change.run {
        note("The page", run.page_problem.as_ref());
    }
    for guest in change.guests.iter().flatten() {
        note(&format!("Guest {}", guest.name), guest.last_error.as_ref());
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_engine_engine::desktop::protocol::Run;

    fn page(problem: Option<&str>) -> Change {
        let problem = problem.map(|message| Problem { code: "PAGE_CRASHED".to_owned(), message: message.to_owned(), hint: None });
        Change { run: Some(Run { page_problem: problem, ..Run::default() }), ..Change::default() }
    }

    #[test]
    fn a_crash_is_told_once_and_the_next_one_again() {
        let mut told = BTreeSet::new();
        assert_eq!(fresh(&page(Some("boom")), &mut told), ["The page: boom"]);
        assert!(fresh(&page(Some("boom")), &mut told).is_empty());
        assert!(fresh(&Change::default(), &mut told).is_empty());
        assert!(fresh(&page(None), &mut told).is_empty());
        assert_eq!(fresh(&page(Some("again")), &mut told), ["The page: again"]);
    }
}
