//! Requests of every kind, valid, invalid and senseless: none gets a 5xx (except 501), a body that
//! is not JSON, or a success that differs from the specification. `PROPTEST_CASES` sets how many, and
//! `PROPTEST_RNG_SEED` which.

use std::fmt::Write;

use keybench::workbench::Seed;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::support::{As, Bench};

/// Default number of requests.
const CASES: u32 = 400;

/// A request without the running workbench's IDs.
#[derive(Debug, Clone)]
struct Wild {
    method: Method,
    /// An index into the served paths.
    path: prop::sample::Index,
    params: Vec<Param>,
    query: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    caller: Caller,
}

#[derive(Debug, Clone)]
enum Param {
    /// What is there.
    Right,
    Bytes(Vec<u8>),
}

#[derive(Debug, Clone)]
enum Caller {
    Anonymous,
    User(&'static str),
    Header(String),
}

fn requests() -> impl Strategy<Value = Wild> {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let param = prop_oneof![3 => Just(Param::Right), 1 => vec(any::<u8>(), 0..40).prop_map(Param::Bytes)];
    let caller = prop_oneof![
        1 => Just(Caller::Anonymous),
        8 => select(vec!["admin", "owner", "contributor", "outsider"]).prop_map(Caller::User),
        1 => "(Bearer |Basic |)[ -~]{0,140}".prop_map(Caller::Header),
    ];
    let body = prop_oneof![
        1 => Just(None),
        2 => vec(any::<u8>(), 0..200).prop_map(Some),
        6 => object().prop_map(|object| Some(object.to_string().into_bytes())),
    ];
    (select(methods.to_vec()), any::<prop::sample::Index>(), vec(param, 4), vec(pair(), 0..4), body, caller)
        .prop_map(|(method, path, params, query, body, caller)| Wild {
            method,
            path,
            params,
            query,
            body,
            caller,
        })
}

/// A query parameter, usually with a known name.
fn pair() -> impl Strategy<Value = (String, String)> {
    let known = [
        "page_size",
        "pageSize",
        "page_token",
        "search_filter",
        "sort",
        "include_all_projects",
        "project_ids",
    ];
    let name = prop_oneof![4 => select(known.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    let filters =
        ["{\"name\":\"a\"}", "{\"status\":\"built\",\"crn\":\"\"}", "{\"permission\":\"read\"}", "{"];
    let sorts = ["name", "-created_at,+name", "+username,-permission", "built_at", "-", ","];
    let value = prop_oneof![
        select(filters.to_vec()).prop_map(str::to_owned),
        select(sorts.to_vec()).prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>(),
    ];
    (name, value)
}

/// A JSON object with known members, and values of any kind.
fn object() -> impl Strategy<Value = Value> {
    let known = [
        "name",
        "audience",
        "audiences",
        "expiry_date",
        "comments",
        "permission",
        "visibility",
        "environment",
        "shared_memory_limit",
        "api_key_expiry_date",
        "description",
        "disable_authentication",
        "auto_build_model",
        "auto_deploy_model",
        "auto_build_config",
        "auto_deployment_config",
        "kernel",
        "function_name",
        "file_path",
        "replicas",
        "cpu",
        "memory",
        "default_resources",
        "default_replication_policy",
        "run_as",
        "accessKey",
        "request",
        "default_api_keys_expiration_days",
        "max_gpu_per_engine",
    ];
    let name = prop_oneof![8 => select(known.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    vec((name, value()), 0..6).prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
}

fn value() -> impl Strategy<Value = Value> {
    let values = [
        "API",
        "2027-01-31",
        "2027-01-31T00:00:00Z",
        "read",
        "public",
        "echo",
        "builtin",
        "{}",
        "9999-12-31",
    ];
    let leaf = prop_oneof![
        3 => select(values.to_vec()).prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let member = prop_oneof![
            select(vec!["kernel", "function_name", "replicas", "num_replicas", "cpu_millicores"])
                .prop_map(str::to_owned),
            any::<String>(),
        ];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((member, inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02x}");
        text
    })
}

/// The served paths, and valid values of their parameters.
struct Ground {
    paths: Vec<String>,
    params: Map<String, Value>,
}

impl Ground {
    async fn of(bench: &Bench) -> Self {
        let document = bench.get(As::Anonymous, "/api/v2/swagger.json").await.ok();
        let mut paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
        paths.extend(["/api/v1/site/config", "/model", "/sense-bootstrap.json"].map(str::to_owned));
        let project = bench.project("churn-prod").await;
        let model = bench.model("churn").await;
        let deployment = bench.deployed(&project, &model).await;
        let params = json!({
            "project_id": project, "project.id": project, "model_id": model, "model.id": model,
            "build_id": deployment["build_id"], "deployment_id": deployment["id"],
            "username": "viewer", "user_id": "4", "key_id": "x",
        });
        Self { paths, params: params.as_object().unwrap().clone() }
    }

    fn path(&self, wild: &Wild) -> String {
        let mut params = wild.params.iter();
        let segments = wild.path.get(&self.paths).split('/').map(|segment| match segment.split_once('}') {
            None => segment.to_owned(),
            Some((name, verb)) => match params.next() {
                Some(Param::Bytes(bytes)) => encoded(bytes) + verb,
                _ => self.params[&name[1..]].as_str().unwrap().to_owned() + verb,
            },
        });
        let path = segments.collect::<Vec<_>>().join("/");
        let query = wild
            .query
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name.as_bytes()), encoded(value.as_bytes())));
        let query = query.collect::<Vec<_>>().join("&");
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }
}

#[test]
fn no_request_breaks_the_workbench() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (bench, ground) = runtime.block_on(async {
        let bench = Bench::with(|options| {
            options.seed = Seed::Demo;
            options.behaviour.limits.build_step_ms = 0;
            options.behaviour.limits.deployment_step_ms = 0;
        })
        .await;
        let ground = Ground::of(&bench).await;
        (bench, ground)
    });
    let cases = std::env::var("PROPTEST_CASES").map_or(CASES, |text| text.parse().unwrap());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&requests(), |wild| {
        let path = ground.path(&wild);
        let caller = match &wild.caller {
            Caller::Anonymous => As::Anonymous,
            Caller::User(name) => As::User(name),
            Caller::Header(text) => As::Header(text),
        };
        let body = wild.body.clone().map(reqwest::Body::from);
        let reply = runtime.block_on(bench.send(wild.method.clone(), caller, &path, body));
        // The documented answer to a value that is not a key is the only 500.
        let malformed = reply.status == 500 && reply.body["message"] == "malformed apikey";
        prop_assert!(
            reply.status < 500 || reply.status == 501 || malformed,
            "{} {path}: {reply:?}",
            wild.method
        );
        Ok(())
    });
    outcome.unwrap();
    // It is still intact.
    runtime.block_on(async {
        bench.get(As::User("admin"), "/api/v2/usersquota").await.ok();
    });
}
