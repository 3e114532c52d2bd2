//! `models test` with the options of a run: many calls, their figures, and whether they are as
//! expected.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::call::{CallArgs, explanation, no_answer, prepare};
use crate::actions::history::Ended;
use crate::actions::models::{self, ModelCall};
use crate::actions::runs::{self, Verdict};
use crate::actions::score::{self, Columns, Input};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::values;
use crate::config::replace::Replacement;
use crate::diagnosis::Diagnosis;
use crate::probe::run::{self, Data, Expectation, Expectations, Plan, Ramps, Run, Summary};
use crate::probe::{CallError, ModelRequest, Part};
use crate::text;

/// What makes a test a run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Runs")]
pub struct RunArgs {
    /// Send N requests [default: 100 with -c or --rate, else 1]
    #[arg(short = 'n', value_name = "N", allow_negative_numbers = true)]
    pub count: Option<u64>,
    /// Keep C requests in flight, with --rate at most [default: 1, with --rate 64]
    #[arg(short = 'c', value_name = "C", allow_negative_numbers = true)]
    pub concurrency: Option<u32>,
    /// Send for this long, such as 30s
    #[arg(long, value_name = "D", value_parser = values::duration, allow_hyphen_values = true)]
    pub duration: Option<Duration>,
    /// Send R requests a second, each when it is due
    #[arg(long, value_name = "R", allow_negative_numbers = true)]
    pub rate: Option<f64>,
    /// Take each request from the next row of FILE.jsonl or FILE.csv, from the first again at the end
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    pub data: Option<PathBuf>,
    /// CSV: columns of a request with their types, as for `models score`
    #[arg(long, value_name = "COLUMN:TYPE,…", requires = "data")]
    pub map: Option<Columns>,
    /// Change the rate evenly: to 10 a second over a minute, then to 50, then to 0: 10:1m,50:5m,0:30s
    #[arg(long, value_name = "R:D,…", conflicts_with = "rate")]
    pub stages: Option<Ramps>,
    /// Pause between an answer and the next request of a connection
    #[arg(long, value_name = "D", value_parser = values::duration, allow_hyphen_values = true)]
    pub think: Option<Duration>,
    /// Send the Ith of N parts of the requests, or an Nth of the rate; I is 0 to N-1
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Part>,
    /// Send N requests before, and do not count them
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub warmup: Option<u64>,
    /// Conditions that decide the exit code: 'p99<250ms,errors<1%,replicas>=2'
    #[arg(long, value_name = "EXPR", value_parser = expectations)]
    pub expect: Option<Expectations>,
    /// Write the result to FILE.json or FILE.csv
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Lift the ceiling of 64 requests in flight and 10000 in all
    #[arg(long)]
    pub unbounded: bool,
}

impl RunArgs {
    /// Whether a run was asked for, and not one call.
    pub fn is_run(&self) -> bool {
        let Self {
            count,
            concurrency,
            duration,
            rate,
            data,
            map: _,
            stages,
            think,
            shard,
            warmup,
            expect,
            export,
            unbounded,
        } = self;
        *unbounded
            || data.is_some()
            || stages.is_some()
            || think.is_some()
            || shard.is_some()
            || count.or(*warmup).is_some()
            || concurrency.is_some()
            || duration.is_some()
            || rate.is_some()
            || expect.is_some()
            || export.is_some()
    }

    /// The plan of the run; `label` says what is tested, `data` where the requests are from.
    pub fn plan(&self, label: String, data: Option<Data>) -> Plan {
        let open_ended = self.count.is_none() && self.duration.is_none() && self.stages.is_none();
        let spread = self.concurrency.is_some() || self.rate.is_some();
        let default = || data.as_ref().map_or(if spread { 100 } else { 1 }, |data| data.rows);
        let count = if open_ended { Some(default()) } else { self.count };
        Plan {
            label: Some(label),
            count,
            duration: self.duration,
            concurrency: self.concurrency,
            rate: self.rate,
            stages: self.stages.clone(),
            think: self.think,
            data,
            shard: self.shard,
            warmup: self.warmup.unwrap_or(0),
            unbounded: self.unbounded,
        }
    }
}

