//! The log of deletions: one line of JSON each. A line is on the disk before the request is sent, with
//! the outcome `unknown`, and is completed in place once the answer is here: whatever ends the program
//! in between, every deletion that may have happened has its line, and every line is whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use crate::actions::{Event, Progress, sign_in};
use crate::api;
use crate::config::{Session, private_file};
use crate::wire::time;

use super::Error;

/// Its name in the configuration folder.
const FILE: &str = "deletions.jsonl";
/// Bytes that the outcome may take beyond what stands there before.
const ROOM: usize = 160;
/// Characters of a workbench's name for a request.
const LONGEST_ID: usize = 64;

/// Where deletions are logged, and under which ticket.
#[derive(Debug, Clone, Default)]
pub struct Logging {
    /// Without one, `deletions.jsonl` in the configuration folder, if that can be written.
    pub file: Option<PathBuf>,
    pub ticket: Option<String>,
}

/// An open log.
#[derive(Debug)]
pub struct DeletionLog<'a> {
    /// None where there is no folder for it, and none was named.
    open: Option<(PathBuf, File)>,
    /// Nothing is deleted unless it is logged.
    required: bool,
    /// The user whose key is used, if known.
    actor: Option<String>,
    url: String,
    ticket: Option<&'a str>,
}

/// One line, as long as the request runs.
#[derive(Debug)]
pub struct Entry {
    at: u64,
    length: usize,
    line: Line,
}

#[derive(Debug, Clone, Serialize)]
struct Line {
    time: String,
    actor: Option<String>,
    url: String,
    username: String,
    key_id: String,
    /// The name, where it is known.
    comments: Option<String>,
    ticket: Option<String>,
    /// `unknown` until there is an answer, then `deleted` or the kind of the error.
    outcome: &'static str,
    status: Option<u16>,
    request_id: Option<String>,
    completed: Option<String>,
}

impl<'a> DeletionLog<'a> {
    /// Opens the log of `logging`. Whose key is used is asked of the workbench only with `asks`, for a
    /// log that an auditor relies on: a leaked key can be deleted with one request.
    ///
    /// # Errors
    /// A log that was named cannot be written; or the workbench does not say whose key is used.
    pub async fn open(
        session: &Session,
        logging: &'a Logging,
        asks: bool,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let usual = || session.store.as_ref().map(|store| store.dir().join(FILE));
        let required = logging.file.is_some();
        let open = match logging.file.clone().or_else(usual) {
            None => None,
            Some(file) => match open_file(&file, !required) {
                Ok(open) => Some((file, open)),
                Err(error) if required => return Err(Error::NotLogged { file, error }),
                Err(error) => {
                    progress.on(Event::DeletionNotLogged { file: &file, why: &error.to_string() });
                    None
                }
            },
        };
        let actor = match asks && open.is_some() {
            true => Some(sign_in::username(session).await?),
            false => session.username.clone(),
        };
        let url = session.client.url().to_owned();
        Ok(Self { open, required, actor, url, ticket: logging.ticket.as_deref() })
    }

    /// It is known whose key is used, unless the session knows it itself.
    pub fn of(self, actor: Option<&str>) -> Self {
        Self { actor: self.actor.or_else(|| actor.map(str::to_owned)), ..self }
    }

    /// Writes the line of a deletion that is about to be asked for, and waits until it is on the disk.
    ///
    /// # Errors
    /// It is not, and nothing may be deleted without it.
    pub fn begin(
        &self,
        username: &str,
        key_id: &str,
        comments: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Option<Entry>, String> {
        let Some((path, file)) = &self.open else { return Ok(None) };
        let line = Line {
            time: time::format(Timestamp::now()),
            actor: self.actor.clone(),
            url: self.url.clone(),
            username: username.to_owned(),
            key_id: key_id.to_owned(),
            comments: comments.map(str::to_owned),
            ticket: self.ticket.map(str::to_owned),
            outcome: "unknown",
            status: None,
            request_id: None,
            completed: None,
        };
        match append(file, line) {
            Ok(entry) => Ok(Some(entry)),
            Err(error) if self.required => Err(format!("{} cannot be written: {error}", path.display())),
            Err(error) => {
                progress.on(Event::DeletionNotLogged { file: path, why: &error.to_string() });
                Ok(None)
            }
        }
    }

    /// Completes the line with what came of it.
    pub fn complete(
        &self,
        entry: Option<Entry>,
        outcome: Result<Option<&str>, &api::Error>,
        progress: &dyn Progress,
    ) {
        let (Some((path, file)), Some(mut entry)) = (&self.open, entry) else { return };
        let id = match outcome {
            Ok(id) => id,
            Err(error) => error.request_id(),
        };
        entry.line.outcome = outcome.map_or_else(api::Error::kind, |_| "deleted");
        entry.line.status = outcome.err().and_then(api::Error::status);
        entry.line.request_id = id.map(|id| id.chars().take(LONGEST_ID).collect());
        entry.line.completed = Some(time::format(Timestamp::now()));
        let written = text_of(&entry.line, entry.length).and_then(|text| {
            file.write_all_at(&text, entry.at)?;
            file.sync_data()
        });
        if let Err(error) = written {
            progress.on(Event::DeletionNotLogged { file: path, why: &error.to_string() });
        }
    }
}

/// Deletes a key that no person chose, such as one that a rotation has replaced, and logs it where that can
/// be: what replaced it is in use already. The key has a user, a Key ID and a name; `actor` is the user whose
/// key is used, if known.
pub(in crate::actions) async fn delete_by_rule(
    session: &Session,
    actor: Option<&str>,
    (username, key_id, name): (&str, &str, &str),
    progress: &dyn Progress,
) -> Result<(), api::Error> {
    let logging = Logging::default();
    let Ok(log) = DeletionLog::open(session, &logging, false, progress).await else {
        return session.client.delete_key(username, key_id).await;
    };
    let log = log.of(actor);
    let entry = log.begin(username, key_id, Some(name), progress).ok().flatten();
    let answer = session.client.delete_key_for_log(username, key_id).await;
    log.complete(entry, answer.as_ref().map(Option::as_deref), progress);
    answer.map(drop)
}

fn open_file(file: &Path, with_folder: bool) -> io::Result<File> {
    if let Some(folder) = file.parent().filter(|_| with_folder) {
        private_file::make_folder(folder)?;
    }
    private_file::open_to_change(file)
}

/// Appends a line, and gives where it is. Other processes may append too.
fn append(file: &File, line: Line) -> io::Result<Entry> {
    file.lock()?;
    let appended = append_locked(file, line);
    file.unlock()?;
    appended
}

fn append_locked(file: &File, line: Line) -> io::Result<Entry> {
    let mut at = file.metadata()?.len();
    // A full disk may have left a part of a line.
    let mut last = [b'\n'];
    if at > 0 {
        file.read_exact_at(&mut last, at - 1)?;
    }
    if last != [b'\n'] {
        file.write_all_at(b"\n", at)?;
        at += 1;
    }
    let length = serde_json::to_vec(&line)?.len() + ROOM;
    file.write_all_at(&text_of(&line, length)?, at)?;
    file.sync_all()?;
    Ok(Entry { at, length, line })
}

/// The line, filled with blanks to `length`, so that it can be completed where it stands.
fn text_of(line: &Line, length: usize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    text.resize(text.len().max(length), b' ');
    text.push(b'\n');
    if text.len() > length + 1 {
        Err(io::Error::other("the line has no room for its outcome"))
    } else {
        Ok(text)
    }
}
