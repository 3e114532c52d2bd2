//! Files for one user only: mode 0600 in a folder with 0700, replaced as a whole or not at all, and
//! read only if no other user could have written them.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::replace::{Replacement, folder_of, is_same};
use super::{Error, owner};
use crate::bounded::{self, NotRegular};

/// Replaces `file` with `contents`, mode 0600; refuses a link.
///
/// # Errors
/// As [`Replacement::write`]; the old file is unchanged.
pub fn write(file: &Path, contents: &[u8]) -> io::Result<()> {
    Replacement::of(file).private().write(contents)
}

/// Like [`write`], but fails if `file` exists.
///
/// # Errors
/// As [`Replacement::write_new`].
pub fn write_new(file: &Path, contents: &[u8]) -> io::Result<()> {
    Replacement::of(file).private().write_new(contents)
}

/// Whether [`write`] could succeed.
///
/// # Errors
/// As [`write`].
pub fn can_write(file: &Path) -> io::Result<()> {
    Replacement::of(file).private().check()
}

/// Reads a file that this program, or the user for it, wrote; `None` if it does not exist.
///
/// # Errors
/// I/O errors, [`bounded::NotRegular`], and [`owner::NotOurs`] if another user owns it.
pub fn read(file: &Path) -> io::Result<Option<Vec<u8>>> {
    read_up_to(file, bounded::LIMIT)
}

/// Like [`read`], with another limit in bytes.
///
/// # Errors
/// As [`read`].
pub fn read_up_to(file: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    loop {
        let (open, found) = match bounded::open(file) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        owner::check(&found)?;
        let bytes = bounded::read_open(&open, limit)?;
        // If another process has replaced it, the opened file may have been wiped.
        if !fs::metadata(file).is_ok_and(|now| !is_same(&open, &now)) {
            return Ok(Some(bytes));
        }
    }
}

/// Like [`read`], for text.
///
/// # Errors
/// As [`read`] and [`bounded::to_string`].
pub fn read_to_string(file: &Path) -> io::Result<Option<String>> {
    read(file)?.map(bounded::to_string).transpose()
}

/// Opens a file of this program for appending, and creates it with mode 0600 if it does not exist.
///
/// # Errors
/// I/O errors, [`bounded::NotRegular`] if the path is not a regular file, and [`owner::NotOurs`].
pub fn open_to_append(file: &Path) -> io::Result<fs::File> {
    open_with(file, fs::OpenOptions::new().append(true))
}

/// Like [`open_to_append`], for reading and writing anywhere in the file.
///
/// # Errors
/// As [`open_to_append`].
pub fn open_to_change(file: &Path) -> io::Result<fs::File> {
    open_with(file, fs::OpenOptions::new().read(true).write(true))
}

fn open_with(file: &Path, options: &mut fs::OpenOptions) -> io::Result<fs::File> {
    if let Ok(found) = fs::symlink_metadata(file) {
        NotRegular::check(found.file_type())?;
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let open = options.create(true).mode(0o600).custom_flags(flags).open(file)?;
    let found = open.metadata()?;
    NotRegular::check(found.file_type())?;
    owner::check(&found)?;
    Ok(open)
}

/// Creates `folder` and its missing parents, 0700.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Refuses a file or folder that another user owns, or may read or write.
///
/// # Errors
/// [`Error::Foreign`], [`Error::Exposed`] and [`Error::Read`].
pub fn check(path: &Path) -> Result<(), Error> {
    owner::check_path(path)?;
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o777,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::Read { file: path.to_owned(), error }),
    };
    if mode & 0o077 == 0 { Ok(()) } else { Err(Error::Exposed { path: path.to_owned(), mode }) }
}

/// Refuses a file that another user may change or replace, as its owner can and anyone who may
/// write to its folder.
///
/// # Errors
/// [`Error::Foreign`], [`Error::Changeable`] and [`Error::Read`].
pub fn check_unchangeable(file: &Path) -> Result<(), Error> {
    for path in [file, folder_of(file)] {
        owner::check_path(path)?;
        let found = match fs::metadata(path) {
            Ok(found) => found,
            // There is nothing that could have been changed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::Read { file: path.to_owned(), error }),
        };
        let mode = found.mode() & 0o7777;
        // In a sticky folder, like a container's volumes, only owners replace files. A group whose
        // number equals the owner's is the owner's alone.
        let sticky = found.is_dir() && mode & 0o1000 != 0;
        let by_group = mode & 0o020 != 0 && found.gid() != found.uid();
        if !sticky && (by_group || mode & 0o002 != 0) {
            return Err(Error::Changeable { path: path.to_owned(), mode: mode & 0o777 });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_private_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        make_folder(&inner).unwrap();
        assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
        let file = inner.join("keys");
        write(&file, b"one").unwrap();
        write(&file, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 1, "nothing is left behind");
        check(&file).unwrap();
        assert!(can_write(&file).is_ok() && can_write(&inner).is_err());
        assert!(can_write(&inner.join("no/such/file")).is_err());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let error = check(&file).unwrap_err();
        assert_eq!(error.hint().unwrap(), format!("chmod 600 {}", file.display()));
    }

    #[test]
    fn what_stands_in_the_place_of_a_file_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link, pipe) = (folder.path().join("f"), folder.path().join("l"), folder.path().join("p"));
        open_to_append(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600));
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
        assert!(open_to_append(&link).is_err() && open_to_append(&pipe).is_err());
        if std::os::unix::fs::chown(&file, Some(7), None).is_ok() {
            assert!(open_to_append(&file).is_err() && read(&file).is_err());
        }
    }

    #[test]
    fn what_others_may_change_is_found_by_the_file_and_by_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("profiles.toml");
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        mode(folder.path(), 0o777);
        check_unchangeable(&file).unwrap();
        fs::write(&file, "").unwrap();
        let hint = || check_unchangeable(&file).unwrap_err().hint().unwrap();
        mode(&file, 0o644);
        assert_eq!(hint(), format!("chmod go-w {}", folder.path().display()));
        mode(folder.path(), 0o1777);
        check_unchangeable(&file).unwrap();
        mode(folder.path(), 0o755);
        check_unchangeable(&file).unwrap();
        mode(&file, 0o646);
        assert_eq!(hint(), format!("chmod go-w {}", file.display()));
    }
}
