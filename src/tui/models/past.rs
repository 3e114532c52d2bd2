//! A request of the history in the Test panel of its model.

use super::test::panel::Focus;
use super::{History, Models};
use crate::tui::command::Command;
use crate::tui::event::{PastRequest, Then};
use crate::tui::layer::Outcome;
use crate::tui::shared::Shared;

/// The open Test panel was reached from the history.
#[derive(Debug)]
pub struct FromHistory {
    model_id: String,
    entry: i64,
    filter: String,
    /// The panel was open before the history was.
    was_open: bool,
}

impl Models {
    /// The entry of the history that the open panel was reached from.
    pub(in crate::tui::models) fn open_from_history(&self) -> Option<&FromHistory> {
        let from = self.from_history.as_ref();
        from.filter(|from| self.tests.open_model() == Some(&from.model_id))
    }

    /// Leaves the Test panel for the history that it was reached from, if it was.
    pub(in crate::tui::models) fn back_to_history(&mut self) -> Option<Outcome> {
        let from = self.open_from_history()?;
        let (history, was_open) = (History::at(from.entry, &from.filter), from.was_open);
        self.from_history = None;
        if !was_open {
            self.tests.close();
        }
        Some(Outcome::push(history))
    }

    /// Opens the model with the request, and does what is wanted with it; once the models are listed,
    /// if they are being listed.
    pub(in crate::tui::models) fn use_past(&mut self, shared: &mut Shared, past: &PastRequest) -> Outcome {
        self.list.models.list.select(&past.model_id);
        let Some(row) = self.list.models.row(&past.model_id) else {
            if self.list.is_coming() {
                self.past = Some(Box::new(past.clone()));
            } else {
                let (model, scope) = (&past.model, shared.key_of(Command::ModelScope));
                let text = format!("{model} is not listed: {scope} lists more models, or it is gone");
                shared.notices.warning(shared.now, text);
            }
            return Outcome::done();
        };
        let PastRequest { model_id, entry, filter, .. } = past.clone();
        let was_open = self.tests.open_model() == Some(&model_id);
        self.from_history = Some(FromHistory { model_id, entry, filter, was_open });
        self.tests.open(&row.model, Some(&past.request));
        if let Some(panel) = self.tests.panel_mut() {
            panel.use_request(&past.request);
            if let Then::Edit = past.then {
                panel.go(Focus::Request);
            }
        }
        match &past.then {
            Then::Edit => {}
            Then::Send => return self.send(shared),
            Then::Run(plan) => {
                if !self.runs.show_plan(shared, &past.model_id, plan) {
                    let text = "the form of a run has no field for all that this one had, or a run goes on";
                    shared.notices.warning(shared.now, text);
                }
            }
        }
        Outcome::done()
    }
}
