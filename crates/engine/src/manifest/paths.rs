//! What the manifest names on the disk: everything is there, and nothing lies outside the app.

use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use super::places::{Places, Step, at};
use super::problem::{Fault, ManifestError, ProblemCode};
use super::{FILE_NAME, Manifest, limits};
use crate::files;

/// The page's files, canonical and inside the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageFiles {
    /// The folder whose files the page may load.
    pub root: PathBuf,
    /// The document to open, inside `root`.
    pub index: PathBuf,
}

/// Reads the manifest's text from an app's folder.
pub(super) fn read_manifest(root: &Path) -> Result<String, ManifestError> {
    let path = root.join(FILE_NAME);
    let file = files::open(&path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => ManifestError::NoManifest { folder: root.to_owned() },
        _ => ManifestError::Unreadable { path: path.clone(), source },
    })?;
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    if length > limits::MANIFEST_BYTES {
        return Err(ManifestError::TooLarge { bytes: length });
    }
    // A file that grows meanwhile is read up to the limit, and one byte more to notice it.
    let mut bytes = Vec::new();
    file.take(limits::MANIFEST_BYTES + 1).read_to_end(&mut bytes).map_err(|source| ManifestError::Unreadable { path, source })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let fault = Fault::new(ProblemCode::Syntax, valid..valid + 1, "the file is not UTF-8 from here on");
        super::Problems::new(FILE_NAME, &text, vec![fault.hint("save it with the encoding UTF-8")]).into()
    })
}

/// Holds every path of the manifest against the disk. Gives the page's files, and everything that does not hold.
pub(super) fn check(root: &Path, manifest: &Manifest, places: &Places<'_>) -> (Option<PageFiles>, Vec<Fault>) {
    let mut finder = Finder { root, places, faults: Vec::new() };
    let page = manifest.page.as_ref().filter(|_| !places.unread(at!["page"], &["root", "index"])).and_then(|page| {
        let folder = finder.existing(&page.root, at!["page", "root"], Kind::Folder, "the page's folder")?;
        let inside = Finder { root: &folder, places, faults: Vec::new() };
        let index = finder.within(inside, &page.index)?;
        Some(PageFiles { root: folder, index })
    });
    for (i, kernel) in manifest.kernel.iter().enumerate() {
        // An app that was built and handed on comes without its guests' sources.
        let is_built = kernel.source.as_ref().is_some_and(|source| !root.join(source).exists() && root.join(&kernel.module).is_file());
        if is_built && let Some(source) = &kernel.source {
            finder.confined(source, at!["kernel", i, "source"]);
        }
        if let Some(source) = kernel.source.as_ref().filter(|_| !is_built) {
            let folder = finder.existing(source, at!["kernel", i, "source"], Kind::Folder, "the kernel's source");
            if let Some(folder) = folder {
                finder.cargo_package(&folder, at!["kernel", i, "source"]);
            }
            // The module comes out of the source: it need not be there yet.
            finder.confined(&kernel.module, at!["kernel", i, "module"]);
        } else if places.unread(at!["kernel", i], &["source"]) {
            finder.confined(&kernel.module, at!["kernel", i, "module"]);
        } else if finder.existing(&kernel.module, at!["kernel", i, "module"], Kind::File, "the kernel's module").is_none()
            && let Some(fault) = finder.faults.last_mut()
            && fault.code == ProblemCode::FileMissing
        {
            fault.hint =
                Some("put the compiled module there, or add `source = \"guests/…\"` and let `wasm-engine build` make it".to_owned());
        }
    }
    (page, finder.faults)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

struct Finder<'a> {
    /// Canonical.
    root: &'a Path,
    places: &'a Places<'a>,
    faults: Vec<Fault>,
}

