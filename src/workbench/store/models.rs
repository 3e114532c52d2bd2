//! Models.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::columns;
use super::facts;
use super::listing::{Listing, Scope};
use super::{StoreError, micros, stamp};
use crate::wire::{
    DefaultReplicationPolicy, DefaultResources, Model, NumberText, ShortProject, ShortUser, Whole,
};

/// The only known replication type (SPEC).
const FIXED: &str = "fixed";

/// A model and the rows that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredModel {
    pub id: i64,
    pub project_id: i64,
    pub model: Model,
}

/// What decides about a call of a model, found by its access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callable {
    pub model_id: i64,
    pub project_id: i64,
    pub owner_id: i64,
    /// Whether everyone may read the project.
    pub public: bool,
    pub project_name: String,
    pub name: String,
    pub auth_enabled: bool,
    /// Identifier and status of the active deployment, else of the newest one.
    pub deployment: Option<(String, String)>,
}

columns! {
    list COLUMNS in at;
    id: "m.id",
    project_id: "m.project_id",
    uuid: "m.uuid",
    name: "m.name",
    description: "m.description",
    creator: "c.username",
    creator_name: "c.name",
    creator_email: "c.email",
    access_key: "m.access_key",
    deletion_status: "m.deletion_status",
    created_at: "m.created_at",
    updated_at: "m.updated_at",
    crn: "m.crn",
    auth_enabled: "m.auth_enabled",
    project_uuid: "p.public_id",
    project_name: "p.name",
    project_engine: "p.default_engine_type",
    project_slug: "p.slug",
    registered_model_id: "m.registered_model_id",
    visibility: "m.visibility",
    cpu_millicores: "m.cpu_millicores",
    memory_mb: "m.memory_mb",
    nvidia_gpus: "m.nvidia_gpus",
    num_replicas: "m.num_replicas",
    run_as: "m.run_as",
    accelerator_label_id: "m.accelerator_label_id",
    resource_group_id: "m.resource_group_id",
    resource_profile_id: "m.resource_profile_id",
}
const FROM: &str = "models m JOIN projects p ON p.id = m.project_id JOIN users c ON c.id = m.creator_id";

const FILTERS: &[(&str, &str)] = &[
    ("auth_enabled", "CASE m.auth_enabled WHEN 1 THEN 'true' ELSE 'false' END"),
    ("creator.email", "c.email"),
    ("creator.name", "c.name"),
    ("creator.username", "c.username"),
    ("description", "m.description"),
    ("name", "m.name"),
];

/// ListModels, with the keys that its specification names.
pub const LISTING: Listing = Listing {
    columns: COLUMNS,
    from: FROM,
    id: "m.id",
    filters: FILTERS,
    sorts: &[
        ("auth_enabled", "m.auth_enabled"),
        ("created_at", "m.created_at"),
        ("creator.email", "c.email"),
        ("creator.name", "c.name"),
        ("creator.username", "c.username"),
        ("description", "m.description"),
        ("name", "m.name"),
        ("updated_at", "m.updated_at"),
    ],
};

/// ListAllModels: it has no `sort` (SPEC). Use [`super::projects::scope`], whose table is joined
/// here.
pub const ALL: Listing = Listing { columns: COLUMNS, from: FROM, id: "m.id", filters: FILTERS, sorts: &[] };

/// The models of one project.
pub fn scope(project_id: i64) -> Scope {
    Scope::new("m.project_id = ?", [Value::Integer(project_id)])
}

pub fn from_row(row: &Row) -> rusqlite::Result<StoredModel> {
    let model = Model {
        id: row.get(at::uuid)?,
        name: row.get(at::name)?,
        description: row.get(at::description)?,
        creator: ShortUser {
            username: row.get(at::creator)?,
            name: row.get(at::creator_name)?,
            email: row.get(at::creator_email)?,
        },
        access_key: row.get(at::access_key)?,
        deletion_status: row.get(at::deletion_status)?,
        created_at: stamp(row.get(at::created_at)?),
        updated_at: stamp(row.get(at::updated_at)?),
        crn: row.get(at::crn)?,
        auth_enabled: row.get(at::auth_enabled)?,
        project: ShortProject {
            public_identifier: row.get(at::project_uuid)?,
            name: row.get(at::project_name)?,
            default_project_engine: row.get(at::project_engine)?,
            slug: row.get(at::project_slug)?,
        },
        registered_model_id: row.get(at::registered_model_id)?,
        visibility: row.get(at::visibility)?,
        default_resources: DefaultResources {
            cpu_millicores: NumberText(row.get(at::cpu_millicores)?),
            memory_mb: NumberText(row.get(at::memory_mb)?),
            nvidia_gpus: NumberText(row.get(at::nvidia_gpus)?),
        },
        default_replication_policy: DefaultReplicationPolicy {
            num_replicas: NumberText(row.get(at::num_replicas)?),
            kind: FIXED.to_owned(),
        },
        run_as: Whole(row.get(at::run_as)?),
        accelerator_label_id: NumberText(row.get(at::accelerator_label_id)?),
        resource_group_id: Whole(row.get(at::resource_group_id)?),
        resource_profile_id: Whole(row.get(at::resource_profile_id)?),
    };
    Ok(StoredModel { id: row.get(at::id)?, project_id: row.get(at::project_id)?, model })
}

