use std::time::Duration;

use hyper::body::Bytes;
use ratatui::style::Modifier;

use super::calls::{Call, Reply};
use super::list::ListScope;
use super::panel::{Focus, KeyToSend};
use crate::api;
use crate::diagnosis::{Action, Cause, Diagnosis};
use crate::probe::run::Summary;
use crate::probe::{Answer, CallError, CallResult, Phase, Phases};
use crate::secret::ApiKey;
use crate::tui::effect::{self, Copied, Effect};
use crate::tui::msg::{self, Msg};
use crate::tui::requests::RequestId;
use crate::tui::session::KnownKey;
use crate::tui::testing::{Harness, moment};
use crate::wire::{
    Model, ModelBuild, ModelDeployment, Project, ProjectPermissions, ShortProject, ShortUser, Whole,
};

fn model(project: &str, name: &str, auth_enabled: bool, description: &str) -> Model {
    Model {
        id: format!("{project}-{name}"),
        name: name.to_owned(),
        description: description.to_owned(),
        access_key: format!("m{:0<31}", name),
        auth_enabled,
        project: ShortProject {
            public_identifier: format!("{project}-id"),
            name: project.to_owned(),
            ..ShortProject::default()
        },
        ..Model::default()
    }
}

fn demo() -> Vec<Model> {
    vec![
        model("churn-prod", "add", true, "Adds two numbers. Example: {\"a\": 3, \"b\": 5}"),
        model("churn-prod", "churn", true, "Probability that a customer leaves"),
        model("churn-prod", "flaky", true, ""),
        model("churn-prod", "retired", true, "Not in use any more"),
        model("churn-prod", "slow", true, ""),
        model("fraud-lab", "score", true, ""),
        model("playground", "echo", false, "Answers its request: {\"hello\": \"world\"}"),
    ]
}

fn key(digits: &str) -> ApiKey {
    ApiKey::parse(&format!("{}.{}", "0a".repeat(32), digits.repeat(16))).unwrap()
}

fn deployed(model_id: &str) -> Option<Box<(ModelBuild, ModelDeployment)>> {
    let (status, replicas) = match model_id {
        "churn-prod-retired" => ("stopped", 1),
        "churn-prod-slow" => ("deploying", 1),
        "churn-prod-churn" => ("deployed", 3),
        _ => ("deployed", 2),
    };
    let build = ModelBuild {
        id: "b1e2a3d4-0000-0000-0000-00000000c5f6".into(),
        file_path: "models.py".into(),
        function_name: "add".into(),
        ..ModelBuild::default()
    };
    let deployment = ModelDeployment {
        id: "d9e8f7a6-0000-0000-0000-00000000b4c3".into(),
        model_id: model_id.to_owned(),
        status: status.into(),
        replicas: Whole(replicas),
        cpu: 1.0,
        memory: 2.0,
        updated_at: "2026-11-23T08:00:00Z".into(),
        ..ModelDeployment::default()
    };
    Some(Box::new((build, deployment)))
}

fn answer(status: u16, body: &str) -> CallResult {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let body = Bytes::from(body.to_owned());
    let size = body.len() as u64;
    CallResult {
        started: moment(),
        phases: Phases {
            lookup: Some(Duration::ZERO),
            connect: Some(Duration::from_micros(310)),
            tls: None,
            waiting: Some(Duration::from_micros(11_800)),
            body: Some(Duration::from_micros(90)),
        },
        total: Duration::from_micros(12_400),
        outcome: Ok(Answer::new(status, headers, body, size, false)),
        key_sent: true,
        request_size: 60,
    }
}

fn sent_text() -> String {
    "POST /model HTTP/1.1\nAuthorization: Bearer ••••c4d5\n\n{\"accessKey\":\"madd…0000\",\"request\":{\"a\": 3, \"b\": 5}}".to_owned()
}

fn success() -> CallResult {
    answer(200, "{\"success\":true,\"response\":8,\"ReplicaID\":\"add-1-1-7c9f5b6d8c-x2x4q\"}")
}

fn refusal() -> CallResult {
    answer(
        401,
        "{\"success\":false,\"errors\":{\"User APikey not authorized to access model\":\"Check APIKEY permissions or model authentication permissions\"}}",
    )
}

