//! Testing a new key against a model without leaving the dialog that shows it: choose a model, send
//! one request, read what came of it. A rotation is proven this way.
//!
//! The call, its request and the reason of a refusal are those of the Test panel in the Models tab.

mod view;

use crossterm::event::KeyEvent;
use serde_json::Value;

use super::rotation::{self, Proof};
use super::{Call, Dialog};
use crate::diagnosis::Diagnosis;
use crate::probe::CallResult;
use crate::text;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::effect::{self, Effects};
use crate::tui::requests::{Kind, RequestId, Scope};
use crate::tui::screens::models;
use crate::tui::screens::models::calls::{Explain, Test};
use crate::tui::screens::models::list::Row;
use crate::tui::screens::models::panel::KeyToSend;
use crate::tui::screens::models::results::{TestResult, Why};
use crate::tui::session::KnownKey;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;
use crate::wire::Model;

pub(super) use view::view;

/// Models that are offered at a time; typing narrows them down.
const OFFERED: usize = 100;

/// The state of the dialog.
#[derive(Debug)]
pub struct KeyTest {
    known: KnownKey,
    /// What it was opened over, and goes back to.
    behind: Box<Dialog>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Choosing { filter: Field, selected: usize },
    Asking { model: Chosen, request: Field, problem: Option<String> },
    Calling { model: Chosen, request: String, id: RequestId },
    Ended { model: Chosen, request: String, result: Box<TestResult> },
}

/// The model that was chosen, as it was then: lists come and go.
#[derive(Debug, Clone)]
struct Chosen {
    /// `churn-prod/add`
    path: String,
    model: Model,
}

impl KeyTest {
    /// Opens the dialog for `known` over `behind`.
    pub fn open(app: &mut App, known: KnownKey, behind: Dialog) -> Effects {
        let stage = Stage::Choosing { filter: Field::default(), selected: 0 };
        let test = Self { known, behind: Box::new(behind), stage };
        app.settings.dialog = Some(Dialog::KeyTest(Box::new(test)));
        models::prepare(app)
    }

    pub fn behind(&self) -> &Dialog {
        &self.behind
    }

    pub fn behind_mut(&mut self) -> &mut Dialog {
        &mut self.behind
    }

    pub fn typing(&self) -> bool {
        matches!(self.stage, Stage::Choosing { .. } | Stage::Asking { .. })
    }

    pub fn contexts(&self) -> Vec<Context> {
        match self.stage {
            Stage::Choosing { .. } => vec![Context::Form, Context::List],
            Stage::Asking { .. } => vec![Context::Form],
            // Esc gives the call up, as everywhere.
            Stage::Calling { .. } => Vec::new(),
            Stage::Ended { .. } => vec![Context::KeyTest],
        }
    }

    /// What Enter does.
    pub fn submit_word(&self) -> &'static str {
        match &self.stage {
            Stage::Choosing { .. } => "take model",
            Stage::Asking { .. } => "send test",
            Stage::Ended { result, .. } if result.failure().is_some() => "back",
            Stage::Calling { .. } | Stage::Ended { .. } => "next step",
        }
    }

    /// The request that the dialog waits for: the call, or the question why it failed.
    fn waits_for(&self) -> Option<RequestId> {
        match &self.stage {
            Stage::Calling { id, .. } => Some(*id),
            Stage::Ended { result, .. } => match result.why {
                Why::Asking(id) => Some(id),
                _ => None,
            },
            _ => None,
        }
    }
}

fn test(app: &mut App) -> Option<&mut KeyTest> {
    match &mut app.settings.dialog {
        Some(Dialog::KeyTest(test)) => Some(test),
        _ => None,
    }
}

/// The models that can prove a key and match what is typed, the one that was used last first: a
/// model without authentication answers whatever the key.
fn offered<'a>(app: &'a App, filter: &str) -> Vec<&'a Row> {
    let last = app.settings.last_tested.as_deref();
    let mut rows = models::matching(app, filter, OFFERED, |row| row.model.auth_enabled);
    if let Some(at) = rows.iter().position(|row| Some(row.model.id.as_str()) == last) {
        rows[..=at].rotate_right(1);
    }
    rows
}

pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    let test = test(app)?;
    match (&mut test.stage, command) {
        (_, Command::Back) => return Some(back(app)),
        (Stage::Choosing { .. }, Command::Refresh) => return Some(models::prepare(app)),
        (Stage::Choosing { filter, selected }, command) => {
            let filter = filter.text().to_owned();
            let at = *selected;
            let rows = offered(app, &filter);
            let last = rows.len().saturating_sub(1);
            let to = match command {
                Command::Submit | Command::Open => {
                    let chosen =
                        rows.get(at.min(last)).map(|row| (chosen_from(row), models::request_for(app, row)));
                    if let Some((model, request)) = chosen {
                        ask_request(app, model, &request);
                    }
                    return Some(Effects::new());
                }
                Command::Up | Command::PreviousField => at.min(last).saturating_sub(1),
                Command::Down | Command::NextField => at + 1,
                Command::PageUp => at.saturating_sub(10),
                Command::PageDown => at + 10,
                Command::First => 0,
                Command::Last => last,
                _ => return None,
            };
            if let Some(Stage::Choosing { selected, .. }) = self::test(app).map(|test| &mut test.stage) {
                *selected = to.min(last);
            }
        }
        (Stage::Asking { .. }, Command::Submit) => return Some(send(app)),
        (Stage::Asking { .. }, Command::NextField | Command::PreviousField) => {}
        (Stage::Ended { .. }, Command::Submit) => return Some(next(app)),
        (Stage::Ended { model, request, .. }, Command::TestWithKey) => {
            let (model, request) = (model.clone(), request.clone());
            let effects = give_up_question(app);
            ask_request(app, model, &request);
            return Some(effects);
        }
        _ => return None,
    }
    Some(Effects::new())
}

fn chosen_from(row: &Row) -> Chosen {
    Chosen { path: row.path(), model: row.model.to_wire() }
}

fn ask_request(app: &mut App, model: Chosen, request: &str) {
    // A line break in JSON stands between its parts and never in a text: blanks say the same.
    let lines: Vec<&str> = request.lines().map(str::trim).collect();
    let request = Field::new(text::clean(&lines.join(" ")).into_owned());
    if let Some(test) = test(app) {
        test.stage = Stage::Asking { model, request, problem: None };
    }
}

/// One step back; a call in flight is given up.
fn back(app: &mut App) -> Effects {
    let effects = give_up_question(app);
    let Some(test) = test(app) else { return effects };
    test.stage = match &mut test.stage {
        Stage::Choosing { filter, .. } if !filter.is_empty() => {
            Stage::Choosing { filter: Field::default(), selected: 0 }
        }
        Stage::Asking { .. } => Stage::Choosing { filter: Field::default(), selected: 0 },
        Stage::Calling { model, request, .. } => {
            let problem = Some("given up; the model may still be at it".to_owned());
            Stage::Asking { model: model.clone(), request: Field::new(request.clone()), problem }
        }
        Stage::Choosing { .. } | Stage::Ended { .. } => {
            close(app);
            return effects;
        }
    };
    effects
}

/// The dialog below has the keys again.
fn close(app: &mut App) {
    if let Some(Dialog::KeyTest(test)) = app.settings.dialog.take() {
        app.settings.dialog = Some(*test.behind);
    }
}

/// Nobody waits any more for what was asked.
fn give_up_question(app: &mut App) -> Effects {
    let id = test(app).and_then(|test| test.waits_for());
    id.and_then(|id| app.cancel(id)).into_iter().collect()
}

/// After an answer: to the question about the old key, once the new one is kept. A failed test
/// leads back to where it was begun.
fn next(app: &mut App) -> Effects {
    let mut effects = give_up_question(app);
    let Some(test) = test(app) else { return effects };
    let passed = matches!(&test.stage, Stage::Ended { result, .. } if result.failure().is_none());
    let key_id = test.known.key_id.clone().unwrap_or_default();
    close(app);
    let rotation = app.settings.rotations.to(&key_id);
    let kept = rotation.and_then(|rotation| rotation.successor()).is_some_and(|new| new.kept);
    let old_id = rotation.map(|rotation| rotation.old.key_id.clone());
    match old_id.filter(|_| passed && kept) {
        Some(old_id) => {
            app.settings.dialog = None;
            effects.extend(super::list(app));
            effects.extend(rotation::ask_delete_old(app, &old_id));
        }
        None => super::reveal::tested(app, passed),
    }
    effects
}

