//! What the dialog does: it finds a model, sends the request and reads the answer.

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use serde_json::Value;

use super::stage::{KeyTest, Stage, proof};
use super::view;
use crate::diagnosis::Diagnosis;
use crate::probe::CallResult;
use crate::text;
use crate::tui::call::{Answer, Call, Explain, KeyToSend, Test};
use crate::tui::command::{Command, KeyContext};
use crate::tui::effect::Effects;
use crate::tui::event::{Event, ModelChoice};
use crate::tui::layer::{Layer, Outcome, Readiness};
use crate::tui::layout::body;
use crate::tui::list::Select;
use crate::tui::list::filter::Filter;
use crate::tui::list::state::{Did, Sortable};
use crate::tui::model_result::{TestResult, Why};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;

/// Models that are offered at a time; typing narrows them down.
const OFFERED: usize = 100;

impl KeyTest {
    /// Asks for the models that match the typed text. With `again`, models whose listing failed are
    /// listed again.
    fn find(&self, again: bool) -> Outcome {
        let Stage::Choosing { list } = &self.stage else { return Outcome::done() };
        let words = list.filter.text().to_owned();
        Outcome::event(Event::FindModels { words, limit: OFFERED, again })
    }

    /// The models that can prove a key; the one that was used last first, as long as nothing is typed.
    fn offer(&mut self, shared: &Shared, found: &[ModelChoice]) {
        self.models = found.to_vec();
        if let Stage::Choosing { list } = &mut self.stage {
            let last = shared.session.last_tested.as_deref().filter(|_| list.filter.text().is_empty());
            if let Some(at) = self.models.iter().position(|choice| Some(choice.model.id.as_str()) == last) {
                self.models[..=at].rotate_right(1);
            }
            list.show((0..u32::try_from(self.models.len()).unwrap_or(u32::MAX)).collect(), Select::Position);
        }
    }

    fn choosing(&mut self, shared: &Shared, command: Command) -> Outcome {
        let Stage::Choosing { list } = &mut self.stage else { return Outcome::ignored() };
        let command = match command {
            Command::Refresh => return self.find(true),
            Command::Submit | Command::Open => {
                let chosen = list.selected_row().and_then(|row| self.models.get(row)).cloned();
                if let Some(model) = chosen {
                    let request = model.request.clone();
                    self.ask_request(model, &request);
                }
                return Outcome::done();
            }
            Command::PreviousField => Command::Up,
            Command::NextField => Command::Down,
            other => other,
        };
        let rows = usize::from(view::models_area(body(shared)).height);
        match list.command(command, rows, Sortable::default()) {
            Did::Moved => Outcome::done(),
            _ => Outcome::ignored(),
        }
    }

    fn ask_request(&mut self, model: ModelChoice, request: &str) {
        // In JSON a line break is never part of a string, so a blank means the same.
        let lines: Vec<&str> = request.lines().map(str::trim).collect();
        let request = Field::new(text::clean(&lines.join(" ")).into_owned());
        self.stage = Stage::Asking { model, request, problem: None };
    }

    /// One step back; cancels a call in flight.
    fn back(&mut self, shared: &mut Shared) -> Outcome {
        let effects = self.give_up_question(shared);
        let to_list = match &mut self.stage {
            Stage::Choosing { list } => !list.filter.text().is_empty(),
            Stage::Asking { .. } => true,
            Stage::Calling { model, request, .. } => {
                let problem = Some("cancelled; the model may still be working on it".to_owned());
                let request = Field::new(std::mem::take(request));
                self.stage = Stage::Asking { model: model.clone(), request, problem };
                return effects.into();
            }
            Stage::Ended { .. } => false,
        };
        if !to_list {
            return Outcome::pop();
        }
        self.stage = Stage::choosing();
        self.find(false)
    }

    /// What was asked is not wanted any more.
    fn give_up_question(&self, shared: &mut Shared) -> Effects {
        self.waits_for().and_then(|id| shared.cancel(id)).into_iter().collect()
    }

    /// After an answer: on to the question about the old key, if the new one is kept. A failed test
    /// leads back to where it began.
    fn next(&mut self) -> Outcome {
        let passed = matches!(&self.stage, Stage::Ended { result, .. } if result.failure().is_none());
        let old = self.old.take().filter(|_| passed);
        old.map(Event::AskDeleteOld).into_iter().fold(Outcome::pop(), Outcome::and_event)
    }

    /// Calls the model once with the key.
    fn send(&mut self, shared: &mut Shared) -> Outcome {
        let Stage::Asking { model, request, problem } = &mut self.stage else { return Outcome::done() };
        if let Err(error) = serde_json::from_str::<Value>(request.text()) {
            *problem = Some(format!(
                "nothing was sent: the request is not valid JSON: see column {}",
                error.column()
            ));
            return Outcome::done();
        }
        let (model, request) = (model.clone(), request.text().to_owned());
        let model_id = model.model.id.clone();
        let call = Test {
            model_id: model_id.clone(),
            model: model.path.clone(),
            number: 1,
            access_key: model.model.access_key.clone(),
            key: KeyToSend::This(self.known.key.clone()),
            key_label: format!("{} {}", self.known.id(), self.known.label),
            request: request.clone(),
        };
        for other in shared.session.known_keys.iter_mut().filter(|other| other.key == self.known.key) {
            other.tests += 1;
        }
        shared.session.last_tested = Some(model_id.clone());
        let what = format!("calling {}", model.path);
        let (id, effect) = shared.start(Kind::Read, what, Call::TestModel(Box::new(call)));
        self.stage = Stage::Calling { model, request: request.clone(), id };
        Outcome::effect(effect).and_event(Event::RequestSent { model_id, request })
    }

