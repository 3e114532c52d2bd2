//! What the tab does with its Test panels.

use super::key::{self, KeyChoice};
use super::mend;
use super::panel::{Focus, Step, not_json};
use super::view::BUTTON;
use crate::tui::call::{Answer, Call};
use crate::tui::choice::Choice;
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::event::Event;
use crate::tui::layer::Outcome;
use crate::tui::layout::body;
use crate::tui::model_result::TestResult;
use crate::tui::models::Models;
use crate::tui::models::chooser::Chooser;
use crate::tui::models::prompt::Prompt;
use crate::tui::models::viewer::Viewer;
use crate::tui::overlays::ColumnChooser;
use crate::tui::requests::Kind;
use crate::tui::shared::Shared;

impl Models {
    /// Commands while a panel has the keys.
    pub(in crate::tui::models) fn panel_command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let Some(panel) = self.tests.panel_mut() else { return Outcome::ignored() };
        let parts = super::view::parts(body(shared), Some(panel));
        if panel.answer_command(shared, command, parts.answer) {
            return Outcome::done();
        }
        match panel.command(command, panel.results_in_sight(parts)) {
            Step::Ignored => {}
            Step::GiveUp => return super::give_up(panel, shared).into(),
            step => return self.step(shared, step),
        }
        match command {
            Command::ChooseKey => {
                let options = key::options(&shared.session);
                let selected = options.iter().position(|(_, key)| panel.choice.is(key)).unwrap_or(0);
                let options = options.into_iter().map(|(label, key)| (label, Choice::Key(key)));
                return Outcome::push(Chooser::new("API key for the test", options, selected));
            }
            Command::SaveRequest => match panel.editor.value() {
                Ok(_) => return Outcome::push(Prompt::save_request()),
                Err(problem) => panel.problem = Some(not_json("nothing was saved", problem)),
            },
            Command::LoadRequest => {
                match self.tests.open_model().and_then(|model_id| self.saved.chooser(model_id)) {
                    Some(chooser) => return Outcome::push(chooser),
                    None => shared.notices.warning(
                        shared.now,
                        "no test of this model was sent yet, and no request is saved for it",
                    ),
                }
            }
            Command::AddCollaboratorFix => return mend::ask_to_add(shared, self.tests.selected_result()),
            Command::CopyResult => match self.tests.selected_result().map(TestResult::body_text) {
                Some(text) => return shared.copy("the answer was", text).into(),
                None => shared.notices.info(shared.now, "there is no answer yet"),
            },
            Command::CopyMessage => return mend::copy_message(shared, self.tests.selected_result()),
            Command::RunModel => self.show_runs(shared),
            Command::ChooseColumns => return Outcome::push(ColumnChooser::of::<TestResult>(shared)),
            other => return self.model_command(shared, other),
        }
        Outcome::done()
    }

    /// A click where a panel or a run is on the screen: into the table of results, on a field, on the button.
    pub(in crate::tui::models) fn panel_click(&mut self, shared: &mut Shared, x: u16, y: u16) -> Outcome {
        let Some(panel) = self.tests.panel_mut().filter(|_| !self.runs.are_shown()) else {
            return Outcome::ignored();
        };
        let parts = super::view::parts(body(shared), Some(panel));
        let clicked = panel.click(parts, x, y);
        let pressed = y == parts.test.y && x.checked_sub(parts.test.x).is_some_and(|x| BUTTON.contains(&x));
        self.follow(shared);
        match clicked {
            true if pressed => self.send(shared),
            true => Outcome::done(),
            false => Outcome::ignored(),
        }
    }

    /// Does what the panel leaves to the tab.
    pub(in crate::tui::models) fn step(&mut self, shared: &mut Shared, step: Step) -> Outcome {
        match step {
            Step::Ignored => return Outcome::ignored(),
            Step::Send => return self.send(shared),
            Step::Close => return self.leave_panel(shared),
            Step::OpenResult => {
                if let (Some(row), Some(result)) = (self.subject(), self.tests.selected_result()) {
                    let (path, model_id) = (row.path(), row.model.id.clone());
                    return Outcome::push(Viewer::result(&path, model_id, result.clone()));
                }
            }
            Step::OpenEditor => {
                return self.tests.panel().map(|panel| Effect::Edit(panel.editor.text())).into();
            }
            Step::Done | Step::GiveUp => {}
        }
        Outcome::done()
    }

    /// What was chosen or typed in a layer over the tab.
    pub(in crate::tui::models) fn chosen(&mut self, shared: &mut Shared, choice: Choice) -> Outcome {
        match choice {
            Choice::Key(key) => {
                let choice = KeyChoice::of(&key, &shared.session);
                if let (Some(choice), Some(panel)) = (choice, self.tests.panel_mut()) {
                    panel.choose(choice);
                    panel.go(Focus::Test);
                }
            }
            Choice::Request(request) => {
                if let Some(panel) = self.tests.panel_mut() {
                    panel.use_request(&request);
                }
            }
            Choice::CopyCall(language) => {
                let Some(row) = self.subject() else { return Outcome::done() };
                return super::copy_call(shared, row, self.tests.of(&row.model.id), language).into();
            }
            Choice::SaveRequest(name) => {
                let request = self.tests.panel().map(|panel| panel.editor.text());
                let (Some(request), Some(id)) = (request, self.tests.open_model()) else {
                    return Outcome::done();
                };
                return self.saved.keep(shared, id, name, request).into();
            }
            Choice::AddCollaborator { project_id, project, username, permission } => {
                let what = format!("adding {username} to {project}");
                let call = Call::AddCollaborator { project_id, project, username, permission };
                return shared.start(Kind::Change, what, call).1.into();
            }
        }
        Outcome::done()
    }

    /// Calls the open model once.
    pub(in crate::tui::models) fn send(&mut self, shared: &mut Shared) -> Outcome {
        let row = self.list.subject(self.tests.open_model());
        let (Some(row), Some(panel)) = (row, self.tests.panel_mut()) else { return Outcome::done() };
        let Some((request, effect)) = super::send(panel, shared, row) else { return Outcome::done() };
        let stored = self.saved.note_sent(shared, &row.model.id, &request);
        Outcome::effect(effect).and(stored.into())
    }

    /// Answers about tests and what mends them.
    pub(in crate::tui::models) fn test_answer(&mut self, shared: &mut Shared, answer: Answer) -> Outcome {
        match answer {
            Answer::ModelTested { test, sent, call } => {
                let Some(row) = self.list.models.row(&test.model_id) else { return Outcome::done() };
                self.tests.tested(shared, row, *test, sent, *call).into()
            }
            Answer::Explained { model_id, number, diagnosis } => {
                self.tests.explained(&model_id, number, diagnosis.clone());
                Outcome::event(Event::TestExplained { model_id, number, diagnosis })
            }
            Answer::PermissionSet { project_id, project, username, permission, done: Ok(()) } => {
                let text =
                    format!("{username} is a collaborator of {project} now ({permission}); test again");
                shared.notices.info(shared.now, text);
                Outcome::event(Event::CollaboratorAdded { project_id, username })
            }
            Answer::PermissionSet { done: Err(error), .. } => {
                shared.notices.failed(shared.now, &error);
                Outcome::done()
            }
            _ => Outcome::done(),
        }
    }
}
