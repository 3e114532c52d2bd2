//! Restarting and stopping what is deployed.

use super::{Error, builds, current, full_name};
use crate::actions::may_change;
use crate::config::Session;
use crate::wire::{Model, ModelDeployment};

/// What is asked of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Restart,
    Stop,
}

impl Verb {
    /// The change as a refusal names it.
    pub fn change(self) -> &'static str {
        match self {
            Self::Restart => "restarting a model",
            Self::Stop => "stopping a model",
        }
    }
}

/// Asks it of the deployment that stands for `model` now, and gives that as it is afterwards.
///
/// # Errors
/// It was never deployed, or the workbench refuses.
pub async fn ask_latest(session: &Session, verb: Verb, model: &Model) -> Result<ModelDeployment, Error> {
    may_change(session, verb.change())?;
    let built = builds(session, &model.project.public_identifier, &model.id).await?;
    match current(&built) {
        Some((_, deployment)) => ask(session, verb, deployment).await,
        None => Err(Error::NeverDeployed { model: full_name(model) }),
    }
}

/// Asks it of `deployment`, and gives that as it is afterwards.
///
/// # Errors
/// The workbench refuses.
pub async fn ask(
    session: &Session,
    verb: Verb,
    deployment: &ModelDeployment,
) -> Result<ModelDeployment, Error> {
    may_change(session, verb.change())?;
    Ok(match verb {
        Verb::Restart => session.client.restart_deployment(deployment).await?,
        Verb::Stop => session.client.stop_deployment(deployment).await?,
    })
}
