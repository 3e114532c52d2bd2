//! The result: one line of JSON a row, appended as the answers come.
//!
//! A line is written as a whole with one call, so that a kill leaves every line whole but the last.
//! What a run finds at the end of the file without a line break is dropped, and its row sent again.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::Error;
use super::note::Note;
use super::rows::{BadInput, Checked, Input};
use crate::bounded::{self, NotRegular};
use crate::config::replace::Replacement;

/// Longest line: the largest answer that is read, its row passed through, and the rest.
const MAX_LINE: u64 = 32 << 20;

/// The rows of a result, by their numbers.
#[derive(Debug, Default)]
pub struct Recorded {
    bits: Vec<u64>,
    /// How many there are.
    pub rows: u64,
    /// How many of them failed.
    pub failed: u64,
}

impl Recorded {
    pub fn has(&self, row: u64) -> bool {
        self.bits.get((row / 64) as usize).is_some_and(|bits| bits >> (row % 64) & 1 == 1)
    }

    /// False if it was there already.
    fn add(&mut self, row: u64, ok: bool) -> bool {
        if self.has(row) {
            return false;
        }
        let word = (row / 64) as usize;
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << (row % 64);
        self.rows += 1;
        self.failed += u64::from(!ok);
        true
    }
}

/// What a resume reads of a line.
#[derive(Deserialize)]
struct Line {
    row: u64,
    ok: bool,
}

/// What another program did to a result that was being written.
#[derive(Debug, thiserror::Error)]
enum Meddled {
    #[error("another program has removed it")]
    Removed,
    #[error("another program has put another file there")]
    Replaced,
    #[error("another program has changed it")]
    Changed,
}

/// The open file. No other run has it.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    length: Mutex<u64>,
}

impl Output {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// Another run has it, or it is no file that can be written.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let unwritten = |error: io::Error| Error::Unwritten { file: path.to_owned(), error };
        if let Ok(found) = std::fs::metadata(path) {
            NotRegular::check(found.file_type()).map_err(|error| unwritten(error.into()))?;
        }
        let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(unwritten)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked { output: path.to_owned() }),
            // Not every file system has locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(unwritten(error)),
        }
        Ok(Self { path: path.to_owned(), file, length: Mutex::default() })
    }

    pub fn is_empty(&self) -> Result<bool, Error> {
        let found = self.file.metadata().map_err(|error| self.unwritten(error))?;
        Ok(found.len() == 0)
    }

    /// Drops a torn last line, and reads which rows are there. `most`: the last row of the input.
    ///
    /// # Errors
    /// A line is none of a result, or a row is there twice.
    pub fn recover(&self, most: u64) -> Result<Recorded, Error> {
        let mut recorded = Recorded::default();
        let mut whole = 0_u64;
        let mut torn = false;
        lines(&self.path, |number, line| {
            if line.last() != Some(&b'\n') {
                torn = true;
                return Ok(());
            }
            let broken = |why: String| Error::Line { output: self.path.clone(), line: number, why };
            let read: Line = serde_json::from_slice(line).map_err(|error| broken(error.to_string()))?;
            if read.row == 0 || read.row > most {
                return Err(broken(format!("the input has no row {}", read.row)));
            }
            if !recorded.add(read.row, read.ok) {
                return Err(broken(format!("row {} is there twice", read.row)));
            }
            whole += line.len() as u64;
            Ok(())
        })?;
        if torn {
            self.file.set_len(whole).map_err(|error| self.unwritten(error))?;
        }
        *self.length() = whole;
        Ok(recorded)
    }

    /// Appends a line, which has no line break.
    ///
    /// # Errors
    /// It cannot be written; then nothing of it is left.
    pub fn append(&self, mut line: String) -> Result<(), Error> {
        line.push('\n');
        let mut length = self.length();
        if let Err(error) = (&self.file).write_all(line.as_bytes()) {
            // A full disk takes a part of a line.
            let _ = self.file.set_len(*length);
            return Err(self.unwritten(error));
        }
        *length += line.len() as u64;
        Ok(())
    }

    /// Waits until what was appended survives a power cut, and looks whether it is still there.
    ///
    /// # Errors
    /// It cannot be written, or another program has removed, replaced or changed the file.
    pub fn sync(&self) -> Result<(), Error> {
        let synced = self.file.sync_data().and_then(|()| self.look());
        synced.map_err(|error| self.unwritten(error))
    }

    /// Locks bind only those that ask for them: a file can be moved away or emptied all the same, and
    /// appending to it goes on without an error.
    fn look(&self) -> io::Result<()> {
        let length = self.length();
        let (open, named) = (self.file.metadata()?, std::fs::metadata(&self.path));
        let same = |named: &Metadata| (named.dev(), named.ino()) == (open.dev(), open.ino());
        match named {
            Ok(named) if !same(&named) => Err(io::Error::other(Meddled::Replaced)),
            Ok(_) if open.len() != *length => Err(io::Error::other(Meddled::Changed)),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(io::Error::other(Meddled::Removed)),
            Err(error) => Err(error),
        }
    }

    /// Puts the lines in the order of their rows. Holds no line in memory, but where each is.
    ///
    /// # Errors
    /// It cannot be read or written; then it is as it was.
    pub fn sort(&self) -> Result<(), Error> {
        let mut places = places(&self.path)?;
        if places.is_sorted() {
            return Ok(());
        }
        places.sort_unstable();
        let mut line = Vec::new();
        let written = Replacement::of(&self.path).write_with(|to| {
            for (_, at, length) in &places {
                line.resize(*length, 0);
                self.file.read_exact_at(&mut line, *at)?;
                to.write_all(&line)?;
            }
            Ok(())
        });
        written.map_err(|error| self.unwritten(error))
    }

    fn length(&self) -> MutexGuard<'_, u64> {
        self.length.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unwritten(&self, error: io::Error) -> Error {
        Error::Unwritten { file: self.path.clone(), error }
    }
}

