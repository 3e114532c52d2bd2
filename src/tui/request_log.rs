//! The requests of this run that have ended, for a person who wants to know what was asked.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::call::Answer;
use super::requests::{Asked, InFlight};
use crate::api::Sent;
use crate::probe::FailureKind;
use crate::probe::code::shell;

/// No more requests than this are kept, the oldest go first.
const KEPT: usize = 500;

/// One request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Counts the requests of this run.
    pub number: u64,
    /// When it was begun.
    pub at: Timestamp,
    pub what: String,
    /// How long its last answer took; `None` where none came.
    pub took: Option<Duration>,
    /// The HTTP status of its last answer; of a run, if all had the same.
    pub status: Option<u16>,
    /// Why it did not succeed.
    pub problem: Option<String>,
    /// The headless command that does the same.
    pub command: Option<String>,
    /// A list was kept up by it; the user did not ask for it.
    pub background: bool,
    /// `GET`, `POST, the last of 200`; `None` if nothing reached the network.
    pub method: Option<String>,
    /// The workbench's name for the last request, for its administrator.
    pub request_id: Option<String>,
}

/// All of them, oldest first.
#[derive(Debug, Default)]
pub struct RequestLog {
    entries: VecDeque<Entry>,
    last: u64,
}

impl RequestLog {
    /// A request has ended. `model` is the name of the model that it was about. What sent nothing is none.
    pub fn push(
        &mut self,
        request: &InFlight,
        took: Option<Duration>,
        answer: &Answer,
        model: Option<String>,
    ) {
        if request.asked == Asked::Nothing || sent_nothing(answer) {
            return;
        }
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        let (status, problem) = match answer {
            Answer::ModelTested { call, .. } => match (&call.outcome, call.failure()) {
                (Err(error), _) => (None, Some(error.to_string())),
                (Ok(answer), Some(kind)) => (Some(answer.status), Some(kind.label().to_owned())),
                (Ok(answer), None) => (Some(answer.status), None),
            },
            Answer::RunEnded { ended: Err(error), .. } => (None, Some(error.to_string())),
            Answer::RunEnded { ended: Ok(summary), .. } => {
                let mut statuses = summary.statuses.keys();
                (statuses.next().copied().filter(|_| statuses.next().is_none()), None)
            }
            answer => {
                let of_error = answer.error().and_then(|error| error.status());
                let of_answer = request.sent.as_ref().and_then(|sent| sent.status);
                (of_error.or(of_answer), answer.error().map(ToString::to_string))
            }
        };
        let took = match answer {
            Answer::ModelTested { call, .. } => Some(call.total),
            _ => took,
        };
        let InFlight { since, what, command, asked, about, sent, .. } = request.clone();
        let method = match (answer, &sent) {
            // The test engine has a client of its own.
            (Answer::ModelTested { .. } | Answer::RunEnded { .. } | Answer::ModelChecked(_), _) => {
                Some("POST".to_owned())
            }
            (_, Some(Sent { count: 1, method, .. })) => Some(method.to_string()),
            (_, Some(Sent { count, method, .. })) => Some(format!("{method}, the last of {count} requests")),
            (_, None) => None,
        };
        // People know a model by its name.
        let command = match (command, about, model) {
            (Some(command), Some(id), Some(name)) => Some(command.replace(&id, &as_argument(&name))),
            (command, ..) => command,
        };
        self.last += 1;
        self.entries.push_back(Entry {
            number: self.last,
            at: since,
            what,
            took,
            status,
            problem,
            command,
            background: asked == Asked::ByItself,
            method,
            request_id: sent.and_then(|sent| sent.request_id),
        });
    }

    pub fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }
}

/// A name as a shell takes it, in quotes only where it needs them.
fn as_argument(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    if name.chars().all(plain) { name.to_owned() } else { shell(name).to_string() }
}

/// Whether a call ended before anything was sent.
fn sent_nothing(answer: &Answer) -> bool {
    let unsent = |kind: FailureKind| matches!(kind, FailureKind::Invalid | FailureKind::UsedUp);
    match answer {
        Answer::ModelTested { call, .. } => call.outcome.as_ref().is_err_and(|error| unsent(error.kind())),
        Answer::RunEnded { ended, .. } => ended.as_ref().is_err_and(|error| unsent(error.kind())),
        // No row was sent where a check has no report.
        Answer::ModelChecked(report) => report.is_err(),
        _ => false,
    }
}
