//! `wasm-engine new`: a new app from a template.

use std::path::PathBuf;

use clap::Args;
use wasm_engine_engine::Diagnostic;

use crate::output::Output;

/// Arguments of `new`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// Folder to make; its last part becomes the app's name.
    folder: PathBuf,
}

/// A file of the template: where it goes, and what is in it. `{{name}}` becomes the app's name.
struct File {
    path: &'static str,
    text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/template.rs"));

impl New {
    pub(crate) fn execute(self, output: Output) -> u8 {
        let written = self.folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = written.to_lowercase();
        if !is_name(&name) {
            return output.error(
                &Diagnostic::new("INVALID_NAME", format!("`{written}` cannot be an app's name"))
                    .with_hint(Some("use letters, digits, `-` and `_`, starting with a letter, 55 at most".to_owned())),
            );
        }
        if self.folder.exists() {
            return output.error(
                &Diagnostic::new("ALREADY_EXISTS", format!("{} is there already", self.folder.display()))
                    .with_hint(Some("choose another folder; nothing was written".to_owned())),
            );
        }
        for file in TEMPLATE {
            let path = self.folder.join(file.path);
            let written = path
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(&path, file.text.replace("{{name}}", &name)));
            if let Err(error) = written {
                return output.error(&Diagnostic::new("IO", format!("{}: {error}", path.display())));
            }
        }
        let folder = self.folder.display();
        output.value(
            &serde_json::json!({ "app": name, "folder": self.folder, "files": TEMPLATE.iter().map(|file| file.path).collect::<Vec<_>>() }),
            || {
                format!(
                    "made {folder} ({} files)\n\n  wasm-engine build {folder}    build its kernel\n  wasm-engine run {folder}      run it",
                    TEMPLATE.len()
                )
            },
        )
    }
}

/// A name that is good as a folder, a Cargo package and an app.
fn is_name(name: &str) -> bool {
    (1..=55).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}
