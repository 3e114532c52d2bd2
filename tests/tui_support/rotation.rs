//! A rotation at each of its steps, with made-up answers.

use std::time::Duration;

use hyper::body::Bytes;
use keybench::diagnosis::Diagnosis;
use keybench::probe::{Answer, CallError, CallResult, Phases};
use keybench::tui::call::{self, Call, Test};
use keybench::tui::msg::Msg;
use keybench::tui::requests::RequestId;
use keybench::tui::testing::{Harness, moment};
use keybench::wire::{Model, ShortProject, V2KeyDetails};

use super::settings::{answer_created, answer_list, demo, demo_keys, is_list, key, made, only_call};

pub const OLD: &str = "77d0aa31b2c541bb";
pub const NEW: &str = "c0ffee0011223344";

/// The list as it is once the successor is there.
pub fn both() -> Vec<V2KeyDetails> {
    let mut keys = demo_keys();
    keys.push(key(NEW, "2027-02-21T23:59:59Z", "API", "dashboard"));
    keys
}

pub fn list(harness: &mut Harness, keys: Vec<V2KeyDetails>) {
    let asked = harness.calls().into_iter().filter(|(_, call)| is_list(call)).last();
    let (id, _) = asked.expect("the list is asked for");
    answer_list(harness, id, Ok(keys));
}

/// The successor's text is on the screen.
pub fn successor() -> Harness {
    let mut harness = demo();
    harness.keys("jry");
    let (id, call) = only_call(&mut harness);
    assert!(
        matches!(&call, Call::CreateKey { new, .. } if new.comment == "dashboard" && new.audiences == ["API"])
    );
    answer_created(&mut harness, id, Ok(made()));
    list(&mut harness, both());
    harness
}

pub fn model(name: &str, auth_enabled: bool) -> Model {
    Model {
        id: format!("id-{name}"),
        name: name.into(),
        description: "Adds two numbers: {\"a\": 3, \"b\": 5}".into(),
        access_key: "m0".into(),
        auth_enabled,
        project: ShortProject {
            public_identifier: "p1".into(),
            name: "churn-prod".into(),
            ..ShortProject::default()
        },
        ..Model::default()
    }
}

/// Answers the question for the models, where it was asked.
pub fn answer_models(harness: &mut Harness) {
    for (id, call) in harness.calls() {
        if matches!(call, Call::ListModels { .. }) {
            let page = vec![model("slow", true), model("add", true), model("echo", false)];
            harness.send(Msg::Progress { id, answer: call::Answer::ModelsPage(page) });
            harness.answer(id, call::Answer::ModelsListed(Ok(())));
        }
    }
    harness.calls();
}

/// The call is in flight.
pub fn calling(keys: &str) -> (Harness, RequestId, Box<Test>) {
    let mut harness = successor();
    harness.keys(keys);
    harness.keys("t");
    answer_models(&mut harness);
    harness.keys("add<enter><enter>");
    let (id, call) = only_call(&mut harness);
    let Call::TestModel(test) = call else { panic!("{call:?}") };
    (harness, id, test)
}

fn answered(outcome: Result<Answer, CallError>) -> Box<CallResult> {
    Box::new(CallResult {
        started: moment(),
        phases: Phases::default(),
        total: Duration::from_micros(12_400),
        outcome,
        key_sent: true,
        request_size: 60,
    })
}

pub fn answer(status: u16, body: &str) -> Result<Answer, CallError> {
    let body = Bytes::from(body.to_owned());
    let size = body.len() as u64;
    Ok(Answer::new(status, Vec::new(), body, size, false))
}

/// Answers the call of a model.
pub fn answer_tested(
    harness: &mut Harness,
    id: RequestId,
    test: Box<Test>,
    outcome: Result<Answer, CallError>,
) {
    let call = answered(outcome);
    harness.answer(id, call::Answer::ModelTested { test, sent: String::new(), call });
}

/// Answers the question why a call failed.
pub fn answer_explained(harness: &mut Harness, id: RequestId, diagnosis: Diagnosis) {
    let (model_id, diagnosis) = ("id-add".to_owned(), Box::new(diagnosis));
    harness.answer(id, call::Answer::Explained { model_id, number: 1, diagnosis });
}

/// The model was called with the successor; `keys` are pressed before.
pub fn tested(keys: &str, outcome: Result<Answer, CallError>) -> Harness {
    let (mut harness, id, test) = calling(keys);
    answer_tested(&mut harness, id, test, outcome);
    harness
}

pub fn passed(keys: &str) -> Harness {
    tested(keys, answer(200, "{\"success\":true,\"response\":8,\"ReplicaID\":\"add-7c9f-1\"}"))
}