/// Calls the model once with the key.
fn send(app: &mut App) -> Effects {
    let Some(KeyTest { known, stage: Stage::Asking { model, request, problem }, .. }) = test(app) else {
        return Effects::new();
    };
    if let Err(error) = serde_json::from_str::<Value>(request.text()) {
        *problem =
            Some(format!("nothing was sent: the request is no JSON, look at column {}", error.column()));
        return Effects::new();
    }
    let (model, request, known) = (model.clone(), request.text().to_owned(), known.clone());
    let key_label = format!("{} {}", known.id(), known.label);
    let sent = Test {
        model_id: model.model.id.clone(),
        number: 1,
        access_key: model.model.access_key.clone(),
        key: KeyToSend::This(known.key.clone()),
        key_label,
        request: request.clone(),
    };
    for other in app.session.known_keys.iter_mut().filter(|other| other.key == known.key) {
        other.tests += 1;
    }
    app.settings.last_tested = Some(model.model.id.clone());
    let mut effects = models::note_sent(app, &model.model.id, &request);
    let what = format!("calling {}", model.path);
    let call = effect::Call::Settings(Call::Test(Box::new(sent)));
    let (id, effect) = app.start(Scope::Dialog, Kind::Read, what, call);
    if let Some(test) = test(app) {
        test.stage = Stage::Calling { model, request, id };
    }
    effects.push(effect);
    effects
}

/// The call ended; why it failed is asked.
pub(super) fn tested(app: &mut App, id: RequestId, asked: Test, sent: String, call: CallResult) -> Effects {
    let signed_in = app.session.username.clone();
    let Some(test) = test(app) else { return Effects::new() };
    let Stage::Calling { model, request, id: waited } = &test.stage else { return Effects::new() };
    if *waited != id {
        return Effects::new();
    }
    let (model, request) = (model.clone(), request.clone());
    let mut result = Box::new(TestResult::new(1, asked.key_label, sent, call.clone()));
    let key_id = test.known.key_id.clone();
    let key = KeyToSend::This(test.known.key.clone());
    let mut effects = Effects::new();
    if result.failure().is_some() {
        let what = format!("asking why {} refused", model.path);
        let explain = Explain { number: 1, model: model.model.clone(), key, call, signed_in };
        let call = effect::Call::Settings(Call::Explain(Box::new(explain)));
        let (id, effect) = app.start(Scope::Dialog, Kind::Read, what, call);
        result.why = Why::Asking(id);
        effects.push(effect);
    }
    note_proof(app, key_id.as_deref(), &model, &result);
    if let Some(test) = self::test(app) {
        test.stage = Stage::Ended { model, request, result };
    }
    effects
}

/// The workbench said why.
pub(super) fn explained(app: &mut App, id: RequestId, diagnosis: Box<Diagnosis>) {
    let Some(test) = test(app).filter(|test| test.waits_for() == Some(id)) else { return };
    let Stage::Ended { model, result, .. } = &mut test.stage else { return };
    result.why = Why::Known(diagnosis);
    let (model, result, key_id) = (model.clone(), result.clone(), test.known.key_id.clone());
    note_proof(app, key_id.as_deref(), &model, &result);
}

/// What the test says about a rotation, where the key is a successor.
fn note_proof(app: &mut App, key_id: Option<&str>, model: &Chosen, result: &TestResult) {
    let Some(key_id) = key_id else { return };
    let proof = match (result.failure(), result.call.answer()) {
        (None, Some(answer)) => Proof::Passed {
            model: model.path.clone(),
            status: answer.status,
            replica: answer.replica_id.clone(),
        },
        _ => {
            let why = result.diagnosis().map_or_else(
                || match result.call.answer() {
                    Some(answer) => format!("{} {}", answer.status, result.summary),
                    None => result.summary.clone(),
                },
                |diagnosis| diagnosis.sentence.clone(),
            );
            Proof::Failed { model: model.path.clone(), why }
        }
    };
    app.settings.rotations.tested(key_id, proof);
}

/// The person gave a request up.
pub(super) fn cancelled(app: &mut App, id: RequestId) {
    let Some(test) = test(app).filter(|test| test.waits_for() == Some(id)) else { return };
    match &mut test.stage {
        Stage::Ended { result, .. } => result.why = Why::Unknown,
        Stage::Calling { .. } => {
            back(app);
        }
        _ => {}
    }
}

pub(super) fn key(app: &mut App, key: KeyEvent) {
    let edit = |field: &mut Field| field.on_key(key) == Edit::Changed;
    edited(app, edit);
}

pub(super) fn paste(app: &mut App, text: &str) {
    edited(app, |field| field.paste(text) == Edit::Changed);
}

/// Changes the field that has the keys; what was said about its old text goes.
fn edited(app: &mut App, edit: impl FnOnce(&mut Field) -> bool) {
    let Some(test) = test(app) else { return };
    let changed = match &mut test.stage {
        Stage::Choosing { filter, .. } => edit(filter),
        Stage::Asking { request, .. } => edit(request),
        Stage::Calling { .. } | Stage::Ended { .. } => false,
    };
    match &mut test.stage {
        Stage::Choosing { selected, .. } if changed => *selected = 0,
        Stage::Asking { problem, .. } if changed => *problem = None,
        _ => {}
    }
}
