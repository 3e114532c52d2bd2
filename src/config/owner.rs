//! Whose a file is. Who owns one decides what it says: a planted profile names a command that is run, a
//! planted note names a key that is deleted.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::unistd::{Uid, User};

use super::Error;

/// A file belongs to somebody else.
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

/// Refuses what belongs to somebody else. What root owns and nobody else can write is taken: a mounted
/// Secret or ConfigMap is such a file. So is root's folder in which only owners replace files, as `/tmp`;
/// whether others may write to a folder of root's is a question of its own.
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

/// As [`check`], for what is at `path`; nothing there is nobody's.
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

/// A user's name, or the number where there is none.
pub fn name(uid: u32) -> String {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| format!("user {uid}"), |user| user.name)
}
