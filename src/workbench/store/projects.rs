//! Projects and their collaborators.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::columns;
use super::listing::{Listing, Scope};
use super::{StoreError, micros, stamp};
use crate::wire::{Collaborator, Project, ProjectPermissions, ShortUser};

/// A project and what the wire does not show of it. `project.permissions` is empty: it depends on
/// the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProject {
    pub id: i64,
    pub owner_id: i64,
    /// Below the projects folder.
    pub directory: String,
    pub project: Project,
}

/// A new project, ready to be inserted.
pub struct NewProjectRow<'a> {
    pub public_id: &'a str,
    pub name: &'a str,
    pub slug: &'a str,
    pub owner_id: i64,
    pub description: &'a str,
    pub visibility: &'a str,
    pub default_engine_type: &'a str,
    pub shared_memory_limit: i64,
    pub environment: &'a str,
    pub now: Timestamp,
}

/// Which projects a user lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those that the user owns or collaborates in.
    Mine,
    /// Public ones too.
    Public,
    /// All, for site administrators.
    All,
}

columns! {
    list COLUMNS in at;
    id: "p.id",
    owner_id: "p.owner_id",
    directory: "p.directory",
    public_id: "p.public_id",
    name: "p.name",
    owner: "o.username",
    owner_name: "o.name",
    owner_email: "o.email",
    creator: "c.username",
    creator_name: "c.name",
    creator_email: "c.email",
    description: "p.description",
    visibility: "p.visibility",
    default_engine_type: "p.default_engine_type",
    created_at: "p.created_at",
    updated_at: "p.updated_at",
    creation_status: "p.creation_status",
    shared_memory_limit: "p.shared_memory_limit",
    environment: "p.environment",
    ephemeral_storage_request: "p.ephemeral_storage_request",
    ephemeral_storage_limit: "p.ephemeral_storage_limit",
    slug: "p.slug",
}
const FROM: &str = "projects p JOIN users o ON o.id = p.owner_id JOIN users c ON c.id = p.creator_id";

/// ListProjects, with the keys that its specification names.
pub const LISTING: Listing = Listing {
    columns: COLUMNS,
    from: FROM,
    id: "p.id",
    filters: &[
        ("creator.email", "c.email"),
        ("creator.name", "c.name"),
        ("creator.username", "c.username"),
        ("description", "p.description"),
        ("name", "p.name"),
        ("owner.email", "o.email"),
        ("owner.name", "o.name"),
        ("owner.username", "o.username"),
    ],
    sorts: &[
        ("created_at", "p.created_at"),
        ("creator.email", "c.email"),
        ("creator.name", "c.name"),
        ("creator.username", "c.username"),
        ("description", "p.description"),
        ("name", "p.name"),
        ("owner.email", "o.email"),
        ("owner.name", "o.name"),
        ("owner.username", "o.username"),
        ("updated_at", "p.updated_at"),
    ],
};

/// ListProjectNames.
pub const NAMES: Listing = Listing {
    columns: "p.name",
    from: "projects p",
    id: "p.id",
    filters: &[("name", "p.name")],
    sorts: &[("name", "p.name")],
};

columns! {
    list COLLABORATOR_COLUMNS in collaborator;
    username: "u.username",
    name: "u.name",
    email: "u.email",
    permission: "m.permission",
}

/// ListProjectCollaborators.
pub const COLLABORATORS: Listing = Listing {
    columns: COLLABORATOR_COLUMNS,
    from: "collaborators m JOIN users u ON u.id = m.user_id",
    id: "m.id",
    filters: &[("username", "u.username"), ("permission", "m.permission")],
    sorts: &[("username", "u.username"), ("permission", "m.permission")],
};

/// The projects visible to a user; `p` is the table of projects.
pub fn scope(reach: Reach, user_id: i64) -> Scope {
    let mine =
        "p.owner_id = ?1 OR p.id IN (SELECT project_id FROM collaborators WHERE collaborators.user_id = ?1)";
    let condition = match reach {
        Reach::Mine => mine.to_owned(),
        Reach::Public => format!("{mine} OR p.visibility <> 'private'"),
        Reach::All => "?1 IS NOT NULL".to_owned(),
    };
    Scope::new(condition, [Value::Integer(user_id)])
}

pub fn from_row(row: &Row) -> rusqlite::Result<StoredProject> {
    let (owner, owner_name) = (row.get(at::owner)?, row.get(at::owner_name)?);
    let (creator, creator_name) = (row.get(at::creator)?, row.get(at::creator_name)?);
    let project = Project {
        id: row.get(at::public_id)?,
        name: row.get(at::name)?,
        owner: ShortUser { username: owner, name: owner_name, email: row.get(at::owner_email)? },
        creator: ShortUser { username: creator, name: creator_name, email: row.get(at::creator_email)? },
        description: row.get(at::description)?,
        visibility: row.get(at::visibility)?,
        default_engine_type: row.get(at::default_engine_type)?,
        created_at: stamp(row.get(at::created_at)?),
        updated_at: stamp(row.get(at::updated_at)?),
        creation_status: row.get(at::creation_status)?,
        permissions: ProjectPermissions::default(),
        shared_memory_limit: crate::wire::Whole(row.get(at::shared_memory_limit)?),
        environment: row.get(at::environment)?,
        ephemeral_storage_request: crate::wire::Whole(row.get(at::ephemeral_storage_request)?),
        ephemeral_storage_limit: crate::wire::Whole(row.get(at::ephemeral_storage_limit)?),
        slug: row.get(at::slug)?,
    };
    Ok(StoredProject {
        id: row.get(at::id)?,
        owner_id: row.get(at::owner_id)?,
        directory: row.get(at::directory)?,
        project,
    })
}

