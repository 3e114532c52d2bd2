//! Reading what somebody else has filled: a file that a path names may be a device without an end.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// No file that is read as a whole is larger, in bytes. A bundle with every certificate that a
/// system trusts has a quarter of a megabyte.
pub const LIMIT: u64 = 16 << 20;

/// As [`std::fs::read`], up to [`LIMIT`].
///
/// # Errors
/// Those of the file, and [`io::ErrorKind::FileTooLarge`].
pub fn read(file: &Path) -> io::Result<Vec<u8>> {
    read_up_to(file, LIMIT)
}

/// As [`std::fs::read_to_string`], up to [`LIMIT`].
///
/// # Errors
/// As [`read`], and [`io::ErrorKind::InvalidData`] for what is no UTF-8.
pub fn read_to_string(file: &Path) -> io::Result<String> {
    String::from_utf8(read(file)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no text"))
}

/// As [`read`], with another limit in bytes.
///
/// # Errors
/// As [`read`].
pub fn read_up_to(file: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let what = format!("it is larger than the {} MB that such a file may have", limit >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_an_end_is_refused_and_a_file_at_the_limit_is_not() {
        let error = read_up_to(Path::new("/dev/zero"), 1 << 20).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than the 1 MB that such a file may have");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        std::fs::write(&file, [b'a'; 4]).unwrap();
        assert_eq!(read_up_to(&file, 4).unwrap(), b"aaaa");
        assert!(read_up_to(&file, 3).is_err());
        std::fs::write(&file, [0xff]).unwrap();
        assert_eq!(read_to_string(&file).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
