//! API keys (`/auth/validate_key`, `/users/{username}/v2_keys`, `v1_key:rotate`).

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize};

use crate::secret::{self, ApiKey};

/// May call API v2 and models (OBSERVED, CAI_STUDIO_AGENT).
pub const AUDIENCE_API: &str = "API";
/// May call protected Applications (OBSERVED, CAI_STUDIO_AGENT).
pub const AUDIENCE_APPLICATION: &str = "Application";

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ValidateAPIKeyRequest {
    pub audience: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ValidateAPIKeyResponse {
    pub valid: bool,
    pub username: String,
    pub message: String,
}

/// One API key as the workbench lists it: never with its secret. Compact, because a user may have a
/// million of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct V2KeyDetails {
    pub key_id: String,
    pub created_at: CompactString,
    pub expiry_date: CompactString,
    pub comments: String,
    #[serde(deserialize_with = "exact")]
    pub audiences: Vec<CompactString>,
}

/// A list without room for more.
fn exact<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<CompactString>, D::Error> {
    let mut list = Vec::deserialize(from)?;
    list.shrink_to_fit();
    Ok(list)
}

impl V2KeyDetails {
    /// Bytes that it takes in memory.
    pub fn size(&self) -> usize {
        let heap = |text: &CompactString| if text.is_heap_allocated() { text.capacity() } else { 0 };
        let short = [&self.created_at, &self.expiry_date].into_iter().chain(&self.audiences);
        size_of::<Self>()
            + self.key_id.capacity()
            + self.comments.capacity()
            + short.map(heap).sum::<usize>()
            + self.audiences.capacity() * size_of::<CompactString>()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListV2KeysResponse {
    pub keys: Vec<V2KeyDetails>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateV2KeyRequest {
    pub username: String,
    /// Empty for the default, which is left out of the request: an old workbench may not know the
    /// field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expiry_date: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comments: String,
    /// Empty for the default; an older instance refuses the field (OBSERVED, CAI_STUDIO_AGENT).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
}

/// The only message that contains an API key in clear text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateV2KeyResponse {
    #[serde(serialize_with = "secret::expose")]
    pub api_key: ApiKey,
    pub key_id: String,
    pub created_at: String,
    pub expiry_date: String,
    pub comments: String,
    pub audiences: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RotateV1KeyRequest {
    pub username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_key_expiry_date: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_key_comments: String,
}

/// The answer to a rotation of the legacy key; `api_key` is that key in clear text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RotateV1KeyResponse {
    #[serde(serialize_with = "secret::expose")]
    pub api_key: ApiKey,
    pub api_key_hash: String,
    pub api_key_expiry_date: String,
    pub api_key_comments: String,
}