pub(in crate::cli) fn expectations(text: &str) -> Result<Expectations, String> {
    text.parse().map_err(|error: CallError| match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    })
}

/// Runs until the plan is done or `interrupted` returns; either way the result is printed.
pub async fn run(
    context: &Context,
    call: &CallArgs,
    args: &RunArgs,
    interrupted: impl AsyncFn(),
) -> Result<Exit, Failure> {
    // Before anything is sent or written.
    let data = args.data.as_deref().map(|file| read_data(file, args)).transpose()?;
    let (data, mut rows) = data.map_or((None, Vec::new()), |(data, rows)| (Some(data), rows));
    args.plan(String::new(), data.clone()).check().map_err(|error| no_answer(&error, None))?;
    let first = rows.first().map(|row| row.as_str().to_owned());
    let call = &CallArgs { request: first.or(call.request.clone()), ..call.clone() };
    let export = args.export.as_deref().map(Export::check).transpose()?;
    let call = tokio::select! {
        call = prepare(context, call) => call?,
        () = interrupted() => return Err(context.interrupted()),
    };
    let plan = args.plan(models::full_name(&call.model), data);
    if rows.is_empty() {
        rows.push(call.request.clone());
    }
    let started = run::start_with(plan, &call.transport, &call.target(), call.key.as_ref(), rows);
    let run = started.map_err(|error| no_answer(&error, None))?;
    let (summary, was_interrupted) = watch(context, run, interrupted).await;
    let request = args.data.is_none().then(|| call.request.as_str());
    context.keep(&call, request, Ended::Run(Arc::clone(&summary))).await;

    let why = match summary.ok {
        0 if summary.total > 0 && !was_interrupted => explain(&call).await,
        _ => None,
    };
    let expected = args.expect.as_ref().map(|expect| expect.check(&summary)).unwrap_or_default();
    let exported = export.map_or(Ok(()), |export| export.write(&summary));
    report(context, &call, &summary, &expected, why.as_ref())?;
    exported?;
    if was_interrupted {
        let failure = Failure::new(Exit::Interrupted, "interrupted", interruption(&summary));
        return Err(failure);
    }
    match runs::verdict(&summary, args.expect.is_some().then_some(&*expected)) {
        Verdict::Passed => Ok(Exit::Done),
        Verdict::Failed | Verdict::Incomplete => Ok(Exit::No),
        Verdict::Unanswered => Err(unanswered(&summary, why.as_ref())),
    }
}

fn read_data(file: &Path, args: &RunArgs) -> Result<(Data, Vec<ModelRequest>), Failure> {
    let input = Input::new(file, args.map.clone().unwrap_or_default(), false);
    input.and_then(|input| runs::rows(&input)).map_err(|error| score::Error::from(error).into())
}

fn unanswered(summary: &Summary, why: Option<&Diagnosis>) -> Failure {
    let because = why.map(|why| format!(": {}", why.sentence)).unwrap_or_default();
    let message = format!("none of {} requests was answered{because}", summary.total);
    let hint = why.and_then(|why| why.remedy.clone());
    Failure { hint, ..Failure::new(Exit::NoAnswer, "no_answer", message) }
}

