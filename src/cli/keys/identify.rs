//! `keys validate` and `keys identify`: about a key that is in the hand.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::actions::keys;
use crate::api::Client;
use crate::cli::context::Context;
use crate::cli::echo;
use crate::cli::error::{Exit, Failure};
use crate::cli::times::{day, in_utc};
use crate::cli::values;
use crate::config::{self, Session};

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench keys validate
  keybench keys validate --api-key-file ~/.service-key --audience Application

Ends with 0 if the key is valid for the audience, with 8 if it is not.")]
pub struct ValidateArgs {
    /// What it should be valid for: API or Application
    #[arg(long, default_value = "API", value_parser = values::audience)]
    audience: String,
    /// The key in this file (- for standard input) instead of your own
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:
  keybench keys identify --api-key-file ~/.service-key

A workbench does not say which Key ID a key has. keybench remembers the keys it creates by a salted
hash; for any other key it compares the first half with the ids that the workbench lists. Ends with
0 if the Key ID is known, with 8 if it is not.")]
pub struct IdentifyArgs {
    /// The key in this file (- for standard input) instead of your own
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

/// A session with the key to look at, and the one that is signed in. The URL is enough where the key
/// comes in a file.
fn subject(context: &Context, file: Option<&Path>) -> Result<(Session, Option<Session>), Failure> {
    let Some(file) = file else {
        let session = context.session()?;
        return Ok((session.clone(), Some(session)));
    };
    let key = echo::read_key(&context.out, file)?;
    let resolved = context.resolve()?;
    let mut subject = Session::new(Client::new(resolved.client_options())?.with_key(key));
    subject.store = context.store().ok();
    Ok((subject, resolved.session().ok()))
}

pub async fn validate(context: &Context, args: ValidateArgs) -> Result<Exit, Failure> {
    let ValidateArgs { audience, api_key_file } = args;
    let file = api_key_file.as_deref();
    let (subject, _) = subject(context, file)?;
    let answer = keys::validate(&subject.client, &audience, file.is_none()).await?;
    let key = masked(&subject)?;
    if context.out.json {
        context.out.document(&json!({
            "valid": answer.valid,
            "username": Some(&answer.username).filter(|username| !username.is_empty()),
            "audience": audience,
            "message": answer.message,
        }))?;
    } else if answer.valid {
        context.out.lines(&[format!("key {key} is valid for {audience}, it is {}'s", answer.username)])?;
    } else {
        context.out.lines(&[format!("key {key} is not valid for {audience}: {}", answer.message)])?;
    }
    Ok(if answer.valid { Exit::Done } else { Exit::No })
}

pub async fn identify(context: &Context, args: IdentifyArgs) -> Result<Exit, Failure> {
    let file = args.api_key_file.as_deref();
    let (subject, signed_in) = subject(context, file)?;
    let identity = keys::identify(&subject, signed_in.as_ref(), file.is_none()).await?;
    let key = masked(&subject)?;
    let (known, listed) = (&identity.key_id, identity.listed.as_ref());
    if context.out.json {
        context.out.document(&json!({
            "username": identity.username,
            "valid": identity.valid,
            "key_id": known,
            "how": known.as_ref().map(|_| identity.how.text()),
            "why_not": known.is_none().then(|| identity.how.text()),
            "listed": listed.is_some(),
            "comments": listed.map(|listed| &listed.comments),
            "expiry_date": listed.map(|listed| in_utc(&listed.expiry_date)),
        }))?;
    } else {
        let whose = match (&identity.username, identity.valid) {
            (Some(username), true) => format!("key {key} is {username}'s, and valid"),
            (Some(username), false) => format!("key {key} was {username}'s, and is not accepted any more"),
            (None, _) => format!("key {key} is not accepted"),
        };
        let which = match known {
            Some(id) => format!("Key ID {id} ({})", identity.how.text()),
            None => format!("the Key ID cannot be known: {}", identity.how.text()),
        };
        let more =
            listed.map(|listed| format!("named {:?}, expires {}", listed.comments, day(&listed.expiry_date)));
        context.out.lines(&[Some(whose), Some(which), more].into_iter().flatten().collect::<Vec<_>>())?;
    }
    Ok(if known.is_some() { Exit::Done } else { Exit::No })
}

fn masked(subject: &Session) -> Result<String, Failure> {
    match subject.client.key() {
        Some(key) => Ok(key.masked()),
        None => Err(config::Error::NoKey { url: subject.client.url().to_owned() }.into()),
    }
}
