//! Which key was handed over last: read from what was handed over, not from memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actions::key_file;
use crate::actions::keys::{id as key_id, known_id, made_here};
use crate::bounded;
use crate::cli::error::Failure;
use crate::config::Session;
use crate::config::private_file;
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
    /// How the file of `--record` looked after the hand-over (see [`look`]), where it did not name
    /// the key: as long as it looks like that, the note knows better.
    pub unrecorded: Option<String>,
}

impl Record {
    pub fn new(key_id: impl Into<String>, handed_over: Option<Timestamp>) -> Self {
        Self { key_id: key_id.into(), handed_over, in_doubt: None, pending: false, unrecorded: None }
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unrecorded: Option<String>,
}

/// What a record is held against: the keys that `user` has on the workbench at `url`.
#[derive(Clone, Copy)]
pub struct Listed<'a> {
    pub session: &'a Session,
    pub url: &'a str,
    pub user: &'a str,
    pub keys: &'a [V2KeyDetails],
}

impl Place {
    /// What is known to have been handed over; `None`: nothing is known.
    ///
    /// # Errors
    /// A file that is there and cannot be read or understood: then nothing may be deleted.
    pub fn read(&self, listed: Listed<'_>) -> Result<Option<Record>, Failure> {
        match self {
            Self::Note(note) => read_note(note),
            Self::Output(file) => {
                let from_file = match read_text(file)? {
                    // A file that somebody emptied counts as none; anything else may be a key in use.
                    Some(text) if !text.trim().is_empty() => Some(in_output(file, &text, listed)?),
                    _ => None,
                };
                from_file.map_or_else(|| read_note(&beside(file, "keybench")), |record| Ok(Some(record)))
            }
            Self::Kept { file, note } => {
                let text = read_text(file)?;
                let noted = note.as_deref().map(read_note).transpose()?.flatten();
                match (text, noted) {
                    (text, Some(noted)) if noted.unrecorded == Some(look(text.as_deref())) => Ok(Some(noted)),
                    (None, noted) => Ok(noted),
                    (Some(text), _) => in_record(file, &text, listed).map(Some),
                }
            }
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

/// The text of a file; `None`: there is none.
pub fn read_text(file: &Path) -> Result<Option<String>, Failure> {
    match bounded::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::invalid(format!("{} cannot be read: {error}", file.display()))
            .hint("it says which key is current: nothing was changed")),
    }
}

/// A text that is the same for the same text, and tells nothing of it.
pub fn look(text: Option<&str>) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.unwrap_or_default().as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_note(file: &Path) -> Result<Option<Record>, Failure> {
    let Some(text) = read_text(file)? else { return Ok(None) };
    match serde_json::from_str::<Note>(&text) {
        Ok(note) if note.version == 1 => Ok(Some(Record {
            key_id: note.key_id,
            handed_over: time::parse(&note.handed_over),
            in_doubt: note.in_doubt,
            pending: note.pending,
            unrecorded: note.unrecorded,
        })),
        _ => Err(Failure::invalid(format!("{} is not a note that this keybench can read", file.display()))
            .hint("use the newer keybench that wrote it, or move it away; nothing was changed")),
    }
}

/// The text of a handed-over file: the key, alone where it tells its own id, so that a program that
/// takes the whole file for the key is right. Else its id follows in a remark.
pub fn file_text(created: &CreateV2KeyResponse, now: Timestamp) -> String {
    let (key, key_id) = (created.api_key.expose(), &created.key_id);
    match created.api_key.first_half() == key_id {
        true => format!("{key}\n"),
        false => format!("{key}\n{MARK}{key_id} handed_over={}\n", time::format(now)),
    }
}

/// Keeps the note about what was handed over.
pub fn keep_note(file: &Path, record: &Record) -> io::Result<()> {
    let note = Note {
        version: 1,
        key_id: record.key_id.clone(),
        handed_over: record.handed_over.map(time::format).unwrap_or_default(),
        in_doubt: record.in_doubt.clone(),
        pending: record.pending,
        unrecorded: record.unrecorded.clone(),
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

/// The record in a file of `--output`. It was written when the key was handed over, which is all that
/// a key without a remark tells of that.
fn in_output(file: &Path, text: &str, listed: Listed<'_>) -> Result<Record, Failure> {
    if let Some(record) = named_in(text, listed) {
        let written = fs::metadata(file).and_then(|found| found.modified()).ok();
        let written = written.and_then(|at| Timestamp::try_from(at).ok());
        return Ok(Record { handed_over: record.handed_over.or(written), ..record });
    }
    let (what, hint) = match key_file::parse(text) {
        Ok(_) => (
            "an API key that this workbench does not list among yours",
            "name another file; if nobody needs that key, move it away, and a new one is made",
        ),
        Err(_) => (
            "something else than a key that was handed over",
            "name another file, or move this one away; nothing was changed",
        ),
    };
    Err(Failure::invalid(format!("{} holds {what}", file.display())).hint(hint))
}

/// The record in a file that somebody else keeps.
fn in_record(file: &Path, text: &str, listed: Listed<'_>) -> Result<Record, Failure> {
    // A key that is listed no more was handed over all the same.
    let gone = || Some(text.trim()).filter(|id| key_id::is_in_full(id)).map(|id| Record::new(id, None));
    named_in(text, listed).or_else(gone).ok_or_else(|| {
        let what = if text.trim().is_empty() { "is empty" } else { "names no key" };
        Failure::invalid(format!("{} {what}, and should say which key was handed over", file.display()))
            .hint("write the Key ID of the service's key into it, or remove it where there is none yet")
    })
}

/// The key that a file names: in a remark, by the key itself, or by its id.
fn named_in(text: &str, listed: Listed<'_>) -> Option<Record> {
    marked(text).or_else(|| from_key(text, listed)).or_else(|| bare_id(text, listed.keys))
}

/// The listed key that a file of `--output` or `--record` names.
pub fn listed_in<'a>(file: &Path, listed: Listed<'a>) -> Option<&'a V2KeyDetails> {
    let text = read_text(file).ok().flatten()?;
    let record = named_in(&text, listed)?;
    listed.keys.iter().find(|key| key.key_id == record.key_id)
}

/// A file with a key and nothing else, as `keys create --output` writes it.
fn from_key(text: &str, listed: Listed<'_>) -> Option<Record> {
    let key: ApiKey = key_file::parse(text).ok()?;
    let made =
        made_here(listed.session, &key).filter(|made| made.url == listed.url && made.username == listed.user);
    let key_id = made.map(|made| made.key_id).or_else(|| known_id(listed.session, &key, listed.keys))?;
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
}
