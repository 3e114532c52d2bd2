//! `keys delete`: says what it destroys, asks, and tries every key that was named.

use clap::Args;
use serde_json::json;

use super::row::KeyRow;
use crate::actions::collaborators::{self, Parts};
use crate::actions::keys::{self, Choice, Chosen, Deletion, SOON_DAYS, Spared, Which, Why};
use crate::api;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::options::ClockArgs;
use crate::cli::output;
use crate::config::Session;
use crate::text::{self, count};

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench keys delete 5b1c…9f0a                       as the list shows it
  keybench keys delete 5b1cdd00 77aa0b12 --yes
  keybench keys delete --all --user leaver --dry-run   what stops when this person leaves
  keybench keys delete --all --user leaver --yes

Every key that is named is tried. Ends with 0 once all are deleted, otherwise with the exit code of
the worst failure; --json says which were deleted. If a beginning fits several keys, nothing is
deleted. When several or all keys are deleted, those in use here stay.")]
pub struct DeleteArgs {
    /// Key IDs in full, their unambiguous beginnings, or as `keys list` shows them
    #[arg(value_name = "KEY_ID", required_unless_present = "all", conflicts_with = "all")]
    pub key_ids: Vec<String>,
    /// All keys of the user
    #[arg(long)]
    pub all: bool,
    /// The keys of this user instead of your own
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Do not ask; needed where there is no terminal
    #[arg(long, short)]
    pub yes: bool,
    /// Delete nothing: list the keys, and the projects in which the user has rights
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub clock: ClockArgs,
}

pub async fn run(context: &Context, args: DeleteArgs) -> Result<Exit, Failure> {
    let session = match args.dry_run {
        true => context.session()?,
        false => context.session_to_change("deleting keys")?,
    };
    if !args.dry_run && !args.yes && !output::can_ask() {
        return Err(
            Failure::usage("there is no terminal to ask on, and deletion needs a yes").hint("add --yes")
        );
    }
    let which = if args.all { Which::All } else { Which::These(args.key_ids) };
    let choice = keys::choose(&session, args.user, &which, args.dry_run).await?;
    if args.dry_run {
        return dry_run(context, &session, choice, args.all).await;
    }
    context.warn_of_clock(&session, args.clock.clock_difference);
    note_own(context, &choice);
    if !args.yes && !confirmed(&choice, args.all).await? {
        return Err(Failure::new(Exit::Invalid, "not_confirmed", "not confirmed, nothing was deleted"));
    }
    let deletion = keys::delete(&session, choice, context).await?;
    report(context, &deletion)?;
    failure(&deletion).map_or(Ok(Exit::Done), Err)
}

async fn confirmed(choice: &Choice, all: bool) -> Result<bool, Failure> {
    let user = &choice.username;
    if all {
        let keys = count(choice.keys.len(), "key", "keys");
        let question = format!("Delete all {keys} of {user}? Type the user name to do it:");
        return Ok(output::ask(question).await? == *user);
    }
    let shown: Vec<_> = choice.keys.iter().map(shown).collect();
    let question = format!("Delete {} of {user}? [y/N]", shown.join(", "));
    Ok(output::ask(question).await?.eq_ignore_ascii_case("y"))
}

fn shown(key: &Chosen) -> String {
    let id = text::short_id(&key.key_id);
    match key.listed.as_ref().map(|listed| listed.comments.as_str()) {
        None | Some("") => id.into_owned(),
        Some(name) => format!("{id} ({name})"),
    }
}

/// Warns of deleting the key in use before it happens, not by the failure of the next command.
fn note_own(context: &Context, choice: &Choice) {
    if let Some(own) = choice.keys.iter().find(|key| key.signed_in) {
        context.out.note(&format!(
            "key {} is the one that you are signed in with: without it, sign in again with `keybench login`",
            own.key_id
        ));
    }
    for (id, spared) in &choice.spared {
        let why = match spared {
            Spared::SignedIn => "the one that you are signed in with",
            Spared::WorkbenchSession => "the one of the workbench session that this runs in",
        };
        context.out.note(&format!("key {id} is {why}: it is not deleted"));
    }
}

