//! How a new key reaches its service: a file, a command, or whoever asked for it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::zeroize::Zeroizing;

use super::exec::{self, Ended};
use super::record::{self, Place, Record, beside, keep_note};
use super::steps::{Delivery, World};
use super::{Error, Rotation};
use crate::actions::key_file::KeyFile;
use crate::actions::keys;
use crate::actions::models::ModelCall;
use crate::api::NewKey;
use crate::config::lock::FileLock;
use crate::config::{Session, private_file};
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION, CreateV2KeyResponse};

/// How a key is handed over.
#[derive(Debug)]
pub enum HandOver {
    /// To this file, which is replaced as a whole.
    File(KeyFile),
    /// To this shell command, on its standard input, for which it has so much time.
    Command { command: String, patience: Duration },
    /// To whoever asked: it is in what [`super::run`] returns.
    Return,
}

impl HandOver {
    /// The file that is the hand-over, and says which key the service has.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file.path()),
            Self::Command { .. } | Self::Return => None,
        }
    }

    /// Whether it leaves no trace of its own.
    pub(super) fn is_noted(&self) -> bool {
        !matches!(self, Self::File(_))
    }

    /// Where it is said which key the service has.
    pub(super) fn place(&self, record: Option<&Path>, note: Option<PathBuf>) -> Place {
        match (self, record) {
            (Self::File(file), _) => Place::Output(file.path().to_owned()),
            (_, Some(kept)) => Place::Kept { file: kept.to_owned(), note },
            (_, None) => Place::Note(note),
        }
    }

    /// What is wrong with the file that holds a key already: others can read it.
    pub(super) fn exposed(&self) -> Option<String> {
        let error = private_file::check(self.file()?).err()?;
        let hint = error.hint().map(|hint| format!(": {hint}")).unwrap_or_default();
        Some(format!("{error}{hint}"))
    }
}

/// The note of one workbench, user and name, under a name that any file system takes.
pub(super) fn note(session: &Session, user: &str, name: &str) -> Option<PathBuf> {
    let text = format!("{}\n{user}\n{name}", session.client.url());
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let hex: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Some(session.store.as_ref()?.dir().join("rotations").join(format!("{hex}.json")))
}

/// Keep other runs away from the name and from the file until they are dropped: each would take the
/// key that the other just made for one that was never handed over.
#[derive(Debug)]
pub(super) struct Locks(Vec<FileLock>);

impl Locks {
    /// # Errors
    /// Another run holds one of the two.
    pub fn take(hand_over: &HandOver, note: Option<&Path>, name: &str) -> Result<Self, Error> {
        let mut locks = Vec::new();
        if let HandOver::File(file) = hand_over {
            let file = file.path();
            match FileLock::try_take(&beside(file, "lock")) {
                Ok(Some(lock)) => locks.push(lock),
                Ok(None) => return Err(Error::Locked { what: format!("the key in {}", file.display()) }),
                // Not every file system knows locks, and a rotation is of use without.
                Err(error) if knows_no_locks(&error) => tracing::info!(%error, "no lock"),
                Err(error) => return Err(Error::NotLockable { file: file.to_owned(), error }),
            }
        }
        // Where a home cannot be written to, the file has to do.
        let folder = note.and_then(Path::parent).map(private_file::make_folder);
        if let (Some(note), Some(Ok(()))) = (note, folder) {
            match FileLock::try_take(&note.with_extension("lock")) {
                Ok(Some(lock)) => locks.push(lock),
                Ok(None) => return Err(Error::Locked { what: format!("{name:?}") }),
                Err(error) if knows_no_locks(&error) => tracing::info!(%error, "no lock"),
                // A lock that is none of ours could be held for ever.
                Err(error) if hand_over.is_noted() => {
                    return Err(Error::NotLockable { file: note.to_owned(), error });
                }
                Err(error) => tracing::info!(%error, "no lock"),
            }
        }
        Ok(Self(locks))
    }

    /// For a command that may outlive this process: while it lives, no other run begins.
    pub fn as_slice(&self) -> &[FileLock] {
        &self.0
    }
}

fn knows_no_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
        || error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error())
}

/// The workbench, the files and the processes that there are.
pub(super) struct Real<'a> {
    pub rotation: &'a Rotation<'a>,
    pub new: NewKey,
    pub proof: Option<ModelCall>,
}

