//! The Models tab: models, their Overview, tests and runs.
//!
//! | file | what it holds |
//! |---|---|
//! | [`list`] | the list: rows, filter, order, what is fetched when |
//! | [`overview`] | what is known about a model, as named facts |
//! | [`test`] | the Test panel of a model: key, request, results |
//! | [`run`] | runs: parameters, progress, results |
//! | [`check`] | answers against a golden file or another model |
//! | [`saved`] | requests that are kept over the end of the program |
//! | [`result_rows`] | one result in rows: for the pane beside the results and for the viewer |
//! | [`viewer`], [`chooser`], [`prompt`] | layers over the tab: one result whole, a choice, a name |
//! | `about` | commands about one model, from the list or its panel |
//! | [`builds`] | the builds of a model and their deployments |
//! | [`history`], [`past`] | tests and runs of earlier days; sending a request of theirs again |
//! | [`deployment`] | stopping and restarting |
//! | [`names`] | answers to those who search for a model or project |
//! | [`layout`], [`draw`], [`fields`] | the areas of the parts; shared drawing code |

mod about;
mod builds;
mod check;
mod chooser;
mod deployment;
mod draw;
mod fields;
mod history;
mod layout;
mod list;
mod names;
mod overview;
mod past;
mod prompt;
mod result_rows;
mod run;
mod saved;
mod test;
mod viewer;

use std::borrow::Cow;
use std::collections::HashMap;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

pub use self::history::History;

use self::check::FromCheck;
use self::list::ListPane;
use self::list::row::Row;
use self::past::FromHistory;
use self::prompt::note_written;
use self::run::Runs;
use self::saved::Saved;
use self::test::Tests;
use self::test::panel::Focus;
use super::call::Answer;
use super::command::{Command, KeyContext};
use super::decision::Decision;
use super::effect::Effects;
use super::event::{Event, PastRequest};
use super::kept_check::KeptCheck;
use super::layer::{Layer, Outcome, Readiness};
use super::layout::{body, is_wide};
use super::list::view::click_in;
use super::requests::RequestId;
use super::shared::Shared;
use super::tab::Tab;
use crate::text;

/// The tab.
#[derive(Debug, Default)]
pub struct Models {
    list: ListPane,
    tests: Tests,
    runs: Runs,
    /// Those that were left, by model id.
    checks: HashMap<String, KeptCheck>,
    /// The check that the open Test panel was reached from.
    from_check: Option<FromCheck>,
    saved: Saved,
    /// The entry of the history that the open Test panel was reached from.
    from_history: Option<FromHistory>,
    /// A request of the history that waits for its model to be listed.
    past: Option<Box<PastRequest>>,
}

impl Models {
    /// The model that commands are about: the open one, else the selected one.
    fn subject(&self) -> Option<&Row> {
        self.list.subject(self.tests.open_model())
    }

    fn rows_in_sight(&self, shared: &Shared) -> usize {
        layout::rows_in_sight(shared, self.tests.is_open(), &self.list.models.list.state)
    }

    /// Requests what is visible and not known yet.
    fn read_what_is_in_sight(&mut self, shared: &mut Shared) -> Effects {
        let rows = self.rows_in_sight(shared);
        self.list.read_what_is_in_sight(shared, rows, self.tests.open_model())
    }

    /// Requests whose answers are not wanted any more count as never made.
    fn forget_what_was_given_up(&mut self, shared: &Shared) {
        let gone = |id: &RequestId| !shared.requests.waits_for(*id);
        self.list.forget(gone);
        self.tests.forget(gone);
        self.runs.forget(gone);
    }

    /// A search for models: see [`Event::FindModels`].
    fn prepare(&mut self, shared: &mut Shared, again: bool) -> Effects {
        self.forget_what_was_given_up(shared);
        let load = self.saved.load(shared);
        load.into_iter().chain(self.list.prepare(shared, again)).collect()
    }