/// A row, and where its line begins and how long it is.
type Place = (u64, u64, usize);

fn places(path: &Path) -> Result<Vec<Place>, Error> {
    let mut places = Vec::new();
    let mut at = 0;
    lines(path, |number, line| {
        let broken = |why: String| Error::Line { output: path.to_owned(), line: number, why };
        let read: Line = serde_json::from_slice(line).map_err(|error| broken(error.to_string()))?;
        places.push((read.row, at, line.len()));
        at += line.len() as u64;
        Ok(())
    })?;
    Ok(places)
}

/// Gives each line of a file, with its break, to `each`.
fn lines(path: &Path, mut each: impl FnMut(u64, &[u8]) -> Result<(), Error>) -> Result<(), Error> {
    let unreadable = |error| Error::Unwritten { file: path.to_owned(), error };
    let (file, _) = bounded::open(path).map_err(unreadable)?;
    let mut reader = BufReader::with_capacity(128 * 1024, file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
        if read.map_err(unreadable)? == 0 {
            break;
        }
        each(number, &line)?;
    }
    Ok(())
}

/// A result that is only read, row by row.
#[derive(Debug)]
pub struct Results {
    path: PathBuf,
    file: File,
    /// In the order of the rows.
    places: Vec<Place>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
}

impl Results {
    /// # Errors
    /// It cannot be read, or is the result of other rows than those of `input`.
    pub fn open(path: &Path, input: &Input, checked: &Checked) -> Result<Self, Error> {
        let unreadable = |error| BadInput::Unreadable { file: path.to_owned(), error };
        let (file, _) = bounded::open(path).map_err(unreadable)?;
        if let Some(note) = Note::read(path)? {
            note.check_rows(&checked.seal.hash(), &input.mapping(), path).map_err(Error::of_result)?;
        }
        let mut places = places(path)?;
        places.sort_unstable();
        match places.last() {
            Some((last, ..)) if *last > checked.rows => {
                let why = format!("the input has no row {last}");
                Err(Error::Line { output: path.to_owned(), line: places.len() as u64, why })
            }
            _ => Ok(Self { path: path.to_owned(), file, places }),
        }
    }

    /// The answer of `row` as JSON text; `None` if there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn response(&self, row: u64) -> Result<Option<String>, Error> {
        let Ok(at) = self.places.binary_search_by_key(&row, |place| place.0) else { return Ok(None) };
        let (_, offset, length) = self.places[at];
        let mut line = vec![0; length];
        let read = self.file.read_exact_at(&mut line, offset);
        read.map_err(|error| BadInput::Unreadable { file: self.path.clone(), error })?;
        let answer = serde_json::from_slice::<Answer<'_>>(&line).ok().and_then(|answer| answer.response);
        Ok(answer.map(|response| response.get().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_last_line_is_dropped_and_its_row_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        std::fs::write(&path, "{\"row\":2,\"ok\":true}\n{\"row\":1,\"ok\":false}\n{\"row\":3,\"o").unwrap();
        let output = Output::open(&path).unwrap();
        let recorded = output.recover(3).unwrap();
        assert_eq!((recorded.rows, recorded.failed), (2, 1));
        assert!(recorded.has(1) && recorded.has(2) && !recorded.has(3) && !recorded.has(1000));
        output.append("{\"row\":3,\"ok\":true}".to_owned()).unwrap();
        output.sort().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "{\"row\":1,\"ok\":false}\n{\"row\":2,\"ok\":true}\n{\"row\":3,\"ok\":true}\n");
    }

    #[test]
    fn what_is_no_result_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        for (text, line) in [
            ("{\"row\":1,\"ok\":true}\nhello\n", 2),
            ("{\"row\":1,\"ok\":true}\n{\"row\":1,\"ok\":true}\n", 2),
            ("{\"row\":9,\"ok\":true}\n", 1),
        ] {
            std::fs::write(&path, text).unwrap();
            let refused = Output::open(&path).unwrap().recover(3);
            assert!(matches!(refused, Err(Error::Line { line: found, .. }) if found == line), "{text}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "it is as it was");
        }
    }

    #[test]
    fn a_result_that_another_program_takes_away_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let line = || "{\"row\":1,\"ok\":true}".to_owned();
        type Act = fn(&Path);
        let acts: [(&str, Act); 4] = [
            ("removed", |path| std::fs::remove_file(path).unwrap()),
            ("put another file there", |path| {
                std::fs::rename(path, path.with_extension("old")).unwrap();
                std::fs::write(path, "").unwrap();
            }),
            ("changed", |path| std::fs::write(path, "").unwrap()),
            ("changed", |path| std::fs::write(path, "{\"row\":1,\"ok\":true}\n more").unwrap()),
        ];
        for (what, act) in acts {
            let _ = std::fs::remove_file(&path);
            let output = Output::open(&path).unwrap();
            output.append(line()).unwrap();
            output.sync().unwrap();
            act(&path);
            let error = output.sync().unwrap_err();
            assert!(matches!(&error, Error::Unwritten { .. }) && error.to_string().contains(what), "{error}");
        }
    }

    #[test]
    fn a_result_has_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let first = Output::open(&path).unwrap();
        assert!(matches!(Output::open(&path), Err(Error::Locked { .. })));
        drop(first);
        assert!(Output::open(&path).is_ok());
    }
}
