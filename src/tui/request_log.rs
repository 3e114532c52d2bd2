//! The requests of this run that have ended, for a person who wants to know what was asked.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::call::Answer;
use super::requests::InFlight;

/// No more requests than this are kept, the oldest go first.
const KEPT: usize = 500;

/// One request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When it was begun.
    pub at: Timestamp,
    pub what: String,
    /// How long its last answer took; `None` where none came.
    pub took: Option<Duration>,
    /// Why it did not succeed.
    pub problem: Option<String>,
    /// The headless command that does the same.
    pub command: Option<String>,
}

/// All of them, oldest first.
#[derive(Debug, Default)]
pub struct RequestLog(VecDeque<Entry>);

impl RequestLog {
    /// A request has ended.
    pub fn push(&mut self, request: &InFlight, took: Option<Duration>, answer: &Answer) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        let problem = match answer {
            Answer::ModelTested { call, .. } => match (&call.outcome, call.failure()) {
                (Err(error), _) => Some(error.to_string()),
                (Ok(answer), Some(kind)) => Some(format!("{} (HTTP {})", kind.label(), answer.status)),
                (Ok(_), None) => None,
            },
            answer => answer.error().map(ToString::to_string),
        };
        let took = match answer {
            Answer::ModelTested { call, .. } => Some(call.total),
            _ => took,
        };
        let InFlight { since, what, command, .. } = request.clone();
        self.0.push_back(Entry { at: since, what, took, problem, command });
    }

    pub fn entries(&self) -> &VecDeque<Entry> {
        &self.0
    }
}
