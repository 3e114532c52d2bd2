//! Why something is not in the history, or cannot be read from it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::config::history::NoHistory;

/// Why there is no history. The file is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Off(#[from] NoHistory),
    #[error("the history {} cannot be used: {source}", path.display())]
    Unusable { path: PathBuf, source: io::Error },
    #[error("the history {} can be read by others (mode {mode:03o})", path.display())]
    Exposed { path: PathBuf, mode: u32 },
    #[error("the history {} was written by a newer keybench", path.display())]
    Newer { path: PathBuf },
    #[error("the history {} is broken, or another program's file", path.display())]
    Broken { path: PathBuf },
    #[error("the history {} cannot be locked on this file system", path.display())]
    NoLocks { path: PathBuf },
    #[error("another keybench is writing to the history {}", path.display())]
    Busy { path: PathBuf },
    #[error("the history {}: {source}", path.display())]
    Sqlite { path: PathBuf, source: rusqlite::Error },
    #[error("the history has no entry {id}")]
    NoEntry { id: i64 },
    #[error("entry {id} of the history is a test, not a run")]
    NoRun { id: i64 },
}

impl Error {
    pub(super) fn unusable(path: &Path, source: io::Error) -> Self {
        Self::Unusable { path: path.to_owned(), source }
    }

    /// What SQLite says about the file at `path`.
    pub(super) fn of(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let Some(cause) = source.sqlite_error() else { return Self::Sqlite { path, source } };
        match (cause.code, cause.extended_code) {
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Self::Busy { path },
            (ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt, _) => Self::Broken { path },
            (ErrorCode::FileLockingProtocolFailed, _)
            | (
                _,
                ffi::SQLITE_IOERR_LOCK
                | ffi::SQLITE_IOERR_RDLOCK
                | ffi::SQLITE_IOERR_UNLOCK
                | ffi::SQLITE_IOERR_CHECKRESERVEDLOCK,
            ) => Self::NoLocks { path },
            _ => Self::Sqlite { path, source },
        }
    }

    /// Whether the next entry may well be kept.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }

    /// Whether nothing can be kept here at all, as in a container whose file system is read-only:
    /// nothing to warn of.
    pub fn is_no_place(&self) -> bool {
        use io::ErrorKind::{NotFound, PermissionDenied, ReadOnlyFilesystem};
        let Self::Unusable { source, .. } = self else { return false };
        // A file of another user's is denied as well, with the reason inside.
        source.get_ref().is_none()
            && matches!(source.kind(), NotFound | PermissionDenied | ReadOnlyFilesystem)
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Off(reason) => reason.hint().to_owned(),
            Self::Exposed { path, .. } => format!("chmod 600 {}", path.display()),
            Self::Newer { .. } => {
                "use the newer keybench, or set `history = false` in config.toml".to_owned()
            }
            Self::Unusable { .. } | Self::Broken { .. } | Self::Sqlite { .. } => {
                "move it away, or set `history = false` in config.toml".to_owned()
            }
            Self::NoLocks { .. } => {
                "set `history = false` in config.toml, or XDG_STATE_HOME to a folder on another file system"
                    .to_owned()
            }
            Self::Busy { .. } => "wait until it has ended, then try again".to_owned(),
            Self::NoEntry { .. } => "`keybench runs list` shows the entries".to_owned(),
            Self::NoRun { .. } => "name a run: `keybench runs list` shows what each entry is".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No file system without locks is at hand, so SQLite's answers are made up.
    #[test]
    fn each_answer_of_sqlite_is_an_error_of_its_own() {
        let of = |code: i32| {
            Error::of(Path::new("h"), rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
        };
        for code in [ffi::SQLITE_IOERR_LOCK, ffi::SQLITE_IOERR_RDLOCK, ffi::SQLITE_PROTOCOL] {
            assert!(matches!(of(code), Error::NoLocks { .. }), "{code}");
        }
        assert!(matches!(of(ffi::SQLITE_BUSY), Error::Busy { .. }) && of(ffi::SQLITE_BUSY).is_passing());
        for code in [ffi::SQLITE_NOTADB, ffi::SQLITE_CORRUPT] {
            assert!(matches!(of(code), Error::Broken { .. }), "{code}");
        }
        assert!(matches!(of(ffi::SQLITE_FULL), Error::Sqlite { .. }));
    }
}
