//! Python models of the embedded workbench over HTTP. They need `python3` on the machine; without
//! one they say so and pass.

use std::io::BufRead;

use reqwest::Method;
use serde_json::{Value, json};

use super::model_support::{demo_with, deployment_path, there_is_python};
use super::support::{As, Bench};

struct Python {
    bench: Bench,
    models: String,
    project: String,
}

impl Python {
    async fn new(files: &[(&str, &str)]) -> Self {
        Self::on(Bench::demo().await, files).await
    }

    async fn on(bench: Bench, files: &[(&str, &str)]) -> Self {
        let project = bench.project("churn-prod").await;
        for (name, text) in files {
            let path = bench.running.data.join("projects/churn-prod").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self { models: format!("/api/v2/projects/{project}/models"), bench, project }
    }

    /// Creates a model that builds and deploys itself.
    async fn create(&self, name: &str, build: Value) -> Value {
        let wish = json!({
            "name": name, "auto_build_model": true, "auto_deploy_model": true,
            "auto_build_config": build, "auto_deployment_config": {"replicas": 1},
        });
        self.bench.post(As::User("contributor"), &self.models, wish).await.ok()
    }

    async fn serve(&self, name: &str, build: Value) -> String {
        let model = self.create(name, build).await;
        self.bench.deployed(&self.project, model["id"].as_str().unwrap()).await;
        model["access_key"].as_str().unwrap().to_owned()
    }

    /// The comment of the newest build once it has failed.
    async fn failure(&self, name: &str, build: Value) -> String {
        let model = self.create(name, build).await;
        let builds = format!("{}/{}/builds", self.models, model["id"].as_str().unwrap());
        let listed = self.bench.until(&builds, |it| it["model_builds"][0]["status"] == "build failed").await;
        listed["model_builds"][0]["comment"].as_str().unwrap().to_owned()
    }

    fn logs(&self) -> String {
        let mut all = String::new();
        for entry in std::fs::read_dir(self.bench.running.data.join("logs")).into_iter().flatten() {
            all += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
        }
        all
    }
}

fn python(file: &str, function: &str) -> Value {
    json!({"kernel": "python3", "file_path": file, "function_name": function})
}

const FIT: &str = r#"
import os
import cml.models_v1 as models
import cml.metrics_v1 as metrics

WEIGHT = float(open("weights/weight.txt").read())

def predict(args):
    return {"y": WEIGHT * args["x"], "pid": os.getpid()}

@models.cml_model(metrics=True)
def measured(args):
    metrics.track_metric("x", args["x"])
    return WEIGHT * args["x"]

def fails(args):
    raise ValueError("no such customer")

def dies(args):
    if args == "die":
        os._exit(9)
    return "alive"
"#;

#[tokio::test]
async fn a_function_of_a_project_is_served() {
    if !there_is_python() {
        return;
    }
    let python_bench = Python::new(&[("fit.py", FIT), ("weights/weight.txt", "2.5")]).await;
    let plain = python_bench.serve("plain", python("fit.py", "predict")).await;
    let measured = python_bench.serve("measured", python("fit.py", "measured")).await;
    let bench = &python_bench.bench;
    let answer = bench.call_key(As::User("viewer"), &plain, json!({"x": 2})).await.ok();
    assert_eq!(answer["response"]["y"], 5.0);
    assert!(answer["ReplicaID"].as_str().unwrap().starts_with("plain-"));
    let answer = bench.call_key(As::User("viewer"), &measured, json!({"x": 2})).await.ok();
    let response = &answer["response"];
    assert_eq!(response["prediction"], 5.0);
    assert!(response["model_deployment_crn"].as_str().unwrap().starts_with("crn:cdp:ml:"));
    assert_eq!(response["uuid"].as_str().unwrap().len(), 36);
    assert_eq!(bench.call_key(As::User("outsider"), &plain, json!({"x": 2})).await.status, 401);
}

/// Calls the API as programs do in a session.
const ASKS: &str = r#"
import os, urllib.request

def predict(args):
    url = os.environ["CDSW_API_URL"].removesuffix("/api/v1") + "/api/v2/swagger.json"
    with urllib.request.urlopen(url) as answer:
        return [url.split(":")[0], answer.status]
"#;

#[tokio::test]
async fn a_function_calls_the_api_over_tls() {
    if !there_is_python() {
        return;
    }
    let bench = demo_with(|options| options.tls = true).await;
    let python_bench = Python::on(bench, &[("asks.py", ASKS)]).await;
    let access_key = python_bench.serve("asks", python("asks.py", "predict")).await;
    let answer = python_bench.bench.call_key(As::User("viewer"), &access_key, json!(null)).await.ok();
    assert_eq!(answer["response"], json!(["https", 200]));
}

#[tokio::test]
async fn a_runtime_of_the_list_serves_as_kernel() {
    if !there_is_python() {
        return;
    }
    let python_bench = Python::new(&[("fit.py", "def predict(args):\n    return args\n")]).await;
    let filter = "/api/v2/runtimes?search_filter=%7B%22kernel%22%3A%22Python%22%7D";
    let listed = python_bench.bench.get(As::User("owner"), filter).await.ok();
    let build = json!({
        "runtime_identifier": listed["runtimes"][0]["image_identifier"],
        "file_path": "fit.py", "function_name": "predict",
    });
    let access_key = python_bench.serve("runtime", build).await;
    let answer = python_bench.bench.call_key(As::User("owner"), &access_key, json!([1, "ä"])).await.ok();
    assert_eq!(answer["response"], json!([1, "ä"]));
}

#[tokio::test]
async fn an_exception_is_a_400_and_a_death_brings_a_new_replica() {
    if !there_is_python() {
        return;
    }
    let python_bench = Python::new(&[("fit.py", FIT), ("weights/weight.txt", "1")]).await;
    let fails = python_bench.serve("fails", python("fit.py", "fails")).await;
    let bench = &python_bench.bench;
    let answer = bench.call_key(As::User("owner"), &fails, Value::Null).await;
    assert_eq!((answer.status, &answer.body), (400, &json!({"success": false, "StatusCode": 400})));
    let logged = async {
        while !python_bench.logs().contains("ValueError: no such customer") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), logged).await.unwrap();

