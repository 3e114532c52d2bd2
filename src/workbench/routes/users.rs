//! Users: one by ID, and the directory with quotas.

use axum::extract::{Path, State};
use serde::Serialize;

use crate::wire::{ListUsersQuotaResponse, NumberText, Quota, ShortUser, UserOrGroupInfo, UserQuota, Whole};
use crate::workbench::Workbench;
use crate::workbench::http::answer::Answer;
use crate::workbench::http::auth::Caller;
use crate::workbench::http::origin::Origin;
use crate::workbench::http::query::Params;
use crate::workbench::http::refusal::{Refusal, bad_value, unknown_user};
use crate::workbench::store::listing;
use crate::workbench::store::users::{self, User};

/// GetShortUserByID
pub async fn short(
    State(workbench): State<Workbench>,
    Path(user_id): Path<String>,
) -> Result<Answer<ShortUser>, Refusal> {
    let id: i32 = user_id.parse().map_err(|_| bad_value("user_id", "it must be a whole number"))?;
    let user =
        workbench.store().read(move |db| users::by_id(db, i64::from(id))).await.map_err(Refusal::from)?;
    Ok(Answer::new(user.ok_or_else(|| unknown_user(&user_id))?.short()))
}

/// One row of [`all`].
#[derive(Debug, Serialize)]
pub struct Row {
    id: i64,
    #[serde(flatten)]
    user: ShortUser,
}

/// `GET /api/v1/users`: an array with `id`, `username`, `name` and `email` (OBSERVED, edge2ai and
/// cai-connector), for site administrators.
pub async fn all(State(workbench): State<Workbench>) -> Result<Answer<Vec<Row>>, Refusal> {
    let users = workbench.store().read(users::all).await.map_err(Refusal::from)?;
    Ok(Answer::new(users.iter().map(|user| Row { id: user.id, user: user.short() }).collect()))
}

/// ListUsersQuota: the administrator's directory of users; others see only themselves (SPEC).
pub async fn quotas(
    State(workbench): State<Workbench>,
    caller: Caller,
    Origin(url): Origin,
    params: Params,
) -> Result<Answer<ListUsersQuotaResponse>, Refusal> {
    let query = params.list(&workbench, &users::LISTING, &format!("users {}", caller.user().id))?;
    let scope = users::scope(caller.user());
    let selection = query.selection.clone();
    let (slice, total) = workbench
        .store()
        .read(move |db| -> Result<_, Refusal> {
            let slice = listing::page(db, &users::LISTING, &scope, &selection, users::from_row)?;
            Ok((slice, listing::count(db, &users::LISTING, &scope, &selection)?))
        })
        .await?;
    let next_page_token = query.next_token(&workbench, &slice);
    let user_quota = slice.items.iter().map(|user| quota(user, &url)).collect();
    let response = ListUsersQuotaResponse { user_quota, next_page_token, total_count: NumberText(total) };
    Ok(Answer::new(response).inferred_all(query.inferred))
}

/// This workbench has no quotas: nothing is used, nothing is configured.
fn quota(user: &User, url: &str) -> UserQuota {
    let nothing = || Quota { cpu: "0".into(), memory: "0".into(), nvidia_gpu: "0".into() };
    UserQuota {
        user: UserOrGroupInfo {
            id: Whole(user.id),
            html_url: format!("{url}/{}", user.username),
            url: format!("{url}/api/v1/users/{}", user.username),
            name: user.name.clone(),
            user_name: user.username.clone(),
        },
        quota_usage: nothing(),
        quota_configured: nothing(),
    }
}
