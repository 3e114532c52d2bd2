//! What can be wrong with the configuration: the file, the line and the remedy.

use std::io;
use std::path::{Path, PathBuf};

use super::paths::NotUtf8;
use super::replace::Refused;
use crate::api;
use crate::bounded::NotRegular;
use crate::decode::NotText;
use crate::secret::NotAnApiKey;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}, line {line}: {what}", file.display())]
    Malformed { file: PathBuf, line: usize, what: String },
    #[error("{} has version {found}, this keybench knows up to {known}", file.display())]
    Newer { file: PathBuf, found: u32, known: u32 },
    #[error("{} can be read by others (mode {mode:03o})", path.display())]
    Exposed { path: PathBuf, mode: u32 },
    #[error("{} can be changed by others (mode {mode:03o}), and what it says decides where keys go and what is run", path.display())]
    Changeable { path: PathBuf, mode: u32 },
    #[error("{} belongs to {owner}, and what it says decides where keys go and what is run", path.display())]
    Foreign { path: PathBuf, owner: String },
    #[error("{} cannot be read: {error}", file.display())]
    Read { file: PathBuf, error: io::Error },
    #[error("{cause}; the file is left as it is, and a copy is in {}", copy.display())]
    LeftAlone { cause: Box<Error>, copy: PathBuf },
    #[error("{} cannot be written: {error}", file.display())]
    Write { file: PathBuf, error: io::Error },
    #[error("another keybench is changing {}", folder.display())]
    Locked { folder: PathBuf },
    #[error(transparent)]
    Environment(#[from] NotUtf8),
    #[error("no folder for the configuration: neither KEYBENCH_CONFIG_DIR nor a home directory is known")]
    NoFolder,
    #[error("there is no profile {name:?}")]
    UnknownProfile { name: String, known: Vec<String> },
    #[error("no workbench is configured")]
    NoWorkbench,
    #[error("no key is configured for {url}")]
    NoKey { url: String },
    #[error("the key from {from} cannot be used: {why}")]
    BadKey { from: String, why: NotAnApiKey },
    #[error("the credential command of profile {profile:?} gave no key: {why}")]
    Command { profile: String, why: String },
    /// The wait for a credential command was cancelled.
    #[error("interrupted; nothing was changed")]
    Interrupted,
    #[error("{from}: {error}")]
    Value { from: String, error: api::Error },
    #[error(transparent)]
    Api(#[from] api::Error),
}

impl Error {
    /// The file concerned.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Malformed { file, .. }
            | Self::Newer { file, .. }
            | Self::Read { file, .. }
            | Self::Write { file, .. }
            | Self::Exposed { path: file, .. }
            | Self::Changeable { path: file, .. }
            | Self::Foreign { path: file, .. } => Some(file),
            Self::LeftAlone { cause, .. } => cause.file(),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Malformed { file, .. } => format!("correct the line, or move {} away to start afresh", file.display()),
            Self::Newer { .. } => "use the newer keybench, or another folder with KEYBENCH_CONFIG_DIR".to_owned(),
            Self::Exposed { path, .. } => {
                let mode = if path.is_dir() { "700" } else { "600" };
                format!("chmod {mode} {}", path.display())
            }
            Self::Changeable { path, .. } => format!("chmod go-w {}", path.display()),
            Self::Foreign { owner, .. } => {
                format!("run keybench as {owner}, or name a folder of your own with KEYBENCH_CONFIG_DIR")
            }
            Self::Read { error, .. } | Self::Write { error, .. } => way_out(error),
            Self::LeftAlone { cause, .. } => return cause.hint(),
            Self::Locked { .. } => "wait until it has ended, then try again".to_owned(),
            Self::Environment(NotUtf8 { name }) => format!("set {name} again, or unset it"),
            Self::NoFolder => "set KEYBENCH_CONFIG_DIR".to_owned(),
            Self::UnknownProfile { known, .. } if known.is_empty() => "there are none yet: `keybench login` makes one".to_owned(),
            Self::UnknownProfile { known, .. } => format!("known are: {}", known.join(", ")),
            Self::NoWorkbench => {
                "sign in with `keybench login --url URL`, or try `keybench demo` without one".to_owned()
            }
            Self::NoKey { .. } => {
                "sign in with `keybench login`, or set KEYBENCH_API_KEY; a profile's key is not used for another URL".to_owned()
            }
            // The reason already says what to do.
            Self::BadKey { .. } | Self::Interrupted => return None,
            Self::Command { .. } => "run the command by hand; it must print the key and nothing else".to_owned(),
            Self::Value { error, .. } | Self::Api(error) => return error.hint(),
        })
    }
}

/// What to do about a file that cannot be read or written.
fn way_out(error: &io::Error) -> String {
    let cause = error.get_ref();
    if let Some(refused) = cause.and_then(|cause| cause.downcast_ref::<Refused>()) {
        return refused.hint().to_owned();
    }
    match cause {
        _ if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            "make room on the disk, then try again".to_owned()
        }
        Some(cause) if cause.is::<NotRegular>() => "move it away, then try again".to_owned(),
        Some(cause) if cause.is::<NotText>() => "save the file as UTF-8, then try again".to_owned(),
        _ => "check its permissions, or name another folder with KEYBENCH_CONFIG_DIR".to_owned(),
    }
}
