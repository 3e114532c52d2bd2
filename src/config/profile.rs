//! Profiles and credentials as they lie in their files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::secret::{self, ApiKey, LegacyKey};

/// `profiles.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profiles {
    #[serde(skip_serializing)]
    pub(super) version: Option<u32>,
    /// The profile that is used where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    pub profiles: BTreeMap<String, Profile>,
}

/// One workbench and one user there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    pub url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// Where the model service's URL does not follow from the workbench's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_url: Option<String>,
    /// What the header shows instead of the profile's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_cert: Option<PathBuf>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// A shell command that prints the key, in place of a stored one: `pass show workbench`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_command: Option<String>,
}

/// `credentials.toml`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Credentials {
    #[serde(skip_serializing)]
    pub(super) version: Option<u32>,
    /// Profile name → its key.
    pub keys: BTreeMap<String, Credential>,
}

/// A stored key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Credential {
    /// The URL that the key was given for; it is sent to no other.
    pub url: String,
    #[serde(serialize_with = "secret::expose")]
    pub api_key: ApiKey,
    /// Where it is known: for a key that this program made.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key_id: String,
    /// For the v1 site settings, where the API key is refused; put here by hand.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "expose_legacy",
        deserialize_with = "read_legacy"
    )]
    pub legacy_api_key: Option<LegacyKey>,
}

fn expose_legacy<S: Serializer>(key: &Option<LegacyKey>, serializer: S) -> Result<S::Ok, S::Error> {
    key.as_ref().map(LegacyKey::expose).serialize(serializer)
}

fn read_legacy<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LegacyKey>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()).map(LegacyKey::new))
}
