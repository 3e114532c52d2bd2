//! Models, their builds, their deployments, and model calls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{NumberText, ShortUser, Whole, number};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShortProject {
    pub public_identifier: String,
    pub name: String,
    pub default_project_engine: String,
    pub slug: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DefaultResources {
    pub cpu_millicores: NumberText,
    pub memory_mb: NumberText,
    pub nvidia_gpus: NumberText,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DefaultReplicationPolicy {
    pub num_replicas: NumberText,
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Model {
    pub id: String,
    pub name: String,
    pub description: String,
    pub creator: ShortUser,
    /// Names the model to call. An address, not a secret from collaborators (SPEC, DOCS).
    pub access_key: String,
    pub deletion_status: String,
    pub created_at: String,
    pub updated_at: String,
    pub crn: String,
    pub auth_enabled: bool,
    pub project: ShortProject,
    pub registered_model_id: String,
    pub visibility: String,
    pub default_resources: DefaultResources,
    pub default_replication_policy: DefaultReplicationPolicy,
    pub run_as: Whole,
    pub accelerator_label_id: NumberText,
    pub resource_group_id: Whole,
    pub resource_profile_id: Whole,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListModelsResponse {
    pub models: Vec<Model>,
    pub next_page_token: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShortCreateModelBuild {
    pub comment: String,
    pub file_path: String,
    pub function_name: String,
    pub kernel: String,
    pub runtime_identifier: String,
    pub runtime_addon_identifiers: Vec<String>,
    pub registered_model_version_id: String,
    pub model_root_dir: String,
    pub build_script_path: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShortCreateModelDeployment {
    /// vCPU.
    #[serde(deserialize_with = "number::double")]
    pub cpu: f64,
    /// GB.
    #[serde(deserialize_with = "number::double")]
    pub memory: f64,
    pub nvidia_gpus: Whole,
    pub environment: BTreeMap<String, String>,
    pub replicas: Whole,
    /// Write-only: never in an answer, a log or debug output.
    #[serde(skip_serializing)]
    pub deployment_secrets: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateModelRequest {
    pub project_id: String,
    pub name: String,
    pub description: String,
    pub disable_authentication: bool,
    pub registered_model_id: String,
    pub run_as: Whole,
    pub visibility: String,
    pub auto_build_config: ShortCreateModelBuild,
    pub auto_deployment_config: ShortCreateModelDeployment,
    pub auto_build_model: bool,
    pub auto_deploy_model: bool,
    pub accelerator_label_id: NumberText,
    pub resource_group_id: Whole,
    pub resource_profile_id: Whole,
}

/// The fields of a model that UpdateModel can change; `None` leaves a field as is. There is no
/// field for authentication (SPEC).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateSingleModel {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_resources: Option<DefaultResources>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_replication_policy: Option<DefaultReplicationPolicy>,
    /// Zero or less resets (SPEC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as: Option<Whole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerator_label_id: Option<NumberText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_group_id: Option<Whole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_profile_id: Option<Whole>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelBuild {
    pub id: String,
    pub model_id: String,
    pub creator: ShortUser,
    pub comment: String,
    pub file_path: String,
    pub function_name: String,
    pub engine_image: String,
    pub kernel: String,
    pub created_at: String,
    pub updated_at: String,
    /// `pending`, `queued`, `building`, `pushing`, `succeeded`, `built`, `build failed`,
    /// `timedout`, `unknown` (SPEC; `building` OBSERVED).
    pub status: String,
    pub deletion_status: String,
    pub crn: String,
    pub built_at: String,
    pub runtime_identifier: String,
    pub runtime_addon_identifiers: Vec<String>,
    pub registered_model_version_id: String,
    pub model_root_dir: String,
    pub build_script_path: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListModelBuildsResponse {
    pub model_builds: Vec<ModelBuild>,
    pub next_page_token: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateModelBuildRequest {
    pub project_id: String,
    pub model_id: String,
    pub comment: String,
    pub file_path: String,
    pub function_name: String,
    pub kernel: String,
    pub runtime_identifier: String,
    pub runtime_addon_identifiers: Vec<String>,
    pub registered_model_version_id: String,
    pub auto_deployment_config: ShortCreateModelDeployment,
    pub auto_deploy_model: bool,
    pub model_root_dir: String,
    pub build_script_path: String,
    pub accelerator_label_id: NumberText,
    pub resource_group_id: Whole,
    pub resource_profile_id: Whole,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelDeployment {
    pub project_id: String,
    pub model_id: String,
    pub build_id: String,
    pub id: String,
    /// vCPU.
    #[serde(deserialize_with = "number::double")]
    pub cpu: f64,
    /// GB.
    #[serde(deserialize_with = "number::double")]
    pub memory: f64,
    /// Singular here, plural in the request (SPEC).
    pub nvidia_gpu: Whole,
    /// A map as JSON text; may hold secrets in clear text (OBSERVED, CAI_STUDIO_AGENT): never
    /// printed.
    pub environment: String,
    pub created_at: String,
    pub updated_at: String,
    pub stopped_at: String,
    pub crn: String,
    pub deployer: ShortUser,
    /// `pending`, `deploying`, `deployed`, `stopping`, `stopped`, `failed` (DOCS, ml-cli-listing-model-builds-and-deployments).
    pub status: String,
    pub replicas: Whole,
    pub accelerator_label_id: NumberText,
    pub resource_group_id: Whole,
    pub resource_profile_id: Whole,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListModelDeploymentsResponse {
    pub model_deployments: Vec<ModelDeployment>,
    pub next_page_token: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateModelDeploymentRequest {
    pub project_id: String,
    pub model_id: String,
    pub build_id: String,
    /// vCPU.
    #[serde(deserialize_with = "number::double")]
    pub cpu: f64,
    /// GB.
    #[serde(deserialize_with = "number::double")]
    pub memory: f64,
    pub nvidia_gpus: Whole,
    pub environment: BTreeMap<String, String>,
    pub replicas: Whole,
    pub accelerator_label_id: NumberText,
    pub resource_group_id: Whole,
    pub resource_profile_id: Whole,
    /// Write-only: never in an answer, a log or debug output.
    #[serde(skip_serializing)]
    pub deployment_secrets: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Runtime {
    pub image_identifier: String,
    pub editor: String,
    pub kernel: String,
    pub edition: String,
    pub description: String,
    pub full_version: String,
    pub status: String,
    pub register_user_id: Whole,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListRuntimesResponse {
    pub runtimes: Vec<Runtime>,
    pub next_page_token: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuntimeAddon {
    pub identifier: String,
    pub component: String,
    pub display_name: String,
    pub status: String,
    pub manageable: bool,
    pub created_at: String,
    pub id: Whole,
    pub reason: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListRuntimeAddonsResponse {
    pub runtime_addons: Vec<RuntimeAddon>,
    pub next_page_token: String,
}

/// The body of `POST /model` (DOCS, ml-calling-a-model). In form B the access key is in the query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelCall {
    #[serde(rename = "accessKey", skip_serializing_if = "String::is_empty")]
    pub access_key: String,
    pub request: Value,
}
