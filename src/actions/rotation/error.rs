//! Why a rotation failed.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;

use crate::actions::clock::ClocksDiffer;
use crate::actions::{Exit, key_file, keys, models};
use crate::api;
use crate::diagnosis::Diagnosis;
use crate::probe::CallError;
use crate::text::{count, short_id};

/// Why a key was not rotated. Unless it is [`Error::Broken`], nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Keys(#[from] keys::Error),
    #[error(transparent)]
    Models(#[from] models::Error),
    #[error(transparent)]
    File(#[from] key_file::Refusal),
    #[error("{0}; nothing was created or deleted")]
    Clock(#[from] ClocksDiffer),
    #[error("a key is rotated by its name, and this one is empty")]
    EmptyName,
    #[error("there is no key whose Key ID is or begins with {wanted:?}")]
    NoSuchKey { wanted: String },
    #[error("{} has key {} of {found:?}, and not one of {wanted:?}", file.display(), short_id(key_id))]
    OtherName { file: PathBuf, key_id: String, found: String, wanted: String },
    #[error("{name} is the name of key {key_id}, which the workbench gave to this session")]
    SessionKey { name: String, key_id: String },
    #[error(
        "{name} is a service of {}: the key of a rotation by hand is delivered nowhere; nothing was changed",
        manifest.display()
    )]
    OfService { name: String, manifest: PathBuf },
    #[error("another run is rotating {what}; nothing was changed")]
    Locked { what: String },
    #[error("{} cannot be locked: {error}", file.display())]
    NotLockable { file: PathBuf, error: io::Error },
    #[error("{} cannot be read: {error}", file.display())]
    Unreadable { file: PathBuf, error: io::Error },
    #[error("{} is not a note that this keybench can read", file.display())]
    NotANote { file: PathBuf },
    #[error("{} holds {}", file.display(), if *is_key { "an API key that this workbench does not list among yours" } else { "something else than a key that was handed over" })]
    Holds { file: PathBuf, is_key: bool },
    #[error("{} {}, and should say which key was handed over", file.display(), if *is_empty { "is empty" } else { "names no key" })]
    NamesNoKey { file: PathBuf, is_empty: bool },
    #[error(
        "{} keys of {name:?} may be in use, as their hand-overs did not end well: {}; no further one is made",
        key_ids.len(), key_ids.join(", ")
    )]
    TooManyInDoubt { name: String, key_ids: Vec<String> },
    #[error(
        "{} of {name:?} {} newer than the one that was handed over and not made by a rotation on this machine: {}; nothing was created or deleted",
        count(key_ids.len(), "key", "keys"), if key_ids.len() == 1 { "is" } else { "are" }, key_ids.join(", ")
    )]
    Contested { name: String, key_ids: Vec<String> },
    #[error("what is handed over cannot be noted in {}: {error}", file.display())]
    NotNoted { file: PathBuf, error: io::Error },
    #[error("the new key was not accepted: {0}")]
    NotAccepted(api::Error),
    #[error("the new key is not valid: {message}")]
    NotValid { message: String },
    #[error("the model test with the new key failed: {}", why.sentence)]
    NotProven { why: Box<Diagnosis> },
    /// The model did not answer.
    #[error("{error}")]
    NoProof { error: CallError, why: Box<Diagnosis> },
    #[error("{} cannot be written: {error}", file.display())]
    FileNotWritten { file: PathBuf, error: io::Error },
    #[error("the command of --exec failed: {why}")]
    HandOver { why: String },
    /// With how long it lasts, if that can be read.
    #[error("the new key would end on {day}, no later than the current one")]
    EndsNoLater { day: Date, lasts: Option<Duration> },
    /// A key had been created.
    #[error("{}", broken(error, key_id, *left, *current_works))]
    Broken { error: Box<Error>, key_id: String, left: Left, current_works: bool },
}

/// What became of a key whose rotation broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It was deleted again.
    Deleted,
    /// It is still listed, and was handed to no one.
    Listed,
    /// The service may have it.
    InDoubt,
    /// The service has it, and that is noted nowhere.
    HandedOver,
}

fn broken(error: &Error, key_id: &str, left: Left, current_works: bool) -> String {
    let message = error.to_string();
    let message = message.trim_end_matches('.');
    let id = short_id(key_id);
    let rest = match left {
        Left::Deleted => "the new key was deleted again".to_owned(),
        Left::Listed => "the next run removes the new key".to_owned(),
        Left::InDoubt => format!(
            "the new key {id} may be in use: it is kept until a later hand-over has ended well, which the next run tries"
        ),
        Left::HandedOver => {
            return format!(
                "key {id} was handed over, and {message}; the next run makes another key, and keeps this one"
            );
        }
    };
    match current_works {
        true => format!("{message}; the current key goes on working, {rest}"),
        false => format!("{message}; {rest}"),
    }
}

