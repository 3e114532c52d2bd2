//! Models that cannot answer any request.

use super::facts::{DeploymentFacts, Facts, ModelState};
use super::{Action, Cause, Diagnosis};

/// Why the deployment cannot answer; `None` if it can, or if nothing is known.
pub(super) fn model_state(facts: &Facts) -> Option<Diagnosis> {
    let deployment = facts.deployment.get()?;
    let model = &facts.model_name;
    let restart = || Action::RestartDeployment {
        project_id: facts.project_id.clone(),
        model_id: facts.model_id.clone(),
    };
    let found = match &deployment.state {
        ModelState::Up | ModelState::Other(_) => return None,
        ModelState::Deploying => {
            Diagnosis::new(Cause::Deploying, format!("{model} is being deployed and does not answer yet."))
                .remedy("Wait until its status is deployed, then test again.")
                .action(Action::TestAgain)
        }
        ModelState::Stopped => {
            Diagnosis::new(Cause::Stopped, format!("The deployment of {model} is stopped."))
                .remedy("Restart it (this needs write permission in the project), then test again.")
                .action(restart())
        }
        ModelState::Failed => Diagnosis::new(
            Cause::DeploymentFailed,
            format!("The deployment of {model} has failed."),
        )
        .remedy("Look at its log in the browser (Models > Deployments), mend what it says, and deploy again.")
        .action(restart()),
        ModelState::NeverDeployed => never_deployed(model, deployment),
    };
    Some(found)
}

fn never_deployed(model: &str, deployment: &DeploymentFacts) -> Diagnosis {
    match deployment.build_status.as_str() {
        "build failed" | "timedout" => Diagnosis::new(
            Cause::BuildFailed,
            format!("{model} was never deployed: its last build ended as \"{}\".", deployment.build_status),
        )
        .remedy(
            "See its builds for the reason; the whole log is in the browser (Models > Builds). Mend it, and build again.",
        ),
        "pending" | "queued" | "building" | "pushing" => Diagnosis::new(
            Cause::Deploying,
            format!("{model} is being built ({}) and does not answer yet.", deployment.build_status),
        )
        .remedy("Wait until it is deployed, then test again.")
        .action(Action::TestAgain),
        _ => Diagnosis::new(Cause::NotDeployed, format!("{model} is not deployed."))
            .remedy("Deploy a build of it, then test again."),
    }
}
