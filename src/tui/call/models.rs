//! The list of models, page by page.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};

use super::{Answer, CallContext, ListScope, site};
use crate::actions::models::{self, Verb, ask_deployment};
use crate::api::{self, PageQuery, Pages, ProjectScope, Room, all_pages};
use crate::config::Session;
use crate::wire::{Model, ModelDeployment};

/// Rows a page: few round trips for a long list, and something to show soon.
const PAGE: u32 = 500;
/// Projects whose models are asked for at a time.
const AT_A_TIME: usize = 8;

/// Lists models; pages of models and projects go out as they come.
pub(super) async fn list(scope: ListScope, context: &CallContext) -> Result<(), api::Error> {
    let client = &context.session.client;
    let show = |answer| context.progress(answer);
    // The interface holds all that it shows.
    let room = Room::default();
    let scope = match scope {
        ListScope::Mine => {
            // SPEC does not say whether the list of all models includes public ones and, for an
            // administrator, those of the whole site. So it is reduced to projects that the user owns
            // or collaborates in.
            let projects = all_pages(PageQuery::sized(PAGE), |query| async move {
                client.projects_page(ProjectScope::Mine, &query).await
            });
            let projects = projects.await?;
            let mine: HashSet<String> = projects.iter().map(|project| project.id.clone()).collect();
            show(Answer::ProjectsPage(projects));
            let mut pages =
                Pages::new(PageQuery::sized(PAGE), |query| async move { client.models_page(&query).await })
                    .within(&room);
            while let Some(models) = pages.next().await {
                let mut models = models?;
                models.retain(|model| mine.contains(&model.project.public_identifier));
                show(Answer::ModelsPage(models));
            }
            return Ok(());
        }
        ListScope::Public => ProjectScope::Public,
        ListScope::All => ProjectScope::All,
    };
    // The list of all models knows no such choice (SPEC), so the projects are walked.
    let mut pages =
        Pages::new(PageQuery::sized(PAGE), |query| async move { client.projects_page(scope, &query).await })
            .within(&room);
    while let Some(projects) = pages.next().await {
        let projects = projects?;
        let ids: Vec<String> = projects.iter().map(|project| project.id.clone()).collect();
        show(Answer::ProjectsPage(projects));
        let mut lists =
            stream::iter(ids).map(|id| project_models(client, id, &room)).buffer_unordered(AT_A_TIME);
        while let Some(models) = lists.next().await {
            show(Answer::ModelsPage(models?));
        }
    }
    Ok(())
}

async fn project_models(
    client: &api::Client,
    project_id: String,
    room: &Room,
) -> Result<Vec<Model>, api::Error> {
    let id = &project_id;
    let fetch = |query| async move { client.project_models_page(id, &query).await };
    Pages::new(PageQuery::sized(PAGE), fetch).within(room).all().await
}

pub(super) async fn deployment(client: &api::Client, project_id: String, model_id: String) -> Answer {
    let found = client.latest_deployment(&project_id, &model_id).await;
    Answer::Deployment { model_id, found: found.map(|found| found.map(Box::new)) }
}

pub(super) async fn project(client: &api::Client, project_id: String) -> Answer {
    let project = client.project(&project_id).await.map(Box::new);
    Answer::Project { project_id, project }
}

/// Restarts or stops a deployment.
pub(super) async fn ask(session: &Session, verb: Verb, deployment: ModelDeployment) -> Answer {
    let done = ask_deployment(session, verb, &deployment).await.map(Box::new).map_err(api_error);
    let what = match verb {
        Verb::Restart => "restart",
        Verb::Stop => "stop",
    };
    Answer::DeploymentAsked { model_id: deployment.model_id, what, done }
}

/// What an action on a model failed with, as an answer carries it.
pub(super) fn api_error(error: models::Error) -> api::Error {
    match error {
        models::Error::Action(error) => site::api_error(error),
        other => api::Error::invalid(other.to_string(), other.hint().unwrap_or_default()),
    }
}