fn not_a_collaborator() -> Diagnosis {
    Diagnosis {
        cause: Cause::NotCollaborator,
        sentence: "outsider is not a collaborator of the project churn-prod, which owner owns.".into(),
        remedy: Some("Add outsider to churn-prod; reading is enough to call its models.".into()),
        actions: vec![
            Action::AddCollaborator {
                project_id: "churn-prod-id".into(),
                project_name: "churn-prod".into(),
                username: "outsider".into(),
                permission: "read".into(),
            },
            Action::CopyMessage { text: "Please add outsider to churn-prod".into() },
        ],
        said: None,
        unverified: Vec::new(),
    }
}

/// Shows the tab and gives the requests that it starts with.
fn opened() -> (Harness, Vec<(RequestId, effect::Call)>) {
    let mut harness = Harness::new();
    harness.app.session.known_keys = vec![KnownKey {
        label: "outsider".into(),
        username: "outsider".into(),
        key_id: None,
        key: key("c4d5"),
        tests: 0,
    }];
    harness.keys("2");
    let calls = harness.calls();
    (harness, calls)
}

fn send(harness: &mut Harness, id: RequestId, reply: Reply) {
    harness.reply(id, msg::Reply::Models(reply));
}

/// The demo's models listed; the deployments in sight and the project answered.
fn listed() -> Harness {
    let (mut harness, calls) = opened();
    let (id, _) =
        calls.into_iter().find(|(_, call)| matches!(call, effect::Call::Models(Call::List { .. }))).unwrap();
    harness.send(Msg::Progress { id, reply: msg::Reply::Models(Reply::Page(demo())) });
    send(&mut harness, id, Reply::Listed(Ok(())));
    answer_what_is_read(&mut harness);
    harness
}

fn answer_what_is_read(harness: &mut Harness) {
    loop {
        let calls = harness.calls();
        if calls.is_empty() {
            return;
        }
        for (id, call) in calls {
            match call {
                effect::Call::Models(Call::Deployment { model_id, .. }) => {
                    let found = Ok(deployed(&model_id));
                    send(harness, id, Reply::Deployment { model_id, found });
                }
                effect::Call::Models(Call::Project { project_id }) => {
                    let project = Project {
                        owner: ShortUser { username: "owner".into(), ..ShortUser::default() },
                        permissions: ProjectPermissions { read: true, admin: true, ..Default::default() },
                        visibility: "private".into(),
                        ..Project::default()
                    };
                    send(harness, id, Reply::Project { project_id, project: Ok(Box::new(project)) });
                }
                other => panic!("not answered: {other:?}"),
            }
        }
    }
}

/// Presses the keys, answers the test that they send, and gives its key and request.
fn tested(harness: &mut Harness, keys: &str, call: CallResult) -> (KeyToSend, String) {
    harness.keys(keys);
    let calls = harness.calls();
    let [(id, effect::Call::Models(Call::Test(test)))] = <[_; 1]>::try_from(calls).unwrap() else {
        panic!("no test was sent");
    };
    let sent = (test.key.clone(), test.request.clone());
    send(harness, id, Reply::Tested { test, sent: sent_text(), call: Box::new(call) });
    sent
}

/// As [`tested`], for a refusal; the reason is answered as well.
fn refused(harness: &mut Harness, keys: &str) -> (KeyToSend, String) {
    let sent = tested(harness, keys, refusal());
    let calls = harness.calls();
    let [(id, effect::Call::Models(Call::Explain(explain)))] = <[_; 1]>::try_from(calls).unwrap() else {
        panic!("nobody asked why");
    };
    assert_eq!(explain.key, sent.0);
    let reply = Reply::Explained {
        model_id: explain.model.id.clone(),
        number: explain.number,
        diagnosis: Box::new(not_a_collaborator()),
    };
    send(harness, id, reply);
    sent
}

fn snapshots(name: &str, harness: &mut Harness) {
    if matches!(name, "list" | "test_refused" | "run_live" | "run_form" | "result" | "choose_key") {
        insta::assert_snapshot!(format!("{name}_60x16"), harness.screen(60, 16));
    }
    if matches!(name, "list" | "test_refused") {
        insta::assert_snapshot!(format!("{name}_100x30"), harness.screen(100, 30));
    }
    insta::assert_snapshot!(format!("{name}_80x24"), harness.screen(80, 24));
    insta::assert_snapshot!(format!("{name}_120x40"), harness.screen(120, 40));
}

