//! `keys create`.

use jiff::Timestamp;
use serde_json::json;

use super::{day, in_utc, undelivered};
use crate::api::{self, Client, NewKey, expiration_setting};
use crate::cli::args::CreateArgs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::output;
use crate::cli::output_file::OutputFile;
use crate::config::made_keys;
use crate::expiry::{self, BadDate, Policy};
use crate::wire::{CreateV2KeyResponse, time};

pub async fn run(context: &Context, args: CreateArgs) -> Result<Exit, Failure> {
    let session = context.session_to_change("creating a key")?;
    let output = match args.output.as_deref() {
        Some(file) => {
            let file = OutputFile::new(file)?;
            file.warn_of_storage(&context.out);
            Some(file)
        }
        None => {
            output::refuse_nowhere()?;
            None
        }
    };
    let client = &session.client;
    let expiry = expiry_of(context, client, &args.expires).await?;
    let user = context.user(&session, args.user).await?;
    let new = NewKey { expiry, comment: args.name, audiences: args.audience };
    let created = client.create_key(&user, &new).await.map_err(not_created)?;
    context.done(format!("key {} was created", created.key_id));
    remember(context, client, &user, &created);

    if let Some(file) = &output
        && let Err(error) = file.write(&format!("{}\n", created.api_key.expose()))
    {
        // A key that nobody has is of no use and only adds to the list.
        let undone = client.delete_key(&user, &created.key_id).await.is_ok();
        let undone =
            if undone { "the new key was deleted again" } else { "the new key is still listed: delete it" };
        let message = format!("{} cannot be written: {error}; {undone}", file.path().display());
        return Err(Failure::invalid(message));
    }
    let key_id = created.key_id.clone();
    let lost = |failure| if output.is_none() { undelivered(failure, &key_id) } else { failure };
    if context.out.json {
        let mut document = json!({
            "key_id": created.key_id,
            "username": user,
            "comments": created.comments,
            "audiences": created.audiences,
            "created_at": in_utc(&created.created_at),
            "expiry_date": in_utc(&created.expiry_date),
        });
        match &output {
            Some(file) => document["output"] = json!(file.path()),
            None => document["api_key"] = json!(created.api_key.expose()),
        }
        let told = context.out.document(&document);
        told.map_err(lost)?;
    } else {
        let key = match &output {
            Some(file) => format!("Key:      in {}", file.path().display()),
            None => format!("Key:      {}", created.api_key.expose()),
        };
        let told = context.out.lines(&[
            key,
            format!("Key ID:   {}", created.key_id),
            format!("Expires:  {}", day(&created.expiry_date)),
        ]);
        told.map_err(lost)?;
        if output.is_none() {
            context.out.note("The key is shown this once; keep it where only you can read it.");
        }
    }
    Ok(Exit::Done)
}

/// What it means that the answer to a creation is lost or of no use.
fn not_created(error: api::Error) -> Failure {
    let may_be = error.may_be_done();
    let failure = Failure::from(error);
    if !may_be {
        return failure;
    }
    failure.hint(
        "a key may have been made all the same: look with `keybench keys list`, and delete what nobody has",
    )
}

/// The expiry to send: none for the default. A limit is the workbench's to apply, and only `max`
/// needs to know it.
pub async fn expiry_of(
    context: &Context,
    client: &Client,
    wanted: &str,
) -> Result<Option<Timestamp>, Failure> {
    let wanted = wanted.trim();
    if wanted.eq_ignore_ascii_case("default") {
        return Ok(None);
    }
    let policy = match wanted.eq_ignore_ascii_case("max") {
        true => Policy { limit_days: expiration_setting(&client.site_config().await?).map(|(_, days)| days) },
        false => Policy::default(),
    };
    let today = time::utc_day(context.now());
    let bad = |bad: BadDate| Failure::invalid(bad.to_string());
    let day = expiry::parse_day(wanted, today, &policy).map_err(bad)?;
    // Instants end before the calendar does; without a date the workbench would take its default.
    match time::end_of_day(day) {
        Some(end) => Ok(Some(end)),
        None => Err(bad(BadDate::TooFar { input: wanted.to_owned() })),
    }
}

/// So that `keys identify` can name the key later; not being able to is no reason to fail.
pub fn remember(context: &Context, client: &Client, user: &str, created: &CreateV2KeyResponse) {
    let remembered = context
        .store()
        .and_then(|store| made_keys::remember(&store, client.url(), user, &created.key_id, &created.api_key));
    if let Err(error) = remembered {
        tracing::info!(%error, "the key's id is not remembered");
    }
}
