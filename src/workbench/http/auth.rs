//! Authentication: API keys (`Authorization: Bearer`) and, on API v1, legacy keys (Basic).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::refusal::Refusal;
use crate::secret::ApiKey;
use crate::wire;
use crate::workbench::Workbench;
use crate::workbench::behaviour::Why;
use crate::workbench::store::keys::{self, KeyOwner};
use crate::workbench::store::users::User;

/// The caller, as the gate determined it. A handler that extracts it must be behind the gate.
#[derive(Debug, Clone)]
pub struct Caller(pub Arc<KeyOwner>);

impl Caller {
    pub fn user(&self) -> &User {
        &self.0.user
    }

    /// Whether the key may be used for this audience.
    pub fn has_audience(&self, audience: &str) -> bool {
        self.0.audiences.iter().any(|granted| granted == audience)
    }
}

impl FromRequestParts<Workbench> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Workbench) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Refusal::new(Why::Internal))
    }
}

/// The owner of the request's API key: the key is known and not expired, and its owner may use the
/// workbench. Callers check the audience. Served from the cache while the store does not change.
pub async fn api_key_owner(workbench: &Workbench, headers: &HeaderMap) -> Result<Arc<KeyOwner>, Refusal> {
    let text = credentials(headers, "bearer")?;
    // The shape first: a text that cannot be a key is not worth a look-up.
    if !ApiKey::has_shape(text) {
        return Err(Why::MalformedKey.into());
    }
    let hash = keys::hash(text);
    let generation = workbench.store().generation();
    let owner = match workbench.key_owners().get(generation, &hash) {
        Some(owner) => owner,
        None => {
            let found = workbench.store().read(move |db| keys::owner_of(db, &hash)).await;
            let owner = Arc::new(found.map_err(Refusal::from)?.ok_or(Why::UnknownKey)?);
            workbench.key_owners().put(generation, hash, owner.clone());
            owner
        }
    };
    usable(&owner.user, Some(owner.expires_at), workbench.now())?;
    Ok(owner)
}

/// The owner of the API key or legacy key in a request to API v1.
pub async fn either_key_owner(workbench: &Workbench, headers: &HeaderMap) -> Result<Arc<KeyOwner>, Refusal> {
    let Ok(encoded) = credentials(headers, "basic") else { return api_key_owner(workbench, headers).await };
    let decoded = STANDARD.decode(encoded).map_err(|_| Refusal::new(Why::UnknownKey))?;
    let pair = String::from_utf8(decoded).map_err(|_| Refusal::new(Why::UnknownKey))?;
    // User = key, empty password (DOCS, cdsw-api-key-authentication); a script in use omits the
    // colon (OBSERVED).
    let key = pair.strip_suffix(':').unwrap_or(&pair);
    let hash = keys::hash(key);
    let found = workbench.store().read(move |db| keys::legacy_owner_of(db, &hash)).await;
    let owner = found.map_err(Refusal::from)?.ok_or(Why::UnknownKey)?;
    usable(&owner.user, owner.expires_at, workbench.now())?;
    Ok(Arc::new(KeyOwner {
        user: owner.user,
        key_id: String::new(),
        audiences: vec![wire::AUDIENCE_API.to_owned()],
        expires_at: owner.expires_at.unwrap_or(Timestamp::MAX),
    }))
}

fn usable(user: &User, expires_at: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    match expires_at {
        Some(expired) if expired <= now => {
            Err(Refusal::new(Why::ExpiredKey).with("expired", wire::time::format(expired)))
        }
        _ if user.banned || user.deactivated => Err(Why::ClosedAccount.into()),
        _ => Ok(()),
    }
}

/// What follows the scheme in the Authorization header.
fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Result<&'a str, Refusal> {
    let header = headers.get(header::AUTHORIZATION).ok_or(Why::MissingKey)?;
    let text = header.to_str().map_err(|_| Why::MalformedKey)?;
    let (found, rest) = text.trim().split_once(' ').ok_or(Why::MissingScheme)?;
    if !found.eq_ignore_ascii_case(scheme) {
        return Err(Why::MissingScheme.into());
    }
    Ok(rest.trim())
}
