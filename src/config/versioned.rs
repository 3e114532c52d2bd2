//! TOML files that carry a version: older ones are migrated, with a backup, newer ones are refused,
//! and an error names the line.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::replace::Replacement;
use super::{Error, private_file};
use crate::text::toml::{Mistake, line_of};

/// Migrates a document from one version to the next.
pub(super) type Migration = fn(&mut toml::Table);

/// The version that this program writes.
pub(super) const VERSION: u32 = 1;

/// From version 1 to 2, from 2 to 3, and so on.
const MIGRATIONS: &[Migration] = &[];

/// Reads `file`; `None` if it does not exist. A document's type has a member `version`, which it
/// skips when it is written.
pub(super) fn read<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, Error> {
    read_with(file, MIGRATIONS)
}

fn read_with<T: DeserializeOwned>(file: &Path, migrations: &[Migration]) -> Result<Option<T>, Error> {
    let text = match private_file::read_to_string(file) {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(None),
        Err(error) => return Err(Error::Read { file: file.to_owned(), error }),
    };
    let mut table: toml::Table = toml::from_str(&text).map_err(|error| malformed(file, &text, &error))?;
    let known = migrations.len() as u32 + 1;
    let found = match table.remove("version") {
        None => 1,
        Some(toml::Value::Integer(version @ 1..)) => u32::try_from(version).unwrap_or(u32::MAX),
        // No program wrote one before 1, so there is nothing to bring up to date.
        Some(_) => {
            let what = "`version` must be a number, 1 or more".to_owned();
            return Err(Error::Malformed { file: file.to_owned(), line: 1, what });
        }
    };
    if found > known {
        return Err(Error::Newer { file: file.to_owned(), found, known });
    }
    if found == known {
        // Parse the text again, so that an error knows its line.
        return toml::from_str(&text).map(Some).map_err(|error| malformed(file, &text, &error));
    }
    for migration in &migrations[found.saturating_sub(1) as usize..] {
        migration(&mut table);
    }
    let content = T::deserialize(table.clone()).map_err(|error| malformed(file, &text, &error))?;
    // Nothing is replaced without a backup. If neither can be written, as in a read-only home, the
    // data is still usable.
    let backup = backup_name(file, found);
    match private_file::write(&backup, text.as_bytes()) {
        Ok(()) => write_table(file, Replacement::of(file).following_links(), &table, known)?,
        Err(error) => tracing::info!(file = %file.display(), %error, "older, and not brought up to date"),
    }
    Ok(Some(content))
}

/// Reads a settings file whose settings are independent: a wrong line is reported and skipped, the
/// others apply.
pub(super) fn read_settings<T: DeserializeOwned>(file: &Path) -> (Option<T>, Vec<Error>) {
    let mut problems = match read(file) {
        Ok(content) => return (content, Vec::new()),
        Err(error) => vec![error],
    };
    let Ok(Some(text)) = private_file::read_to_string(file) else { return (None, problems) };
    // If it is not TOML, or of another version, no part of it can be used.
    let is_current = |table: toml::Table| match table.get("version") {
        None => true,
        Some(version) => version.as_integer() == Some(VERSION.into()),
    };
    if !text.parse().is_ok_and(is_current) {
        return (None, problems);
    }
    problems.clear();
    let mut rest = text.clone();
    loop {
        let error = match toml::from_str(&rest) {
            Ok(content) => return (Some(content), problems),
            Err(error) => error,
        };
        problems.push(malformed(file, &text, &error));
        let document = toml::de::DeTable::parse(&rest).ok();
        let setting = error
            .span()
            .zip(document)
            .map(|(span, document)| entry_at(document.get_ref(), span.start).unwrap_or(span));
        let without = setting.map(|span| without_setting(&rest, &span));
        match without {
            Some(shorter) if shorter != rest => rest = shorter,
            _ => return (None, problems),
        }
    }
}

/// From the name to the end of the value of the setting that contains `at`.
fn entry_at(table: &toml::de::DeTable<'_>, at: usize) -> Option<Range<usize>> {
    table.iter().find_map(|(name, value)| {
        let inner = value.get_ref().as_table().and_then(|table| entry_at(table, at));
        let (start, end) = (name.span().start, value.span().end.max(name.span().end));
        let here = name.span().contains(&at) || value.span().contains(&at);
        inner.or_else(|| here.then_some(start..end))
    })
}

