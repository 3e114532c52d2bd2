//! `keys validate` and `keys identify`: about a key that is in the hand.

use std::path::Path;

use serde_json::json;

use crate::api::{self, Client};
use crate::cli::context::{Context, owner_of};
use crate::cli::error::{Exit, Failure};
use crate::cli::key_file;
use crate::config::Session;
use crate::config::made_keys::{self, MadeKey};
use crate::secret::ApiKey;
use crate::wire::V2KeyDetails;

/// A key to look at, and the workbench to ask. Its URL is enough where the key comes in a file.
fn subject(context: &Context, file: Option<&Path>) -> Result<(Client, ApiKey, Option<Session>), Failure> {
    match file {
        None => {
            let session = context.session()?;
            let Some(key) = session.client.key().cloned() else {
                return Err(Failure::new(Exit::NotConfigured, "not_configured", "no key is configured"));
            };
            Ok((session.client.clone(), key, Some(session)))
        }
        Some(file) => {
            let key = key_file::read(file)?;
            let resolved = context.resolve()?;
            let client = Client::new(resolved.client_options())?.with_key(key.clone());
            Ok((client, key, resolved.session().ok()))
        }
    }
}

pub async fn validate(context: &Context, audience: &str, file: Option<&Path>) -> Result<Exit, Failure> {
    let (client, key, _) = subject(context, file)?;
    let answer = match client.validate_key(audience).await {
        Ok(answer) => answer,
        // A refusal is the answer to the question. That one's own key is none is a rejection, while a
        // key for another audience is refused with 403 (OBSERVED, cai-connector).
        Err(api::Error::Refused { status, message, .. })
            if status == 403 || status == 401 && file.is_some() =>
        {
            crate::wire::ValidateAPIKeyResponse { valid: false, username: String::new(), message }
        }
        Err(error) => return Err(error.into()),
    };
    if context.out.json {
        context.out.document(&json!({
            "valid": answer.valid,
            "username": answer.username,
            "audience": audience,
            "message": answer.message,
        }))?;
    } else if answer.valid {
        context.out.lines(&[format!(
            "key {} is valid for {audience}, it is {}'s",
            key.masked(),
            answer.username
        )])?;
    } else {
        context.out.lines(&[format!(
            "key {} is not valid for {audience}: {}",
            key.masked(),
            answer.message
        )])?;
    }
    Ok(if answer.valid { Exit::Done } else { Exit::No })
}

pub async fn identify(context: &Context, file: Option<&Path>) -> Result<Exit, Failure> {
    let (client, key, session) = subject(context, file)?;
    let made = made_here(context, &key);
    let made = made.filter(|made| made.url == client.url());
    let owner = match owner_of(&client).await {
        Ok((username, _)) => Some(username),
        // A key in a file may be any; one's own is what one is signed in with.
        Err(error) if error.is_rejection() && (file.is_some() || made.is_some()) => None,
        Err(error) => return Err(error.into()),
    };
    // The key's own rights serve to list its owner's keys; for a dead key those of the session.
    let listed = match (&owner, &session) {
        (Some(username), _) => client.list_keys(username).await.ok(),
        (None, Some(session)) => match context.username(session).await {
            Ok(username) => session.client.list_keys(&username).await.ok(),
            Err(_) => None,
        },
        (None, None) => None,
    };
    let listed = listed.unwrap_or_default();
    let (known, how) = match &made {
        Some(made) => (Some(made.key_id.clone()), "made here"),
        None => (by_first_half(&key, &listed), "its first half is an id that the workbench lists"),
    };
    let details = known.as_ref().and_then(|id| listed.iter().find(|listed| listed.key_id == *id));
    let username = owner.clone().or_else(|| made.map(|made| made.username));
    let why_not = match &owner {
        _ if known.is_some() => None,
        Some(_) => Some("it was not made here, and no Key ID that the workbench lists resembles it"),
        None => Some(
            "the workbench does not accept it (expired, deleted or of another workbench), and it was not made here",
        ),
    };
    if context.out.json {
        context.out.document(&json!({
            "username": username,
            "valid": owner.is_some(),
            "key_id": known,
            "how": known.as_ref().map(|_| how),
            "why_not": why_not,
            "listed": details.is_some(),
            "comments": details.map(|details| &details.comments),
            "expiry_date": details.map(|details| super::in_utc(&details.expiry_date)),
        }))?;
    } else {
        let whose = match (&username, owner.is_some()) {
            (Some(username), true) => format!("key {} is {username}'s, and valid", key.masked()),
            (Some(username), false) => {
                format!("key {} was {username}'s, and is not accepted any more", key.masked())
            }
            (None, _) => format!("key {} is not accepted", key.masked()),
        };
        let which = match (&known, why_not) {
            (Some(id), _) => format!("Key ID {id} ({how})"),
            (None, why) => format!("the Key ID cannot be known: {}", why.unwrap_or_default()),
        };
        let more = details.map(|details| {
            format!("named {:?}, expires {}", details.comments, super::day(&details.expiry_date))
        });
        context.out.lines(&[Some(whose), Some(which), more].into_iter().flatten().collect::<Vec<_>>())?;
    }
    Ok(if known.is_some() { Exit::Done } else { Exit::No })
}

/// The Key ID of `key`, as far as it can be known.
pub fn known_id(context: &Context, key: &ApiKey, listed: &[V2KeyDetails]) -> Option<String> {
    made_here(context, key).map(|made| made.key_id).or_else(|| by_first_half(key, listed))
}

/// What is noted of `key`, if it was made here.
pub fn made_here(context: &Context, key: &ApiKey) -> Option<MadeKey> {
    context.store().and_then(|store| made_keys::find(&store, key)).ok().flatten()
}

/// That the first half of a key is its id is a guess (INFERRED), which the workbench's own list
/// confirms: 64 hexadecimal digits do not agree by chance.
pub fn by_first_half(key: &ApiKey, listed: &[V2KeyDetails]) -> Option<String> {
    listed.iter().find(|listed| listed.key_id == key.first_half()).map(|listed| listed.key_id.clone())
}
