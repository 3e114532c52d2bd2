//! What the tab does with its list.

use crate::config::KnownKey;
use crate::tui::call::{Answer, BuildAnswer};
use crate::tui::command::Command;
use crate::tui::event::{Destination, Event};
use crate::tui::layer::Outcome;
use crate::tui::layout::is_wide;
use crate::tui::models::Models;
use crate::tui::models::builds::made;
use crate::tui::models::list::row::{Deployed, Row};
use crate::tui::overlays::ColumnChooser;
use crate::tui::requests::RequestId;
use crate::tui::shared::Shared;
use crate::wire::DeploymentState;

impl Models {
    /// Commands while the list or its filter has the keys.
    pub(in crate::tui::models) fn list_command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let height = self.rows_in_sight(shared).max(1);
        let empty = self.list.models.list.state.is_empty();
        if self.list.models.list.command(command, height) {
            return Outcome::done();
        }
        match command {
            _ if self.list.models.list.state.filter.is_open() => return Outcome::ignored(),
            Command::Open | Command::TestModel | Command::Right => self.open_selected(),
            Command::NextPart | Command::PreviousPart if is_wide(shared) && !empty => self.open_selected(),
            Command::RunModel if !empty => {
                self.open_selected();
                self.show_runs(shared);
            }
            Command::ChooseColumns => return Outcome::push(ColumnChooser::of::<Row>(shared)),
            Command::ModelScope => {
                self.list.next_scope();
                let mut effects = shared.abandon();
                self.forget_what_was_given_up(shared);
                effects.extend(self.list.refresh(shared));
                return effects.into();
            }
            other => return self.model_command(shared, other),
        }
        Outcome::done()
    }

    /// Gives the keys to the panel of the selected model.
    fn open_selected(&mut self) {
        if let Some(row) = self.list.models.selected() {
            self.tests.open(&row.model, self.saved.last(&row.model.id));
        }
    }

    /// Moves from the open model to the list.
    fn back_to_list(&mut self) {
        self.runs.leave();
        self.tests.close();
    }

    pub(in crate::tui::models) fn go(&mut self, shared: &mut Shared, destination: &Destination) -> Outcome {
        match destination {
            Destination::Model(id) => {
                self.back_to_list();
                self.list.models.list.select(id);
            }
            Destination::Project(id) => {
                self.back_to_list();
                if !self.list.models.select_project(id) {
                    let scope = shared.key_of(Command::ModelScope);
                    let text = format!("no model of this project is listed; {scope} lists more");
                    shared.notices.info(shared.now, text);
                }
            }
            Destination::TestWith(known) => {
                self.back_to_list();
                let open = shared.key_of(Command::Open);
                let text = format!("{open} on a model tests it with {} {}", known.id(), known.label);
                shared.notices.info(shared.now, text);
                self.tests.offer_key(KnownKey::clone(known));
            }
            Destination::Request(past) => {
                self.back_to_list();
                return self.use_past(shared, past);
            }
            _ => {}
        }
        Outcome::done()
    }

    /// Selects the project of the surrounding workbench session, once, unless the user has moved
    /// already.
    fn begin_with_project(&mut self, shared: &mut Shared) {
        let Some(project) = shared.session.project.take() else { return };
        if !self.tests.is_open() && self.list.models.list.state.selected() == 0 {
            self.list.models.select_project(&project);
        }
    }

    /// The deployment of a model was read: if it is up, a test may pass now.
    fn note_deployed(&mut self, model_id: &str) {
        let row = self.list.models.row(model_id);
        let deployment = row.and_then(|row| row.deployed.deployment());
        if deployment.is_some_and(|deployment| deployment.state() == DeploymentState::Up) {
            self.tests.deployed(model_id);
        }
    }

    /// Answers about the list and its rows.
    pub(in crate::tui::models) fn list_answer(
        &mut self,
        shared: &mut Shared,
        id: RequestId,
        answer: Answer,
    ) -> Outcome {
        match answer {
            Answer::ModelsPage(models) => self.list.models.page(models),
            Answer::ProjectsPage(projects) => self.list.projects.page(projects),
            Answer::ModelsListed(done) => {
                let complete = done.is_ok();
                self.list.listed(shared, done);
                if complete {
                    self.begin_with_project(shared);
                }
                if let Some(past) = self.past.take() {
                    return self.use_past(shared, &past).and_event(Event::ModelsListed);
                }
            }
            Answer::Project { project_id, project } => self.list.projects.take(project_id, project),
            Answer::Deployment { model_id, found } => {
                self.list.deployment(shared, id, &model_id, found);
                self.note_deployed(&model_id);
                return Outcome::done();
            }
            Answer::Builds(BuildAnswer::Looked { model_id, answer }) => {
                self.list.looked(shared, id, &model_id, answer);
                self.note_deployed(&model_id);
                return Outcome::done();
            }
            // A dialog was left before its answer came.
            Answer::Builds(answer) => return made(shared, answer),
            Answer::DeploymentAsked { model_id, what, done } => {
                match done {
                    Ok(deployment) => {
                        let text = format!("asked to {what}; the deployment is {}", deployment.status);
                        shared.notices.info(shared.now, text);
                        self.list.models.set_deployed(&model_id, Deployed::Unread);
                    }
                    Err(error) => shared.notices.failed(shared.now, &error),
                }
                return Outcome::done();
            }
            _ => return Outcome::done(),
        }
        Outcome::event(Event::ModelsListed)
    }
}
