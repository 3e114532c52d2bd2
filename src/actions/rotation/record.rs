//! Which key was handed over last: read from what was handed over, not from memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Error;
use super::intent::Intent;
use crate::actions::key_file;
use crate::actions::keys::id::is_in_full;
use crate::actions::keys::{by_first_half, made_here};
use crate::bounded;
use crate::config::{Session, private_file};
use crate::secret::ApiKey;
use crate::text;
use crate::wire::{CreateV2KeyResponse, V2KeyDetails, time};

/// How the remark in a handed-over file begins.
const MARK: &str = "# keybench key_id=";
/// The version of notes that this program writes. One with several keys in doubt is 2.
const VERSION: u32 = 2;

/// What is known of the key that the service has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub current: Current,
    /// Key IDs of keys that a command was started with, oldest first, where it is not recorded that
    /// they were handed over: the service may have any of them. A completed hand-over empties this.
    pub in_doubt: Vec<String>,
    /// Creations of which it is not known what came of them.
    pub intents: Vec<Intent>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Current {
    /// The first rotation of a name has begun, and nothing was handed over yet. Said before a key
    /// is created, so that the next run knows about a key that this one never heard of.
    Begun {
        /// The key that the service had before.
        before: Option<String>,
    },
    HandedOver {
        key_id: String,
        /// `None` where only the id is known.
        at: Option<Timestamp>,
        /// How the file of `--record` looked after the hand-over (see [`look`]), where it did not
        /// name the key: as long as it looks like that, the note knows better.
        unrecorded: Option<String>,
    },
}

impl Record {
    /// The key `key_id` was handed over, and nothing is in doubt.
    pub fn new(key_id: impl Into<String>, at: Option<Timestamp>) -> Self {
        let current = Current::HandedOver { key_id: key_id.into(), at, unrecorded: None };
        Self { current, in_doubt: Vec::new(), intents: Vec::new() }
    }

    /// As [`Self::new`], where the file of `--record` looks like `look` and does not say so.
    pub fn unrecorded(key_id: impl Into<String>, at: Timestamp, look: String) -> Self {
        let current = Current::HandedOver { key_id: key_id.into(), at: Some(at), unrecorded: Some(look) };
        Self { current, in_doubt: Vec::new(), intents: Vec::new() }
    }

    /// The first rotation of a name has begun.
    pub fn begun(before: Option<String>) -> Self {
        Self { current: Current::Begun { before }, in_doubt: Vec::new(), intents: Vec::new() }
    }

    /// A key is about to be created.
    pub fn creating(&self, intent: Intent) -> Self {
        let mut record = self.clone();
        record.intents.push(intent);
        record
    }

    /// A command is about to be started with the key `key_id`.
    pub fn starting(&self, key_id: &str) -> Self {
        let mut record = self.clone();
        record.doubt(key_id);
        record
    }

    /// The id and the time of what was handed over.
    pub fn handed_over(&self) -> Option<(&str, Option<Timestamp>)> {
        match &self.current {
            Current::HandedOver { key_id, at, .. } => Some((key_id, *at)),
            Current::Begun { .. } => None,
        }
    }

    /// The key that the service has, as far as is known, or had before.
    pub fn key_id(&self) -> Option<&str> {
        match &self.current {
            Current::HandedOver { key_id, .. } => Some(key_id),
            Current::Begun { before } => before.as_deref(),
        }
    }

    /// Takes in a key that may be in use.
    pub fn doubt(&mut self, key_id: &str) {
        if !self.in_doubt.iter().any(|known| known == key_id) {
            self.in_doubt.push(key_id.to_owned());
        }
    }
}

/// Where the record lies.
#[derive(Debug)]
pub enum Source {
    /// The handed-over file itself.
    Output(PathBuf),
    /// A file that the command of `--exec` keeps, and the note beside it.
    Kept { file: PathBuf, note: Option<PathBuf> },
    /// A note in the configuration folder, for what was handed over otherwise.
    Note(Option<PathBuf>),
}

