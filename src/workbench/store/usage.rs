//! Workloads: the deployments of models.

use rusqlite::Row;

use super::columns::columns;
use super::listing::{Listing, Scope};
use super::users::User;
use super::{projects, stamp};
use crate::wire::{ProjectInfo, UsageResponse, UserOrGroupInfo, Whole};

columns! {
    list COLUMNS in at;
    uuid: "d.uuid",
    name: "m.name",
    model_uuid: "m.uuid",
    creator_id: "c.id",
    creator: "c.username",
    creator_name: "c.name",
    project_id: "p.id",
    project_name: "p.name",
    project_slug: "p.slug",
    project_owner: "o.username",
    cpu: "d.cpu",
    memory: "d.memory",
    nvidia_gpu: "d.nvidia_gpu",
    status: "d.status",
    message: "d.message",
    created_at: "d.created_at",
    stopped_at: "d.stopped_at",
}

/// What kind of workload these are (SPEC, of another list).
const KIND: &str = "model";

/// ListUsage, with the keys that its specification names.
pub const LISTING: Listing = Listing {
    columns: COLUMNS,
    from: "deployments d JOIN models m ON m.id = d.model_id JOIN projects p ON p.id = m.project_id \
           JOIN users o ON o.id = p.owner_id JOIN users c ON c.id = d.deployer_id",
    id: "d.id",
    filters: &[
        ("name", "m.name"),
        ("creator", "c.username"),
        ("group", "''"),
        ("project_name", "p.name"),
        ("workload_type", "'model'"),
        ("status", "d.status"),
    ],
    sorts: &[
        ("name", "m.name"),
        ("creator", "c.username"),
        ("group", "''"),
        ("project_name", "p.name"),
        // Whole numbers, as the position of a page's last row is written.
        ("cpu", "CAST(d.cpu * 1000 AS INTEGER)"),
        ("memory", "CAST(d.memory * 1000 AS INTEGER)"),
        ("nvidia_gpu", "d.nvidia_gpu"),
        ("workload_type", "'model'"),
        ("created_at", "d.created_at"),
        ("status", "d.status"),
    ],
};

/// A workload, with what its links and its duration are made of.
#[derive(Debug, Clone)]
pub struct StoredWorkload {
    pub row: UsageResponse,
    pub model: String,
    pub project_owner: String,
    pub created: i64,
    pub stopped: Option<i64>,
}

/// The workloads that `viewer` may see: all for a site administrator, those of their own projects for
/// others (INFERRED from "based on the caller context", SPEC).
pub fn scope(viewer: &User) -> Scope {
    let reach = if viewer.admin { projects::Reach::All } else { projects::Reach::Mine };
    projects::scope(reach, viewer.id)
}

pub fn from_row(row: &Row) -> rusqlite::Result<StoredWorkload> {
    let creator: String = row.get(at::creator)?;
    let created: i64 = row.get(at::created_at)?;
    let creator_info = UserOrGroupInfo {
        id: Whole(row.get(at::creator_id)?),
        name: row.get(at::creator_name)?,
        user_name: creator.clone(),
        ..UserOrGroupInfo::default()
    };
    let project_info = ProjectInfo {
        id: Whole(row.get(at::project_id)?),
        slug: row.get(at::project_slug)?,
        ..ProjectInfo::default()
    };
    let workload = UsageResponse {
        name: row.get(at::name)?,
        creator,
        project_name: row.get(at::project_name)?,
        cpu: row.get(at::cpu)?,
        memory: row.get(at::memory)?,
        nvidia_gpu: row.get::<_, i64>(at::nvidia_gpu)? as f64,
        workload_type: KIND.to_owned(),
        created_at: stamp(created),
        status: row.get(at::status)?,
        creator_info,
        project_info,
        id: row.get(at::uuid)?,
        message: row.get(at::message)?,
        ..UsageResponse::default()
    };
    Ok(StoredWorkload {
        row: workload,
        model: row.get(at::model_uuid)?,
        project_owner: row.get(at::project_owner)?,
        created,
        stopped: row.get(at::stopped_at)?,
    })
}
