//! Which key was handed over last: read from what was handed over, not from memory.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bounded;
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::key_file;
use crate::config::{made_keys, private_file};
use crate::secret::ApiKey;
use crate::wire::{CreateV2KeyResponse, V2KeyDetails, time};

/// How the remark in a handed-over file begins.
const MARK: &str = "# keybench key_id=";

/// The key that the service has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub key_id: String,
    /// `None` where only the id is known.
    pub handed_over: Option<Timestamp>,
    /// Key ID of a key whose hand-over began and did not end: the service may have it.
    pub in_doubt: Option<String>,
    /// A first rotation began, and nothing was handed over yet: [`Self::key_id`] is the key that
    /// the service had before, empty if there was none.
    pub pending: bool,
}

impl Record {
    pub fn new(key_id: impl Into<String>, handed_over: Option<Timestamp>) -> Self {
        Self { key_id: key_id.into(), handed_over, in_doubt: None, pending: false }
    }

    /// Said before the first key of a name is created, so that the next run knows about a key of
    /// which it never learnt.
    pub fn pending(before: Option<String>) -> Self {
        Self { pending: true, ..Self::new(before.unwrap_or_default(), None) }
    }
}

/// Where the record lies.
#[derive(Debug)]
pub enum Place {
    /// The handed-over file itself.
    Output(PathBuf),
    /// A file that somebody else keeps, and the note beside.
    Kept { file: PathBuf, note: Option<PathBuf> },
    /// A note in the configuration folder, for what was handed over otherwise.
    Note(PathBuf),
}

/// The note of one name.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    version: u32,
    key_id: String,
    handed_over: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    in_doubt: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pending: bool,
}

impl Place {
    /// What is known to have been handed over; `None`: nothing is known.
    ///
    /// # Errors
    /// A file that is there and cannot be read or understood: then nothing may be deleted.
    pub fn read(&self, context: &Context, listed: &[V2KeyDetails]) -> Result<Option<Record>, Failure> {
        let (file, note) = match self {
            Self::Output(file) => (Some(file), Some(beside(file, "keybench"))),
            Self::Kept { file, note } => (Some(file), note.clone()),
            Self::Note(note) => (None, Some(note.clone())),
        };
        let from_file = match file.map(|file| (file, read_text(file))) {
            Some((file, Ok(Some(text)))) => {
                let found = marked(&text)
                    .or_else(|| from_key(context, &text, listed))
                    .or_else(|| bare_id(&text, listed));
                // A file that somebody emptied counts as none; anything else may be a key in use.
                if found.is_none() && !text.trim().is_empty() && matches!(self, Self::Output(_)) {
                    let message =
                        format!("{} holds something else than a key that was handed over", file.display());
                    return Err(Failure::invalid(message)
                        .hint("name another file, or move this one away; nothing was changed"));
                }
                found
            }
            Some((file, Err(error))) => return Err(unreadable(file, &error)),
            Some((_, Ok(None))) | None => None,
        };
        match (from_file, note) {
            (Some(record), _) => Ok(Some(record)),
            (None, Some(note)) => read_note(&note),
            (None, None) => Ok(None),
        }
    }

    /// Where this program itself notes something.
    pub fn note(&self) -> Option<PathBuf> {
        match self {
            Self::Output(file) => Some(beside(file, "keybench")),
            Self::Kept { note, .. } => note.clone(),
            Self::Note(note) => Some(note.clone()),
        }
    }
}

/// Beside the output file, so that it shares its fate and not that of a home directory.
pub fn beside(file: &Path, ending: &str) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.{ending}"))
}

fn read_text(file: &Path) -> io::Result<Option<String>> {
    match bounded::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn unreadable(file: &Path, error: &io::Error) -> Failure {
    Failure::invalid(format!("{} cannot be read: {error}", file.display()))
        .hint("it says which key is current: nothing was changed")
}

fn read_note(file: &Path) -> Result<Option<Record>, Failure> {
    let Some(text) = read_text(file).map_err(|error| unreadable(file, &error))? else { return Ok(None) };
    match serde_json::from_str::<Note>(&text) {
        Ok(note) if note.version == 1 => Ok(Some(Record {
            key_id: note.key_id,
            handed_over: time::parse(&note.handed_over),
            in_doubt: note.in_doubt,
            pending: note.pending,
        })),
        _ => Err(Failure::invalid(format!("{} is not a note that this keybench can read", file.display()))
            .hint("use the newer keybench that wrote it, or move it away; nothing was changed")),
    }
}

/// The text of a handed-over file: the key on the first line, its id in a remark.
pub fn file_text(created: &CreateV2KeyResponse, now: Timestamp) -> String {
    format!("{}\n{MARK}{} handed_over={}\n", created.api_key.expose(), created.key_id, time::format(now))
}

/// Keeps the note about what was handed over.
pub fn keep_note(file: &Path, record: &Record) -> io::Result<()> {
    let note = Note {
        version: 1,
        key_id: record.key_id.clone(),
        handed_over: record.handed_over.map(time::format).unwrap_or_default(),
        in_doubt: record.in_doubt.clone(),
        pending: record.pending,
    };
    if let Some(folder) = file.parent() {
        private_file::make_folder(folder)?;
    }
    private_file::write(file, &serde_json::to_vec(&note)?)
}

fn marked(text: &str) -> Option<Record> {
    let line = text.lines().find_map(|line| line.strip_prefix(MARK))?;
    let (key_id, rest) = line.split_once(' ').unwrap_or((line, ""));
    let handed_over = rest.trim().strip_prefix("handed_over=").and_then(time::parse);
    Some(Record::new(key_id, handed_over))
}

/// A file with a key and nothing else, as `keys create --output` writes it.
fn from_key(context: &Context, text: &str, listed: &[V2KeyDetails]) -> Option<Record> {
    let key: ApiKey = key_file::parse(text).ok()?;
    let made = context.store().and_then(|store| made_keys::find(&store, &key)).ok().flatten();
    let key_id =
        made.map(|made| made.key_id).or_else(|| super::super::identify::by_first_half(&key, listed))?;
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
    }
}
