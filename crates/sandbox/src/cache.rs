//! Compiled modules on disk.
//!
//! A file's name is the SHA-256 of everything its content depends on: the module's bytes, wasmtime's version, every setting that
//! changes code, the processor's features, the profile. Loading machine code means trusting it, so each file carries an
//! HMAC-SHA-256 under a random key that only this user can read: a file that was changed, cut off, or put there by somebody else
//! is refused, deleted and compiled anew. The key protects against whoever can write the folder but not read the key; whoever
//! can do both is this user already.

use std::fs::{self, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use thiserror::Error;
use wasmtime::Engine;

use crate::config::Profile;

/// Changes when the layout of the files does, or what is done to a module before it is compiled.
const MAGIC: &[u8; 8] = b"WEAOT\0\0\x02";

/// Magic, key, authentication code.
const HEAD_BYTES: usize = 8 + 32 + 32;

/// Bytes of the key of the authentication codes: one block of SHA-256.
const SECRET_BYTES: usize = 64;

/// The most bytes one compiled module may have.
const MAX_FILE_BYTES: u64 = 512 << 20;

/// What the folder may hold; what was used least lately goes first.
const MAX_FOLDER_BYTES: u64 = 2 << 30;

const SUFFIX: &str = "cwasm";
/// Ending of a file that is being written, and how long that may take.
const UNFINISHED: &str = "tmp";
const UNFINISHED_FOR: Duration = Duration::from_secs(3600);
const KEY_FILE: &str = "key";

/// Why a compiled module could not be taken from the cache.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The folder, the key or a file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what this user put there.
    #[error("{path}: {what}")]
    Tampered {
        /// Which one.
        path: PathBuf,
        /// What gave it away.
        what: &'static str,
    },
}

impl CacheError {
    /// The error's stable code.
    pub fn code(&self) -> &'static str {
        match self {
            CacheError::Io { .. } => "CACHE_IO",
            CacheError::Tampered { .. } => "CACHE_TAMPERED",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            CacheError::Io { path, .. } => format!("make {} writable, or choose another cache folder", path.display()),
            CacheError::Tampered { .. } => "the file was deleted and is compiled anew; find out who writes to the cache".into(),
        })
    }
}

/// The name of a compiled module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// The name of what `engine` makes of `module`.
    pub(crate) fn of(module: &[u8], engine: &Engine, profile: Profile) -> Self {
        let mut hasher = IntoSha(Sha256::new());
        hasher.0.update(MAGIC);
        engine.precompile_compatibility_hash().hash(&mut hasher);
        profile.hash(&mut hasher);
        hasher.0.update(Sha256::digest(module));
        Key(hasher.0.finalize().into())
    }

    fn file_name(&self) -> String {
        use std::fmt::Write;
        let mut name = String::with_capacity(70);
        for byte in self.0 {
            // Writing to a string cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        name + "." + SUFFIX
    }
}

/// Feeds whatever can be hashed into SHA-256, which unlike the standard hasher is the same in every build.
struct IntoSha(Sha256);

impl Hasher for IntoSha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        u64::from_le_bytes(self.0.clone().finalize()[..8].try_into().unwrap_or_default())
    }
}

/// Machine code that this process may run: it has just made it itself, or found it authentic. Only this file can make one.
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Compiled(Vec<u8>);

impl Compiled {
    /// Compiles a module.
    pub(crate) fn new(engine: &Engine, module: &[u8]) -> wasmtime::Result<Self> {
        engine.precompile_module(module).map(Compiled)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A folder of compiled modules.
pub(crate) struct Cache {
    folder: PathBuf,
    secret: [u8; SECRET_BYTES],
}

impl Cache {
    /// Opens or makes the folder and its key.
    pub(crate) fn open(folder: &Path) -> Result<Self, CacheError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| CacheError::Io { path, source }
        };
        make_private_folder(folder).map_err(at(folder))?;
        let key_path = folder.join(KEY_FILE);
        let secret = secret(&key_path).map_err(at(&key_path))?;
        let cache = Cache { folder: folder.to_owned(), secret };
        cache.prune(MAX_FOLDER_BYTES).map_err(at(folder))?;
        Ok(cache)
    }

