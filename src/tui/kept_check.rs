//! A check of a model: it goes on when it is left, and is there again when it is opened again.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::requests::RequestId;
use crate::actions::check::{Report, RowReport};
use crate::actions::score::Input;

/// What a check found, and the rows that it was about.
#[derive(Debug, Clone)]
pub struct Checked {
    pub report: Arc<Report>,
    pub input: Input,
}

/// A check that goes on.
#[derive(Debug, Clone)]
pub struct LiveCheck {
    pub id: RequestId,
    pub stop: CancellationToken,
    pub stopping: bool,
    pub input: Input,
    pub done: u64,
    pub of: u64,
    /// The worst rows so far.
    pub worst: Vec<RowReport>,
}

/// What was typed for a check, the one that goes on, and what was found last.
#[derive(Debug, Clone, Default)]
pub struct KeptCheck {
    pub model_id: String,
    pub typed: Vec<String>,
    pub live: Option<LiveCheck>,
    pub checked: Option<Checked>,
    /// Why the last one found nothing.
    pub problem: Option<String>,
    /// The row that was selected.
    pub selected: Option<String>,
}

impl KeptCheck {
    /// Whether the check that goes on is this request.
    pub fn is(&self, id: RequestId) -> bool {
        self.live.as_ref().is_some_and(|live| live.id == id)
    }

    pub fn progress(&mut self, done: u64, of: u64, worst: Vec<RowReport>) {
        if let Some(live) = &mut self.live {
            (live.done, live.of, live.worst) = (done, of, worst);
        }
    }

    pub fn ended(&mut self, ended: Result<Box<Report>, String>) {
        let Some(live) = self.live.take() else { return };
        match ended {
            Ok(report) => self.checked = Some(Checked { report: Arc::from(report), input: live.input }),
            Err(problem) => self.problem = Some(problem),
        }
    }

    /// What ends the check that goes on, with what was compared so far; `None` if it is being stopped.
    pub fn stop(&mut self) -> Option<CancellationToken> {
        let live = self.live.as_mut().filter(|live| !live.stopping)?;
        live.stopping = true;
        Some(live.stop.clone())
    }
}
