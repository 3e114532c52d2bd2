//! Models: which one is meant, one call of it, its builds and its deployment.

mod builds;
mod call;
mod deploy;
mod deployment;
mod find;
mod follow;
mod list;
mod why;

pub use builds::{
    BUILDING, BuildChoice, BuildWish, Built, build, builds, current, deployable, look, runtime,
};
pub use call::{KeyChoice, ModelCall, example, transport};
pub use deploy::{DEPLOYING, Environment, Plan, Resources, amount, deploy, plan, replicas};
pub use deployment::{Verb, ask as ask_deployment, ask_latest as ask_latest_deployment};
pub use find::{find, full_name};
pub use follow::{Ended, follow_build, follow_deployment, follow_restart};
pub use list::{Shown, deployments, list, show};
pub use why::{build_failed, why};

use super::Exit;
use crate::api;
use crate::probe::CallError;

/// Why a model was not called, built, deployed, restarted or stopped.
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
    /// Nothing can be deployed, or taken as the pattern of a new build.
    #[error("{model} has no build")]
    NoBuild { model: String },
    /// A failed build cannot be deployed.
    #[error("build {build} cannot be deployed: it ended as {status:?}")]
    NotBuilt { build: String, status: String },
}

impl From<api::Error> for Error {
    fn from(error: api::Error) -> Self {
        Self::Action(error.into())
    }
}

impl Error {
    /// How a command ends with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Action(error) => error.exit(),
            Self::Call(error) => error.into(),
            Self::NoExample { .. } => Exit::Invalid,
            Self::NeverDeployed { .. } | Self::NoBuild { .. } => Exit::Refused,
            Self::NotBuilt { .. } => Exit::No,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Action(error) => error.hint(),
            Self::Call(error) => error.hint(),
            Self::NoExample { .. } => Some("give one: --request '{\"a\": 3}' or --request @FILE".to_owned()),
            Self::NeverDeployed { model } => Some(format!("deploy it: `keybench models deploy {model}`")),
            Self::NoBuild { model } => {
                Some(format!("build it: `keybench models build {model} --file FILE --function NAME`"))
            }
            Self::NotBuilt { .. } => Some(
                "choose another one that `keybench models builds` lists as built, or build it anew"
                    .to_owned(),
            ),
        }
    }
}