#[test]
fn the_list_by_project() {
    snapshots("list", &mut listed());
}

#[test]
fn a_list_on_its_way() {
    let (mut harness, _) = opened();
    snapshots("list_coming", &mut harness);
}

#[test]
fn a_list_that_cannot_be_fetched() {
    let (mut harness, calls) = opened();
    let error = api::Error::NoAnswer {
        operation: "listing models",
        reason: api::Reason::Connect,
        detail: "connection refused".into(),
    };
    send(&mut harness, calls[0].0, Reply::Listed(Err(error)));
    snapshots("list_failed", &mut harness);
}

#[test]
fn at_most_eight_deployments_are_read_at_a_time_and_only_those_in_sight() {
    let (mut harness, calls) = opened();
    let many = (0..100).map(|n| model("big", &format!("m{n:03}"), true, "")).collect();
    harness.send(Msg::Progress { id: calls[0].0, reply: msg::Reply::Models(Reply::Page(many)) });
    send(&mut harness, calls[0].0, Reply::Listed(Ok(())));
    let reads = |harness: &mut Harness| {
        let calls = harness.calls().into_iter();
        calls
            .filter_map(|(id, call)| match call {
                effect::Call::Models(Call::Deployment { model_id, .. }) => Some((id, model_id)),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    let first = reads(&mut harness);
    assert_eq!(first.len(), 8);
    let (id, model_id) = first[0].clone();
    send(&mut harness, id, Reply::Deployment { found: Ok(None), model_id });
    assert_eq!(reads(&mut harness).len(), 1, "one ended, one begins");
    // The tab is left and shown again: what was being read is read again.
    harness.keys("1");
    harness.keys("2");
    assert_eq!(reads(&mut harness).len(), 8);
}

#[test]
fn a_test_with_the_signed_in_key() {
    let mut harness = listed();
    let sent = tested(&mut harness, "t<enter>", success());
    assert_eq!(sent, (KeyToSend::SignedIn, "{\"a\": 3, \"b\": 5}".to_owned()));
    snapshots("test_success", &mut harness);
}

#[test]
fn a_refusal_is_explained_and_mended() {
    let mut harness = listed();
    harness.keys("<enter>K");
    snapshots("choose_key", &mut harness);
    let (sent, _) = refused(&mut harness, "<end><enter><enter>");
    assert_eq!(sent, KeyToSend::This(key("c4d5")));
    assert_eq!(harness.app.session.known_keys[0].tests, 1);
    snapshots("test_refused", &mut harness);

    harness.keys("m");
    assert!(matches!(&harness.effects[..], [Effect::Copy(Copied::Text(text))] if text.contains("outsider")));
    harness.effects.clear();
    harness.keys("a");
    let calls = harness.calls();
    let (id, effect::Call::Models(Call::AddCollaborator { project_id, project, username, permission })) =
        calls.into_iter().next().unwrap()
    else {
        panic!("nobody was added");
    };
    assert_eq!(
        (project_id.as_str(), username.as_str(), permission.as_str()),
        ("churn-prod-id", "outsider", "read")
    );
    let reply = Reply::CollaboratorAdded { project_id, project, username, permission, done: Ok(()) };
    send(&mut harness, id, reply);
    tested(&mut harness, "t", success());
    snapshots("test_mended", &mut harness);
}

#[test]
fn in_read_only_mode_nobody_is_added() {
    let mut harness = listed();
    harness.app.session.read_only = true;
    refused(&mut harness, "t<enter>");
    assert!(!harness.screen(80, 24).contains("a  add outsider"));
    harness.keys("a");
    assert!(harness.calls().is_empty());
    assert!(harness.screen(80, 24).contains("read-only"));
}

#[test]
fn a_pasted_key_is_masked_and_a_wrong_one_is_named() {
    let mut harness = listed();
    harness.keys("t");
    let pasted = key("beef");
    harness.paste(&format!("{}\n", pasted.expose()));
    let (sent, _) = tested(&mut harness, "t", success());
    assert_eq!(sent, KeyToSend::This(pasted.clone()));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("••••beef"), "{screen}");
    assert!(!screen.contains(&pasted.expose()[40..80]));

    harness.keys("<shift-tab><shift-tab><delete>");
    harness.paste("mabcdefghijklmnopqrstuvwxyz01234");
    harness.keys("<enter>");
    assert!(harness.calls().is_empty(), "nothing is sent with what cannot be a key");
    snapshots("wrong_key", &mut harness);
}

#[test]
fn broken_json_is_not_sent_and_stays() {
    let mut harness = listed();
    harness.keys("t<shift-tab><backspace>");
    harness.keys("<tab><enter>");
    assert!(harness.calls().is_empty());
    snapshots("wrong_request", &mut harness);
    let (_, request) = tested(&mut harness, "}<tab>t", success());
    assert_eq!(request, "{\"a\": 3, \"b\": 5}");
}

#[test]
fn letters_typed_into_the_request_are_no_commands() {
    let mut harness = listed();
    harness.keys("t<shift-tab>tab123q?");
    let panel = harness.app.models.panel().unwrap();
    assert!(panel.editor.text().ends_with("tab123q?"));
    assert_eq!(panel.focus, Focus::Request);
    assert!(harness.calls().is_empty());
}

#[test]
fn what_was_typed_stays_when_one_looks_elsewhere() {
    let mut harness = listed();
    harness.keys("t<shift-tab> <esc><esc><down>");
    harness.keys("t<esc><up>t");
    assert_eq!(harness.app.models.panel().unwrap().editor.text(), "{\"a\": 3, \"b\": 5} ");
}

#[test]
fn a_model_without_authentication_is_called_without_a_key() {
    let mut harness = listed();
    harness.keys("G");
    answer_what_is_read(&mut harness);
    let sent = tested(
        &mut harness,
        "t<enter>",
        answer(200, "{\"success\":true,\"response\":{\"hello\":\"world\"}}"),
    );
    assert_eq!(sent, (KeyToSend::Nothing, "{\"hello\": \"world\"}".to_owned()));
    snapshots("test_without_key", &mut harness);
}

#[test]
fn one_result_whole() {
    let mut harness = listed();
    refused(&mut harness, "t<enter>");
    harness.keys("<down><enter>");
    snapshots("result", &mut harness);
    harness.keys("y");
    assert!(
        matches!(&harness.effects[..], [Effect::Copy(Copied::Text(text))] if text.contains("\"success\": false"))
    );
    harness.keys("<esc>");
    assert!(harness.app.models.viewer.is_none() && harness.app.models.open.is_some());
}

#[test]
fn a_call_without_an_answer() {
    let mut harness = listed();
    let mut call = success();
    call.outcome = Err(CallError::Timeout { phase: Phase::Waiting, after: Duration::from_secs(75) });
    tested(&mut harness, "t<enter>", call);
    snapshots("test_timeout", &mut harness);
}

#[test]
fn a_test_in_flight_can_be_given_up() {
    let mut harness = listed();
    harness.keys("t<enter>");
    let (id, _) = harness.calls().remove(0);
    snapshots("test_running", &mut harness);
    harness.keys("t");
    assert!(harness.calls().is_empty(), "one at a time");
    harness.keys("<esc>");
    assert!(matches!(&harness.effects[..], [Effect::Cancel(given_up)] if *given_up == id));
    assert!(harness.app.models.panel().unwrap().running.is_none());
    assert!(harness.app.models.open.is_some(), "Esc did one thing");
}

#[test]
fn the_filter_marks_and_narrows() {
    let mut harness = listed();
    harness.keys("/prod s");
    snapshots("filter", &mut harness);
    harness.keys("<enter>");
    assert_eq!(harness.app.models.list.len(), 1);
    harness.keys("<esc>");
    assert_eq!(harness.app.models.list.len(), 7);
    harness.keys("/zzz");
    assert!(harness.screen(80, 24).contains("no model matches"));
}

#[test]
fn stopping_asks_and_names_the_model() {
    let mut harness = listed();
    harness.keys("S");
    snapshots("stop", &mut harness);
    harness.keys("<enter>");
    assert!(harness.calls().is_empty(), "Cancel has the focus");
    harness.keys("S<tab><enter>");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, effect::Call::Models(Call::Stop(deployment)))] if deployment.model_id == "churn-prod-add"),
        "{calls:?}"
    );
}

