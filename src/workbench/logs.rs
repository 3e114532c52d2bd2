//! What a replica prints, and why its calls failed: one bounded file per replica.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Largest size of a log, in bytes: a chatty function must not fill the disk. A full log is renamed
/// to `.log.old`.
const LIMIT: u64 = 1 << 20;
/// Logs of ended replicas to keep, so that the reason can be found.
const KEPT: usize = 100;

/// The logs of all replicas. Cheap to clone; the default keeps nothing.
#[derive(Debug, Clone, Default)]
pub struct Logs(Option<Arc<Shelf>>);

#[derive(Debug)]
struct Shelf {
    directory: PathBuf,
    /// Of ended replicas, oldest first.
    ended: Mutex<VecDeque<PathBuf>>,
}

/// The log of one replica. Created with its first line; losing a line is not a failure.
#[derive(Debug, Default)]
pub struct Log {
    place: Option<(Arc<Shelf>, PathBuf)>,
    open: Mutex<Option<(File, u64)>>,
}

impl Logs {
    /// Logs in files of `directory`. Deletes those of an earlier server: none of its replicas is
    /// left, and the real product keeps none either (DOCS, cdsw_models_admin).
    pub fn new(directory: PathBuf) -> Self {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().contains(".log") {
                let _ = fs::remove_file(entry.path());
            }
        }
        Self(Some(Arc::new(Shelf { directory, ended: Mutex::default() })))
    }

    /// The log `NAME.log`.
    pub fn of(&self, name: &str) -> Log {
        let place =
            self.0.as_ref().map(|shelf| (Arc::clone(shelf), shelf.directory.join(format!("{name}.log"))));
        Log { place, open: Mutex::default() }
    }
}

impl Log {
    pub fn write(&self, bytes: &[u8]) {
        let Some((shelf, path)) = &self.place else { return };
        let mut open = lock(&self.open);
        let size = bytes.len() as u64;
        if open.as_ref().is_none_or(|(_, written)| written + size > LIMIT) {
            let _ = fs::create_dir_all(&shelf.directory);
            let _ = fs::rename(path, old(path));
            *open = File::create(path).ok().map(|file| (file, 0));
        }
        if let Some((file, written)) = open.as_mut() {
            *written += size;
            if let Err(error) = file.write_all(bytes) {
                tracing::warn!(path = %path.display(), %error, "a line of a replica's log is lost");
            }
        }
    }

    pub fn line(&self, text: &str) {
        self.write(format!("{text}\n").as_bytes());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let Some((shelf, path)) = self.place.take() else { return };
        if lock(&self.open).is_none() {
            return;
        }
        let mut ended = lock(&shelf.ended);
        ended.push_back(path);
        while ended.len() > KEPT {
            if let Some(path) = ended.pop_front() {
                let _ = fs::remove_file(old(&path));
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn old(path: &Path) -> PathBuf {
    path.with_extension("log.old")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_stays_bounded_and_keeps_the_newest() {
        let directory = tempfile::tempdir().unwrap();
        let log = Logs::new(directory.path().to_owned()).of("add-1-1-x-y");
        let path = directory.path().join("add-1-1-x-y.log");
        assert!(!path.exists());
        for _ in 0..9 {
            log.write(&vec![b'x'; LIMIT as usize / 2]);
        }
        log.line("the last word");
        let size = |path: &Path| fs::metadata(path).unwrap().len();
        assert!(size(&path) <= LIMIT && size(&old(&path)) <= LIMIT);
        assert!(fs::read_to_string(&path).unwrap().ends_with("the last word\n"));
    }

    #[test]
    fn the_logs_of_the_last_that_ended_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("of-an-earlier-server.log"), "x").unwrap();
        let logs = Logs::new(directory.path().to_owned());
        let living = logs.of("living");
        living.line("first");
        for n in 0..KEPT + 5 {
            logs.of(&format!("dead-{n}")).line("gone");
        }
        let left = fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(left, KEPT + 1);
        assert!(directory.path().join("living.log").exists());
        assert!(!directory.path().join("dead-4.log").exists());
        assert!(directory.path().join("dead-5.log").exists());
    }
}
