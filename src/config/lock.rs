//! One process at a time: an advisory lock on a file, which the system releases together with the
//! process that holds it, so that a crash leaves nothing locked.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::io::{FdFlags, fcntl_setfd};

use super::owner::{self, NotOurs};
use super::replace::is_at;
use crate::bounded::NotRegular;

/// Interval between attempts to take a lock that another process holds.
const PAUSE: Duration = Duration::from_millis(20);

/// A lock that is held until this is dropped, which also removes its file.
#[derive(Debug)]
pub struct FileLock {
    path: PathBuf,
    file: File,
    /// A child process has it too, and may live longer.
    lent: AtomicBool,
}

/// A lock shared with child processes: it is held as long as one of them lives.
#[derive(Debug)]
#[must_use]
pub struct Lent<'a>(&'a FileLock);

impl Lent<'_> {
    /// The children have ended, or were never started.
    pub fn returned(self) {
        let _ = fcntl_setfd(&self.0.file, FdFlags::CLOEXEC);
        self.0.lent.store(false, Ordering::Relaxed);
    }
}

impl FileLock {
    /// Takes the lock whose file is `path`, which is created if needed. `None`: another process
    /// holds it.
    ///
    /// # Errors
    /// The file cannot be created or opened, its file system does not support locks
    /// ([`io::ErrorKind::Unsupported`]), or it is not ours ([`NotOurs`], [`NotRegular`]): its owner
    /// could hold it for ever.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                // Another user's link must not lead to another file, and a pipe must not block.
                .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
                .open(path)
                .map_err(|error| instead_of(path).map_or(error, Into::into))?;
            let found = file.metadata()?;
            NotRegular::check(found.file_type())?;
            owner::check(&found)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // The previous holder removed the file: between opening and locking, the path may have
            // come to name another file, or none.
            if is_at(&file, path) {
                return Ok(Some(Self { path: path.to_owned(), file, lent: AtomicBool::new(false) }));
            }
        }
    }

    /// Like [`Self::try_take`], but waits for at most `patience`.
    pub fn take(path: &Path, patience: Duration) -> io::Result<Option<Self>> {
        let until = Instant::now() + patience;
        loop {
            match Self::try_take(path)? {
                None if Instant::now() < until => thread::sleep(PAUSE),
                taken => return Ok(taken),
            }
        }
    }
}

impl FileLock {
    /// Shares the lock with child processes until it is [returned](Lent::returned). If it never is,
    /// the lock stays with the children that still run.
    ///
    /// # Errors
    /// The system refuses.
    pub fn lend(&self) -> io::Result<Lent<'_>> {
        fcntl_setfd(&self.file, FdFlags::empty())?;
        self.lent.store(true, Ordering::Relaxed);
        Ok(Lent(self))
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if self.lent.load(Ordering::Relaxed) {
            return;
        }
        // While it is still locked, so that no other process's file is removed.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether a lock cannot be taken because its path is something other than a lock file.
pub fn is_none_of_ours(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<NotOurs>() || cause.is::<NotRegular>())
}

/// Describes what is at `path` and prevents it from being opened as a lock.
fn instead_of(path: &Path) -> Option<NotRegular> {
    NotRegular::check(fs::symlink_metadata(path).ok()?.file_type()).err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        let first = FileLock::try_take(&path).unwrap();
        assert!(first.is_some());
        assert!(FileLock::try_take(&path).unwrap().is_none());
        assert!(FileLock::take(&path, Duration::from_millis(1)).unwrap().is_none());
        drop(first);
        assert!(!path.exists());
        assert!(FileLock::take(&path, Duration::ZERO).unwrap().is_some());
    }

    #[test]
    fn a_file_that_nobody_holds_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        fs::write(&path, "left by a process that was killed").unwrap();
        assert!(FileLock::try_take(&path).unwrap().is_some());
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (folder.path().join(".lock"), folder.path().join("elsewhere"));
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let error = FileLock::try_take(&path).unwrap_err();
        assert_eq!(error.to_string(), "it is a link, not a regular file");
        assert!(!elsewhere.exists());
    }

    #[test]
    fn what_is_none_of_ours_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let error = FileLock::try_take(&path).unwrap_err();
        assert_eq!(error.to_string(), "it is a pipe, not a regular file");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        if std::os::unix::fs::chown(&path, Some(7), None).is_ok() {
            let error = FileLock::try_take(&path).unwrap_err();
            assert!(error.to_string().starts_with("it belongs to "), "{error}");
        }
    }

    #[test]
    fn many_threads_take_turns() {
        let folder = tempfile::tempdir().unwrap();
        let (path, counter) = (folder.path().join(".lock"), folder.path().join("counter"));
        fs::write(&counter, "0").unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        let _held = FileLock::take(&path, Duration::from_secs(60)).unwrap().unwrap();
                        let count: u32 = fs::read_to_string(&counter).unwrap().parse().unwrap();
                        fs::write(&counter, (count + 1).to_string()).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_to_string(&counter).unwrap(), "80");
    }
}
