//! How a command ends: the exit codes of the contract, and errors as people and scripts read them.

use std::process::ExitCode;

use serde_json::json;

use crate::actions::{self, expiration, fleet, history, key_file, keys, models, rotation, score, sign_in};
use crate::config::paths::NotUtf8;
use crate::probe::{CallError, FailureKind};
use crate::{api, config};

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    /// A bug, until shown otherwise.
    Bug = 1,
    Usage = 2,
    NotConfigured = 3,
    Rejected = 4,
    Refused = 5,
    NoAnswer = 6,
    Invalid = 7,
    /// Everything worked, and the answer is no.
    No = 8,
    /// The result cannot be delivered: standard output or a file cannot be written. EX_IOERR of
    /// sysexits.h.
    Unwritten = 74,
    /// Another run has what this one needs, for now. EX_TEMPFAIL of sysexits.h.
    Locked = 75,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub exit: Exit,
    /// A short name for scripts.
    pub kind: &'static str,
    pub message: String,
    pub hint: Option<String>,
    /// HTTP status.
    pub status: Option<u16>,
}

impl Failure {
    pub fn new(exit: Exit, kind: &'static str, message: impl Into<String>) -> Self {
        Self { exit, kind, message: message.into(), hint: None, status: None }
    }

    /// A value that cannot be used; nothing was sent.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Exit::Invalid, "invalid", message)
    }

    /// A command line that lacks something.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// `{"error":{"kind","message","hint","status"}}`.
    pub fn to_json(&self) -> serde_json::Value {
        json!({ "error": { "kind": self.kind, "message": self.message, "hint": self.hint, "status": self.status } })
    }
}

impl From<api::Error> for Failure {
    fn from(error: api::Error) -> Self {
        let exit = match &error {
            api::Error::Refused { .. } | api::Error::NotAnApi { .. } if error.is_rejection() => {
                Exit::Rejected
            }
            api::Error::Refused { .. } | api::Error::NotAnApi { .. } | api::Error::BadAnswer { .. } => {
                Exit::Refused
            }
            api::Error::NoAnswer { .. } => Exit::NoAnswer,
            api::Error::Invalid { .. } => Exit::Invalid,
        };
        Self {
            exit,
            kind: error.kind(),
            message: error.to_string(),
            hint: error.hint(),
            status: error.status(),
        }
    }
}

impl From<NotUtf8> for Failure {
    fn from(error: NotUtf8) -> Self {
        config::Error::from(error).into()
    }
}

impl From<config::Error> for Failure {
    fn from(error: config::Error) -> Self {
        let (exit, kind) = match &error {
            config::Error::Api(inner) => return inner.clone().into(),
            config::Error::BadKey { .. } | config::Error::Value { .. } | config::Error::Environment(_) => {
                (Exit::Invalid, "invalid")
            }
            config::Error::Newer { .. } => (Exit::Invalid, "configuration"),
            config::Error::Interrupted => (Exit::Interrupted, "interrupted"),
            config::Error::Locked { .. } => (Exit::Locked, "locked"),
            config::Error::NoWorkbench
            | config::Error::NoKey { .. }
            | config::Error::UnknownProfile { .. } => (Exit::NotConfigured, "not_configured"),
            _ => (Exit::NotConfigured, "configuration"),
        };
        Self { exit, kind, message: error.to_string(), hint: error.hint(), status: None }
    }
}

/// An error that ends with the same code whatever it is about.
fn failure(exit: Exit, kind: &'static str, error: &dyn std::error::Error, hint: Option<String>) -> Failure {
    Failure { exit, kind, message: error.to_string(), hint, status: None }
}

impl From<actions::Error> for Failure {
    fn from(error: actions::Error) -> Self {
        let (exit, kind) = match error {
            actions::Error::Api(error) => return error.into(),
            actions::Error::Config(error) => return error.into(),
            actions::Error::ReadOnly { .. } => (Exit::Invalid, "read_only"),
            actions::Error::NotFound { .. } => (Exit::Refused, "not_found"),
            actions::Error::Ambiguous { .. } => (Exit::Invalid, "invalid"),
        };
        failure(exit, kind, &error, error.hint())
    }
}

impl From<sign_in::Error> for Failure {
    fn from(error: sign_in::Error) -> Self {
        match error {
            sign_in::Error::Api(error) => error.into(),
            sign_in::Error::Config(error) => error.into(),
            _ => failure(Exit::Invalid, "invalid", &error, error.hint()),
        }
    }
}

impl From<keys::Error> for Failure {
    fn from(error: keys::Error) -> Self {
        let hint = error.hint();
        match error {
            keys::Error::Action(error) => error.into(),
            keys::Error::MayExist(error) => Self { hint, ..error.into() },
            keys::Error::NotLogged { .. } | keys::Error::Unlogged { .. } => {
                failure(Exit::Unwritten, "output", &error, hint)
            }
            _ => failure(Exit::Invalid, "invalid", &error, hint),
        }
    }
}

