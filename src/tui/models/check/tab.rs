//! What the tab does with the checks of its models.

use super::Check;
use crate::tui::kept_check::KeptCheck;
use crate::tui::layer::Outcome;
use crate::tui::models::Models;
use crate::tui::models::list::row::Row;
use crate::tui::models::test::panel::Focus;
use crate::tui::shared::Shared;

/// A row of a check was opened in the Test panel.
#[derive(Debug)]
pub(in crate::tui::models) struct FromCheck {
    model_id: String,
    /// The panel was open before the check was.
    was_open: bool,
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
        let id = row.model.id.clone();
        let kept = self.checks.get(&id).cloned();
        Outcome::push(Check::new(id, row.path(), key, kept))
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
            None => Outcome::done(),
        }
    }
}
