//! `keys list`.

use std::collections::HashSet;

use clap::Args;

use super::row::KeyRow;
use crate::actions::keys::{self, SOON_DAYS};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::times::day;
use crate::cli::values;
use crate::expiry::KeyStatus;
use crate::text::{self, count};

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench keys list
  keybench keys list --json                  with Key IDs in full
  keybench keys list --expiring-within 14d   ends with 8 if there are some

Ends with 0 if all were listed; with --expiring-within, if none expires within that time. A key whose
date cannot be read may, so it ends with 8 then too. A key that `keys rotate` has replaced from this
machine, and that only stays for its grace time, does not count.")]
pub struct ListArgs {
    /// The keys of this user instead of your own
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Only keys that expire within this time; exit code 8 if there are any
    #[arg(long, value_name = "DAYS", value_parser = values::days, allow_hyphen_values = true)]
    pub expiring_within: Option<u32>,
}

/// Rows formatted at a time.
const CHUNK: usize = 1_000;

pub async fn run(context: &Context, args: ListArgs) -> Result<Exit, Failure> {
    let session = context.session()?;
    let (user, keys) = keys::list(&session, args.user).await?;
    let now = context.now(&session);
    let soon = args.expiring_within.unwrap_or(SOON_DAYS);
    let undated = keys::undated(&keys);
    let replaced = match args.expiring_within {
        Some(_) => keys::superseded(&session, &keys),
        None => HashSet::new(),
    };
    let mut rows = keys.into_iter().map(|key| KeyRow::new(key, &user, now, soon)).filter(|row| {
        args.expiring_within.is_none()
            || row.status == KeyStatus::Soon.as_str() && !replaced.contains(&row.key_id)
    });
    let mut list =
        context.out.list(&["STATUS", "EXPIRES", "LEFT", "AUDIENCE", "NAME", "KEY ID"]).shrinking("NAME");
    loop {
        let chunk: Vec<_> =
            rows.by_ref().take(CHUNK).map(|row| (cells(&row), row)).map(|(c, row)| (row, c)).collect();
        if chunk.is_empty() {
            break;
        }
        list.page(&chunk)?;
    }
    let found = list.end()?;
    if args.expiring_within.is_none() {
        return Ok(Exit::Done);
    }
    if undated > 0 {
        context.out.note(&format!("when {} expire cannot be read", count(undated, "key", "keys")));
    }
    Ok(if found + undated > 0 { Exit::No } else { Exit::Done })
}

fn cells(row: &KeyRow) -> Vec<String> {
    let left = row.days_left.map_or_else(|| "?".to_owned(), |days| format!("{days} d"));
    vec![
        row.status.to_owned(),
        day(row.expiry_date.as_deref().unwrap_or_default()),
        left,
        row.audiences.join("+"),
        row.comments.clone(),
        text::short_id(&row.key_id).into_owned(),
    ]
}