/// How a key that was not deleted reads.
fn not_deleted(why: &Why, worst: Option<&Failure>) -> Failure {
    match why {
        Why::NotTried => {
            let exit = worst.map_or(Exit::NoAnswer, |worst| worst.exit);
            Failure::new(exit, "not_tried", "it was not tried any more")
        }
        Why::Refused(error) => {
            let failure = Failure::from(error.clone());
            match failure.status {
                Some(404) => failure.hint("`keybench keys list` shows the ids; another user's need --user"),
                _ => failure,
            }
        }
    }
}

/// Each key that was not deleted, with how that reads.
fn failures(deletion: &Deletion) -> Vec<(&str, Failure)> {
    let mut failures: Vec<(&str, Failure)> = Vec::new();
    for failed in &deletion.failed {
        let failure = not_deleted(&failed.why, failures.last().map(|(_, failure)| failure));
        failures.push((&failed.key_id, failure));
    }
    failures
}

/// The worst that happened, with all that failed.
fn failure(deletion: &Deletion) -> Option<Failure> {
    const RISING: [Exit; 4] = [Exit::Invalid, Exit::Refused, Exit::Rejected, Exit::NoAnswer];
    let failures = failures(deletion);
    let rank = |(_, failure): &&(&str, Failure)| RISING.iter().position(|exit| *exit == failure.exit);
    // Of several that are equally bad the first, which has a cause of its own.
    let worst = failures.iter().rev().max_by_key(rank)?.1.clone();
    let each: Vec<_> = failures
        .iter()
        .map(|(id, failure)| format!("{} (key {})", failure.message, text::short_id(id)))
        .collect();
    let message = match deletion.deleted.len() + failures.len() {
        1 => each.concat(),
        all => format!("{} of {all} keys were not deleted: {}", each.len(), each.join("; ")),
    };
    Some(Failure { message, ..worst })
}

fn report(context: &Context, deletion: &Deletion) -> Result<(), Failure> {
    let Deletion { username, deleted, failed, spared } = deletion;
    if context.out.json {
        let failed: Vec<_> = failures(deletion)
            .into_iter()
            .map(|(id, failure)| {
                json!({ "key_id": id, "kind": failure.kind, "message": failure.message, "status": failure.status })
            })
            .collect();
        let kept: Vec<_> = spared.iter().map(|(id, _)| id).collect();
        return context.out.document(
            &json!({ "username": username, "deleted": deleted, "failed": failed, "spared": kept }),
        );
    }
    match deleted.len() {
        0 if !failed.is_empty() => Ok(()),
        many => context.out.lines(&[format!("deleted {} of {username}", count(many, "key", "keys"))]),
    }
}

/// What stops when these keys are gone, and where else the user has a part.
async fn dry_run(context: &Context, session: &Session, choice: Choice, all: bool) -> Result<Exit, Failure> {
    let (user, now) = (choice.username, context.now(session));
    let listed = choice.keys.into_iter().filter_map(|key| key.listed);
    let keys: Vec<_> = listed.map(|key| KeyRow::new(key, &user, now, SOON_DAYS)).collect();
    let found = if all { collaborators::parts(&session.client, &user).await? } else { Parts::default() };
    // The user may have rights in a project that cannot be read.
    let exit = if found.unreadable.is_empty() { Exit::Done } else { Exit::No };
    if context.out.json {
        let part = |(project, part): &(String, String)| json!({ "project": project, "part": part });
        let unreadable =
            |(project, why): &(String, api::Error)| json!({ "project": project, "why": why.to_string() });
        context.out.document(&json!({
            "username": user,
            "would_delete": keys,
            "projects": found.parts.iter().map(part).collect::<Vec<_>>(),
            "unreadable_projects": found.unreadable.iter().map(unreadable).collect::<Vec<_>>(),
        }))?;
        return Ok(exit);
    }
    let mut lines = vec![format!("would delete {} of {user}:", count(keys.len(), "key", "keys"))];
    lines.extend(
        keys.iter()
            .map(|key| format!("  {}  {:8}  {}", text::short_id(&key.key_id), key.status, key.comments)),
    );
    if all {
        lines.push(format!("{user} has rights in {}:", count(found.parts.len(), "project", "projects")));
        lines.extend(found.parts.iter().map(|(project, part)| format!("  {project}  {part}")));
    }
    lines.extend(found.unreadable.iter().map(|(project, why)| format!("not read: project {project}: {why}")));
    context.out.lines(&lines)?;
    Ok(exit)
}
