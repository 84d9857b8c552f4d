//! `wasm-engine build`: the guests of an app, from their Rust sources.

use std::path::PathBuf;

use clap::Args;
use wasm_engine_engine::{guests, manifest::Manifest};

use crate::{exit, output::Output};

/// Arguments of `build`.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// Folder of the app.
    app: PathBuf,
}

impl Build {
    pub(crate) fn execute(self, output: Output) -> u8 {
        let app = match Manifest::load(&self.app) {
            Ok(app) => app,
            Err(error) => return output.error(&(&error).into()),
        };
        match guests::build(&app) {
            Ok(built) => {
                output.value(&built, || {
                    built
                        .iter()
                        .map(|guest| format!("{:<16} {:>8.1} KiB  {}\n", guest.kernel, guest.bytes as f64 / 1024.0, guest.module.display()))
                        .collect()
                });
                exit::OK
            }
            Err(error) => output.error(&error.diagnostic()),
        }
    }
}
