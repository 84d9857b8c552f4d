//! A command line that cannot be, in the one shape of all errors.

use std::ffi::OsStr;

use clap::error::ErrorKind;
use wasm_engine_engine::Diagnostic;

use crate::output::{Output, printed};

/// Shows what clap has to say, which may be the help that was asked for, and gives the exit code that belongs to it.
pub(crate) fn refused(error: &clap::Error) -> u8 {
    if !error.use_stderr() {
        return printed(error.print());
    }
    // What cannot be parsed does not say either whether there was this option.
    let json =
        std::env::args_os().skip(1).take_while(|argument| argument != OsStr::new("--")).any(|argument| argument == OsStr::new("--json"));
    let text = error.render();
    let shown = if wasm_engine_engine::has_color() { text.ansi().to_string() } else { text.to_string() };
    let plain = text.to_string();
    // Of a command line without a command there is the help alone, which names no error.
    let rendered = if plain.starts_with("error:") { shown.replacen("error:", "error[USAGE]:", 1) } else { shown };
    Output { json }.error(&Diagnostic { rendered: Some(rendered), ..diagnostic(error.kind(), &plain) })
}

/// The first paragraph of clap's text says what is wrong, those behind it what there is instead.
fn diagnostic(kind: ErrorKind, text: &str) -> Diagnostic {
    let mut paragraphs = text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = match kind {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => "there is no command".to_owned(),
        _ => paragraphs.next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    };
    let hint = paragraphs.find(|paragraph| paragraph.starts_with("tip: ") || paragraph.starts_with("Usage: "));
    let hint = hint.map_or_else(|| "`--help` says what there is".to_owned(), |hint| hint.trim_start_matches("tip: ").to_owned());
    Diagnostic::new("USAGE", message).with_hint(Some(hint))
}
