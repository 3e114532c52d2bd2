//! Files for one pair of eyes: mode 0600 in a folder with 0700, replaced as a whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::{NamedTempFile, PersistError};

use super::Error;

/// How the names of files begin that are not there as a whole yet.
const PREFIX: &str = ".keybench-";

/// Replaces `file` with `contents`: whoever reads it sees the old file or the new one, and a crash
/// leaves one of the two. The new one has mode 0600 before anything is in it.
pub fn write(file: &Path, contents: &[u8]) -> io::Result<()> {
    persist(file, contents, |temporary| temporary.persist(file))
}

/// As [`write`], and fails where `file` exists.
pub fn write_new(file: &Path, contents: &[u8]) -> io::Result<()> {
    persist(file, contents, |temporary| temporary.persist_noclobber(file))
}

/// Whether [`write`] would have a chance: a folder that takes files, and nothing at `file` but a
/// regular one, which is all that can be replaced.
pub fn can_write(file: &Path) -> io::Result<()> {
    if file.symlink_metadata().is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is a folder, a device, a pipe or a link, and no regular file"));
    }
    temporary_in(folder_of(file)).map(drop)
}

/// A file with mode 0600 and a name of its own.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder).map_err(|error| {
        // Without that name, which says nothing to anybody.
        match error.get_ref().and_then(|with_path| with_path.source()) {
            Some(cause) => io::Error::new(error.kind(), cause.to_string()),
            None => error,
        }
    })
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn persist(
    file: &Path,
    contents: &[u8],
    rename: impl FnOnce(NamedTempFile) -> Result<fs::File, PersistError>,
) -> io::Result<()> {
    let folder = folder_of(file);
    let mut temporary = temporary_in(folder)?;
    temporary.write_all(contents)?;
    temporary.as_file().sync_all()?;
    rename(temporary).map_err(|error| error.error)?;
    // The rename itself is only safe from a power cut once the folder is written.
    fs::File::open(folder).and_then(|folder| folder.sync_all()).or(Ok(()))
}

/// Makes `folder` and what lacks above it, 0700.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Refuses a file or folder that somebody else may read or write.
pub fn check(path: &Path) -> Result<(), Error> {
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o777,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::Read { file: path.to_owned(), error }),
    };
    if mode & 0o077 == 0 { Ok(()) } else { Err(Error::Exposed { path: path.to_owned(), mode }) }
}

/// Refuses a file that somebody else may change or replace, as who may write to its folder can.
pub fn check_unchangeable(file: &Path) -> Result<(), Error> {
    for path in [file, folder_of(file)] {
        let found = match fs::metadata(path) {
            Ok(found) => found,
            // Nothing is there that could have been changed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::Read { file: path.to_owned(), error }),
        };
        let mode = found.mode() & 0o7777;
        // In a sticky folder, as a container's volumes are, only owners replace files. A group with
        // the number of the owner is the owner's alone.
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
