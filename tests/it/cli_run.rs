//! `models test` as a run: the real binary against the embedded workbench.

use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use keybench::workbench::{self, Options, Running, Seed};
use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

struct Bench {
    running: Running,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(folder.path().join("data"));
        options.seed = Seed::Demo;
        options.listen = "127.0.0.1:0".parse().unwrap();
        options.busy_wait = Duration::from_secs(5);
        Self { running: workbench::start(options).await.unwrap(), folder }
    }

    /// `keybench models test …` as this user.
    fn command(&self, username: &str, arguments: &[&str]) -> Command {
        let credentials = self.running.credentials().unwrap();
        let key = credentials.into_iter().find(|c| c.username == username).unwrap().api_key;
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("keybench"));
        command
            .args(["models", "test"])
            .args(arguments)
            .env_clear()
            .env("KEYBENCH_URL", &self.running.url)
            .env("KEYBENCH_API_KEY", key.expose())
            .env("KEYBENCH_CONFIG_DIR", self.folder.path().join("config"))
            .stdin(Stdio::null());
        command
    }

    async fn test(&self, username: &str, arguments: &[&str]) -> Output {
        let mut command = self.command(username, arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const ADD: [&str; 3] = ["churn-prod/add", "--request", "{\"a\":3,\"b\":5}"];

#[tokio::test(flavor = "multi_thread")]
async fn a_run_prints_its_figures_and_meets_expectations_or_not() {
    let bench = Bench::start().await;
    let with = |more: &[&'static str]| [&ADD[..], more].concat();

    let output = bench
        .test("owner", &with(&["-n", "60", "-c", "4", "--json", "--expect", "errors<1%,replicas>=2"]))
        .await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    let run = json(&output);
    assert_eq!((&run["total"], &run["ok"], &run["errors"]), (&60.into(), &60.into(), &0.into()));
    for figure in ["rps", "p50_ms", "p99_ms", "max_ms"] {
        assert!(run[figure].as_f64().unwrap() > 0.0 && run[figure].is_f64(), "{figure}: {}", run[figure]);
    }
    assert_eq!(run["replicas"].as_object().unwrap().len(), 2);
    assert_eq!(run["statuses"]["200"], 60);
    assert_eq!(run["expectations"][1]["holds"], true);
    assert_eq!(run["model"], "churn-prod/add");

    let output = bench.test("owner", &with(&["-n", "5", "--expect", "p99<1us"])).await;
    assert_eq!(output.status.code(), Some(8), "{output:?}");
    let shown = text(&output.stdout);
    assert!(shown.contains("5 ok · 0 errors") && shown.contains("✗ p99<1us does not hold"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "no colour without a terminal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_can_be_exported_for_programs_and_for_tables() {
    let bench = Bench::start().await;
    for (name, begins) in [("run.json", "{\n"), ("run.csv", "scope,name,figure,value\nrun,,total,10\n")] {
        let file = bench.folder.path().join(name);
        let export = ["--warmup", "2", "-n", "10", "--export", file.to_str().unwrap()];
        let output = bench.test("owner", &[&ADD[..], &export].concat()).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let written = std::fs::read_to_string(&file).unwrap();
        assert!(written.starts_with(begins), "{written}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_failure_of_each_kind_is_shown_as_it_was_said() {
    let bench = Bench::start().await;
    let half = ["churn-prod/flaky", "-n", "80", "--request", r#"{"p": 0.5}"#];
    let output = bench.test("owner", &half).await;
    let shown = text(&output.stdout);
    assert!(shown.contains("%, in the latencies too)"), "{shown}");
    let failures = shown.lines().find(|line| line.starts_with("failures")).unwrap();
    assert!(failures.contains("model failed × ") && failures.contains(r#": {""#), "{shown}");
    let output = bench.test("owner", &[&half[..], &["--json"]].concat()).await;
    let run = json(&output);
    let said = run["said"].as_object().unwrap();
    assert!(said["model_failed"].as_str().unwrap().contains("false") && said.len() == 1, "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_sends_nothing() {
    let bench = Bench::start().await;
    let cases: [&[&str]; 6] = [
        &["-n", "10001"],
        &["-c", "65"],
        &["--rate", "0"],
        &["--expect", "p98<3"],
        &["--export", "run.txt"],
        &["-n", "many"],
    ];
    for more in cases {
        let output = bench.test("owner", &[&ADD[..], more].concat()).await;
        assert_eq!(output.status.code(), Some(7), "{more:?} {output:?}");
        assert_eq!(text(&output.stdout), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_were_due_and_never_sent_fail_a_run_unless_it_expects_some() {
    let bench = Bench::start().await;
    let late =
        ["churn-prod/slow", "--request", "{\"ms\":200}", "--rate", "50", "--duration", "1s", "-c", "1"];
    let with = |more: &[&'static str]| [&late[..], more].concat();
    for (more, code) in [
        (&[][..], 8),
        (&["--expect", "errors=0"], 8),
        (&["--expect", "errors=0,missed<1"], 8),
        (&["--expect", "errors=0,missed<50"], 0),
    ] {
        let output = bench.test("owner", &with(more)).await;
        assert_eq!(output.status.code(), Some(code), "{more:?} {output:?}");
        assert!(text(&output.stdout).contains("due and never sent"), "{output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_out_of_file_descriptors_says_so_with_the_limit() {
    let bench = Bench::start().await;
    let run = bench.command("owner", &[&ADD[..], &["-n", "500", "-c", "64"]].concat());
    let mut limited = Command::new("sh");
    let words = std::iter::once(run.get_program()).chain(run.get_args());
    limited.args(["-c", "ulimit -n 40 && exec \"$@\"", "sh"]).args(words).env_clear();
    limited.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || limited.output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(8), "{output:?}");
    let shown = text(&output.stdout).replace('\n', " ");
    assert!(shown.contains("no file descriptors left (its limit is 40"), "{shown}");
    assert!(shown.contains("used up × "), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_which_everything_fails_says_why() {
    let bench = Bench::start().await;
    let output = bench.test("outsider", &["fraud-lab/score", "-n", "3", "--request", "{}"]).await;
    assert_ne!(output.status.code(), Some(0), "an outsider does not even see the model: {output:?}");

    let credentials = bench.running.credentials().unwrap();
    let key = credentials.into_iter().find(|c| c.username == "outsider").unwrap().api_key;
    let file = bench.folder.path().join("key");
    std::fs::write(&file, key.expose()).unwrap();
    let with_key = ["-n", "3", "--json", "--api-key-file", file.to_str().unwrap()];
    let output = bench.test("owner", &[&ADD[..], &with_key].concat()).await;
    assert_eq!(output.status.code(), Some(8), "{output:?}");
    let run = json(&output);
    assert_eq!((&run["errors"], &run["failures"]["not_authorized"]), (&3.into(), &3.into()));
    assert_eq!(run["diagnosis"]["cause"], "not_collaborator");
    assert!(run["said"]["not_authorized"].as_str().unwrap().contains("not authorized"), "{run}");

    // Quick refusals meet any latency, and are still no success.
    let output = bench.test("owner", &["churn-prod/retired", "-n", "3", "--expect", "p99<60s"]).await;
    assert_eq!(output.status.code(), Some(8), "{output:?}");

    let nobody = [&ADD[..], &["-n", "3", "--json", "--model-url", "http://127.0.0.1:9/model"]].concat();
    let output = bench.test("owner", &nobody).await;
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    assert_eq!(json(&output)["errors"], 3);
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["kind"], "no_answer");
    assert!(
        error["error"]["message"].as_str().unwrap().contains("none of 3 requests was answered"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_still_has_a_result() {
    let bench = Bench::start().await;
    let (model_url, coming) = door(&bench).await;
    let slow = ["churn-prod/slow", "--request", "{\"ms\":20}", "--duration", "10m", "--json"];
    let mut command = bench.command("owner", &slow);
    let file = bench.folder.path().join("run.csv");
    command.args(["--export", file.to_str().unwrap(), "--model-url", &model_url]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    coming.await.unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let (status, stdout, stderr) = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
        child.stderr.take().unwrap().read_to_end(&mut err).unwrap();
        (child.wait().unwrap(), out, err)
    })
    .await
    .unwrap();
    assert_eq!(status.code(), Some(130), "{}", text(&stderr));
    let run: Value = serde_json::from_slice(&stdout).unwrap_or_else(|_| panic!("{}", text(&stdout)));
    assert!(run["total"].as_u64().unwrap() > 0, "{run}");
    assert_eq!(run["stopped_by"], "person");
    assert!(text(&stderr).contains("interrupted after"), "{}", text(&stderr));
    assert!(std::fs::read_to_string(&file).unwrap().contains("run,,total,"));
}

/// A way to the model service that tells when the first connection has come.
async fn door(bench: &Bench) -> (String, tokio::sync::oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/model", listener.local_addr().unwrap());
    let behind = bench.running.url.trim_start_matches("http://").to_owned();
    let (came, coming) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut came = Some(came);
        while let Ok((mut outer, _)) = listener.accept().await {
            let mut inner = TcpStream::connect(&behind).await.unwrap();
            came.take().map(|came| came.send(()));
            tokio::spawn(async move { copy_bidirectional(&mut outer, &mut inner).await });
        }
    });
    (url, coming)
}
