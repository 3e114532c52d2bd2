//! TOML files that carry a version: older ones are brought up to date with a backup beside them,
//! newer ones are refused, and an error names the line.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, private_file};

/// Changes a document of one version to that of the next.
pub(super) type Migration = fn(&mut toml::Table);

/// The version that this program writes.
pub(super) const VERSION: u32 = 1;

/// From version 1 to 2, from 2 to 3, and so on.
const MIGRATIONS: &[Migration] = &[];

/// Reads `file`; `None` where there is none. A document's type has a member `version`, which it
/// skips when it is written.
pub(super) fn read<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, Error> {
    read_with(file, MIGRATIONS)
}

fn read_with<T: DeserializeOwned>(file: &Path, migrations: &[Migration]) -> Result<Option<T>, Error> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::Read { file: file.to_owned(), error }),
    };
    let mut table: toml::Table = toml::from_str(&text).map_err(|error| malformed(file, &text, &error))?;
    let known = migrations.len() as u32 + 1;
    let found = match table.remove("version") {
        None => 1,
        Some(toml::Value::Integer(version)) => u32::try_from(version).unwrap_or(u32::MAX),
        Some(_) => {
            let what = "`version` must be a number".to_owned();
            return Err(Error::Malformed { file: file.to_owned(), line: 1, what });
        }
    };
    if found > known {
        return Err(Error::Newer { file: file.to_owned(), found, known });
    }
    if found == known {
        // Once more from the text, so that an error knows its line.
        return toml::from_str(&text).map(Some).map_err(|error| malformed(file, &text, &error));
    }
    for migration in &migrations[found.saturating_sub(1) as usize..] {
        migration(&mut table);
    }
    let content = T::deserialize(table.clone()).map_err(|error| malformed(file, &text, &error))?;
    // Nothing is replaced without a backup. Where neither can be written, as in a home that is only
    // readable, what was read is of use all the same.
    let backup = backup_name(file, found);
    match private_file::write(&backup, text.as_bytes()) {
        Ok(()) => write_table(file, table, known)?,
        Err(error) => tracing::info!(file = %file.display(), %error, "older, and not brought up to date"),
    }
    Ok(Some(content))
}

/// Writes `file` with the current version.
pub(super) fn write<T: Serialize>(file: &Path, content: &T) -> Result<(), Error> {
    let failed = |why: String| Error::Write { file: file.to_owned(), error: io::Error::other(why) };
    let table = toml::Table::try_from(content).map_err(|error| failed(error.to_string()))?;
    write_table(file, table, VERSION)
}

fn write_table(file: &Path, table: toml::Table, version: u32) -> Result<(), Error> {
    let failed = |error: io::Error| Error::Write { file: file.to_owned(), error };
    let body = toml::to_string(&table).map_err(|error| failed(io::Error::other(error)))?;
    let text = format!("# Written by keybench, comments are not kept.\nversion = {version}\n\n{body}");
    if let Some(folder) = file.parent() {
        private_file::make_folder(folder).map_err(failed)?;
    }
    private_file::write(file, text.as_bytes()).map_err(failed)
}

fn backup_name(file: &Path, version: u32) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".v{version}"));
    PathBuf::from(name)
}

fn malformed(file: &Path, text: &str, error: &toml::de::Error) -> Error {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let line = text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
    let what = without_values(error.message().lines().next().unwrap_or_default());
    Error::Malformed { file: file.to_owned(), line, what }
}

/// A parser's message repeats the value that it did not like, which may be a key.
fn without_values(message: &str) -> String {
    let parts = message.split('"').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part } else { "\"…\"" }).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Document {
        #[serde(skip_serializing)]
        version: Option<u32>,
        days: u32,
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/d.toml");
        assert_eq!(read::<Document>(&file).unwrap(), None);
        write(&file, &Document { version: None, days: 3 }).unwrap();
        assert_eq!(read::<Document>(&file).unwrap().unwrap().days, 3);
    }

    #[test]
    fn an_error_names_the_line_and_not_the_value() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d.toml");
        fs::write(&file, "version = 1\n\ndays = \"many\"\n").unwrap();
        let error = read::<Document>(&file).unwrap_err();
        assert!(matches!(&error, Error::Malformed { line: 3, .. }), "{error}");
        assert!(!error.to_string().contains("many"), "{error}");
        fs::write(&file, "dais = 1\n").unwrap();
        let error = read::<Document>(&file).unwrap_err();
        assert!(error.to_string().contains("line 1: unknown field `dais`, expected"), "{error}");
    }

    #[test]
    fn older_files_are_migrated_with_a_backup_and_newer_ones_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d.toml");
        fs::write(&file, "version = 1\nweeks = 2\n").unwrap();
        let to_days: Migration = |table| {
            let weeks = table.remove("weeks").and_then(|weeks| weeks.as_integer()).unwrap_or(0);
            table.insert("days".to_owned(), (weeks * 7).into());
        };
        let read: Document = read_with(&file, &[to_days]).unwrap().unwrap();
        assert_eq!(read.days, 14);
        assert!(fs::read_to_string(folder.path().join("d.toml.v1")).unwrap().contains("weeks = 2"));
        assert!(fs::read_to_string(&file).unwrap().contains("version = 2"));
        let error = super::read::<Document>(&file).unwrap_err();
        assert!(matches!(error, Error::Newer { found: 2, known: 1, .. }), "{error}");
    }
}