/// The note of one name.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    version: u32,
    key_id: String,
    handed_over: String,
    #[serde(default, skip_serializing_if = "InDoubt::is_empty")]
    in_doubt: InDoubt,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    intents: Vec<Intent>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pending: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unrecorded: Option<String>,
}

/// Version 1 knew one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum InDoubt {
    One(String),
    Several(Vec<String>),
}

impl Default for InDoubt {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl InDoubt {
    fn is_empty(&self) -> bool {
        matches!(self, Self::Several(ids) if ids.is_empty())
    }
}

impl From<Note> for Record {
    fn from(note: Note) -> Self {
        let current = match note.pending {
            true => Current::Begun { before: Some(note.key_id).filter(|id| !id.is_empty()) },
            false => Current::HandedOver {
                key_id: note.key_id,
                at: time::parse(&note.handed_over),
                unrecorded: note.unrecorded,
            },
        };
        let in_doubt = match note.in_doubt {
            InDoubt::One(id) => vec![id],
            InDoubt::Several(ids) => ids,
        };
        Self { current, in_doubt, intents: note.intents }
    }
}

impl From<&Record> for Note {
    fn from(record: &Record) -> Self {
        let (at, unrecorded) = match &record.current {
            Current::HandedOver { at, unrecorded, .. } => (*at, unrecorded.clone()),
            Current::Begun { .. } => (None, None),
        };
        Self {
            version: if record.in_doubt.len() > 1 { VERSION } else { 1 },
            key_id: record.key_id().unwrap_or_default().to_owned(),
            handed_over: at.map(time::format).unwrap_or_default(),
            in_doubt: match record.in_doubt.as_slice() {
                [one] => InDoubt::One(one.clone()),
                several => InDoubt::Several(several.to_vec()),
            },
            intents: record.intents.clone(),
            pending: matches!(record.current, Current::Begun { .. }),
            unrecorded,
        }
    }
}

/// What a record is held against: the keys that `user` has on the workbench of a session.
#[derive(Clone, Copy)]
pub struct Listed<'a> {
    pub session: &'a Session,
    pub user: &'a str,
    pub keys: &'a [V2KeyDetails],
}

impl Source {
    /// What is known to have been handed over; `None`: nothing is known.
    ///
    /// # Errors
    /// A file that is there and cannot be read or understood: then nothing may be deleted.
    pub fn read(&self, listed: Listed<'_>) -> Result<Option<Record>, Error> {
        match self {
            Self::Note(note) => note.as_deref().map_or(Ok(None), read_note),
            Self::Output(file) => {
                let noted = read_note(&beside(file, "keybench"))?;
                match read_text(file)? {
                    // An emptied file counts as none; anything else may be a key in use.
                    Some(text) if !text.trim().is_empty() => {
                        let record = in_output(file, &text, listed)?;
                        Ok(Some(Record { intents: intents(noted), ..record }))
                    }
                    _ => Ok(noted),
                }
            }
            Self::Kept { file, note } => {
                let text = read_text(file)?;
                let noted = note.as_deref().map(read_note).transpose()?.flatten();
                let Some(text) = text else { return Ok(noted) };
                if let Some(noted) = &noted
                    && let Current::HandedOver { unrecorded: Some(before), .. } = &noted.current
                    && *before == look(Some(&text))
                {
                    return Ok(Some(noted.clone()));
                }
                let mut record = in_record(file, &text, listed)?;
                let in_doubt = noted.as_ref().map(|noted| noted.in_doubt.clone()).unwrap_or_default();
                record.in_doubt = begun_after(in_doubt, &record);
                record.intents = intents(noted);
                Ok(Some(record))
            }
        }
    }

    /// Where this program notes what is going on. A file of ours has its own beside it.
    pub fn note_file(&self) -> Option<PathBuf> {
        match self {
            Self::Output(file) => Some(beside(file, "keybench")),
            Self::Kept { .. } | Self::Note(_) => self.note().map(Path::to_owned),
        }
    }

