//! Every row of a file through a model, and each answer exactly once in the result, however often the
//! run is killed and started again.
//!
//! | file | what it holds |
//! |---|---|
//! | [`job`] | which rows go to which model, for this and for `check` |
//! | [`rows`] | the rows of the input, checked before any is sent |
//! | [`source`] | its bytes: those that are sent are those that were checked |
//! | [`columns`] | CSV: which columns make a request |
//! | [`note`] | of which input, model, build and deployment a result is |
//! | [`output`] | the result: appended, recovered, sorted |
//! | [`send`] | rows out, answers in |
//! | `blocking` | what waits for a disk |
//! | [`limit`] | how many at a time |
//! | [`retry`] | what is tried again |
//! | [`watch`] | whether it is still the same deployment that answers |
//! | [`line`] | an answered row as a line |
//! | [`allowed`] | how many may fail |
//! | [`error`] | why nothing was sent |

mod allowed;
mod blocking;
mod columns;
mod error;
mod job;
mod limit;
mod line;
mod note;
mod output;
mod retry;
mod rows;
mod send;
mod source;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use allowed::Allowed;
pub(in crate::actions) use blocking::blocking;
pub use columns::Columns;
pub use error::Error;
pub use job::Job;
pub use output::Results;
pub use retry::{Rules, Times};
pub use rows::{BadInput, Checked, Input, Row};
pub(in crate::actions) use send::{Sending, Sent, Sink};
pub use send::{Stop, Stopper, Tried};
pub use source::Seal;
pub use watch::Deployed;

use super::Event;
use super::models::{self, ModelCall};
use crate::probe::Part;
use job::Callee;
use line::Lines;
use note::Note;
use output::{Output, Recorded};

/// What is asked for beside the job.
#[derive(Debug, Clone)]
pub struct Request {
    pub output: PathBuf,
    pub part: Option<Part>,
    pub rules: Rules,
    /// Restore the order of the input at the end.
    pub sorted: bool,
    /// Go on with a result that another build or deployment began.
    pub allow_new_build: bool,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub call: ModelCall,
    /// Of the input, or of its part.
    pub rows: u64,
    /// Recorded by earlier runs.
    pub before: u64,
    /// Recorded by this one.
    pub scored: u64,
    /// Of all that are recorded.
    pub failed: u64,
    /// Failures of this run by kind.
    pub failures: BTreeMap<&'static str, u64>,
    /// What the first of each kind said.
    pub said: BTreeMap<&'static str, String>,
    /// How often was tried again, by reason.
    pub retries: BTreeMap<&'static str, u64>,
    /// Rows that this run and all before it sent again though they may have run: an earlier run was
    /// killed while they were in flight, or their answer was lost.
    pub may_have_run_twice: u64,
    /// Whose answers are in the result, the latest last.
    pub deployments: Vec<Deployed>,
    /// Rows that were in flight when this run was ended.
    pub cut: u64,
    pub elapsed: Duration,
    pub concurrency: u32,
    /// The input was written to meanwhile; what was sent is what it was before.
    pub input_touched: bool,
    /// `None`: every row is recorded.
    pub stop: Option<Stop>,
}

impl Outcome {
    pub fn recorded(&self) -> u64 {
        self.before + self.scored
    }
}

/// Sends every row that is not recorded yet.
///
/// # Errors
/// Nothing was sent.
pub async fn score(job: &Job<'_>, request: &Request) -> Result<Outcome, Error> {
    let (checked, ()) = job.check_input(|_, _| Ok(())).await?;
    let (all, part) = (checked.rows, request.part);
    let rows = part.map_or(all, |part| part.of_rows(all));
    let callee = job.callee(job.model, &checked.first).await?;
    let concurrency = job.most(&[&callee]);
    let note = note(job, request, &callee, checked.seal.hash(), concurrency);
    let (path, allow) = (request.output.clone(), request.allow_new_build);
    let (sink, recorded, again) =
        blocking(move || open(&path, note, all, rows, allow)).await?.map_err(Error::before_sending)?;
    let (before, failed_before) = (recorded.rows, recorded.failed);
    job.progress.on(Event::Scoring { done: before, of: rows, may_have_run_twice: again });

    let (sink, watch) = (Arc::new(sink), Arc::new(callee.watch.allowing_others(allow)));
    let sending = Sending {
        lines: vec![(callee.line, Arc::clone(&watch))],
        most: concurrency,
        rules: request.rules,
        rows: job.input.rows(Some(&checked.seal))?,
        wanted: Box::new(move |row| part.is_none_or(|part| part.has(row)) && !recorded.has(row)),
        sink: Arc::clone(&sink),
    };
    let begin = Instant::now();
    let report = || {
        let done = before + sink.rows();
        job.progress.on(Event::Scoring { done, of: rows, may_have_run_twice: 0 });
    };
    let Sent { stop, cut, repeated, retries } = sending.run(&job.stopper, report).await;
    let elapsed = begin.elapsed();
    let (for_end, sorted, later) = (Arc::clone(&sink), request.sorted, watch.later());
    let finished = blocking(move || for_end.finish(cut, repeated, later, sorted)).await.flatten();
    let note = sink.note();
    Ok(Outcome {
        call: callee.call,
        rows,
        before,
        scored: sink.rows(),
        failed: failed_before + sink.failed(),
        failures: sink.failures(),
        said: sink.said(),
        retries,
        may_have_run_twice: note.may_have_run_twice.min(rows),
        deployments: note.deployments(),
        cut,
        elapsed,
        concurrency,
        input_touched: !job.input.is_untouched(&checked.seal),
        stop: stop.or(finished.err().map(Stop::Sink)),
    })
}

/// Whose result it will be.
fn note(job: &Job<'_>, request: &Request, callee: &Callee, hash: String, concurrency: u32) -> Note {
    Note {
        version: Note::VERSION,
        input: hash,
        mapping: job.input.mapping(),
        pass_through: job.input.passes_through(),
        shard: request.part,
        model: models::full_name(&callee.call.model),
        model_id: callee.call.model.id.clone(),
        deployed: callee.deployed.clone(),
        earlier: Vec::new(),
        in_flight: concurrency.into(),
        may_have_run_twice: 0,
    }
}

/// Opens the result, and finds out what is in it already, and how many rows are sent again though they
/// may have run: those that were in flight when an earlier run was killed. `all`: rows of the input;
/// `rows`: of its part.
fn open(
    path: &Path,
    mut note: Note,
    all: u64,
    rows: u64,
    allow_new_build: bool,
) -> Result<(Lines, Recorded, u64), Error> {
    let output = Output::open(path)?;
    let old = Note::read(path)?;
    let recorded = match &old {
        _ if output.is_empty()? => Recorded::default(),
        None => return Err(Error::NoNote { output: path.to_owned() }),
        Some(old) => {
            old.check(&note, path, allow_new_build)?;
            note = note.after(old);
            output.recover(all)?
        }
    };
    // One without a line may be of a run that was killed at once.
    let old = old.filter(|old| old.in_flight > 0 || recorded.rows > 0);
    let (in_flight, before) = old.map_or((0, 0), |old| (old.in_flight, old.may_have_run_twice));
    let again = in_flight.min(rows.saturating_sub(recorded.rows));
    note.may_have_run_twice = before + again;
    note.write(path)?;
    Ok((Lines::new(output, path, note), recorded, again))
}