    /// The compiled module of this name, if there is one. One that is not authentic is deleted.
    pub(crate) fn load(&self, key: &Key) -> Result<Option<Compiled>, CacheError> {
        let path = self.folder.join(key.file_name());
        let io = |source| CacheError::Io { path: path.clone(), source };
        let mut content = Vec::new();
        match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
            Ok(file) => {
                // Used just now: this is what pruning goes by. Failing to note it does no harm.
                let _ = file.set_modified(SystemTime::now());
                file.take(MAX_FILE_BYTES + 1).read_to_end(&mut content).map_err(io)?;
            }
        }
        match self.authentic(key, content) {
            Ok(payload) => Ok(Some(Compiled(payload))),
            Err(what) => {
                // If it cannot be deleted it will be overwritten, and is refused until then.
                let _ = fs::remove_file(&path);
                Err(CacheError::Tampered { path, what })
            }
        }
    }

    /// Puts a compiled module under its name. Whoever reads meanwhile sees the old file or the new one, never a part.
    pub(crate) fn store(&self, key: &Key, compiled: &Compiled) -> Result<(), CacheError> {
        let path = self.folder.join(key.file_name());
        let payload = compiled.bytes();
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&key.0);
        head.extend_from_slice(&self.mac(key, payload).finalize().into_bytes());
        write_atomically(&path, &[&head, payload]).map_err(|source| CacheError::Io { path, source })
    }

    fn authentic(&self, key: &Key, mut content: Vec<u8>) -> Result<Vec<u8>, &'static str> {
        if content.len() as u64 > MAX_FILE_BYTES {
            return Err("the file is too large");
        }
        let Some((head, payload)) = content.split_at_checked(HEAD_BYTES) else { return Err("the file is cut off") };
        let (magic, rest) = head.split_at(MAGIC.len());
        let (name, code) = rest.split_at(key.0.len());
        if magic != MAGIC || name != key.0 {
            return Err("the file is of another name or format");
        }
        self.mac(key, payload).verify_slice(code).map_err(|_| "its authentication code is wrong")?;
        content.drain(..HEAD_BYTES);
        Ok(content)
    }

    fn mac(&self, key: &Key, payload: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new((&self.secret).into());
        mac.update(MAGIC);
        mac.update(&key.0);
        mac.update(payload);
        mac
    }

    /// Deletes what was used least lately until `most` bytes are left, and what processes that were killed have begun to write. Others may do the same at the same time: what is
    /// gone is gone.
    fn prune(&self, most: u64) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let has_ending = |ending| path.extension().is_some_and(|extension| extension == ending);
            let (is_compiled, is_unfinished) = (has_ending(SUFFIX), has_ending(UNFINISHED));
            if !is_compiled && !is_unfinished {
                continue;
            }
            let Some(meta) = unless_gone(fs::symlink_metadata(&path))?.filter(fs::Metadata::is_file) else { continue };
            let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if is_compiled {
                files.push((modified, meta.len(), path));
            } else if modified.elapsed().is_ok_and(|age| age > UNFINISHED_FOR) {
                unless_gone(fs::remove_file(path))?;
            }
        }
        files.sort();
        let mut total: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if total <= most {
                break;
            }
            unless_gone(fs::remove_file(path))?;
            total -= len;
        }
        Ok(())
    }
}

/// What came of a look at a file; none where there is no such file any more.
fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// The key of this folder, made at first use. One that others could read or that has another length is replaced, which makes
/// every file in the folder stale.
fn secret(path: &Path) -> io::Result<[u8; SECRET_BYTES]> {
    // Several processes may start at once: whoever links first decides, and the others read.
    for _ in 0..8 {
        match read_secret(path) {
            Ok(secret) => return Ok(secret),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if error.kind() == ErrorKind::InvalidData => fs::remove_file(path)?,
            Err(error) => return Err(error),
        }
        let mut fresh = [0; SECRET_BYTES];
        getrandom::fill(&mut fresh).map_err(io::Error::other)?;
        let (temporary, mut file) = temporary_beside(path)?;
        let linked = file.write_all(&fresh).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&temporary, path));
        fs::remove_file(&temporary)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Err(io::Error::new(ErrorKind::WouldBlock, "the key keeps changing"))
}