    let dies = python_bench.serve("dies", python("fit.py", "dies")).await;
    let before = bench.call_key(As::User("owner"), &dies, Value::Null).await.ok();
    let death = bench.call_key(As::User("owner"), &dies, json!("die")).await;
    assert_eq!((death.status, death.body.get("success")), (500, None));
    let after = bench.call_key(As::User("owner"), &dies, Value::Null).await.ok();
    assert_eq!(after["response"], "alive");
    assert_ne!(before["ReplicaID"], after["ReplicaID"]);
}

#[tokio::test]
async fn what_cannot_be_served_fails_the_build_with_the_traceback() {
    if !there_is_python() {
        return;
    }
    let python_bench = Python::new(&[("imports.py", "import no_such_module\n"), ("empty.py", "")]).await;
    for (name, file, reason) in [
        ("imports", "imports.py", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("empty", "empty.py", "has no function 'predict'"),
    ] {
        let comment = python_bench.failure(name, python(file, "predict")).await;
        assert!(comment.contains("Traceback") && comment.contains(reason), "{comment}");
    }
    let comment = python_bench.failure("missing", python("missing.py", "predict")).await;
    assert!(comment.contains("no file \"missing.py\""), "{comment}");
}

#[tokio::test]
async fn a_restart_keeps_the_code_of_the_build_and_a_new_build_takes_the_edits() {
    if !there_is_python() {
        return;
    }
    let answers = |n: u32| format!("def predict(args):\n    return {n}\n");
    let python_bench = Python::new(&[("models/fit.py", &answers(1))]).await;
    let bench = &python_bench.bench;
    let file = bench.running.data.join("projects/churn-prod/models/fit.py");
    let build = json!({
        "kernel": "python3", "model_root_dir": "models", "file_path": "../models/fit.py",
        "function_name": "predict",
    });
    let model = python_bench.create("kept", build.clone()).await;
    let (id, access_key) = (model["id"].as_str().unwrap(), model["access_key"].as_str().unwrap());
    let deployment = bench.deployed(&python_bench.project, id).await;
    std::fs::write(&file, answers(2)).unwrap();
    let path = deployment_path(&python_bench.project, &deployment);
    bench.post(As::User("owner"), &format!("{path}:restart"), json!({})).await.ok();
    bench.until(&path, |it| it["status"] == "deployed").await;
    let answer = bench.call_key(As::User("owner"), access_key, Value::Null).await.ok();
    assert_eq!(answer["response"], 1);

    let builds = format!("{}/{id}/builds", python_bench.models);
    let built = bench.post(As::User("owner"), &builds, build).await.ok();
    let deployments = format!("{builds}/{}/deployments", built["id"].as_str().unwrap());
    let deployment = bench.post(As::User("owner"), &deployments, json!({})).await.ok();
    let path = deployment_path(&python_bench.project, &deployment);
    bench.until(&path, |it| it["status"] == "deployed").await;
    let answer = bench.call_key(As::User("owner"), access_key, Value::Null).await.ok();
    assert_eq!(answer["response"], 2);

    let kept = || std::fs::read_dir(bench.running.data.join("builds")).unwrap().count();
    assert_eq!(kept(), 2);
    bench.delete(As::User("owner"), &format!("{}/{id}", python_bench.models)).await.ok();
    let cleared = async {
        while kept() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), cleared).await.unwrap();
}

