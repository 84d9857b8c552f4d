//! What goes to standard output, and how an error is shown.

use std::io::Write as _;

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
    /// Prints a value: as JSON, or as the given text.
    pub(crate) fn value(self, value: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            match serde_json::to_string_pretty(value) {
                Ok(json) => self.text(&json),
                Err(error) => eprintln!("error[JSON]: {error}"),
            }
        } else {
            self.text(&text());
        }
    }

    /// As [`Output::value`], with the JSON in one line: for what is said before the end.
    pub(crate) fn line(self, value: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            match serde_json::to_string(value) {
                Ok(json) => self.text(&json),
                Err(error) => eprintln!("error[JSON]: {error}"),
            }
        } else {
            self.text(&text());
        }
    }

    /// Prints text and ends it with a line break. A closed pipe is the reader's choice, not an error.
    pub(crate) fn text(self, text: &str) {
        let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    }

    /// Shows an error and gives the exit code that belongs to it.
    pub(crate) fn error(self, diagnostic: &Diagnostic) -> u8 {
        if self.json {
            let _ = writeln!(std::io::stdout(), "{}", serde_json::json!({ "error": diagnostic }));
        } else {
            eprintln!("{diagnostic}");
        }
        exit_code(&diagnostic.code)
    }
}

/// Exit code of an error code; what is not listed is a plain failure.
fn exit_code(code: &str) -> u8 {
    match code {
        "APP_MISSING" | "MANIFEST_MISSING" | "REGION_NOT_FOUND" => exit::NOT_FOUND,
        "SIZE_OUT_OF_RANGE" | "USAGE" => exit::USAGE,
        "NO_VULKAN_DEVICE" | "NO_DISPLAY" => exit::LACKING,
        "IO" | "OUTPUT" | "RECORDING_EXISTS" | "PANEL_BIND" | "PANEL_FILES" | "PANEL_TOO_LARGE" | "GUEST_BUILD_FAILED"
        | "CARGO_MISSING" | "RUN_FAILED" => exit::FAILED,
        _ => exit::REFUSED,
    }
}
