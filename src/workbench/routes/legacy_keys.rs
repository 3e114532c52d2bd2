//! The legacy key: one per user, replaced and never deleted.

use axum::extract::State;

use super::keys::{expiry, limit_days};
use crate::secret::ApiKey;
use crate::text;
use crate::wire::{RotateV1KeyRequest, RotateV1KeyResponse, time};
use crate::workbench::Workbench;
use crate::workbench::behaviour::Why;
use crate::workbench::http::answer::Answer;
use crate::workbench::http::bodies::Json;
use crate::workbench::http::gate::Named;
use crate::workbench::http::refusal::Refusal;
use crate::workbench::ids;
use crate::workbench::store::{keys, settings};

/// RotateV1Key: the old key stops working at once; without a date the new one does not expire (the
/// DOCS up to 1.5.x mention no expiry; the specification has an optional one).
pub async fn rotate(
    State(workbench): State<Workbench>,
    Named(user): Named,
    Json(request): Json<RotateV1KeyRequest>,
) -> Result<Answer<RotateV1KeyResponse>, Refusal> {
    let key = ids::legacy_key().map_err(|_| Why::Internal)?;
    let now = workbench.now();
    let setting = workbench.behaviour().names.expiration_setting.clone();
    let response = workbench
        .store()
        .write(move |db| -> Result<_, Refusal> {
            let expires_at = match request.api_key_expiry_date.trim() {
                "" => None,
                asked => Some(expiry(asked, now, limit_days(&settings::all(db)?, &setting))?),
            };
            let hash = keys::hash(key.expose());
            keys::set_legacy(db, user.id, &hash, &request.api_key_comments, now, expires_at)?;
            Ok(RotateV1KeyResponse {
                api_key: ApiKey::from_workbench(key.expose()),
                api_key_hash: text::hex(&hash),
                api_key_expiry_date: expires_at.map(time::format).unwrap_or_default(),
                api_key_comments: request.api_key_comments,
            })
        })
        .await?;
    Ok(Answer::new(response))
}