#[tokio::test]
async fn a_cpu_bound_function_does_not_hold_up_the_server() {
    if !there_is_python() {
        return;
    }
    let text = "import os\n\
                def predict(args):\n    n = 0\n    while not os.path.exists('enough'):\n        n += 1\n    return n > 0\n";
    let python_bench = Python::new(&[("spin.py", text)]).await;
    let access_key = python_bench.serve("spin", python("spin.py", "predict")).await;
    let bench = &python_bench.bench;
    let others = async {
        for n in 0..20 {
            bench.call("owner", "add", json!({"a": 1, "b": n})).await.ok();
        }
        // The function sees the files of its build.
        for build in std::fs::read_dir(bench.running.data.join("builds")).unwrap() {
            std::fs::write(build.unwrap().path().join("enough"), "").unwrap();
        }
    };
    let (answer, ()) = tokio::join!(bench.call_key(As::User("owner"), &access_key, json!(null)), others);
    assert_eq!(answer.ok()["response"], true);
}

/// The real server in a separate process.
struct Served {
    process: std::process::Child,
    url: String,
    key: String,
}

impl Served {
    fn start(data: &std::path::Path) -> Self {
        let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_keybench"))
            .args(["serve", "--seed", "demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let credentials = std::fs::read(ready["credentials"].as_str().unwrap()).unwrap();
        let credentials: Value = serde_json::from_slice(&credentials).unwrap();
        let key = credentials[0]["api_key"].as_str().unwrap().to_owned();
        Self { process, url: ready["url"].as_str().unwrap().to_owned(), key }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key);
        let response = request.body(body.to_string()).send().await.unwrap();
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    async fn call_when_up(&self, access_key: &str, request: Value) -> Value {
        let body = json!({"accessKey": access_key, "request": request});
        loop {
            let answer = self.send(Method::POST, "/model", body.clone()).await;
            if answer["success"] == true {
                return answer["response"].clone();
            }
            assert!(answer["errors"].to_string().contains("not deployed"), "{answer}");
        }
    }
}

async fn gone(pid: i64) {
    let ended = async {
        let stat = format!("/proc/{pid}/stat");
        while std::fs::read_to_string(&stat).is_ok_and(|text| !text.contains(") Z ")) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), ended).await.unwrap();
}

#[tokio::test]
async fn processes_end_with_a_server_that_is_killed_and_models_come_up_with_the_next() {
    if !there_is_python() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let mut server = Served::start(data.path());
    // It keeps a core and a child process busy when the server is killed.
    let text = "import os, subprocess, threading\n\
                def spin():\n    while True:\n        pass\n\
                def predict(args):\n\
                \x20   child = subprocess.Popen(['sleep', '600'])\n\
                \x20   threading.Thread(target=spin, daemon=True).start()\n\
                \x20   return [os.getpid(), child.pid]\n";
    std::fs::write(data.path().join("projects/playground/spin.py"), text).unwrap();
    let listed = server.send(Method::GET, "/api/v2/projects?include_all_projects=true", Value::Null).await;
    let projects = listed["projects"].as_array().unwrap();
    let project = projects.iter().find(|it| it["name"] == "playground").unwrap()["id"].as_str().unwrap();
    let wish = json!({
        "name": "spin", "auto_build_model": true, "auto_deploy_model": true,
        "auto_build_config": python("spin.py", "predict"),
    });
    let model = server.send(Method::POST, &format!("/api/v2/projects/{project}/models"), wish).await;
    let access_key = model["access_key"].as_str().unwrap();
    let pids = server.call_when_up(access_key, Value::Null).await;
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    for pid in pids.as_array().unwrap() {
        gone(pid.as_i64().unwrap()).await;
    }

    let mut next = Served::start(data.path());
    let fresh = next.call_when_up(access_key, Value::Null).await;
    assert_ne!(fresh[0], pids[0]);
    next.process.kill().unwrap();
    next.process.wait().unwrap();
}
