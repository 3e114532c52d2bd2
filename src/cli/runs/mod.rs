//! `runs`: tests and runs of the history, exported runs put together, compared, and as a page.

mod compare;
mod list;
mod merge;
mod report;
mod show;

use std::path::Path;

use clap::Subcommand;

use super::context::Context;
use super::error::{Exit, Failure};
use crate::actions::history;
use crate::bounded;
use crate::probe::run::{self, Summary};
use compare::CompareArgs;
use list::ListArgs;
use merge::MergeArgs;
use report::ReportArgs;
use show::ShowArgs;

#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// List tests and runs of the history, newest first
    List(ListArgs),
    /// Show a test or a run of the history
    Show(ShowArgs),
    /// Put the runs of several machines together, with percentiles over all requests
    Merge(MergeArgs),
    /// Compare two runs
    Compare(CompareArgs),
    /// Print a run again, or write it as a page
    Report(ReportArgs),
}

pub fn run(context: &Context, command: RunsCommand) -> Result<Exit, Failure> {
    match command {
        RunsCommand::List(args) => list::run(context, &args),
        RunsCommand::Show(args) => show::run(context, &args),
        RunsCommand::Merge(args) => merge::run(context, &args),
        RunsCommand::Compare(args) => compare::run(context, &args),
        RunsCommand::Report(args) => report::run(context, &args),
    }
}

/// Reads a run: one of the history by its ID, else one that was exported with `--export FILE.json`.
fn read(context: &Context, file: &Path) -> Result<Summary, Failure> {
    if let Some(id) = file.to_str().filter(|name| !name.contains('/')).and_then(|name| name.parse().ok()) {
        return Ok(history::run(&context.history()?, id)?);
    }
    let unusable = |why: &dyn std::fmt::Display| {
        Failure::invalid(format!("{} cannot be used: {why}", file.display()))
            .hint("name a file that was written with `models test … --export FILE.json`, or the ID of a run from `runs list`")
    };
    let bytes = bounded::read(file).map_err(|error| unusable(&error))?;
    run::read_json(&bytes).map_err(|error| unusable(&error))
}
