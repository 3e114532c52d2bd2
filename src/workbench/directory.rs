//! The data directory: who can access it, and which server uses it.

use std::fs::{File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Locked by the server that uses a data directory.
const LOCK: &str = "lock";
/// How often a server checks whether its directory still exists.
const LOOK: Duration = Duration::from_millis(500);

/// Why a server cannot use the directory.
#[derive(Debug, thiserror::Error)]
pub enum NotOurs {
    #[error(
        "another keybench serves the data directory {}; stop that one, or choose another directory with --data",
        data.display()
    )]
    InUse { data: PathBuf },
    #[error("the data directory {} cannot be locked: {source}", data.display())]
    Lock { data: PathBuf, source: io::Error },
    #[error(
        "the data directory {} belongs to another user; choose one of your own with --data",
        data.display()
    )]
    Foreign { data: PathBuf },
    #[error(
        "other users can enter {} (mode {mode:o}), and it holds other files; choose a folder for keybench alone, \
         or close this one: chmod 700 {}",
        data.display(), data.display()
    )]
    Open { data: PathBuf, mode: u32 },
}

/// A data directory in use by this process; the system releases it when the process ends, however
/// it ends.
pub struct Directory {
    lock: File,
    data: PathBuf,
}

/// Writes a file that replicas may read, which may run as another user: whatever the umask.
pub fn write_for_all(file: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::write(file, bytes)?;
    std::fs::set_permissions(file, Permissions::from_mode(0o644))
}

impl Directory {
    /// Takes the directory, and creates it if it does not exist.
    pub fn take(data: &Path) -> Result<Self, NotOurs> {
        let failed = |source| NotOurs::Lock { data: data.to_owned(), source };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(failed)?;
        close_to_others(data)?;
        let path = data.join(LOCK);
        let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { lock, data: data.to_owned() }),
            Err(TryLockError::WouldBlock) => Err(NotOurs::InUse { data: data.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Returns when the lock file is gone from the directory: another server could take the
    /// directory, and what this one writes would be lost.
    pub async fn gone(&self) {
        let same = |there: &Metadata, ours: &Metadata| (there.dev(), there.ino()) == (ours.dev(), ours.ino());
        loop {
            tokio::time::sleep(LOOK).await;
            let (there, ours) = (std::fs::metadata(self.data.join(LOCK)), self.lock.metadata());
            match (there, ours) {
                (Ok(there), Ok(ours)) if same(&there, &ours) => {}
                (Err(error), _) if error.kind() != io::ErrorKind::NotFound => {}
                _ => return,
            }
        }
    }
}

impl Drop for Directory {
    /// A process that is being started at this moment shares the open file until its `exec`, so
    /// closing ours alone would leave the directory locked for a moment.
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

/// Removes the data directory of a server that has ended, and returns whether it did. Leaves a
/// directory alone if a server uses it, if it belongs to another user, or if no server ever used
/// it.
pub fn remove_abandoned(data: &Path) -> io::Result<bool> {
    let found = std::fs::symlink_metadata(data)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        return Ok(false);
    }
    let path = data.join(LOCK);
    let rest: Vec<_> = std::fs::read_dir(data)?.collect::<io::Result<_>>()?;
    let rest: Vec<_> = rest.into_iter().filter(|entry| entry.file_name() != LOCK).collect();
    // A starting server has created the lock file and nothing else before it holds the lock.
    if rest.is_empty() || !std::fs::symlink_metadata(&path)?.is_file() {
        return Ok(false);
    }
    let lock = OpenOptions::new().append(true).open(&path)?;
    if lock.try_lock().is_err() {
        return Ok(false);
    }
    // The lock file goes last: if this is interrupted, the next call can continue.
    for entry in rest {
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    std::fs::remove_file(&path)?;
    std::fs::remove_dir(data)?;
    Ok(true)
}

/// The directory contains keys, so no other user may enter. An empty folder, or one of keybench's,
/// is made private; any other is left alone, since others may need it.
fn close_to_others(data: &Path) -> Result<(), NotOurs> {
    let failed = |source| NotOurs::Lock { data: data.to_owned(), source };
    let found = std::fs::metadata(data).map_err(failed)?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(NotOurs::Foreign { data: data.to_owned() });
    }
    let mode = found.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let is_empty = std::fs::read_dir(data).map_err(failed)?.next().is_none();
    if !is_empty && !data.join(LOCK).exists() {
        return Err(NotOurs::Open { data: data.to_owned(), mode });
    }
    std::fs::set_permissions(data, Permissions::from_mode(0o700)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_others_enter_is_closed_or_refused() {
        let parent = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let open = |name: &str| {
            let path = parent.path().join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
            path
        };
        let empty = open("empty");
        drop(Directory::take(&empty).unwrap());
        assert_eq!(mode(&empty), 0o700);
        std::fs::set_permissions(&empty, Permissions::from_mode(0o777)).unwrap();
        drop(Directory::take(&empty).unwrap());
        assert_eq!(mode(&empty), 0o700, "one that was used before");
        let full = open("full");
        std::fs::write(full.join("letter"), "").unwrap();
        let refused = Directory::take(&full).err().unwrap().to_string();
        assert!(refused.contains("chmod 700"), "{refused}");
        assert_eq!((mode(&full), full.join(LOCK).exists()), (0o755, false));
    }
    #[test]
    fn a_process_that_is_being_started_does_not_keep_the_directory() {
        let data = tempfile::tempdir().unwrap();
        let data = data.path().join("data");
        let first = Directory::take(&data).unwrap();
        let inherited = first.lock.try_clone().unwrap();
        drop(first);
        assert!(Directory::take(&data).is_ok());
        drop(inherited);
    }
}
