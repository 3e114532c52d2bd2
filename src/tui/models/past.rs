//! A request of the history in the Test panel of its model.

use super::Models;
use super::test::panel::Focus;
use crate::tui::command::Command;
use crate::tui::event::{PastRequest, Then};
use crate::tui::layer::Outcome;
use crate::tui::shared::Shared;

impl Models {
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
