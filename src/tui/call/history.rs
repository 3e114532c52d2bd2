//! The history of tests and runs: reading its file, and keeping what has ended.

use std::path::PathBuf;

use super::CallContext;
use super::write::blocking;
use crate::actions::history::{self, Called, Ended, Entry, Error, Line};
use crate::probe::run::Summary;
use crate::tui::msg::Msg;

pub(super) async fn list(file: PathBuf) -> Result<Vec<Line>, String> {
    blocking(move || history::lines(&file).map_err(said)).await
}

pub(super) async fn entry(file: PathBuf, id: i64) -> Result<Box<Entry>, String> {
    blocking(move || history::find(&file, id).map(Box::new).map_err(said)).await
}

pub(super) async fn runs(file: PathBuf, ids: [i64; 2]) -> Result<Box<[(i64, Summary); 2]>, String> {
    let [before, after] = ids;
    blocking(move || {
        let run = |id| history::run(&file, id).map(|summary| (id, summary)).map_err(said);
        Ok(Box::new([run(before)?, run(after)?]))
    })
    .await
}

fn said(error: Error) -> String {
    format!("{error}; {}", error.hint())
}

impl CallContext {
    /// Keeps a test or a run in the history. No answer waits for that.
    pub(super) fn keep(&self, called: Called, ended: Ended) {
        let Self { session, answers, .. } = self.clone();
        tokio::spawn(async move {
            match history::record(&session, called, ended).await {
                // The other end is gone only while the program ends.
                Err(error) if !error.is_no_place() => drop(answers.send(Msg::NotKept(error))),
                Err(error) => tracing::info!(%error, "not kept in the history"),
                Ok(_) => {}
            }
        });
    }
}
