//! The Models tab on a fixed clock, with the answers of a workbench made up.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;

use keybench::config::KnownKey;
use keybench::diagnosis::{Action, Cause, Diagnosis};
use keybench::probe::run::Summary;
use keybench::probe::{Answer, CallResult, Phases};
use keybench::secret::ApiKey;
use keybench::tui::call::{self, Call, KeyToSend, RunRequest};
use keybench::tui::msg::Msg;
use keybench::tui::requests::RequestId;
use keybench::tui::testing::{Harness, moment};
use keybench::wire::{
    Model, ModelBuild, ModelDeployment, Project, ProjectPermissions, ShortProject, ShortUser, Whole,
};

pub fn model(project: &str, name: &str, auth_enabled: bool, description: &str) -> Model {
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

pub fn demo() -> Vec<Model> {
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

pub fn key(digits: &str) -> ApiKey {
    ApiKey::parse(&format!("{}.{}", "0a".repeat(32), digits.repeat(16))).unwrap()
}

pub fn deployed(model_id: &str) -> Option<Box<(ModelBuild, ModelDeployment)>> {
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

pub fn answer(status: u16, body: &str) -> CallResult {
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

pub fn sent_text() -> String {
    "POST /model HTTP/1.1\nAuthorization: Bearer ••••c4d5\n\n{\"accessKey\":\"madd…0000\",\"request\":{\"a\": 3, \"b\": 5}}".to_owned()
}

pub fn success() -> CallResult {
    answer(200, "{\"success\":true,\"response\":8,\"ReplicaID\":\"add-1-1-7c9f5b6d8c-x2x4q\"}")
}

pub fn refusal() -> CallResult {
    answer(
        401,
        "{\"success\":false,\"errors\":{\"User APikey not authorized to access model\":\"Check APIKEY permissions or model authentication permissions\"}}",
    )
}

pub fn not_a_collaborator() -> Diagnosis {
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
pub fn opened() -> (Harness, Vec<(RequestId, Call)>) {
    let mut harness = Harness::new();
    harness.shared().session.known_keys = vec![KnownKey {
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

/// The demo's models listed; the deployments in sight and the project answered.
pub fn listed() -> Harness {
    let (mut harness, calls) = opened();
    let (id, _) = calls.into_iter().find(|(_, call)| matches!(call, Call::ListModels { .. })).unwrap();
    harness.send(Msg::Progress { id, answer: call::Answer::ModelsPage(demo()) });
    harness.answer(id, call::Answer::ModelsListed(Ok(())));
    answer_what_is_read(&mut harness);
    harness
}

pub fn answer_what_is_read(harness: &mut Harness) {
    loop {
        let calls = harness.calls();
        if calls.is_empty() {
            return;
        }
        for (id, call) in calls {
            match call {
                Call::Deployment { model_id, .. } => {
                    let found = Ok(deployed(&model_id));
                    harness.answer(id, call::Answer::Deployment { model_id, found });
                }
                Call::Project { project_id } => {
                    let project = Project {
                        owner: ShortUser { username: "owner".into(), ..ShortUser::default() },
                        permissions: ProjectPermissions { read: true, admin: true, ..Default::default() },
                        visibility: "private".into(),
                        ..Project::default()
                    };
                    harness.answer(id, call::Answer::Project { project_id, project: Ok(Box::new(project)) });
                }
                other => panic!("not answered: {other:?}"),
            }
        }
    }
}

/// Presses the keys, answers the test that they send, and gives its key and request.
pub fn tested(harness: &mut Harness, keys: &str, call: CallResult) -> (KeyToSend, String) {
    harness.keys(keys);
    let calls = harness.calls();
    let [(id, Call::TestModel(test))] = <[_; 1]>::try_from(calls).unwrap() else {
        panic!("no test was sent");
    };
    let sent = (test.key.clone(), test.request.clone());
    harness.answer(id, call::Answer::ModelTested { test, sent: sent_text(), call: Box::new(call) });
    sent
}

/// As [`tested`], for a refusal; the reason is answered as well.
pub fn refused(harness: &mut Harness, keys: &str) -> (KeyToSend, String) {
    let sent = tested(harness, keys, refusal());
    let calls = harness.calls();
    let [(id, Call::Explain(explain))] = <[_; 1]>::try_from(calls).unwrap() else {
        panic!("nobody asked why");
    };
    assert_eq!(explain.key, sent.0);
    let explained = call::Answer::Explained {
        model_id: explain.model.id.clone(),
        number: explain.number,
        diagnosis: Box::new(not_a_collaborator()),
    };
    harness.answer(id, explained);
    sent
}

/// A summary as the engine would give it.
pub fn summary(requests: u64, ended: bool) -> Arc<Summary> {
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
    Arc::new(serde_json::from_value(json).unwrap())
}

/// The summary of an ended run of fifteen seconds: long enough for its noise to be known.
pub fn long_summary(requests: u64) -> Arc<Summary> {
    let mut summary = Summary::clone(&summary(requests, true));
    (summary.total, summary.ok, summary.elapsed_s) = (requests * 5, requests * 5 - 2, 15.0);
    summary.rps = summary.total as f64 / summary.elapsed_s;
    summary.replicas.values_mut().for_each(|replica| replica.requests *= 5);
    let share = requests as f64 / 200.0;
    summary.series.extend(summary.series.clone());
    for (at, point) in summary.series.iter_mut().enumerate() {
        point.at_s = at as f64 * 0.25;
        point.requests = (point.requests as f64 * share) as u64;
        point.p99_ms *= share;
    }
    Arc::new(summary)
}

/// Begins the run that the form asks for.
pub fn running() -> (Harness, RequestId, Box<RunRequest>) {
    let mut harness = listed();
    harness.keys("b<enter>");
    let mut calls = harness.calls();
    let (id, Call::Run(run)) = calls.remove(0) else { panic!("no run began: {calls:?}") };
    (harness, id, run)
}
