//! Every cause over the wire: a model call that goes wrong, the facts gathered from a workbench
//! that answers correctly or not at all, and the verdict.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use keybench::api::{Client, ClientOptions};
use keybench::diagnosis::{Action, Cause, Diagnosis, KeyCheck, Known, Subject, diagnose, gather};
use keybench::probe::{ModelCallTarget, ModelRequest, Transport, TransportOptions, call};
use keybench::secret::ApiKey;
use keybench::wire::Model;
use serde_json::{Value, json};

const REFUSED: &str = r#"{"success":false,"StatusCode":401,"errors":{"User APikey not authorized to access model":"Check APIKEY permissions or model authentication permissions"}}"#;

/// A workbench in which `owner` owns the private project `churn-prod` with the model `add`.
#[derive(Clone)]
struct Workbench {
    /// The answer to a model call: status, header, body.
    model_answer: (u16, &'static [(&'static str, &'static str)], String),
    /// Key to user; all other keys are rejected.
    keys: HashMap<&'static str, &'static str>,
    /// Keys that are valid for applications only.
    application_keys: HashMap<&'static str, &'static str>,
    /// The message for a rejected key.
    rejection: &'static str,
    /// Users who may see the project, besides its owner.
    members: Vec<(&'static str, &'static str)>,
    public: bool,
    auth_enabled: bool,
    access_key: &'static str,
    deployment: Option<&'static str>,
    build: &'static str,
    /// The user's listed keys: Key ID and expiry.
    listed: Vec<(&'static str, &'static str)>,
    /// All of API v2 answers with this status.
    api_down: Option<u16>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Workbench {
    fn new() -> Self {
        Self {
            model_answer: (401, &[], REFUSED.to_owned()),
            keys: HashMap::from([("owner.k", "owner"), ("viewer.k", "viewer"), ("outsider.k", "outsider")]),
            application_keys: HashMap::new(),
            rejection: "invalid API key",
            members: vec![("viewer", "read")],
            public: false,
            auth_enabled: true,
            access_key: "m1",
            deployment: Some("deployed"),
            build: "built",
            listed: Vec::new(),
            api_down: None,
            asked: Arc::default(),
        }
    }

    fn answering(status: u16, body: &str) -> Self {
        Self { model_answer: (status, &[], body.to_owned()), ..Self::new() }
    }

    async fn serve(self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let model = "/api/v2/projects/{p}/models/{m}";
        let router = Router::new()
            .route("/model", post(model_call))
            .route("/api/v2/auth/validate_key", post(validate))
            .route("/api/v2/projects/{p}", get(project))
            .route("/api/v2/projects/{p}/collaborators", get(collaborators))
            .route("/api/v2/users/{u}/v2_keys", get(list_keys))
            .route(model, get(get_model))
            .route(&format!("{model}/builds"), get(builds))
            .route(&format!("{model}/builds/{{b}}/deployments"), get(deployments))
            .with_state(Arc::new(self));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    /// Calls the model with `key`, signed in as `signed_in`, and explains the result.
    async fn explain(self, key: Option<&str>, signed_in: &str) -> Diagnosis {
        let address = self.serve().await;
        explain_at(&format!("http://{address}"), &format!("http://{address}/model"), key, signed_in).await
    }

    fn user(&self, headers: &HeaderMap) -> Result<&'static str, Refusal> {
        self.asked.lock().unwrap().push("call".to_owned());
        if let Some(status) = self.api_down {
            return Err(refusal(status, 13, "down"));
        }
        let key = headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ");
        self.keys.get(key).copied().ok_or_else(|| refusal(401, 16, self.rejection))
    }

    fn sees(&self, user: &str) -> Result<(), Refusal> {
        let sees = self.public || user == "owner" || self.members.iter().any(|(name, _)| *name == user);
        if sees { Ok(()) } else { Err(refusal(404, 5, "project not found")) }
    }
}

type Refusal = (StatusCode, Json<Value>);

fn refusal(status: u16, code: i32, message: &str) -> Refusal {
    (StatusCode::from_u16(status).unwrap(), Json(json!({"code": code, "message": message})))
}

type Bench = State<Arc<Workbench>>;

async fn model_call(State(bench): Bench) -> Response {
    let (status, headers, body) = &bench.model_answer;
    let mut response = Response::builder().status(*status);
    for (name, value) in *headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.clone())).unwrap()
}