/// Adds a model. Takes the identifiers (`id`, `access_key`), the names, the authentication, the
/// resources and the replicas from `model`; creator, project, CRN and times are set here.
pub fn insert(
    db: &Connection,
    project_id: i64,
    creator_id: i64,
    model: &Model,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO models (uuid, crn, project_id, creator_id, name, description, access_key, auth_enabled, \
         visibility, registered_model_id, deletion_status, cpu_millicores, memory_mb, nvidia_gpus, num_replicas, \
         run_as, accelerator_label_id, resource_group_id, resource_profile_id, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, '', ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?19)",
    )?;
    Ok(insert.insert(params![
        model.id,
        facts::crn(db, &model.id)?,
        project_id,
        creator_id,
        model.name,
        model.description,
        model.access_key,
        model.auth_enabled,
        model.visibility,
        model.registered_model_id,
        model.default_resources.cpu_millicores.0,
        model.default_resources.memory_mb.0,
        model.default_resources.nvidia_gpus.0,
        model.default_replication_policy.num_replicas.0,
        model.run_as.0,
        model.accelerator_label_id.0,
        model.resource_group_id.0,
        model.resource_profile_id.0,
        micros(now),
    ])?)
}

/// A model of a project, by its identifier.
pub fn in_project(db: &Connection, project_id: i64, uuid: &str) -> Result<Option<StoredModel>, StoreError> {
    let mut select =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM {FROM} WHERE m.project_id = ? AND m.uuid = ?"))?;
    Ok(select.query_row(params![project_id, uuid], from_row).optional()?)
}

pub fn by_id(db: &Connection, id: i64) -> Result<Option<StoredModel>, StoreError> {
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM {FROM} WHERE m.id = ?"))?;
    Ok(select.query_row([id], from_row).optional()?)
}

/// Project and name of a model, by its identifier.
pub fn names(db: &Connection, uuid: &str) -> Result<Option<(String, String)>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT p.name AS project, m.name FROM models m JOIN projects p ON p.id = m.project_id WHERE m.uuid = ?",
    )?;
    Ok(select.query_row([uuid], |row| Ok((row.get("project")?, row.get("name")?))).optional()?)
}

/// Whether a project with this name has a model with this name.
pub fn is_named(db: &Connection, project: &str, name: &str) -> Result<bool, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM models m JOIN projects p ON p.id = m.project_id \
         WHERE p.name = ? AND m.name = ?)",
    )?;
    Ok(select.query_row([project, name], |row| row.get(0))?)
}

/// Writes what UpdateModel may change: name, description, visibility, resources, replicas, run_as,
/// accelerator and resource group.
pub fn update(db: &Connection, stored: &StoredModel, now: Timestamp) -> Result<(), StoreError> {
    let model = &stored.model;
    let mut update = db.prepare_cached(
        "UPDATE models SET name = ?, description = ?, visibility = ?, cpu_millicores = ?, memory_mb = ?, \
         nvidia_gpus = ?, num_replicas = ?, run_as = ?, accelerator_label_id = ?, resource_group_id = ?, \
         resource_profile_id = ?, updated_at = ? WHERE id = ?",
    )?;
    update.execute(params![
        model.name,
        model.description,
        model.visibility,
        model.default_resources.cpu_millicores.0,
        model.default_resources.memory_mb.0,
        model.default_resources.nvidia_gpus.0,
        model.default_replication_policy.num_replicas.0,
        model.run_as.0,
        model.accelerator_label_id.0,
        model.resource_group_id.0,
        model.resource_profile_id.0,
        micros(now),
        stored.id,
    ])?;
    Ok(())
}

/// Deletes a model with its builds and deployments.
pub fn delete(db: &Connection, id: i64) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("DELETE FROM models WHERE id = ?")?.execute([id])? > 0)
}

/// Whether any model ever had this access key.
pub fn was_deleted(db: &Connection, access_key: &str) -> Result<bool, StoreError> {
    let mut select =
        db.prepare_cached("SELECT EXISTS (SELECT 1 FROM deleted_models WHERE access_key = ?)")?;
    Ok(select.query_row([access_key], |row| row.get(0))?)
}

/// What decides about a call with this access key; two index look-ups.
pub fn callable(db: &Connection, access_key: &str) -> Result<Option<Callable>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT m.id, m.project_id, p.owner_id, p.visibility <> 'private' AS public, \
         p.name AS project_name, m.name, m.auth_enabled, d.uuid, d.status \
         FROM models m JOIN projects p ON p.id = m.project_id \
         LEFT JOIN deployments d ON d.id = (SELECT id FROM deployments WHERE model_id = m.id ORDER BY \
         CASE status WHEN 'deployed' THEN 0 WHEN 'stopped' THEN 2 WHEN 'failed' THEN 2 ELSE 1 END, id DESC LIMIT 1) \
         WHERE m.access_key = ?",
    )?;
    let found = select
        .query_row([access_key], |row| {
            let deployment: (Option<String>, Option<String>) = (row.get("uuid")?, row.get("status")?);
            Ok(Callable {
                model_id: row.get("id")?,
                project_id: row.get("project_id")?,
                owner_id: row.get("owner_id")?,
                public: row.get("public")?,
                project_name: row.get("project_name")?,
                name: row.get("name")?,
                auth_enabled: row.get("auth_enabled")?,
                deployment: deployment.0.zip(deployment.1),
            })
        })
        .optional()?;
    Ok(found)
}
