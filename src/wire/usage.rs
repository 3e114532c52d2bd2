//! Workloads as the usage view lists them (`/usage`).

use serde::{Deserialize, Serialize};

use super::{NumberText, UserOrGroupInfo, Whole, number};

/// Why Kubernetes ended or held back a workload.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct K8SInfo {
    pub k8s_exit_code: Whole,
    pub k8s_signal: String,
    pub k8s_reason: String,
    pub k8s_message: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectInfo {
    /// Declared `integer/int64`: a number (SPEC).
    pub id: Whole,
    pub slug: String,
    pub html_url: String,
    pub url: String,
}

/// One workload: a session, a job, an application, a model (SPEC, of another list; whether models are
/// in this one is not known).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsageResponse {
    pub name: String,
    pub creator: String,
    pub group: String,
    pub project_name: String,
    #[serde(deserialize_with = "number::double")]
    pub cpu: f64,
    #[serde(deserialize_with = "number::double")]
    pub memory: f64,
    #[serde(deserialize_with = "number::double")]
    pub nvidia_gpu: f64,
    pub workload_type: String,
    pub created_at: String,
    pub duration: NumberText,
    pub status: String,
    pub creator_info: UserOrGroupInfo,
    pub group_info: UserOrGroupInfo,
    pub project_info: ProjectInfo,
    pub id: String,
    pub workload_url: String,
    pub message: String,
    pub oom_killed: bool,
    pub k8s_info: K8SInfo,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListUsageResponse {
    pub usage_response: Vec<UsageResponse>,
    pub total_count: NumberText,
    pub next_page_token: String,
}
