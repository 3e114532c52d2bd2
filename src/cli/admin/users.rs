//! `admin users`: everybody with the number of their keys. A workbench has no list of that, so the
//! keys of each user are asked for, some at a time.

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::json;

use crate::actions::keys::SOON_DAYS;
use crate::api::{Client, PageQuery, Pages};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::expiry::{self, KeyStatus};
use crate::text;
use crate::wire::UserQuota;

/// Requests at a time.
const AT_A_TIME: usize = 8;
/// Users a page.
const PAGE: u32 = 200;

pub async fn run(context: &Context) -> Result<Exit, Failure> {
    let session = context.session()?;
    let client = &session.client;
    let now = context.now();
    let mut pages =
        Pages::new(PageQuery::sized(PAGE), |query| async move { client.users_page(&query).await });
    let mut list = context.out.list(&["KEYS", "EXPIRED", "SOON", "NAME", "USER"]);
    let mut unread = Vec::new();
    while let Some(page) = pages.next().await {
        let rows: Vec<_> = stream::iter(page?.into_iter().map(|user| row(client, user, now)))
            .buffered(AT_A_TIME)
            .collect()
            .await;
        unread.extend(rows.iter().filter_map(|(document, _)| document["error"].as_str().map(str::to_owned)));
        list.page(&rows)?;
    }
    let users = list.end()?;
    if users == 1 {
        context.out.note("the workbench shows one user: only a site administrator sees everybody");
    }
    let Some(why) = unread.first() else { return Ok(Exit::Done) };
    let users = text::count(unread.len(), "user", "users");
    context.out.warn("incomplete", &format!("the keys of {users} could not be read: {why}"), None);
    Ok(Exit::No)
}

async fn row(client: &Client, user: UserQuota, now: jiff::Timestamp) -> (serde_json::Value, Vec<String>) {
    let user = user.user;
    let keys = client.list_keys(&user.user_name).await;
    let count = |status: KeyStatus| {
        let keys = keys.as_ref().ok()?;
        Some(keys.iter().filter(|key| expiry::status(&key.expiry_date, now, SOON_DAYS) == status).count())
    };
    let all = keys.as_ref().ok().map(Vec::len);
    let (expired, soon) = (count(KeyStatus::Expired), count(KeyStatus::Soon));
    let cell = |count: Option<usize>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    let cells = vec![cell(all), cell(expired), cell(soon), user.name.clone(), user.user_name.clone()];
    let document = json!({
        "username": user.user_name,
        "name": user.name,
        "id": user.id,
        "keys": all,
        "expired": expired,
        "expiring": soon,
        "error": keys.as_ref().err().map(ToString::to_string),
    });
    (document, cells)
}
