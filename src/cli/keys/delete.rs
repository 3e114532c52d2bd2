//! `keys delete`: says what it destroys, and asks.

use serde_json::json;

use crate::cli::args::DeleteArgs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::output;
use crate::text::count;

pub async fn run(context: &Context, args: DeleteArgs) -> Result<Exit, Failure> {
    let session = context.session_to_change("deleting keys")?;
    if !args.yes && !output::can_ask() {
        return Err(
            Failure::usage("there is no terminal to ask on, and deletion needs a yes").hint("add --yes")
        );
    }
    let user = context.user(&session, args.user).await?;
    if args.all {
        let keys = session.client.list_keys(&user).await?;
        let question = format!(
            "Delete all {} of {user}? Type the user name to do it:",
            count(keys.len(), "key", "keys")
        );
        if !args.yes && output::ask(question).await? != user {
            return Err(not_confirmed());
        }
        session.client.delete_all_keys(&user).await?;
        report(context, &user, keys.into_iter().map(|key| key.key_id).collect())?;
        return Ok(Exit::Done);
    }
    let question = format!("Delete {} of {user}? [y/N]", args.key_ids.join(", "));
    if !args.yes && !output::ask(question).await?.eq_ignore_ascii_case("y") {
        return Err(not_confirmed());
    }
    let mut deleted = Vec::new();
    for key_id in args.key_ids {
        if let Err(error) = session.client.delete_key(&user, &key_id).await {
            let mut failure = Failure::from(error);
            failure.message = format!("{} (key {key_id})", failure.message);
            if !deleted.is_empty() {
                failure.message = format!("{}; deleted before: {}", failure.message, deleted.join(", "));
            }
            return Err(failure);
        }
        context.done(format!("key {key_id} was deleted"));
        deleted.push(key_id);
    }
    report(context, &user, deleted)?;
    Ok(Exit::Done)
}

fn report(context: &Context, user: &str, deleted: Vec<String>) -> Result<(), Failure> {
    if context.out.json {
        return context.out.document(&json!({ "username": user, "deleted": deleted }));
    }
    context.out.lines(&[format!("deleted {} of {user}", count(deleted.len(), "key", "keys"))])
}

fn not_confirmed() -> Failure {
    Failure::new(Exit::Invalid, "not_confirmed", "not confirmed, nothing was deleted")
}