#[test]
fn the_call_as_code_holds_no_key() {
    let mut harness = listed();
    harness.keys("y<enter>");
    let [Effect::Copy(Copied::Text(code))] = &harness.effects[..] else { panic!("nothing was copied") };
    assert!(code.contains("CDSW_APIV2_KEY") && code.contains("\"a\":3"), "{code}");
}

#[test]
fn the_call_can_be_copied_in_three_languages() {
    let mut harness = listed();
    harness.keys("ty");
    snapshots("copy_call", &mut harness);
    harness.keys("<down><enter>");
    assert!(
        matches!(&harness.effects[..], [Effect::Copy(Copied::Text(code))] if code.contains("requests.post")),
        "{:?}",
        harness.effects
    );
}

#[test]
fn requests_are_saved_under_a_name_and_taken_again() {
    let mut harness = listed();
    harness.app.preferences.requests_file = Some("/nowhere/requests.json".into());
    harness.keys("tW");
    harness.keys("<enter>");
    assert!(harness.app.models.prompt.is_some(), "it wants a name");
    harness.keys("small");
    snapshots("save_request", &mut harness);
    harness.keys("<enter>");
    let stored = harness.calls();
    assert!(
        matches!(&stored[..], [(_, effect::Call::Models(Call::StoreRequests { requests, .. }))] if requests.named["small"].contains("\"a\": 3")),
        "{stored:?}"
    );
    harness.keys("<shift-tab>x<esc>L");
    snapshots("saved_requests", &mut harness);
    harness.keys("<enter>");
    assert_eq!(harness.app.models.panel().unwrap().editor.text(), "{\"a\": 3, \"b\": 5}");
}

