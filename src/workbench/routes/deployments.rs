//! Deployments of builds: list, create, get, restart, stop.

use axum::Extension;
use axum::extract::{Path, State};

use super::lists::list;
use super::paths::{self, BuildPath, DeploymentPath};
use super::resources;
use crate::wire::{
    CreateModelDeploymentRequest, ListModelDeploymentsResponse, ModelDeployment, ShortCreateModelDeployment,
};
use crate::workbench::Workbench;
use crate::workbench::behaviour::{Why, inferred};
use crate::workbench::http::answer::Answer;
use crate::workbench::http::auth::Caller;
use crate::workbench::http::bodies::Json;
use crate::workbench::http::gate::InProject;
use crate::workbench::http::query::Params;
use crate::workbench::http::refusal::Refusal;
use crate::workbench::lifecycle::Doom;
use crate::workbench::lifecycle::builds::{BUILT, is_on_its_way};
use crate::workbench::lifecycle::deployments::{DEPLOYING, FAILED, STOPPED, STOPPING, wanted};
use crate::workbench::store::builds::StoredBuild;
use crate::workbench::store::deployments::{self, StoredDeployment};
use crate::workbench::store::models as model_rows;

pub async fn list_of_build(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<BuildPath>,
    params: Params,
) -> Result<Answer<ListModelDeploymentsResponse>, Refusal> {
    let build = workbench.store().read(move |db| paths::build(db, project.stored.id, &path)).await?;
    let (scope, place) = (deployments::scope(build.id), format!("deployments of build {}", build.id));
    let page = list(&workbench, &params, &deployments::LISTING, scope, &place, deployments::from_row).await?;
    let unset = &workbench.behaviour().names.unset_time;
    let resting_on =
        page.any(|stored| stored.deployment.stopped_at.is_empty()).then_some(inferred::UNSET_TIME);
    let answer = page.answer(|stored, next_page_token| ListModelDeploymentsResponse {
        model_deployments: stored.into_iter().map(|stored| message(stored, unset)).collect(),
        next_page_token,
    });
    Ok(answer.inferred_all(resting_on))
}

pub async fn show(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<DeploymentPath>,
) -> Result<Answer<ModelDeployment>, Refusal> {
    let found = workbench.store().read(move |db| paths::deployment(db, project.stored.id, &path)).await?;
    Ok(answer(&workbench, found.1))
}

pub async fn create(
    State(workbench): State<Workbench>,
    caller: Caller,
    project: InProject,
    Path(path): Path<BuildPath>,
    doom: Option<Extension<Doom>>,
    Json(wish): Json<CreateModelDeploymentRequest>,
) -> Result<Answer<ModelDeployment>, Refusal> {
    let short = ShortCreateModelDeployment {
        cpu: wish.cpu,
        memory: wish.memory,
        nvidia_gpus: wish.nvidia_gpus,
        environment: wish.environment,
        replicas: wish.replicas,
        ..ShortCreateModelDeployment::default()
    };
    resources::check(&short)?;
    let (user_id, project_id, now) = (caller.user().id, project.stored.id, workbench.now());
    let created = workbench.store().write(move |db| {
        let build = paths::build(db, project_id, &path)?;
        if !is_on_its_way(&build) {
            check_built(&build)?;
        }
        let model = model_rows::by_id(db, build.model_id)?.ok_or(Why::Internal)?;
        let new = ModelDeployment {
            accelerator_label_id: wish.accelerator_label_id,
            resource_group_id: wish.resource_group_id,
            resource_profile_id: wish.resource_profile_id,
            ..wanted(&short, model.model.default_replication_policy.num_replicas.0)
        };
        let id = deployments::insert(db, build.model_id, build.id, user_id, &new, now)?;
        deployments::by_id(db, id)?.ok_or_else(|| Refusal::new(Why::Internal))
    });
    let stored = created.await?;
    workbench.lifecycle().doom(&stored.deployment.id, doom.map(|Extension(doom)| doom));
    // The build starts what waits for it (OBSERVED: five programs post both without waiting).
    if stored.build_status == BUILT {
        workbench.lifecycle().begin_deployment(stored.clone());
    }
    Ok(answer(&workbench, stored))
}

pub async fn restart(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<DeploymentPath>,
    doom: Option<Extension<Doom>>,
) -> Result<Answer<ModelDeployment>, Refusal> {
    let now = workbench.now();
    let changed = workbench.store().write(move |db| {
        let (build, stored) = paths::deployment(db, project.stored.id, &path)?;
        check_built(&build)?;
        deployments::set_status(db, stored.id, DEPLOYING, now)?;
        deployments::by_id(db, stored.id)?.ok_or_else(|| Refusal::new(Why::Internal))
    });
    let stored = changed.await?;
    workbench.lifecycle().doom(&stored.deployment.id, doom.map(|Extension(doom)| doom));
    workbench.lifecycle().begin_restart(stored.clone());
    Ok(answer(&workbench, stored))
}

/// Stopping what is stopped changes nothing, and is not an error.
pub async fn stop(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<DeploymentPath>,
) -> Result<Answer<ModelDeployment>, Refusal> {
    let now = workbench.now();
    let changed = workbench.store().write(move |db| {
        let (_, stored) = paths::deployment(db, project.stored.id, &path)?;
        if matches!(stored.deployment.status.as_str(), STOPPING | STOPPED | FAILED) {
            return Ok((stored, false));
        }
        deployments::set_status(db, stored.id, STOPPING, now)?;
        let stored = deployments::by_id(db, stored.id)?.ok_or_else(|| Refusal::new(Why::Internal))?;
        Ok::<_, Refusal>((stored, true))
    });
    let (stored, stopping) = changed.await?;
    if stopping {
        workbench.lifecycle().begin_stop(stored.clone());
    }
    Ok(answer(&workbench, stored))
}

fn check_built(build: &StoredBuild) -> Result<(), Refusal> {
    if build.build.status == BUILT {
        return Ok(());
    }
    let detail = format!("the build is not built, its status is: {}", build.build.status);
    Err(Refusal::new(Why::NotNow).with("detail", detail))
}

fn answer(workbench: &Workbench, stored: StoredDeployment) -> Answer<ModelDeployment> {
    let resting_on = stored.deployment.stopped_at.is_empty().then_some(inferred::UNSET_TIME);
    Answer::new(message(stored, &workbench.behaviour().names.unset_time)).inferred_all(resting_on)
}

fn message(stored: StoredDeployment, unset: &str) -> ModelDeployment {
    let mut deployment = stored.deployment;
    if deployment.stopped_at.is_empty() {
        deployment.stopped_at.push_str(unset);
    }
    deployment
}
