//! `models score`: every row of a file through a model.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::call::explanation;
use super::job::{self, until};
use super::live::Live;
use crate::actions::models::{self, KeyChoice, ModelCall};
use crate::actions::score::{
    self, Allowed, Columns, Input, Job, Outcome, Request, Rules, Stop, Stopper, Times,
};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::diagnosis::Diagnosis;
use crate::probe::Part;
use crate::text;

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench models score churn-prod/churn --input rows.jsonl --output scores.jsonl
  keybench models score churn-prod/churn --input rows.csv --output scores.jsonl --map tenure_months:int?,monthly_charge:number
  keybench models score churn-prod/churn --input rows.csv --output scores.jsonl --id customer --max-failures 1%

Every row is checked before any is sent. Start the same command again after an interruption: it goes
on with the rows that are missing. Each row is exactly once in the result; a row that was in flight
when a run was killed is sent again, so a function may run twice for it.
Ends with 0 if no more rows failed than --max-failures allows, otherwise with 8.")]
pub struct ScoreArgs {
    /// project/name, or the model's id
    pub model: String,
    /// FILE.jsonl with rows {"id"?, "request"}, or FILE.csv with a head line
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// Result: one line of JSON a row, appended
    #[arg(long, value_name = "FILE.jsonl")]
    pub output: PathBuf,
    /// CSV: columns of a request with their types: string, int, number, bool or json, with ? if a
    /// cell may be empty [default: all columns, as strings]
    #[arg(long, value_name = "COLUMN:TYPE,…")]
    pub map: Option<Columns>,
    /// CSV: column that names a row in the result
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// Repeat each row of the input in the result, as `input`
    #[arg(long)]
    pub pass_through: bool,
    /// Keep C rows in flight [default: the number of replicas]
    #[arg(short = 'c', value_name = "C", allow_negative_numbers = true)]
    pub concurrency: Option<u32>,
    /// Score every Nth row only, beginning with row I+1; I is 0 to N-1
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Part>,
    /// Try a row again so often: busy=10, connect=5, starting=60; with --idempotent timeout=3, lost=3
    #[arg(long, value_name = "REASON=TIMES")]
    pub retry: Vec<Times>,
    /// The function may run twice for a row: try again after timeouts and lost answers
    #[arg(long)]
    pub idempotent: bool,
    /// Put the result in the order of the input at the end
    #[arg(long)]
    pub sorted: bool,
    /// Rows that may fail: 10, or 1% [default: 0]
    #[arg(long, value_name = "N|P%")]
    pub max_failures: Option<Allowed>,
    /// Go on although the model's build or deployment has changed
    #[arg(long)]
    pub allow_new_build: bool,
    /// Call with the key in this file (- for standard input) instead of your own
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
}

/// Scores until every row is recorded or `interrupted` returns.
pub async fn run(context: &Context, args: ScoreArgs, interrupted: impl AsyncFn()) -> Result<Exit, Failure> {
    if args.output.as_os_str() == "-" {
        return Err(Failure::invalid(
            "the result cannot go to standard output: it is read again by a run that goes on",
        )
        .hint("name a file: --output scores.jsonl"));
    }
    let mut columns = args.map.unwrap_or_default();
    columns.id = args.id;
    let input = Input::new(&args.input, columns, args.pass_through).map_err(score::Error::from)?;
    let request = Request {
        output: args.output,
        part: args.shard,
        rules: Rules::new(&args.retry, args.idempotent).map_err(Failure::invalid)?,
        sorted: args.sorted,
        allow_new_build: args.allow_new_build,
    };
    let (session, live) = (context.session()?, Live::new(context));
    let job = Job {
        session: &session,
        model: &args.model,
        key: job::key(context, args.api_key_file.as_deref())?,
        input,
        concurrency: args.concurrency,
        stopper: Stopper::default(),
        progress: &live,
    };
    let outcome = until(score::score(&job, &request), &job.stopper, interrupted).await;
    live.clear();
    let outcome = outcome?;
    if outcome.input_touched && outcome.stop.is_none() {
        let message = format!("{} was changed while it was scored", args.input.display());
        let hint = format!("{} has the answers for the rows as they were", request.output.display());
        context.out.warn("input_changed", &message, Some(&hint));
    }
    let why = match outcome.stop {
        Some(Stop::Refused { .. }) => explain(&outcome.call).await,
        _ => None,
    };
    report(context, &request, &outcome, why.as_ref())?;
    end(&request, outcome, &job.key, args.max_failures.unwrap_or_default(), why.as_ref())
}

