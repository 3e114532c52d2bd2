//! Deployments of builds.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::columns;
use super::facts;
use super::listing::{Listing, Scope};
use super::{StoreError, micros, stamp, stamp_or_empty};
use crate::wire::{ModelDeployment, NumberText, ShortUser, Whole};

/// A deployment and the rows that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDeployment {
    pub id: i64,
    pub build_id: i64,
    pub model_id: i64,
    /// The status of its build: a deployment waits until that is built.
    pub build_status: String,
    pub deployment: ModelDeployment,
}

columns! {
    list COLUMNS in at;
    id: "d.id",
    build_id: "d.build_id",
    model_id: "d.model_id",
    project_uuid: "p.public_id",
    model_uuid: "m.uuid",
    build_uuid: "b.uuid",
    uuid: "d.uuid",
    cpu: "d.cpu",
    memory: "d.memory",
    nvidia_gpu: "d.nvidia_gpu",
    environment: "d.environment",
    created_at: "d.created_at",
    updated_at: "d.updated_at",
    stopped_at: "d.stopped_at",
    crn: "d.crn",
    deployer: "c.username",
    deployer_name: "c.name",
    deployer_email: "c.email",
    status: "d.status",
    replicas: "d.replicas",
    accelerator_label_id: "d.accelerator_label_id",
    resource_group_id: "d.resource_group_id",
    resource_profile_id: "d.resource_profile_id",
    build_status: "b.status",
}
const FROM: &str = "deployments d JOIN builds b ON b.id = d.build_id JOIN models m ON m.id = d.model_id \
     JOIN projects p ON p.id = m.project_id JOIN users c ON c.id = d.deployer_id";

/// ListModelDeployments: its specification names no keys; `status` is used (OBSERVED).
pub const LISTING: Listing =
    Listing { columns: COLUMNS, from: FROM, id: "d.id", filters: &[("status", "d.status")], sorts: &[] };

/// The deployments of one build.
pub fn scope(build_id: i64) -> Scope {
    Scope::new("d.build_id = ?", [Value::Integer(build_id)])
}

pub fn from_row(row: &Row) -> rusqlite::Result<StoredDeployment> {
    let deployment = ModelDeployment {
        project_id: row.get(at::project_uuid)?,
        model_id: row.get(at::model_uuid)?,
        build_id: row.get(at::build_uuid)?,
        id: row.get(at::uuid)?,
        cpu: row.get(at::cpu)?,
        memory: row.get(at::memory)?,
        nvidia_gpu: Whole(row.get(at::nvidia_gpu)?),
        environment: row.get(at::environment)?,
        created_at: stamp(row.get(at::created_at)?),
        updated_at: stamp(row.get(at::updated_at)?),
        stopped_at: stamp_or_empty(row.get(at::stopped_at)?),
        crn: row.get(at::crn)?,
        deployer: ShortUser {
            username: row.get(at::deployer)?,
            name: row.get(at::deployer_name)?,
            email: row.get(at::deployer_email)?,
        },
        status: row.get(at::status)?,
        replicas: Whole(row.get(at::replicas)?),
        accelerator_label_id: NumberText(row.get(at::accelerator_label_id)?),
        resource_group_id: Whole(row.get(at::resource_group_id)?),
        resource_profile_id: Whole(row.get(at::resource_profile_id)?),
    };
    Ok(StoredDeployment {
        id: row.get(at::id)?,
        build_id: row.get(at::build_id)?,
        model_id: row.get(at::model_id)?,
        build_status: row.get(at::build_status)?,
        deployment,
    })
}

/// Adds a deployment. Takes the identifier, the status and the user's input from `deployment`;
/// deployer, CRN and times are set here.
pub fn insert(
    db: &Connection,
    model_id: i64,
    build_id: i64,
    deployer_id: i64,
    deployment: &ModelDeployment,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO deployments (uuid, crn, build_id, model_id, deployer_id, cpu, memory, nvidia_gpu, environment, \
         replicas, status, accelerator_label_id, resource_group_id, resource_profile_id, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?15)",
    )?;
    Ok(insert.insert(params![
        deployment.id,
        facts::crn(db, &deployment.id)?,
        build_id,
        model_id,
        deployer_id,
        deployment.cpu,
        deployment.memory,
        deployment.nvidia_gpu.0,
        deployment.environment,
        deployment.replicas.0,
        deployment.status,
        deployment.accelerator_label_id.0,
        deployment.resource_group_id.0,
        deployment.resource_profile_id.0,
        micros(now),
    ])?)
}

/// A deployment of a build, by its identifier.
pub fn of_build(db: &Connection, build_id: i64, uuid: &str) -> Result<Option<StoredDeployment>, StoreError> {
    let mut select =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM {FROM} WHERE d.build_id = ? AND d.uuid = ?"))?;
    Ok(select.query_row(params![build_id, uuid], from_row).optional()?)
}

pub fn by_id(db: &Connection, id: i64) -> Result<Option<StoredDeployment>, StoreError> {
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM {FROM} WHERE d.id = ?"))?;
    Ok(select.query_row([id], from_row).optional()?)
}

/// Deployments of a build that have not been started yet, oldest first.
pub fn pending_of_build(db: &Connection, build_id: i64) -> Result<Vec<StoredDeployment>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE d.build_id = ? AND d.status = 'pending' ORDER BY d.id"
    ))?;
    let found = select.query_map([build_id], from_row)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// Deployments of a model that are running, starting or stopping, oldest first.
pub fn active_of_model(db: &Connection, model_id: i64) -> Result<Vec<StoredDeployment>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE d.model_id = ? AND d.status NOT IN ('stopped', 'failed') ORDER BY d.id"
    ))?;
    let found = select.query_map([model_id], from_row)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// Deployments of every model that are running, starting or stopping, oldest first: what a starting
/// server starts or finishes.
pub fn active(db: &Connection) -> Result<Vec<StoredDeployment>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE d.status NOT IN ('stopped', 'failed') ORDER BY d.id"
    ))?;
    let found = select.query_map([], from_row)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// Notes that a deployment failed, and why.
pub fn fail(db: &Connection, id: i64, message: &str, now: Timestamp) -> Result<(), StoreError> {
    set_status(db, id, "failed", now)?;
    db.prepare_cached("UPDATE deployments SET message = ? WHERE id = ?")?.execute(params![message, id])?;
    Ok(())
}

/// Changes the status of a deployment; `stopped` sets the time it stopped, `deploying` clears it and why
/// the deployment failed before.
pub fn set_status(db: &Connection, id: i64, status: &str, now: Timestamp) -> Result<(), StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE deployments SET status = ?1, updated_at = ?2, \
         message = CASE ?1 WHEN 'deploying' THEN '' ELSE message END, \
         stopped_at = CASE ?1 WHEN 'stopped' THEN ?2 WHEN 'deploying' THEN NULL ELSE stopped_at END WHERE id = ?3",
    )?;
    update.execute(params![status, micros(now), id])?;
    Ok(())
}
