//! `admin audit diff`.

use std::path::PathBuf;

use clap::Args;

use crate::actions::audit::diff::{self, Changed, Diff, Error, Found, Key};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::times::day;
use crate::text::{count, short_id};

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench admin audit diff january.json february.json
  keybench admin audit diff /var/audit/january /var/audit/february --json

OLD and NEW are files of `admin audit --json`, or folders of `--evidence`, whose sums must be right.
Users that either audit could not read are unknown: their keys are neither new nor gone. A finding
that one audit had no limit to judge by, as it had another policy, is neither opened nor closed.
Ends with 0 once both are compared.")]
pub struct DiffArgs {
    /// The older audit
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The newer one
    #[arg(value_name = "NEW")]
    new: PathBuf,
}

pub fn run(context: &Context, args: &DiffArgs) -> Result<Exit, Failure> {
    let (old, new) = (diff::read(&args.old)?, diff::read(&args.new)?);
    let diff = diff::compare(&old, &new)?;
    if context.out.json {
        context.out.document(&diff)?;
    } else {
        context.out.lines(&lines(&diff))?;
    }
    Ok(Exit::Done)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = match &error {
            Error::Unreadable { .. } | Error::NoAudit { .. } => {
                "give a file of `admin audit --json`, or a folder of `admin audit --evidence`"
            }
            Error::Broken(_) => "do not rely on this folder: it is not what the audit wrote",
            Error::Different { .. } => "give two audits of one workbench",
        };
        Self::invalid(error.to_string()).hint(hint)
    }
}

fn lines(diff: &Diff) -> Vec<String> {
    let mut lines = vec![format!(
        "{}: from {} ({}, {}) to {} ({}, {})",
        diff.url,
        diff.before.made_at,
        count(diff.before.users, "user", "users"),
        count(diff.before.keys, "key", "keys"),
        diff.after.made_at,
        count(diff.after.users, "user", "users"),
        count(diff.after.keys, "key", "keys"),
    )];
    let mut section = |title: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            lines.push(String::new());
            lines.push(format!("{title}: {}", rows.len()));
            lines.extend(rows.into_iter().map(|row| format!("  {row}")));
        }
    };
    let dates = |changed: &Changed| {
        let before = day(changed.before.as_deref().unwrap_or_default());
        format!("{}, was {before}", key(&changed.key))
    };
    section("new keys", diff.new.iter().map(key).collect());
    section("gone keys", diff.gone.iter().map(key).collect());
    section("extended", diff.extended.iter().map(dates).collect());
    section("shortened", diff.shortened.iter().map(dates).collect());
    let renamed = |changed: &Changed| {
        format!("{}, was {:?}", key(&changed.key), changed.before.as_deref().unwrap_or_default())
    };
    section("renamed", diff.renamed.iter().map(renamed).collect());
    section("findings opened", diff.findings_opened.iter().map(found).collect());
    section("findings closed", diff.findings_closed.iter().map(found).collect());
    let unknown = diff.unknown.iter().map(|user| {
        let side =
            if user.side == "both" { "both audits".to_owned() } else { format!("the {} audit", user.side) };
        format!("{}  not read by {side}: {}", user.username, user.why)
    });
    section("unknown", unknown.collect());
    let not_compared = diff
        .not_compared
        .iter()
        .map(|not| format!("{}  the {} audit has no limit to judge it by", not.finding.text(), not.side));
    section("not compared", not_compared.collect());
    if lines.len() == 1 {
        lines.push("nothing changed".to_owned());
    }
    lines
}

fn key(key: &Key) -> String {
    let expires = day(key.expiry_date.as_deref().unwrap_or_default());
    format!("{}  {}  expires {expires}  {}", short_id(&key.key_id), key.username, key.comments)
}

fn found(found: &Found) -> String {
    let about = match (&found.key_id, &found.place) {
        (Some(id), _) => format!("{}  {}", short_id(id), found.comments),
        (None, place) => place.clone().unwrap_or_default(),
    };
    format!("{}  {}  {about}", found.finding.text(), found.username)
}
