//! Stopping and restarting the deployment of a model.

use super::list::row::{Deployed, Row};
use crate::tui::call::Call;
use crate::tui::decision::Decision;
use crate::tui::effect::Effect;
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::requests::Kind;
use crate::tui::shared::Shared;
use crate::wire::{DeploymentState, ModelDeployment};

/// The deployment that stands for a model.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// `project/name`
    pub path: &'a str,
    pub model_id: &'a str,
    pub deployment: Option<&'a ModelDeployment>,
    /// Whether it is known that there is none.
    pub known: bool,
}

impl<'a> Target<'a> {
    /// What a listed model has; `path` is its own.
    pub fn of(row: &'a Row, path: &'a str) -> Self {
        let known = matches!(row.deployed, Deployed::Read(_));
        Self { path, model_id: &row.model.id, deployment: row.deployed.deployment(), known }
    }

    /// Restarts the deployment.
    pub fn restart(self, shared: &mut Shared) -> Option<Effect> {
        let deployment = Box::new(self.deployment?.clone());
        let what = format!("restarting {}", self.path);
        Some(shared.start(Kind::Change, what, Call::RestartModel(deployment)).1)
    }

    /// Stops the deployment.
    pub fn stop(self, shared: &mut Shared) -> Option<Effect> {
        let deployment = Box::new(self.deployment?.clone());
        let what = format!("stopping {}", self.path);
        Some(shared.start(Kind::Change, what, Call::StopModel(deployment)).1)
    }
}

/// Asks whether the deployment is to be stopped.
pub fn ask_stop(shared: &mut Shared, target: Target<'_>) -> Outcome {
    let path = target.path;
    let rests = target.deployment.is_some_and(|it| is_at_rest(it.state()));
    if target.deployment.is_none() || rests {
        let why = match target.known {
            true => "has no deployment to stop: nothing runs",
            false => "has a deployment that is not known yet: try again when its status is shown",
        };
        shared.notices.warning(shared.now, format!("{path} {why}"));
        return Outcome::done();
    }
    let lines = vec![
        format!("The deployment of {path} is stopped, with all its replicas."),
        "Calls of the model fail until it is deployed again.".to_owned(),
    ];
    let then = Decision::StopModel(target.model_id.to_owned());
    Question::new(format!("Stop {path}?"), lines, "Stop", then).ask()
}

/// Restarts the deployment; one that answers calls only after a question.
pub fn ask_restart(shared: &mut Shared, target: Target<'_>) -> Outcome {
    let path = target.path;
    let Some(deployment) = target.deployment else {
        shared.notices.info(shared.now, format!("{path} has no deployment to restart"));
        return Outcome::done();
    };
    if is_at_rest(deployment.state()) {
        return target.restart(shared).into();
    }
    let lines = vec![
        format!("The deployment of {path} is restarted, with all its replicas."),
        "Calls in flight are lost, and new calls fail until it is up again.".to_owned(),
    ];
    let then = Decision::RestartModel(target.model_id.to_owned());
    Question::new(format!("Restart {path}?"), lines, "Restart", then).ask()
}

/// Does what was agreed to, to the deployment of a listed model.
pub fn agreed(shared: &mut Shared, row: Option<&Row>, decision: &Decision) -> Option<Effect> {
    let row = row?;
    let path = row.path();
    match decision {
        Decision::StopModel(_) => Target::of(row, &path).stop(shared),
        _ => Target::of(row, &path).restart(shared),
    }
}

fn is_at_rest(state: DeploymentState) -> bool {
    matches!(state, DeploymentState::Stopped | DeploymentState::Failed)
}
