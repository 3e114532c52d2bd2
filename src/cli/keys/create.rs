//! `keys create`.

use std::path::PathBuf;

use clap::Args;
use jiff::SignedDuration;
use serde_json::json;

use crate::actions::key_file::KeyFile;
use crate::actions::{clock, keys};
use crate::api::NewKey;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::options::ClockArgs;
use crate::cli::output::{self, delivered};
use crate::cli::times::{in_utc, moment};
use crate::cli::values;
use crate::config::Session;
use crate::wire::{CreateV2KeyResponse, time};

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench keys create --name 'nightly scoring' --expires +90d
  keybench keys create --name dashboard --output ~/.dashboard-key
  keybench keys create --audience API --audience Application --json

Ends with 0 once the key is created and written.")]
pub struct CreateArgs {
    /// What the key is for; the workbench calls it the comment
    #[arg(long, visible_alias = "comment", default_value = "", hide_default_value = true)]
    pub name: String,
    /// Day on which it expires: 2027-01-31, +90d, '3 months', default or max
    #[arg(long, value_name = "DAY", default_value = "default", value_parser = values::expires, allow_hyphen_values = true)]
    pub expires: String,
    /// What it may be used for: API, Application; may be given several times
    #[arg(long, value_name = "AUDIENCE", value_parser = values::audience)]
    pub audience: Vec<String>,
    /// Write the key to this new file (mode 0600) instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Create nothing: show what would be created
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub clock: ClockArgs,
    /// Create it for this user instead of yourself
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
}

pub async fn run(context: &Context, args: CreateArgs) -> Result<Exit, Failure> {
    let session = match args.dry_run {
        true => context.session()?,
        false => context.session_to_change("creating a key")?,
    };
    let output = match args.output.as_deref() {
        Some(file) => {
            let file = KeyFile::new(file)?;
            context.warn_of_storage(&file);
            Some(file)
        }
        None => {
            if !args.dry_run {
                output::refuse_nowhere()?;
            }
            None
        }
    };
    let is_for_another = args.user.is_some();
    let user = context.user(&session, args.user).await?;
    let own = if is_for_another { session.username.as_deref().unwrap_or_default() } else { &user };
    warn_of_service(context, &session, own, &user, &args.name);
    clock::ask(&session.client).await;
    let expiry = keys::expiry(&session.client, &args.expires, session.client.clock().now()).await?;
    let new = NewKey { expiry, comment: args.name, audiences: args.audience };
    let lasts = expiry.map(|expiry| expiry.duration_since(session.client.clock().now()));
    if lasts.is_some_and(|lasts| lasts < SignedDuration::from_hours(24)) {
        context.out.warn(
            "short",
            "this key lasts less than a day",
            Some("days are in UTC, and end at midnight"),
        );
    }
    if args.dry_run {
        return foresee(context, &user, &new, output.as_ref());
    }
    let created = match &output {
        Some(file) => keys::create_in_file(&session, &user, &new, file, context).await?,
        None => keys::create(&session, &user, &new, context).await?,
    };
    context.warn_of_clock(&session, args.clock.clock_difference);
    let printed = print(context, &user, &created, output.as_ref());
    match output {
        None => delivered(printed, &created.key_id)?,
        Some(_) => printed?,
    }
    if output.is_none() && !context.out.json {
        context.out.note("The key is shown this once; keep it where only you can read it.");
    }
    Ok(Exit::Done)
}

/// Warns of a key with the name of a service: only an apply delivers those.
fn warn_of_service(context: &Context, session: &Session, own: &str, user: &str, name: &str) {
    if let Some(file) = context.service_keys(session).makes(own, user, name) {
        let message = format!(
            "{name:?} is a service of {}: a key that no apply makes is delivered nowhere, and blocks the service \
             until it is deleted",
            file.display()
        );
        let hint = "give another --name; `keybench fleet apply` makes the keys of the service";
        context.out.warn("service", &message, Some(hint));
    }
}

fn foresee(context: &Context, user: &str, new: &NewKey, output: Option<&KeyFile>) -> Result<Exit, Failure> {
    let expiry = new.expiry.map(time::format);
    if context.out.json {
        context.out.document(&json!({
            "dry_run": true,
            "username": user,
            "comments": new.comment,
            "audiences": new.audiences,
            "expiry_date": expiry,
            "output": output.map(KeyFile::path),
        }))?;
        return Ok(Exit::Done);
    }
    let expires = expiry.map_or_else(|| "by the workbench's default".to_owned(), |expiry| moment(&expiry));
    let name =
        if new.comment.is_empty() { "without a name".to_owned() } else { format!("{:?}", new.comment) };
    context.out.lines(&[format!("would create a key of {user}, {name}, that expires {expires}")])?;
    Ok(Exit::Done)
}

fn print(
    context: &Context,
    user: &str,
    created: &CreateV2KeyResponse,
    output: Option<&KeyFile>,
) -> Result<(), Failure> {
    if context.out.json {
        let mut document = json!({
            "key_id": created.key_id,
            "username": user,
            "comments": created.comments,
            "audiences": created.audiences,
            "created_at": in_utc(&created.created_at),
            "expiry_date": in_utc(&created.expiry_date),
        });
        match output {
            Some(file) => document["output"] = json!(file.path()),
            None => document["api_key"] = json!(created.api_key.expose()),
        }
        return context.out.document(&document);
    }
    let key = match output {
        Some(file) => format!("Key:      written to {}", file.path().display()),
        None => format!("Key:      {}", created.api_key.expose()),
    };
    context.out.lines(&[
        key,
        format!("Key ID:   {}", created.key_id),
        format!("Expires:  {}", moment(&created.expiry_date)),
    ])
}
