//! What the tab does with its runs.

use crate::tui::command::Command;
use crate::tui::layer::Outcome;
use crate::tui::models::{History, Models};
use crate::tui::shared::Shared;

impl Models {
    /// Shows the runs of the open model.
    pub(in crate::tui::models) fn show_runs(&mut self, shared: &Shared) {
        if let Some(model_id) = self.tests.open_model() {
            self.runs.show(shared, model_id);
        }
    }

    /// Commands while a run or its form is on the screen.
    pub(in crate::tui::models) fn run_command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        if command == Command::Submit && self.runs.is_asking() {
            return self.begin_run(shared, false);
        }
        if command == Command::CompareRuns && self.runs.is_first() {
            return self.compare_with_history(shared);
        }
        self.runs.command(shared, command)
    }

    /// Runs before this one are in the history alone.
    fn compare_with_history(&self, shared: &mut Shared) -> Outcome {
        match self.subject() {
            Some(row) if shared.session.history.is_some() => {
                Outcome::push(History::to_compare(&row.path(), &row.model.id))
            }
            _ => {
                let text = "no run of this model since keybench was started, and no history is kept";
                shared.notices.warning(shared.now, text);
                Outcome::done()
            }
        }
    }

    /// Starts the run of the form; `agreed` as in [`super::Runs::plan`].
    pub(in crate::tui::models) fn begin_run(&mut self, shared: &mut Shared, agreed: bool) -> Outcome {
        let row = self.list.subject(self.tests.open_model());
        let (Some(row), Some(panel)) = (row, self.tests.panel_mut()) else { return Outcome::done() };
        let plan = match self.runs.plan(shared, &row.path(), agreed) {
            Ok(plan) => plan,
            Err(instead) => return *instead,
        };
        let Some((live, request, effect)) = super::begin(panel, shared, row, plan) else {
            self.runs.leave();
            return Outcome::done();
        };
        self.runs.begun(&row.model.id, live);
        let stored = self.saved.note_sent(shared, &row.model.id, &request);
        Outcome::effect(effect).and(stored.into())
    }
}