#[test]
fn a_key_from_settings_is_taken_for_the_next_model() {
    let mut harness = listed();
    let known = harness.app.session.known_keys[0].clone();
    harness.keys("1");
    let effects = super::test_with(&mut harness.app, known);
    assert!(!effects.is_empty(), "the list is brought up to date");
    harness.calls();
    let (sent, _) = tested(&mut harness, "<enter><enter>", success());
    assert_eq!(sent, KeyToSend::This(key("c4d5")));
}

#[test]
fn other_models_are_listed_on_demand() {
    let mut harness = listed();
    harness.keys("v");
    let calls = harness.calls();
    let asked = |scope| {
        calls
            .iter()
            .any(|(_, call)| matches!(call, effect::Call::Models(Call::List { scope: s }) if *s == scope))
    };
    assert!(asked(ListScope::Public), "{calls:?}");
    assert!(harness.screen(80, 24).contains("with public ones"));
}

#[test]
fn a_deployment_that_changes_is_looked_at_again() {
    let mut harness = listed();
    assert!(super::watches(&harness.app), "slow is being deployed");
    harness.send(Msg::Tick);
    assert!(harness.calls().is_empty(), "it was read just now");
    harness.now += Duration::from_secs(2);
    harness.send(Msg::Tick);
    let calls = harness.calls();
    let [(id, effect::Call::Models(Call::Deployment { model_id, .. }))] = &calls[..] else {
        panic!("{calls:?}")
    };
    assert_eq!(model_id, "churn-prod-slow");
    harness.now += Duration::from_secs(9);
    harness.send(Msg::Tick);
    assert!(harness.calls().is_empty(), "one question at a time");
    send(
        &mut harness,
        *id,
        Reply::Deployment { model_id: model_id.clone(), found: Ok(deployed("churn-prod-add")) },
    );
    assert!(!super::watches(&harness.app));
}