impl From<key_file::Refusal> for Failure {
    fn from(refusal: key_file::Refusal) -> Self {
        failure(Exit::Invalid, "invalid", &refusal, Some(refusal.hint().to_owned()))
    }
}

impl From<key_file::NoKey> for Failure {
    fn from(error: key_file::NoKey) -> Self {
        match error {
            key_file::NoKey::Interrupted => failure(Exit::Interrupted, "interrupted", &error, None),
            _ => failure(Exit::Invalid, "invalid", &error, error.hint().map(str::to_owned)),
        }
    }
}

impl From<expiration::Error> for Failure {
    fn from(error: expiration::Error) -> Self {
        let kind = match error {
            expiration::Error::Action(error) => return error.into(),
            expiration::Error::NotOffered => "not_offered",
            expiration::Error::NotChanged { .. } => "not_changed",
        };
        failure(Exit::Refused, kind, &error, error.hint())
    }
}

impl From<history::Error> for Failure {
    fn from(error: history::Error) -> Self {
        let (exit, kind) = match error {
            history::Error::Busy { .. } => (Exit::Locked, "locked"),
            history::Error::NoEntry { .. } | history::Error::NoRun { .. } => (Exit::Invalid, "invalid"),
            _ => (Exit::Invalid, "history"),
        };
        failure(exit, kind, &error, Some(error.hint()))
    }
}

impl From<models::Error> for Failure {
    fn from(error: models::Error) -> Self {
        let (exit, kind) = match error {
            models::Error::Action(error) => return error.into(),
            models::Error::Call(error) => return (&error).into(),
            models::Error::NoExample { .. } => (Exit::Invalid, "invalid"),
            models::Error::NeverDeployed { .. } => (Exit::Refused, "not_deployed"),
            models::Error::NoBuild { .. } => (Exit::Refused, "no_build"),
            models::Error::NotBuilt { .. } => (Exit::No, "not_built"),
        };
        failure(exit, kind, &error, error.hint())
    }
}

impl From<score::Error> for Failure {
    fn from(error: score::Error) -> Self {
        let (exit, kind) = match error {
            score::Error::Models(error) => return error.into(),
            score::Error::Locked { .. } => (Exit::Locked, "locked"),
            score::Error::Unwritten { .. } => (Exit::Unwritten, "output"),
            _ => (Exit::Invalid, "invalid"),
        };
        failure(exit, kind, &error, error.hint())
    }
}

impl From<&CallError> for Failure {
    /// A call that got no answer.
    fn from(error: &CallError) -> Self {
        let exit = if error.kind() == FailureKind::Invalid { Exit::Invalid } else { Exit::NoAnswer };
        failure(exit, error.kind().name(), error, error.hint())
    }
}

impl From<rotation::Error> for Failure {
    fn from(error: rotation::Error) -> Self {
        use rotation::{Error, Left};
        let (message, hint) = (error.to_string(), error.hint());
        let (exit, kind) = match error {
            Error::Keys(error) => return error.into(),
            Error::Models(error) => return error.into(),
            Error::File(refusal) => return refusal.into(),
            Error::NoSuchKey { .. } => (Exit::Refused, "not_found"),
            Error::Clock(_) => (Exit::No, "clock"),
            Error::Locked { .. } => (Exit::Locked, "locked"),
            Error::Contested { .. } => (Exit::No, "contested"),
            Error::TooManyInDoubt { .. } => (Exit::No, "in_doubt"),
            Error::NotAccepted(error) => {
                let failure = Self::from(error);
                return match failure.exit {
                    // Not the signed-in credential was rejected but the one under test.
                    Exit::Rejected => Self { exit: Exit::No, message, ..failure },
                    // As a key that cannot even be sent.
                    Exit::Invalid => Self { exit: Exit::No, kind: "not_proven", message, ..failure },
                    _ => Self { message, ..failure },
                };
            }
            Error::NotValid { .. } | Error::NotProven { .. } => (Exit::No, "not_proven"),
            Error::NoProof { error, .. } => return Self { message, hint, ..Self::from(&error) },
            Error::HandOver { .. } => (Exit::No, "hand_over"),
            Error::Broken { left: Left::HandedOver, .. } => (Exit::Unwritten, "not_noted"),
            Error::Broken { error, .. } => return Self { message, ..Self::from(*error) },
            _ => (Exit::Invalid, "invalid"),
        };
        Self { exit, kind, message, hint, status: None }
    }
}

impl From<fleet::Error> for Failure {
    fn from(error: fleet::Error) -> Self {
        let (exit, kind) = match error {
            fleet::Error::Rotation(error) => return (*error).into(),
            fleet::Error::Manifest { .. } => (Exit::Invalid, "manifest"),
            fleet::Error::Held { .. } => (Exit::Unwritten, "held"),
            fleet::Error::NoFolder => (Exit::NotConfigured, "configuration"),
            fleet::Error::Delivery { .. } => (Exit::No, "delivery"),
            fleet::Error::Postponed => (Exit::No, "postponed"),
            fleet::Error::Locked => (Exit::Locked, "locked"),
        };
        failure(exit, kind, &error, error.hint())
    }
}
