//! How a new key reaches its service: a file, a command, or the caller.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Error;
use super::record::{Source, beside};
use crate::actions::key_file::KeyFile;
use crate::config::lock::FileLock;
use crate::config::{Session, private_file};
use crate::text;

/// How a key is handed over.
#[derive(Debug)]
pub enum HandOver {
    /// To this file, which is replaced as a whole.
    File(KeyFile),
    /// To this shell command, on its standard input, for which it has so much time.
    Command { command: String, patience: Duration },
    /// To the caller: it is in the outcome of the rotation.
    Return,
}

impl HandOver {
    /// The file that is the hand-over, and says which key the service has.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file.path()),
            Self::Command { .. } | Self::Return => None,
        }
    }

    /// Whether it leaves no trace of its own.
    pub(super) fn is_noted(&self) -> bool {
        !matches!(self, Self::File(_))
    }

    /// Where it is said which key the service has.
    pub(super) fn source(&self, record: Option<&Path>, note: Option<PathBuf>) -> Source {
        match (self, record) {
            (Self::File(file), _) => Source::Output(file.path().to_owned()),
            (_, Some(kept)) => Source::Kept { file: kept.to_owned(), note },
            (_, None) => Source::Note(note),
        }
    }

    /// What is wrong with the file that holds a key already: every user can read it. What a group may
    /// read is what its owner wanted.
    pub(super) fn exposed(&self) -> Option<String> {
        let file = self.file()?;
        let mode = fs::metadata(file).ok()?.permissions().mode() & 0o777;
        let shown = file.display();
        (mode & 0o007 != 0)
            .then(|| format!("every user may read {shown} (mode {mode:o}): chmod o-rwx {shown}"))
    }
}

/// The note of one workbench, user and name, under a name that any file system takes.
pub(super) fn note(session: &Session, user: &str, name: &str) -> Option<PathBuf> {
    let text = format!("{}\n{user}\n{name}", session.client.url());
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let hex = text::hex(&digest.as_ref()[..16]);
    Some(session.store.as_ref()?.dir().join("rotations").join(format!("{hex}.json")))
}

/// Keep other runs away from the name and from the file until they are dropped: each would take the
/// key that the other just made for one that was never handed over.
#[derive(Debug, Default)]
pub(in crate::actions) struct Locks(Vec<FileLock>);

impl Locks {
    /// # Errors
    /// Another run holds one of the two.
    pub fn take(hand_over: &HandOver, note: Option<&Path>, name: &str) -> Result<Self, Error> {
        let mut locks = Vec::new();
        if let HandOver::File(file) = hand_over {
            let file = file.path();
            match FileLock::try_take(&beside(file, "lock")) {
                Ok(Some(lock)) => locks.push(lock),
                Ok(None) => return Err(Error::Locked { what: format!("the key in {}", file.display()) }),
                // Not every file system knows locks, and a rotation is of use without.
                Err(error) if knows_no_locks(&error) => tracing::info!(%error, "no lock"),
                Err(error) => return Err(Error::NotLockable { file: file.to_owned(), error }),
            }
        }
        // If the home directory is not writable, the lock on the file is enough.
        let folder = note.and_then(Path::parent).map(private_file::make_folder);
        if let (Some(note), Some(Ok(()))) = (note, folder) {
            match FileLock::try_take(&note.with_extension("lock")) {
                Ok(Some(lock)) => locks.push(lock),
                Ok(None) => return Err(Error::Locked { what: format!("{name:?}") }),
                Err(error) if knows_no_locks(&error) => tracing::info!(%error, "no lock"),
                // A lock that is none of ours could be held for ever.
                Err(error) if hand_over.is_noted() => {
                    return Err(Error::NotLockable { file: note.to_owned(), error });
                }
                Err(error) => tracing::info!(%error, "no lock"),
            }
        }
        Ok(Self(locks))
    }

    /// For a command that may outlive this process: while it lives, no other run begins.
    pub fn as_slice(&self) -> &[FileLock] {
        &self.0
    }
}

fn knows_no_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
        || error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error())
}
