//! The Python client of the workbench: `pip` installs it offline, and a program written for the
//! real one runs with it. Without `python3` with `venv` and `pip`, the test says so and passes.

use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use super::model_support::there_is_python;
use super::support::{Bench, skipped};

/// Creating an environment takes a while on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Runs a program to its end; returns whether it succeeded and its output.
async fn run(program: impl AsRef<std::ffi::OsStr>, change: impl FnOnce(&mut Command)) -> (bool, String) {
    let mut command = Command::new(program);
    change(&mut command);
    let output = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output()).await.unwrap().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.success(), text.concat())
}

#[tokio::test]
async fn a_program_written_for_the_real_client_runs_with_this_one() {
    if !there_is_python() {
        return;
    }
    let bench = Bench::demo().await;
    let url = &bench.running.url;
    let directory = tempfile::tempdir().unwrap();
    let venv = directory.path().join("venv");
    let (made, output) = run("python3", |it| {
        it.args(["-m", "venv"]).arg(&venv);
    })
    .await;
    if !made {
        skipped(&format!("python3 makes no virtual environment: {output}"));
        return;
    }
    let (installed, output) = run(venv.join("bin/pip"), |it| {
        it.args(["install", "--no-index", "--no-cache-dir", "--disable-pip-version-check"])
            .arg(format!("{url}/api/v2/python.tar.gz"))
            .env("NO_PROXY", "*");
    })
    .await;
    assert!(installed, "{output}");

    let file = "def predict(args):\n    return args['n'] + 1\n";
    std::fs::write(bench.running.data.join("projects/churn-prod/predict.py"), file).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/workbench/published_program.py");
    let (ran, output) = run(venv.join("bin/python"), |it| {
        it.arg(script)
            .env("WORKBENCH", url)
            .env("MODEL_SERVICE", &bench.running.model_service_url)
            .env("CDSW_API_URL", format!("{url}/api/v1"))
            .env("CDSW_DOMAIN", url.strip_prefix("http://").unwrap())
            .env("CDSW_APIV2_KEY", bench.key("owner"));
    })
    .await;
    assert!(ran && output.ends_with("done\n"), "{output}");
}
