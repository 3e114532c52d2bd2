//! What any action can fail with.

use std::fmt;

use super::Exit;
use crate::{api, config};

/// Candidates that an error names.
const NAMED: usize = 10;

/// Why an action did not do what was asked. Actions with reasons of their own have an error of
/// their own, which holds this one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Api(#[from] api::Error),
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The session may change nothing.
    #[error("read-only: {what} is not allowed")]
    ReadOnly { what: &'static str },
    /// Nothing that the user sees is called that.
    #[error("{}", kind.not_found(wanted))]
    NotFound { kind: Kind, wanted: String },
    /// A name or the beginning of an id fits several.
    #[error("{wanted:?} may be any of {} {}: {}", candidates.len(), kind.plural(), named(candidates))]
    Ambiguous { kind: Kind, wanted: String, candidates: Vec<String> },
}

/// What was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Build,
    Key,
    Model,
    Project,
}

impl Kind {
    fn not_found(self, wanted: &str) -> String {
        match self {
            Self::Build => format!("the model has no build whose id is or begins with {wanted:?}"),
            Self::Key => format!("there is no key whose Key ID is or begins with {wanted:?}"),
            Self::Model => format!("there is no model {wanted:?} that you see"),
            Self::Project => format!("there is no project {wanted:?} that you see"),
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Build => "builds",
            Self::Key => "keys",
            Self::Model => "models",
            Self::Project => "projects",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Build => "build",
            Self::Key => "key",
            Self::Model => "model",
            Self::Project => "project",
        })
    }
}

fn named(candidates: &[String]) -> String {
    let more = candidates.len().saturating_sub(NAMED);
    let mut named = candidates[..candidates.len() - more].join(", ");
    if more > 0 {
        named.push_str(&format!(", {more} more"));
    }
    named
}

impl Error {
    /// How a command ends with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Api(error) => error.into(),
            Self::Config(error) => error.into(),
            Self::ReadOnly { .. } | Self::Ambiguous { .. } => Exit::Invalid,
            Self::NotFound { .. } => Exit::Refused,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Api(error) => return error.hint(),
            Self::Config(error) => return error.hint(),
            Self::ReadOnly { .. } => {
                "leave out --read-only, or set read_only = false in the profile".to_owned()
            }
            Self::NotFound { kind: Kind::Key, .. } => format!(
                "`keybench keys list` shows the ids; of one, give {} characters or more",
                crate::actions::keys::id::LEAST
            ),
            Self::NotFound { kind: Kind::Build, .. } => {
                "`keybench models builds MODEL` shows the builds of a model".to_owned()
            }
            Self::NotFound { kind, .. } => format!("`keybench {kind}s list` shows the {kind}s that you see"),
            Self::Ambiguous { kind: Kind::Key, .. } => "give more of the id; nothing was changed".to_owned(),
            Self::Ambiguous { .. } => "name it in full, or by its id".to_owned(),
        })
    }
}
