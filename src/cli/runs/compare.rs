//! `runs compare`: two runs side by side.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::read;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::probe::run::{Change, compare, count_alike};

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench runs compare 17 21
  keybench runs compare before.json after.json

A difference of up to 5 % counts as none. Ends with 0 once it is printed.")]
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
        let change = match (row.change, row.percent()) {
            (Change::Same, _) => "same".to_owned(),
            (_, Some(percent)) => format!("{percent:+.1} %"),
            (_, None) => "new".to_owned(),
        };
        let value = |value: f64| format!("{value:.3} {}", row.unit);
        format!(
            "{:<12}{:>14}{:>14}{change:>10}",
            row.figure,
            value(row.before).trim(),
            value(row.after).trim()
        )
    }));
    if !alike {
        lines.push("One has a rate and the other has none: latencies count from sending.".to_owned());
    }
    context.out.lines(&lines)?;
    Ok(Exit::Done)
}