    /// The answer follows the selection, and the size of the window; beside the list too.
    fn follow(&mut self, shared: &Shared) {
        let halves = self.halves(shared, body(shared));
        let id = self.subject().map(|row| row.model.id.clone());
        if let (Some(area), Some(panel)) = (halves.model, id.and_then(|id| self.tests.of_mut(&id))) {
            let area = test::view::parts(area, Some(panel)).answer;
            panel.follow(shared, area);
        }
    }

    fn halves(&self, shared: &Shared, area: Rect) -> layout::Halves {
        layout::halves(area, is_wide(shared), self.list.needs(shared), self.tests.is_open())
    }
}

impl Layer for Models {
    fn name(&self) -> &'static str {
        "models"
    }

    fn name_of_model(&self, id: &str) -> Option<String> {
        self.list.models.row(id).map(|row| row.path())
    }

    fn unsaved(&self, _shared: &Shared) -> Option<String> {
        // One of them is enough to stay for.
        let id = self.tests.unsent(&self.saved).min()?;
        let path = self.list.models.row(id).map_or_else(|| "a model".to_owned(), Row::path);
        Some(format!("The request for {} was edited and not sent.", text::clean(&path)))
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        if let Some(context) = self.runs.context() {
            return vec![context];
        }
        if self.list.models.list.state.filter.is_open() {
            return vec![KeyContext::FilterField, KeyContext::List];
        }
        let Some(panel) = self.tests.panel() else { return vec![KeyContext::Models, KeyContext::List] };
        panel.contexts()
    }

    fn typing(&self, _shared: &Shared) -> bool {
        if self.runs.are_shown() {
            return self.runs.is_asking();
        }
        let panel = self.tests.panel();
        let filters = self.list.models.list.state.filter.is_open();
        filters || panel.is_some_and(|panel| panel.editing || panel.filters())
    }

    fn label(&self, shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        let about_one = [
            Command::TestModel,
            Command::Open,
            Command::RunModel,
            Command::CheckModel,
            Command::CopyCall,
            Command::ModelOverview,
            Command::ModelBuilds,
        ];
        match command {
            Command::Back => self.way_back().map(Cow::Borrowed),
            Command::Submit if self.runs.is_asking() => Some("begin run".into()),
            Command::Submit if self.runs.are_shown() => None,
            Command::Submit if self.list.models.list.state.filter.is_open() => Some("keep filter".into()),
            Command::Submit => self.tests.panel().map(|panel| match panel.focus {
                _ if panel.filters() => "keep filter".into(),
                Focus::Key | Focus::Request if panel.editing => "done".into(),
                Focus::Key | Focus::Request => "edit".into(),
                _ => "send test".into(),
            }),
            // A few results are found without it, and the footer has little room.
            Command::Filter if self.tests.panel().is_some_and(|panel| panel.results.all().len() < 10) => {
                Some("".into())
            }
            Command::CompareRuns => Some(self.runs.next_comparison(shared).unwrap_or_default().into()),
            Command::RunModel if self.subject().is_some_and(|row| self.runs.are_news(&row.model.id)) => {
                (!self.runs.are_shown()).then_some("show the run".into())
            }
            _ => (about_one.contains(&command) && self.subject().is_none()).then_some("".into()),
        }
    }

    fn enter(&mut self, shared: &mut Shared) -> Outcome {
        self.forget_what_was_given_up(shared);
        let mut effects: Effects = self.saved.load(shared).into_iter().collect();
        self.list.models.list.follow_columns(shared);
        effects.extend(self.list.refresh(shared));
        effects.extend(self.read_what_is_in_sight(shared));
        effects.into()
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let outcome = if self.runs.are_shown() {
            self.run_command(shared, command)
        } else if command == Command::Refresh {
            self.list.refresh(shared).into()
        } else if self.tests.is_open() {
            self.panel_command(shared, command)
        } else {
            self.list_command(shared, command)
        };
        if !outcome.taken {
            return outcome;
        }
        self.follow(shared);
        outcome.and(self.read_what_is_in_sight(shared).into())
    }

    fn readiness(&self, _shared: &Shared, _command: Command) -> Readiness {
        if self.tests.is_open() || self.runs.are_shown() {
            return Readiness::Ready;
        }
        Readiness::of(&self.list.state(), self.list.models.list.state.is_empty())
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        if self.runs.are_shown() {
            self.runs.key(key);
        } else if self.list.models.list.state.filter.is_open() {
            self.list.models.list.key(key);
            self.follow(shared);
            return self.read_what_is_in_sight(shared).into();
        } else if let Some(panel) = self.tests.panel_mut() {
            let step = panel.key(&shared.session, key);
            let outcome = self.step(shared, step);
            self.follow(shared);
            return outcome;
        }
        Outcome::done()
    }

    fn click(&mut self, shared: &mut Shared, x: u16, y: u16) -> Outcome {
        let open = self.tests.is_open() || self.runs.are_shown();
        let needs = self.list.needs(shared);
        let Some(area) = layout::list_on_screen(shared, needs, open) else {
            return self.panel_click(shared, x, y);
        };
        match click_in(area, &mut self.list.models.list.state, x, y) {
            Some(true) => self.command(shared, Command::Open),
            Some(false) => {
                self.follow(shared);
                self.read_what_is_in_sight(shared).into()
            }
            None => Outcome::ignored(),
        }
    }

    fn paste(&mut self, shared: &mut Shared, text: &str) -> Outcome {
        if self.runs.are_shown() {
            self.runs.paste(text);
        } else if self.list.models.list.state.filter.is_open() {
            self.list.models.list.paste(text);
            self.follow(shared);
            return self.read_what_is_in_sight(shared).into();
        } else if let Some(panel) = self.tests.panel_mut() {
            panel.paste(text);
            self.follow(shared);
        }
        Outcome::done()
    }

    fn edited(&mut self, shared: &mut Shared, text: String) -> Outcome {
        if let Some(panel) = self.tests.panel_mut() {
            panel.edited(&text);
            self.follow(shared);
        }
        Outcome::done()
    }

    fn answer(&mut self, shared: &mut Shared, id: RequestId, answer: Answer) -> Outcome {
        let mut outcome = Outcome::done();
        match answer {
            Answer::ModelTested { .. } | Answer::Explained { .. } | Answer::PermissionSet { .. } => {
                outcome = self.test_answer(shared, answer);
            }
            Answer::RunProgress { model_id, summary } => self.runs.progress(&model_id, summary),
            Answer::RunEnded { model_id, ended } => {
                outcome = self.runs.ended(shared, &model_id, ended).into();
            }
            Answer::CheckProgress { .. } | Answer::ModelChecked(_) => self.check_answer(shared, id, answer),
            Answer::Requests(Ok(requests)) => self.saved.loaded(requests),
            Answer::Requests(Err(problem)) => {
                let text = format!("requests of earlier tests cannot be read: {problem}");
                shared.notices.warning(shared.now, text);
            }
            Answer::RequestsStored(Err(problem)) => {
                let text = format!("the request is not kept for the next start: {problem}");
                shared.notices.warning(shared.now, text);
            }
            Answer::Written { file, done } => note_written(shared, &file, &done),
            other => outcome = self.list_answer(shared, id, other),
        }
        self.follow(shared);
        outcome.and(self.read_what_is_in_sight(shared).into())
    }

    fn end_early(&mut self, shared: &mut Shared, id: RequestId) -> Outcome {
        self.runs.end_early(shared, id).or_else(|| self.end_check_early(shared, id))
    }

    fn cancelled(&mut self, shared: &mut Shared, id: RequestId) -> Outcome {
        self.check_cancelled(id);
        self.forget_what_was_given_up(shared);
        Outcome::event(Event::ModelsListed)
    }

    fn decided(&mut self, shared: &mut Shared, decision: Decision) -> Outcome {
        match decision {
            Decision::Chosen(choice) => return self.chosen(shared, choice),
            Decision::StopModel(ref id) | Decision::RestartModel(ref id) => {
                return deployment::agreed(shared, self.list.models.row(id), &decision).into();
            }
            Decision::DeleteRequest(name) => {
                let Some(id) = self.tests.open_model() else { return Outcome::done() };
                let outcome = Outcome::from(self.saved.delete(shared, id, name));
                let left = self.saved.chooser(id);
                return outcome.and(left.map_or_else(Outcome::done, Outcome::push));
            }
            Decision::BeginRun => return self.begin_run(shared, true),
            Decision::Discard => self.runs.discard_form(),
            _ => {}
        }
        Outcome::done()
    }

    fn event(&mut self, shared: &mut Shared, event: &Event) -> Outcome {
        match event {
            Event::FindModels { words, limit, again } => {
                let effects = self.prepare(shared, *again);
                let found = names::models_found(&self.list, &self.tests, &self.saved, words, *limit);
                Outcome::from(effects).and_event(found)
            }
            Event::FindNames { limit, again } => {
                let effects = self.prepare(shared, *again);
                Outcome::from(effects).and_event(names::names_found(shared, &self.list, *limit))
            }
            Event::BuildsChanged { model_id, deployed, .. } => {
                self.list.deployment_changed(shared, model_id, deployed.as_deref());
                self.read_what_is_in_sight(shared).into()
            }
            Event::ColumnsChanged => {
                self.list.models.list.follow_columns(shared);
                self.follow(shared);
                Outcome::done()
            }
            Event::RequestSent { model_id, request } => {
                self.saved.note_sent(shared, model_id, request).into()
            }
            Event::CheckLeft { check, request } => self.check_left(shared, check, request.as_ref()),
            Event::CollaboratorAdded { project_id, username } => {
                self.tests.collaborator_added(project_id, username);
                self.follow(shared);
                Outcome::done()
            }
            Event::Show(destination) if destination.tab() == Tab::Models => {
                let outcome = self.go(shared, destination);
                self.follow(shared);
                outcome.and(self.read_what_is_in_sight(shared).into())
            }
            _ => Outcome::done(),
        }
    }

    fn resized(&mut self, shared: &mut Shared) -> Outcome {
        self.follow(shared);
        self.read_what_is_in_sight(shared).into()
    }

    fn watches(&self, shared: &Shared) -> bool {
        self.list.watches(shared, self.rows_in_sight(shared), self.tests.open_model())
    }

    fn look_again(&mut self, shared: &mut Shared, all: bool) -> Outcome {
        let in_sight = !self.runs.are_shown() && (is_wide(shared) || !self.tests.is_open());
        let listed = in_sight.then(|| self.rows_in_sight(shared));
        let mut effects = self.list.look_again(shared, listed, all, self.tests.open_model());
        effects.extend(self.read_what_is_in_sight(shared));
        effects.into()
    }

    fn tick(&mut self, shared: &mut Shared) -> Outcome {
        let rows = self.rows_in_sight(shared);
        self.list.tick(shared, rows, self.tests.open_model());
        self.read_what_is_in_sight(shared).into()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        if let Some(runs) = self.runs.shown() {
            let subject = run::view::Subject { row: self.subject(), panel: self.tests.panel() };
            return run::view::draw(shared, runs, subject, frame, area);
        }
        let open = self.tests.is_open();
        let halves = self.halves(shared, area);
        if let Some(area) = halves.list {
            self.list.draw(shared, !open, frame, area);
        }
        if let Some(area) = halves.model {
            let shown = self.subject().map(|row| test::view::Shown {
                row,
                project: self.list.projects.get(&row.model.project.public_identifier),
                panel: self.tests.of(&row.model.id),
            });
            test::view::model(shared, shown, open, frame, area);
        }
    }
}
