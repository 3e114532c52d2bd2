//! Stopping and restarting the deployment of a model.

use super::list::row::{Deployed, Row};
use crate::tui::call::Call;
use crate::tui::decision::Decision;
use crate::tui::effect::Effect;
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::requests::Kind;
use crate::tui::shared::Shared;

/// Asks whether the deployment is to be stopped.
pub fn ask_stop(shared: &mut Shared, row: &Row) -> Outcome {
    let path = row.path();
    if row.deployed.deployment().is_none() {
        let why = match row.deployed {
            Deployed::Read(_) => "has no deployment to stop",
            _ => "has a deployment that is not known yet: try again when its status is shown",
        };
        shared.notices.warning(shared.now, format!("{path} {why}"));
        return Outcome::done();
    }
    let lines = vec![
        format!("The deployment of {path} is stopped, with all its replicas."),
        "Calls of the model fail until it is deployed again.".to_owned(),
    ];
    let then = Decision::StopModel(row.model.id.clone());
    Question::new(format!("Stop {path}?"), lines, "Stop", then).ask()
}

/// Restarts the deployment; one that answers calls only after a question.
pub fn ask_restart(shared: &mut Shared, row: &Row) -> Outcome {
    let path = row.path();
    let Some(deployment) = row.deployed.deployment() else {
        shared.notices.info(shared.now, format!("{path} has no deployment to restart"));
        return Outcome::done();
    };
    if matches!(deployment.status.as_str(), "stopped" | "failed") {
        return restart(shared, row).into();
    }
    let lines = vec![
        format!("The deployment of {path} is restarted, with all its replicas."),
        "Calls in flight are lost, and new calls fail until it is up again.".to_owned(),
    ];
    let then = Decision::RestartModel(row.model.id.clone());
    Question::new(format!("Restart {path}?"), lines, "Restart", then).ask()
}

/// Restarts the deployment.
pub fn restart(shared: &mut Shared, row: &Row) -> Option<Effect> {
    let deployment = Box::new(row.deployed.deployment()?.clone());
    let what = format!("restarting {}", row.path());
    Some(shared.start(Kind::Change, what, Call::RestartModel(deployment)).1)
}

/// Stops the deployment.
pub fn stop(shared: &mut Shared, row: &Row) -> Option<Effect> {
    let deployment = Box::new(row.deployed.deployment()?.clone());
    let what = format!("stopping {}", row.path());
    Some(shared.start(Kind::Change, what, Call::StopModel(deployment)).1)
}
