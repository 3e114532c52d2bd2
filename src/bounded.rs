//! Reads files that other people control: a path may name an endless device, or a pipe without a
//! writer.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, BufRead as _, IsTerminal as _, Read};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use secrecy::zeroize::Zeroizing;

use crate::decode;
use crate::waiting::Waiter;

/// Largest file that is read as a whole, in bytes. A bundle of all the certificates that a system
/// trusts has a quarter of a megabyte.
pub const LIMIT: u64 = 16 << 20;

/// Largest file that can hold a key, in bytes.
const SECRET: usize = 64 * 1024;

/// The kind of file found instead of a regular one: opening it could block for ever, or act on a
/// device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is {what}, not a regular file")]
pub struct NotRegular {
    what: &'static str,
}

impl NotRegular {
    /// # Errors
    /// `found` is not a regular file.
    pub fn check(found: FileType) -> Result<(), Self> {
        let what = match found {
            _ if found.is_file() => return Ok(()),
            _ if found.is_dir() => "a folder",
            _ if found.is_fifo() => "a pipe",
            _ if found.is_socket() => "a socket",
            _ if found.is_symlink() => "a link",
            _ => "a device",
        };
        Err(Self { what })
    }
}

impl From<NotRegular> for io::Error {
    fn from(error: NotRegular) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

/// Opens a regular file for reading. The check is made on the open file.
///
/// # Errors
/// I/O errors, and [`NotRegular`], without waiting for a pipe's writer.
pub fn open(file: &Path) -> io::Result<(File, Metadata)> {
    // Checked before opening too: opening a device can already act on it.
    NotRegular::check(std::fs::metadata(file)?.file_type())?;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let open = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(file)?;
    let found = open.metadata()?;
    NotRegular::check(found.file_type())?;
    Ok((open, found))
}

/// Like [`std::fs::read`], for a regular file of up to [`LIMIT`].
///
/// # Errors
/// As [`open`], and [`io::ErrorKind::FileTooLarge`].
pub fn read(file: &Path) -> io::Result<Vec<u8>> {
    read_up_to(file, LIMIT)
}

/// Like [`std::fs::read_to_string`], for a regular file of up to [`LIMIT`], without a leading byte
/// order mark.
///
/// # Errors
/// As [`read`], and [`io::ErrorKind::InvalidData`] with a [`decode::NotText`].
pub fn read_to_string(file: &Path) -> io::Result<String> {
    read(file).and_then(to_string)
}

/// The text in `bytes`, as [`decode::text`] reads it.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] with a [`decode::NotText`].
pub fn to_string(bytes: Vec<u8>) -> io::Result<String> {
    let text = decode::text(&bytes).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
    let mark = bytes.len() - text.len();
    let mut text = String::from_utf8(bytes).map_err(io::Error::other)?;
    text.drain(..mark);
    Ok(text)
}

/// Like [`read`], with another limit in bytes.
///
/// # Errors
/// As [`read`].
pub fn read_up_to(file: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_open(&open(file)?.0, limit)
}

/// The rest of `file`, up to `limit` bytes.
///
/// # Errors
/// As [`read`].
pub fn read_open(file: &File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let what = format!("it is larger than the {} MB that such a file may have", limit >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

/// Reads what the user named: a file, a pipe, or `-` for standard input, which gives one line if it
/// is a terminal. At most `limit` bytes, wiped when dropped. [`crate::waiting::interrupt`] ends the
/// wait.
///
/// # Errors
/// I/O errors, [`io::ErrorKind::FileTooLarge`] and [`crate::waiting::InVain`].
pub fn read_named(file: &Path, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = file.to_owned();
    let read = move || {
        // Allocated at the largest size, since growing would leave parts of a key behind in memory.
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(usize::try_from(limit).unwrap_or(0).min(SECRET) + 1));
        let stdin = io::stdin();
        if file != Path::new("-") {
            File::open(file)?.take(limit + 1).read_to_end(&mut bytes)?;
        } else if stdin.is_terminal() {
            stdin.lock().take(limit + 1).read_until(b'\n', &mut bytes)?;
        } else {
            stdin.lock().take(limit + 1).read_to_end(&mut bytes)?;
        }
        if bytes.len() as u64 > limit {
            let what = format!("it is larger than the {} kB that such a file may have", limit / 1024);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
        }
        Ok(bytes)
    };
    Waiter::new().wait_for(None, read)?
}

/// As [`read_named`], for a text of up to [`LIMIT`], and without the byte order mark that it may begin with.
///
/// # Errors
/// As [`read_named`], and [`io::ErrorKind::InvalidData`] with a [`decode::NotText`].
pub fn read_named_text(file: &Path) -> io::Result<String> {
    to_string(read_named(file, LIMIT)?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_at_the_limit_is_read_and_a_larger_one_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        std::fs::write(&file, [b'a'; 4]).unwrap();
        assert_eq!(read_up_to(&file, 4).unwrap(), b"aaaa");
        assert!(read_up_to(&file, 3).is_err());
        let large = File::create(&file).unwrap();
        large.set_len((1 << 20) + 1).unwrap();
        let error = read_up_to(&file, 1 << 20).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than the 1 MB that such a file may have");
    }

    #[test]
    fn pipes_devices_and_folders_are_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let refused = |path: &Path| read(path).unwrap_err().to_string();
        assert_eq!(refused(&pipe), "it is a pipe, not a regular file");
        assert_eq!(refused(Path::new("/dev/zero")), "it is a device, not a regular file");
        assert_eq!(refused(folder.path()), "it is a folder, not a regular file");
    }

    #[test]
    fn text_comes_without_its_byte_order_mark() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        std::fs::write(&file, b"\xef\xbb\xbfa = 1\r\n").unwrap();
        assert_eq!(read_to_string(&file).unwrap(), "a = 1\r\n");
        std::fs::write(&file, [0xff]).unwrap();
        assert_eq!(read_to_string(&file).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
