//! What is packed, laid out as Tauri's bundler looks for it: stripped copies of the programs, and what can only be said now.

use super::{depends, files_with_ending};
use crate::build::Profile;
use crate::failure::{Failure, Result};
use crate::{build, packages, panel, process};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A folder in the target folder, removed when it has been packed.
pub(super) struct Stage(PathBuf);

impl Stage {
    pub(super) fn lay_out(profile: Profile) -> Result<Self> {
        let stage = Self(process::target_dir().join("bundle-stage"));
        let _ = std::fs::remove_dir_all(&stage.0);
        std::fs::create_dir_all(stage.programs()).map_err(|error| cannot_write(&stage.0, &error))?;
        let built = build::folder(profile);
        let mut programs = Vec::new();
        for name in [packages::program_name(), packages::desktop_name()] {
            let from = built.join(&name);
            if !from.is_file() {
                return Err(Failure::with_hint(format!("there is no {}", from.display()), "leave out --no-build, or `cargo xtask build`"));
            }
            let to = stage.programs().join(&name);
            // Into a copy: the built one keeps its symbols, and the bundler writes the package's kind into the shell.
            process::check(process::command("strip").arg("-o").arg(&to).arg(&from))?;
            programs.push(to);
        }
        stage.pack_samples(&built.join(packages::program_name()))?;
        stage.write(&stage.licences(), &third_party()?)?;
        stage.write(&stage.config(), &stage.overlay(&programs, &inference_library(&built))?)?;
        Ok(stage)
    }

    /// What the bundler takes for cargo's target folder.
    pub(super) fn target_dir(&self) -> &Path {
        &self.0
    }

    /// The configuration that is merged over the one in `src-tauri`.
    pub(super) fn config(&self) -> PathBuf {
        self.0.join("bundle.conf.json")
    }

    /// What the bundler has made.
    pub(super) fn packages(&self, kinds: &[&str]) -> Vec<PathBuf> {
        let ending = |kind: &str| if kind == "appimage" { "AppImage" } else { kind }.to_owned();
        kinds.iter().flat_map(|kind| files_with_ending(&self.programs().join("bundle").join(kind), &ending(kind))).collect()
    }

    fn programs(&self) -> PathBuf {
        self.0.join("release")
    }

    fn samples(&self) -> PathBuf {
        self.0.join("apps")
    }

    /// Each sample app as one file.
    fn pack_samples(&self, program: &Path) -> Result<()> {
        std::fs::create_dir(self.samples()).map_err(|error| cannot_write(&self.samples(), &error))?;
        let apps = build::apps()?;
        build::kernels(program, &apps)?;
        for app in apps {
            let archive = self.samples().join(app.file_name().unwrap_or_default()).with_extension("weapp");
            process::check(process::command(program).arg("pack").arg(&app).arg("--out").arg(archive))?;
        }
        Ok(())
    }

    fn licences(&self) -> PathBuf {
        self.0.join("THIRD-PARTY.txt")
    }

    fn write(&self, path: &Path, text: &str) -> Result<()> {
        std::fs::write(path, text).map_err(|error| cannot_write(path, &error))
    }

    /// Files that lie elsewhere each time, and what the programs just built depend on.
    fn overlay(&self, programs: &[PathBuf], libraries: &[PathBuf]) -> Result<String> {
        // The shell is packed by itself.
        let mut files = vec![
            (format!("/usr/bin/{}", packages::program_name()), self.programs().join(packages::program_name())),
            ("/usr/share/doc/wasm-engine/THIRD-PARTY.txt".to_owned(), self.licences()),
        ];
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.extend(libraries.iter().map(|library| (format!("/usr/lib/wasm-engine/{}", name(library)), library.clone())));
        let samples = files_with_ending(&self.samples(), "weapp");
        files.extend(samples.iter().map(|sample| (format!("/usr/share/wasm-engine/apps/{}", name(sample)), sample.clone())));
        // What Rust shows of text and lists of it is JSON too.
        let files: Vec<String> = files.iter().map(|(to, from)| format!("{to:?}: {:?}", from.to_string_lossy())).collect();
        let files = format!("\"files\": {{{}}}", files.join(", "));
        let deb = format!("\"depends\": {:?}, \"recommends\": {:?}", depends::deb(programs)?, depends::RECOMMENDED_DEB);
        let rpm = format!("\"depends\": {:?}, \"recommends\": {:?}", depends::rpm(programs)?, depends::RECOMMENDED_RPM);
        let kinds = format!("\"deb\": {{{deb}, {files}}}, \"rpm\": {{{rpm}, {files}}}, \"appimage\": {{{files}}}");
        Ok(format!("{{\"bundle\": {{\"linux\": {{{kinds}}}}}}}\n"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The ONNX Runtime, where a build has put it beside the programs.
fn inference_library(built: &Path) -> Vec<PathBuf> {
    files_with_ending(built, "so").into_iter().filter(|path| path.ends_with("libonnxruntime.so")).collect()
}

/// Every crate from outside that is compiled in and every package that the panel is built of, with its licence and its home.
fn third_party() -> Result<String> {
    let mut tree = process::cargo(&["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p} | {l} | {r}"]);
    let told = process::ask(tree.args(packages::PROGRAMS), "")?;
    let packages = panel::third_party()?;
    Ok(from_outside(&told).into_iter().chain(packages.lines()).map(|line| format!("{line}\n")).collect())
}

/// Lines of cargo's tree, each once, without our own crates: those have a folder in parentheses.
fn from_outside(tree: &str) -> BTreeSet<&str> {
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)").trim_end_matches([' ', '|']));
    lines.filter(|line| !line.is_empty() && !line.split(" | ").next().unwrap_or("").contains(" (/")).collect()
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_crates_are_listed_once() {
        let tree = "ours v0.1.0 (/x/crates/ours) | MIT | \nb v1.0.0 | MIT | https://b\na v2.0.0 (proc-macro) | Apache-2.0 | \nb v1.0.0 | MIT | https://b (*)\n\n";
        assert_eq!(
            from_outside(tree).into_iter().collect::<Vec<_>>(),
            ["a v2.0.0 (proc-macro) | Apache-2.0", "b v1.0.0 | MIT | https://b"]
        );
    }
}
