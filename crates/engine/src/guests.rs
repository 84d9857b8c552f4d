//! Building an app's guests from their Rust sources: what `wasm-engine build` does.

use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

use crate::error::Diagnostic;
use crate::manifest::App;

/// Target of every kernel, and the features that the kernel ABI asks for.
const TARGET: &str = "wasm32-unknown-unknown";
const RUSTFLAGS: &str = "-C target-feature=+simd128,+bulk-memory";

/// A kernel that was built.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Built {
    /// The kernel's name.
    pub kernel: String,
    /// Where its module lies now.
    pub module: PathBuf,
    /// Size of the module in bytes.
    pub bytes: u64,
}

/// Why a guest could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// cargo is not there.
    #[error("cargo could not be started: {0}")]
    NoCargo(std::io::Error),
    /// cargo ended with an error; it has said why on standard error.
    #[error("the guest of kernel `{kernel}` in {folder} did not build")]
    Failed {
        /// The kernel's name.
        kernel: String,
        /// Its source folder.
        folder: PathBuf,
    },
    /// The package built, and no module came of it.
    #[error("{folder} built, but made no module; its Cargo.toml needs `[lib] crate-type = [\"cdylib\"]`")]
    NoModule {
        /// The source folder.
        folder: PathBuf,
    },
    /// The module could not be put in its place.
    #[error("{path}: {source}")]
    Write {
        /// The file that could not be written.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl BuildError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCargo(_) => "CARGO_MISSING",
            Self::Failed { .. } => "GUEST_BUILD_FAILED",
            Self::NoModule { .. } => "GUEST_NOT_A_CDYLIB",
            Self::Write { .. } => "IO",
        }
    }

    /// As shown at an edge.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let hint = match self {
            Self::NoCargo(_) => Some("install Rust with rustup; guests written in Rust are built by cargo".to_owned()),
            Self::Failed { .. } => Some(format!("cargo's own message stands above; `rustup target add {TARGET}` brings the target")),
            _ => None,
        };
        Diagnostic::new(self.code(), self.to_string()).with_hint(hint)
    }
}

/// Builds every kernel of the app that names a source folder. Kernels that share a folder are built once.
///
/// # Errors
/// The first guest that does not build ends the work; what was built before it stays.
pub fn build(app: &App) -> Result<Vec<Built>, BuildError> {
    let mut built = Vec::new();
    let mut done: Vec<(PathBuf, PathBuf)> = Vec::new();
    for kernel in &app.manifest.kernel {
        let Some(source) = &kernel.source else { continue };
        let folder = app.root.join(source);
        // An app that was handed on without its sources: what it brings is all there is.
        if !folder.exists() {
            continue;
        }
        let artifact = match done.iter().find(|(seen, _)| *seen == folder) {
            Some((_, artifact)) => artifact.clone(),
            None => {
                let artifact = build_package(&kernel.name, &folder)?;
                done.push((folder.clone(), artifact.clone()));
                artifact
            }
        };
        let module = app.root.join(&kernel.module);
        install(&artifact, &module)?;
        let bytes = module.metadata().map_or(0, |meta| meta.len());
        built.push(Built { kernel: kernel.name.clone(), module, bytes });
    }
    Ok(built)
}

/// Runs cargo in the package's folder and gives the path of the module that it made.
fn build_package(kernel: &str, folder: &Path) -> Result<PathBuf, BuildError> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"])
        .current_dir(folder)
        .env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS.replace(' ', "\u{1f}"))
        .env_remove("RUSTFLAGS")
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(BuildError::NoCargo)?;
    if !output.status.success() {
        return Err(BuildError::Failed { kernel: kernel.to_owned(), folder: folder.to_owned() });
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .rfind(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .ok_or_else(|| BuildError::NoModule { folder: folder.to_owned() })
}

/// Copies beside the goal and renames, so that a running engine never reads half a module.
fn install(artifact: &Path, module: &Path) -> Result<(), BuildError> {
    let write = |source| BuildError::Write { path: module.to_owned(), source };
    if let Some(parent) = module.parent() {
        std::fs::create_dir_all(parent).map_err(write)?;
    }
    let partial = module.with_extension("wasm.partial");
    std::fs::copy(artifact, &partial).map_err(write)?;
    std::fs::rename(&partial, module).map_err(write)
}
