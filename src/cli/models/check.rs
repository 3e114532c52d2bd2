//! `models check`: the answers of a model against what is expected.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use super::job::{self, until};
use super::live::Live;
use crate::actions::check::{self, Against, Path, Report, Request, Tolerance};
use crate::actions::score::{self, Columns, Input, Job, Stopper};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::output;
use crate::text;

/// Rows that are reported: the worst.
const WORST: usize = 20;

#[derive(Debug, Clone, Args)]
#[group(id = "check")]
#[command(group = ArgGroup::new("expected").required(true))]
#[command(after_help = "Examples:
  keybench models check churn-prod/churn --golden golden.jsonl --tolerance churn=1e-3,rel=1e-6
  keybench models check churn-prod/churn --golden golden.jsonl --ignore trace_id --update-golden
  keybench models check churn-prod/churn --against churn-dev/churn --input rows.jsonl
  keybench models check churn-prod/churn --against last-week.jsonl --input rows.jsonl

A golden file has rows {\"id\"?, \"request\", \"expect\"}. Paths are written a.b or rows[*].c.
Ends with 0 if every answer is as expected, otherwise with 8.")]
pub struct CheckArgs {
    /// project/name, or the model's id
    pub model: String,
    /// FILE.jsonl with the expected answer of each row
    #[arg(long, value_name = "FILE.jsonl", group = "expected")]
    pub golden: Option<PathBuf>,
    /// Compare with another model, or with a result of `models score` for the same input
    #[arg(long, value_name = "MODEL|FILE.jsonl", group = "expected", requires = "input")]
    pub against: Option<String>,
    /// With --against: FILE.jsonl or FILE.csv with the rows to send
    #[arg(long, value_name = "FILE", conflicts_with = "golden")]
    pub input: Option<PathBuf>,
    /// CSV: columns of a request with their types, as for `models score`
    #[arg(long, value_name = "COLUMN:TYPE,…")]
    pub map: Option<Columns>,
    /// How far numbers may be off: churn=1e-3,abs=1e-9,rel=1e-6 [default: not at all]
    #[arg(long, value_name = "SPEC")]
    pub tolerance: Vec<String>,
    /// Leave a member and what is in it out of the comparison
    #[arg(long, value_name = "PATH")]
    pub ignore: Vec<Path>,
    /// Write answers that differ into the golden file, after a question
    #[arg(long, conflicts_with = "against")]
    pub update_golden: bool,
    /// Update without a question
    #[arg(long, requires = "update_golden")]
    pub yes: bool,
    /// Keep C rows in flight [default: the number of replicas]
    #[arg(short = 'c', value_name = "C", allow_negative_numbers = true)]
    pub concurrency: Option<u32>,
    /// Call with the key in this file (- for standard input) instead of your own
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
}

/// Checks until every row is compared or `interrupted` returns.
pub async fn run(context: &Context, args: CheckArgs, interrupted: impl AsyncFn()) -> Result<Exit, Failure> {
    let file = args.golden.as_ref().or(args.input.as_ref());
    let file =
        file.ok_or_else(|| Failure::usage("--golden FILE or --against MODEL --input FILE is missing"))?;
    let mut tolerance = Tolerance::default();
    for spec in &args.tolerance {
        tolerance.add(spec).map_err(|why| Failure::invalid(format!("--tolerance: {why}")))?;
    }
    args.ignore.iter().for_each(|path| tolerance.ignore(path.clone()));
    let against = args.against.as_deref().map_or(Against::Golden, Against::named);
    let input = Input::new(file, args.map.unwrap_or_default(), false).map_err(score::Error::from)?;
    let request = Request { against, tolerance, worst: WORST, keep_answers: args.update_golden };
    if args.update_golden && !args.yes && !output::is_terminal() {
        return Err(Failure::new(Exit::Invalid, "no_terminal", "there is no terminal to ask on")
            .hint("update without a question: --yes"));
    }
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
    let report = until(check::check(&job, &request), &job.stopper, interrupted).await;
    live.clear();
    let report = report?;
    let mut document = document(&report);
    // A document says last what was written; a person sees what differs before the question.
    let (json, updates) = (context.out.json, args.update_golden);
    match (json, updates) {
        (true, true) => {}
        (true, false) => context.out.document(&document)?,
        (false, _) => context.out.lines(&check::lines(&report))?,
    }
    warn_of_unused(context, &report, &request.tolerance);
    let updated = match report.stop {
        None if updates => update(file, &report, args.yes).await,
        _ => Ok(0),
    };
    if json && updates {
        document["updated"] = json!(*updated.as_ref().unwrap_or(&0));
        context.out.document(&document)?;
    }
    let so_far = format!("{} of {} rows were compared", report.compared(), report.rows);
    let (passed, failed) = (report.is_passed(), report.failed);
    if let Some(stop) = report.stop {
        return Err(job::stopped(stop, &job.key, None, &so_far));
    }
    let updated = updated?;
    if updated == 0 {
        return Ok(if passed { Exit::Done } else { Exit::No });
    }
    let rows = text::count(usize::try_from(updated).unwrap_or(usize::MAX), "row", "rows");
    context.out.note(&format!("{rows} of {} have new answers", file.display()));
    // What differed is what is expected now.
    Ok(if failed == 0 { Exit::Done } else { Exit::No })
}

/// Writes the answers that differ into the golden file, after a question. Gives how many there were.
async fn update(file: &std::path::Path, report: &Report, yes: bool) -> Result<u64, Failure> {
    let answers = report.answers().map_or(0, |answers| answers.len());
    if answers == 0 {
        return Ok(0);
    }
    let answers = text::count(answers, "expected answer", "expected answers");
    let question = format!("Replace {answers} in {}? [y/N]", file.display());
    if !yes && !output::ask(question).await?.eq_ignore_ascii_case("y") {
        return Err(Failure::new(Exit::Invalid, "not_confirmed", "not confirmed, nothing was written"));
    }
    Ok(check::update_golden(file, report)?)
}

fn warn_of_unused(context: &Context, report: &Report, tolerance: &Tolerance) {
    for path in report.unused(tolerance) {
        let message = format!("no answer has a member {path}, which --tolerance or --ignore names");
        let members: Vec<_> = report.fields().iter().take(5).map(|field| field.path.as_str()).collect();
        let hint = (!members.is_empty()).then(|| format!("members are {}", members.join(", ")));
        context.out.warn("no_member", &message, hint.as_deref());
    }
}

fn document(report: &Report) -> Value {
    json!({
        "models": report.models,
        "complete": report.stop.is_none(),
        "rows": report.rows,
        "same": report.same,
        "different": report.different,
        "failed": report.failed,
        "unrecorded": report.unrecorded,
        "fields": report.fields(),
        "flips": report.flips(),
        "worst": report.worst(),
        "elapsed_s": report.elapsed.as_secs_f64(),
    })
}