impl Error {
    /// How long a new key lasts, if it was not handed over because that is too short.
    pub fn lasts_too_short(&self) -> Option<Duration> {
        match self {
            Self::EndsNoLater { lasts, .. } => *lasts,
            Self::Broken { error, .. } => error.lasts_too_short(),
            _ => None,
        }
    }

    /// How a command ends with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Keys(error) => error.exit(),
            Self::Models(error) => error.exit(),
            Self::NoSuchKey { .. } => Exit::Refused,
            Self::Locked { .. } => Exit::Locked,
            Self::NotAccepted(error) => match error.into() {
                // Not the signed-in credential was rejected but the one under test, or it cannot even be
                // sent.
                Exit::Rejected | Exit::Invalid => Exit::No,
                exit => exit,
            },
            Self::NoProof { error, .. } => error.into(),
            Self::Broken { left: Left::HandedOver, .. } => Exit::Unwritten,
            Self::Broken { error, .. } => error.exit(),
            Self::Clock(_)
            | Self::Contested { .. }
            | Self::TooManyInDoubt { .. }
            | Self::NotValid { .. }
            | Self::NotProven { .. }
            | Self::HandOver { .. }
            | Self::EndsNoLater { .. } => Exit::No,
            _ => Exit::Invalid,
        }
    }

    /// Whether a key may have been created, although no answer says so.
    pub(super) fn may_have_created(&self) -> bool {
        matches!(self, Self::Keys(keys::Error::MayExist(_)))
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            _ if self.may_have_created() => {
                "a key may have been created anyway: the next run finds and deletes it"
            }
            Self::Keys(error) => return error.hint(),
            Self::Models(error) => return error.hint(),
            Self::File(refusal) => refusal.hint(),
            Self::Clock(_) => ClocksDiffer::HINT,
            Self::EmptyName => {
                "`keybench keys list` shows names and ids; a key without a name goes by its id"
            }
            Self::NoSuchKey { .. } => {
                "`keybench keys list` shows names and ids; the first key of a name that looks like an id is made with `keybench keys create --name`"
            }
            Self::OtherName { .. } => "give each name a file of its own; nothing was changed",
            Self::SessionKey { .. } => {
                "rotate a key of another name, or rotate this one from outside the session"
            }
            Self::OfService { manifest, .. } => {
                return Some(format!(
                    "`keybench fleet apply --file {}` rotates it once it is due; use another name for what is not in the manifest",
                    manifest.display()
                ));
            }
            Self::Locked { .. } => {
                "run it again once that one and its command have ended; a run that was killed locks nothing"
            }
            Self::NotLockable { .. } => "name a file in a folder of your own",
            Self::Unreadable { .. } => "it says which key is current: nothing was changed",
            Self::NotANote { .. } => {
                "use the newer keybench that wrote it, or move it away; nothing was changed"
            }
            Self::Holds { is_key: true, .. } => {
                "name another file; if that key is not needed, move the file away, and the next run creates a new one"
            }
            Self::Holds { is_key: false, .. } => {
                "name another file, or move this one away; nothing was changed"
            }
            Self::NamesNoKey { .. } => {
                "write the Key ID of the service's key into it, or remove it where there is none yet"
            }
            Self::TooManyInDoubt { .. } => {
                "see which of them the service uses, mend the command of --exec, and delete the others with `keybench keys delete`"
            }
            Self::Contested { .. } => {
                "rotate a name on one machine only; see which key its service uses, and delete the other with `keybench keys delete`"
            }
            Self::EndsNoLater { .. } => "lower `due`, or have the site's limit raised",
            Self::NotNoted { .. } => {
                "a run that breaks off could not be finished without it: have KEYBENCH_CONFIG_DIR name a folder that can be written to, or use --output"
            }
            Self::NotAccepted(error) => return error.hint(),
            Self::NotProven { why } => return why.remedy.clone(),
            Self::NoProof { error, why } => return why.remedy.clone().or_else(|| error.hint()),
            Self::NotValid { .. } | Self::FileNotWritten { .. } => return None,
            Self::HandOver { .. } => {
                "see what the command did: it may have handed the key over before it failed"
            }
            Self::Broken { error, .. } => return error.hint(),
        };
        Some(hint.to_owned())
    }
}

impl From<api::Error> for Error {
    fn from(error: api::Error) -> Self {
        Self::Keys(error.into())
    }
}
