//! Users (`/users/{user_id}`, `/usersquota`).

use serde::{Deserialize, Serialize};

use super::{NumberText, Whole};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShortUser {
    pub username: String,
    pub name: String,
    pub email: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserOrGroupInfo {
    /// Declared `integer/int64`: the one 64-bit integer that is a number (SPEC).
    pub id: Whole,
    pub html_url: String,
    pub url: String,
    pub name: String,
    pub user_name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    pub cpu: String,
    pub memory: String,
    pub nvidia_gpu: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserQuota {
    pub user: UserOrGroupInfo,
    pub quota_usage: Quota,
    pub quota_configured: Quota,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListUsersQuotaResponse {
    pub user_quota: Vec<UserQuota>,
    pub next_page_token: String,
    pub total_count: NumberText,
}
