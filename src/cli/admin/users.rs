//! `admin users`.

use std::pin::pin;

use futures_util::StreamExt as _;
use serde_json::json;

use crate::actions::users::{self, KeyCounts, UserKeys};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::text;

pub async fn run(context: &Context) -> Result<Exit, Failure> {
    let session = context.session()?;
    let mut pages = pin!(users::list(&session));
    let mut list = context.out.list(&["KEYS", "EXPIRED", "EXPIRING", "NAME", "USER"]);
    let mut unread = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page?;
        unread.extend(page.iter().filter_map(|row| row.keys.as_ref().err()).map(ToString::to_string));
        let rows: Vec<_> = page.iter().map(|row| (document(row), cells(row))).collect();
        list.page(&rows)?;
    }
    let users = list.end()?;
    if users == 1 {
        context.out.note("the workbench shows one user: only a site administrator sees all users");
    }
    let Some(why) = unread.first() else { return Ok(Exit::Done) };
    let users = text::count(unread.len(), "user", "users");
    // As for an audit: of those users nothing is known.
    Err(Failure::new(Exit::Refused, "incomplete", format!("the keys of {users} could not be read: {why}")))
}

fn document(row: &UserKeys) -> serde_json::Value {
    let (user, keys) = (&row.user.user, row.keys.as_ref().ok());
    json!({
        "username": user.user_name,
        "name": user.name,
        "id": user.id,
        "keys": keys.map(|keys| keys.all),
        "expired": keys.map(|keys| keys.expired),
        "expiring": keys.map(|keys| keys.soon),
        "error": row.keys.as_ref().err().map(ToString::to_string),
    })
}

fn cells(row: &UserKeys) -> Vec<String> {
    let user = &row.user.user;
    let cell = |count: fn(&KeyCounts) -> usize| {
        row.keys.as_ref().map_or_else(|_| "?".to_owned(), |keys| count(keys).to_string())
    };
    vec![
        cell(|keys| keys.all),
        cell(|keys| keys.expired),
        cell(|keys| keys.soon),
        user.name.clone(),
        user.user_name.clone(),
    ]
}
