//! Gives files of a root server to its replicas, and access to nothing else.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown};
use std::path::Path;

/// Changes the owner of a folder and everything in it. The folder itself comes last: once it has
/// the new owner, everything else has too.
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

/// Lets a user pass through a folder of root's, to names that they know, and no other user.
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

/// Lets every user who reaches a folder pass through it.
pub fn may_be_entered(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o711))
}
