//! What the tab does with the checks of its models.

use super::Check;
use crate::tui::kept_check::KeptCheck;
use crate::tui::layer::Outcome;
use crate::tui::models::Models;
use crate::tui::models::list::row::Row;
use crate::tui::models::test::panel::Focus;
use crate::tui::shared::Shared;

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
}