    /// Where this program itself notes something.
    pub fn note(&self) -> Option<&Path> {
        match self {
            Self::Output(_) => None,
            Self::Kept { note, .. } | Self::Note(note) => note.as_deref(),
        }
    }
}

fn intents(noted: Option<Record>) -> Vec<Intent> {
    noted.map(|noted| noted.intents).unwrap_or_default()
}

/// Of the keys in doubt those whose hand-over began after that of the record's key, which the
/// command itself recorded.
fn begun_after(in_doubt: Vec<String>, record: &Record) -> Vec<String> {
    let recorded = in_doubt.iter().position(|id| Some(id.as_str()) == record.key_id());
    in_doubt.into_iter().skip(recorded.map_or(0, |at| at + 1)).collect()
}

/// Beside the output file, so that it shares its fate and not that of a home directory.
pub fn beside(file: &Path, ending: &str) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.{ending}"))
}

/// The text of a file; `None`: there is none.
fn read_text(file: &Path) -> Result<Option<String>, Error> {
    match bounded::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Unreadable { file: file.to_owned(), error }),
    }
}

/// A digest of a text.
pub fn look(text: Option<&str>) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.unwrap_or_default().as_bytes());
    text::hex(digest.as_ref())
}

/// What a note says. One that belongs to another user is an error: it could make a rotation delete
/// a key that works.
pub fn read_note(file: &Path) -> Result<Option<Record>, Error> {
    let unreadable = |error| Error::Unreadable { file: file.to_owned(), error };
    let Some(text) = private_file::read_to_string(file).map_err(unreadable)? else { return Ok(None) };
    match serde_json::from_str::<Note>(&text) {
        Ok(note) if (1..=VERSION).contains(&note.version) => Ok(Some(note.into())),
        _ => Err(Error::NotANote { file: file.to_owned() }),
    }
}

/// The text of a handed-over file: the key, alone if it contains its own id, so that a program that
/// takes the whole file for the key is right. Else its id follows in a remark.
pub fn file_text(created: &CreateV2KeyResponse, now: Timestamp) -> String {
    let (key, key_id) = (created.api_key.expose(), &created.key_id);
    match created.api_key.first_half() == key_id {
        true => format!("{key}\n"),
        false => format!("{key}\n{MARK}{key_id} handed_over={}\n", time::format(now)),
    }
}

/// Keeps the note about what was handed over. It is on the disk when this returns.
pub fn keep_note(file: &Path, record: &Record) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        private_file::make_folder(folder)?;
    }
    private_file::write(file, &serde_json::to_vec(&Note::from(record))?)
}

/// Whether the file of `--record` names a key, and how it looks.
pub fn named_in_record(file: &Path, created: &CreateV2KeyResponse) -> (bool, String) {
    let text = read_text(file).ok().flatten();
    let named = text
        .as_deref()
        .is_some_and(|text| text.contains(&created.key_id) || text.contains(created.api_key.expose()));
    (named, look(text.as_deref()))
}

fn marked(text: &str) -> Option<Record> {
    let line = text.lines().find_map(|line| line.strip_prefix(MARK))?;
    let (key_id, rest) = line.split_once(' ').unwrap_or((line, ""));
    let handed_over = rest.trim().strip_prefix("handed_over=").and_then(time::parse);
    Some(Record::new(key_id, handed_over))
}

/// The record in a file of `--output`. It was written when the key was handed over, which is all that
/// a key without a remark says so.
fn in_output(file: &Path, text: &str, listed: Listed<'_>) -> Result<Record, Error> {
    if let Some(record) = named_in(text, listed) {
        let written = fs::metadata(file).and_then(|found| found.modified()).ok();
        let clock = listed.session.client.clock();
        let written = written.and_then(|at| Timestamp::try_from(at).ok()).map(|at| clock.at(at));
        let (key_id, at) = record.handed_over().unwrap_or_default();
        return Ok(Record::new(key_id, at.or(written)));
    }
    let is_key = key_file::parse(text).is_ok();
    Err(Error::Holds { file: file.to_owned(), is_key })
}