pub fn collaborator_from_row(row: &Row) -> rusqlite::Result<Collaborator> {
    let user = ShortUser {
        username: row.get(collaborator::username)?,
        name: row.get(collaborator::name)?,
        email: row.get(collaborator::email)?,
    };
    Ok(Collaborator { user, permission: row.get(collaborator::permission)? })
}

pub fn by_public_id(db: &Connection, public_id: &str) -> Result<Option<StoredProject>, StoreError> {
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM {FROM} WHERE p.public_id = ?"))?;
    Ok(select.query_row([public_id], from_row).optional()?)
}

pub fn by_id(db: &Connection, id: i64) -> Result<Option<StoredProject>, StoreError> {
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM {FROM} WHERE p.id = ?"))?;
    Ok(select.query_row([id], from_row).optional()?)
}

/// The directory for a project: its slug or, if that is `taken` or used by another owner's project,
/// the slug and the project's ID.
pub fn directory(db: &Connection, slug: &str, public_id: &str, taken: bool) -> Result<String, StoreError> {
    let mut select = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM projects WHERE directory = ?)")?;
    let taken = taken || select.query_row([slug], |row| row.get(0))?;
    Ok(if taken { format!("{slug}-{public_id}") } else { slug.to_owned() })
}

/// Adds a project and returns its ID.
pub fn insert(db: &Connection, project: &NewProjectRow) -> Result<i64, StoreError> {
    let directory = directory(db, project.slug, project.public_id, false)?;
    let mut insert = db.prepare_cached(
        "INSERT INTO projects (public_id, name, slug, directory, owner_id, creator_id, description, visibility, \
         default_engine_type, creation_status, shared_memory_limit, environment, ephemeral_storage_request, \
         ephemeral_storage_limit, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, 'success', ?9, ?10, 0, 0, ?11, ?11)",
    )?;
    Ok(insert.insert(params![
        project.public_id,
        project.name,
        project.slug,
        directory,
        project.owner_id,
        project.description,
        project.visibility,
        project.default_engine_type,
        project.shared_memory_limit,
        project.environment,
        micros(project.now),
    ])?)
}

/// Writes the fields of UpdateProject: name, slug, directory, owner, description, visibility,
/// shared memory, environment, ephemeral storage, default engine type.
pub fn update(db: &Connection, stored: &StoredProject, now: Timestamp) -> Result<(), StoreError> {
    let project = &stored.project;
    let mut update = db.prepare_cached(
        "UPDATE projects SET name = ?, slug = ?, directory = ?, owner_id = ?, description = ?, visibility = ?, shared_memory_limit = ?, \
         environment = ?, ephemeral_storage_request = ?, ephemeral_storage_limit = ?, \
         default_engine_type = ?, updated_at = ? WHERE id = ?",
    )?;
    update.execute(params![
        project.name,
        project.slug,
        stored.directory,
        stored.owner_id,
        project.description,
        project.visibility,
        project.shared_memory_limit.0,
        project.environment,
        project.ephemeral_storage_request.0,
        project.ephemeral_storage_limit.0,
        project.default_engine_type,
        micros(now),
        stored.id,
    ])?;
    Ok(())
}

/// ID, owner and slug of the first project that a user owns, else the first that they collaborate
/// in.
pub fn first_of(db: &Connection, user_id: i64) -> Result<Option<(String, String, String)>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT p.public_id, o.username, p.slug FROM projects p JOIN users o ON o.id = p.owner_id \
         LEFT JOIN collaborators m ON m.project_id = p.id AND m.user_id = ?1 \
         WHERE p.owner_id = ?1 OR m.user_id IS NOT NULL ORDER BY p.owner_id <> ?1, p.id LIMIT 1",
    )?;
    let read = |row: &Row| Ok((row.get("public_id")?, row.get("username")?, row.get("slug")?));
    Ok(select.query_row([user_id], read).optional()?)
}

/// The directory of every project, by its row.
pub fn directories(db: &Connection) -> Result<BTreeMap<i64, String>, StoreError> {
    let mut select = db.prepare_cached("SELECT id, directory FROM projects")?;
    let found = select.query_map([], |row| Ok((row.get("id")?, row.get("directory")?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Deletes a project with its collaborators, models, builds and deployments.
pub fn delete(db: &Connection, id: i64) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("DELETE FROM projects WHERE id = ?")?.execute([id])? > 0)
}

/// The permission of a collaborator; `None` for any other user.
pub fn permission_of(db: &Connection, project_id: i64, user_id: i64) -> Result<Option<String>, StoreError> {
    let mut select =
        db.prepare_cached("SELECT permission FROM collaborators WHERE project_id = ? AND user_id = ?")?;
    Ok(select.query_row([project_id, user_id], |row| row.get(0)).optional()?)
}

/// Makes a user a collaborator, or changes their permission.
pub fn set_collaborator(
    db: &Connection,
    project_id: i64,
    user_id: i64,
    permission: &str,
) -> Result<(), StoreError> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO collaborators (project_id, user_id, permission) VALUES (?, ?, ?) \
         ON CONFLICT (project_id, user_id) DO UPDATE SET permission = excluded.permission",
    )?;
    upsert.execute(params![project_id, user_id, permission])?;
    Ok(())
}

/// Whether the user was a collaborator.
pub fn remove_collaborator(db: &Connection, project_id: i64, user_id: i64) -> Result<bool, StoreError> {
    let mut delete = db.prepare_cached("DELETE FROM collaborators WHERE project_id = ? AND user_id = ?")?;
    Ok(delete.execute([project_id, user_id])? > 0)
}
