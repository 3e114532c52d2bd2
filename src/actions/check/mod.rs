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

use std::path::{Path as File, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

pub use compare::{Found, Path, Tolerance};
pub use golden::update_golden;
pub use report::{Difference, Field, Flip, Report, RowReport};
pub use text::{counts, lines, number, over_all};

use super::Event;
use super::models;
use super::score::{self, BadInput, Error, Input, Job, Results, Row, Rules, Sending, Sink, Tried};

/// What the answers are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// The member `expect` of each row.
    Golden,
    /// The answers of another model.
    Model(String),
    /// A result that `score` wrote for the same rows, of an earlier deployment perhaps.
    Result(PathBuf),
}

impl Against {
    /// What a person calls by `name`: `FILE.jsonl` is a result, anything else a model.
    pub fn named(name: &str) -> Self {
        match File::new(name).extension().is_some_and(|extension| extension == "jsonl") {
            true => Self::Result(name.into()),
            false => Self::Model(name.to_owned()),
        }
    }
}

/// What is asked for beside the job.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub against: Against,
    pub tolerance: Tolerance,
    /// Rows that are reported: the worst.
    pub worst: usize,
    /// Keep the answers, to write them into the golden file.
    pub keep_answers: bool,
}

/// Sends every row and compares the answers.
///
/// # Errors
/// Nothing was sent.
pub async fn check(job: &Job<'_>, request: &Request) -> Result<Report, Error> {
    let against = request.against.clone();
    let (checked, results) = job.check_input(move |input, checked| against.open(input, checked)).await?;
    let mut callees = vec![job.callee(job.model, &checked.first).await?];
    if let Against::Model(other) = &request.against {
        callees.push(job.callee(other, &checked.first).await?);
    }
    let names = callees.iter().map(|callee| models::full_name(&callee.call.model)).collect();
    let most = job.most(&callees.iter().collect::<Vec<_>>());
    let report = Report::new(names, checked.rows, request.worst, request.keep_answers);
    let comparison =
        Arc::new(Comparison { tolerance: request.tolerance.clone(), results, report: Mutex::new(report) });
    let sending = Sending {
        lines: callees.into_iter().map(|callee| (callee.line, Arc::new(callee.watch))).collect(),
        most,
        rules: Rules::default(),
        rows: job.input.rows(Some(&checked.seal))?,
        wanted: Box::new(|_| true),
        sink: Arc::clone(&comparison),
    };
    let begin = Instant::now();
    let tell = || {
        let report = comparison.report();
        let (done, worst) = (report.compared(), report.worst());
        job.progress.on(Event::Checking { done, of: checked.rows, worst });
    };
    let sent = sending.run(&job.stopper, tell).await;
    let mut report = std::mem::take(&mut *comparison.report());
    (report.elapsed, report.stop, report.seal) = (begin.elapsed(), sent.stop, Some(checked.seal));
    Ok(report)
}

impl Against {
    /// Looks whether there is an answer to compare with for each row.
    fn open(&self, input: &Input, checked: &score::Checked) -> Result<Option<Results>, Error> {
        match self {
            Self::Golden => checked.all_have_answers(input)?,
            Self::Model(_) => {}
            Self::Result(file) => return Ok(Some(Results::open(file, input, checked)?)),
        }
        Ok(None)
    }
}

/// The request of one row of `input`, as it stands there now.
///
/// # Errors
/// It cannot be read, or has no such row any more.
pub async fn request_of(input: Input, row: u64) -> Result<String, Error> {
    let found = score::blocking(move || -> Result<Option<Row>, BadInput> {
        input.rows(None)?.next(|other| other == row)
    });
    match found.await?? {
        Some(row) => Ok(row.request.as_str().to_owned()),
        None => Err(Error::NoRow(row)),
    }
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
        let recorded = self.results.as_ref().map(|results| results.response(row.row)).transpose()?;
        if matches!(recorded, Some(None)) {
            self.report().missing(row);
            return Ok(());
        }
        let failed = tried.iter().position(|tried| tried.called.outcome.is_err());
        if let Some((at, tried)) = failed.and_then(|at| Some((at, tried.get(at)?))) {
            let expected = recorded.as_ref().map_or(row.expect.as_deref(), |recorded| recorded.as_deref());
            self.report().failed(row, at, &tried.called, expected);
            return Ok(());
        }
        let mut answers = tried.iter().filter_map(|tried| tried.called.outcome.as_deref().ok());
        let Some(first) = answers.next() else { return Ok(()) };
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
