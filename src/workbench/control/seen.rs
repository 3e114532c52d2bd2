//! What is known about a request before it is answered: the operation, the model, the user.

use axum::http::{HeaderMap, Method, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::secret::ApiKey;
use crate::workbench::Workbench;
use crate::workbench::http::operations;
use crate::workbench::http::verbs::join_verb;
use crate::workbench::store::{keys, models};

use super::masks;

/// The name of a model call among operations; the specification has none for it.
pub const CALL_MODEL: &str = "CallModel";

/// A request, as faults and the journal see it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Seen {
    pub operation: Option<&'static str>,
    pub method: String,
    /// Without the query, and without keys.
    pub path: String,
    /// `project/name`
    pub model: Option<String>,
    pub user: Option<String>,
    pub key_id: Option<String>,
}

impl Seen {
    /// Examines a request. Omits what cannot be known.
    pub async fn of(
        workbench: &Workbench,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let path = join_verb(uri.path());
        let is_call = path == "/model";
        let operation = match operations::at(method.as_str(), &path) {
            None if is_call && method == Method::POST => Some(CALL_MODEL),
            found => found.map(|operation| operation.id),
        };
        let model = if is_call { called(workbench, uri, body).await } else { named(workbench, &path).await };
        let (user, key_id) = caller(workbench, headers).await.unzip();
        let key_id = key_id.filter(|id| !id.is_empty());
        Self { operation, method: method.to_string(), path: masks::text(&path), model, user, key_id }
    }
}

#[derive(Deserialize)]
struct CallBody {
    #[serde(rename = "accessKey")]
    access_key: String,
}

/// The model that is called.
async fn called(workbench: &Workbench, uri: &Uri, body: &[u8]) -> Option<String> {
    let of_query =
        uri.query().and_then(|query| query.split('&').find_map(|it| it.strip_prefix("accessKey=")));
    let access_key = match of_query {
        Some(key) => key.to_owned(),
        None => serde_json::from_slice::<CallBody>(body).ok()?.access_key,
    };
    let found = workbench.store().read(move |db| models::callable(db, &access_key)).await.ok()??;
    Some(format!("{}/{}", found.project_name, found.name))
}

/// The model that a path names.
async fn named(workbench: &Workbench, path: &str) -> Option<String> {
    let rest = path.strip_prefix("/api/v2/projects/")?;
    let id = rest.split('/').nth(2).filter(|_| rest.split('/').nth(1) == Some("models"))?.to_owned();
    let (project, name) = workbench.store().read(move |db| models::names(db, &id)).await.ok()??;
    Some(format!("{project}/{name}"))
}

/// The owner of the key in the request, even if the key is no longer valid, and its Key ID.
async fn caller(workbench: &Workbench, headers: &HeaderMap) -> Option<(String, String)> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = text.trim().split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        let hash = keys::hash(ApiKey::parse(rest.trim()).ok()?.expose());
        let owner = workbench.store().read(move |db| keys::owner_of(db, &hash)).await.ok()??;
        return Some((owner.user.username, owner.key_id));
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let hash = keys::hash(pair.strip_suffix(':').unwrap_or(&pair));
    let owner = workbench.store().read(move |db| keys::legacy_owner_of(db, &hash)).await.ok()??;
    Some((owner.user.username, String::new()))
}
