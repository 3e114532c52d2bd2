//! Models: list, create, update, delete.

use axum::extract::{Path, State};

use super::build_wishes;
use super::lists::list;
use super::paths::{self, ModelPath};
use super::resources;
use crate::wire::{
    CreateModelRequest, DefaultReplicationPolicy, DefaultResources, Empty, ListModelsResponse, Model,
    NumberText, ShortCreateModelDeployment, UpdateSingleModel, Whole,
};
use crate::workbench::Workbench;
use crate::workbench::behaviour::Why;
use crate::workbench::http::answer::{Answer, done};
use crate::workbench::http::auth::Caller;
use crate::workbench::http::bodies::Json;
use crate::workbench::http::gate::InProject;
use crate::workbench::http::query::Params;
use crate::workbench::http::refusal::{Refusal, bad_value};
use crate::workbench::ids;
use crate::workbench::store::models;
use crate::workbench::store::{StoreError, builds as build_rows, projects};

/// The longest name, in characters.
const NAME_LIMIT: usize = 255;

/// The models of all projects that the caller may see.
pub async fn list_all(
    State(workbench): State<Workbench>,
    caller: Caller,
    params: Params,
) -> Result<Answer<ListModelsResponse>, Refusal> {
    let reach = if caller.user().admin { projects::Reach::All } else { projects::Reach::Public };
    let scope = projects::scope(reach, caller.user().id);
    let place = format!("models of user {}", caller.user().id);
    let page = list(&workbench, &params, &models::ALL, scope, &place, models::from_row).await?;
    Ok(page.answer(|stored, next_page_token| ListModelsResponse {
        models: stored.into_iter().map(|stored| stored.model).collect(),
        next_page_token,
    }))
}

pub async fn list_in_project(
    State(workbench): State<Workbench>,
    project: InProject,
    params: Params,
) -> Result<Answer<ListModelsResponse>, Refusal> {
    let id = project.stored.id;
    let scope = models::scope(id);
    let page = list(
        &workbench,
        &params,
        &models::LISTING,
        scope,
        &format!("models of project {id}"),
        models::from_row,
    )
    .await?;
    Ok(page.answer(|stored, next_page_token| ListModelsResponse {
        models: stored.into_iter().map(|stored| stored.model).collect(),
        next_page_token,
    }))
}

pub async fn show(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<ModelPath>,
) -> Result<Answer<Model>, Refusal> {
    let found = workbench.store().read(move |db| paths::model(db, project.stored.id, &path)).await?;
    Ok(Answer::new(found.model))
}

pub async fn create(
    State(workbench): State<Workbench>,
    caller: Caller,
    project: InProject,
    Json(wish): Json<CreateModelRequest>,
) -> Result<Answer<Model>, Refusal> {
    let name = checked_name(&wish.name)?;
    let deployment = &wish.auto_deployment_config;
    resources::check(deployment)?;
    let build = wish.auto_build_model.then(|| build_wishes::new_build(wish.auto_build_config.clone()));
    if let Some(build) = &build {
        build_wishes::check(&workbench, &project, build)?;
    }
    let deploy = (build.is_some() && wish.auto_deploy_model).then(|| deployment.clone());
    let model = Model {
        id: ids::uuid(),
        name: name.to_owned(),
        access_key: ids::access_key().map_err(|_| Why::Internal)?,
        ..new_model(&wish)
    };
    let (user_id, project_id, now) = (caller.user().id, project.stored.id, workbench.now());
    let created = workbench.store().write(move |db| {
        let id = models::insert(db, project_id, user_id, &model, now)?;
        let build = match &build {
            Some(build) => Some(build_rows::insert(db, id, user_id, build, deploy.as_ref(), now)?),
            None => None,
        };
        Ok::<_, StoreError>((models::by_id(db, id)?, build))
    });
    let (stored, build) = created.await.map_err(duplicate)?;
    if let Some(build) = build {
        workbench.lifecycle().begin_build(build);
    }
    stored.map(|stored| Answer::new(stored.model)).ok_or_else(|| Why::Internal.into())
}

