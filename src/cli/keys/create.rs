//! `keys create`.

use serde_json::json;

use super::{day, in_utc, undelivered};
use crate::actions::key_file::KeyFile;
use crate::actions::keys;
use crate::api::NewKey;
use crate::cli::args::CreateArgs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::output;
use crate::wire::CreateV2KeyResponse;

pub async fn run(context: &Context, args: CreateArgs) -> Result<Exit, Failure> {
    let session = context.session_to_change("creating a key")?;
    let output = match args.output.as_deref() {
        Some(file) => {
            let file = KeyFile::new(file)?;
            context.warn_of_storage(&file);
            Some(file)
        }
        None => {
            output::refuse_nowhere()?;
            None
        }
    };
    let expiry = keys::expiry(&session.client, &args.expires, context.now()).await?;
    let user = context.user(&session, args.user).await?;
    let new = NewKey { expiry, comment: args.name, audiences: args.audience };
    let created = match &output {
        Some(file) => keys::create_in_file(&session, &user, &new, file, context).await?,
        None => keys::create(&session, &user, &new, context).await?,
    };
    print(context, &user, &created, output.as_ref()).map_err(|failure| match output {
        None => undelivered(failure, &created.key_id),
        Some(_) => failure,
    })?;
    if output.is_none() && !context.out.json {
        context.out.note("The key is shown this once; keep it where only you can read it.");
    }
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
        Some(file) => format!("Key:      in {}", file.path().display()),
        None => format!("Key:      {}", created.api_key.expose()),
    };
    context.out.lines(&[
        key,
        format!("Key ID:   {}", created.key_id),
        format!("Expires:  {}", day(&created.expiry_date)),
    ])
}
