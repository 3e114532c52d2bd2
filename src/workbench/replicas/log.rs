//! What a replica prints, and why its calls failed: one bounded file a replica.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Where a log begins anew, in bytes: a chatty function must not fill the disk.
const LIMIT: u64 = 1 << 20;

/// The log of one replica. Made with its first line; losing a line is no failure.
#[derive(Debug, Default)]
pub struct Log {
    path: Option<PathBuf>,
    open: Mutex<Option<(File, u64)>>,
}

impl Log {
    /// A log `NAME.log` in `directory`, or one that keeps nothing.
    pub fn new(directory: Option<&Path>, name: &str) -> Self {
        Self {
            path: directory.map(|directory| directory.join(format!("{name}.log"))),
            open: Mutex::default(),
        }
    }

    pub fn write(&self, bytes: &[u8]) {
        let Some(path) = &self.path else { return };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let size = bytes.len() as u64;
        if open.as_ref().is_none_or(|(_, written)| written + size > LIMIT) {
            if let Some(directory) = path.parent() {
                let _ = fs::create_dir_all(directory);
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_stays_bounded_and_keeps_the_newest() {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::new(Some(directory.path()), "add-1-1-x-y");
        let path = directory.path().join("add-1-1-x-y.log");
        assert!(!path.exists());
        for _ in 0..3 {
            log.write(&vec![b'x'; LIMIT as usize / 2]);
        }
        log.line("the last word");
        assert!(fs::metadata(&path).unwrap().len() <= LIMIT);
        assert!(fs::read_to_string(&path).unwrap().ends_with("the last word\n"));
    }
}