pub async fn update(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<ModelPath>,
    Json(wish): Json<UpdateSingleModel>,
) -> Result<Answer<Model>, Refusal> {
    if let Some(name) = &wish.name {
        checked_name(name)?;
    }
    if let Some(policy) = &wish.default_replication_policy {
        resources::check_replicas(Whole(policy.num_replicas.0))?;
    }
    if let Some(defaults) = &wish.default_resources {
        resources::check_defaults(defaults)?;
    }
    let now = workbench.now();
    let updated = workbench.store().write(move |db| {
        let mut stored = paths::model(db, project.stored.id, &path)?;
        apply(&mut stored.model, wish);
        models::update(db, &stored, now).map_err(duplicate)?;
        paths::model(db, project.stored.id, &path)
    });
    Ok(Answer::new(updated.await?.model))
}

pub async fn remove(
    State(workbench): State<Workbench>,
    project: InProject,
    Path(path): Path<ModelPath>,
) -> Result<Answer<Empty>, Refusal> {
    let deleted = workbench.store().write(move |db| {
        let stored = paths::model(db, project.stored.id, &path)?;
        models::delete(db, stored.id).map_err(Refusal::from)
    });
    deleted.await?;
    workbench.lifecycle().begin_clearing();
    Ok(done())
}

fn checked_name(name: &str) -> Result<&str, Refusal> {
    let trimmed = name.trim();
    if trimmed.is_empty() || trimmed.chars().count() > NAME_LIMIT || trimmed.chars().any(char::is_control) {
        let detail = format!("a model needs a name of at most {NAME_LIMIT} characters, on one line");
        return Err(bad_value("name", detail));
    }
    Ok(trimmed)
}

fn duplicate(error: StoreError) -> Refusal {
    if error.is_duplicate() { Why::DuplicateModel.into() } else { error.into() }
}

/// A new model without its name, ID and access key.
fn new_model(wish: &CreateModelRequest) -> Model {
    let ShortCreateModelDeployment { cpu, memory, nvidia_gpus, replicas, .. } = &wish.auto_deployment_config;
    // Checked before: an i64 can hold it.
    let thousandths = |value: f64, default: f64, unit: f64| {
        let value = if value > 0.0 { value } else { default };
        NumberText((value * unit).round() as i64)
    };
    Model {
        description: wish.description.clone(),
        auth_enabled: !wish.disable_authentication,
        visibility: if wish.visibility.is_empty() { "private".to_owned() } else { wish.visibility.clone() },
        registered_model_id: wish.registered_model_id.clone(),
        default_resources: DefaultResources {
            cpu_millicores: thousandths(*cpu, 1.0, 1000.0),
            memory_mb: thousandths(*memory, 2.0, 1024.0),
            nvidia_gpus: NumberText(nvidia_gpus.0),
        },
        default_replication_policy: DefaultReplicationPolicy {
            num_replicas: NumberText(replicas.0.max(1)),
            ..DefaultReplicationPolicy::default()
        },
        run_as: Whole(wish.run_as.0.max(0)),
        accelerator_label_id: wish.accelerator_label_id,
        resource_group_id: wish.resource_group_id,
        resource_profile_id: wish.resource_profile_id,
        ..Model::default()
    }
}

fn apply(model: &mut Model, wish: UpdateSingleModel) {
    fn set<T>(field: &mut T, wish: Option<T>) {
        if let Some(value) = wish {
            *field = value;
        }
    }
    set(&mut model.name, wish.name.map(|name| name.trim().to_owned()));
    set(&mut model.description, wish.description);
    set(&mut model.visibility, wish.visibility);
    set(&mut model.default_resources, wish.default_resources);
    let replicas = wish.default_replication_policy.map(|policy| policy.num_replicas);
    set(&mut model.default_replication_policy.num_replicas, replicas.filter(|replicas| replicas.0 > 0));
    set(&mut model.run_as, wish.run_as.map(|user| Whole(user.0.max(0))));
    set(&mut model.accelerator_label_id, wish.accelerator_label_id);
    set(&mut model.resource_group_id, wish.resource_group_id);
    set(&mut model.resource_profile_id, wish.resource_profile_id);
}
