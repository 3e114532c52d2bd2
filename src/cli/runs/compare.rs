//! `runs compare`: two runs side by side.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::read;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::probe::run::{compare, count_alike, method};
use crate::text;

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench runs compare 17 21
  keybench runs compare before.json after.json

A difference of up to 5 % counts as none, and in runs of less than 10 seconds none is judged. Ends
with 0 once it is printed.")]
pub struct CompareArgs {
    /// The earlier run: its ID in the history, or a file written with --export FILE.json
    pub before: PathBuf,
    /// The later run
    pub after: PathBuf,
}

pub fn run(context: &Context, args: &CompareArgs) -> Result<Exit, Failure> {
    let (before, after) = (read(context, &args.before)?, read(context, &args.after)?);
    let rows = compare(&before, &after);
    let alike = count_alike(&before, &after);
    if context.out.json {
        context.out.document(&json!({ "differences": rows, "latency_counts_alike": alike }))?;
        return Ok(Exit::Done);
    }
    let mut lines = vec![format!("{:<12}{:>14}{:>14}{:>10}", "", "BEFORE", "AFTER", "CHANGE")];
    lines.extend(rows.iter().map(|row| {
        let ([before, after], changed, verdict) = (row.values(), row.changed(), row.verdict());
        let line = format!("{:<12}{before:>14}{after:>14}{changed:>10}  {verdict}", row.figure);
        line.trim_end().to_owned()
    }));
    if !alike {
        lines.push("One has a rate and the other has none: latencies count from sending.".to_owned());
    }
    lines.extend(text::wrap(&method(&before, &after), 80));
    context.out.lines(&lines)?;
    Ok(Exit::Done)
}
