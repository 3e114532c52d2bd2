//! Helpers for tests of models, in addition to a running workbench.

use std::time::Duration;

use keybench::workbench::{Options, Seed};
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{As, Bench, Reply, skipped};

/// How long a test waits for an expected event.
const PATIENCE: Duration = Duration::from_secs(60);

/// The one member that refuses a model call (DOCS, ml-generating-model-api-key).
pub const DOCUMENTED_REFUSAL: (&str, &str) = (
    "User APikey not authorized to access model",
    "Check APIKEY permissions or model authentication permissions",
);

/// Tests of Python functions pass without Python, and say so.
pub fn there_is_python() -> bool {
    let there =
        std::process::Command::new("python3").arg("--version").output().is_ok_and(|it| it.status.success());
    if !there {
        skipped("there is no python3");
    }
    there
}

/// Demo data with other options.
pub async fn demo_with(change: fn(&mut Options)) -> Bench {
    Bench::with(|options| {
        options.seed = Seed::Demo;
        change(options);
    })
    .await
}

impl Bench {
    /// Calls a model of the demo data.
    pub async fn call(&self, user: &str, model: &str, request: Value) -> Reply {
        let access_key = self.access_key(model).await;
        self.call_key(As::User(user), &access_key, request).await
    }

    /// Calls a model by its access key.
    pub async fn call_key(&self, user: As<'_>, access_key: &str, request: Value) -> Reply {
        self.post(user, "/model", json!({"accessKey": access_key, "request": request})).await
    }

    /// A request with or without a JSON body, as a method's name and a path.
    pub async fn ask(&self, user: &str, method: &str, path: &str, body: Value) -> Reply {
        let method: Method = method.parse().unwrap();
        let body = (method != Method::GET).then(|| body.to_string());
        self.send(method, As::User(user), path, body).await
    }

    pub async fn access_key(&self, model: &str) -> String {
        self.model_named(model).await["access_key"].as_str().unwrap().to_owned()
    }

    /// The id of a demo model.
    pub async fn model(&self, name: &str) -> String {
        self.model_named(name).await["id"].as_str().unwrap().to_owned()
    }

    async fn model_named(&self, name: &str) -> Value {
        let listed = self.get(As::User("admin"), "/api/v2/models?page_size=1000").await.ok();
        let found = listed["models"].as_array().unwrap().iter().find(|it| it["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {listed}")).clone()
    }

    /// Repeats a request until the answer is as expected.
    pub async fn until(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let reply = self.get(As::User("admin"), path).await;
                if reply.status == 200 && holds(&reply.body) {
                    return reply.body;
                }
            }
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(body) => body,
            Err(_) => panic!("{path} stays {:?}", self.get(As::User("admin"), path).await),
        }
    }

    /// Waits until the newest build is built and one of its deployments runs, and returns that.
    pub async fn deployed(&self, project: &str, model: &str) -> Value {
        let builds = format!("/api/v2/projects/{project}/models/{model}/builds");
        let newest = format!("{builds}?sort=-created_at&page_size=1");
        let built = self.until(&newest, |it| it["model_builds"][0]["status"] == "built").await;
        let build = built["model_builds"][0]["id"].as_str().unwrap();
        let up = |it: &Value| {
            let all = it["model_deployments"].as_array().unwrap();
            all.iter().find(|deployment| deployment["status"] == "deployed").cloned()
        };
        up(&self.until(&format!("{builds}/{build}/deployments"), |it| up(it).is_some()).await).unwrap()
    }
}

pub fn deployment_path(project: &str, deployment: &Value) -> String {
    let of = |member: &str| deployment[member].as_str().unwrap().to_owned();
    let (model, build, id) = (of("model_id"), of("build_id"), of("id"));
    format!("/api/v2/projects/{project}/models/{model}/builds/{build}/deployments/{id}")
}
