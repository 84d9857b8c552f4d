//! What goes to standard output, and how an error is shown.

use std::io::{self, Write as _};

use serde::Serialize;
use wasm_engine_engine::Diagnostic;

use crate::exit;

/// How this call prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// JSON instead of text.
    pub(crate) json: bool,
}

impl Output {
    /// Prints a value: as JSON, or as the given text. Gives the exit code, as [`Output::text`].
    #[must_use]
    pub(crate) fn value(self, value: &impl Serialize, text: impl FnOnce() -> String) -> u8 {
        self.formatted(if self.json { serde_json::to_string_pretty(value) } else { Ok(text()) })
    }

    /// As [`Output::value`], with the JSON in one line: for what is said before the end.
    #[must_use]
    pub(crate) fn line(self, value: &impl Serialize, text: impl FnOnce() -> String) -> u8 {
        self.formatted(if self.json { serde_json::to_string(value) } else { Ok(text()) })
    }

    fn formatted(self, text: serde_json::Result<String>) -> u8 {
        match text {
            Ok(text) => self.text(&text),
            Err(error) => self.error(&Diagnostic::new("JSON", error.to_string())),
        }
    }

    /// Prints text and ends it with a line break. Gives the exit code: what was asked for and reached nobody has failed.
    #[must_use]
    pub(crate) fn text(self, text: &str) -> u8 {
        printed(print(text))
    }

    /// Shows an error and gives the exit code that belongs to it.
    pub(crate) fn error(self, diagnostic: &Diagnostic) -> u8 {
        if !self.json || print(&serde_json::json!({ "error": diagnostic }).to_string()).is_err() {
            say(diagnostic);
        }
        exit_code(&diagnostic.code)
    }

    /// Says on standard error what does not hinder the command.
    pub(crate) fn warn(self, text: impl std::fmt::Display) {
        say(format_args!("warning: {text}"));
    }
}

/// The exit code of something that was to be on standard output. A closed pipe is the reader's choice, not an error.
pub(crate) fn printed(result: io::Result<()>) -> u8 {
    match result.and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let hint = "let it go to a pipe, or to a file on a disk with room".to_owned();
            say(Diagnostic::new("OUTPUT", format!("standard output cannot be written: {error}")).with_hint(Some(hint)));
            exit::FAILED
        }
        _ => exit::OK,
    }
}

fn print(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{}", text.trim_end())
}

/// Says something on standard error. Where that cannot be written there is nobody left to tell, which is no reason to panic.
fn say(what: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{what}");
}

/// Exit code of an error code; what is not listed is a refused app.
fn exit_code(code: &str) -> u8 {
    match code {
        "APP_MISSING" | "MANIFEST_MISSING" | "REGION_NOT_FOUND" => exit::NOT_FOUND,
        "SIZE_OUT_OF_RANGE" | "USAGE" | "INVALID_NAME" | "NOT_A_FOLDER" => exit::USAGE,
        "NO_VULKAN_DEVICE"
        | "NO_MATCHING_GPU"
        | "GPU_OPEN_FAILED"
        | "GPU_LOST"
        | "PAGE_NO_DEVICE"
        | "NO_DISPLAY"
        | "WINDOW_SURFACE_FAILED"
        | "WINDOW_SURFACE_LOST"
        | "REGION_NO_MEMORY"
        | "WINDOW_MAP_FAILED"
        | "SANDBOX_ENGINE"
        | "SANDBOX_THREAD"
        | "POOL_THREADS"
        | "PAGE_THREAD"
        | "NO_CPU_ALLOWED" => exit::LACKING,
        "IO" | "OUTPUT" | "JSON" | "ALREADY_EXISTS" | "RECORDING_EXISTS" | "PANEL_BIND" | "PANEL_FILES" | "PANEL_TOO_LARGE"
        | "GUEST_BUILD_FAILED" | "CARGO_MISSING" | "RUN_FAILED" | "INTERNAL" | "SANDBOX_INTERNAL" | "PAGE_START" | "NO_RANDOMNESS" => {
            exit::FAILED
        }
        _ => exit::REFUSED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_app_can_help_is_no_refusal_of_the_app() {
        for (codes, exit) in [
            (&["NO_MATCHING_GPU", "GPU_OPEN_FAILED", "REGION_NO_MEMORY", "WINDOW_MAP_FAILED", "NO_DISPLAY"][..], exit::LACKING),
            (&["INVALID_NAME", "NOT_A_FOLDER"], exit::USAGE),
            (&["ALREADY_EXISTS", "RUN_FAILED", "INTERNAL"], exit::FAILED),
            (&["MANIFEST_SYNTAX", "MEMORY_LIMIT", "WINDOWS_TOO_LARGE", "ARCHIVE_DAMAGED"], exit::REFUSED),
        ] {
            assert!(codes.iter().all(|code| exit_code(code) == exit), "{codes:?}");
        }
    }
}
