//! `runs report`: a run again, or as a page.

use std::path::PathBuf;

use clap::Args;

use super::read;
use crate::actions::runs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::config::replace::Replacement;
use crate::probe::run;

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench runs report run.json
  keybench runs report run.json --html run.html --compare before.json

The page is one file: no scripts, and nothing is loaded from elsewhere.
Ends with 0 once it is written.")]
pub struct ReportArgs {
    /// A run that was written with --export FILE.json or by `runs merge`, or its ID in the history
    #[arg(value_name = "ID|FILE.json")]
    pub file: PathBuf,
    /// Write a page to FILE.html
    #[arg(long, value_name = "FILE.html")]
    pub html: Option<PathBuf>,
    /// With --html: an earlier run to compare with
    #[arg(long, value_name = "ID|FILE.json", requires = "html")]
    pub compare: Option<PathBuf>,
}

pub fn run(context: &Context, args: &ReportArgs) -> Result<Exit, Failure> {
    let summary = read(context, &args.file)?;
    let Some(html) = &args.html else {
        match context.out.json {
            true => context.out.document(&summary)?,
            false => context.out.lines(&run::report(&summary))?,
        }
        return Ok(Exit::Done);
    };
    let earlier = args.compare.as_deref().map(|file| read(context, file)).transpose()?;
    let page = runs::page(&summary, earlier.as_ref());
    Replacement::of(html).write(page.as_bytes()).map_err(|error| {
        Failure::new(Exit::Unwritten, "output", format!("{} cannot be written: {error}", html.display()))
    })?;
    if context.out.json {
        context.out.document(&serde_json::json!({ "html": html.display().to_string() }))?;
    } else {
        context.out.note(&format!("{} is written", html.display()));
    }
    Ok(Exit::Done)
}
