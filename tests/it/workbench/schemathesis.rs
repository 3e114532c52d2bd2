//! Schemathesis against the served specification: requests that are right, wrong and one after the
//! other, as its author thinks of them. `.ci/run` installs it; without it the test says so and passes.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::examples::there_is;
use super::support::{As, Bench};

/// How many requests it thinks of for each operation, and the seconds after which it is ended.
const EXAMPLES: &str = "5";
const BOUND: u64 = 300;

/// Of the answers of the server's own fault (5xx) only those are allowed that
/// `schemathesis_hooks.py` names; every answer must be as the specification declares it.
#[tokio::test]
async fn schemathesis_finds_no_fault() {
    let tool = std::env::var("SCHEMATHESIS").unwrap_or_else(|_| "schemathesis".to_owned());
    if !there_is(&tool, &["--version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/workbench/schemathesis_hooks.py");
    let reached = folder.path().join("reached");
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_keybench"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--seed", "demo", "--as", "admin", "--data"])
        .arg(folder.path().join("data"))
        .args(["--", "sh", "-c", r#"exec "$0" run "$KEYBENCH_URL/api/v2/swagger.json" "$@""#, &tool])
        .args(["--checks", "no_fault_of_the_server,response_schema_conformance"])
        .args(["--checks", "content_type_conformance,status_code_conformance"])
        .args(["--max-examples", EXAMPLES, "--request-timeout", "60", "--seed", "1"])
        .args(["--generation-database", "none", "--warnings", "off", "--no-color"])
        .current_dir(folder.path())
        .env("SCHEMATHESIS_HOOKS", hooks)
        .env("REACHED", &reached)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_PROXY", "*")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).unwrap())).unwrap();
    let mut done = std::pin::pin!(child.wait_with_output());
    let in_time = tokio::time::timeout(Duration::from_secs(BOUND), &mut done).await;
    let output = match in_time {
        Ok(output) => output.unwrap(),
        Err(_) => {
            kill_process(pid, Signal::TERM).unwrap();
            let output = done.await.unwrap();
            panic!("it did not end within {BOUND} s: {}", String::from_utf8_lossy(&output.stdout));
        }
    };
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{}", text.concat());
    // Most of what is served answered with more than a refusal. That everything does is shown by
    // `every_operation_by_every_kind_of_caller`, which calls each operation as it is meant.
    let reached = std::fs::read_to_string(reached).unwrap();
    let document = Bench::demo().await.get(As::Anonymous, "/api/v2/swagger.json").await.ok();
    let paths = document["paths"].as_object().unwrap().values();
    let served: usize = paths.map(|methods| methods.as_object().unwrap().len()).sum();
    let reached = reached.lines().count();
    assert!(reached * 2 > served, "{reached} of {served}: {}", text[0]);
}
