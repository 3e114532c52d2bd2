//! One process at a time: an advisory lock on a file, which the system gives up together with the
//! process that holds it, so that a crash leaves nothing locked.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

/// Between two looks at a lock that another process holds.
const PAUSE: Duration = Duration::from_millis(20);

/// A lock that is held until this is dropped; then its file is gone too.
#[derive(Debug)]
pub struct FileLock {
    path: PathBuf,
    _file: File,
}

impl FileLock {
    /// Takes the lock that the file at `path` stands for; the file is made if need be. `None`:
    /// another process holds it.
    ///
    /// # Errors
    /// The file cannot be made or opened, or its file system knows no locks
    /// ([`io::ErrorKind::Unsupported`]).
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                // A link that somebody laid there must not lead to another file.
                .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
                .open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Whoever held it before took the file away with it: between opening and locking, the
            // name may have come to stand for another file, or for none.
            if is_at(&file, path)? {
                return Ok(Some(Self { path: path.to_owned(), _file: file }));
            }
        }
    }

    /// As [`Self::try_take`], and waits for at most `patience`.
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

impl Drop for FileLock {
    fn drop(&mut self) {
        // While it is still locked, so that nobody else's is taken away.
        let _ = fs::remove_file(&self.path);
    }
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((own.dev(), own.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
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
        assert!(FileLock::try_take(&path).is_err());
        assert!(!elsewhere.exists());
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
