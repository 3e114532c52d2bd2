//! What an audit has read already: one line a user, in a private file, for an hour.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::paths::{cache_dir, process_env};
use crate::config::private_file;
use crate::text;
use crate::wire::V2KeyDetails;

/// A report must not mix today's keys with yesterday's.
const VALID: SignedDuration = SignedDuration::from_hours(1);
/// Bytes; a larger one is begun anew. 100 000 keys are 25 MB.
const LARGEST: u64 = 256 << 20;

/// An open journal; none where the folder cannot be written to, and then an audit is not resumable.
#[derive(Debug)]
pub struct Journal(Option<(PathBuf, BufWriter<File>)>);

/// The keys of a user, and when they were read.
#[derive(Serialize, Deserialize)]
pub struct Line {
    pub at: Timestamp,
    username: String,
    pub keys: Vec<V2KeyDetails>,
}

/// What is read already, by user.
type Known = HashMap<String, Line>;

impl Journal {
    /// Opens the journal of audits of `url` by `username`; gives what it holds.
    pub fn open(url: &str, username: &str, fresh: bool, now: Timestamp) -> (Self, Known) {
        let Ok(folder) = cache_dir(&process_env) else { return (Self(None), HashMap::new()) };
        let digest = ring::digest::digest(&ring::digest::SHA256, format!("{url}\n{username}").as_bytes());
        let file = folder.join(format!("audit-{}.jsonl", text::hex(&digest.as_ref()[..8])));
        let known = if fresh { HashMap::new() } else { read(&file, now) };
        let open = || {
            private_file::make_folder(&folder)?;
            let mut open = private_file::open_to_append(&file)?;
            if known.is_empty() {
                open.set_len(0)?;
            }
            if !known.is_empty() {
                // The last line may be cut: what follows begins on one of its own.
                open.write_all(b"\n")?;
            }
            Ok::<_, std::io::Error>(open)
        };
        (Self(open().ok().map(|open| (file.clone(), BufWriter::new(open)))), known)
    }

    /// A journal in which nothing is noted.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether the next audit finds what is noted.
    pub fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// Notes the keys of a user.
    pub fn note(&mut self, username: &str, keys: &[V2KeyDetails], now: Timestamp) {
        let Some((_, file)) = &mut self.0 else { return };
        let line = Line { at: now, username: username.to_owned(), keys: keys.to_vec() };
        // A line that is lost is a user that is asked again.
        let _ = serde_json::to_writer(&mut *file, &line)
            .map_err(Into::into)
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.flush());
    }

    /// Everything is read.
    pub fn finish(self) {
        if let Some((path, _)) = self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

fn read(file: &Path, now: Timestamp) -> Known {
    let text = private_file::read_up_to(file, LARGEST).ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines()
        // The last line may be cut.
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .filter(|line| now.duration_since(line.at) < VALID)
        .map(|line| (line.username.clone(), line))
        .collect()
}