/// `text` with the lines of `span` blanked, and with the table that one of them starts.
fn without_setting(text: &str, span: &Range<usize>) -> String {
    let mut at = 0;
    let mut in_table = false;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let wrong = at <= span.end && span.start < at + line.len();
        let begins_table = line.trim_start().starts_with('[');
        in_table = begins_table && wrong || in_table && !begins_table;
        if wrong || in_table {
            // The same length as before, so that positions stay valid.
            out.extend(
                line.chars().flat_map(|c| std::iter::repeat_n(if c == '\n' { c } else { ' ' }, c.len_utf8())),
            );
        } else {
            out.push_str(line);
        }
        at += line.len();
    }
    out
}

/// The lines of the settings in `table` of a TOML text, by their dotted names; counted from 1.
pub(super) fn lines_of(text: &str, table: &str) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    if let Ok(document) = toml::de::DeTable::parse(text)
        && let Some(settings) = document.get_ref().get(table)
    {
        note_lines(text, settings.get_ref(), "", &mut lines);
    }
    lines
}

fn note_lines(text: &str, value: &toml::de::DeValue<'_>, above: &str, lines: &mut BTreeMap<String, usize>) {
    for (name, value) in value.as_table().into_iter().flatten() {
        let path = format!("{above}{}", name.get_ref());
        note_lines(text, value.get_ref(), &format!("{path}."), lines);
        lines.insert(path, line_of(text, name.span().start));
    }
}

/// Writes `file` with the current version. If it contains `secrets`, only its owner may read the
/// new file, and nothing is left of the old one.
pub(super) fn write<T: Serialize>(file: &Path, content: &T, secrets: bool) -> Result<(), Error> {
    let failed = |error: io::Error| Error::Write { file: file.to_owned(), error };
    let table = toml::Table::try_from(content).map_err(|error| failed(io::Error::other(error)))?;
    if let Some(folder) = file.parent() {
        private_file::make_folder(folder).map_err(failed)?;
    }
    let replacement = Replacement::of(file).following_links();
    let replacement = if secrets { replacement.private().wiping() } else { replacement };
    write_table(file, replacement, &table, VERSION)
}

fn write_table(file: &Path, to: Replacement<'_>, table: &toml::Table, version: u32) -> Result<(), Error> {
    let failed = |error: io::Error| Error::Write { file: file.to_owned(), error };
    let body = Zeroizing::new(toml::to_string(table).map_err(|error| failed(io::Error::other(error)))?);
    let head = format!("# Written by keybench, comments are not kept.\nversion = {version}\n\n");
    let write = |out: &mut dyn io::Write| {
        out.write_all(head.as_bytes())?;
        out.write_all(body.as_bytes())
    };
    to.write_with(write).map_err(failed)
}

fn backup_name(file: &Path, version: u32) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".v{version}"));
    PathBuf::from(name)
}

/// A file that is not what it is to be, as the parser says.
pub(super) fn malformed(file: &Path, text: &str, error: &toml::de::Error) -> Error {
    let Mistake { line, what, .. } = Mistake::of(text, error);
    Error::Malformed { file: file.to_owned(), line, what }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
        write(&file, &Document { version: None, days: 3 }, false).unwrap();
        assert_eq!(read::<Document>(&file).unwrap().unwrap().days, 3);
    }

    #[test]
    fn each_wrong_setting_is_reported_and_the_others_hold() {
        #[derive(Debug, Default, PartialEq, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Settings {
            version: Option<u32>,
            ui: Document,
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d.toml");
        let text = "version = 1\nbogus = [\n  1,\n]\n[colours]\na = 1\nb = 2\n[ui]\nday = 2\ndays = 7\n";
        fs::write(&file, text).unwrap();
        let (settings, problems) = read_settings::<Settings>(&file);
        assert_eq!(settings.unwrap().ui.days, 7);
        let lines: Vec<usize> = problems
            .iter()
            .map(|problem| match problem {
                Error::Malformed { line, .. } => *line,
                other => panic!("{other}"),
            })
            .collect();
        assert_eq!(lines, [2, 5, 9], "{problems:?}");
        fs::write(&file, "version = 1\nui = \n").unwrap();
        let (settings, problems) = read_settings::<Settings>(&file);
        assert!(settings.is_none() && problems.len() == 1, "no TOML at all: {problems:?}");
    }

    #[test]
    fn settings_know_their_lines() {
        let text = "[ui]\ntheme = 'x'\n\n[ui.keys]\n\"keys.new\" = 'a'\n";
        let lines = lines_of(text, "ui");
        assert_eq!((lines["theme"], lines["keys.keys.new"]), (2, 5), "{lines:?}");
        assert!(lines_of("[ui", "ui").is_empty());
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
