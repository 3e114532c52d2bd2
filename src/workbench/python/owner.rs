//! Files for replicas of a server that is root: theirs to use, and no way to anything else.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown};
use std::path::Path;

/// Gives a folder and all in it to a user. The folder itself comes last: once it is given, so is the
/// rest.
pub fn give(folder: &Path, user: u32) -> io::Result<()> {
    let metadata = fs::symlink_metadata(folder)?;
    if metadata.uid() == user {
        return Ok(());
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(folder)? {
            give(&entry?.path(), user)?;
        }
    }
    lchown(folder, Some(user), Some(user))
}

/// Lets a user pass through a folder of root's, to what he knows the name of, and nobody else.
pub fn let_through(folder: &Path, user: u32) -> io::Result<()> {
    chown(folder, None, Some(user))?;
    fs::set_permissions(folder, Permissions::from_mode(0o710))?;
    for inner in ["python", "python/cml", "builds"] {
        match may_be_entered(&folder.join(inner)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Lets everybody who gets there pass through a folder.
pub fn may_be_entered(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o711))
}
