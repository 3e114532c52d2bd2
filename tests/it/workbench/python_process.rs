//! Processes that serve Python functions, and replicas made of them. They need `python3` on the
//! machine; without one they say so and pass.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use keybench::workbench::Logs;
use keybench::workbench::python::{Environment, Function, Process, Python, Unanswered, Unusable};
use keybench::workbench::replicas::{self, Outcome, Plan, ReplicaNames, Replicas, Settings};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::support::{skipped, starter};

const LIMIT: Duration = Duration::from_secs(60);

struct Project {
    directory: tempfile::TempDir,
    python: Python,
    logs: Logs,
}

impl Project {
    /// `None` where there is no Python to test with.
    fn new(file: &str, text: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let python = Python::install(directory.path(), starter()).unwrap();
        if !python.is_there() {
            skipped("there is no python3");
            return None;
        }
        let path = directory.path().join("project").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        let logs = Logs::new(directory.path().join("logs"));
        Some(Self { directory, python, logs })
    }

    fn function(&self, file: &str, name: &str) -> Function {
        let environment = [("CDSW_MODEL_DEPLOYMENT_CRN".to_owned(), "crn:x".to_owned())];
        Function {
            project: self.directory.path().join("project"),
            root: String::new(),
            file: file.to_owned(),
            name: name.to_owned(),
            environment: Environment(environment.into()),
            memory: 0,
        }
    }

    fn printed(&self) -> String {
        fs::read_to_string(self.directory.path().join("logs/replica.log")).unwrap_or_default()
    }

    async fn start(&self, function: &Function) -> Result<Process, Unusable> {
        let log = Arc::new(self.logs.of("replica"));
        self.python.start(function, log, LIMIT).await
    }
}

async fn call(process: &mut Process, request: Value) -> Result<Value, Unanswered> {
    let request = to_raw_value(&request).unwrap();
    process.call(&request).await.map(|raw| serde_json::from_str(raw.get()).unwrap())
}

#[tokio::test]
async fn functions_written_for_the_real_product_run_unchanged() {
    let text = "
import cdsw, sys
import cml.models_v1 as models
import cml.metrics_v1 as metrics

def plain(args):
    print('seen', args)
    return args['n'] + 1

@models.cml_model
def decorated(args):
    return {'doubled': args['n'] * 2}

@models.cml_model(metrics=True)
def measured(args):
    metrics.track_metric('n', args['n'])
    return args['n']

@cdsw.model_metrics
def old(args):
    cdsw.track_metric('input', args)
    return [args['n']]
";
    let Some(project) = Project::new("models/all.py", text) else { return };
    for (name, expected) in [("plain", json!(3)), ("decorated", json!({"doubled": 4}))] {
        let mut process = project.start(&project.function("models/all.py", name)).await.unwrap();
        assert_eq!(call(&mut process, json!({"n": 2})).await, Ok(expected));
    }
    for (name, expected) in [("measured", json!(2)), ("old", json!([2]))] {
        let mut process = project.start(&project.function("models/all.py", name)).await.unwrap();
        let first = call(&mut process, json!({"n": 2})).await.unwrap();
        let second = call(&mut process, json!({"n": 2})).await.unwrap();
        assert_eq!((&first["prediction"], &first["model_deployment_crn"]), (&expected, &json!("crn:x")));
        assert_ne!(first["uuid"], second["uuid"]);
    }
}

#[tokio::test]
async fn an_exception_is_logged_and_the_process_serves_on() {
    let text = "
def predict(args):
    if args == 'nan':
        return float('nan')
    if args == 'object':
        return object()
    return 1 / args
";
    let Some(project) = Project::new("f.py", text) else { return };
    let mut process = project.start(&project.function("f.py", "predict")).await.unwrap();
    for request in [json!(0), json!("nan"), json!("object"), Value::Null] {
        assert_eq!(call(&mut process, request).await, Err(Unanswered::Raised));
    }
    assert_eq!(call(&mut process, json!(4)).await, Ok(json!(0.25)));
    drop(process);
    // Another task writes the log, so wait for its end.
    timeout_until(|| {
        project.printed().contains("ZeroDivisionError") && project.printed().contains("not JSON serializable")
    })
    .await;
}

async fn timeout_until(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, wait).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_served_fails_with_the_reason() {
    let text = "
import sys
number = 5
";
    let Some(project) = Project::new("f.py", text) else { return };
    let folder = project.directory.path().join("project");
    fs::write(folder.join("imports.py"), "import no_such_module\n").unwrap();
    fs::write(folder.join("syntax.py"), "def predict(:\n").unwrap();
    fs::write(folder.join("exits.py"), "import sys\nsys.exit(3)\n").unwrap();
    fs::write(folder.join("dies.py"), "import os\nos._exit(3)\n").unwrap();
    for (file, name, reason) in [
        ("f.py", "predict", "f.py has no function 'predict'"),
        ("f.py", "number", "'number' in f.py is not a function"),
        ("missing.py", "predict", "no file \"missing.py\""),
        ("imports.py", "predict", "No module named 'no_such_module'"),
        ("syntax.py", "predict", "SyntaxError"),
        ("exits.py", "predict", "SystemExit: 3"),
        ("dies.py", "predict", "ended while it loaded"),
        ("../project/f.py", "predict", "leads out of the project's folder"),
    ] {
        let error = project.python.check(&project.function(file, name), LIMIT).await.unwrap_err();
        assert!(error.to_string().contains(reason), "{file} {name}: {error}");
    }
}

