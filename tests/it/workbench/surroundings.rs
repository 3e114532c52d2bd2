//! `keybench serve` as a process: what Python functions see of its environment, and what happens
//! without Python.

use std::time::Duration;

use serde_json::{Value, json};

use super::model_support::there_is_python;
use super::served::{Process, client};

/// How long a test waits for an expected event.
const PATIENCE: Duration = Duration::from_secs(60);

const FILE: &str = "import os\ndef predict(args):\n    return dict(os.environ)\n";

/// A served workbench with a function that returns its environment.
struct Served {
    process: Process,
    client: reqwest::Client,
    models: String,
    _data: tempfile::TempDir,
}

impl Served {
    async fn start(change: impl FnOnce(&mut std::process::Command)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let process = Process::start_with(data.path(), &[], change);
        std::fs::write(data.path().join("projects/playground/f.py"), FILE).unwrap();
        let mut served = Self { process, client: client(), models: String::new(), _data: data };
        let projects = served.get("/api/v2/projects").await;
        let found = projects["projects"].as_array().unwrap().iter().find(|it| it["name"] == "playground");
        served.models = format!("/api/v2/projects/{}/models", found.unwrap()["id"].as_str().unwrap());
        served
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.process.url()));
        request.bearer_auth(self.process.key_of("owner")).send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.process.url())).json(&body);
        request.bearer_auth(self.process.key_of("owner")).send().await.unwrap().json().await.unwrap()
    }

    /// A model of the file, once its build has ended.
    async fn built(&self) -> (Value, Value) {
        let wish = json!({
            "name": "env", "auto_build_model": true, "auto_deploy_model": true,
            "auto_build_config": {"kernel": "python3", "file_path": "f.py", "function_name": "predict"},
            "auto_deployment_config": {"cpu": 2, "environment": {"MINE": "1"}},
        });
        let model = self.post(&self.models, wish).await;
        let builds = format!("{}/{}/builds", self.models, model["id"].as_str().unwrap());
        let over = async {
            loop {
                let build = self.get(&builds).await["model_builds"][0].clone();
                if matches!(build["status"].as_str(), Some("built" | "build failed")) {
                    return build;
                }
            }
        };
        (model, tokio::time::timeout(PATIENCE, over).await.unwrap())
    }
}

#[tokio::test]
async fn functions_see_their_own_environment_and_not_the_servers() {
    if !there_is_python() {
        return;
    }
    let served = Served::start(|command| {
        command.env("MYSECRET_KEY", "x").env("CDSW_APIV2_KEY", "x").env("LANG", "C.UTF-8");
    })
    .await;
    let (model, build) = served.built().await;
    assert_eq!(build["status"], "built", "{build}");
    let call = json!({"accessKey": model["access_key"], "request": {}});
    let answered = async {
        loop {
            let answer = served.post("/model", call.clone()).await;
            if answer["success"] == true {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, answered).await.unwrap();
    let seen = answer["response"].as_object().unwrap();
    let domain = served.process.url().strip_prefix("http://").unwrap().to_owned();
    for (name, value) in [
        ("MINE", "1"),
        ("LANG", "C.UTF-8"),
        ("CDSW_PROJECT", "playground"),
        ("PROJECT_OWNER", "owner"),
        ("CDSW_DOMAIN", &domain),
        ("CDSW_API_URL", &format!("http://{domain}/api/v1")),
        ("CDSW_PROJECT_URL", &format!("http://{domain}/api/v1/projects/owner/playground")),
        ("CDSW_CPU_MILLICORES", "2000"),
        ("CDSW_MEMORY_MB", "2048"),
    ] {
        assert_eq!(seen.get(name), Some(&json!(value)), "{name}");
    }
    // Cargo gives its tests variables, so the server has some to hide.
    let hidden = |name: &str| name.starts_with("CARGO") || ["MYSECRET_KEY", "CDSW_APIV2_KEY"].contains(&name);
    assert!(std::env::vars().any(|(name, _)| hidden(&name)));
    let shown: Vec<&String> = seen.keys().filter(|name| hidden(name)).collect();
    assert!(shown.is_empty(), "{shown:?}");
    assert_eq!(served.process.end().0, Some(0));
}

#[tokio::test]
async fn without_python_everything_else_works_and_builds_say_so() {
    let served = Served::start(|command| {
        command.env("PATH", "");
    })
    .await;
    let (_, build) = served.built().await;
    assert_eq!(build["status"], "build failed");
    let comment = build["comment"].as_str().unwrap();
    assert!(comment.contains("no python3") && comment.contains("builtin"), "{comment}");
    let models = served.get("/api/v2/models?page_size=100").await;
    let echo = models["models"].as_array().unwrap().iter().find(|it| it["name"] == "echo").unwrap();
    let call = json!({"accessKey": echo["access_key"], "request": {"a": 1}});
    assert_eq!(served.post("/model", call).await["response"], json!({"a": 1}));
    assert_eq!(served.process.end().0, Some(0));
}
