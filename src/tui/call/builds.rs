//! The builds of a model: what there is, a new one, the deployment of one.

use super::build_call::{BuildAnswer, BuildCall, Deployed};
use super::{Answer, models};
use crate::actions::models::{self as rules, Built, Environment, Plan};
use crate::config::Session;
use crate::wire::ModelDeployment;

/// Carries out a call about builds.
pub(super) async fn run(session: &Session, call: BuildCall) -> Answer {
    Answer::Builds(match call {
        BuildCall::List { project_id, model_id } => {
            BuildAnswer::Listed(rules::builds(session, &project_id, &model_id).await)
        }
        BuildCall::Glance { project_id, model_id } => {
            BuildAnswer::Glanced(session.client.builds(&project_id, &model_id).await)
        }
        BuildCall::Look { project_id, model_id, built } => {
            let answer = rules::look(session, &project_id, built).await;
            BuildAnswer::Looked { model_id, answer }
        }
        BuildCall::Why(of) => {
            let (model, Built { build, deployment }) = *of;
            let deployment = deployment.unwrap_or_default();
            let lines = rules::why(session, &model, &build, &deployment).await;
            BuildAnswer::Why { deployment_id: deployment.id, lines }
        }
        BuildCall::Begin { model, wish } => {
            let done = rules::build(session, &model, wish).await;
            BuildAnswer::Begun { model_id: model.id, done: done.map(Box::new).map_err(models::api_error) }
        }
        BuildCall::Deploy(plan) => {
            let done = rules::deploy(session, &plan).await.map_err(models::api_error);
            let Plan { model, build, .. } = *plan;
            let made = |(deployment, environment): (ModelDeployment, Environment)| {
                let built = Box::new(Built { build, deployment: Some(deployment) });
                Deployed { built, environment }
            };
            BuildAnswer::Deployed { model_id: model.id, done: done.map(made) }
        }
    })
}
