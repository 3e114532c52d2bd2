//! Checks who owns a file, since its owner decides what it says: a planted profile names a command
//! to run, a planted note names a key to delete.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::unistd::{Group, Uid, User};

use super::Error;

/// The file belongs to another user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it belongs to {owner}")]
pub struct NotOurs {
    pub owner: String,
}

impl From<NotOurs> for io::Error {
    fn from(error: NotOurs) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, error)
    }
}

/// Refuses another user's file. Accepts root's files that only root can write, such as a mounted
/// Secret or ConfigMap, and root's folders in which only owners replace files, such as `/tmp`.
/// Whether others may write to a folder of root's is a separate check.
///
/// # Errors
/// [`NotOurs`], with the owner's name.
pub fn check(found: &Metadata) -> Result<(), NotOurs> {
    let written_by_others = !found.is_dir() && found.mode() & 0o022 != 0;
    let own = rustix::process::geteuid().as_raw();
    if found.uid() == own || found.uid() == 0 && !written_by_others {
        return Ok(());
    }
    Err(NotOurs { owner: name(found.uid()) })
}

/// Like [`check`], for the file at `path`; a missing file has no owner and passes.
///
/// # Errors
/// [`Error::Foreign`], and [`Error::Read`].
pub fn check_path(path: &Path) -> Result<(), Error> {
    match std::fs::metadata(path) {
        Ok(found) => {
            check(&found).map_err(|NotOurs { owner }| Error::Foreign { path: path.to_owned(), owner })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::Read { file: path.to_owned(), error }),
    }
}

/// A user's name, or the number if there is none.
pub fn name(uid: u32) -> String {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| format!("user {uid}"), |user| user.name)
}

/// The number of the user called `name`.
pub fn user_id(name: &str) -> Option<u32> {
    User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
}

/// The number of the group called `name`.
pub fn group_id(name: &str) -> Option<u32> {
    Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}
