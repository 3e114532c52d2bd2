//! `runs`: exported runs put together, compared, and as a page.

mod compare;
mod merge;
mod report;

use std::path::Path;

use clap::Subcommand;

use super::context::Context;
use super::error::{Exit, Failure};
use crate::bounded;
use crate::probe::run::{self, Summary};
use compare::CompareArgs;
use merge::MergeArgs;
use report::ReportArgs;

#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Put the runs of several machines together, with percentiles over all requests
    Merge(MergeArgs),
    /// Compare two runs
    Compare(CompareArgs),
    /// Print a run again, or write it as a page
    Report(ReportArgs),
}

pub fn run(context: &Context, command: RunsCommand) -> Result<Exit, Failure> {
    match command {
        RunsCommand::Merge(args) => merge::run(context, &args),
        RunsCommand::Compare(args) => compare::run(context, &args),
        RunsCommand::Report(args) => report::run(context, &args),
    }
}

/// Reads a run that was exported with `--export FILE.json`.
fn read(file: &Path) -> Result<Summary, Failure> {
    let unusable = |why: &dyn std::fmt::Display| {
        Failure::invalid(format!("{} cannot be used: {why}", file.display()))
            .hint("name a file that was written with `models test … --export FILE.json`")
    };
    let bytes = bounded::read(file).map_err(|error| unusable(&error))?;
    run::read_json(&bytes).map_err(|error| unusable(&error))
}
