//! An answered row as a line of the result.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::value::RawValue;

use super::error::Error;
use super::note::Note;
use super::output::Output;
use super::rows::Row;
use super::send::{Sink, Tried};
use super::watch::Deployed;
use crate::probe::FailureKind;
use crate::text::json;

/// Writes the answers of one model, and keeps the note beside them.
pub(super) struct Lines {
    output: Output,
    path: PathBuf,
    note: Mutex<Note>,
    /// Rows that may have run twice because of earlier runs.
    before: u64,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    rows: u64,
    failures: BTreeMap<&'static str, u64>,
    /// The first of each kind, as it was said.
    said: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Line<'a> {
    row: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    status: Option<u16>,
    attempts: u32,
    latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    replica_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'a RawValue>,
}

impl Lines {
    pub fn new(output: Output, path: &Path, note: Note) -> Self {
        let before = note.may_have_run_twice;
        Self { output, path: path.to_owned(), note: note.into(), before, counts: Mutex::default() }
    }

    /// What is said of the result so far.
    pub fn note(&self) -> Note {
        lock(&self.note).clone()
    }

    /// Completes the result. `cut`: rows that may be in flight; `repeated`: as [`Sink::sync`] takes it;
    /// `later`: the deployments that took the place of the first.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(&self, cut: u64, repeated: u64, later: Vec<Deployed>, sorted: bool) -> Result<(), Error> {
        self.output.sync()?;
        let mut note = lock(&self.note);
        note.in_flight = cut;
        note.may_have_run_twice = self.before + repeated;
        later.into_iter().for_each(|next| note.replaced_by(next));
        note.write(&self.path)?;
        if sorted { self.output.sort() } else { Ok(()) }
    }

    /// Rows that were written.
    pub fn rows(&self) -> u64 {
        self.counts().rows
    }

    /// Those of them that failed.
    pub fn failed(&self) -> u64 {
        self.counts().failures.values().sum()
    }

    /// The same by kind.
    pub fn failures(&self) -> BTreeMap<&'static str, u64> {
        self.counts().failures.clone()
    }

    /// What the first failure of each kind said.
    pub fn said(&self) -> BTreeMap<&'static str, String> {
        self.counts().said.clone()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        lock(&self.counts)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What it holds stays usable even if a worker panicked.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sink for Lines {
    fn take(&self, row: &Row, tried: &[Tried]) -> Result<(), Error> {
        let [tried] = tried else { return Ok(()) };
        let called = &tried.called;
        let failure = called.outcome.as_ref().err();
        let raw = |text: &String| serde_json::from_str::<&RawValue>(text).ok().map(ToOwned::to_owned);
        let (id, input) = (row.id.as_ref().and_then(raw), row.input.as_ref().and_then(raw));
        let response = called.outcome.as_ref().ok().and_then(raw);
        let line = Line {
            row: row.row,
            id: id.as_deref(),
            ok: failure.is_none(),
            response: response.as_deref(),
            failure: failure.map(|failure| failure.kind).map(FailureKind::name),
            message: failure.map(|failure| failure.message.as_str()),
            status: called.status,
            attempts: tried.attempts,
            latency_ms: (called.latency.as_secs_f64() * 1e6).round() / 1e3,
            replica_id: called.replica_id.as_deref(),
            input: input.as_deref(),
        };
        // What a model answers is JSON, so that this cannot fail.
        let text = json::line(&line)
            .map_err(|error| Error::Unwritten { file: Default::default(), error: error.into() })?;
        self.output.append(text)?;
        let mut counts = self.counts();
        counts.rows += 1;
        if let Some(failure) = failure {
            *counts.failures.entry(failure.kind.name()).or_default() += 1;
            let said = || format!("{} (as in line {})", called.why().unwrap_or_default(), row.line);
            counts.said.entry(failure.kind.name()).or_insert_with(said);
        }
        Ok(())
    }

    fn sync(&self, repeated: u64) -> Result<(), Error> {
        self.output.sync()?;
        let mut note = lock(&self.note);
        if note.may_have_run_twice == self.before + repeated {
            return Ok(());
        }
        note.may_have_run_twice = self.before + repeated;
        note.write(&self.path)
    }
}
