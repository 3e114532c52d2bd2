//! Every row of a file through a model, and each answer exactly once in the result, however often the
//! run is killed and started again.
//!
//! | file | what it holds |
//! |---|---|
//! | [`rows`] | the rows of the input, checked before any is sent |
//! | [`columns`] | CSV: which columns make a request |
//! | [`note`] | of which input, model, build and deployment a result is |
//! | [`output`] | the result: appended, recovered, sorted |
//! | [`send`] | rows out, answers in |
//! | [`limit`] | how many at a time |
//! | [`retry`] | what is tried again |
//! | [`line`] | an answered row as a line |
//! | [`allowed`] | how many may fail |
//! | [`error`] | why nothing was sent |

mod allowed;
mod columns;
mod error;
mod limit;
mod line;
mod note;
mod output;
mod retry;
mod rows;
mod send;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use allowed::Allowed;
pub use columns::Columns;
pub use error::Error;
pub use output::Results;
pub use retry::{Rules, Times};
pub use rows::{BadInput, Checked, Input, Row};
pub(in crate::actions) use send::{Sending, Sent, Sink};
pub use send::{Stop, Stopper, Tried};

use super::models::{self, KeyChoice, ModelCall};
use super::{Event, Progress};
use crate::config::Session;
use crate::probe::run::MAX_IN_FLIGHT;
use crate::probe::{Line, Part};
use line::Lines;
use note::Note;
use output::{Output, Recorded};

/// The result is synced, and progress reported, this often.
const TICK: Duration = Duration::from_secs(1);

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    pub input: Input,
    pub output: PathBuf,
    /// Rows in flight at a time; without it as many as the deployment has replicas.
    pub concurrency: Option<u32>,
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
pub async fn score(
    session: &Session,
    model: &str,
    key: &KeyChoice,
    request: &Request,
    stopper: &Stopper,
    progress: &dyn Progress,
) -> Result<Outcome, Error> {
    let Prepared { call, note, all, rows, concurrency } = prepare(session, model, key, request).await?;
    let (path, allow) = (request.output.clone(), request.allow_new_build);
    let (output, note, recorded, in_flight) =
        blocking(move || open(&path, note, all, allow)).await?.map_err(Error::before_sending)?;
    let may_have_run_twice = in_flight.min(rows.saturating_sub(recorded.rows));
    let (before, failed_before) = (recorded.rows, recorded.failed);
    progress.on(Event::Scoring { done: before, of: rows, may_have_run_twice });

    let sink = Arc::new(Lines::new(output));
    let part = request.part;
    let line = Line::new(&call.transport, &call.target(), call.key.as_ref()).map_err(models::Error::from)?;
    let sending = Sending {
        lines: vec![line],
        most: concurrency,
        rules: request.rules,
        rows: request.input.rows(false)?,
        wanted: Box::new(move |row| part.is_none_or(|part| part.has(row)) && !recorded.has(row)),
        sink: Arc::clone(&sink),
    };
    let begin = Instant::now();
    let report = |done| progress.on(Event::Scoring { done: before + done, of: rows, may_have_run_twice: 0 });
    let sent = send_and_sync(sending, &sink, stopper, report).await?;
    let elapsed = begin.elapsed();
    let (sorted, path, cut) = (request.sorted, request.output.clone(), sent.cut);
    let for_end = Arc::clone(&sink);
    blocking(move || finish(&for_end.output, &Note { in_flight: cut, ..note }, &path, sorted)).await??;
    if let Some(Stop::Sink(error)) = sent.stop {
        return Err(error);
    }
    if let Some(error) = sink.failure() {
        return Err(error);
    }
    Ok(Outcome {
        call,
        rows,
        before,
        scored: sink.rows(),
        failed: failed_before + sink.failed(),
        failures: sink.failures(),
        retries: sent.retries,
        may_have_run_twice,
        cut,
        elapsed,
        concurrency,
        stop: sent.stop,
    })
}

/// What is known before the result is opened.
struct Prepared {
    call: ModelCall,
    note: Note,
    /// Rows of the input.
    all: u64,
    /// Of them, those of this part.
    rows: u64,
    concurrency: u32,
}

async fn prepare(
    session: &Session,
    model: &str,
    key: &KeyChoice,
    request: &Request,
) -> Result<Prepared, Error> {
    if let Some(concurrency) = request.concurrency.filter(|c| *c == 0 || *c > MAX_IN_FLIGHT) {
        return Err(Error::Concurrency(concurrency));
    }
    let input = request.input.clone();
    let checked = blocking(move || input.check()).await??;
    let shown = models::show(session, model).await?;
    let Some((build, deployment)) = shown.latest else {
        return Err(models::Error::NeverDeployed { model: models::full_name(&shown.model) }.into());
    };
    let replicas = u32::try_from(deployment.replicas.0).unwrap_or(1).clamp(1, MAX_IN_FLIGHT);
    let concurrency = request.concurrency.unwrap_or(replicas);
    let call = ModelCall::new(session, shown.model, key, Some(checked.first))?;
    let note = Note {
        version: Note::VERSION,
        input: checked.hash,
        mapping: request.input.mapping(),
        pass_through: request.input.passes_through(),
        shard: request.part,
        model: models::full_name(&call.model),
        model_id: call.model.id.clone(),
        build_id: build.id,
        deployment_id: deployment.id,
        in_flight: concurrency.into(),
    };
    let (all, rows) = (checked.rows, request.part.map_or(checked.rows, |part| part.of_rows(checked.rows)));
    Ok(Prepared { call, note, all, rows, concurrency })
}

/// Sends, and syncs the result as often as it says how far it is.
async fn send_and_sync(
    sending: Sending<Lines>,
    sink: &Arc<Lines>,
    stopper: &Stopper,
    progress: impl Fn(u64),
) -> Result<Sent, Error> {
    let sending = sending.run(stopper);
    tokio::pin!(sending);
    loop {
        tokio::select! {
            sent = &mut sending => return Ok(sent),
            () = tokio::time::sleep(TICK) => {
                let for_sync = Arc::clone(sink);
                if let Err(error) = blocking(move || for_sync.output.sync()).await? {
                    stopper.stop();
                    sink.fail(error);
                }
                progress(sink.rows());
            }
        }
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

/// Does `work`, which waits for a disk, where it holds nothing up.
pub(in crate::actions) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Unwritten { file: PathBuf::new(), error: io::Error::other(error) })
}
