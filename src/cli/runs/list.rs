//! `runs list`: the history.

use clap::Args;

use crate::actions::history::{self, Line};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::wire::time;

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench runs list
  keybench runs list --model churn-prod/churn --limit 20 --json

The history has the tests and runs of the last 90 days on this machine, of all profiles, without keys.
Ends with 0 once they are listed.")]
pub struct ListArgs {
    /// Only those of this model: project/name, the name, or its id
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Only the newest N
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

pub fn run(context: &Context, args: &ListArgs) -> Result<Exit, Failure> {
    let all = history::lines(&context.history()?)?;
    let wanted = |line: &Line| args.model.as_deref().is_none_or(|model| line.is_of(model));
    let lines = all.into_iter().filter(wanted).take(args.limit.unwrap_or(usize::MAX));
    let rows: Vec<_> = lines.map(|line| (cells(&line), line)).map(|(cells, line)| (line, cells)).collect();
    let titles = &["ID", "STARTED", "KIND", "MODEL", "STATUS", "LATENCY", "RESULT"];
    let mut list = context.out.list(titles);
    list.page(&rows)?;
    list.end()?;
    Ok(Exit::Done)
}

fn cells(line: &Line) -> Vec<String> {
    vec![
        line.id.to_string(),
        time::format(line.started),
        line.kind.as_str().to_owned(),
        line.model.clone(),
        line.outcome(),
        line.took(),
        line.result.clone(),
    ]
}
