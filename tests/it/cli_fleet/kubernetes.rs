//! A key in a Secret: with a stand-in for `kubectl`, and with the real one, if it is installed, at an API
//! server that knows nothing but Secrets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Fleet, service};
use crate::workbench::examples::there_is;

const ONE: &str = r#"
[[service]]
name = "scoring"
[[service.deliver]]
kubernetes_secret = "scoring"
namespace = "prod"
"#;

/// What stands on the path instead of the real `kubectl`.
const KUBECTL: &str = r#"#!/bin/sh
case "$*" in
  *get*) cat secret.value 2>/dev/null; true ;;
  *apply*) cat > applied.json; echo "$*" > arguments
    sed 's/.*"api-key":"\([^"]*\)".*/\1/' applied.json > secret.value ;;
esac
"#;

#[test]
fn a_secret_of_kubernetes_goes_through_standard_input() {
    let mut fleet = Fleet::new(ONE);
    // Another program writes the file that is run: a program that another thread of this one starts would have
    // it open, too, and what is open for writing cannot be run.
    let text = fleet.home.file("kubectl.text", KUBECTL);
    let mut install = std::process::Command::new("install");
    install.args(["-m", "755", &text]).arg(fleet.home.path("kubectl"));
    assert!(install.status().unwrap().success());
    let path = format!("{}:{}", fleet.home.folder.path().display(), std::env::var("PATH").unwrap());
    fleet.home.set("PATH", &path);
    fleet.run("apply", &[]).ok();
    let secret: Value = serde_json::from_str(&fleet.read("applied.json")).unwrap();
    assert_eq!((&secret["kind"], &secret["metadata"]["name"]), (&json!("Secret"), &json!("scoring")));
    let arguments = fleet.read("arguments");
    assert!(arguments.contains("--namespace prod") && arguments.contains("--server-side"), "{arguments}");
    assert!(!arguments.contains(secret["data"]["api-key"].as_str().unwrap()), "no key in an argument");
    fleet.run("plan", &[]).ok();
}

/// What an API server keeps, by path, and which changes it was asked for.
#[derive(Default)]
struct Cluster {
    objects: Mutex<BTreeMap<String, Value>>,
    changes: Mutex<Vec<String>>,
}

const SECRET: &str = "/api/v1/namespaces/prod/secrets/scoring";

async fn answer(State(cluster): State<Arc<Cluster>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let secrets = json!({
        "name": "secrets", "singularName": "secret", "namespaced": true, "kind": "Secret",
        "verbs": ["get", "patch", "create"],
    });
    let patch = json!({ "patch": {
        "x-kubernetes-group-version-kind": { "group": "", "version": "v1", "kind": "Secret" },
        "parameters": [{ "name": "fieldValidation", "in": "query" }],
        "responses": {},
    } });
    let path = uri.path();
    let mut objects = cluster.objects.lock().unwrap();
    if method == Method::PATCH {
        cluster.changes.lock().unwrap().push(uri.to_string());
        objects.insert(path.to_owned(), serde_json::from_slice(&body).unwrap());
    }
    let found = match path {
        "/api" => json!({ "kind": "APIVersions", "versions": ["v1"] }),
        "/apis" => json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": [] }),
        "/api/v1" => json!({ "kind": "APIResourceList", "groupVersion": "v1", "resources": [secrets] }),
        "/openapi/v3" => json!({ "paths": { "api/v1": { "serverRelativeURL": "/openapi/v3/api/v1" } } }),
        "/openapi/v3/api/v1" => json!({
            "openapi": "3.0.0", "info": { "title": "Kubernetes", "version": "1" },
            "paths": { "/api/v1/namespaces/{namespace}/secrets/{name}": patch },
        }),
        _ => match objects.get(path) {
            Some(object) => object.clone(),
            None => {
                let status = json!({
                    "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
                    "message": "not found",
                });
                return (StatusCode::NOT_FOUND, axum::Json(status)).into_response();
            }
        },
    };
    axum::Json(found).into_response()
}

#[test]
fn the_real_kubectl_applies_and_reads_the_secret() {
    if !there_is("kubectl", &["version", "--client"]) {
        return;
    }
    let mut fleet = Fleet::new(ONE);
    let cluster = Arc::new(Cluster::default());
    let router = Router::new().fallback(answer).with_state(cluster.clone());
    let runtime = &fleet.bench.runtime;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let configuration = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{ name: c, context: {{ cluster: c, user: u }} }}]\n\
         clusters: [{{ name: c, cluster: {{ server: \"http://{address}\" }} }}]\nusers: [{{ name: u, user: {{}} }}]\n"
    );
    let file = fleet.home.file("kubeconfig", &configuration);
    fleet.home.set("KUBECONFIG", &file);
    let data = |entry: &str| {
        let secret = cluster.objects.lock().unwrap()[SECRET].clone();
        String::from_utf8(STANDARD.decode(secret["data"][entry].as_str().unwrap()).unwrap()).unwrap()
    };
    assert_eq!(service(&fleet.run("plan", &[]).json(), "scoring")["action"], "create");
    fleet.run("apply", &[]).ok();
    assert_eq!(data("key-id"), fleet.keys("scoring")[0]);
    fleet.home.file("key", &data("api-key"));
    fleet.works("key");
    let changes = cluster.changes.lock().unwrap().clone();
    assert!(changes.len() == 1 && changes[0].contains("fieldManager=keybench"), "{changes:?}");
    fleet.run("plan", &[]).ok();

    cluster.objects.lock().unwrap().get_mut(SECRET).unwrap()["data"]["api-key"] = json!("c3RyYXk=");
    let drifted = fleet.run("plan", &[]);
    assert_eq!((drifted.code, &service(&drifted.json(), "scoring")["action"]), (8, &json!("deliver")));
    fleet.run("apply", &[]).ok();
    assert_eq!(data("api-key"), fleet.read("key"));
    fleet.run("plan", &[]).ok();
}
