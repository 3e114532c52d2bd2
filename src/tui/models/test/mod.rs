//! The Test panels of the models: a key, a request, and what the calls answered.
//!
//! | file | what it holds |
//! |---|---|
//! | [`panel`] | the state of one panel, and what keys do to it |
//! | [`key`] | the keys that a test can carry |
//! | [`mend`] | what mends a refusal |
//! | [`result_list`] | the results as a list: order, filter, columns |
//! | [`view`], [`results`] | how a panel and its table of results look |
//! | [`answer`] | the answer of the selected result |
//! | `tab` | what commands and answers mean for them |

pub mod answer;
pub mod key;
pub mod mend;
pub mod panel;
mod result_list;
pub mod results;
mod tab;
pub mod view;

use std::collections::HashMap;

use jiff::Timestamp;

use self::key::KeyChoice;
use self::panel::{Focus, Panel, Running, not_json};
use super::list::row::{ListedModel, Row};
use super::saved::Saved;
use crate::actions;
use crate::config::KnownKey;
use crate::diagnosis::Diagnosis;
use crate::probe::CallResult;
use crate::probe::code::{Language, SampleCall};
use crate::tui::call::{Call, Explain, KeyToSend, Test};
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::model_result::{TestResult, Why};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

/// The panels of all models that were opened, and which of them has the keys.
#[derive(Debug, Default)]
pub struct Tests {
    /// By model id.
    panels: HashMap<String, Panel>,
    /// The model whose panel has the keys; without one the list has them.
    open: Option<String>,
    /// A key that was handed over: the next model that is opened is tested with it.
    offered_key: Option<KnownKey>,
}

impl Tests {
    /// The model whose panel has the keys.
    pub fn open_model(&self) -> Option<&str> {
        self.open.as_deref()
    }

    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The panel that has the keys.
    pub fn panel(&self) -> Option<&Panel> {
        self.panels.get(self.open.as_ref()?)
    }

    /// The panel that has the keys.
    pub fn panel_mut(&mut self) -> Option<&mut Panel> {
        self.panels.get_mut(self.open.as_ref()?)
    }

    /// The panel of a model, if it was opened before.
    pub fn of(&self, model_id: &str) -> Option<&Panel> {
        self.panels.get(model_id)
    }

    pub fn of_mut(&mut self, model_id: &str) -> Option<&mut Panel> {
        self.panels.get_mut(model_id)
    }

    /// The models whose request was edited and not sent, so that nothing has it.
    pub fn unsent(&self, saved: &Saved) -> impl Iterator<Item = &str> {
        let unsent = |(model_id, panel): &(&String, &Panel)| {
            panel.editor.is_touched() && saved.last(model_id) != Some(&*panel.editor.text())
        };
        self.panels.iter().filter(unsent).map(|(model_id, _)| model_id.as_str())
    }

    /// The result that is selected in the panel that has the keys.
    pub fn selected_result(&self) -> Option<&TestResult> {
        self.panel()?.selected_result()
    }

    /// Which replicas have answered calls of a model, and when.
    pub fn replicas_seen(&self, model_id: &str) -> Vec<(Timestamp, String)> {
        let results = self.of(model_id).into_iter().flat_map(|panel| panel.results.all());
        results.filter_map(|result| Some((result.call.started, result.replica()?.to_owned()))).collect()
    }

    /// Gives the keys to the panel of a model; `last` is the last request that was sent to it.
    pub fn open(&mut self, model: &ListedModel, last: Option<&str>) {
        let panel = self.panels.entry(model.id.clone()).or_insert_with(|| Panel::new(model, last));
        panel.go(Focus::Test);
        if let Some(known) = self.offered_key.take() {
            panel.choose(KeyChoice::Known(known));
        }
        self.open = Some(model.id.clone());
    }

    /// Gives the keys back to the list.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// The next model that is opened is tested with this key.
    pub fn offer_key(&mut self, known: KnownKey) {
        self.offered_key = Some(known);
    }

    /// A test ended: notes its result, and asks why it failed.
    pub fn tested(
        &mut self,
        shared: &mut Shared,
        row: &Row,
        test: Test,
        sent: String,
        call: CallResult,
    ) -> Option<Effect> {
        let Test { model_id, number, key, key_label, .. } = test;
        let panel = self.panels.get_mut(&model_id)?;
        if panel.running.as_ref().is_some_and(|running| running.number == number) {
            panel.running = None;
        }
        // That a test is in flight is no longer true.
        panel.problem = panel.problem.take().filter(|problem| !problem.starts_with(IN_FLIGHT));
        let result = TestResult::new(number, key_label, sent, call.clone());
        let failed = result.failure().is_some();
        panel.push(result);
        if !failed {
            return None;
        }
        let signed_in = shared.session.username.clone();
        let explain = Explain { number, model: row.model.to_wire(), key, call, signed_in };
        let what = format!("asking why {} refused", row.path());
        let (id, effect) = shared.start(Kind::Read, what, Call::Explain(Box::new(explain)));
        panel.change_result(number, |result| result.why = Why::Asking(id));
        Some(effect)
    }

