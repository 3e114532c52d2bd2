//! How a command ends: errors as people and scripts read them.

use serde_json::json;

use crate::actions::{self, expiration, fleet, history, key_file, keys, models, rotation, score, sign_in};
use crate::config::paths::NotUtf8;
use crate::probe::CallError;
use crate::{api, config};

pub use crate::actions::Exit;

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
        Self {
            exit: (&error).into(),
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
        let kind = match &error {
            config::Error::Api(inner) => return inner.clone().into(),
            config::Error::BadKey { .. } | config::Error::Value { .. } | config::Error::Environment(_) => {
                "invalid"
            }
            config::Error::Interrupted => "interrupted",
            config::Error::Locked { .. } => "locked",
            config::Error::NoWorkbench
            | config::Error::NoKey { .. }
            | config::Error::UnknownProfile { .. } => "not_configured",
            _ => "configuration",
        };
        failure((&error).into(), kind, &error, error.hint())
    }
}

/// An error that ends with the same code whatever it is about.
fn failure(exit: Exit, kind: &'static str, error: &dyn std::error::Error, hint: Option<String>) -> Failure {
    Failure { exit, kind, message: error.to_string(), hint, status: None }
}

impl From<actions::Error> for Failure {
    fn from(error: actions::Error) -> Self {
        let kind = match error {
            actions::Error::Api(error) => return error.into(),
            actions::Error::Config(error) => return error.into(),
            actions::Error::ReadOnly { .. } => "read_only",
            actions::Error::NotFound { .. } => "not_found",
            actions::Error::Ambiguous { .. } => "invalid",
        };
        failure(error.exit(), kind, &error, error.hint())
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
        let (exit, hint) = (error.exit(), error.hint());
        match error {
            keys::Error::Action(error) => error.into(),
            keys::Error::MayExist(error) => Self { hint, ..error.into() },
            keys::Error::NotLogged { .. } | keys::Error::Unlogged { .. } => {
                failure(exit, "output", &error, hint)
            }
            _ => failure(exit, "invalid", &error, hint),
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
        let kind = match error {
            models::Error::Action(error) => return error.into(),
            models::Error::Call(error) => return (&error).into(),
            models::Error::NoExample { .. } => "invalid",
            models::Error::NeverDeployed { .. } => "not_deployed",
            models::Error::NoBuild { .. } => "no_build",
            models::Error::NotBuilt { .. } => "not_built",
        };
        failure(error.exit(), kind, &error, error.hint())
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
        failure(error.into(), error.kind().name(), error, error.hint())
    }
}

impl From<rotation::Error> for Failure {
    fn from(error: rotation::Error) -> Self {
        use rotation::{Error, Left};
        let (message, hint, exit) = (error.to_string(), error.hint(), error.exit());
        let kind = match error {
            Error::Keys(error) => return Self { hint, ..error.into() },
            Error::Models(error) => return error.into(),
            Error::File(refusal) => return refusal.into(),
            Error::NoSuchKey { .. } => "not_found",
            Error::Clock(_) => "clock",
            Error::Locked { .. } => "locked",
            Error::Contested { .. } => "contested",
            Error::OfService { .. } => "service",
            Error::TooManyInDoubt { .. } => "in_doubt",
            Error::NotAccepted(error) => {
                let failure = Self::from(error);
                let kind = if failure.exit == Exit::Invalid { "not_proven" } else { failure.kind };
                return Self { exit, kind, message, ..failure };
            }
            Error::NotValid { .. } | Error::NotProven { .. } => "not_proven",
            Error::NoProof { error, .. } => return Self { message, hint, ..Self::from(&error) },
            Error::HandOver { .. } => "hand_over",
            Error::EndsNoLater { .. } => "ends_no_later",
            Error::Broken { left: Left::HandedOver, .. } => "not_noted",
            Error::Broken { error, .. } => return Self { message, ..Self::from(*error) },
            _ => "invalid",
        };
        Self { exit, kind, message, hint, status: None }
    }
}

impl From<fleet::Error> for Failure {
    fn from(error: fleet::Error) -> Self {
        let kind = match error {
            fleet::Error::Rotation(error) => return (*error).into(),
            fleet::Error::Manifest { .. } | fleet::Error::NoManifest { .. } => "manifest",
            fleet::Error::Held { .. } => "held",
            fleet::Error::Figures { .. } => "output",
            fleet::Error::NoFolder => "configuration",
            fleet::Error::NotDeleted { .. } => "changed",
            fleet::Error::Delivery { .. } => "delivery",
            fleet::Error::Postponed => "postponed",
            fleet::Error::Locked => "locked",
        };
        failure(error.exit(), kind, &error, error.hint())
    }
}
