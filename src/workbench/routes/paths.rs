//! Resolves the paths of models, builds and deployments inside the project that the gate checked.

use rusqlite::Connection;

use crate::workbench::behaviour::Why;
use crate::workbench::http::refusal::Refusal;
use crate::workbench::store::builds::{self, StoredBuild};
use crate::workbench::store::deployments::{self, StoredDeployment};
use crate::workbench::store::models::{self, StoredModel};

/// The parameters of a model's path: the project is the gate's.
#[derive(serde::Deserialize)]
pub struct ModelPath {
    pub model_id: String,
}

/// The parameters of a build's path: the project is the gate's.
#[derive(serde::Deserialize)]
pub struct BuildPath {
    #[serde(flatten)]
    model: ModelPath,
    build_id: String,
}

/// The parameters of a deployment's path: the project is the gate's.
#[derive(serde::Deserialize)]
pub struct DeploymentPath {
    #[serde(flatten)]
    build: BuildPath,
    deployment_id: String,
}

/// The model that a path names, in the project that the gate checked.
pub fn model(db: &Connection, project_id: i64, path: &ModelPath) -> Result<StoredModel, Refusal> {
    let unknown = || Refusal::new(Why::UnknownModel).with("model", &path.model_id);
    models::in_project(db, project_id, &path.model_id)?.ok_or_else(unknown)
}

/// The build that a path names, in the project that the gate checked.
pub fn build(db: &Connection, project_id: i64, path: &BuildPath) -> Result<StoredBuild, Refusal> {
    let model = self::model(db, project_id, &path.model)?;
    let unknown = || Refusal::new(Why::UnknownBuild).with("build", &path.build_id);
    builds::of_model(db, model.id, &path.build_id)?.ok_or_else(unknown)
}

/// The deployment that a path names, and its build.
pub fn deployment(
    db: &Connection,
    project_id: i64,
    path: &DeploymentPath,
) -> Result<(StoredBuild, StoredDeployment), Refusal> {
    let build = build(db, project_id, &path.build)?;
    let unknown = || Refusal::new(Why::UnknownDeployment).with("deployment", &path.deployment_id);
    let stored = deployments::of_build(db, build.id, &path.deployment_id)?.ok_or_else(unknown)?;
    Ok((build, stored))
}
