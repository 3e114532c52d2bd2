//! Builds of models: list, create, get, delete.

use axum::Extension;
use axum::extract::{Path, State};

use super::build_wishes::{check, new_build};
use super::lists::list;
use super::paths::{self, BuildPath, ModelPath};
use super::resources;
use crate::wire::{
    CreateModelBuildRequest, Empty, ListModelBuildsResponse, ModelBuild, ShortCreateModelBuild,
};
use crate::workbench::Workbench;
use crate::workbench::behaviour::{Why, inferred};
use crate::workbench::http::answer::{Answer, done};
use crate::workbench::http::auth::Caller;
use crate::workbench::http::bodies::Json;
use crate::workbench::http::gate::InProject;
use crate::workbench::http::query::Params;
use crate::workbench::http::refusal::Refusal;
use crate::workbench::lifecycle::Doom;
use crate::workbench::store::builds::{self, StoredBuild};

pub async fn list_of_model(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<ModelPath>,
    params: Params,
) -> Result<Answer<ListModelBuildsResponse>, Refusal> {
    let model = workbench.store().read(move |db| paths::model(db, project.stored.id, &path)).await?;
    let (scope, place) = (builds::scope(model.id), format!("builds of model {}", model.id));
    let page = list(&workbench, &params, &builds::LISTING, scope, &place, builds::from_row).await?;
    let unset = &workbench.behaviour().names.unset_time;
    let resting_on = page.any(|stored| stored.build.built_at.is_empty()).then_some(inferred::UNSET_TIME);
    let answer = page.answer(|stored, next_page_token| ListModelBuildsResponse {
        model_builds: stored.into_iter().map(|stored| message(stored, unset)).collect(),
        next_page_token,
    });
    Ok(answer.inferred_all(resting_on))
}

pub async fn show(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<BuildPath>,
) -> Result<Answer<ModelBuild>, Refusal> {
    let stored = workbench.store().read(move |db| paths::build(db, project.stored.id, &path)).await?;
    Ok(answer(&workbench, stored))
}

pub async fn create(
    State(workbench): State<Workbench>,
    caller: Caller,
    project: InProject,
    Path(path): Path<ModelPath>,
    doom: Option<Extension<Doom>>,
    Json(wish): Json<CreateModelBuildRequest>,
) -> Result<Answer<ModelBuild>, Refusal> {
    resources::check(&wish.auto_deployment_config)?;
    let deploy = wish.auto_deploy_model.then(|| wish.auto_deployment_config.clone());
    let build = new_build(ShortCreateModelBuild {
        comment: wish.comment,
        file_path: wish.file_path,
        function_name: wish.function_name,
        kernel: wish.kernel,
        runtime_identifier: wish.runtime_identifier,
        runtime_addon_identifiers: wish.runtime_addon_identifiers,
        registered_model_version_id: wish.registered_model_version_id,
        model_root_dir: wish.model_root_dir,
        build_script_path: wish.build_script_path,
    });
    check(&workbench, &project, &build)?;
    let (user_id, project_id, now) = (caller.user().id, project.stored.id, workbench.now());
    let created = workbench.store().write(move |db| {
        let model = paths::model(db, project_id, &path)?;
        let id = builds::insert(db, model.id, user_id, &build, deploy.as_ref(), now)?;
        builds::by_id(db, id)?.ok_or_else(|| Refusal::new(Why::Internal))
    });
    let stored = created.await?;
    workbench.lifecycle().doom(&stored.build.id, doom.map(|Extension(doom)| doom));
    workbench.lifecycle().begin_build(stored.id);
    Ok(answer(&workbench, stored))
}

pub async fn remove(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<BuildPath>,
) -> Result<Answer<Empty>, Refusal> {
    let deleted = workbench.store().write(move |db| {
        let stored = paths::build(db, project.stored.id, &path)?;
        builds::delete(db, stored.id).map_err(Refusal::from)
    });
    deleted.await?;
    workbench.lifecycle().begin_clearing();
    Ok(done())
}

fn answer(workbench: &Workbench, stored: StoredBuild) -> Answer<ModelBuild> {
    let resting_on = stored.build.built_at.is_empty().then_some(inferred::UNSET_TIME);
    Answer::new(message(stored, &workbench.behaviour().names.unset_time)).inferred_all(resting_on)
}

fn message(stored: StoredBuild, unset: &str) -> ModelBuild {
    let mut build = stored.build;
    if build.built_at.is_empty() {
        build.built_at.push_str(unset);
    }
    build
}
