//! The file of the history: SQLite with a rollback journal, since homes are on network file systems,
//! where a write-ahead log does not work (sqlite.org/wal.html).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::types::Type;
use rusqlite::{
    Connection, OpenFlags, OptionalExtension as _, Row, TransactionBehavior, named_params, params,
};
use rusqlite_migration::{M, Migrations};
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;

use super::{Entry, Error, Kind, Line};
use crate::config::{owner, private_file};

/// Older entries go.
const AGE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The oldest beyond these go.
const ENTRIES: u32 = 10_000;
/// The oldest go while the file holds more, in bytes.
const SIZE: i64 = 64 << 20;
/// How long another process's change is waited for; one takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// Marks the file as a history: `kbhs`.
const APPLICATION: i32 = 0x6b62_6873;
/// All migrations of the schema, in order; migrations are only ever added. Each can be applied twice,
/// as two processes at once do.
const STEPS: &[M<'static>] = &[M::up(include_str!("../../../assets/history/0001_first.sql"))];

/// One at a time in this process: closing a file drops the locks that the process has on it
/// (POSIX, fcntl), those of another connection too.
static ALONE: Mutex<()> = Mutex::new(());

/// Keeps an entry, removes those beyond the bounds, and returns its id.
///
/// # Errors
/// It was not kept; the file is as it was.
pub fn add(path: &Path, now: Timestamp, entry: &Entry) -> Result<i64, Error> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = folder_of(path);
    private_file::make_folder(folder).map_err(|error| Error::unusable(folder, error))?;
    let mut connection = open(path)?;
    insert(&mut connection, now, entry).map_err(|error| Error::of(path, error))
}

/// All entries, newest first; none if there is no file.
///
/// # Errors
/// The file cannot be used.
pub fn lines(path: &Path) -> Result<Vec<Line>, Error> {
    read(path, Vec::new(), |connection| {
        let mut all = connection.prepare("SELECT * FROM entry ORDER BY id DESC")?;
        all.query_map([], line)?.collect()
    })
}

/// The entry `id`; `None` if there is none.
///
/// # Errors
/// The file cannot be used.
pub fn entry(path: &Path, id: i64) -> Result<Option<Entry>, Error> {
    read(path, None, |connection| {
        let one = "SELECT entry.*, details.json FROM entry JOIN details USING (id) WHERE id = ?1";
        connection
            .query_row(one, [id], |row| {
                let (line, json): (Line, String) = (line(row)?, row.get("json")?);
                Entry::from_stored(line, &json).map_err(|error| {
                    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
                })
            })
            .optional()
    })
}

/// What `ask` reads from the file; `nothing` if there is no file.
fn read<T>(
    path: &Path,
    nothing: T,
    ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, Error> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !path.exists() {
        return Ok(nothing);
    }
    // Not read-only: an entry that a killed process left half written is taken back.
    ask(&open(path)?).map_err(|error| Error::of(path, error))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new("."))
}

/// Opens the file, and creates it where it does not exist, for its owner alone.
fn open(path: &Path) -> Result<Connection, Error> {
    let unusable = |error| Error::unusable(path, error);
    let folder = fs::metadata(folder_of(path)).map_err(unusable)?;
    owner::check(&folder).map_err(|error| unusable(error.into()))?;
    if let Ok(found) = fs::symlink_metadata(path) {
        owner::check(&found).map_err(|error| unusable(error.into()))?;
    }
    let file = private_file::open_to_change(path).map_err(unusable)?;
    let mode = file.metadata().map_err(unusable)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::Exposed { path: path.to_owned(), mode });
    }
    // SQLite takes a refusal for another process's lock, and waits for that.
    if !can_be_locked(fcntl_lock(&file, FlockOperation::NonBlockingLockShared)) {
        return Err(Error::NoLocks { path: path.to_owned() });
    }
    drop(file);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|error| Error::of(path, error))?;
    if !prepare(&mut connection).map_err(|error| Error::of(path, error))? {
        return Err(Error::Broken { path: path.to_owned() });
    }
    Migrations::from_slice(STEPS).to_latest(&mut connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => Error::of(path, err),
        _ => Error::Newer { path: path.to_owned() },
    })?;
    Ok(connection)
}

