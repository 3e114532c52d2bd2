//! `keys delete`: says what it destroys, asks, and tries every key that was named.

mod dry_run;
mod report;

use std::path::PathBuf;

use clap::Args;

use crate::actions::audit::{Finding, diff};
use crate::actions::fleet::manifest::readable;
use crate::actions::keys::{self, Choice, Chosen, Listing, Logging, Spared, Which};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::names::Collector;
use crate::cli::options::ClockArgs;
use crate::cli::output;
use crate::config::Session;
use crate::text::{self, count};

/// Keys that a question names one by one.
const NAMED: usize = 20;

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench keys delete 5b1c…9f0a                       as the list shows it
  keybench keys delete 5b1cdd00 77aa0b12 --yes
  keybench keys delete ada/5b1cdd00 bob/77aa0b12       keys of several users
  keybench keys delete --all --user leaver --dry-run   what stops when this person leaves
  keybench keys delete --all --user leaver --yes
  keybench keys delete --finding user_deactivated --from audit.json --ticket OPS-7 --yes

Every key that is named is tried. Keys of several users, and those of an audit, are read again just
before: one that has another name now, or no longer the finding, stays. Each deletion is logged with
its outcome. Ends with 0 once all are deleted, otherwise with the exit code of the worst failure;
--json says which were deleted. If a beginning fits several keys, nothing is deleted. When several
or all keys are deleted, those in use here stay.")]
pub struct DeleteArgs {
    /// Key IDs in full, their unambiguous beginnings, or as `keys list` shows them; USER/KEY_ID for
    /// a key of another user
    #[arg(
        value_name = "KEY_ID",
        required_unless_present_any = ["all", "from"],
        conflicts_with_all = ["all", "from"]
    )]
    pub key_ids: Vec<String>,
    /// All keys of the user
    #[arg(long, conflicts_with = "from")]
    pub all: bool,
    /// The keys of this user instead of your own
    #[arg(long, value_name = "USER", conflicts_with = "from")]
    pub user: Option<String>,
    /// The keys that have this finding in the audit of --from
    #[arg(long, value_name = "FINDING", requires = "from")]
    pub finding: Option<Finding>,
    /// An audit: a file of `admin audit --json`, or a folder of `--evidence`
    #[arg(long, value_name = "AUDIT", requires = "finding")]
    pub from: Option<PathBuf>,
    /// What the log names as the reason, such as the number of a ticket
    #[arg(long, value_name = "TEXT")]
    pub ticket: Option<String>,
    /// Log the deletions here, and delete nothing that cannot be logged
    /// [default: deletions.jsonl in the configuration folder]
    #[arg(long, value_name = "FILE")]
    pub deletion_log: Option<PathBuf>,
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
    let (all, yes, several) = (args.all, args.yes, args.from.is_some());
    let (dry_run, clock) = (args.dry_run, args.clock.clock_difference);
    let logging = Logging { file: args.deletion_log.clone(), ticket: args.ticket.clone() };
    let choices = choose(&session, args).await?;
    warn_of_services(context, &session, &choices);
    if dry_run {
        return dry_run::show(context, &session, choices, all, several).await;
    }
    context.warn_of_clock(&session, clock);
    choices.iter().for_each(|choice| note_own(context, choice));
    if !yes && !confirmed(&choices, all).await? {
        return Err(Failure::new(Exit::Invalid, "not_confirmed", "not confirmed, nothing was deleted"));
    }
    let deletions = keys::delete_each(&session, choices, &logging, context).await?;
    let mut names = Collector::new(session.client.url());
    names.without(deletions.iter().flat_map(|deletion| deletion.deleted.iter().chain(&deletion.gone)));
    names.keep();
    report::print(context, &deletions, several)?;
    report::failure(&deletions).map_or(Ok(Exit::Done), Err)
}

async fn choose(session: &Session, args: DeleteArgs) -> Result<Vec<Choice>, Failure> {
    if let (Some(audit), Some(finding)) = (&args.from, args.finding) {
        return Ok(keys::choose_found(session, &diff::read(audit)?, finding)?);
    }
    Ok(match args.all {
        true => vec![keys::choose(session, args.user, &Which::All, Listing::Required).await?],
        false => keys::choose_named(session, args.user, &args.key_ids, args.dry_run).await?,
    })
}

async fn confirmed(choices: &[Choice], all: bool) -> Result<bool, Failure> {
    if let (true, [choice]) = (all, choices) {
        let keys = count(choice.keys.len(), "key", "keys");
        let user = &choice.username;
        let question = format!("Delete all {keys} of {user}? Type the user name to do it:");
        return Ok(output::ask(question).await? == *user);
    }
    let many = choices.iter().map(|choice| choice.keys.len()).sum();
    if many > NAMED {
        let (keys, users) = (count(many, "key", "keys"), count(choices.len(), "user", "users"));
        let question = format!("Delete {keys} of {users}? Type the number of keys to do it:");
        return Ok(output::ask(question).await? == many.to_string());
    }
    let of_user = |choice: &Choice| {
        let shown: Vec<_> = choice.keys.iter().map(shown).collect();
        format!("{} of {}", shown.join(", "), choice.username)
    };
    let shown: Vec<_> = choices.iter().map(of_user).collect();
    let question = format!("Delete {}? [y/N]", shown.join("; "));
    Ok(output::ask(question).await?.eq_ignore_ascii_case("y"))
}

fn shown(key: &Chosen) -> String {
    let id = text::short_id(&key.key_id);
    match key.listed.as_ref().map(|listed| listed.comments.as_str()) {
        None | Some("") => id.into_owned(),
        Some(name) => format!("{id} ({name})"),
    }
}

/// Warns of keys that a fleet of this machine has delivered: what has them works no longer.
fn warn_of_services(context: &Context, session: &Session, choices: &[Choice]) {
    let services = context.service_keys(session);
    for key in choices.iter().flat_map(|choice| &choice.keys) {
        if let Some((service, deliveries)) = services.delivered(&key.key_id) {
            let to: Vec<_> = deliveries.into_iter().map(readable).collect();
            let message = format!(
                "key {} is the one of the service {service}, delivered to {}: that works until the key is deleted",
                text::short_id(&key.key_id),
                to.join(" and "),
            );
            let hint = "`keybench fleet apply` makes and delivers another key once this one is gone";
            context.out.warn("service", &message, Some(hint));
        }
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
