//! Why a file was not scored.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::rows::BadInput;
use crate::actions::models;
use crate::probe::run::MAX_IN_FLIGHT;

/// Why nothing was sent, or the result cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Models(#[from] models::Error),
    #[error(transparent)]
    Input(#[from] BadInput),
    #[error("{0} rows at a time are not possible")]
    Concurrency(u32),
    #[error("the input has no row {0} any more")]
    NoRow(u64),
    #[error("another run writes {}", output.display())]
    Locked { output: PathBuf },
    #[error("{} is the result of {what}", output.display())]
    Other { output: PathBuf, what: &'static str, is_build: bool },
    /// Of an earlier result that is only read.
    #[error("{} is the result of {what}", result.display())]
    NotOfInput { result: PathBuf, what: &'static str },
    #[error("{} is not empty, and no note beside it says whose result it is", output.display())]
    NoNote { output: PathBuf },
    #[error("{} cannot be used: {why}", note.display())]
    Note { note: PathBuf, why: String },
    #[error("line {line} of {} is none of a result: {why}", output.display())]
    Line { output: PathBuf, line: u64, why: String },
    /// Before anything was sent.
    #[error("{} cannot be written: {error}", file.display())]
    Unwritable { file: PathBuf, error: io::Error },
    #[error("{} cannot be written: {error}", file.display())]
    Unwritten { file: PathBuf, error: io::Error },
}

impl From<crate::actions::Error> for Error {
    fn from(error: crate::actions::Error) -> Self {
        Self::Models(error.into())
    }
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Models(error) => return error.hint(),
            Self::Input(error) => error.hint().to_owned(),
            Self::Concurrency(_) => format!("give a number from 1 to {MAX_IN_FLIGHT}"),
            Self::NoRow(_) => "it has changed since; check it again".to_owned(),
            Self::Locked { .. } => "wait for it, or name another file".to_owned(),
            Self::Other { is_build: true, .. } => {
                "name another file, or allow answers of two builds in one file: --allow-new-build".to_owned()
            }
            Self::Other { .. } | Self::NoNote { .. } => "name another file with --output".to_owned(),
            Self::NotOfInput { .. } => "give the rows that it was made from: --input".to_owned(),
            Self::Note { note, .. } => format!("move {} and its result away", note.display()),
            Self::Line { .. } => "mend or remove that line, or name another file with --output".to_owned(),
            Self::Unwritable { error, .. } if error.kind() == ErrorKind::NotFound => {
                "create its folder, or name another file with --output".to_owned()
            }
            Self::Unwritable { .. } => "name another file with --output".to_owned(),
            Self::Unwritten { error, .. } if is_full(error) => {
                "make room; the same command goes on with the rows that are missing".to_owned()
            }
            Self::Unwritten { .. } => "the same command goes on with the rows that are missing".to_owned(),
        })
    }

    /// Of a result that is only read.
    pub(super) fn of_result(self) -> Self {
        match self {
            Self::Other { output: result, what, .. } => Self::NotOfInput { result, what },
            other => other,
        }
    }

    pub(super) fn before_sending(self) -> Self {
        match self {
            // The command line is right, and will be once there is room.
            Self::Unwritten { file, error } if !is_full(&error) => Self::Unwritable { file, error },
            other => other,
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}
