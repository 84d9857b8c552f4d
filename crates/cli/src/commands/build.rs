//! `wasm-engine build`: the guests of an app, from their Rust sources.

use std::path::PathBuf;

use clap::Args;
use wasm_engine_engine::{Diagnostic, guests, manifest};

use crate::output::Output;

/// Arguments of `build`.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// Folder of the app.
    app: PathBuf,
}

impl Build {
    pub(crate) fn execute(self, output: Output) -> u8 {
        if self.app.is_file() && self.app.file_name().is_none_or(|name| name != manifest::FILE_NAME) {
            let message = format!("{} is no folder: what is packed has no sources", self.app.display());
            let hint = "build the app's folder, then pack it";
            return output.error(&Diagnostic::new("NOT_A_FOLDER", message).with_hint(Some(hint.to_owned())));
        }
        let app = match manifest::Manifest::load(&self.app) {
            Ok(app) => app,
            Err(error) => return output.error(&(&error).into()),
        };
        match guests::build(&app) {
            Ok(built) => output.value(&built, || {
                if built.is_empty() {
                    return format!("{}: there is nothing to build, as no kernel has its `source` here", app.manifest.app.name);
                }
                built
                    .iter()
                    .map(|guest| format!("{:<16} {:>8.1} KiB  {}\n", guest.kernel, guest.bytes as f64 / 1024.0, guest.module.display()))
                    .collect()
            }),
            Err(error) => output.error(&error.diagnostic()),
        }
    }
}