async fn validate(State(bench): Bench, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let key = headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ");
    if let Some(username) = bench.application_keys.get(key) {
        return match body["audience"].as_str() {
            Some("Application") => Json(json!({"valid": true, "username": username})).into_response(),
            _ => refusal(403, 7, "audience mismatch").into_response(),
        };
    }
    match bench.user(&headers) {
        Ok(username) => Json(json!({"valid": true, "username": username})).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn project(State(bench): Bench, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    let user = bench.user(&headers)?;
    bench.sees(user)?;
    let mine = user == "owner";
    Ok(Json(json!({"id": "p1", "name": "churn-prod", "owner": {"username": "owner"},
        "permissions": {"read": true, "write": mine, "admin": mine}})))
}

async fn collaborators(State(bench): Bench, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    bench.sees(bench.user(&headers)?)?;
    let all: Vec<_> = bench
        .members
        .iter()
        .map(|(name, permission)| json!({"user": {"username": name}, "permission": permission}))
        .collect();
    Ok(Json(json!({"collaborators": all, "next_page_token": ""})))
}

async fn list_keys(State(bench): Bench, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    bench.user(&headers)?;
    let keys: Vec<_> =
        bench.listed.iter().map(|(id, expiry)| json!({"key_id": id, "expiry_date": expiry})).collect();
    Ok(Json(json!({"keys": keys})))
}

async fn get_model(State(bench): Bench, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    bench.sees(bench.user(&headers)?)?;
    Ok(Json(
        json!({"id": "mod1", "name": "add", "access_key": bench.access_key, "auth_enabled": bench.auth_enabled}),
    ))
}

async fn builds(State(bench): Bench, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    bench.sees(bench.user(&headers)?)?;
    let build = json!({"id": "b1", "status": bench.build, "file_path": "add.py", "function_name": "add",
        "created_at": "2026-11-01T00:00:00Z"});
    Ok(Json(json!({"model_builds": [build]})))
}

async fn deployments(
    State(bench): Bench,
    Path(_): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    bench.sees(bench.user(&headers)?)?;
    let all: Vec<_> = bench
        .deployment
        .iter()
        .map(|status| json!({"id": "d1", "status": status, "replicas": 2, "created_at": "2026-11-01T00:00:00Z"}))
        .collect();
    Ok(Json(json!({"model_deployments": all})))
}

fn subject(url: &str, key: Option<&str>, signed_in: &str, auth_enabled: bool) -> Subject {
    let mut model = Model {
        id: "mod1".into(),
        name: "add".into(),
        access_key: "m1".into(),
        auth_enabled,
        ..Model::default()
    };
    model.project.public_identifier = "p1".into();
    model.project.name = "churn-prod".into();
    Subject {
        target: ModelCallTarget { url: url.to_owned(), access_key: model.access_key.clone() },
        model,
        key: key.map(ApiKey::from_workbench),
        signed_in: Some(signed_in.to_owned()),
    }
}

fn client(url: &str, signed_in: &str) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = ApiKey::from_workbench(format!("{signed_in}.k"));
    let timeout = Duration::from_secs(60);
    Client::new(ClientOptions { key: Some(key), timeout, ..ClientOptions::new(url) }).unwrap()
}

async fn explain_at(workbench: &str, model_url: &str, key: Option<&str>, signed_in: &str) -> Diagnosis {
    let subject = subject(model_url, key, signed_in, true);
    let options = TransportOptions { timeout: Duration::from_secs(60), ..TransportOptions::default() };
    let transport = Transport::new(options).unwrap();
    let request = ModelRequest::parse("{}").unwrap();
    let result = call(&transport, &subject.target, subject.key.as_ref(), &request).await;
    let facts = gather(&client(workbench, signed_in), &subject, &result).await;
    let found = diagnose(&result, &facts);
    assert!(found.sentence.ends_with('.') && !found.sentence.contains(".k"), "{found:?}");
    assert_eq!(
        found.cause == Cause::Passed || found.cause == Cause::KeyNotNeeded,
        result.failure().is_none()
    );
    found
}

#[tokio::test]
async fn an_outsider_is_diagnosed_for_every_caller() {
    // The owner may add collaborators; the viewer and the outsider get a message for a user who
    // may.
    let found = Workbench::new().explain(Some("outsider.k"), "owner").await;
    assert_eq!(found.cause, Cause::NotCollaborator);
    assert!(matches!(&found.actions[0], Action::AddCollaborator { username, project_id, .. }
        if username == "outsider" && project_id == "p1"));
    assert_eq!(found.unverified, Vec::<String>::new());
    assert!(found.said.unwrap().starts_with("User APikey not authorized"));

    let found = Workbench::new().explain(Some("outsider.k"), "viewer").await;
    assert_eq!(found.cause, Cause::NotCollaborator);
    assert!(matches!(&found.actions[0], Action::CopyMessage { text } if text.starts_with("Hello owner,")));

    let found = Workbench::new().explain(Some("outsider.k"), "outsider").await;
    assert_eq!(found.cause, Cause::NotCollaborator);
    assert!(matches!(&found.actions[0], Action::CopyMessage { text }
        if text.contains("keybench collaborators add churn-prod outsider --permission read")));
}

#[tokio::test]
async fn the_same_refusal_is_read_in_every_form_it_may_have() {
    let bodies = [
        REFUSED,
        "{}",
        "",
        r#"{"User APikey not authorized to access model":"Check APIKEY permissions or model authentication permissions"}"#,
        r#"{"error":{"message":"not authorized"}}"#,
    ];
    for status in [401, 403] {
        for body in bodies {
            let found = Workbench::answering(status, body).explain(Some("outsider.k"), "owner").await;
            assert_eq!(found.cause, Cause::NotCollaborator, "{status} {body}");
        }
    }
    let found = Workbench::answering(200, REFUSED).explain(Some("outsider.k"), "owner").await;
    assert_eq!(found.cause, Cause::NotCollaborator, "success:false with status 200");
}

#[tokio::test]
async fn keys_that_are_not_accepted() {
    let found = Workbench::new().explain(None, "owner").await;
    assert_eq!(found.cause, Cause::NoKey);

    let found = Workbench::new().explain(Some("deleted.k"), "owner").await;
    assert_eq!((found.cause, found.unverified.len()), (Cause::KeyMalformed, 0));
    let key = format!("{}.{}", "0a".repeat(32), "9f".repeat(32));
    let found = Workbench::new().explain(Some(&key), "owner").await;
    assert_eq!((found.cause, found.unverified.len()), (Cause::KeyUnknown, 1));

    let expired = Workbench { rejection: "the API key has expired", ..Workbench::new() };
    assert_eq!(expired.explain(Some(&key), "owner").await.cause, Cause::KeyExpired);
    let id: &'static str = Box::leak("0a".repeat(32).into_boxed_str());
    let listed = Workbench { listed: vec![(id, "2020-01-01T23:59:59Z")], ..Workbench::new() };
    let found = listed.explain(Some(&key), "owner").await;
    assert_eq!((found.cause, found.unverified.len()), (Cause::KeyExpired, 1));

    let leaked: &'static str = Box::leak(key.clone().into_boxed_str());
    let audience = Workbench { application_keys: HashMap::from([(leaked, "owner")]), ..Workbench::new() };
    assert_eq!(audience.explain(Some(&key), "owner").await.cause, Cause::KeyAudience);
}

#[tokio::test]
async fn refused_with_every_right() {
    let found = Workbench::new().explain(Some("viewer.k"), "owner").await;
    assert_eq!(found.cause, Cause::RefusedDespiteRights);
    let public = Workbench { public: true, ..Workbench::new() };
    let found = public.explain(Some("outsider.k"), "owner").await;
    assert_eq!((found.cause, found.unverified.len()), (Cause::RefusedDespiteRights, 1));
    let open = Workbench { auth_enabled: false, ..Workbench::new() };
    assert_eq!(open.explain(Some("viewer.k"), "owner").await.cause, Cause::AuthenticationOff);
}

#[tokio::test]
async fn the_model_is_not_up() {
    let cases = [
        (Some("stopped"), "built", Cause::Stopped),
        (Some("deploying"), "built", Cause::Deploying),
        (Some("failed"), "built", Cause::DeploymentFailed),
        (None, "built", Cause::NotDeployed),
        (None, "build failed", Cause::BuildFailed),
    ];
    for (deployment, build, cause) in cases {
        for (status, body) in [(503, "<html>"), (404, "{}"), (400, "{\"success\":false}"), (401, "{}")] {
            let bench = Workbench { deployment, build, ..Workbench::answering(status, body) };
            let found = bench.explain(Some("viewer.k"), "owner").await;
            assert_eq!(found.cause, cause, "{deployment:?} {build} {status}");
        }
    }
}

#[tokio::test]
async fn the_model_is_up_and_fails() {
    let cases = [
        (400, "{\"success\":false,\"StatusCode\":400}", Cause::FunctionFailed),
        (200, "{\"success\":false}", Cause::FunctionFailed),
        (429, "{\"error\":\"model.busy\"}", Cause::Busy),
        (413, "<html>", Cause::RequestTooLarge),
        (404, "{}", Cause::UnknownToService),
        (504, "<html>", Cause::RequestTimeout),
        (502, "<html>", Cause::ServiceTrouble),
        (422, "{\"message\":\"no\"}", Cause::OtherRefusal),
        (200, "<!doctype html><title>Sign in</title>", Cause::NotAModelService),
        (200, "pong", Cause::UnreadableAnswer),
        (200, "{\"success\":true,\"response\":8}", Cause::Passed),
    ];
    for (status, body, cause) in cases {
        let found = Workbench::answering(status, body).explain(Some("viewer.k"), "viewer").await;
        assert_eq!(found.cause, cause, "{status} {body}");
    }
    let redirect = Workbench {
        model_answer: (302, &[("location", "https://sso.example.com/?SAMLRequest=x")], String::new()),
        ..Workbench::new()
    };
    let found = redirect.explain(Some("viewer.k"), "viewer").await;
    assert_eq!(found.cause, Cause::NotAModelService);
    assert!(found.sentence.contains("a redirect to https://sso.example.com/."), "{}", found.sentence);
    let busy = Workbench::answering(429, "{}").explain(Some("viewer.k"), "viewer").await;
    assert!(busy.sentence.starts_with("All 2 replicas of add"), "{}", busy.sentence);
    let other = Workbench { access_key: "m2", ..Workbench::answering(404, "{}") };
    assert_eq!(other.explain(Some("viewer.k"), "viewer").await.cause, Cause::WrongAccessKey);
}

#[tokio::test]
async fn the_model_service_cannot_be_reached_but_its_workbench_can() {
    let workbench = format!("http://{}", Workbench::new().serve().await);
    let closed = "127.0.0.1:1";
    for model_url in [format!("http://{closed}/model"), "http://modelservice.invalid/model".to_owned()] {
        let found = explain_at(&workbench, &model_url, Some("viewer.k"), "viewer").await;
        assert_eq!(found.cause, Cause::ModelServiceUnreachable, "{model_url}");
        assert!(found.remedy.unwrap().contains("--model-url"));
    }
    let unused = format!("http://{closed}");
    let found = explain_at(&unused, &format!("{unused}/model"), Some("viewer.k"), "viewer").await;
    assert_eq!(found.cause, Cause::NoConnection);
    let found = explain_at(&unused, "http://modelservice.invalid/model", Some("viewer.k"), "viewer").await;
    assert_eq!(found.cause, Cause::NameNotFound);
    let found = explain_at(&workbench, &workbench.replace("http", "https"), Some("viewer.k"), "viewer").await;
    assert_eq!(found.cause, Cause::Tls);
}

#[tokio::test]
async fn a_workbench_that_does_not_answer_leaves_things_unverified() {
    let bench = Workbench { api_down: Some(500), ..Workbench::new() };
    let found = bench.explain(Some("viewer.k"), "viewer").await;
    assert_eq!(found.cause, Cause::NotAuthorized);
    assert!(found.unverified[0].contains("whether the key is valid"), "{:?}", found.unverified);
}

#[tokio::test]
async fn a_call_that_passed_asks_the_workbench_nothing() {
    let bench = Workbench::answering(200, "{\"success\":true,\"response\":8}");
    let asked = bench.asked.clone();
    let found = bench.explain(Some("viewer.k"), "viewer").await;
    assert_eq!((found.cause, asked.lock().unwrap().len()), (Cause::Passed, 0));

    let address = Workbench::new().serve().await;
    let subject = subject(&format!("http://{address}/model"), Some("outsider.k"), "owner", true);
    let transport = Transport::new(TransportOptions::default()).unwrap();
    let request = ModelRequest::parse("{}").unwrap();
    let result = call(&transport, &subject.target, subject.key.as_ref(), &request).await;
    let facts = gather(&client(&format!("http://{address}"), "owner"), &subject, &result).await;
    assert_eq!(facts.key.check, KeyCheck::Accepted { username: "outsider".into() });
    assert_eq!(facts.key.sees_project, Known::Hidden, "asked with the very key");
    assert_eq!(facts.access_key_is_current, Known::Yes(true));
}
