//! `keys delete`: says what it destroys, and asks.

use futures_util::{StreamExt as _, stream};
use serde_json::json;

use super::KeyRow;
use crate::api::{PageQuery, ProjectScope, all_pages};
use crate::cli::args::DeleteArgs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::output;
use crate::config::Session;
use crate::text::count;

pub async fn run(context: &Context, args: DeleteArgs) -> Result<Exit, Failure> {
    let session = match args.dry_run {
        true => context.session()?,
        false => context.session_to_change("deleting keys")?,
    };
    if args.dry_run {
        return dry_run(context, &session, args).await;
    }
    if !args.yes && !output::can_ask() {
        return Err(
            Failure::usage("there is no terminal to ask on, and deletion needs a yes").hint("add --yes")
        );
    }
    let user = context.user(&session, args.user).await?;
    spare_session_key(context, args.all, &args.key_ids)?;
    if args.all {
        let keys = session.client.list_keys(&user).await?;
        warn_of_own(context, &session, keys.iter().map(|key| key.key_id.as_str()));
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
    warn_of_own(context, &session, args.key_ids.iter().map(String::as_str));
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

/// The key that a workbench gave to this session is not the person's to delete: the session would
/// go on without one.
fn spare_session_key(context: &Context, all: bool, key_ids: &[String]) -> Result<(), Failure> {
    let resolved = context.resolve()?;
    let own = resolved.key.as_ref().filter(|_| resolved.is_session_key()).map(|key| key.value.first_half());
    match own {
        Some(own) if all || key_ids.iter().any(|id| id == own) => {
            Err(Failure::invalid("this would delete the key of the workbench session that this runs in")
                .hint("name the other keys by their ids, or delete it from outside of the session"))
        }
        _ => Ok(()),
    }
}

/// Nobody should find out by the next command that he has locked himself out.
fn warn_of_own<'a>(context: &Context, session: &Session, mut key_ids: impl Iterator<Item = &'a str>) {
    // As far as it can be known (see `keys identify`).
    let half = session.client.key().map(|key| key.first_half());
    if let Some(own) = key_ids.find(|id| Some(*id) == session.key_id.as_deref() || Some(*id) == half) {
        context.out.note(&format!(
            "key {own} is the one that you are signed in with: without it, sign in again with `keybench login`"
        ));
    }
}

fn report(context: &Context, user: &str, deleted: Vec<String>) -> Result<(), Failure> {
    if context.out.json {
        return context.out.document(&json!({ "username": user, "deleted": deleted }));
    }
    context.out.lines(&[format!("deleted {} of {user}", count(deleted.len(), "key", "keys"))])
}

/// What stops when these keys are gone, and where else the user has a part.
async fn dry_run(context: &Context, session: &Session, args: DeleteArgs) -> Result<Exit, Failure> {
    let client = &session.client;
    let user = context.user(session, args.user).await?;
    let now = context.now();
    let keys: Vec<_> = client
        .list_keys(&user)
        .await?
        .into_iter()
        .filter(|key| args.all || args.key_ids.contains(&key.key_id))
        .map(|key| KeyRow::new(key, &user, now, 14))
        .collect();
    let mut parts = Vec::new();
    if args.all {
        let fetch = |query: PageQuery| async move { client.projects_page(ProjectScope::All, &query).await };
        let projects = all_pages(PageQuery::sized(200), fetch).await?;
        let user = &user;
        let asked = projects.into_iter().map(|project| async move {
            let collaborators = client.collaborators(&project.id).await.unwrap_or_default();
            let own = project.owner.username == *user;
            let part = collaborators
                .into_iter()
                .find(|part| part.user.username == *user)
                .map(|part| part.permission);
            (project.name, if own { Some("owner".to_owned()) } else { part })
        });
        let mut asked = stream::iter(asked).buffered(8);
        while let Some((project, part)) = asked.next().await {
            parts.extend(part.map(|part| json!({ "project": project, "part": part })));
        }
    }
    if context.out.json {
        context.out.document(&json!({ "username": user, "would_delete": keys, "projects": parts }))?;
        return Ok(Exit::Done);
    }
    let mut lines = vec![format!("would delete {} of {user}:", count(keys.len(), "key", "keys"))];
    lines.extend(keys.iter().map(|key| format!("  {}  {:8}  {}", key.key_id, key.status, key.comments)));
    if args.all {
        lines.push(format!("{user} has a part in {}:", count(parts.len(), "project", "projects")));
        lines.extend(
            parts.iter().filter_map(|part| {
                Some(format!("  {}  {}", part["project"].as_str()?, part["part"].as_str()?))
            }),
        );
    }
    context.out.lines(&lines)?;
    Ok(Exit::Done)
}

fn not_confirmed() -> Failure {
    Failure::new(Exit::Invalid, "not_confirmed", "not confirmed, nothing was deleted")
}
