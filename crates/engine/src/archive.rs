//! An app as one file: a ZIP archive, `NAME.weapp`, with what a run needs and nothing else.
//!
//! Packing the same app twice gives the same bytes. Unpacking trusts nothing: names must stay below the app, there are no links, and sizes are held to limits
//! before and while they are written. An archive is unpacked once, into the cache, under the hash of its bytes.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;
use wasm_engine_sandbox::{AbiError, ModuleLimits};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::kept;
use crate::limits;
use crate::manifest::{App, FILE_NAME};
use crate::paths;
use crate::wiring;

/// Ending of the files' names.
pub const ENDING: &str = "weapp";

/// Why an archive was not made or not opened.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// It is no ZIP archive, or a damaged one.
    #[error("{archive} is not an app's archive: {source}", archive = archive.display())]
    Damaged {
        /// The archive.
        archive: PathBuf,
        /// What is wrong with it.
        source: zip::result::ZipError,
    },
    /// An entry would lie outside the app, or is no file.
    #[error("{archive}: the entry `{entry}` {what}", archive = archive.display())]
    Entry {
        /// The archive.
        archive: PathBuf,
        /// The entry's name.
        entry: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// It holds more than an app may.
    #[error("{archive} holds {what}; an app may have {max}", archive = archive.display())]
    TooLarge {
        /// The archive.
        archive: PathBuf,
        /// How much of what.
        what: String,
        /// How much there may be.
        max: String,
    },
    /// A module that the manifest names is yet to be built.
    #[error("{module} is not there", module = module.display())]
    NotBuilt {
        /// The module.
        module: PathBuf,
    },
    /// A module is no kernel.
    #[error("{module}: {source}", module = module.display())]
    Module {
        /// The module.
        module: PathBuf,
        /// What is wrong with it.
        source: AbiError,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ArchiveError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "ARCHIVE_DAMAGED",
            Self::Entry { .. } => "ARCHIVE_ENTRY_REFUSED",
            Self::TooLarge { .. } => "ARCHIVE_TOO_LARGE",
            Self::NotBuilt { .. } => "MODULE_MISSING",
            Self::Module { source, .. } => source.code(),
            Self::Io { .. } => "IO",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Damaged { .. } => Some("an app is a folder with an app.toml, or a file that `wasm-engine pack` made".to_owned()),
            Self::Entry { .. } | Self::TooLarge { .. } => Some("do not open it: `wasm-engine pack` makes no such archive".to_owned()),
            Self::NotBuilt { .. } => Some("`wasm-engine build` makes it".to_owned()),
            Self::Module { source, .. } => source.hint(),
            Self::Io { .. } => None,
        }
    }
}

/// An archive that was made.
#[derive(Debug, Clone, Serialize)]
pub struct Packed {
    /// Where it lies.
    pub archive: PathBuf,
    /// Files in it.
    pub files: usize,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// Packs the manifest, the kernels' modules and the page's folder.
///
/// # Errors
/// When a module was not built or is no kernel, something cannot be read, or the app is larger than an archive may be. No file is left then.
pub fn pack(app: &App, archive: &Path) -> Result<Packed, ArchiveError> {
    let mut files = vec![app.root.join(FILE_NAME)];
    for kernel in &app.manifest.kernel {
        let module = app.module_path(kernel);
        if !module.is_file() {
            return Err(ArchiveError::NotBuilt { module });
        }
        let bytes = wiring::read_module(&module).map_err(at(&module))?;
        if let Err(source) = wasm_engine_sandbox::inspect(&bytes, &ModuleLimits::default()) {
            return Err(ArchiveError::Module { module, source });
        }
        files.push(module);
    }
    if let Some(page) = &app.page {
        collect(&page.root, &mut files)?;
    }
    // Sorted, and without times and owners: the same app gives the same bytes.
    files.sort();
    files.dedup();
    kept::replaceable(archive).and_then(|()| kept::make_folder_of(archive)).map_err(at(archive))?;
    let partial = archive.with_extension(format!("{ENDING}.partial"));
    let made = write(app, &files, &partial, archive).and_then(|()| fs::rename(&partial, archive).map_err(at(archive)));
    if let Err(error) = made {
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    let bytes = archive.metadata().map_err(at(archive))?.len();
    Ok(Packed { archive: archive.to_owned(), files: files.len(), bytes, sha256: hash(archive)? })
}

fn write(app: &App, files: &[PathBuf], partial: &Path, archive: &Path) -> Result<(), ArchiveError> {
    let damaged = |source| ArchiveError::Damaged { archive: archive.to_owned(), source };
    let mut zip = ZipWriter::new(File::create(partial).map_err(at(partial))?);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(true);
    let mut bytes = 0;
    for file in files {
        let inside = file.strip_prefix(&app.root).unwrap_or(file);
        let name: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        bytes += file.metadata().map_err(at(file))?.len();
        check_size(archive, files.len() as u64, bytes)?;
        zip.start_file(name.join("/"), options).map_err(damaged)?;
        io::copy(&mut File::open(file).map_err(at(file))?, &mut zip).map_err(at(file))?;
    }
    zip.finish().map_err(damaged)?.sync_all().map_err(at(partial))
}

/// The files of a folder and of those below it, without links and names that begin with a dot.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ArchiveError> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let entry = entry.map_err(at(folder))?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(at(folder))?);
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            collect(&path, files)?;
        } else if kind.is_file() {
            files.push(path);
        }
        if files.len() as u64 > limits::ARCHIVE_FILES {
            break;
        }
    }
    Ok(())
}

