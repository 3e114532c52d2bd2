//! The runs of one model: the one that goes on, and those that have ended.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::form::RunForm;
use crate::probe::run::Summary;
use crate::tui::call::Call;
use crate::tui::effect::Effect;
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

/// Earlier runs of a model that are kept for comparison.
const KEPT: usize = 10;

/// A run that goes on.
#[derive(Debug)]
pub struct Live {
    pub id: RequestId,
    /// Ends the run with a complete result.
    pub stop: CancellationToken,
    pub stopping: bool,
    /// The picture that is held while the run goes on.
    pub frozen: Option<Arc<Summary>>,
}

/// Runs of one model.
#[derive(Debug, Default)]
pub struct ModelRuns {
    pub form: RunForm,
    pub live: Option<Live>,
    /// Of the run that goes on, or of the one that ended last.
    pub latest: Option<Arc<Summary>>,
    /// Ended ones before the latest, newest first.
    pub earlier: VecDeque<Arc<Summary>>,
    /// Which of the earlier ones the latest is set beside.
    pub beside: Option<usize>,
    /// Why the last one did not start.
    pub problem: Option<String>,
    /// The latest ended while something else was in sight.
    pub unseen: bool,
    /// The form is in sight, and not a run.
    pub asking: bool,
}

impl ModelRuns {
    /// The summary to show.
    pub fn shown(&self) -> Option<&Arc<Summary>> {
        self.live.as_ref().and_then(|live| live.frozen.as_ref()).or(self.latest.as_ref())
    }

    /// A run starts: the previous one moves to the history.
    pub fn begin(&mut self, live: Live) {
        if let Some(before) = self.latest.take() {
            self.earlier.push_front(before);
            self.earlier.truncate(KEPT);
        }
        self.live = Some(live);
        self.beside = None;
        self.form.keep();
        self.problem = None;
        self.asking = false;
    }

    /// Ends the run that goes on, with a complete result.
    pub fn stop(&mut self, shared: &mut Shared) -> Option<Effect> {
        let live = self.live.as_mut().filter(|live| !live.stopping)?;
        live.stopping = true;
        Some(shared.start(Kind::Background, "stopping the run", Call::StopRun(live.stop.clone())).1)
    }

    /// Holds the picture while the run goes on, or lets it go.
    pub fn freeze(&mut self) {
        if let Some(live) = &mut self.live {
            live.frozen = if live.frozen.is_some() { None } else { self.latest.clone() };
        }
    }

    /// Compares the latest run with the next earlier one; after the last of them, with none.
    pub fn compare_next(&mut self) {
        self.beside = match self.beside {
            None => Some(0),
            Some(at) => Some(at + 1),
        }
        .filter(|at| *at < self.earlier.len());
    }
}
