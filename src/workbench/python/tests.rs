//! These need `python3` on the machine; without one they say so and pass.

use super::*;
use crate::workbench::logs::Logs;
use serde_json::{Value, json};

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
        let python = Python::install(&directory.path().join("support")).unwrap();
        if !python.is_there() {
            eprintln!("skipped: there is no python3");
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
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("logs/replica.log")).unwrap_or_default()
    }

    async fn start(&self, function: &Function) -> Result<Process, Unusable> {
        let log = Arc::new(self.logs.of("replica"));
        self.python.start(function, log, LIMIT).await
    }
}

async fn call(process: &mut Process, request: Value) -> Result<Value, Unanswered> {
    let request = serde_json::value::to_raw_value(&request).unwrap();
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
    // The log is written by a task of its own, so its end has to be waited for.
    timeout_until(|| {
        project.log().contains("ZeroDivisionError") && project.log().contains("not JSON serializable")
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
    let python = Python::with_interpreter(&directory.path().join("support"), None).unwrap();
    let function = Function {
        project: directory.path().to_owned(),
        root: String::new(),
        file: "f.py".to_owned(),
        name: "predict".to_owned(),
        environment: Environment::default(),
    };
    let error = python.check(&function, LIMIT).await.unwrap_err();
    assert!(error.to_string().contains("no python3"), "{error}");
    assert!(find(Some(OsStr::new("/nonexistent"))).is_none());
}