/// The folder of the app in an archive, unpacked if it is not yet.
///
/// # Errors
/// When the archive is refused. Nothing of it is left then.
pub(crate) fn unpack(archive: &Path) -> Result<PathBuf, ArchiveError> {
    unpack_below(&paths::apps_dir(), archive)
}

fn unpack_below(apps: &Path, archive: &Path) -> Result<PathBuf, ArchiveError> {
    // Before all of it is read for its hash.
    let length = archive.metadata().map_err(at(archive))?.len();
    if length > limits::ARCHIVE_FILE_BYTES {
        return Err(too_large(archive, format!("{length} bytes"), limits::ARCHIVE_FILE_BYTES.to_string()));
    }
    let folder = apps.join(&hash(archive)?[..32]);
    if is_complete(archive, &folder)? {
        // When it was opened last, which decides when it goes.
        let _ = File::open(&folder).and_then(|folder| folder.set_modified(SystemTime::now()));
        return Ok(folder);
    }
    prune(apps, SystemTime::now());
    // Beside its place and renamed at the end, so that nobody ever opens half an app. A process of the same number may have died at it.
    // One archive may be opened twice at once, by this process, too.
    static UNPACKING: AtomicU64 = AtomicU64::new(0);
    let number = UNPACKING.fetch_add(1, Ordering::Relaxed);
    let partial = folder.with_extension(format!("partial-{}-{number}", std::process::id()));
    let _ = fs::remove_dir_all(&partial);
    let unpacked = unpack_into(archive, &partial).and_then(|()| put(archive, &partial, &folder));
    let _ = fs::remove_dir_all(&partial);
    unpacked.map(|()| folder)
}

