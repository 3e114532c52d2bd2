//! Site-wide information: v1 settings, available operations, version.

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::call::As;
use super::{Client, Error};

/// Largest size of all site settings, in bytes.
const SETTINGS_LIMIT: usize = 1 << 20;

/// An operation that a workbench offers, from its `swagger.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedOperation {
    /// Upper case: `GET`.
    pub method: String,
    /// Full path, with parameters in braces.
    pub path: String,
    /// `operationId`, such as `ListV2Keys`; empty if missing.
    pub id: String,
}

/// The parts of `sense-bootstrap.json`, which needs no key, that are used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Version {
    /// Contains the version of the workbench, such as `2.0.47-b450` (OBSERVED, CAI_STUDIO_AGENT).
    #[serde(rename = "gitSha")]
    pub git_sha: String,
}

impl Client {
    /// The site's settings, one flat object (OBSERVED, CAI_STUDIO_AGENT: any user may read it).
    pub async fn site_config(&self) -> Result<Map<String, Value>, Error> {
        self.site_settings("reading the site's settings", Method::GET, None).await
    }

    /// Changes one site setting and returns all of them (OBSERVED, edge2ai-workshop). `name` must
    /// come from [`Self::site_config`]: names are not specified and never invented here.
    pub async fn patch_site_config(&self, name: &str, value: Value) -> Result<Map<String, Value>, Error> {
        let mut body = Map::new();
        body.insert(name.to_owned(), value);
        self.site_settings("changing a site setting", Method::PATCH, Some(&body)).await
    }

    async fn site_settings(
        &self,
        operation: &'static str,
        method: Method,
        body: Option<&Map<String, Value>>,
    ) -> Result<Map<String, Value>, Error> {
        let ask = async |who: As| {
            let path = ["api", "v1", "site", "config"];
            let mut call = self.call(operation, method.clone(), &path)?.by(who).up_to(SETTINGS_LIMIT);
            if let Some(body) = body {
                call = call.json(body)?;
            }
            self.send(call).await
        };
        match ask(As::ApiKey).await {
            Err(error) if self.try_legacy_key(&error) => ask(As::LegacyKey).await,
            other => other,
        }
    }

    /// The operations that this workbench offers; needs no key (OBSERVED, cai-connector).
    pub async fn swagger_operations(&self) -> Result<Vec<OfferedOperation>, Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Swagger {
            paths: Map<String, Value>,
        }
        let path = ["api", "v2", "swagger.json"];
        let call = self.call("reading the offered operations", Method::GET, &path)?.by(As::Anonymous);
        let swagger: Swagger = self.send(call).await?;
        let mut offered = Vec::new();
        for (path, methods) in &swagger.paths {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
                offered.push(OfferedOperation { method: method.to_uppercase(), path: path.clone(), id });
            }
        }
        Ok(offered)
    }

    /// The workbench's current time, from an answer's header; needs no key.
    pub async fn server_time(&self) -> Result<Option<Timestamp>, Error> {
        let call =
            self.call("asking for the time", Method::GET, &["sense-bootstrap.json"])?.by(As::Anonymous);
        self.send_for_date(call).await
    }

    /// The version of the workbench; needs no key.
    pub async fn version(&self) -> Result<Version, Error> {
        let call =
            self.call("reading the version", Method::GET, &["sense-bootstrap.json"])?.by(As::Anonymous);
        self.send(call).await
    }
}

/// The setting "Default API keys expiration in days" among the site's settings: its name as the
/// backend gave it, and its value.
///
/// The name is not documented. It is recognised by containing both `expir` and `key`, and only if
/// exactly one such member has a whole number as its value; with several, picking one would be
/// guessing.
pub fn expiration_setting(settings: &Map<String, Value>) -> Option<(String, u32)> {
    let mut found = settings.iter().filter_map(|(name, value)| {
        let lower = name.to_lowercase();
        if !(lower.contains("expir") && lower.contains("key")) {
            return None;
        }
        let days = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
        Some((name.clone(), u32::try_from(days).ok()?))
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_setting_is_found_by_its_words_and_not_guessed() {
        let one = settings(r#"{"environment":"{}","apiKeyExpirationDays":"90","session_expiry":7}"#);
        assert_eq!(expiration_setting(&one), Some(("apiKeyExpirationDays".to_owned(), 90)));
        let none = settings(r#"{"key_expiration_enabled":true}"#);
        assert_eq!(expiration_setting(&none), None);
        let two = settings(r#"{"api_key_expiry":1,"ssh_key_expiry":2}"#);
        assert_eq!(expiration_setting(&two), None);
    }
}
