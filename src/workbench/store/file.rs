//! The file of the store: where it may be, how it is opened, how its schema is migrated.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};

const FILE: &str = "workbench.sqlite";

/// All migrations of the schema, in order; migrations are only ever added.
const STEPS: &[M<'static>] = &[
    M::up(include_str!("../../../assets/migrations/0001_first.sql")),
    M::up(include_str!("../../../assets/migrations/0002_deleted_models.sql")),
    M::up(include_str!("../../../assets/migrations/0003_why_deployments_failed.sql")),
];

/// Network file systems, by the magic number of statfs(2): the shared memory of WAL does not work
/// across machines (sqlite.org/wal.html), and their locks cannot be relied on.
#[cfg(target_os = "linux")]
const NETWORK: &[(i64, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
];

/// Why a directory cannot hold the store.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error("{} cannot be used: {source}; choose a directory that you may write to", path.display())]
    Unusable { path: PathBuf, source: io::Error },
    #[error(
        "{} lies on a network file system ({kind}), where the store would not be safe; choose a directory on a local disk", path.display()
    )]
    Network { path: PathBuf, kind: &'static str },
    #[error("the store {} cannot be opened: {source}; choose another data directory", path.display())]
    Sqlite { path: PathBuf, source: rusqlite::Error },
    #[error(
        "the store {} was made by another version of keybench ({source}); use that version, or another data directory", path.display()
    )]
    Version { path: PathBuf, source: rusqlite_migration::Error },
    #[error("the store {} cannot keep a write-ahead log on this file system; choose a directory on a local disk", path.display())]
    NoLog { path: PathBuf },
}

/// Creates the data directory if it does not exist, and an empty store that only its owner may
/// read.
pub(super) fn prepare(data: &Path) -> Result<PathBuf, DirectoryError> {
    let unusable = |source| DirectoryError::Unusable { path: data.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(unusable)?;
    refuse_network(data)?;
    let path = data.join(FILE);
    // The log and its index inherit the mode of this file.
    OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(unusable)?;
    Ok(path)
}

#[cfg(target_os = "linux")]
fn refuse_network(data: &Path) -> Result<(), DirectoryError> {
    let unusable =
        |source: rustix::io::Errno| DirectoryError::Unusable { path: data.to_owned(), source: source.into() };
    let kind = rustix::fs::statfs(data).map_err(unusable)?.f_type as i64;
    match network(kind) {
        Some(kind) => Err(DirectoryError::Network { path: data.to_owned(), kind }),
        None => Ok(()),
    }
}

/// The name of a network file system; `None` for a local one.
#[cfg(target_os = "linux")]
fn network(magic: i64) -> Option<&'static str> {
    // Some systems extend the sign of its 32 bits.
    NETWORK.iter().find(|(known, _)| *known == magic & 0xffff_ffff).map(|(_, name)| *name)
}

#[cfg(not(target_os = "linux"))]
fn refuse_network(_data: &Path) -> Result<(), DirectoryError> {
    Ok(())
}

pub(super) fn open_writer(path: &Path) -> Result<Connection, DirectoryError> {
    let failed = |source| DirectoryError::Sqlite { path: path.to_owned(), source };
    let mut connection = Connection::open(path).map_err(failed)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(DirectoryError::NoLog { path: path.to_owned() });
    }
    connection.pragma_update(None, "synchronous", "full").map_err(failed)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
    settle(&connection).map_err(failed)?;
    Migrations::from_slice(STEPS)
        .to_latest(&mut connection)
        .map_err(|source| DirectoryError::Version { path: path.to_owned(), source })?;
    Ok(connection)
}

pub(super) fn open_reader(path: &Path) -> Result<Connection, DirectoryError> {
    let failed = |source| DirectoryError::Sqlite { path: path.to_owned(), source };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    settle(&connection).map_err(failed)?;
    Ok(connection)
}

fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_the_schema_are_valid() {
        Migrations::from_slice(STEPS).validate().unwrap();
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn network_file_systems_are_known_by_their_magic() {
        assert_eq!(network(0x6969), Some("NFS"));
        assert_eq!(network(i64::from(0xff53_4d42_u32 as i32)), Some("CIFS"));
        // ext4, tmpfs, overlayfs
        for local in [0xef53, 0x0102_1994, 0x794c_7630] {
            assert_eq!(network(local), None);
        }
        refuse_network(&std::env::temp_dir()).unwrap();
    }
}