impl Real<'_> {
    /// Where this program notes what is going on. A file of ours has its own beside it.
    fn note_file(&self) -> Option<PathBuf> {
        let place = &self.rotation.state.place;
        match place {
            Place::Output(file) => Some(beside(file, "keybench")),
            Place::Kept { .. } | Place::Note(_) => place.note().map(Path::to_owned),
        }
    }

    /// A command that was started for this name before is in doubt no more.
    fn settle_other_note(&self) {
        let Rotation { session, state, .. } = self.rotation;
        let Some(file) = note(session, &state.user, &state.group.name) else { return };
        let Ok(Some(mut other)) = record::read_note(&file) else { return };
        if !other.in_doubt.is_empty() {
            other.in_doubt.clear();
            if let Err(error) = keep_note(&file, &other) {
                tracing::info!(%error, "keys stay in doubt");
            }
        }
    }

    fn write(&self, file: &KeyFile, created: &CreateV2KeyResponse) -> Delivery {
        let text = Zeroizing::new(record::file_text(created, Timestamp::now()));
        if let Err(error) = file.write(&text) {
            // It may have failed after the file was replaced.
            let holds = crate::bounded::read_to_string(file.path()).map(Zeroizing::new);
            if !holds.is_ok_and(|holds| *holds == *text) {
                return Delivery::Never(Error::FileNotWritten { file: file.path().to_owned(), error });
            }
        }
        self.settle_other_note();
        Delivery::Told
    }

    /// Whether the command kept the record. Where it did not, or where that takes a while, a note
    /// keeps the next run from taking the key for one that was never handed over.
    fn recorded(&self, created: &CreateV2KeyResponse) -> Delivery {
        let Some(kept) = &self.rotation.request.record else { return Delivery::Done };
        match record::named_in_record(kept, created) {
            (true, _) => Delivery::Told,
            (false, look) => Delivery::Unrecorded(look),
        }
    }
}

impl World for Real<'_> {
    fn note(&mut self, record: &Record) -> Result<(), Error> {
        let no_folder =
            || io::Error::new(io::ErrorKind::NotFound, "there is no folder for the configuration");
        let file = self.note_file().ok_or_else(|| Error::NotNoted {
            file: PathBuf::from("the configuration folder"),
            error: no_folder(),
        })?;
        keep_note(&file, record).map_err(|error| Error::NotNoted { file, error })
    }

    fn forget(&mut self) {
        let _ = self.note_file().map(std::fs::remove_file);
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn create(&mut self) -> Result<CreateV2KeyResponse, Error> {
        let Rotation { session, state, progress, .. } = self.rotation;
        Ok(keys::create(session, &state.user, &self.new, *progress).await?)
    }

    async fn prove(&mut self, created: &CreateV2KeyResponse) -> Result<(), Error> {
        let client = self.rotation.session.client.with_key(created.api_key.clone());
        let is_application = |audience: &String| audience == AUDIENCE_APPLICATION;
        let only_application = !created.audiences.is_empty() && created.audiences.iter().all(is_application);
        let audience = if only_application { AUDIENCE_APPLICATION } else { AUDIENCE_API };
        let answer = client.validate_key(audience).await.map_err(Error::NotAccepted)?;
        if !answer.valid {
            return Err(Error::NotValid { message: answer.message });
        }
        let Some(proof) = &self.proof else { return Ok(()) };
        let call = proof.with_key(created.api_key.clone());
        let result = call.send().await;
        if result.failure().is_none() {
            return Ok(());
        }
        let why = Box::new(call.diagnose(&result).await);
        Err(match result.outcome {
            Ok(_) => Error::NotProven { why },
            Err(error) => Error::NoProof { error, why },
        })
    }

    async fn hand_over(&mut self, created: &CreateV2KeyResponse) -> Delivery {
        let Rotation { request, state, .. } = self.rotation;
        match &request.hand_over {
            HandOver::File(file) => self.write(file, created),
            HandOver::Return => self.recorded(created),
            HandOver::Command { command, patience } => {
                match exec::run(command, created, *patience, state.locks.as_slice()).await {
                    Ended::Well => self.recorded(created),
                    Ended::Never(error) => Delivery::Never(Error::HandOver { why: error.to_string() }),
                    Ended::Badly(why) => Delivery::InDoubt(Error::HandOver { why }),
                }
            }
        }
    }

    async fn delete(&mut self, key_id: &str) -> Result<(), Error> {
        let Rotation { session, state, .. } = self.rotation;
        Ok(session.client.delete_key(&state.user, key_id).await.map_err(keys::Error::from)?)
    }
}
