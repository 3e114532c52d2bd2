//! Builds and deployments: the flows of the command line against the embedded workbench, and what the
//! actions make of answers that nobody expects.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::bench::{Bench, Done, Home};
use crate::support::{Scripted, answer, api_key, json as reply};
use keybench::actions::models::{self, BuildChoice, Ended, Environment, Plan, Resources};
use keybench::api::{Client, ClientOptions};
use keybench::config::Session;
use keybench::wire::{Model, ModelBuild, ModelDeployment, ShortProject};

const RUNTIME: &str =
    "docker.repository.cloudera.com/cloudera/cdsw/ml-runtime-workbench-python3.11-standard:2024.02.1-b4";
/// Loads where it is tried out, and not where it is deployed.
const FAILS_DEPLOYED: &str = "import os
if os.environ.get('CDSW_MODEL_DEPLOYMENT_CRN'):
    raise RuntimeError('no licence for the tokenizer')
def predict(args):
    return args
";

fn run(home: &Home, arguments: &[&str]) -> Done {
    home.run(&[arguments, &["--json"]].concat())
}

/// Puts a file into the project of `playground/echo`.
fn put(bench: &Bench, name: &str, text: &str) {
    let folder = bench.folder.path().join("data/projects/playground");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
}

/// What a fault does so that a deployment never comes up.
fn never_deployed() -> Value {
    json!({"status": 200, "body": {"id": "d", "status": "pending"}})
}

fn has_python() -> bool {
    std::process::Command::new("python3").arg("--version").output().is_ok()
}

fn text<'a>(document: &'a Value, member: &str) -> &'a str {
    document[member].as_str().unwrap_or_else(|| panic!("{member}: {document}"))
}

#[test]
fn an_older_build_is_the_way_back() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let model = "churn-prod/churn";
    let first = run(&home, &["models", "builds", model]).ok().json()[0].clone();
    assert_eq!((text(&first, "function_name"), text(&first["deployment"], "status")), ("churn", "deployed"));

    let second = run(&home, &["models", "build", model, "--comment", "more data", "--wait"]).ok().json();
    assert_eq!((text(&second, "status"), text(&second, "model")), ("built", model));
    let builds = run(&home, &["models", "builds", model]).ok().json();
    assert_eq!(builds.as_array().unwrap().len(), 2);
    assert_eq!((text(&builds[0], "comment"), &builds[0]["deployment"]), ("more data", &Value::Null));
    assert_eq!(text(&builds[1]["deployment"], "status"), "deployed", "building deploys nothing");

    let forward = run(&home, &["models", "deploy", model, "--memory", "3", "--wait"]).ok().json();
    assert_eq!((text(&forward, "build_id"), text(&forward, "status")), (text(&second, "id"), "deployed"));
    assert_eq!(forward["replaces"], first["deployment"]["id"]);
    assert_eq!(
        (&forward["replicas"], &forward["memory"]),
        (&json!(3), &json!(3.0)),
        "as it was, but for memory"
    );

    let beginning = &text(&first, "id")[..13];
    let back = run(&home, &["models", "deploy", model, "--build", beginning, "--replicas", "1", "--wait"])
        .ok()
        .json();
    assert_eq!((text(&back, "build_id"), &back["replaces"]), (text(&first, "id"), &forward["deployment_id"]));
    assert_eq!((&back["replicas"], &back["memory"]), (&json!(1), &json!(3.0)));
    let shown = run(&home, &["models", "show", model]).ok().json();
    assert_eq!((&shown["build"]["id"], &shown["why"]), (&first["id"], &json!([])));
    home.run(&["models", "test", model]).ok();

    let table = home.run(&["models", "builds", model]).ok().out;
    let lines: Vec<_> = table.lines().collect();
    assert!(lines[0].starts_with("STATUS") && lines[0].ends_with("BUILD"), "{table}");
    assert!(lines[1].contains("more data") && !lines[1].contains("deployed"), "{table}");
    assert!(lines[2].contains("deployed"), "{table}");
}

