//! What a dialog has brought about.

use crate::actions::models::{Built, Environment};
use crate::text;
use crate::tui::call::{BuildAnswer, Deployed};
use crate::tui::event::Event;
use crate::tui::layer::Outcome;
use crate::tui::shared::Shared;
use crate::wire::{BuildState, DeploymentState};

/// A build was begun or a deployment made; says so, and tells the other layers.
pub fn made(shared: &mut Shared, answer: BuildAnswer) -> Outcome {
    match answer {
        BuildAnswer::Begun { model_id, done: Ok(build) } => {
            let text = format!("build {} is {}", text::short_id(&build.id), text::clean(&build.status));
            shared.notices.info(shared.now, text);
            Outcome::event(Event::BuildsChanged { model_id, begun: Some(build.id), deployed: None })
        }
        BuildAnswer::Deployed { model_id, done: Ok(Deployed { built, environment }) } => {
            let status = built.deployment.as_ref().map(|it| text::clean(&it.status).into_owned());
            let id = text::short_id(&built.build.id);
            let text = format!("the deployment of build {id} is {}", status.unwrap_or_default());
            match environment {
                Environment::Kept(_) => shared.notices.info(shared.now, text),
                Environment::Unreadable => shared.notices.warning(
                    shared.now,
                    format!("{text}, without environment variables: those of the last one cannot be read"),
                ),
            }
            Outcome::event(Event::BuildsChanged { model_id, begun: None, deployed: Some(built) })
        }
        other => {
            if let Some(error) = other.error() {
                shared.notices.failed(shared.now, error);
            }
            Outcome::done()
        }
    }
}

/// Says that what was in progress for the model at `path` has come to its end.
pub fn ended(shared: &mut Shared, path: &str, before: &Built, now: &Built) {
    let id = format!("{path}: build {}", text::short_id(&now.build.id));
    match (before.build.state(), now.build.state()) {
        (BuildState::OnItsWay, BuildState::Built) => {
            shared.notices.info(shared.now, format!("{id} is built"));
        }
        (BuildState::OnItsWay, BuildState::Failed) => {
            let status = text::clean(&now.build.status);
            shared.notices.error(shared.now, format!("{id} ended as \"{status}\""), None);
        }
        _ => {}
    }
    let state = |built: &Built| built.deployment.as_ref().map(|it| (it.id.clone(), it.state()));
    let (Some((known, DeploymentState::OnItsWay)), Some((same, now))) = (state(before), state(now)) else {
        return;
    };
    match now {
        DeploymentState::Up if known == same => {
            shared.notices.info(shared.now, format!("{id} is deployed"));
        }
        DeploymentState::Failed if known == same => {
            shared.notices.error(shared.now, format!("{id} could not be deployed"), None);
        }
        _ => {}
    }
}