impl Finder<'_> {
    /// The canonical path of something that has to be there.
    fn existing(&mut self, path: &Path, way: &[Step<'_>], kind: Kind, what: &str) -> Option<PathBuf> {
        let found = self.confined(path, way)?;
        let (is_right, wanted) = match kind {
            Kind::File => (found.is_file(), "file"),
            Kind::Folder => (found.is_dir(), "folder"),
        };
        if is_right {
            return Some(found);
        }
        let span = self.places.value(way);
        let shown = path.display();
        let fault = if found.exists() {
            Fault::new(ProblemCode::FileMissing, span, format!("{what} is to be a {wanted}, and `{shown}` is not"))
                .label(format!("not a {wanted}"))
                .hint(format!("write the path of a {wanted}, relative to app.toml"))
        } else {
            let near = neighbours(&found);
            let near = found
                .file_name()
                .and_then(|name| super::suggest::nearest(&name.to_string_lossy(), near.iter().map(String::as_str)).map(str::to_owned));
            Fault::new(ProblemCode::FileMissing, span, format!("{what} `{shown}` is not there"))
                .label(format!("no such {wanted} in the app"))
                .hint(near.map_or_else(
                    || format!("make it, or write the path of a {wanted} that is there, relative to app.toml"),
                    |near| format!("there is `{}`", path.with_file_name(near).display()),
                ))
        };
        self.faults.push(fault);
        None
    }

    /// The page's document: confined to the page's folder, which is confined to the app.
    fn within(&mut self, mut inside: Finder<'_>, index: &Path) -> Option<PathBuf> {
        let found = inside.existing(index, at!["page", "index"], Kind::File, "the page's document");
        let has_index = self.places.has(at!["page", "index"]);
        self.faults.extend(inside.faults.into_iter().map(|mut fault| {
            // The default was meant, so there is no line to point at but that of the table.
            if !has_index {
                fault.span = self.places.key(at!["page"]);
            }
            fault
        }));
        found
    }

    /// The path joined to the root, with symbolic links followed as far as the files are there; a fault if it leaves the root.
    fn confined(&mut self, path: &Path, way: &[Step<'_>]) -> Option<PathBuf> {
        let span = self.places.value(way);
        let outside = |why: &str| {
            Fault::new(ProblemCode::PathOutside, span.clone(), format!("`{}` leaves the app's folder", path.display()))
                .label(why.to_owned())
                .hint("an app's files lie inside it: write a path relative to app.toml, without `..`")
        };
        for component in path.components() {
            let why = match component {
                Component::Normal(_) | Component::CurDir => continue,
                Component::ParentDir => "goes up with `..`",
                Component::RootDir | Component::Prefix(_) => "is absolute",
            };
            self.faults.push(outside(why));
            return None;
        }
        let joined = self.root.join(path);
        // What is not there yet is judged by the nearest folder above it that is.
        let mut there = joined.as_path();
        let canonical = loop {
            if let Ok(canonical) = there.canonicalize() {
                break canonical;
            }
            // A link that leads nowhere could come to lead anywhere.
            if there.is_symlink() {
                self.faults.push(Fault { label: "a symbolic link that leads nowhere".to_owned(), ..outside("") });
                return None;
            }
            match there.parent() {
                Some(parent) if parent.starts_with(self.root) => there = parent,
                _ => break self.root.to_owned(),
            }
        };
        if !canonical.starts_with(self.root) {
            self.faults.push(outside("a symbolic link leads outside"));
            return None;
        }
        let rest = joined.strip_prefix(there).unwrap_or(Path::new(""));
        Some(if rest.as_os_str().is_empty() { canonical } else { canonical.join(rest) })
    }

    fn cargo_package(&mut self, folder: &Path, way: &[Step<'_>]) {
        if !folder.join("Cargo.toml").is_file() {
            let fault = Fault::new(ProblemCode::FileMissing, self.places.value(way), "the kernel's source is not a Cargo package");
            self.faults.push(
                fault.label("no Cargo.toml in this folder").hint("`wasm-engine new NAME` shows what a package of a kernel looks like"),
            );
        }
    }
}

/// Names beside a path that is not there, a bounded number.
fn neighbours(path: &Path) -> Vec<String> {
    let Some(Ok(entries)) = path.parent().map(fs::read_dir) else { return Vec::new() };
    entries.take(256).filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}
