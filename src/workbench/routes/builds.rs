//! Builds of models: listed, begun, shown, deleted.

use axum::extract::{Path, State};
use rusqlite::Connection;

use super::lists::list;
use super::models::{self, ModelPath};
use super::resources;
use crate::wire::{
    CreateModelBuildRequest, Empty, ListModelBuildsResponse, ModelBuild, ShortCreateModelBuild,
};
use crate::workbench::Workbench;
use crate::workbench::answer::{Answer, done};
use crate::workbench::auth::Caller;
use crate::workbench::behaviour::{Why, inferred};
use crate::workbench::body::Json;
use crate::workbench::gate::InProject;
use crate::workbench::ids;
use crate::workbench::kernels::Kernel;
use crate::workbench::lifecycle::{builds as states, kernel_of};
use crate::workbench::python;
use crate::workbench::query::Params;
use crate::workbench::refusal::{Refusal, bad_value};
use crate::workbench::store::builds::{self, StoredBuild};

/// Where the path of a build leads: the project is the gate's.
#[derive(serde::Deserialize)]
pub struct BuildPath {
    #[serde(flatten)]
    pub model: ModelPath,
    pub build_id: String,
}

pub async fn list_of_model(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<ModelPath>,
    params: Params,
) -> Result<Answer<ListModelBuildsResponse>, Refusal> {
    let model = workbench.store().read(move |db| models::find(db, project.stored.id, &path)).await?;
    let (scope, place) = (builds::scope(model.id), format!("builds of model {}", model.id));
    let page = list(&workbench, &params, &builds::LISTING, scope, &place, builds::from_row).await?;
    let unset = &workbench.behaviour().names.unset_time;
    let resting_on = page.any(|stored| stored.build.built_at.is_empty()).then_some(inferred::UNSET_TIME);
    let answer = page.answer(|stored, next_page_token| ListModelBuildsResponse {
        model_builds: stored.into_iter().map(|stored| told(stored, unset)).collect(),
        next_page_token,
    });
    Ok(answer.inferred_all(resting_on))
}

pub async fn show(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<BuildPath>,
) -> Result<Answer<ModelBuild>, Refusal> {
    let stored = workbench.store().read(move |db| find(db, project.stored.id, &path)).await?;
    Ok(answer(&workbench, stored))
}

pub async fn create(
    State(workbench): State<Workbench>,
    caller: Caller,
    project: InProject,
    Path(path): Path<ModelPath>,
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
        let model = models::find(db, project_id, &path)?;
        let id = builds::insert(db, model.id, user_id, &build, deploy.as_ref(), now)?;
        builds::by_id(db, id)?.ok_or_else(|| Refusal::new(Why::Internal))
    });
    let stored = created.await?;
    workbench.lifecycle().begin_build(stored.id);
    Ok(answer(&workbench, stored))
}

pub async fn remove(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<BuildPath>,
) -> Result<Answer<Empty>, Refusal> {
    let deleted = workbench.store().write(move |db| {
        let stored = find(db, project.stored.id, &path)?;
        builds::delete(db, stored.id).map_err(Refusal::from)
    });
    deleted.await?;
    workbench.lifecycle().begin_clearing();
    Ok(done())
}

/// The build that a path names, in the project that the gate let through.
pub fn find(db: &Connection, project_id: i64, path: &BuildPath) -> Result<StoredBuild, Refusal> {
    let model = models::find(db, project_id, &path.model)?;
    let unknown = || Refusal::new(Why::UnknownBuild).with("build", &path.build_id);
    builds::of_model(db, model.id, &path.build_id)?.ok_or_else(unknown)
}

/// A build as it enters the store.
pub fn new_build(wish: ShortCreateModelBuild) -> ModelBuild {
    ModelBuild {
        id: ids::uuid(),
        status: states::PENDING.to_owned(),
        comment: wish.comment,
        file_path: wish.file_path,
        function_name: wish.function_name,
        kernel: wish.kernel,
        runtime_identifier: wish.runtime_identifier,
        runtime_addon_identifiers: wish.runtime_addon_identifiers,
        registered_model_version_id: wish.registered_model_version_id,
        model_root_dir: wish.model_root_dir,
        build_script_path: wish.build_script_path,
        ..ModelBuild::default()
    }
}

/// Refuses what can be seen to be wrong without building: kernels that are not embedded, paths
/// that leave the project's folder. What only loading the file shows fails the build instead.
pub fn check(workbench: &Workbench, project: &InProject, build: &ModelBuild) -> Result<(), Refusal> {
    if !build.registered_model_version_id.is_empty() {
        let detail = "the model registry is not embedded; name a file_path and a function_name";
        return Err(bad_value("registered_model_version_id", detail));
    }
    match kernel_of(build) {
        Ok(Kernel::Builtin(_)) => Ok(()),
        Ok(Kernel::Python) => {
            for (name, value) in [("file_path", &build.file_path), ("function_name", &build.function_name)] {
                if value.is_empty() {
                    return Err(bad_value(name, "a Python model needs it"));
                }
            }
            let folder = workbench.project_folder(&project.stored.directory);
            let outside =
                |name: &'static str| move |outside: python::Outside| bad_value(name, outside.to_string());
            let root = python::inside(&folder, &build.model_root_dir).map_err(outside("model_root_dir"))?;
            python::inside(&root, &build.file_path).map_err(outside("file_path")).map(drop)
        }
        Err(none) => {
            let name = if build.runtime_identifier.is_empty() { "kernel" } else { "runtime_identifier" };
            Err(bad_value(name, none.to_string()))
        }
    }
}

fn answer(workbench: &Workbench, stored: StoredBuild) -> Answer<ModelBuild> {
    let resting_on = stored.build.built_at.is_empty().then_some(inferred::UNSET_TIME);
    Answer::new(told(stored, &workbench.behaviour().names.unset_time)).inferred_all(resting_on)
}

fn told(stored: StoredBuild, unset: &str) -> ModelBuild {
    let mut build = stored.build;
    if build.built_at.is_empty() {
        build.built_at.push_str(unset);
    }
    build
}
