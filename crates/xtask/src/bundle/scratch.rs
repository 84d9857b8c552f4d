//! A folder that only this user can look into, and that is gone afterwards.

use crate::failure::Result;
use crate::process;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self> {
        Self::made_by(process::command("mktemp").args(["--directory", "--tmpdir", "wasm-engine-XXXXXXXX"]))
    }

    /// In the target folder: for packages, which may be more than the system's folder for such things holds.
    pub(super) fn large() -> Result<Self> {
        Self::made_by(process::command("mktemp").arg("--directory").arg(process::target_dir().join("bundle-XXXXXXXX")))
    }

    /// mktemp makes it with the right mode and under a name that nobody can foresee.
    fn made_by(mktemp: &mut Command) -> Result<Self> {
        Ok(Self(PathBuf::from(process::ask(mktemp, "")?.trim())))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