/// The record in a file that the command of `--exec` keeps.
fn in_record(file: &Path, text: &str, listed: Listed<'_>) -> Result<Record, Error> {
    // A key that is listed no more was handed over all the same.
    let gone = || Some(text.trim()).filter(|id| is_in_full(id)).map(|id| Record::new(id, None));
    let is_empty = text.trim().is_empty();
    named_in(text, listed).or_else(gone).ok_or_else(|| Error::NamesNoKey { file: file.to_owned(), is_empty })
}

/// The key that a file names: in a remark, by the key itself, or by its id.
fn named_in(text: &str, listed: Listed<'_>) -> Option<Record> {
    marked(text).or_else(|| from_key(text, listed)).or_else(|| bare_id(text, listed.keys))
}

/// The listed key that a file of `--output` or `--record` names.
pub fn listed_in<'a>(file: &Path, listed: Listed<'a>) -> Option<&'a V2KeyDetails> {
    let text = read_text(file).ok().flatten()?;
    let record = named_in(&text, listed)?;
    listed.keys.iter().find(|key| Some(key.key_id.as_str()) == record.key_id())
}

/// A file with a key and nothing else, as `keys create --output` writes it.
fn from_key(text: &str, listed: Listed<'_>) -> Option<Record> {
    let key: ApiKey = key_file::parse(text).ok()?;
    let url = listed.session.client.url();
    let made = made_here(listed.session, &key).filter(|made| made.url == url && made.username == listed.user);
    let key_id = made.map(|made| made.key_id).or_else(|| by_first_half(&key, listed.keys))?;
    Some(Record::new(key_id, None))
}

fn bare_id(text: &str, listed: &[V2KeyDetails]) -> Option<Record> {
    let id = text.trim();
    listed.iter().any(|listed| listed.key_id == id).then(|| Record::new(id, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_over_tells_its_id() {
        let created = CreateV2KeyResponse {
            api_key: ApiKey::from_workbench("0a.0b"),
            key_id: "k7".into(),
            ..CreateV2KeyResponse::default()
        };
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let text = file_text(&created, now);
        assert!(text.starts_with("0a.0b\n# "), "{text}");
        assert_eq!(marked(&text), Some(Record::new("k7", Some(now))));
        assert_eq!(marked("0a.0b\n"), None);
        let created = CreateV2KeyResponse { key_id: "0a".into(), ..created };
        assert_eq!(file_text(&created, now), "0a.0b\n", "the first half is the id");
    }

    #[test]
    fn a_note_says_again_what_was_noted_and_older_ones_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("note.json");
        let at = "2026-11-23T10:00:00Z".parse().ok();
        let mut several = Record::new("k1", at).starting("k2").starting("k3");
        several.doubt("k2");
        assert_eq!(several.in_doubt, ["k2", "k3"], "a set");
        let begun = [Record::begun(None), Record::begun(Some("k0".into())).starting("k1")];
        for record in begun.into_iter().chain([several, Record::new("k1", None)]) {
            keep_note(&file, &record).unwrap();
            assert_eq!(read_note(&file).unwrap(), Some(record));
        }
        let old = r#"{"version":1,"key_id":"k1","handed_over":"2026-11-23T10:00:00Z","in_doubt":"k2"}"#;
        fs::write(&file, old).unwrap();
        assert_eq!(read_note(&file).unwrap(), Some(Record::new("k1", at).starting("k2")));
        fs::write(&file, r#"{"version":3,"key_id":"k1","handed_over":""}"#).unwrap();
        assert!(matches!(read_note(&file), Err(Error::NotANote { .. })));
    }

    #[test]
    fn a_key_that_the_command_recorded_leaves_in_doubt_what_came_after_it() {
        let in_doubt = || ["k2", "k3", "k4"].map(str::to_owned).to_vec();
        assert_eq!(begun_after(in_doubt(), &Record::new("k3", None)), ["k4"]);
        assert_eq!(begun_after(in_doubt(), &Record::new("k1", None)).len(), 3);
    }
}