#[tokio::test]
async fn neither_prints_nor_reads_disturb_the_answers() {
    let text = "
import os, sys, subprocess
def predict(args):
    os.write(1, b'answer 3\\nabc')
    subprocess.run(['echo', 'from a child'])
    return [sys.stdin.read(), args]
";
    let Some(project) = Project::new("f.py", text) else { return };
    let mut process = project.start(&project.function("f.py", "predict")).await.unwrap();
    for request in [json!("a\n\"b\""), json!(["snow ☃", 1e300])] {
        assert_eq!(call(&mut process, request.clone()).await, Ok(json!(["", request])));
    }
}

#[tokio::test]
async fn a_process_and_what_it_started_end_with_its_owner() {
    let text = "
import subprocess
def predict(args):
    return subprocess.Popen(['sleep', '600']).pid
";
    let Some(project) = Project::new("f.py", text) else { return };
    let mut process = project.start(&project.function("f.py", "predict")).await.unwrap();
    let child = call(&mut process, Value::Null).await.unwrap().as_i64().unwrap();
    let ended = process.ended();
    drop(process);
    tokio::time::timeout(LIMIT, ended.cancelled()).await.unwrap();
    let status = format!("/proc/{child}/stat");
    timeout_until(|| fs::read_to_string(&status).map_or(true, |stat| stat.contains(") Z "))).await;
}

#[tokio::test]
async fn a_machine_without_python_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let python = Python::with_interpreter(directory.path(), starter(), None).unwrap();
    let function = Function {
        project: directory.path().to_owned(),
        root: String::new(),
        file: "f.py".to_owned(),
        name: "predict".to_owned(),
        environment: Environment::default(),
        memory: 0,
    };
    let error = python.check(&function, LIMIT).await.unwrap_err();
    assert!(error.to_string().contains("no python3"), "{error}");
}

fn raw(request: Value) -> Box<RawValue> {
    to_raw_value(&request).unwrap()
}

fn answered(outcome: Outcome) -> (Arc<str>, String) {
    match outcome {
        Outcome::Answered { replica, response } => (replica, response.get().to_owned()),
        other => panic!("{other:?}"),
    }
}

const DYING: &str = "
import os
def predict(args):
    if args == 'die':
        os._exit(1)
    if args == 'spin':
        while True:
            pass
    return os.getpid()
";

async fn serving_python(request_timeout: Duration) -> Option<(Project, Replicas)> {
    let project = Project::new("f.py", DYING)?;
    let all = Replicas::new(Settings {
        busy_wait: LIMIT,
        request_timeout,
        start_limit: LIMIT,
        logs: project.logs.clone(),
        python: project.python.clone(),
    });
    let function = replicas::Function::Python(project.function("f.py", "predict"));
    let names = ReplicaNames::new("model", 1, 3);
    all.deploy(Plan { deployment: "d1".to_owned(), names, replicas: 1, function }).await.unwrap();
    Some((project, all))
}

#[tokio::test]
async fn a_process_that_dies_is_replaced_under_a_new_name() {
    let Some((_project, all)) = serving_python(Duration::from_secs(60)).await else { return };
    let (first, pid) = answered(all.call("d1", &raw(json!(null))).await);
    // It dies while it is idle. Wait until it has, not in /proc, which may be that of another PID namespace.
    let pid = pid.parse().ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let gone = async {
        while rustix::process::test_kill_process(pid).is_ok() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone).await.unwrap();
    // A call that comes before the server has noticed fails with the death.
    let second = loop {
        match all.call("d1", &raw(json!(null))).await {
            Outcome::Died { replica } => assert_eq!(replica, first),
            other => break answered(other).0,
        }
    };
    assert_ne!(first, second);
    let outcome = all.call("d1", &raw(json!("die"))).await;
    assert!(matches!(&outcome, Outcome::Died { replica } if *replica == second), "{outcome:?}");
    let (third, _) = answered(all.call("d1", &raw(json!(null))).await);
    assert!(third != second && third != first);
}

#[tokio::test]
async fn a_function_that_never_returns_is_ended_by_the_request_timeout() {
    let Some((_project, all)) = serving_python(Duration::from_secs(1)).await else { return };
    // A busy machine may take longer than that for any answer, and the process is another one then.
    let soon = async || loop {
        match all.call("d1", &raw(json!(null))).await {
            Outcome::TimedOut { .. } => {}
            other => break answered(other),
        }
    };
    let (first, pid) = soon().await;
    let outcome = all.call("d1", &raw(json!("spin"))).await;
    assert!(matches!(&outcome, Outcome::TimedOut { replica } if *replica == first), "{outcome:?}");
    let (_, next) = soon().await;
    assert_ne!(next, pid);
}
