//! Which models there are, and what there is to know about one.

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::{Built, build_failed, builds, current, find, why};
use crate::actions::{Error, projects};
use crate::api::{self, PageQuery, Pages};
use crate::config::Session;
use crate::wire::{BuildState, Model, ModelBuild, ModelDeployment};

/// Rows a page of a list that is shown as it comes.
const PAGE: u32 = 500;
/// Models whose deployments are asked for at a time.
const AT_A_TIME: usize = 8;

/// A model, and the deployment that stands for it now.
#[derive(Debug, Clone)]
pub struct Shown {
    pub model: Model,
    /// `None`: it was never deployed.
    pub latest: Option<(ModelBuild, ModelDeployment)>,
    /// Why it is not running; empty where it runs, or nothing was asked of it.
    pub why: Vec<String>,
}

/// The models of `project`, or of all projects of the user, page by page. The stream ends after an
/// error.
///
/// # Errors
/// There is no such project, or several fit.
pub async fn list<'a>(
    session: &'a Session,
    project: Option<&str>,
) -> Result<BoxStream<'a, Result<Vec<Model>, api::Error>>, Error> {
    let client = &session.client;
    let query = PageQuery::sized(PAGE);
    let Some(wanted) = project else {
        let pages = Pages::new(query, move |query| async move { client.models_page(&query).await });
        return Ok(pages.stream().boxed());
    };
    let id = projects::find(client, wanted).await?.id;
    let fetch = move |query| {
        let id = id.clone();
        async move { client.project_models_page(&id, &query).await }
    };
    Ok(Pages::new(query, fetch).stream().boxed())
}

/// The deployment that stands for each of `models` now, in their order; `None`: it was never deployed.
/// The list of models does not say it (SPEC), so this takes two requests a model, or more where the
/// newest build is not the one that is deployed.
pub async fn deployments(
    session: &Session,
    models: &[Model],
) -> Vec<Result<Option<ModelDeployment>, api::Error>> {
    let latest = |model: &Model| {
        let (project, model) = (model.project.public_identifier.clone(), model.id.clone());
        async move {
            let latest = session.client.latest_deployment(&project, &model).await?;
            Ok(latest.map(|(_, deployment)| deployment))
        }
    };
    let all: Vec<_> = models.iter().map(latest).collect();
    stream::iter(all).buffered(AT_A_TIME).collect().await
}

/// Finds a model as [`find`] does, its latest deployment, and why that is not running.
///
/// # Errors
/// There is no such model, several fit, or the workbench refuses.
pub async fn show(session: &Session, wanted: &str) -> Result<Shown, Error> {
    let model = find(session, wanted).await?;
    let project = &model.project.public_identifier;
    let built = builds(session, project, &model.id).await?;
    let latest = current(&built).map(|(build, deployment)| (build.clone(), deployment.clone()));
    let why = match (&latest, built.first()) {
        (Some((build, deployment)), _) => why(session, &model, build, deployment).await,
        (None, Some(Built { build, .. })) if build.state() == BuildState::Failed => build_failed(build),
        (None, _) => Vec::new(),
    };
    Ok(Shown { model, latest, why })
}
