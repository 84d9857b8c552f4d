//! The panel's files, read once at the start. A request names one of them or nothing, so no path can lead anywhere else.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use axum::body::Bytes;

use crate::{error::ServeError, limits};

/// The file that the address without a path shows.
const INDEX: &str = "/index.html";

/// One file of a panel.
#[derive(Clone, Debug)]
pub struct PanelFile {
    /// Path below the panel's root, with slashes between its parts: `assets/panel.js`.
    pub path: String,
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
    /// Its type, as in `Content-Type`.
    pub mime: Cow<'static, str>,
}

/// A file as it is given out.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) bytes: Bytes,
    pub(super) mime: Cow<'static, str>,
}

/// The files of a panel, by path.
#[derive(Clone, Debug, Default)]
pub struct PanelFiles(HashMap<String, Content>);

impl PanelFiles {
    /// The files that are given.
    #[must_use]
    pub fn new(files: impl IntoIterator<Item = PanelFile>) -> Self {
        let content = |bytes, mime| Content {
            bytes: match bytes {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            },
            mime,
        };
        Self(files.into_iter().map(|file| (format!("/{}", file.path.trim_start_matches('/')), content(file.bytes, file.mime))).collect())
    }

    /// The files of a folder, without those whose names begin with a dot, and without links.
    ///
    /// # Errors
    /// When something cannot be read, or there is more than a panel has.
    pub fn from_folder(folder: &Path) -> Result<Self, ServeError> {
        let mut reading = Reading { files: Vec::new(), bytes: 0 };
        reading.folder(folder, "", 0)?;
        Ok(Self::new(reading.files))
    }

    /// Files that are a part of the program, as paths and contents.
    #[must_use]
    pub fn built_in(files: &'static [(&'static str, &'static [u8])]) -> Self {
        let file = |(path, bytes): &(&'static str, &'static [u8])| PanelFile {
            path: (*path).to_owned(),
            bytes: Cow::Borrowed(*bytes),
            mime: Cow::Borrowed(content_type(path)),
        };
        Self::new(files.iter().map(file))
    }

    /// The file of a request's path.
    pub(super) fn find(&self, path: &str) -> Option<Content> {
        self.0.get(if path == "/" { INDEX } else { path }).cloned()
    }
}

/// A folder on its way into memory.
struct Reading {
    files: Vec<PanelFile>,
    bytes: u64,
}

impl Reading {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), ServeError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| ServeError::Files { path, source }
        };
        let too_many = |path: PathBuf| ServeError::TooManyFiles { path };
        for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
            let entry = entry.map_err(unreadable(folder))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(unreadable(&path))?;
            // A name that is no text can be in no address.
            let Some(name) = entry.file_name().to_str().filter(|name| !name.starts_with('.')).map(|name| format!("{prefix}{name}")) else {
                continue;
            };
            if kind.is_dir() {
                if depth == limits::FOLDER_DEPTH {
                    return Err(too_many(path));
                }
                self.folder(&path, &format!("{name}/"), depth + 1)?;
            } else if kind.is_file() {
                self.bytes += entry.metadata().map_err(unreadable(&path))?.len();
                if self.bytes > limits::FILES_BYTES || self.files.len() == limits::FILES_MAX {
                    return Err(too_many(path));
                }
                let bytes = read(&path).map_err(unreadable(&path))?;
                self.files.push(PanelFile { mime: Cow::Borrowed(content_type(&name)), path: name, bytes: Cow::Owned(bytes) });
            }
        }
        Ok(())
    }
}

/// Reads a file that may have grown since it was measured.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(limits::FILES_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The value of `Content-Type`, by the end of the name. What is not known is bytes, which no browser runs.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_without_hidden_files_and_links() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("assets")).unwrap();
        for (name, text) in [("index.html", "<!doctype html>"), ("assets/panel.js", "1"), (".secret", "x"), ("noise", "?")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.txt")).unwrap();
        let files = PanelFiles::from_folder(folder.path()).unwrap();
        assert_eq!(files.find("/").unwrap().bytes, "<!doctype html>");
        assert_eq!(files.find("/assets/panel.js").unwrap().mime, "text/javascript; charset=utf-8");
        assert_eq!(files.find("/noise").unwrap().mime, "application/octet-stream");
        for path in ["/.secret", "/link.txt", "/assets", "/assets/", "//index.html", "/assets/../index.html", "index.html"] {
            assert!(files.find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_folder_that_is_no_panel_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(PanelFiles::from_folder(&folder.path().join("none")).unwrap_err().code(), "PANEL_FILES");
        let deep = folder.path().join(["deeper"; limits::FOLDER_DEPTH + 1].join("/"));
        fs::create_dir_all(deep).unwrap();
        assert_eq!(PanelFiles::from_folder(folder.path()).unwrap_err().code(), "PANEL_TOO_LARGE");
    }
}
