//! What the tab does with the checks of its models.

use super::{CANCELLED, Check};
use crate::text;
use crate::tui::call::{Answer, Call};
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::kept_check::KeptCheck;
use crate::tui::layer::Outcome;
use crate::tui::models::Models;
use crate::tui::models::list::row::Row;
use crate::tui::models::test::panel::Focus;
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

/// A row of a check was opened in the Test panel.
#[derive(Debug)]
pub(in crate::tui::models) struct FromCheck {
    model_id: String,
    /// The panel was open before the check was.
    was_open: bool,
}

/// Ends the check that goes on, with what was compared so far.
pub(super) fn stop(shared: &mut Shared, kept: &mut KeptCheck) -> Option<Effect> {
    Some(shared.start(Kind::Background, "stopping the check", Call::StopRun(kept.stop()?)).1)
}

/// Stops a check and keeps what was compared. Ignored if it is another request, or is being stopped: then
/// it is cancelled.
pub(super) fn end_early(shared: &mut Shared, kept: &mut KeptCheck, id: RequestId) -> Outcome {
    let Some(effect) = Some(kept).filter(|kept| kept.is(id)).and_then(|kept| stop(shared, kept)) else {
        return Outcome::ignored();
    };
    shared.notices.info(shared.now, "stopping the check; what was compared is kept");
    effect.into()
}

impl Models {
    /// Opens the check of a model as it was left, with the key of its Test panel if that is open.
    pub(in crate::tui::models) fn open_check(&self, shared: &mut Shared, row: &Row) -> Outcome {
        let key = match self.tests.panel() {
            None => None,
            Some(panel) => match panel.key_to_send() {
                Ok(key) => Some((key, panel.key_label(&shared.session))),
                Err(problem) => {
                    shared.notices.warning(shared.now, format!("API key: {problem}"));
                    return Outcome::done();
                }
            },
        };
        let model_id = row.model.id.clone();
        let kept = self
            .checks
            .get(&model_id)
            .cloned()
            .unwrap_or_else(|| KeptCheck { model_id, ..KeptCheck::default() });
        Outcome::push(Check::new(row.path(), key, kept))
    }

    fn check_of(&mut self, id: RequestId) -> Option<&mut KeptCheck> {
        self.checks.values_mut().find(|kept| kept.is(id))
    }

    /// A check that was left goes on, or has ended.
    pub(in crate::tui::models) fn check_answer(
        &mut self,
        shared: &mut Shared,
        id: RequestId,
        answer: Answer,
    ) {
        let Some(kept) = self.checks.values_mut().find(|kept| kept.is(id)) else { return };
        match answer {
            Answer::CheckProgress { done, of, worst } => kept.progress(done, of, worst),
            Answer::ModelChecked(ended) => {
                kept.ended(ended);
                let path = self.list.models.row(&kept.model_id).map_or_else(|| "a model".into(), Row::path);
                let (path, key) = (text::clean(&path), shared.key_of(Command::CheckModel));
                let text = format!("the check of {path} has ended; {key} shows it");
                shared.notices.info(shared.now, text);
            }
            _ => {}
        }
    }

    /// Stops a check that was left and is this request.
    pub(in crate::tui::models) fn end_check_early(&mut self, shared: &mut Shared, id: RequestId) -> Outcome {
        self.check_of(id).map_or_else(Outcome::ignored, |kept| end_early(shared, kept, id))
    }

    /// A check that was left and is this request was cancelled.
    pub(in crate::tui::models) fn check_cancelled(&mut self, id: RequestId) {
        if let Some(kept) = self.check_of(id) {
            kept.ended(Err(CANCELLED.to_owned()));
        }
    }

    /// Keeps a check that was left; `request` is to be tested.
    pub(in crate::tui::models) fn check_left(
        &mut self,
        shared: &Shared,
        check: &KeptCheck,
        request: Option<&String>,
    ) -> Outcome {
        let id = check.model_id.clone();
        let was_open = self.tests.is_open();
        self.from_check = request.map(|_| FromCheck { model_id: id.clone(), was_open });
        if let (Some(request), Some(row)) = (request, self.list.models.row(&id)) {
            self.tests.open(&row.model, self.saved.last(&id));
            if let Some(panel) = self.tests.panel_mut() {
                panel.use_request(request);
                panel.go(Focus::Test);
            }
        }
        self.checks.insert(id, check.clone());
        self.follow(shared);
        Outcome::done()
    }

    /// What Esc does in a run or a Test panel.
    pub(in crate::tui::models) fn way_back(&self) -> Option<&'static str> {
        if self.runs.are_shown() {
            return Some("back");
        }
        let panel = self.tests.panel()?;
        let from = self.from_check.as_ref().map(|from| &*from.model_id);
        Some(match panel.running {
            _ if panel.filters() => return None,
            _ if panel.editing => "done",
            Some(_) => "cancel test",
            None if from.is_some() && from == self.tests.open_model() => "report",
            None if self.open_from_history().is_some() => "history",
            None => "back",
        })
    }

    /// Leaves the Test panel: for the check or the history that it was reached from, else for the list.
    pub(in crate::tui::models) fn leave_panel(&mut self, shared: &mut Shared) -> Outcome {
        let from = self.from_check.take();
        let from = from.filter(|from| self.tests.open_model() == Some(&from.model_id));
        if from.is_none()
            && let Some(outcome) = self.back_to_history()
        {
            return outcome;
        }
        if from.as_ref().is_none_or(|from| !from.was_open) {
            self.tests.close();
        }
        match from.and_then(|from| self.list.models.row(&from.model_id)) {
            Some(row) => self.open_check(shared, row),
            None => self.list.catch_up(shared).into(),
        }
    }
}
