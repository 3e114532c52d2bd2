//! `runs merge`: the runs of several machines as one.

use std::path::PathBuf;

use clap::Args;

use super::read;
use crate::actions::runs::{self, Verdict};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::models::run::{Export, expectations};
use crate::probe::run::{self, Expectations, NotMerged};

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench runs merge run-*.json
  keybench runs merge run-*.json --export all.json --expect 'p99<250ms,errors<1%'

The runs must be of one model and one plan; each shard counts once. Percentiles are those of one
histogram of all requests; rates are added over the time in which all were sending.
Ends with 0 if every request succeeded, or if what --expect says holds; otherwise with 8.")]
pub struct MergeArgs {
    /// Runs that were written with --export FILE.json, or their IDs in the history
    #[arg(required = true, value_name = "ID|FILE.json")]
    pub files: Vec<PathBuf>,
    /// Conditions that decide the exit code: 'p99<250ms,errors<1%,replicas>=2'
    #[arg(long, value_name = "EXPR", value_parser = expectations)]
    pub expect: Option<Expectations>,
    /// Write the result to FILE.json or FILE.csv
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
}

pub fn run(context: &Context, args: &MergeArgs) -> Result<Exit, Failure> {
    let export = args.export.as_deref().map(Export::check).transpose()?;
    let runs = args.files.iter().map(|file| read(context, file)).collect::<Result<Vec<_>, _>>()?;
    let merged = run::merge(&runs).map_err(|error| {
        let hint = "merge the runs of one plan, each shard once, as exported by this version";
        let file =
            |at: usize| args.files.get(at - 1).map(|file| file.display().to_string()).unwrap_or_default();
        let message = match &error {
            NotMerged::Differs { at, what, found, first } => {
                format!("{} is of {what}: {found}, and {} of {first}", file(*at), file(1))
            }
            NotMerged::Same { at, first } => format!("{} is {} once more", file(*at), file(*first)),
            NotMerged::NoHistograms(at) => format!("{}: {error}", file(*at)),
            NotMerged::Nothing | NotMerged::Twice(_) => error.to_string(),
        };
        Failure::invalid(message).hint(hint)
    })?;
    if let Some(of) = runs.first().and_then(|run| run.plan.shard).map(|part| part.of as usize)
        && runs.len() < of
    {
        let message = format!("{} of {of} shards are there: the rates are those of a part", runs.len());
        context.out.warn("incomplete", &message, None);
    }
    let expected = args.expect.as_ref().map(|expect| expect.check(&merged)).unwrap_or_default();
    export.map_or(Ok(()), |export| export.write(&merged))?;
    if context.out.json {
        context.out.document(&merged)?;
    } else {
        let mut lines = run::report(&merged);
        lines.extend(expected.iter().map(|one| format!("{} {one}", if one.holds { "✓" } else { "✗" })));
        context.out.lines(&lines)?;
    }
    match runs::verdict(&merged, args.expect.is_some().then_some(&*expected)) {
        Verdict::Passed => Ok(Exit::Done),
        Verdict::Failed | Verdict::Incomplete | Verdict::Unanswered => Ok(Exit::No),
    }
}
