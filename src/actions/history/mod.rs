//! The history: tests and runs of earlier days, in a local file, without keys.
//!
//! Every test that was sent and every run that sent something is an entry, whichever face made it.
//! None is written inside a workbench session, whose home others read, and none where the user
//! switched it off ([`config::history`](crate::config::history)). No key and no access key is ever in
//! it: bodies are masked, and a key goes by its short Key ID.
//!
//! | file | what it holds |
//! |---|---|
//! | [`entry`] | what is kept of a test and of a run |
//! | [`file`] | the SQLite file: who may open it, its bounds, its locks |
//! | `error` | why there is no history |

pub mod entry;
mod error;
pub mod file;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

pub use entry::{Called, Entry, Kind, Line};
pub use error::Error;
pub use file::lines;

use crate::config::Session;
use crate::disk;
use crate::probe::CallResult;
use crate::probe::run::Summary;

/// How a test or a run ended.
#[derive(Debug, Clone)]
pub enum Ended {
    Test(Box<CallResult>),
    Run(Arc<Summary>),
}

/// Keeps a test or a run in the history of `session`, if it has one; the new entry's id.
///
/// # Errors
/// It was not kept.
pub async fn record(session: &Session, called: Called, ended: Ended) -> Result<Option<i64>, Error> {
    let Some(path) = session.history.clone() else { return Ok(None) };
    let (workbench, username) = (session.client.url().to_owned(), session.username.clone());
    let file = path.clone();
    // A file may be slow, where the home is on a network: nothing else waits for it.
    let kept = disk::spawn(move || {
        let entry = match &ended {
            Ended::Test(call) => Entry::of_test(workbench, username, called, call),
            Ended::Run(summary) => Entry::of_run(workbench, username, called, summary),
        };
        entry.map(|entry| file::add(&path, Timestamp::now(), &entry)).transpose()
    });
    kept.await.unwrap_or_else(|error| Err(Error::unusable(&file, std::io::Error::other(error))))
}

/// The entry `id`.
///
/// # Errors
/// There is none, or the file cannot be used.
pub fn find(path: &Path, id: i64) -> Result<Entry, Error> {
    file::entry(path, id)?.ok_or(Error::NoEntry { id })
}

/// The run that is entry `id`.
///
/// # Errors
/// There is none, it is a test, or the file cannot be used.
pub fn run(path: &Path, id: i64) -> Result<Summary, Error> {
    find(path, id)?.summary.map(|summary| *summary).ok_or(Error::NoRun { id })
}