#[test]
fn a_result_can_be_searched_folded_and_written() {
    let mut harness = listed();
    let body =
        "{\"success\":true,\"response\":{\"rows\":[{\"deep\":{\"x\":1,\"y\":2}},2,3,4,5,6,7],\"flat\":1}}";
    tested(&mut harness, "t<enter>", answer(200, body));
    harness.keys("<down><enter>/FLAT");
    let viewer = harness.app.models.viewer.as_ref().unwrap();
    assert!(viewer.lines[viewer.top..].iter().take(21).any(|line| line.contains("flat")));
    harness.keys("<enter>z");
    let screen = harness.screen(80, 50);
    assert!(screen.contains("… 7 items") && !screen.contains("deep"), "{screen}");
    harness.keys("ze");
    harness.keys("<enter>");
    let calls = harness.calls();
    let [(id, effect::Call::Models(Call::Write { file, text }))] = &calls[..] else { panic!("{calls:?}") };
    assert!(text.contains("\"flat\": 1") && file.ends_with("result-1.txt"));
    let done = Err("there is such a file already; type another name".to_owned());
    send(&mut harness, *id, Reply::Written { file: file.clone(), done });
    assert!(harness.screen(80, 24).contains("there is such a file"), "the name can be changed");
}

/// A summary as the engine would give it.
fn summary(requests: u64, ended: bool) -> std::sync::Arc<Summary> {
    let json = serde_json::json!({
        "schema": "keybench.run/1",
        "stage": if ended { "done" } else { "running" },
        "started": "2026-11-23T09:14:00Z",
        "stopped_by": if ended { serde_json::json!("count") } else { serde_json::Value::Null },
        "plan": {"label": "churn-prod/add", "count": 200, "concurrency": 8, "warmup": 0, "unbounded": false},
        "elapsed_s": requests as f64 / 50.0, "total": requests, "ok": requests - 2, "errors": 2, "busy": 1,
        "abandoned": 0, "missed": 0, "in_flight": if ended { 0 } else { 8 }, "rps": 50.0, "latency_from": "sent",
        "min_ms": 1.0, "mean_ms": 5.0, "p50_ms": 4.0, "p90_ms": 9.0, "p99_ms": 20.0 + requests as f64 / 10.0,
        "p999_ms": 41.0, "max_ms": 42.0,
        "service": {"min_ms": 1.0, "mean_ms": 5.0, "p50_ms": 4.0, "p90_ms": 9.0, "p99_ms": 20.0, "p999_ms": 41.0, "max_ms": 42.0},
        "replicas": {
            "add-1-1-7c9f5b6d8c-x2x4q": {"requests": requests / 2, "share": 0.5, "errors": 1, "p50_ms": 4.0, "p99_ms": 20.0},
            "add-1-1-7c9f5b6d8c-b8n2k": {"requests": requests / 2, "share": 0.5, "errors": 0, "p50_ms": 4.0, "p99_ms": 19.0},
        },
        "statuses": {"200": requests - 2, "429": 1},
        "by_status": {},
        "failures": {"busy": 1, "timeout": 1},
        "bytes": 6800, "connections": 8,
        "histogram": (0..24).map(|n| serde_json::json!({"from_ms": 1.2f64.powi(n), "to_ms": 1.2f64.powi(n + 1), "requests": (12 - (n - 12).abs()) * 2})).collect::<Vec<_>>(),
        "series": (0..30).map(|n| serde_json::json!({"at_s": n as f64 * 0.25, "width_s": 0.25, "requests": 8 + n % 5, "errors": 0, "busy": 0, "p50_ms": 4.0, "p99_ms": 10.0 + (n % 7) as f64, "max_ms": 42.0})).collect::<Vec<_>>(),
    });
    std::sync::Arc::new(serde_json::from_value(json).unwrap())
}

/// Begins the run that the form asks for.
fn running() -> (Harness, RequestId, Box<super::calls::RunRequest>) {
    let mut harness = listed();
    harness.keys("b<enter>");
    let mut calls = harness.calls();
    let (id, effect::Call::Models(Call::Run(run))) = calls.remove(0) else {
        panic!("no run began: {calls:?}")
    };
    (harness, id, run)
}

#[test]
fn the_form_of_a_run() {
    let mut harness = listed();
    harness.keys("b");
    snapshots("run_form", &mut harness);
    harness.keys("x<enter>");
    assert!(harness.calls().is_empty());
    snapshots("run_form_wrong", &mut harness);
    harness.keys("<esc>");
    assert!(harness.app.models.running.is_none());
}

