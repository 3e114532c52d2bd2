//! Models: which one is meant, one call of it, and its deployment.

mod call;
mod deployment;
mod find;
mod list;

pub use call::{KeyChoice, ModelCall, example, transport};
pub use deployment::{Verb, ask as ask_deployment, ask_latest as ask_latest_deployment};
pub use find::{find, full_name};
pub use list::{Shown, list, show};

use crate::api;
use crate::probe::CallError;

/// Why a model was not called, restarted or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Action(#[from] super::Error),
    /// The request cannot be sent, or the way to the model service is not set up.
    #[error(transparent)]
    Call(#[from] CallError),
    /// No request was given, and the model's description holds none.
    #[error("{model} has no example request in its description")]
    NoExample { model: String },
    #[error("{model} was never deployed")]
    NeverDeployed { model: String },
}

impl From<api::Error> for Error {
    fn from(error: api::Error) -> Self {
        Self::Action(error.into())
    }
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Action(error) => error.hint(),
            Self::Call(error) => error.hint(),
            Self::NoExample { .. } => Some("give one: --request '{\"a\": 3}' or --request @FILE".to_owned()),
            Self::NeverDeployed { .. } => Some("deploy it in the workbench first".to_owned()),
        }
    }
}