/// Whether locks work there: another process's lock shows that they do.
fn can_be_locked(tried: Result<(), Errno>) -> bool {
    matches!(tried, Ok(()) | Err(Errno::AGAIN | Errno::ACCESS | Errno::INTR))
}

/// Sets the connection up. `false`: it is another program's file.
fn prepare(connection: &mut Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION {
        // Both are read at one moment: another program may be making the same file.
        let alone = connection.transaction()?;
        let application: i32 = alone.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let tables: i64 = alone.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if application != APPLICATION && (application != 0 || tables > 0) {
            return Ok(false);
        }
        alone.pragma_update(None, "application_id", APPLICATION)?;
        alone.commit()?;
    }
    connection.pragma_update(None, "foreign_keys", true)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))?;
    Ok(mode == "delete")
}

fn insert(connection: &mut Connection, now: Timestamp, entry: &Entry) -> rusqlite::Result<i64> {
    let transaction = connection.transaction()?;
    let Line {
        id: _,
        kind,
        started,
        workbench,
        username,
        model,
        model_id,
        key,
        ok,
        status,
        failure,
        latency_ms,
        replica_id,
        size,
        requests,
        errors,
        result,
    } = &entry.line;
    transaction.execute(
        "INSERT INTO entry (kind, started, workbench, username, model, model_id, key, ok, status, failure,
            latency_ms, replica_id, size, requests, errors, result)
         VALUES (:kind, :started, :workbench, :username, :model, :model_id, :key, :ok, :status, :failure,
            :latency_ms, :replica_id, :size, :requests, :errors, :result)",
        named_params! {
            ":kind": kind.as_str(),
            ":started": started.as_millisecond(),
            ":workbench": workbench,
            ":username": username,
            ":model": model,
            ":model_id": model_id,
            ":key": key,
            ":ok": ok,
            ":status": status,
            ":failure": failure,
            ":latency_ms": latency_ms.unwrap_or_default(),
            ":replica_id": replica_id,
            ":size": size.map(u64::cast_signed),
            ":requests": requests.cast_signed(),
            ":errors": errors.cast_signed(),
            ":result": result,
        },
    )?;
    let id = transaction.last_insert_rowid();
    transaction.execute("INSERT INTO details (id, json) VALUES (?1, ?2)", params![id, entry.to_stored()])?;
    sweep(&transaction, now)?;
    transaction.commit()?;
    Ok(id)
}

/// Removes what is beyond the bounds.
fn sweep(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .execute("DELETE FROM entry WHERE started < ?1", [now.as_millisecond() - AGE.as_millis() as i64])?;
    let beyond = "DELETE FROM entry WHERE id <= (SELECT id FROM entry ORDER BY id DESC LIMIT 1 OFFSET ?1)";
    connection.execute(beyond, [ENTRIES])?;
    let used = "SELECT (page_count - freelist_count) * page_size
        FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    while connection.query_row(used, [], |row| row.get::<_, i64>(0))? > SIZE {
        let oldest = "DELETE FROM entry WHERE id IN
            (SELECT id FROM entry ORDER BY id LIMIT max(1, (SELECT count(*) / 10 FROM entry)))";
        if connection.execute(oldest, [])? == 0 {
            break;
        }
    }
    Ok(())
}

fn line(row: &Row<'_>) -> rusqlite::Result<Line> {
    let unsigned = |name: &str| row.get::<_, i64>(name).map(i64::cast_unsigned);
    let kind = row.get::<_, String>("kind")?.parse().unwrap_or_default();
    let (requests, errors) = (unsigned("requests")?, unsigned("errors")?);
    // Of a run without a success 0 was written.
    let measured = kind == Kind::Test || errors < requests;
    Ok(Line {
        id: row.get("id")?,
        kind,
        started: Timestamp::from_millisecond(row.get("started")?).unwrap_or_default(),
        workbench: row.get("workbench")?,
        username: row.get("username")?,
        model: row.get("model")?,
        model_id: row.get("model_id")?,
        key: row.get("key")?,
        ok: row.get("ok")?,
        status: row.get("status")?,
        failure: row.get("failure")?,
        latency_ms: measured.then(|| row.get("latency_ms")).transpose()?,
        replica_id: row.get("replica_id")?,
        size: row.get::<_, Option<i64>>("size")?.map(i64::cast_unsigned),
        requests,
        errors,
        result: row.get("result")?,
    })
}

#[cfg(test)]
mod tests;
