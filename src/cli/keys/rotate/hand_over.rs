//! How a new key reaches its service: a file, a command, or standard output.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use secrecy::zeroize::Zeroizing;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::record::{Place, Record, beside, file_text, keep_note, look, read_text};
use crate::actions::key_file::KeyFile;
use crate::cli::args::RotateArgs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::keys::undelivered;
use crate::cli::output;
use crate::config::lock::FileLock;
use crate::config::{Session, private_file};
use crate::wire::CreateV2KeyResponse;

pub struct HandOver {
    way: Way,
    record: Option<PathBuf>,
    /// Folder of the notes about what went to commands and to standard output.
    notes: Option<PathBuf>,
    url: String,
}

enum Way {
    File(KeyFile),
    Command(String),
    Print,
}

impl HandOver {
    /// Checks what can be checked before a key exists.
    pub fn new(context: &Context, session: &Session, args: &RotateArgs) -> Result<Self, Failure> {
        let way = match (&args.output, &args.exec) {
            (Some(file), _) => {
                let file = KeyFile::replacing(file)?;
                context.warn_of_storage(&file);
                Way::File(file)
            }
            (None, Some(command)) if command.trim().is_empty() => {
                return Err(Failure::invalid("the command of --exec is empty")
                    .hint("give a shell command that reads the key from its standard input"));
            }
            (None, Some(command)) => Way::Command(command.clone()),
            (None, None) => {
                output::refuse_nowhere()?;
                Way::Print
            }
        };
        let notes = context.store().ok().map(|store| store.dir().join("rotations"));
        Ok(Self { way, record: args.record.clone(), notes, url: session.client.url().to_owned() })
    }

    /// Where it is said which key the service has.
    pub fn place(&self, user: &str, name: &str) -> Place {
        match (&self.way, &self.record) {
            (Way::File(file), _) => Place::Output(file.path().to_owned()),
            (_, Some(kept)) => Place::Kept { file: kept.clone(), note: self.note(user, name) },
            (_, None) => Place::Note(self.note(user, name).unwrap_or_default()),
        }
    }

    /// The file that says which key the service has.
    pub fn file(&self) -> Option<&Path> {
        match &self.way {
            Way::File(file) => Some(file.path()),
            Way::Command(_) | Way::Print => self.record.as_deref(),
        }
    }

    /// Says where others can read the key that is in the file already.
    pub fn exposed(&self) -> Option<String> {
        match &self.way {
            Way::File(file) => private_file::check(file.path()).err().map(|error| {
                let hint = error.hint().map(|hint| format!(": {hint}")).unwrap_or_default();
                format!("{error}{hint}")
            }),
            Way::Command(_) | Way::Print => None,
        }
    }

    /// Keeps other runs away from the name and from the file until it is dropped: each would take
    /// the key that the other just made for one that was never handed over.
    ///
    /// # Errors
    /// Another run holds one of the two.
    pub fn lock(&self, user: &str, name: &str) -> Result<Vec<FileLock>, Failure> {
        let held = |what: String| {
            Failure::new(
                Exit::Locked,
                "locked",
                format!("another run is rotating {what}; nothing was changed"),
            )
            .hint("run it again once that one has ended; a run that was killed locks nothing")
        };
        let mut locks = Vec::new();
        if let Way::File(file) = &self.way {
            let shown = file.path().display();
            match FileLock::try_take(&beside(file.path(), "lock")) {
                Ok(Some(lock)) => locks.push(lock),
                Ok(None) => return Err(held(format!("the key in {shown}"))),
                // Not every file system knows locks, and a rotation is of use without.
                Err(error) if knows_no_locks(&error) => tracing::info!(%error, "no lock"),
                Err(error) => {
                    return Err(Failure::invalid(format!("{shown} cannot be locked: {error}"))
                        .hint("name a file in a folder of your own"));
                }
            }
        }
        // Where a home cannot be written to, the file has to do.
        let note = self.note(user, name).map(|note| note.with_extension("lock"));
        let folder = note.as_deref().and_then(Path::parent).map(private_file::make_folder);
        if let (Some(file), Some(Ok(()))) = (note, folder) {
            match FileLock::try_take(&file) {
                Ok(Some(lock)) => locks.push(lock),
                Ok(None) => return Err(held(format!("{name:?}"))),
                Err(error) => tracing::info!(%error, "no lock"),
            }
        }
        Ok(locks)
    }

    /// Notes that a first rotation begins, before its key exists.
    pub fn begin(&self, place: &Place, record: &Record) -> Result<(), Failure> {
        match place.note() {
            Some(note) => keep(&note, record),
            None => Ok(()),
        }
    }

    /// Takes back what [`Self::begin`] noted, where no key is left of what began.
    pub fn take_back(&self, place: &Place) {
        let _ = place.note().map(std::fs::remove_file);
    }

    /// One file a workbench, user and name, under a name that any file system takes.
    fn note(&self, user: &str, name: &str) -> Option<PathBuf> {
        let text = format!("{}\n{user}\n{name}", self.url);
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let hex: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Some(self.notes.as_ref()?.join(format!("{hex}.json")))
    }

