//! The users of a workbench: who they are, whether their accounts are open, and how to write to them.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt as _, stream};

use super::findings::{AuditedKey, Person};
use crate::actions::AT_A_TIME;
use crate::api::{self, Client, PageQuery, all_pages};

/// Users a page: all of them are needed before the first key is read.
const PAGE: u32 = 1_000;

/// All users that the session's user sees.
#[derive(Debug, Default)]
pub struct People {
    pub people: Vec<Person>,
    /// Whether the workbench says who is deactivated and who is banned.
    pub accounts_known: bool,
}

/// Reads the directory, and which users may not sign in any more: the directory itself does not say
/// it of a user, but it can be asked for those of whom it is true (SPEC).
///
/// # Errors
/// The users cannot be listed.
pub async fn read(client: &Client) -> Result<People, api::Error> {
    let all = all_pages(PageQuery::sized(PAGE), |query| async move { client.users_page(&query).await });
    let (users, deactivated, banned) =
        tokio::join!(all, having(client, "deactivated"), having(client, "banned"));
    let users = users?;
    // An older workbench may ignore the filter and return all users.
    let telling = |names: Option<HashSet<String>>| names.filter(|names| names.len() < users.len());
    let (deactivated, banned) = (telling(deactivated), telling(banned));
    let has = |names: &Option<HashSet<String>>, name: &str| {
        names.as_ref().is_some_and(|names| names.contains(name))
    };
    // Only a site administrator sees others, and may ask for their addresses.
    let mut addresses = if users.len() > 1 { addresses(client).await } else { HashMap::new() };
    let accounts_known = deactivated.is_some() && banned.is_some();
    let people = users
        .into_iter()
        .map(|user| Person {
            id: user.user.id.0,
            deactivated: has(&deactivated, &user.user.user_name),
            banned: has(&banned, &user.user.user_name),
            email: addresses.remove(&user.user.user_name),
            username: user.user.user_name,
            name: user.user.name,
        })
        .collect();
    Ok(People { people, accounts_known })
}

/// The users whose account is `deactivated` or `banned`; `None` if the workbench does not say.
pub async fn having(client: &Client, member: &str) -> Option<HashSet<String>> {
    let query = PageQuery::sized(PAGE).filtered(member, "true");
    let users = all_pages(query, |query| async move { client.users_page(&query).await }).await.ok()?;
    Some(users.into_iter().map(|user| user.user.user_name).collect())
}

/// The e-mail addresses of all users, in one answer of API v1. A workbench that refuses it still
/// gives single ones.
async fn addresses(client: &Client) -> HashMap<String, String> {
    let users = client.users_with_addresses().await.unwrap_or_default();
    let known = users.into_iter().filter(|user| !user.email.is_empty());
    known.map(|user| (user.username, user.email)).collect()
}

/// Reads the addresses that are missing of those whose keys have findings: they have to be written
/// to. A workbench that refuses one is not asked for the others.
pub async fn complete_addresses(client: &Client, people: &mut [Person], keys: &mut [AuditedKey]) {
    let found: HashSet<&str> =
        keys.iter().filter(|key| !key.findings.is_empty()).map(|key| key.username.as_str()).collect();
    let missing = people
        .iter()
        .filter(|person| person.email.is_none() && person.id != 0 && found.contains(person.username.as_str()))
        .map(|person| person.id);
    let missing: Vec<i64> = missing.collect();
    let mut answers =
        stream::iter(missing.into_iter().map(|id| client.user_by_id(id))).buffer_unordered(AT_A_TIME);
    let mut known = HashMap::new();
    while let Some(Ok(user)) = answers.next().await {
        if !user.email.is_empty() {
            known.insert(user.username, user.email);
        }
    }
    for person in people {
        if let Some(email) = known.get(&person.username) {
            person.email = Some(email.clone());
        }
    }
    for key in keys {
        if let Some(email) = known.get(&key.username) {
            key.email = Some(email.clone());
        }
    }
}