#[test]
fn a_build_that_fails_ends_with_8_and_is_never_deployed() {
    if !has_python() {
        return;
    }
    let bench = Bench::demo();
    let home = bench.home("owner");
    put(&bench, "broken.py", "import no_such_module\n");
    let build = ["models", "build", "playground/echo", "--file", "broken.py", "--function", "predict"];
    let failed = run(&home, &[&build[..], &["--runtime", RUNTIME, "--comment", "try", "--wait"]].concat());
    assert_eq!((failed.code, failed.error()["kind"].as_str()), (8, Some("build_failed")), "{failed:?}");
    assert_eq!(text(&failed.json(), "status"), "build failed");
    let message = failed.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("no_such_module") && message.contains("no logs of builds"), "{message}");
    let said = home.run(&[&build[..], &["--runtime", RUNTIME, "--wait"]].concat());
    assert!(said.out.starts_with("playground/echo: build ") && said.out.ends_with(": failed\n"), "{said:?}");
    // Its file was why it failed: the next one is as the last that was built.
    let mended = run(&home, &["models", "build", "playground/echo", "--wait"]).ok().json();
    assert_eq!((text(&mended, "status"), text(&mended, "file_path")), ("built", ""));
    home.run(&[&build[..], &["--runtime", RUNTIME, "--wait"]].concat());

    let refused = run(&home, &["models", "deploy", "playground/echo", "--wait"]);
    assert_eq!((refused.code, refused.error()["kind"].as_str()), (8, Some("not_built")), "{refused:?}");
    assert_eq!(refused.out, "");
    let shown = run(&home, &["models", "show", "playground/echo"]).ok().json();
    assert_eq!(text(&shown["deployment"], "status"), "deployed", "what ran before still runs");
}

#[test]
fn a_deployment_that_fails_ends_with_8_and_says_why_as_far_as_that_is_known() {
    if !has_python() {
        return;
    }
    let bench = Bench::controlled();
    let home = bench.home("owner");
    put(&bench, "licensed.py", FAILS_DEPLOYED);
    let build = ["models", "build", "playground/echo", "--file", "licensed.py", "--function", "predict"];
    // Nobody waits for the build: its deployment does.
    run(&home, &[&build[..], &["--runtime", RUNTIME]].concat()).ok();
    let failed = run(&home, &["models", "deploy", "playground/echo", "--wait"]);
    assert_eq!((failed.code, failed.error()["kind"].as_str()), (8, Some("deployment_failed")), "{failed:?}");
    let document = failed.json();
    assert_eq!(text(&document, "status"), "failed");
    assert!(document["why"][0].as_str().unwrap().contains("no licence for the tokenizer"), "{document}");
    assert!(failed.error()["message"].as_str().unwrap().contains("no licence"), "{failed:?}");
    let shown = home.run(&["models", "show", "playground/echo"]).ok().out;
    assert!(shown.contains("not running     The workbench says: "), "{shown}");

    bench.fault(&json!({"operation": "ListUsage"}), &json!({"status": 501}));
    let shown = run(&home, &["models", "show", "playground/echo"]).ok().json();
    let why = shown["why"][0].as_str().unwrap();
    assert!(why.starts_with("Why is not known here") && why.contains("501"), "{why}");

    run(&home, &["models", "restart", "playground/echo"]).ok();
    let stopped = run(&home, &["models", "stop", "playground/echo"]).ok();
    assert!(!stopped.out.is_empty());
}

#[test]
fn a_deployment_whose_answer_is_lost_is_found_and_one_that_hangs_is_not_waited_for_for_ever() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    bench.fault(&json!({"operation": "CreateModelDeployment"}), &json!({"reset_after": true}));
    let deployed = run(&home, &["models", "deploy", "churn-prod/add", "--wait"]).ok().json();
    assert_eq!(text(&deployed, "status"), "deployed");

    bench.fault(&json!({"operation": "GetModelDeployment"}), &never_deployed());
    let wait = ["models", "deploy", "churn-prod/add", "--wait", "--wait-timeout", "1s"];
    let late = run(&home, &wait);
    assert_eq!((late.code, late.error()["kind"].as_str()), (8, Some("still_waiting")), "{late:?}");
    assert_eq!(text(&late.json(), "status"), "pending", "the last that was heard");

    bench.fault(&json!({"operation": "GetModelDeployment"}), &json!({"status": 403}));
    let denied = run(&home, &wait[..4]);
    assert_eq!(denied.code, 4, "{denied:?}");
    bench.fault(&json!({"operation": "CreateModelDeployment"}), &json!({"status": 403}));
    assert_eq!(run(&home, &wait[..4]).code, 4);
}