/// Why the key was refused: makes one more call and explains that.
async fn explain(call: &ModelCall) -> Option<Diagnosis> {
    let result = call.send().await;
    match result.failure() {
        Some(_) => Some(call.diagnose(&result).await),
        None => None,
    }
}

fn end(
    request: &Request,
    outcome: Outcome,
    key: &KeyChoice,
    allowed: Allowed,
    why: Option<&Diagnosis>,
) -> Result<Exit, Failure> {
    let (recorded, rows, output) = (outcome.recorded(), outcome.rows, request.output.display());
    let so_far = match &outcome.stop {
        Some(Stop::Sink(_)) => format!("{recorded} of {rows} rows were written"),
        _ => format!("{recorded} of {rows} rows are in {output}"),
    };
    let goes_on = || "the same command goes on with the rows that are missing".to_owned();
    let hint = match &outcome.stop {
        Some(Stop::NotRunning { model, .. }) => {
            format!("start it with `keybench models restart {model}`; {}", goes_on())
        }
        Some(Stop::NewBuild { .. }) => {
            "name another --output, or go on with answers of both: --allow-new-build".to_owned()
        }
        Some(Stop::Input(_)) => {
            "name another --output for the file as it is now, or bring it back as it was".to_owned()
        }
        Some(Stop::Sink(error)) => error.hint().unwrap_or_else(goes_on),
        _ => goes_on(),
    };
    let failure = match outcome.stop {
        None if allowed.is_exceeded(outcome.failed, outcome.rows) => return Ok(Exit::No),
        None => return Ok(Exit::Done),
        Some(stop) => job::stopped(stop, key, why.map(|why| why.sentence.as_str()), &so_far),
    };
    Err(failure.hint(hint))
}

fn report(
    context: &Context,
    request: &Request,
    outcome: &Outcome,
    why: Option<&Diagnosis>,
) -> Result<(), Failure> {
    let seconds = outcome.elapsed.as_secs_f64();
    let rate = if seconds > 0.0 { outcome.scored as f64 / seconds } else { 0.0 };
    if context.out.json {
        return context.out.document(&json!({
            "model": models::full_name(&outcome.call.model),
            "model_id": outcome.call.model.id,
            "output": request.output.display().to_string(),
            "complete": outcome.stop.is_none(),
            "rows": outcome.rows,
            "recorded_before": outcome.before,
            "scored": outcome.scored,
            "ok": outcome.recorded() - outcome.failed,
            "failed": outcome.failed,
            "failures": outcome.failures,
            "retries": outcome.retries,
            "may_have_run_twice": outcome.may_have_run_twice,
            "deployments": outcome.deployments,
            "cut": outcome.cut,
            "concurrency": outcome.concurrency,
            "elapsed_s": seconds,
            "rows_per_s": rate,
            "diagnosis": why,
        }));
    }
    let rows = count(outcome.scored);
    let mut lines = vec![
        format!(
            "{rows} in {} · {rate:.1}/s · at most {} at a time",
            text::latency(outcome.elapsed),
            outcome.concurrency
        ),
        format!(
            "{} ok · {} failed ({:.1} %)",
            outcome.recorded() - outcome.failed,
            outcome.failed,
            outcome.failed as f64 / outcome.recorded().max(1) as f64 * 100.0
        ),
    ];
    if outcome.may_have_run_twice > 0 {
        lines.push(format!("{} may have run twice", count(outcome.may_have_run_twice)));
    }
    if outcome.deployments.len() > 1 {
        lines.push(format!("answers of {} deployments", outcome.deployments.len()));
    }
    if outcome.before > 0 {
        lines.push(format!("{} recorded before, by an earlier run", count(outcome.before)));
    }
    for (title, counts) in [("failures", &outcome.failures), ("retries", &outcome.retries)] {
        if !counts.is_empty() {
            let all: Vec<_> =
                counts.iter().map(|(name, n)| format!("{} × {n}", name.replace('_', " "))).collect();
            lines.push(format!("{title:<11}{}", all.join("   ")));
        }
    }
    for (kind, said) in &outcome.said {
        lines.push(format!("{:<11}{}: {said}", "", kind.replace('_', " ")));
    }
    if outcome.cut > 0 {
        lines.push(format!("{} had no answer yet: a later run sends them again", count(outcome.cut)));
    }
    lines.push(format!("{:<11}{}", "result", request.output.display()));
    lines.extend(why.into_iter().flat_map(explanation));
    context.out.lines(&lines)
}

fn count(n: u64) -> String {
    text::count(usize::try_from(n).unwrap_or(usize::MAX), "row", "rows")
}
