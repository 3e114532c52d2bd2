//! Builds of models.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::columns;
use super::facts;
use super::listing::{Listing, Scope};
use super::{StoreError, micros, stamp, stamp_or_empty};
use crate::wire::{ModelBuild, ShortCreateModelDeployment, ShortUser};

/// A build, its model, and what the wire does not show of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBuild {
    pub id: i64,
    pub model_id: i64,
    /// The output of the build; for a failed one, the reason.
    pub log: String,
    /// The deployment to start once it is built.
    pub deploy_when_built: Option<ShortCreateModelDeployment>,
    pub build: ModelBuild,
}

columns! {
    list COLUMNS in at;
    id: "b.id",
    model_id: "b.model_id",
    log: "b.log",
    deploy_when_built: "b.deploy_when_built",
    uuid: "b.uuid",
    model_uuid: "m.uuid",
    creator: "c.username",
    creator_name: "c.name",
    creator_email: "c.email",
    comment: "b.comment",
    file_path: "b.file_path",
    function_name: "b.function_name",
    engine_image: "b.engine_image",
    kernel: "b.kernel",
    created_at: "b.created_at",
    updated_at: "b.updated_at",
    status: "b.status",
    deletion_status: "b.deletion_status",
    crn: "b.crn",
    built_at: "b.built_at",
    runtime_identifier: "b.runtime_identifier",
    runtime_addon_identifiers: "b.runtime_addon_identifiers",
    registered_model_version_id: "b.registered_model_version_id",
    model_root_dir: "b.model_root_dir",
    build_script_path: "b.build_script_path",
}
const FROM: &str = "builds b JOIN models m ON m.id = b.model_id JOIN users c ON c.id = b.creator_id";

/// ListModelBuilds, with the keys that its specification names.
pub const LISTING: Listing = Listing {
    columns: COLUMNS,
    from: FROM,
    id: "b.id",
    filters: &[
        ("comment", "b.comment"),
        ("creator.email", "c.email"),
        ("creator.name", "c.name"),
        ("creator.username", "c.username"),
        ("crn", "b.crn"),
        ("status", "b.status"),
    ],
    sorts: &[
        ("built_at", "coalesce(b.built_at, 0)"),
        ("comment", "b.comment"),
        ("created_at", "b.created_at"),
        ("creator.email", "c.email"),
        ("creator.name", "c.name"),
        ("creator.username", "c.username"),
        ("crn", "b.crn"),
        ("status", "b.status"),
        ("updated_at", "b.updated_at"),
    ],
};

/// The builds of one model.
pub fn scope(model_id: i64) -> Scope {
    Scope::new("b.model_id = ?", [Value::Integer(model_id)])
}

pub fn from_row(row: &Row) -> rusqlite::Result<StoredBuild> {
    let deploy_when_built: String = row.get(at::deploy_when_built)?;
    let addons: String = row.get(at::runtime_addon_identifiers)?;
    let build = ModelBuild {
        id: row.get(at::uuid)?,
        model_id: row.get(at::model_uuid)?,
        creator: ShortUser {
            username: row.get(at::creator)?,
            name: row.get(at::creator_name)?,
            email: row.get(at::creator_email)?,
        },
        comment: row.get(at::comment)?,
        file_path: row.get(at::file_path)?,
        function_name: row.get(at::function_name)?,
        engine_image: row.get(at::engine_image)?,
        kernel: row.get(at::kernel)?,
        created_at: stamp(row.get(at::created_at)?),
        updated_at: stamp(row.get(at::updated_at)?),
        status: row.get(at::status)?,
        deletion_status: row.get(at::deletion_status)?,
        crn: row.get(at::crn)?,
        built_at: stamp_or_empty(row.get(at::built_at)?),
        runtime_identifier: row.get(at::runtime_identifier)?,
        runtime_addon_identifiers: serde_json::from_str(&addons).unwrap_or_default(),
        registered_model_version_id: row.get(at::registered_model_version_id)?,
        model_root_dir: row.get(at::model_root_dir)?,
        build_script_path: row.get(at::build_script_path)?,
    };
    Ok(StoredBuild {
        id: row.get(at::id)?,
        model_id: row.get(at::model_id)?,
        log: row.get(at::log)?,
        deploy_when_built: serde_json::from_str(&deploy_when_built).ok(),
        build,
    })
}

/// Adds a build. Takes the identifier, the status and the user's input from `build`; creator,
/// model, CRN and times are set here.
pub fn insert(
    db: &Connection,
    model_id: i64,
    creator_id: i64,
    build: &ModelBuild,
    deploy_when_built: Option<&ShortCreateModelDeployment>,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO builds (uuid, crn, model_id, creator_id, comment, file_path, function_name, engine_image, \
         kernel, runtime_identifier, runtime_addon_identifiers, registered_model_version_id, model_root_dir, \
         build_script_path, status, deletion_status, log, deploy_when_built, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, '', '', ?16, ?17, ?17)",
    )?;
    Ok(insert.insert(params![
        build.id,
        facts::crn(db, &build.id)?,
        model_id,
        creator_id,
        build.comment,
        build.file_path,
        build.function_name,
        build.engine_image,
        build.kernel,
        build.runtime_identifier,
        serde_json::to_string(&build.runtime_addon_identifiers)?,
        build.registered_model_version_id,
        build.model_root_dir,
        build.build_script_path,
        build.status,
        deploy_when_built.map(serde_json::to_string).transpose()?.unwrap_or_default(),
        micros(now),
    ])?)
}

/// A build of a model, by its identifier.
pub fn of_model(db: &Connection, model_id: i64, uuid: &str) -> Result<Option<StoredBuild>, StoreError> {
    let mut select =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM {FROM} WHERE b.model_id = ? AND b.uuid = ?"))?;
    Ok(select.query_row(params![model_id, uuid], from_row).optional()?)
}

pub fn by_id(db: &Connection, id: i64) -> Result<Option<StoredBuild>, StoreError> {
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM {FROM} WHERE b.id = ?"))?;
    Ok(select.query_row([id], from_row).optional()?)
}

/// Whether there is a build with this identifier.
pub fn is_there(db: &Connection, uuid: &str) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("SELECT 1 FROM builds WHERE uuid = ?")?.exists([uuid])?)
}

/// Builds that a stop of the server left unfinished, oldest first.
pub fn unfinished(db: &Connection) -> Result<Vec<StoredBuild>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE b.status IN ('pending', 'queued', 'building', 'pushing') ORDER BY b.id"
    );
    let mut select = db.prepare_cached(&sql)?;
    let found = select.query_map([], from_row)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// Changes the status of a build; `built` sets the time it was built.
pub fn set_status(db: &Connection, id: i64, status: &str, now: Timestamp) -> Result<(), StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE builds SET status = ?1, updated_at = ?2, \
         built_at = CASE ?1 WHEN 'built' THEN ?2 ELSE built_at END WHERE id = ?3",
    )?;
    update.execute(params![status, micros(now), id])?;
    Ok(())
}

/// Replaces a build's comment and log.
pub fn set_report(
    db: &Connection,
    id: i64,
    comment: &str,
    log: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut update =
        db.prepare_cached("UPDATE builds SET comment = ?, log = ?, updated_at = ? WHERE id = ?")?;
    update.execute(params![comment, log, micros(now), id])?;
    Ok(())
}

/// Deletes a build with its deployments.
pub fn delete(db: &Connection, id: i64) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("DELETE FROM builds WHERE id = ?")?.execute([id])? > 0)
}
