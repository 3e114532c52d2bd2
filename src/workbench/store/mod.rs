//! The store: one SQLite file, one writer, several readers.
//!
//! A change is acknowledged only after SQLite has synced it (WAL with `synchronous = FULL`), so it
//! survives `kill -9` and a power cut. Every change runs in one transaction, through
//! [`Store::write`]; everything that only reads runs through [`Store::read`]. The files of this
//! folder contain functions over a connection, one file per group of tables, so that several of
//! them can share a transaction.

pub mod builds;
mod columns;
pub mod deployments;
mod erased;
pub mod facts;
mod file;
pub mod keys;
pub mod listing;
pub mod models;
pub mod projects;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod usage;
pub mod users;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as Shelf, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{Mutex, Semaphore};

use crate::wire;

pub use file::DirectoryError;

use erased::{Outcome, Work, erased, typed};

/// Maximum number of concurrent readers: more than the cores of such a machine gain nothing.
const READERS: usize = 4;

/// The store failed, and nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store refused: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the store holds something unreadable: {0}")]
    Content(#[from] serde_json::Error),
    #[error("the store's work was cut off")]
    CutOff,
}

impl StoreError {
    /// Whether a row with the same unique value is there already.
    pub fn is_duplicate(&self) -> bool {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        matches!(self.extended_code(), Some(SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY))
    }

    /// Whether the row that a new one belongs to is gone.
    pub fn is_orphan(&self) -> bool {
        self.extended_code() == Some(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY)
    }

    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        self.extended_code() == Some(rusqlite::ffi::SQLITE_FULL)
    }

    fn extended_code(&self) -> Option<i32> {
        match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(cause, _)) => Some(cause.extended_code),
            _ => None,
        }
    }
}

/// A cheap handle on the store.
#[derive(Clone)]
pub struct Store {
    writer: Arc<Mutex<Connection>>,
    readers: Arc<Readers>,
    generation: Arc<AtomicU64>,
}

struct Readers {
    free: Semaphore,
    shelf: Shelf<Vec<Connection>>,
}

impl Store {
    /// Opens the store of a data directory, creates it if it does not exist, and migrates its
    /// schema.
    pub fn open(data: &Path) -> Result<Self, DirectoryError> {
        let path = file::prepare(data)?;
        let writer = file::open_writer(&path)?;
        let readers = (0..READERS).map(|_| file::open_reader(&path)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
            readers: Arc::new(Readers { free: Semaphore::new(READERS), shelf: Shelf::new(readers) }),
            generation: Arc::new(AtomicU64::new(0)),
        })
    }

    /// Counts the committed changes. What was read while the count does not change stays true, so
    /// it can be cached; see [`super::cache`].
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Runs `work` in one transaction, which is committed and synced if `work` returns `Ok`, and
    /// rolled back otherwise. It runs to its end even if its caller has gone.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Transaction) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        typed(self.writing(erased(work)).await)
    }

    async fn writing(&self, work: Work) -> Result<Outcome, StoreError> {
        let mut connection = self.writer.clone().lock_owned().await;
        let generation = self.generation.clone();
        let done = tokio::task::spawn_blocking(move || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let outcome = work(&transaction);
            if outcome.is_ok() {
                transaction.commit()?;
                generation.fetch_add(1, Ordering::AcqRel);
            }
            Ok(outcome)
        });
        done.await.unwrap_or(Err(StoreError::CutOff))
    }

    /// Checkpoints the log into the file, so that the file alone is complete.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        let connection = self.writer.clone().lock_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .map_err(StoreError::Sqlite)
        });
        done.await.unwrap_or(Err(StoreError::CutOff))
    }

    /// Writes the state to a separate file.
    pub async fn save_to(&self, path: PathBuf) -> Result<(), StoreError> {
        self.read(move |db| {
            let mut copy = Connection::open(path)?;
            // Losing this file costs nothing but time.
            copy.pragma_update(None, "synchronous", "off")?;
            Ok(copy_state(db, &mut copy)?)
        })
        .await
    }

    /// Replaces the state by what [`Store::save_to`] wrote.
    pub async fn restore_from(&self, path: PathBuf) -> Result<(), StoreError> {
        let mut connection = self.writer.clone().lock_owned().await;
        let generation = self.generation.clone();
        let done = tokio::task::spawn_blocking(move || {
            let saved = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            copy_state(&saved, &mut connection)?;
            generation.fetch_add(1, Ordering::AcqRel);
            Ok(())
        });
        done.await.unwrap_or(Err(StoreError::CutOff))
    }

    /// Runs `work` on a read-only connection that sees one state throughout. The future is boxed: most
    /// that wait for one read seldom, and stay small.
    pub fn read<T, E, F>(&self, work: F) -> BoxFuture<'_, Result<T, E>>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let reading = self.reading(erased(|snapshot| work(snapshot)));
        Box::pin(async { typed(reading.await) })
    }

    async fn reading(&self, work: Work) -> Result<Outcome, StoreError> {
        let Ok(_permit) = self.readers.free.acquire().await else { return Err(StoreError::CutOff) };
        let readers = self.readers.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut borrowed = Borrowed::take(&readers)?;
            let snapshot = borrowed.connection()?.unchecked_transaction()?;
            Ok(work(&snapshot))
        });
        done.await.unwrap_or(Err(StoreError::CutOff))
    }
}

fn copy_state(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    let backup = Backup::new(from, to)?;
    // All pages in one step; a locked source is tried again.
    backup.run_to_completion(i32::MAX, Duration::from_millis(1), None)
}

/// A reader that returns to the pool, whatever happens.
struct Borrowed<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl<'a> Borrowed<'a> {
    fn take(readers: &'a Readers) -> Result<Self, StoreError> {
        let connection = readers.shelf.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(Self { readers, connection: Some(connection.ok_or(StoreError::CutOff)?) })
    }

    fn connection(&mut self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or(StoreError::CutOff)
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.readers.shelf.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

/// An instant as stored in the tables.
pub(crate) fn micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// A stored instant; one out of range, which nothing here writes, becomes the end of time.
pub(crate) fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

/// A stored instant as the wire shows the times of rows: RFC 3339 UTC to the microsecond, so that
/// "newest first" is unambiguous.
pub(crate) fn stamp(micros: i64) -> String {
    instant(micros).strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// Like [`stamp`], but an instant that has not come is an empty string.
pub(crate) fn stamp_or_empty(micros: Option<i64>) -> String {
    micros.map(stamp).unwrap_or_default()
}

/// A stored instant as the wire shows the times of keys: RFC 3339 UTC to the second.
pub(crate) fn key_stamp(micros: i64) -> String {
    wire::time::format(instant(micros))
}