fn read_secret(path: &Path) -> io::Result<[u8; SECRET_BYTES]> {
    let file = File::open(path)?;
    if !is_private(&file.metadata()?) {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut content = Vec::new();
    file.take(SECRET_BYTES as u64 + 1).read_to_end(&mut content)?;
    content.try_into().map_err(|_| ErrorKind::InvalidData.into())
}

fn write_atomically(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let (temporary, mut file) = temporary_beside(path)?;
    let written = parts.iter().try_for_each(|part| file.write_all(part)).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A new file, for its owner alone, in the same folder as `path`, so that it can be renamed to it.
fn temporary_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut tag = [0; 8];
    getrandom::fill(&mut tag).map_err(io::Error::other)?;
    let temporary = path.with_extension(format!("{:016x}.{UNFINISHED}", u64::from_le_bytes(tag)));
    options.open(&temporary).map(|file| (temporary, file))
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(unix)]
fn is_private(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    meta.is_file() && meta.mode() & 0o077 == 0 && meta.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_private(meta: &fs::Metadata) -> bool {
    // A user's own folders are closed to others by their access lists.
    meta.is_file()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Cache, CacheError, Compiled, HEAD_BYTES, KEY_FILE, Key};

    const KEY: Key = Key([7; 32]);

    fn filled() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        cache.store(&KEY, &Compiled(b"machine code".to_vec())).unwrap();
        (folder, cache)
    }

    #[test]
    fn what_was_stored_is_found_by_any_later_cache_of_the_folder() {
        let (folder, cache) = filled();
        assert_eq!(cache.load(&KEY).unwrap().unwrap().bytes(), b"machine code");
        let later = Cache::open(folder.path()).unwrap();
        assert_eq!(later.load(&KEY).unwrap().unwrap().bytes(), b"machine code");
        assert!(later.load(&Key([8; 32])).unwrap().is_none());
    }

    #[test]
    fn a_changed_file_is_refused_and_deleted_wherever_it_was_changed() {
        let (_folder, cache) = filled();
        let path = cache.folder.join(KEY.file_name());
        let good = fs::read(&path).unwrap();
        let mut bad: Vec<Vec<u8>> = (0..good.len())
            .map(|at| {
                let mut bytes = good.clone();
                bytes[at] ^= 1;
                bytes
            })
            .collect();
        bad.extend((0..good.len()).map(|len| good[..len].to_vec()));
        bad.push([good.as_slice(), b"!"].concat());
        for bytes in bad {
            fs::write(&path, bytes).unwrap();
            let error = cache.load(&KEY).unwrap_err();
            assert_eq!(error.code(), "CACHE_TAMPERED");
            assert!(cache.load(&KEY).unwrap().is_none());
        }
    }

    #[test]
    fn a_file_under_another_name_or_key_is_refused() {
        let (folder, cache) = filled();
        let other = Key([8; 32]);
        fs::copy(folder.path().join(KEY.file_name()), folder.path().join(other.file_name())).unwrap();
        assert!(matches!(cache.load(&other), Err(CacheError::Tampered { .. })));
        fs::remove_file(folder.path().join(KEY_FILE)).unwrap();
        let stranger = Cache::open(folder.path()).unwrap();
        assert!(matches!(stranger.load(&KEY), Err(CacheError::Tampered { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_private_and_replaced_if_it_is_not() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, cache) = filled();
        let path = folder.path().join(KEY_FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let later = Cache::open(folder.path()).unwrap();
        assert_ne!(later.secret, cache.secret);
        fs::write(&path, b"short").unwrap();
        assert_ne!(Cache::open(folder.path()).unwrap().secret, later.secret);
    }

    #[test]
    fn what_a_killed_process_has_begun_to_write_goes_after_a_while() {
        let (_folder, cache) = filled();
        let (old, file) = super::temporary_beside(&cache.folder.join(KEY.file_name())).unwrap();
        let (new, _) = super::temporary_beside(&cache.folder.join(KEY.file_name())).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        cache.prune(super::MAX_FOLDER_BYTES).unwrap();
        assert!(!old.exists() && new.exists());
        assert!(cache.load(&KEY).unwrap().is_some());
    }

    #[test]
    fn what_was_used_least_lately_goes_first() {
        let (_folder, cache) = filled();
        let new = Key([9; 32]);
        cache.store(&new, &Compiled(vec![0; 100])).unwrap();
        let old = fs::File::options().write(true).open(cache.folder.join(KEY.file_name())).unwrap();
        old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        cache.prune(100 + HEAD_BYTES as u64).unwrap();
        assert!(cache.load(&KEY).unwrap().is_none());
        assert!(cache.load(&new).unwrap().is_some());
    }
}
