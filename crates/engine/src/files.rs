//! An app's own files. Whoever made the app decides what they are, so each is opened with care and read up to a bound.

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::Path;

/// Opens a regular file. Anything else is refused: a pipe that nobody writes to would hold up whoever opens it for ever.
pub(crate) fn open(path: &Path) -> Result<File> {
    if path.metadata()?.is_file() { File::open(path) } else { Err(Error::new(ErrorKind::InvalidInput, "this is not a regular file")) }
}

/// The bytes of a regular file, at most `limit` and one more by which it is seen to be longer.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_one_byte_beyond_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        // Far more than there is memory, and nothing on the disk.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read(&path, 1000).unwrap().len(), 1001);
        std::fs::write(&path, [7; 10]).unwrap();
        assert_eq!(read(&path, 10).unwrap(), [7; 10]);
        assert_eq!(read(folder.path(), 10).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
