//! Every row of a file through a model, and each answer exactly once in the result, however often the
//! run is killed and started again.
//!
//! | file | what it holds |
//! |---|---|
//! | [`job`] | which rows go to which model, for this and for `check` |
//! | [`rows`] | the rows of the input, checked before any is sent |
//! | [`columns`] | CSV: which columns make a request |
//! | [`note`] | of which input, model, build and deployment a result is |
//! | [`output`] | the result: appended, recovered, sorted |
//! | [`send`] | rows out, answers in |
//! | `blocking` | what waits for a disk |
//! | [`limit`] | how many at a time |
//! | [`retry`] | what is tried again |
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
pub(in crate::actions) use send::{Sending, Sink};
pub use send::{Stop, Stopper, Tried};

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
    /// Rows that an earlier run may have sent without recording the answer, and this one sent again.
    pub may_have_run_twice: u64,
    /// Rows that were in flight when this run was ended.
    pub cut: u64,
    pub elapsed: Duration,
    pub concurrency: u32,
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
/// Nothing was sent; or, as [`Error::Unwritten`], the result cannot be completed.
pub async fn score(job: &Job<'_>, request: &Request) -> Result<Outcome, Error> {
    let (checked, ()) = job.check_input(|_, _| Ok(())).await?;
    let (all, part) = (checked.rows, request.part);
    let rows = part.map_or(all, |part| part.of_rows(all));
    let callee = job.callee(job.model, &checked.first).await?;
    let concurrency = job.most(&[&callee]);
    let note = note(job, request, &callee, &checked.hash, concurrency);
    let (path, allow) = (request.output.clone(), request.allow_new_build);
    let (output, note, recorded, in_flight) =
        blocking(move || open(&path, note, all, allow)).await?.map_err(Error::before_sending)?;
    let may_have_run_twice = in_flight.min(rows.saturating_sub(recorded.rows));
    let (before, failed_before) = (recorded.rows, recorded.failed);
    job.progress.on(Event::Scoring { done: before, of: rows, may_have_run_twice });

    let sink = Arc::new(Lines::new(output));
    let sending = Sending {
        lines: vec![callee.line],
        most: concurrency,
        rules: request.rules,
        rows: job.input.rows(false)?,
        wanted: Box::new(move |row| part.is_none_or(|part| part.has(row)) && !recorded.has(row)),
        sink: Arc::clone(&sink),
    };
    let begin = Instant::now();
    let report = || {
        let done = before + sink.rows();
        job.progress.on(Event::Scoring { done, of: rows, may_have_run_twice: 0 });
    };
    let sent = sending.run(&job.stopper, report).await;
    let elapsed = begin.elapsed();
    let (sorted, path, cut) = (request.sorted, request.output.clone(), sent.cut);
    let for_end = Arc::clone(&sink);
    blocking(move || finish(&for_end.output, &Note { in_flight: cut, ..note }, &path, sorted)).await??;
    if let Some(Stop::Sink(error)) = sent.stop {
        return Err(error);
    }
    Ok(Outcome {
        call: callee.call,
        rows,
        before,
        scored: sink.rows(),
        failed: failed_before + sink.failed(),
        failures: sink.failures(),
        said: sink.said(),
        retries: sent.retries,
        may_have_run_twice,
        cut,
        elapsed,
        concurrency,
        stop: sent.stop,
    })
}

/// Whose result it will be.
fn note(job: &Job<'_>, request: &Request, callee: &Callee, hash: &str, concurrency: u32) -> Note {
    Note {
        version: Note::VERSION,
        input: hash.to_owned(),
        mapping: job.input.mapping(),
        pass_through: job.input.passes_through(),
        shard: request.part,
        model: models::full_name(&callee.call.model),
        model_id: callee.call.model.id.clone(),
        build_id: callee.build.id.clone(),
        deployment_id: callee.deployment.id.clone(),
        in_flight: concurrency.into(),
    }
}

/// Opens the result, and finds out what is in it already, and how many rows may be in flight
/// without being in it.
fn open(
    path: &Path,
    note: Note,
    most: u64,
    allow_new_build: bool,
) -> Result<(Output, Note, Recorded, u64), Error> {
    let output = Output::open(path)?;
    let old = Note::read(path)?;
    let (recorded, in_flight) = match old {
        _ if output.is_empty()? => (Recorded::default(), old.map_or(0, |old| old.in_flight)),
        None => return Err(Error::NoNote { output: path.to_owned() }),
        Some(old) => {
            old.check(&note, path, allow_new_build)?;
            (output.recover(most)?, old.in_flight)
        }
    };
    note.write(path)?;
    Ok((output, note, recorded, in_flight))
}

fn finish(output: &Output, note: &Note, path: &Path, sorted: bool) -> Result<(), Error> {
    output.sync()?;
    note.write(path)?;
    if sorted { output.sort() } else { Ok(()) }
}
