//! Small files that several processes of the engine read and change.

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Reads a text, or an empty one where there is no file, and puts what `change` makes of it in its place, unless that is `None`. Nobody else changes the file meanwhile, and
/// whoever only reads it sees the text before or after. Makes the folder.
///
/// # Errors
/// When a file cannot be read or written, or `change` fails. The text is then as it was.
pub fn update(path: &Path, change: impl FnOnce(&str) -> Result<Option<String>>) -> Result<()> {
    make_folder_of(path)?;
    // A file of its own: the other one is replaced, and with it would go the lock. Held until this returns.
    let lock = File::create(beside(path, "lock"))?;
    lock.lock()?;
    match change(&read(path)?)? {
        Some(text) => replace(path, text.as_bytes()),
        None => Ok(()),
    }
}

/// Makes the folder that a file is to lie in.
pub(crate) fn make_folder_of(path: &Path) -> Result<()> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(Ok(()), std::fs::create_dir_all)
}

/// Whether a file may take this place: one is there already, or nothing. A device, say, is not to be replaced by a file.
///
/// # Errors
/// When something else is there.
pub(crate) fn replaceable(path: &Path) -> Result<()> {
    match path.metadata() {
        Ok(there) if !there.is_file() => Err(Error::other(if there.is_dir() { "it is a folder" } else { "it is no file" })),
        _ => Ok(()),
    }
}

/// The text of a file, empty where there is none.
fn read(path: &Path) -> Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// Writes a file beside its goal and renames it, so that there is never half a file.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = partial(path);
    std::fs::write(&partial, bytes).and_then(|()| std::fs::rename(&partial, path)).map_err(|error| {
        let _ = std::fs::remove_file(&partial);
        Error::new(error.kind(), format!("{}: {error}", path.display()))
    })
}

/// Where a file is written before it takes its place: each process elsewhere.
pub(crate) fn partial(path: &Path) -> PathBuf {
    beside(path, &format!("{}.partial", std::process::id()))
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_change_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/lines");
        // Locks are of open files, not of processes: threads stand for processes here.
        std::thread::scope(|scope| {
            for number in 0..8 {
                let file = &file;
                scope.spawn(move || update(file, |text| Ok(Some(format!("{text}{number}\n")))).unwrap());
            }
        });
        let mut lines: Vec<_> = std::fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(lines, (0..8).map(|number| number.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn a_change_that_fails_leaves_all_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("text");
        update(&file, |text| Ok(Some(format!("{text}first")))).unwrap();
        update(&file, |_| Err(Error::other("no"))).unwrap_err();
        update(&file, |_| Ok(None)).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "first");
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        update(&folder.path().join("folder"), |_| Ok(None)).unwrap_err();
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert!(names.into_iter().all(|name| !name.contains("partial")));
    }
}
