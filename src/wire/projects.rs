//! Projects and collaborators.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ShortUser, Whole};

/// The caller's own rights in a project (SPEC).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectPermissions {
    pub read: bool,
    pub write: bool,
    pub admin: bool,
    pub business_user: bool,
    pub operator: bool,
    pub inherit: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    pub id: String,
    pub name: String,
    pub owner: ShortUser,
    pub creator: ShortUser,
    pub description: String,
    /// `public`, `organization` or `private`.
    pub visibility: String,
    pub default_engine_type: String,
    pub created_at: String,
    pub updated_at: String,
    pub creation_status: String,
    pub permissions: ProjectPermissions,
    /// MB.
    pub shared_memory_limit: Whole,
    /// A map as JSON text; may hold secrets, so it is never printed.
    pub environment: String,
    pub ephemeral_storage_request: Whole,
    pub ephemeral_storage_limit: Whole,
    pub slug: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListProjectsResponse {
    pub projects: Vec<Project>,
    pub next_page_token: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchListProjectsResponse {
    pub projects: Vec<Project>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListProjectNamesResponse {
    pub project_names: Vec<String>,
    pub next_page_token: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateProjectRequest {
    pub name: String,
    pub description: String,
    pub visibility: String,
    pub parent_project: String,
    pub git_url: String,
    pub template: String,
    pub organization_permission: String,
    pub default_project_engine_type: String,
    pub environment: BTreeMap<String, String>,
    pub shared_memory_limit: Whole,
    pub team_name: String,
    pub git_ref: String,
}

/// A user other than the owner with a permission in a project; a team's name may stand in for a
/// user's (OBSERVED).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Collaborator {
    pub user: ShortUser,
    /// `read`, `write`, `admin`, `operator` (INFERRED), or a value that is not known yet.
    pub permission: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListProjectCollaboratorsResponse {
    pub collaborators: Vec<Collaborator>,
    pub next_page_token: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddProjectCollaboratorRequest {
    pub project_id: String,
    pub username: String,
    pub permission: String,
}