/// Whether the archive is unpacked, with every file in its length. Of a cache anybody may remove what has not been used for long.
fn is_complete(archive: &Path, folder: &Path) -> Result<bool, ArchiveError> {
    if !folder.is_dir() {
        return Ok(false);
    }
    let damaged = |source| ArchiveError::Damaged { archive: archive.to_owned(), source };
    let file = File::open(archive).map_err(at(archive))?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(damaged)?;
        let path = folder.join(confined(archive, &entry.name().map_err(damaged)?)?);
        let is_there =
            path.metadata().is_ok_and(|found| if entry.is_dir() { found.is_dir() } else { found.is_file() && found.len() == entry.size() });
        if !is_there {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts an unpacked app in its place.
fn put(archive: &Path, partial: &Path, folder: &Path) -> Result<(), ArchiveError> {
    let Err(error) = fs::rename(partial, folder) else { return Ok(()) };
    if is_complete(archive, folder)? {
        // Another engine was faster with the same bytes.
        return Ok(());
    }
    if !folder.is_dir() {
        return Err(at(folder)(error));
    }
    // What is left of an earlier time.
    let old = folder.with_extension(format!("old-{}", std::process::id()));
    let replaced = fs::rename(folder, &old).and_then(|()| fs::rename(partial, folder));
    let _ = fs::remove_dir_all(&old);
    replaced.map_err(at(folder))
}

/// Removes unpacked apps that nobody has opened for long, beyond those that are kept. What cannot be removed stays.
fn prune(apps: &Path, now: SystemTime) {
    let entries = fs::read_dir(apps).into_iter().flatten().flatten();
    let mut unpacked: Vec<(SystemTime, PathBuf)> =
        entries.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    unpacked.sort_unstable_by(|one, other| other.cmp(one));
    for (opened, folder) in unpacked.into_iter().skip(limits::ARCHIVES_KEPT - 1) {
        if now.duration_since(opened).is_ok_and(|age| age > limits::ARCHIVE_IN_USE) {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// What is wrong with an entry that unpacks to something else than it says.
const UNREADABLE: &str = "is damaged, or not as long as it says";

fn unpack_into(archive: &Path, folder: &Path) -> Result<(), ArchiveError> {
    let damaged = |source| ArchiveError::Damaged { archive: archive.to_owned(), source };
    let file = File::open(archive).map_err(at(archive))?;
    let length = file.metadata().map_err(at(archive))?.len();
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let declared = declared_bytes(archive, &mut zip)?;
    check_size(archive, zip.len() as u64, declared)?;
    if declared > limits::ARCHIVE_SMALL_BYTES && declared / limits::ARCHIVE_RATIO > length {
        return Err(too_large(archive, format!("{declared} bytes in {length}"), format!("{} times its own length", limits::ARCHIVE_RATIO)));
    }
    fs::create_dir_all(folder).map_err(at(folder))?;
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        if entry.is_symlink() {
            return Err(refused(archive, &name, "is a link"));
        }
        let path = folder.join(confined(archive, &name)?);
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(taken(archive, &name, &path))?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(taken(archive, &name, parent))?;
        }
        let mut file = File::create_new(&path).map_err(taken(archive, &name, &path))?;
        // What an entry declares has been added up, so no more than that is taken from it.
        let declared = entry.size();
        let written = io::copy(&mut (&mut entry).take(declared + 1), &mut file).map_err(|source| match source.kind() {
            // A file cannot be written for other reasons: this is of what is read.
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => refused(archive, &name, UNREADABLE),
            _ => at(&path)(source),
        })?;
        if written != declared {
            return Err(refused(archive, &name, UNREADABLE));
        }
        file.flush().map_err(at(&path))?;
    }
    Ok(())
}

/// What the entries say that they are long, together.
fn declared_bytes(archive: &Path, zip: &mut ZipArchive<impl Read + Seek>) -> Result<u64, ArchiveError> {
    let mut bytes = 0_u64;
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(|source| ArchiveError::Damaged { archive: archive.to_owned(), source })?;
        bytes = bytes.saturating_add(entry.size());
    }
    Ok(bytes)
}

/// An entry's path, which leads down from the app and nowhere else.
fn confined(archive: &Path, name: &str) -> Result<PathBuf, ArchiveError> {
    let path = Path::new(name);
    let is_below = !name.contains(['\\', '\0', ':']) && path.components().all(|part| matches!(part, Component::Normal(_)));
    if !is_below || name.is_empty() {
        return Err(refused(archive, name, "leads out of the app"));
    }
    if path.components().count() > limits::ARCHIVE_DEPTH {
        return Err(refused(archive, name, "lies too deep"));
    }
    Ok(path.to_owned())
}

fn check_size(archive: &Path, files: u64, bytes: u64) -> Result<(), ArchiveError> {
    if files > limits::ARCHIVE_FILES {
        return Err(too_large(archive, format!("{files} files"), limits::ARCHIVE_FILES.to_string()));
    }
    if bytes > limits::ARCHIVE_BYTES {
        return Err(too_large(archive, format!("{bytes} bytes"), limits::ARCHIVE_BYTES.to_string()));
    }
    Ok(())
}

fn too_large(archive: &Path, what: String, max: String) -> ArchiveError {
    ArchiveError::TooLarge { archive: archive.to_owned(), what, max }
}

fn refused(archive: &Path, entry: &str, what: &'static str) -> ArchiveError {
    ArchiveError::Entry { archive: archive.to_owned(), entry: entry.to_owned(), what }
}

/// The folder was empty at the beginning: what is in an entry's way is another entry.
fn taken(archive: &Path, entry: &str, path: &Path) -> impl FnOnce(io::Error) -> ArchiveError {
    move |source| match source.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            refused(archive, entry, "is there twice, or another one is a file where it needs a folder")
        }
        _ => at(path)(source),
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> ArchiveError {
    let path = path.to_owned();
    move |source| ArchiveError::Io { path, source }
}

/// SHA-256 of a file, hexadecimal.
fn hash(path: &Path) -> Result<String, ArchiveError> {
    let mut file = File::open(path).map_err(at(path))?;
    let mut hasher = Sha256::new();
    let mut part = vec![0; 64 * 1024];
    loop {
        let length = file.read(&mut part).map_err(at(path))?;
        if length == 0 {
            break;
        }
        hasher.update(&part[..length]);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of these entries in a folder.
    fn archive(folder: &Path, entries: &[(&str, &[u8])]) -> PathBuf {
        let path = folder.join("app.weapp");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        for (name, content) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    #[test]
    fn an_unpacked_app_of_which_something_is_gone_is_unpacked_anew() {
        let folder = tempfile::tempdir().unwrap();
        let apps = folder.path().join("apps");
        let archive = archive(folder.path(), &[("app.toml", b"app"), ("page/index.html", b"page")]);
        let unpack = || {
            let app = unpack_below(&apps, &archive).unwrap();
            assert_eq!(fs::read(app.join("app.toml")).unwrap(), b"app");
            assert_eq!(fs::read(app.join("page/index.html")).unwrap(), b"page");
            app
        };
        let app = unpack();
        fs::write(app.join("mark"), "").unwrap();
        assert!(unpack().join("mark").is_file(), "what is complete stays as it is");
        fs::remove_file(app.join("app.toml")).unwrap();
        assert!(!unpack().join("mark").exists());
        fs::remove_dir_all(app.join("page")).unwrap();
        unpack();
        fs::write(app.join("page/index.html"), "pag").unwrap();
        unpack();
        fs::remove_dir_all(&app).unwrap();
        fs::create_dir(&app).unwrap();
        assert_eq!(unpack(), app);
        assert_eq!(fs::read_dir(&apps).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn what_is_longer_than_any_archive_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.weapp");
        // Nothing but a hole; read, it would be no archive.
        File::create(&path).unwrap().set_len(limits::ARCHIVE_FILE_BYTES + 1).unwrap();
        assert_eq!(unpack_below(folder.path(), &path).unwrap_err().code(), "ARCHIVE_TOO_LARGE");
    }

    #[test]
    fn an_entry_that_unpacks_to_something_else_than_it_says_is_refused_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path(), &[("app.toml", &[7; 1000])]);
        let whole = fs::read(&archive).unwrap();
        let head = (0..whole.len() - 4).find(|at| whole[*at..].starts_with(b"PK\x01\x02")).unwrap();
        // Longer, shorter, and another one by its checksum.
        for (at, bytes) in [(head + 24, 999_u32), (head + 24, 1001), (head + 16, 0)] {
            let mut bad = whole.clone();
            bad[at..at + 4].copy_from_slice(&bytes.to_le_bytes());
            fs::write(&archive, bad).unwrap();
            let apps = folder.path().join("apps");
            let error = unpack_below(&apps, &archive).unwrap_err();
            assert!(matches!(error, ArchiveError::Entry { what: UNREADABLE, .. }), "{error}");
            assert_eq!(fs::read_dir(&apps).unwrap().count(), 0);
        }
    }

    #[test]
    fn entries_that_are_in_each_others_way_are_refused_and_nothing_is_left() {
        for entries in [["page/x", "page//x"], ["page/x", "page/./x"], ["page", "page/x"], ["page/x", "page"], ["page", "page/x/"]] {
            let folder = tempfile::tempdir().unwrap();
            let archive = archive(folder.path(), &[("app.toml", b""), (entries[0], b""), (entries[1], b"")]);
            let apps = folder.path().join("apps");
            let error = unpack_below(&apps, &archive).unwrap_err();
            assert_eq!(error.code(), "ARCHIVE_ENTRY_REFUSED", "{entries:?}: {error}");
            assert_eq!(fs::read_dir(&apps).unwrap().count(), 0, "{entries:?}");
        }
    }

    #[test]
    fn apps_that_nobody_has_opened_for_long_go_beyond_those_that_are_kept() {
        let apps = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let day = limits::ARCHIVE_IN_USE / 7;
        for age in 0..limits::ARCHIVES_KEPT as u32 + 4 {
            let folder = apps.path().join(age.to_string());
            fs::create_dir(&folder).unwrap();
            File::open(&folder).unwrap().set_modified(now - day * age).unwrap();
        }
        let left = || fs::read_dir(apps.path()).unwrap().count();
        prune(apps.path(), now);
        assert_eq!(left(), limits::ARCHIVES_KEPT - 1, "room for one more");
        assert!(apps.path().join("0").is_dir() && !apps.path().join("19").exists());
        prune(apps.path(), now - limits::ARCHIVE_IN_USE * 3);
        assert_eq!(left(), limits::ARCHIVES_KEPT - 1);
    }

    #[test]
    fn apps_that_may_still_run_stay_however_many_there_are() {
        let apps = tempfile::tempdir().unwrap();
        for number in 0..limits::ARCHIVES_KEPT * 2 {
            fs::create_dir(apps.path().join(number.to_string())).unwrap();
        }
        prune(apps.path(), SystemTime::now());
        assert_eq!(fs::read_dir(apps.path()).unwrap().count(), limits::ARCHIVES_KEPT * 2);
    }
}