    /// Hands the key over, and returns what is to be warned of. When this returns an error, the
    /// service does not have the key.
    pub async fn carry_out(
        &self,
        place: &Place,
        created: &CreateV2KeyResponse,
        before: Option<&Record>,
    ) -> Result<Option<String>, Failure> {
        let note = place.note();
        if let Way::File(file) = &self.way {
            let text = Zeroizing::new(file_text(created, jiff::Timestamp::now()));
            file.write(&text).map_err(|error| {
                Failure::invalid(format!("{} cannot be written: {error}", file.path().display()))
            })?;
            // The file says it all from here on.
            let _ = note.map(std::fs::remove_file);
            return Ok(None);
        }
        // Killed from here on, nobody knows whether the service has the key: the note says so. A
        // record that the command keeps knows better.
        let note = note.filter(|_| self.record.is_none());
        let noted = |record: Record| note.as_ref().map_or(Ok(()), |file| keep(file, &record));
        let old = before.cloned().unwrap_or_else(|| Record::pending(None));
        noted(Record { in_doubt: Some(created.key_id.clone()), ..old.clone() })?;
        if let Way::Command(command) = &self.way
            && let Err(failure) = execute(command, created).await
        {
            noted(old)?;
            return Err(failure);
        }
        match &self.record {
            Some(kept) => Ok(self.check_record(kept, place, created)),
            None => noted(Record::new(&created.key_id, Some(jiff::Timestamp::now()))).map(|()| None),
        }
    }

    /// Whether the command kept the record. Where it did not, or where that takes a while, a note
    /// keeps the next run from taking the key for one that was never handed over.
    fn check_record(&self, kept: &Path, place: &Place, created: &CreateV2KeyResponse) -> Option<String> {
        let text = read_text(kept).ok().flatten();
        let named = text
            .as_deref()
            .is_some_and(|text| text.contains(&created.key_id) || text.contains(created.api_key.expose()));
        let note = place.note();
        if named {
            let _ = note.map(std::fs::remove_file);
            return None;
        }
        let unrecorded = Some(look(text.as_deref()));
        let record = Record { unrecorded, ..Record::new(&created.key_id, Some(jiff::Timestamp::now())) };
        let known = note.is_some_and(|note| keep_note(&note, &record).is_ok());
        let rest = match known {
            true => "it is noted here until the file changes",
            false => "and nothing can be noted here: the next run will make another key",
        };
        Some(format!(
            "{} does not name key {} after the hand-over, as the command of --exec should have seen to; {rest}",
            kept.display(),
            created.key_id
        ))
    }

    /// What the document says about the hand-over: the key itself only where that is the hand-over.
    pub fn tell(&self, document: &mut Value, created: &CreateV2KeyResponse) {
        match &self.way {
            Way::File(file) => document["output"] = json!(file.path()),
            Way::Command(_) => {}
            Way::Print => document["api_key"] = json!(created.api_key.expose()),
        }
    }

    /// What it means that the report cannot be printed.
    pub fn not_told(&self, failure: Failure, created: &CreateV2KeyResponse) -> Failure {
        match &self.way {
            Way::Print => undelivered(failure, &created.key_id),
            Way::File(_) | Way::Command(_) => failure,
        }
    }

    pub fn lines(&self, created: &CreateV2KeyResponse) -> Vec<String> {
        match &self.way {
            Way::File(file) => vec![format!("the key is in {}", file.path().display())],
            Way::Command(_) => Vec::new(),
            Way::Print => vec![format!("Key:      {}", created.api_key.expose())],
        }
    }
}

fn keep(note: &Path, record: &Record) -> Result<(), Failure> {
    keep_note(note, record).map_err(|error| {
        Failure::invalid(format!("what is handed over cannot be noted in {}: {error}", note.display())).hint(
            "a run that breaks off could not be finished without it: have KEYBENCH_CONFIG_DIR name a folder \
             that can be written to, or use --output or --record",
        )
    })
}

fn knows_no_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
        || error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error())
}

/// Runs the command with the key on its standard input. Its own output goes to standard error,
/// because standard output carries the result.
async fn execute(command: &str, created: &CreateV2KeyResponse) -> Result<(), Failure> {
    let failed = |why: String| {
        Failure::new(Exit::No, "hand_over", format!("the command of --exec failed: {why}"))
            .hint("a command that ends with an error has handed over nothing")
    };
    let mut child = Command::new("sh")
        .args(["-c", command])
        .env("KEYBENCH_KEY_ID", &created.key_id)
        .env_remove("KEYBENCH_API_KEY")
        .stdin(Stdio::piped())
        .stdout(std::io::stderr())
        .kill_on_drop(false)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        let text = Zeroizing::new(format!("{}\n", created.api_key.expose()));
        // A command that does not read has its reasons; its exit status decides.
        let _ = input.write_all(text.as_bytes()).await;
    }
    let status = child.wait().await.map_err(|error| failed(error.to_string()))?;
    if status.success() { Ok(()) } else { Err(failed(status.to_string())) }
}