/// Waits for the end, showing progress where a person looks on.
async fn watch(context: &Context, run: Run, interrupted: impl AsyncFn()) -> (Arc<Summary>, bool) {
    let stopper = run.stopper();
    let mut progress = run.progress();
    let live = !context.out.quiet && !context.out.json && std::io::stderr().is_terminal();
    let finished = run.finished();
    tokio::pin!(finished);
    let interrupt = interrupted();
    tokio::pin!(interrupt);
    let mut was_interrupted = false;
    let summary = loop {
        tokio::select! {
            summary = &mut finished => break summary,
            () = &mut interrupt, if !was_interrupted => {
                was_interrupted = true;
                stopper.stop();
            }
            Ok(()) = progress.changed(), if live => show(&progress.borrow_and_update()),
        }
    };
    if live {
        // The line of progress makes room; nothing helps if it cannot.
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    (summary, was_interrupted)
}

fn show(summary: &Summary) {
    let done = summary.done_share().map(|share| format!("{:3.0} % · ", share * 100.0)).unwrap_or_default();
    let p99 = match summary.has_latencies() {
        true => format!(" · p99 {:.1} ms", summary.latency.p99_ms),
        false => String::new(),
    };
    let line = format!(
        "{done}{} · {:.1}/s{p99} · {} errors",
        text::count(usize::try_from(summary.total).unwrap_or(usize::MAX), "request", "requests"),
        summary.rps,
        summary.errors,
    );
    let _ = write!(std::io::stderr(), "\r{line}\x1b[K");
}

/// Why nothing passed: makes one more call and explains that.
async fn explain(call: &ModelCall) -> Option<Diagnosis> {
    let result = call.send().await;
    match result.failure() {
        Some(_) => Some(call.diagnose(&result).await),
        None => None,
    }
}

fn report(
    context: &Context,
    call: &ModelCall,
    summary: &Summary,
    expected: &[Expectation],
    why: Option<&Diagnosis>,
) -> Result<(), Failure> {
    if context.out.json {
        return context.out.document(&document(call, summary, expected, why));
    }
    let mut lines = run::report(summary);
    if !expected.is_empty() {
        lines.push(String::new());
        lines.extend(expected.iter().map(|one| {
            let sign = if one.holds { "✓" } else { "✗" };
            format!("{sign} {one}")
        }));
        if summary.ok == 0 {
            lines.push("✗ nothing succeeded, so what was expected does not count".to_owned());
        }
    }
    lines.extend(why.into_iter().flat_map(explanation));
    context.out.lines(&lines)
}

/// The summary, with what it is of and what was expected.
fn document(call: &ModelCall, summary: &Summary, expected: &[Expectation], why: Option<&Diagnosis>) -> Value {
    let mut value = json!(summary);
    if let Some(members) = value.as_object_mut() {
        members.insert("model".to_owned(), json!(models::full_name(&call.model)));
        members.insert("model_id".to_owned(), json!(call.model.id));
        members.insert("expectations".to_owned(), json!(expected));
        members.insert("diagnosis".to_owned(), json!(why));
    }
    value
}

fn interruption(summary: &Summary) -> String {
    let sent = summary.total + summary.abandoned;
    let planned = summary.plan.count.map(|count| format!(" of {count}")).unwrap_or_default();
    format!(
        "interrupted after {sent}{planned} requests; {} had no answer yet, and no more were sent",
        summary.abandoned
    )
}

/// The file for a result, looked at before anything is sent, and left as it is until there is one.
pub(in crate::cli) struct Export<'a> {
    path: &'a Path,
    csv: bool,
}

impl<'a> Export<'a> {
    pub fn check(path: &'a Path) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let csv = match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => false,
            Some("csv") => true,
            _ => {
                return Err(Failure::invalid(format!("{shown} is neither .json nor .csv"))
                    .hint("name the file FILE.json or FILE.csv"));
            }
        };
        Replacement::of(path)
            .check()
            .map_err(|error| Failure::invalid(format!("{shown} cannot be written: {error}")))?;
        Ok(Self { path, csv })
    }

    pub fn write(self, summary: &Summary) -> Result<(), Failure> {
        let written = Replacement::of(self.path).write_with(|to| match self.csv {
            true => run::write_csv(summary, to),
            false => run::write_json(summary, to),
        });
        written.map_err(|error| {
            let message = format!("{} cannot be written: {error}", self.path.display());
            Failure::new(Exit::Unwritten, "output", message)
        })
    }
}