#[test]
fn a_run_beyond_the_ceiling_asks_and_names_the_model() {
    let mut harness = listed();
    harness.keys("b<ctrl-u>20000<enter>");
    assert!(harness.calls().is_empty());
    snapshots("run_ceiling", &mut harness);
    harness.keys("<tab><enter>");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, effect::Call::Models(Call::Run(run)))] if run.plan.unbounded && run.plan.count == Some(20_000)),
        "{calls:?}"
    );
}

#[test]
fn a_run_is_watched_frozen_stopped_and_compared() {
    let (mut harness, id, run) = running();
    assert_eq!((run.plan.count, run.plan.concurrency, run.key), (Some(200), Some(8), KeyToSend::SignedIn));
    let model_id = run.model_id;
    let progress =
        |requests| Reply::RunProgress { model_id: model_id.clone(), summary: summary(requests, false) };
    harness.send(Msg::Progress { id, reply: msg::Reply::Models(progress(80)) });
    snapshots("run_live", &mut harness);
    harness.keys("f");
    harness.send(Msg::Progress { id, reply: msg::Reply::Models(progress(120)) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("frozen") && screen.contains("80 requests"), "{screen}");
    harness.keys("fs");
    assert!(harness.screen(80, 24).contains("120 requests"));
    let calls = harness.calls();
    assert!(matches!(&calls[..], [(_, effect::Call::Models(Call::StopRun(_)))]), "{calls:?}");
    let ended = Ok(summary(150, true));
    send(&mut harness, id, Reply::RunEnded { model_id: model_id.clone(), ended });
    snapshots("run_ended", &mut harness);

    harness.keys("c");
    assert!(harness.screen(80, 24).contains("no earlier run"));
    harness.keys("b<enter>");
    let (id, _) = harness.calls().remove(0);
    send(&mut harness, id, Reply::RunEnded { model_id, ended: Ok(summary(200, true)) });
    harness.keys("c");
    snapshots("run_compared", &mut harness);
    harness.keys("c");
    assert!(!harness.screen(80, 24).contains("the run before"));
    harness.keys("e<backspace><backspace><backspace><backspace>csv<enter>");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, effect::Call::Models(Call::Export { file, .. }))] if file.ends_with("run.csv")),
        "{calls:?}"
    );
}

#[test]
fn a_run_goes_on_when_one_looks_elsewhere_and_leaving_asks() {
    let (mut harness, id, run) = running();
    harness.keys("<esc><esc>1");
    assert!(harness.app.requests.waits_for(id));
    harness.keys("q");
    assert!(
        harness.screen(80, 24).contains("still running against churn-prod/add"),
        "{}",
        harness.screen(80, 24)
    );
    harness.keys("<esc>2");
    send(&mut harness, id, Reply::RunEnded { model_id: run.model_id, ended: Ok(summary(200, true)) });
    assert!(harness.screen(80, 24).contains("the run has ended"));
    harness.keys("b");
    assert!(harness.app.models.runs_in_sight().is_some());
}

#[test]
fn a_run_that_cannot_begin_says_why() {
    let (mut harness, id, run) = running();
    let error =
        CallError::Invalid { what: "the CA file cannot be used".into(), hint: "name a PEM file".into() };
    send(&mut harness, id, Reply::RunEnded { model_id: run.model_id, ended: Err(error) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("the CA file cannot be used; name a PEM file"), "{screen}");
}

#[test]
fn the_selected_row_is_reversed() {
    let mut harness = listed();
    harness.keys("<down>");
    harness.app.size = (80, 24);
    let buffer = harness.buffer(80, 24);
    let row = (0..24).find(|y| buffer[(1, *y)].symbol() == "▸").unwrap();
    let name: String = (17..22).map(|x| buffer[(x, row)].symbol()).collect();
    assert_eq!(name, "churn");
    assert!(buffer[(17, row)].modifier.contains(Modifier::REVERSED));
}

#[test]
fn it_draws_at_every_size() {
    let mut harness = listed();
    refused(&mut harness, "t<enter>");
    for keys in ["", "K", "<esc><down><enter>", "<esc><esc>", "/c"] {
        harness.keys(keys);
        for (columns, rows) in (1..130).step_by(7).flat_map(|w| (1..50).step_by(3).map(move |h| (w, h))) {
            harness.screen(columns, rows);
        }
    }
}
