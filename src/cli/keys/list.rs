//! `keys list`.

use std::ops::ControlFlow;

use clap::Args;
use jiff::Timestamp;

use super::row::KeyRow;
use crate::actions::keys::{self, Rotated, SOON_DAYS};
use crate::api;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::names::Collector;
use crate::cli::output::List;
use crate::cli::times::day;
use crate::cli::values;
use crate::config::Session;
use crate::expiry::KeyStatus;
use crate::text::{self, count};
use crate::wire::V2KeyDetails;

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

/// Rows that are formatted together.
const CHUNK: usize = 1_000;
/// Bytes of keys that are held: a list that takes less is printed when all of it has come, a longer one
/// while it comes.
const HELD: usize = 16 << 20;

pub async fn run(context: &Context, args: ListArgs) -> Result<Exit, Failure> {
    let session = context.session()?;
    let only_soon = args.expiring_within.is_some();
    let is_own = args.user.is_none();
    let soon = args.expiring_within.unwrap_or(SOON_DAYS);
    let titles = &["STATUS", "EXPIRES", "LEFT", "AUDIENCE", "NAME", "KEY ID"];
    let list = context.out.list(titles).shrinking("NAME");
    let mut printer = Printer {
        list: if only_soon { list.judged() } else { list },
        user: context.user(&session, args.user).await?,
        context,
        session: &session,
        now: None,
        soon,
        only_soon,
        keys: Vec::new(),
        size: 0,
        rotated: if only_soon { Rotated::here(&session) } else { Rotated::default() },
        undated: 0,
        failed: None,
        names: Collector::new(session.client.url()),
    };
    let user = printer.user.clone();
    printer.names.keys_of(&user, is_own);
    let ended = session.client.each_key(&user, |key| printer.take(key)).await;
    let (found, undated) = printer.end(ended)?;
    if !only_soon {
        return Ok(Exit::Done);
    }
    if undated > 0 {
        context.out.note(&format!("when {} expire cannot be read", count(undated, "key", "keys")));
    }
    Ok(if found + undated > 0 { Exit::No } else { Exit::Done })
}

/// Prints keys while they come.
struct Printer<'a> {
    list: List,
    user: String,
    context: &'a Context,
    session: &'a Session,
    /// The workbench's time, which its answer says.
    now: Option<Timestamp>,
    soon: u32,
    only_soon: bool,
    keys: Vec<V2KeyDetails>,
    /// Bytes that they take.
    size: usize,
    /// The keys that were rotated from here: whether one is replaced shows when all have come.
    rotated: Rotated,
    /// Keys whose expiry cannot be read.
    undated: usize,
    /// Why they cannot be printed.
    failed: Option<Failure>,
    /// For completions.
    names: Collector,
}

impl Printer<'_> {
    /// Takes the next key; breaks if it cannot be printed.
    fn take(&mut self, key: V2KeyDetails) -> ControlFlow<()> {
        self.undated += usize::from(keys::is_undated(&key));
        self.size += key.size();
        self.names.key(&self.user, &key);
        self.keys.push(key);
        if self.size > HELD {
            let (later, keys): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.keys).into_iter().partition(|key| self.rotated.knows(&key.key_id));
            self.failed = self.print(keys).err();
            self.size = later.iter().map(V2KeyDetails::size).sum();
            self.keys = later;
            // More than a machine ever rotates.
            if self.size > HELD {
                self.rotated = Rotated::default();
            }
        }
        if self.failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn print(&mut self, keys: Vec<V2KeyDetails>) -> Result<(), Failure> {
        let now = *self.now.get_or_insert_with(|| self.context.now(self.session));
        let replaced = self.rotated.replaced(&keys, now);
        let is_wanted = |row: &KeyRow| {
            !self.only_soon || row.status == KeyStatus::Soon.as_str() && !replaced.contains(&row.key_id)
        };
        let mut rows =
            keys.into_iter().map(|key| KeyRow::new(key, &self.user, now, self.soon)).filter(is_wanted).map(
                |row| {
                    let cells = cells(&row);
                    (row, cells)
                },
            );
        loop {
            let chunk: Vec<_> = rows.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                return Ok(());
            }
            self.list.page(&chunk)?;
        }
    }

    /// Prints the rest; gives how many keys were printed, and how many have no date.
    fn end(mut self, ended: Result<(), api::Error>) -> Result<(usize, usize), Failure> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        ended?;
        let keys = std::mem::take(&mut self.keys);
        self.print(keys)?;
        let found = self.list.end()?;
        self.names.keep();
        Ok((found, self.undated))
    }
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
