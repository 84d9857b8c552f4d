//! From the path of a request to a file below the root, and to nothing else.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::{limits::MAX_PATH_BYTES, reply::Refusal};

/// The parts of a request's path, decoded and found harmless.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segments {
    names: Vec<String>,
    /// Whether the path ends in `/`.
    pub(super) directory: bool,
}

/// What a path stands for.
#[derive(Debug)]
pub(super) enum Target {
    /// A regular file, by its real path.
    File(PathBuf),
    /// A folder asked for without the `/` at the end, with which relative links in its page would go wrong.
    Redirect(String),
}

/// Decodes a path and refuses everything that could mean another place on any operating system.
///
/// It is decoded once, before it is split: `%2e%2e%2f` is seen as what it means, `%252e` stays a file name.
pub(super) fn parse(path: &str) -> Result<Segments, Refusal> {
    let decoded = percent_decode(path).ok_or(Refusal::BadPath)?;
    let rest = decoded.strip_prefix('/').ok_or(Refusal::BadPath)?;
    if decoded.len() > MAX_PATH_BYTES || decoded.chars().any(char::is_control) {
        return Err(Refusal::BadPath);
    }
    // A backslash separates names and a colon names a drive or a stream elsewhere; neither is needed here.
    if decoded.contains(['\\', ':']) {
        return Err(Refusal::Outside);
    }
    let (rest, directory) = rest.strip_suffix('/').map_or((rest, rest.is_empty()), |rest| (rest, true));
    let mut names = Vec::new();
    for name in rest.split('/').filter(|_| !rest.is_empty()) {
        match name {
            "" => return Err(Refusal::BadPath),
            "." | ".." => return Err(Refusal::Outside),
            _ if name.starts_with('.') => return Err(Refusal::NotFound),
            _ => names.push(name.to_owned()),
        }
    }
    if decoded == "//" {
        return Err(Refusal::BadPath);
    }
    Ok(Segments { names, directory })
}

/// Finds the file. Links are followed and must end below the root, which is a canonical path; whoever may exchange links in the
/// app's folder between this check and the opening of the file can as well put the file itself there.
pub(super) fn resolve(root: &Path, segments: &Segments) -> Result<Target, Refusal> {
    let mut path = root.to_path_buf();
    path.extend(&segments.names);
    let real = confine(root, &path)?;
    let metadata = fs::metadata(&real).map_err(|error| refusal(&error))?;
    if metadata.is_file() {
        return if segments.directory { Err(Refusal::NotFound) } else { Ok(Target::File(real)) };
    }
    // Neither file nor folder: a pipe or a device could block the one who opens it.
    if !metadata.is_dir() {
        return Err(Refusal::NotFound);
    }
    let index = confine(root, &path.join("index.html"))?;
    if !fs::metadata(&index).is_ok_and(|metadata| metadata.is_file()) {
        return Err(Refusal::NotFound);
    }
    if segments.directory {
        Ok(Target::File(index))
    } else {
        let names: Vec<_> = segments.names.iter().map(|name| percent_encode(name)).collect();
        Ok(Target::Redirect(format!("/{}/", names.join("/"))))
    }
}

/// The real path, if it lies below the root and nothing on the way down is hidden.
fn confine(root: &Path, path: &Path) -> Result<PathBuf, Refusal> {
    let real = fs::canonicalize(path).map_err(|error| refusal(&error))?;
    let below = real.strip_prefix(root).map_err(|_| Refusal::Outside)?;
    let hidden = |part: Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
    if below.components().any(hidden) {
        return Err(Refusal::NotFound);
    }
    Ok(real)
}

/// What to say of a file that the operating system does not give.
pub(super) fn refusal(error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Refusal::Unreadable,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => Refusal::NotFound,
        // Links that go in a circle, and whatever else keeps a name from being a file.
        _ => {
            tracing::debug!(%error, "file of the page cannot be opened");
            Refusal::NotFound
        }
    }
}

/// Decodes `%xx`; nothing, if an escape is cut short or the result is not UTF-8.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            let value = digit()? * 16 + digit()?;
            decoded.push(u8::try_from(value).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

/// Encodes a name for a `Location` header.
fn percent_encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_paths_are_taken_apart() {
        for (path, names, directory) in [
            ("/", &[][..], true),
            ("/a", &["a"][..], false),
            ("/a/b.html", &["a", "b.html"][..], false),
            ("/a/", &["a"][..], true),
            ("/a%20b/%C3%A9", &["a b", "é"][..], false),
            ("/%252e%252e", &["%2e%2e"][..], false),
            ("/a..b/c...", &["a..b", "c..."][..], false),
        ] {
            let segments = parse(path).unwrap();
            assert_eq!(
                (segments.names.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), segments.directory),
                (names, directory),
                "{path}"
            );
        }
    }

    #[test]
    fn everything_that_climbs_is_refused() {
        for path in [
            "/..",
            "/../",
            "/../etc/passwd",
            "/a/../../b",
            "/a/..",
            "/.",
            "/./a",
            "/%2e%2e/a",
            "/%2E%2e/a",
            "/.%2e/a",
            "/%2e%2e%2fa",
            "/..%2fa",
            "/a%2f..%2f..%2fb",
            "/..\\a",
            "/..%5ca",
            "/%5c%5chost%5cshare",
            "/C:/windows",
            "/c%3a/windows",
            "/file.txt::$DATA",
        ] {
            assert_eq!(parse(path).unwrap_err(), Refusal::Outside, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in [
            "",
            "a",
            "*",
            "//",
            "//etc/passwd",
            "/a//b",
            "/%2fetc/passwd",
            "/%",
            "/%2",
            "/%zz",
            "/%+1",
            "/%00",
            "/a%00.html",
            "/a%0d%0ab",
            "/%ff",
            "/%c0%ae%c0%ae/a",
        ] {
            assert_eq!(parse(path).unwrap_err(), Refusal::BadPath, "{path}");
        }
        assert_eq!(parse(&format!("/{}", "a".repeat(MAX_PATH_BYTES))).unwrap_err(), Refusal::BadPath);
    }

    #[test]
    fn hidden_names_are_not_found() {
        for path in ["/.env", "/.git/config", "/a/.b", "/%2eenv", "/..."] {
            assert_eq!(parse(path).unwrap_err(), Refusal::NotFound, "{path}");
        }
    }
}
