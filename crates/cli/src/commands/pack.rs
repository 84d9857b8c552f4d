//! `wasm-engine pack`: an app as one file.

use std::path::PathBuf;

use clap::Args;
use wasm_engine_engine::Diagnostic;
use wasm_engine_engine::archive;
use wasm_engine_engine::manifest::Manifest;

use crate::output::Output;

/// Arguments of `pack`.
#[derive(Debug, Args)]
pub(crate) struct Pack {
    /// Folder of the app, with its guests built, or a file that `pack` made.
    app: PathBuf,

    /// Where the archive goes; `NAME.weapp` in this folder unless told otherwise.
    #[arg(long, value_name = "FILE.weapp")]
    out: Option<PathBuf>,
}

impl Pack {
    pub(crate) fn execute(self, output: Output) -> u8 {
        let app = match Manifest::load(&self.app) {
            Ok(app) => app,
            Err(error) => return output.error(&(&error).into()),
        };
        let out = self.out.unwrap_or_else(|| PathBuf::from(format!("{}.{}", app.manifest.app.name, archive::ENDING)));
        match archive::pack(&app, &out) {
            Ok(packed) => output.value(&packed, || {
                let size = packed.bytes as f64 / 1024.0;
                format!("{}  {} files, {size:.1} KiB\nsha256 {}\n", packed.archive.display(), packed.files, packed.sha256)
            }),
            Err(error) => output.error(&Diagnostic::new(error.code(), error.to_string()).with_hint(error.hint())),
        }
    }
}
