//! What a Python function can and cannot do to the machine that serves it. The tests need
//! `python3`, those of files Landlock; without it they say so and pass.

use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::time::Duration;

use keybench::workbench::Seed;
use keybench::workbench::python::{Environment, Function, Python, confined};
use serde_json::{Value, json};

use super::model_support::there_is_python;
use super::served::{Process, client};
use super::support::{As, Bench, skipped, starter};

/// How long a test waits for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Serves `predict` of a file of churn-prod; returns the access key.
async fn serve(bench: &Bench, text: &str) -> String {
    let project = bench.project("churn-prod").await;
    std::fs::write(bench.running.data.join("projects/churn-prod/f.py"), text).unwrap();
    let wish = json!({
        "name": "f", "auto_build_model": true, "auto_deploy_model": true,
        "auto_build_config": {"kernel": "python3", "file_path": "f.py", "function_name": "predict"},
    });
    let models = format!("/api/v2/projects/{project}/models");
    let model = bench.post(As::User("owner"), &models, wish).await.ok();
    bench.deployed(&project, model["id"].as_str().unwrap()).await;
    model["access_key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_variables_of_a_project_do_not_act_on_the_interpreter() {
    if !there_is_python() {
        return;
    }
    let bench = Bench::demo().await;
    let project = bench.project("churn-prod").await;
    let planted = bench.running.data.join("projects/churn-prod/planted");
    std::fs::create_dir_all(&planted).unwrap();
    std::fs::write(planted.join("sitecustomize.py"), "import builtins\nbuiltins.planted = True\n").unwrap();
    // The first two together run a command in an interpreter that heeds them.
    let variables = json!({
        "PYTHONWARNINGS": "all:0:antigravity.x:0:0", "BROWSER": "/bin/sh -c 'exit 1' #%s",
        "PYTHONPATH": planted, "PYTHONSTARTUP": planted.join("sitecustomize.py"), "PYTHONHOME": planted,
        "PATH": planted, "LD_PRELOAD": planted.join("evil.so"), "OWN": "kept",
    });
    let changed = json!({"environment": variables.to_string()});
    bench.patch(As::User("owner"), &format!("/api/v2/projects/{project}"), changed).await.ok();
    let text = "
import builtins, os, sys
def predict(args):
    maps = open('/proc/self/maps').read()
    return {
        'isolated': sys.flags.isolated, 'antigravity': 'antigravity' in sys.modules,
        'planted': hasattr(builtins, 'planted'), 'path': [it for it in sys.path if 'planted' in it],
        'preloaded': 'evil' in maps, 'own': os.environ['OWN'],
    }
";
    let access_key = serve(&bench, text).await;
    let answer = bench.call_key(As::User("owner"), &access_key, Value::Null).await.ok();
    let expected = json!({
        "isolated": 1, "antigravity": false, "planted": false, "path": [], "preloaded": false, "own": "kept",
    });
    assert_eq!(answer["response"], expected);
}

#[tokio::test]
async fn a_replica_touches_nothing_but_its_own_folders() {
    if !there_is_python() {
        return;
    }
    if !confined::files_are_guarded() {
        skipped("this kernel has no Landlock");
        return;
    }
    let bench = Bench::demo().await;
    let text = "
import os, resource, subprocess, tempfile
def attempt(action, *args):
    try:
        action(*args)
        return 'done'
    except Exception as error:
        return type(error).__name__
def predict(args):
    data, server = args['data'], args['server']
    names = ['credentials.json', 'workbench.sqlite', 'lock', 'projects/churn-prod/f.py']
    forbidden = [(open, os.path.join(data, name)) for name in names]
    forbidden += [(os.listdir, data), (os.listdir, '/tmp'), (open, '/etc/shadow'), (open, os.path.join(data, 'x'), 'w')]
    forbidden += [(open, f'/proc/{server}/environ'), (open, f'/proc/{server}/mem', 'rb'), (os.kill, server, 0)]
    def child():
        subprocess.run(['cat', os.path.join(data, 'credentials.json')], check=True, stderr=subprocess.DEVNULL)
    def temporary():
        with tempfile.NamedTemporaryFile('w') as file:
            file.write('x')
    return {
        'forbidden': [attempt(*it) for it in forbidden], 'child': attempt(child),
        'allowed': [attempt(open, 'f.py'), attempt(open, 'new', 'w'), attempt(temporary), attempt(os.listdir, os.environ['HOME'])],
        'session': os.getsid(0) == os.getpid(),
        'limits': [resource.getrlimit(it)[1] > 0 for it in (resource.RLIMIT_DATA, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)],
        'core': resource.getrlimit(resource.RLIMIT_CORE),
        'capabilities': [line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapEff', 'CapPrm'))],
    }
";
    let access_key = serve(&bench, text).await;
    let data = std::fs::canonicalize(&bench.running.data).unwrap();
    let request = json!({"data": data, "server": std::process::id()});
    let answer = bench.call_key(As::User("owner"), &access_key, request).await.ok();
    let response = &answer["response"];
    assert_eq!(response["forbidden"], json!(vec!["PermissionError"; 11]), "{response}");
    assert_eq!(response["child"], "CalledProcessError");
    assert_eq!(response["allowed"], json!(vec!["done"; 4]), "{response}");
    assert_eq!((&response["session"], &response["core"]), (&json!(true), &json!([0, 0])));
    assert_eq!(response["limits"], json!(vec![true; 4]), "{response}");
    assert_eq!(response["capabilities"], json!(vec!["0000000000000000"; 2]));
}

#[tokio::test]
async fn replicas_of_a_root_server_are_another_user() {
    let python = std::path::Path::new("/usr/bin/python3");
    if !nix::unistd::geteuid().is_root() || !python.exists() {
        skipped("this needs root and a python3 that everybody can run");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let project = directory.path().join("builds/b1");
    std::fs::create_dir_all(&project).unwrap();
    let text = "
import multiprocessing, os
def predict(args):
    open('written', 'w').close()
    multiprocessing.Lock()
    try:
        os.kill(args, 0)
    except PermissionError:
        return [os.getuid(), os.getgid(), os.getgroups()]
";
    std::fs::write(project.join("f.py"), text).unwrap();
    let machine = Python::with_interpreter(directory.path(), starter(), Some(python.to_owned())).unwrap();
    assert!(!machine.warnings().iter().any(|it| it.contains("root")), "{:?}", machine.warnings());
    let function = Function {
        project: project.clone(),
        root: String::new(),
        file: "f.py".to_owned(),
        name: "predict".to_owned(),
        environment: Environment::default(),
        memory: 0,
    };
    let mut process = machine.start(&function, Arc::default(), PATIENCE).await.unwrap();
    let request = serde_json::value::to_raw_value(&std::process::id()).unwrap();
    let answer: Value = serde_json::from_str(process.call(&request).await.unwrap().get()).unwrap();
    let user = answer[0].as_u64().unwrap();
    assert!((61_184..65_520).contains(&user), "{answer}");
    assert_eq!((&answer[1], &answer[2]), (&json!(user), &json!([])));
    // Only this user can pass through the data directory.
    let metadata = std::fs::metadata(directory.path()).unwrap();
    assert_eq!((metadata.mode() & 0o777, u64::from(metadata.gid())), (0o710, user));
}

#[tokio::test]
async fn an_allocation_that_is_too_large_fails_and_the_replica_serves_on() {
    if !there_is_python() || !cfg!(target_os = "linux") {
        return;
    }
    let bench = Bench::demo().await;
    let text = "def predict(args):\n    return len(bytearray(args << 30))\n";
    let access_key = serve(&bench, text).await;
    assert_eq!(bench.call_key(As::User("owner"), &access_key, json!(64)).await.status, 400);
    let answer = bench.call_key(As::User("owner"), &access_key, json!(0)).await.ok();
    assert_eq!(answer["response"], 0);
}

/// A regular expression that blocks the interpreter for ages, after a child was started in its own
/// session.
const STUCK: &str = "
import os, re, subprocess
def predict(args):
    child = subprocess.Popen(['sleep', '600'], start_new_session=True)
    with open('pids.part', 'w') as file:
        file.write(f'{os.getpid()} {os.getppid()} {child.pid}')
    os.rename('pids.part', 'pids')
    return re.match(r'(a+)+$', 'a' * 64 + 'b')
";

#[tokio::test]
async fn everything_that_a_stuck_replica_started_ends_with_a_killed_server() {
    if !there_is_python() || !cfg!(target_os = "linux") {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let process = Process::start_with(data.path(), &[], |_| {});
    let (url, key, http) = (process.url(), process.key_of("owner"), client());
    std::fs::write(data.path().join("projects/playground/stuck.py"), STUCK).unwrap();
    let projects: Value = http
        .get(format!("{url}/api/v2/projects"))
        .bearer_auth(&key)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let project =
        projects["projects"].as_array().unwrap().iter().find(|it| it["name"] == "playground").unwrap();
    let wish = json!({
        "name": "stuck", "auto_build_model": true, "auto_deploy_model": true,
        "auto_build_config": {"kernel": "python3", "file_path": "stuck.py", "function_name": "predict"},
    });
    let models = format!("{url}/api/v2/projects/{}/models", project["id"].as_str().unwrap());
    let model: Value =
        http.post(models).bearer_auth(&key).json(&wish).send().await.unwrap().json().await.unwrap();
    let call = json!({"accessKey": model["access_key"], "request": null});
    let calling = async {
        // Answered at once as long as it is not deployed, and then never.
        loop {
            let request = http.post(format!("{url}/model")).bearer_auth(&key).json(&call);
            if request.send().await.is_err() {
                return;
            }
        }
    };
    let started = async {
        loop {
            for build in std::fs::read_dir(data.path().join("builds")).into_iter().flatten().flatten() {
                if let Ok(text) = std::fs::read_to_string(build.path().join("pids")) {
                    return text.split(' ').map(|pid| pid.parse::<i32>().unwrap()).collect::<Vec<_>>();
                }
            }
            tokio::task::yield_now().await;
        }
    };
    let pids = tokio::time::timeout(PATIENCE, async {
        tokio::select! {
            pids = started => pids,
            () = calling => panic!("the server is gone"),
        }
    });
    let pids = pids.await.unwrap();
    assert!(pids.iter().all(|pid| is_there(*pid)), "{pids:?}");
    drop(process); // with SIGKILL
    let gone = async {
        while pids.iter().any(|pid| is_there(*pid)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}

/// Whether a process runs; a zombie does not.
pub fn is_there(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn where_other_machines_reach_the_workbench_functions_need_a_word_more() {
    if !there_is_python() {
        return;
    }
    let remote = |python: bool| {
        Bench::with(move |options| {
            options.seed = Seed::Demo;
            options.listen = "0.0.0.0:0".parse().unwrap();
            options.allow_remote = true;
            options.python = python;
        })
    };
    let bench = remote(false).await;
    assert!(bench.running.warnings.iter().any(|it| it.contains("--python")), "{:?}", bench.running.warnings);
    let project = bench.project("churn-prod").await;
    let builds = format!("/api/v2/projects/{project}/models/{}/builds", bench.model("add").await);
    std::fs::write(bench.running.data.join("projects/churn-prod/f.py"), "def f(args):\n    return 1\n")
        .unwrap();
    let wish = json!({"kernel": "python3", "file_path": "f.py", "function_name": "f"});
    let build = bench.post(As::User("owner"), &builds, wish.clone()).await.ok();
    let path = format!("{builds}/{}", build["id"].as_str().unwrap());
    let failed = bench.until(&path, |it| it["status"] == "build failed").await;
    assert!(failed["comment"].as_str().unwrap().contains("--python"), "{failed}");

    let bench = remote(true).await;
    let access_key = serve(&bench, "def predict(args):\n    return 1\n").await;
    assert_eq!(bench.call_key(As::User("owner"), &access_key, Value::Null).await.ok()["response"], 1);
}
