//! The answers of a model compared: with a golden file, with another model, or with an earlier result.
//!
//! | file | what it holds |
//! |---|---|
//! | [`compare`] | two answers: what differs, by how much, what is allowed |
//! | [`report`] | what is found over all rows |
//! | `text` | the same as lines |
//! | [`golden`] | new answers written into a golden file |

mod compare;
mod golden;
mod report;
mod text;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use compare::{Found, Path, Tolerance};
pub use golden::update as update_golden;
pub use report::{Field, Flip, Report, RowReport};
pub use text::lines;

use super::models::{self, KeyChoice, ModelCall};
use super::score::{self, Error, Input, Results, Row, Rules, Sending, Sink, Stopper, Tried};
use super::{Event, Progress};
use crate::config::Session;
use crate::probe::Line;
use crate::probe::run::MAX_IN_FLIGHT;

const TICK: Duration = Duration::from_millis(500);

/// What the answers are compared with.
#[derive(Debug, Clone)]
pub enum Against {
    /// The member `expect` of each row.
    Golden,
    /// The answers of another model.
    Model(String),
    /// A result that `score` wrote for the same rows, of an earlier deployment perhaps.
    Result(PathBuf),
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    pub input: Input,
    pub against: Against,
    pub tolerance: Tolerance,
    /// Rows in flight at a time; without it as many as the deployment has replicas.
    pub concurrency: Option<u32>,
    /// Keep the answers, to write them into the golden file.
    pub keep_answers: bool,
}

/// Sends every row and compares the answers.
///
/// # Errors
/// Nothing was sent.
pub async fn check(
    session: &Session,
    model: &str,
    key: &KeyChoice,
    request: &Request,
    stopper: &Stopper,
    progress: &dyn Progress,
) -> Result<Report, Error> {
    if let Some(concurrency) = request.concurrency.filter(|c| *c == 0 || *c > MAX_IN_FLIGHT) {
        return Err(Error::Concurrency(concurrency));
    }
    let (input, against) = (request.input.clone(), request.against.clone());
    let (checked, results) = score::blocking(move || {
        let checked = input.check()?;
        if matches!(against, Against::Golden) {
            checked.all_have_answers(&input)?;
        }
        let results = match against {
            Against::Result(file) => Some(Results::open(&file, checked.rows)?),
            _ => None,
        };
        Ok::<_, Error>((checked, results))
    })
    .await??;
    let mut names = vec![model];
    if let Against::Model(other) = &request.against {
        names.push(other);
    }
    let (mut calls, mut lines, mut replicas) = (Vec::new(), Vec::new(), MAX_IN_FLIGHT);
    for name in names {
        let shown = models::show(session, name).await?;
        let deployed = shown.latest.map_or(1, |(_, deployment)| deployment.replicas.0);
        replicas = replicas.min(u32::try_from(deployed).unwrap_or(1).max(1));
        let call = ModelCall::new(session, shown.model, key, Some(checked.first.clone()))?;
        lines.push(
            Line::new(&call.transport, &call.target(), call.key.as_ref()).map_err(models::Error::from)?,
        );
        calls.push(call);
    }
    let names = calls.iter().map(|call| models::full_name(&call.model)).collect();
    let comparison = Arc::new(Comparison {
        tolerance: request.tolerance.clone(),
        results,
        report: Mutex::new(Report::new(names, checked.rows, request.keep_answers)),
    });
    let sending = Sending {
        lines,
        most: request.concurrency.unwrap_or(replicas),
        rules: Rules::default(),
        rows: request.input.rows(false)?,
        wanted: Box::new(|_| true),
        sink: Arc::clone(&comparison),
    };
    let begin = Instant::now();
    let sending = sending.run(stopper);
    tokio::pin!(sending);
    let sent = loop {
        tokio::select! {
            sent = &mut sending => break sent,
            () = tokio::time::sleep(TICK) => {
                let done = comparison.report().compared();
                progress.on(Event::Scoring { done, of: checked.rows, may_have_run_twice: 0 });
            }
        }
    };
    let mut report = std::mem::take(&mut *comparison.report());
    (report.elapsed, report.stop, report.calls) = (begin.elapsed(), sent.stop, calls);
    Ok(report)
}

/// Compares each row as it is answered.
struct Comparison {
    tolerance: Tolerance,
    results: Option<Results>,
    report: Mutex<Report>,
}

impl Comparison {
    fn report(&self) -> std::sync::MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Comparison {
    fn take(&self, row: &Row, tried: &[Tried]) -> Result<(), Error> {
        if let Some((at, failure)) =
            tried.iter().enumerate().find_map(|(at, tried)| Some((at, tried.called.outcome.as_ref().err()?)))
        {
            self.report().failed(row, at, failure);
            return Ok(());
        }
        let mut answers = tried.iter().filter_map(|tried| tried.called.outcome.as_deref().ok());
        let Some(first) = answers.next() else { return Ok(()) };
        let recorded = self.results.as_ref().map(|results| results.response(row.row)).transpose()?;
        // The other side: the second model, an earlier result, or the golden file.
        let (expected, got) = match (answers.next(), recorded) {
            (Some(second), _) => (Some(first), second),
            (None, Some(recorded)) => {
                self.compare(row, recorded.as_deref(), first);
                return Ok(());
            }
            (None, None) => (row.expect.as_deref(), first),
        };
        self.compare(row, expected, got);
        Ok(())
    }
}

impl Comparison {
    fn compare(&self, row: &Row, expected: Option<&str>, got: &str) {
        let mut found = Vec::new();
        match expected {
            Some(expected) => compare::compare(expected, got, &self.tolerance, &mut |one| found.push(one)),
            None => found.push(Found::missing(got)),
        }
        self.report().compared_row(row, found, got);
    }
}