    /// The call ended; asks why it failed.
    fn tested(&mut self, shared: &mut Shared, asked: Test, sent: String, call: CallResult) -> Outcome {
        let Stage::Calling { model, request, .. } = &self.stage else { return Outcome::done() };
        let (model, request) = (model.clone(), request.clone());
        let mut result = Box::new(TestResult::new(1, asked.key_label, sent, call.clone()));
        let mut effects = Effects::new();
        if result.failure().is_some() {
            let what = format!("asking why {} refused", model.path);
            let explain = Explain {
                number: 1,
                model: model.model.clone(),
                key: asked.key,
                call,
                signed_in: shared.session.username.clone(),
            };
            let (id, effect) = shared.start(Kind::Read, what, Call::Explain(Box::new(explain)));
            result.why = Why::Asking(id);
            effects.push(effect);
        }
        self.stage = Stage::Ended { model, request, result };
        self.proven().and(effects.into())
    }

    /// The workbench said why.
    fn explained(&mut self, diagnosis: Box<Diagnosis>) -> Outcome {
        let Stage::Ended { result, .. } = &mut self.stage else { return Outcome::done() };
        result.why = Why::Known(diagnosis);
        self.proven()
    }

    /// Informs the other layers of the test's result.
    fn proven(&self) -> Outcome {
        let Stage::Ended { model, result, .. } = &self.stage else { return Outcome::done() };
        Outcome::event(Event::KeyTested {
            key: self.known.key.clone(),
            key_id: self.known.key_id.clone(),
            proof: proof(model, result),
        })
    }

    /// Edits the focused field and clears the message about its old text: a key, or a text that is
    /// pasted.
    fn edited(
        &mut self,
        filter: impl FnOnce(&mut Filter) -> bool,
        edit: impl FnOnce(&mut Field) -> Edit,
    ) -> Outcome {
        match &mut self.stage {
            Stage::Choosing { list } => {
                if filter(&mut list.filter) {
                    list.select_row(0);
                    return self.find(false);
                }
            }
            Stage::Asking { request, problem, .. } => {
                if edit(request) == Edit::Changed {
                    *problem = None;
                }
            }
            Stage::Calling { .. } | Stage::Ended { .. } => {}
        }
        Outcome::done()
    }
}

impl Layer for KeyTest {
    fn name(&self) -> &'static str {
        "key test"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        match self.stage {
            Stage::Choosing { .. } => vec![KeyContext::Form, KeyContext::List],
            Stage::Asking { .. } => vec![KeyContext::Form],
            // Esc gives the call up, as everywhere.
            Stage::Calling { .. } => Vec::new(),
            Stage::Ended { .. } => vec![KeyContext::KeyTest],
        }
    }

    fn typing(&self, _shared: &Shared) -> bool {
        matches!(self.stage, Stage::Choosing { .. } | Stage::Asking { .. })
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        (command == Command::Submit).then(|| self.submit_label().into())
    }

    fn enter(&mut self, _shared: &mut Shared) -> Outcome {
        self.find(true)
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match (&self.stage, command) {
            (_, Command::Back) => self.back(shared),
            (Stage::Choosing { .. }, command) => self.choosing(shared, command),
            (Stage::Asking { .. }, Command::Submit) => self.send(shared),
            (Stage::Asking { .. }, Command::NextField | Command::PreviousField) => Outcome::done(),
            (Stage::Ended { .. }, Command::Submit) => self.next(),
            (Stage::Ended { model, request, .. }, Command::TestWithKey) => {
                let (model, request) = (model.clone(), request.clone());
                let effects = self.give_up_question(shared);
                self.ask_request(model, &request);
                effects.into()
            }
            _ => Outcome::ignored(),
        }
    }

    fn readiness(&self, _shared: &Shared, _command: Command) -> Readiness {
        match self.stage {
            Stage::Choosing { .. } => Readiness::of(&self.listing, self.models.is_empty()),
            _ => Readiness::Ready,
        }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        self.edited(|filter| filter.on_key(key), |field| field.on_key(key))
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.edited(|filter| filter.paste(text), |field| field.paste(text))
    }

    fn answer(&mut self, shared: &mut Shared, id: RequestId, answer: Answer) -> Outcome {
        match answer {
            _ if self.waits_for() != Some(id) => Outcome::done(),
            Answer::ModelTested { test, sent, call } => self.tested(shared, *test, sent, *call),
            Answer::Explained { diagnosis, .. } => self.explained(diagnosis),
            _ => Outcome::done(),
        }
    }

    fn cancelled(&mut self, shared: &mut Shared, id: RequestId) -> Outcome {
        if self.waits_for() != Some(id) {
            return Outcome::done();
        }
        match &mut self.stage {
            Stage::Ended { result, .. } => {
                result.why = Why::Unknown;
                Outcome::done()
            }
            _ => self.back(shared),
        }
    }

    fn event(&mut self, shared: &mut Shared, event: &Event) -> Outcome {
        match event {
            Event::ModelsFound { found, state } => {
                self.offer(shared, found);
                self.listing = state.clone();
                Outcome::done()
            }
            Event::ModelsListed => self.find(false),
            _ => Outcome::done(),
        }
    }

    /// The key itself need not be on the screen meanwhile.
    fn hides_opener(&self) -> bool {
        true
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        view::draw(shared, self, frame, area);
    }
}
