//! The files of the work tree, and the rules that hold for all of them.

use super::Finding;
use super::rules::{FILE_BYTES_MAX, FILE_LINES_MAX, LARGE_FILES};
use crate::failure::{Failure, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file that git keeps or would keep.
pub(super) struct File {
    /// From the root of the workspace, with `/`.
    pub(super) path: String,
    bytes: u64,
    /// `None` when it is not UTF-8 text.
    text: Option<String>,
}

impl File {
    #[cfg(test)]
    pub(super) fn fake(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), bytes: text.len() as u64, text: Some(text.to_owned()) }
    }

    pub(super) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or("")
    }

    fn ends_with(&self, extensions: &[&str]) -> bool {
        Path::new(&self.path).extension().and_then(|extension| extension.to_str()).is_some_and(|extension| extensions.contains(&extension))
    }

    pub(super) fn is_rust(&self) -> bool {
        self.ends_with(&["rs"])
    }

    pub(super) fn is_markdown(&self) -> bool {
        self.ends_with(&["md"])
    }

    pub(super) fn is_shader(&self) -> bool {
        self.ends_with(&["wgsl"])
    }

    /// Last part of the path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The crate it belongs to: the folder under `crates/`.
    pub(super) fn krate(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split_once('/').map(|(name, _)| name)
    }
}

/// All files that git keeps, and the new ones that it does not ignore.
pub(super) fn collect(root: &Path) -> Result<Vec<File>> {
    let mut paths = listed_by_git(root).unwrap_or_else(|| {
        let mut found = Vec::new();
        walk(root, root, &mut found);
        found
    });
    paths.sort();
    paths.dedup();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let full = root.join(&path);
        let Ok(data) = std::fs::symlink_metadata(&full) else {
            continue;
        };
        if !data.is_file() {
            continue;
        }
        let bytes = std::fs::read(&full).map_err(|error| Failure::new(format!("{path}: {error}")))?;
        files.push(File { path, bytes: data.len(), text: String::from_utf8(bytes).ok() });
    }
    if files.is_empty() { Err(Failure::new(format!("no files under {}", root.display()))) } else { Ok(files) }
}

fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let output =
        Command::new("git").current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// Where git does not answer (an unpacked archive), every file outside hidden and built folders.
fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        if path.is_dir() {
            if !["target", "out", ".git", "node_modules"].contains(&name) {
                walk(root, &path, found);
            }
        } else if let Some(path) = relative(root, &path)
            && !(path.starts_with("apps/") && path.ends_with(".wasm"))
        {
            found.push(path);
        }
    }
}

fn relative(root: &Path, path: &Path) -> Option<String> {
    let path: PathBuf = path.strip_prefix(root).ok()?.to_path_buf();
    Some(path.to_str()?.replace('\\', "/"))
}

/// Size, blanks at line ends, paths of somebody's machine.
pub(super) fn check(file: &File, findings: &mut Vec<Finding>) {
    if file.bytes > FILE_BYTES_MAX && !LARGE_FILES.contains(&file.path.as_str()) {
        let what = format!("{} KiB, more than {}", file.bytes / 1024, FILE_BYTES_MAX / 1024);
        findings.push(Finding::new(file, 0, what, "make it smaller, or make it when it is needed"));
    }
    if file.name() == "mod.rs" {
        findings.push(Finding::new(file, 0, "is called mod.rs", "name it after the module, beside the module's folder"));
    }
    let Some(text) = &file.text else { return };
    if file.is_rust() && text.lines().count() > FILE_LINES_MAX {
        let what = format!("{} lines, more than {FILE_LINES_MAX}", text.lines().count());
        findings.push(Finding::new(file, 0, what, "split it along a seam that has a name"));
    }
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(Finding::new(file, text.lines().count(), "the last line does not end", "end it with a newline"));
    }
    // Licence texts are kept as they came.
    if file.path.starts_with("LICENSE") {
        return;
    }
    for (at, line) in text.lines().enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            findings.push(Finding::new(file, at + 1, "blanks at the end of the line", "remove them"));
        }
        if let Some(path) = machine_path(line) {
            findings.push(Finding::new(
                file,
                at + 1,
                format!("`{path}` is a path of one machine"),
                "write it relative to the repository or to a variable",
            ));
        }
    }
}

/// The first folder of somebody's machine that the line names.
fn machine_path(line: &str) -> Option<&'static str> {
    // Written in two parts, so that this file does not name them.
    const PLACES: [&str; 3] = [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/ho", "me/")];
    PLACES.into_iter().find(|place| {
        line.match_indices(place).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || "._-}>)*".contains(c))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check(&File::fake(path, text), &mut findings);
        findings.into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn finds_what_no_file_may_have() {
        assert!(found("a.rs", "//! Fine.\n").is_empty());
        assert_eq!(found("a/mod.rs", ""), ["is called mod.rs"]);
        assert_eq!(found("a.md", "x \n"), ["blanks at the end of the line"]);
        assert_eq!(found("a.md", "x"), ["the last line does not end"]);
        assert_eq!(found("a.rs", &"\n".repeat(801)), ["801 lines, more than 800"]);
    }

    #[test]
    fn finds_paths_of_one_machine_and_no_others() {
        assert_eq!(found("a.md", concat!("see /ro", "ot/x\n")).len(), 1);
        assert_eq!(found("a.md", concat!("\"/ho", "me/me\"\n")).len(), 1);
        assert!(found("a.md", concat!("guests/wo", "rk/x\n")).is_empty());
    }
}
