//! Profiles and credentials as stored in their files.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::secret::{self, ApiKey, LegacyKey};

/// `profiles.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profiles {
    #[serde(skip_serializing)]
    pub(super) version: Option<u32>,
    /// The profile to use if none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    pub profiles: BTreeMap<String, Profile>,
}

impl Profiles {
    /// A name for the profile of `username` at `url`: the host's first label, followed by the user
    /// if another profile already has that name.
    pub fn free_name(&self, url: &str, username: &str) -> String {
        let host = host(url);
        let is_address = host.parse::<IpAddr>().is_ok();
        let label = if is_address { host } else { host.split('.').next().unwrap_or(host) };
        let taken =
            |name: &str| self.profiles.get(name).is_some_and(|p| p.url != url || p.username != username);
        let names = [label.to_owned(), format!("{label}-{username}")];
        let numbered = (2..).map(|n| format!("{label}-{username}-{n}"));
        names.into_iter().chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    }
}

/// The host of an origin, an IPv6 address without its brackets.
fn host(url: &str) -> &str {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or(host),
    }
}

/// One user of one workbench.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    pub url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// Set if the model service's URL does not follow from the workbench's.
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
    /// A shell command that prints the key, instead of a stored one: `pass show workbench`.
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
    /// The URL that the key was given for; it is sent nowhere else.
    pub url: String,
    #[serde(serialize_with = "secret::expose")]
    pub api_key: ApiKey,
    /// Set if known: for a key that this program created.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key_id: String,
    /// For the v1 site settings if the API key is refused; added here by hand.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_named_after_its_host() {
        let mut profiles = Profiles::default();
        for (url, name) in [
            ("https://ml-1.example.com:8443", "ml-1"),
            ("http://localhost:8642", "localhost"),
            ("http://127.0.0.1:8642", "127.0.0.1"),
            ("http://[::1]:8642", "::1"),
            ("https://[2001:db8::7]", "2001:db8::7"),
        ] {
            assert_eq!(profiles.free_name(url, "owner"), name);
        }
        let other = Profile { url: "http://[::1]:1".into(), ..Profile::default() };
        profiles.profiles.insert("::1".to_owned(), other);
        assert_eq!(profiles.free_name("http://[::1]:2", "owner"), "::1-owner");
    }
}
