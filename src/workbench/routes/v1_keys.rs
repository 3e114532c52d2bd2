//! API keys through API v1, for clients with a legacy key (OBSERVED, cmlutils and edge2ai): they
//! list, create and delete the same keys as API v2.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::keys;
use crate::secret::{self, ApiKey};
use crate::wire::{CreateV2KeyRequest, Empty, V2KeyDetails};
use crate::workbench::Workbench;
use crate::workbench::behaviour::Why;
use crate::workbench::http::answer::Answer;
use crate::workbench::http::bodies::Members;
use crate::workbench::http::gate::Named;
use crate::workbench::http::refusal::Refusal;

/// `keyid`, `expiryDate` and `apiKey` are OBSERVED, the other names INFERRED.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    keyid: String,
    created_at: String,
    expiry_date: String,
    comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    keyid: String,
    #[serde(serialize_with = "secret::expose")]
    api_key: ApiKey,
    expiry_date: String,
}

/// API v1 uses camelCase. Null counts as absent.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wish {
    expiry_date: Option<String>,
    comment: Option<String>,
    audiences: Option<Vec<String>>,
}

/// `GET /api/v1/users/{username}/apikey`: an array.
pub async fn list(state: State<Workbench>, user: Named) -> Result<Answer<Vec<Listed>>, Refusal> {
    let listed = |key: V2KeyDetails| Listed {
        keyid: key.key_id,
        created_at: key.created_at.into(),
        expiry_date: key.expiry_date.into(),
        comment: key.comments,
    };
    let answer = keys::list(state, user).await?;
    Ok(answer.map(|all| all.keys.into_iter().map(listed).collect()))
}

/// `POST /api/v1/users/{username}/apikey` with `{"expiryDate": …}`.
pub async fn create(
    State(workbench): State<Workbench>,
    Named(user): Named,
    Members(members): Members,
) -> Result<Answer<Made>, Refusal> {
    let malformed =
        |error: serde_json::Error| Refusal::new(Why::MalformedBody).with("detail", error.to_string());
    let wish: Wish = serde_json::from_value(members.into()).map_err(malformed)?;
    let request = CreateV2KeyRequest {
        expiry_date: wish.expiry_date.unwrap_or_default(),
        comments: wish.comment.unwrap_or_default(),
        audiences: wish.audiences.unwrap_or_default(),
        ..Default::default()
    };
    let answer = keys::make(&workbench, user.id, request).await?;
    Ok(answer.map(|made| Made { keyid: made.key_id, api_key: made.api_key, expiry_date: made.expiry_date }))
}

/// `DELETE /api/v1/users/{username}/apikey/{keyid}`
pub async fn remove(
    state: State<Workbench>,
    user: Named,
    path: Path<(String, String)>,
) -> Result<Answer<Empty>, Refusal> {
    keys::remove(state, user, path).await
}