#[test]
fn an_interrupted_wait_says_what_was_made() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    bench.fault(&json!({"operation": "GetModelDeployment"}), &never_deployed());
    let mut child = home.command(&["models", "deploy", "churn-prod/slow", "--wait"]).spawn().unwrap();
    let mut err = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut err, &mut line).unwrap();
    assert_eq!(line, "deployment: pending\n");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .unwrap();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut err, &mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(
        rest.contains("interrupted; done before: deployment ") && rest.contains("churn-prod/slow was made"),
        "{rest}"
    );
}

#[test]
fn the_environment_of_the_last_deployment_goes_into_the_next() {
    let bench = Bench::demo();
    let mut options = ClientOptions::new(&bench.url);
    options.key = Some(keybench::secret::ApiKey::parse(&bench.key("owner")).unwrap());
    let session = Session::new(Client::new(options).unwrap());
    bench.runtime.block_on(async {
        let mut plan = models::plan(&session, "churn-prod/add", &BuildChoice::Latest, Resources::default())
            .await
            .unwrap();
        let request = keybench::wire::CreateModelDeploymentRequest {
            project_id: plan.model.project.public_identifier.clone(),
            model_id: plan.model.id.clone(),
            build_id: plan.build.id.clone(),
            environment: [("MODE".to_owned(), "fast".to_owned())].into(),
            ..Default::default()
        };
        let first = session.client.create_deployment(&request).await.unwrap();
        // As a list may show it.
        plan.last = Some(ModelDeployment { environment: String::new(), ..first });
        let (second, environment) = models::deploy(&session, &plan).await.unwrap();
        assert_eq!((second.environment.as_str(), environment), (r#"{"MODE":"fast"}"#, Environment::Kept(1)));
    });
}

#[test]
fn the_usage_view_lists_the_deployments_of_ones_own_projects() {
    let bench = Bench::demo();
    let usage = |user: &str| {
        let mut options = ClientOptions::new(&bench.url);
        options.key = Some(keybench::secret::ApiKey::parse(&bench.key(user)).unwrap());
        let client = Client::new(options).unwrap();
        let query = keybench::api::PageQuery::sized(100).filtered("workload_type", "model");
        bench.runtime.block_on(async { client.usage_page(&query).await.unwrap() })
    };
    let (admin, owner, outsider) = (usage("admin"), usage("owner"), usage("outsider"));
    assert_eq!((admin.total, outsider.total), (Some(7), None));
    assert!(owner.items.iter().all(|row| row.project_name != "fraud-lab") && owner.items.len() == 6);
    let stopped = owner.items.iter().find(|row| row.name == "retired").unwrap();
    assert_eq!((stopped.status.as_str(), stopped.creator.as_str()), ("stopped", "owner"));
    assert!(stopped.workload_url.starts_with(&bench.url), "{stopped:?}");
}

/// A session at a server with prepared answers.
fn scripted(server: &Scripted) -> Session {
    let mut options = ClientOptions::new(&server.url);
    options.key = Some(api_key('a'));
    Session::new(Client::new(options).unwrap())
}

fn plan() -> Plan {
    let project =
        ShortProject { public_identifier: "p1".into(), name: "p".into(), ..ShortProject::default() };
    Plan {
        model: Model { id: "m1".into(), name: "m".into(), project, ..Model::default() },
        build: ModelBuild {
            id: "b1".into(),
            model_id: "m1".into(),
            status: "built".into(),
            ..ModelBuild::default()
        },
        last: None,
        wish: Resources::default(),
    }
}

#[test]
fn answers_that_are_no_deployment_are_no_success() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let none = reply("200 OK", r#"{"model_deployments":[]}"#);
    let deploy = |second: String| {
        let server = runtime.block_on(Scripted::start(&[none.clone(), second, none.clone()]));
        let done = runtime.block_on(models::deploy(&scripted(&server), &plan()));
        done.map(|(made, _)| made).map_err(|error| error.to_string())
    };
    for body in ["{}", "", "[]", r#"{"id":5}"#, r#"{"id":"d1","replicas":"many"}"#] {
        let error = deploy(reply("200 OK", body)).unwrap_err();
        assert!(error.starts_with("deploying a build: "), "{body}: {error}");
    }
    let page = deploy(answer("200 OK", &["content-type: text/html"], "<html>Sign in</html>")).unwrap_err();
    assert!(page.contains("page"), "{page}");
    let made = deploy(reply("200 OK", r#"{"id":"d1","replicas":"2","cpu":null}"#)).unwrap();
    assert_eq!((made.project_id.as_str(), made.build_id.as_str(), made.replicas.0), ("p1", "b1", 2));
}

#[test]
fn an_unknown_status_is_waited_out_and_a_stop_is_no_success() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let at = |status: &str| reply("200 OK", &format!(r#"{{"id":"d1","status":"{status}"}}"#));
    let follow = |answers: &[String], limit: u64| {
        let server = runtime.block_on(Scripted::start(answers));
        let begun = ModelDeployment {
            project_id: "p1".into(),
            model_id: "m1".into(),
            build_id: "b1".into(),
            id: "d1".into(),
            status: "pending".into(),
            ..ModelDeployment::default()
        };
        let (session, build, limit) = (scripted(&server), plan().build, Duration::from_millis(limit));
        let followed = models::follow_deployment(&session, &build, &begun, limit, &());
        runtime.block_on(followed).map(|(_, last, ended)| (last.status, ended)).unwrap()
    };
    assert_eq!(follow(&[at("scheduled"), at("deployed")], 60_000), ("deployed".into(), Ended::Done));
    assert_eq!(follow(&[at("stopping")], 60_000), ("stopping".into(), Ended::Stopped));
    assert_eq!(follow(&[at("failed")], 60_000), ("failed".into(), Ended::Failed));
    assert_eq!(follow(&[at("scheduled")], 3_000), ("scheduled".into(), Ended::TimeUp));
}

#[test]
fn what_the_usage_view_says_is_taken_only_for_the_deployment_that_it_is_about() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let why = |body: &str| {
        let server = runtime.block_on(Scripted::start(&[reply("200 OK", body)]));
        let failed =
            ModelDeployment { id: "d1".into(), status: "failed".into(), ..ModelDeployment::default() };
        let Plan { model, build, .. } = plan();
        runtime.block_on(models::why(&scripted(&server), &model, &build, &failed)).join(" ")
    };
    let memory =
        why(r#"{"usage_response":[{"id":"x"},{"id":"crn:cdp:ml:d1","oom_killed":true,"message":null,
            "k8s_info":{"k8s_exit_code":"137","k8s_reason":"OOMKilled"}}]}"#);
    assert!(memory.contains("ran out of memory") && memory.contains("exit code 137"), "{memory}");
    let other =
        why(r#"{"usage_response":[{"id":"x","name":"m","workload_type":"session","message":"boom"}]}"#);
    assert!(other.contains("Why is not known here") && !other.contains("boom"), "{other}");
}

#[test]
fn a_build_is_named_by_what_the_tables_show() {
    let bench = Bench::demo();
    let mut options = ClientOptions::new(&bench.url);
    options.key = Some(keybench::secret::ApiKey::parse(&bench.key("owner")).unwrap());
    let session = Session::new(Client::new(options).unwrap());
    let find = |choice: &str| {
        let choice = BuildChoice::from(choice);
        bench.runtime.block_on(models::plan(&session, "churn-prod/add", &choice, Resources::default()))
    };
    let id = find("latest").unwrap().build.id;
    for wanted in [id.clone(), id[..8].to_owned(), keybench::text::short_id(&id).into_owned()] {
        assert_eq!(find(&wanted).unwrap().build.id, id, "{wanted}");
    }
    assert!(find("zzzz").unwrap_err().hint().unwrap().contains("models builds"));
}