    /// It is known why a test failed.
    pub fn explained(&mut self, model_id: &str, number: u32, diagnosis: Box<Diagnosis>) {
        if let Some(panel) = self.panels.get_mut(model_id) {
            panel.change_result(number, |result| result.why = Why::Known(diagnosis));
        }
    }

    /// A collaborator was added: refusals for want of that are mended.
    pub fn collaborator_added(&mut self, project_id: &str, username: &str) {
        let wants = |result: &TestResult| result.wants_collaborator(project_id, username);
        for panel in self.panels.values_mut() {
            panel.results.change_where(wants, |result| result.mended = true);
        }
    }

    /// A model is deployed: refusals for want of that are mended.
    pub fn deployed(&mut self, model_id: &str) {
        if let Some(panel) = self.panels.get_mut(model_id) {
            panel.results.change_where(TestResult::wants_deployment, |result| result.mended = true);
        }
    }

    /// Requests whose answers are not wanted any more count as never made.
    pub fn forget(&mut self, gone: impl Fn(&RequestId) -> bool) {
        self.panels.values_mut().for_each(|panel| panel.forget(&gone));
    }
}

/// Why a second test is not sent.
const IN_FLIGHT: &str = "a test is in flight";

/// Calls a model once, unless something typed is wrong: the request that is sent, and what sends it.
pub fn send(panel: &mut Panel, shared: &mut Shared, row: &Row) -> Option<(String, Effect)> {
    if panel.running.is_some() {
        panel.problem = Some(format!("{IN_FLIGHT}; {} cancels it", shared.key_of(Command::Back)));
        return None;
    }
    let key = match panel.key_to_send() {
        Ok(key) => key,
        Err(problem) => {
            panel.problem = Some(format!("API key: {problem}"));
            panel.go(Focus::Key);
            return None;
        }
    };
    if let Err(problem) = panel.editor.value() {
        // The focus stays: the next key is still a command, not text of the request.
        panel.problem = Some(not_json("nothing was sent", problem));
        return None;
    }
    panel.problem = None;
    if matches!(panel.focus, Focus::Key | Focus::Request) {
        panel.go(Focus::Test);
    }
    if let KeyToSend::This(key) = &key
        && let Some(known) = shared.session.known_keys.iter_mut().find(|known| known.key == *key)
    {
        known.tests += 1;
    }
    let (number, request) = (panel.next_number(), panel.editor.text());
    let test = Test {
        model_id: row.model.id.clone(),
        model: row.path(),
        number,
        access_key: row.model.access_key.clone(),
        key,
        key_label: panel.key_label(&shared.session),
        request: request.clone(),
    };
    let what = format!("calling {}", row.path());
    let (id, effect) = shared.start(Kind::Read, what, Call::TestModel(Box::new(test)));
    panel.running = Some(Running { id, number });
    Some((request, effect))
}

/// Cancels the test in flight.
pub fn give_up(panel: &mut Panel, shared: &mut Shared) -> Option<Effect> {
    let running = panel.running.take()?;
    panel.problem = None;
    let text = format!("test {} was cancelled; the model may still be working on it", running.number);
    shared.notices.info(shared.now, text);
    shared.cancel(running.id)
}

/// The initial request of a model's test: the one in its panel, if it has been opened.
pub fn request_for(panel: Option<&Panel>, model: &ListedModel, last: Option<&str>) -> String {
    match panel {
        Some(panel) => panel.editor.text(),
        None => Panel::new(model, last).editor.text(),
    }
}

/// Copies the call of a model in a language, with the request of its panel.
pub fn copy_call(shared: &mut Shared, row: &Row, panel: Option<&Panel>, language: Language) -> Effect {
    let example = || actions::models::example(&row.model.description);
    let request = panel.and_then(|panel| panel.editor.value().ok()).or_else(example).unwrap_or("{}");
    let with_key = panel.map_or(row.model.auth_enabled, |panel| !matches!(panel.choice, KeyChoice::Nothing));
    let url = &shared.session.model_url;
    let code = language.write(SampleCall { url, access_key: &row.model.access_key, request, with_key });
    shared.copy(&format!("the call in {} was", language.name()), code)
}
