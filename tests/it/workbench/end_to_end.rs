//! Typical use by published programs, end to end, over TLS and with the host names that such
//! programs build; and keybench's own commands with lost answers and a moving clock.

use std::path::Path;
use std::process::{Command, Output};

use keybench::workbench::{Clock, Seed};
use serde_json::{Value, json};

use super::model_support::there_is_python;
use super::support::{Bench, skipped};
use crate::support::nowhere;

#[test]
fn a_program_runs_with_nothing_but_variables_set() {
    if !there_is_python() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/workbench/end_to_end.py");
    let done = Command::new(env!("CARGO_BIN_EXE_keybench"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--seed",
            "demo",
            "--tls",
            "--names",
            "--control",
            "--data",
        ])
        .arg(data.path())
        .args(["--", "python3"])
        .arg(script)
        .arg(data.path().join("credentials.json"))
        .env("NO_PROXY", "*")
        .output()
        .unwrap();
    if done.status.code() == Some(7) {
        skipped("this system gives commands no names of their own");
        return;
    }
    let logs = std::fs::read_dir(data.path().join("logs")).into_iter().flatten();
    let mut logs = logs.map(|log| std::fs::read_to_string(log.unwrap().path()).unwrap());
    if logs.any(|log| log.contains("does not see the names of the workbench")) {
        skipped("this system gives functions no names of their own");
        return;
    }
    let (out, complaint) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && out.ends_with("done\n"), "{out}{complaint}");
}

struct Setup {
    bench: Bench,
    home: tempfile::TempDir,
}

impl Setup {
    async fn new() -> Self {
        let bench = Bench::with(|options| {
            options.seed = Seed::Demo;
            options.clock = Clock::system();
            options.control = Some("127.0.0.1:0".parse().unwrap());
        })
        .await;
        Self { bench, home: tempfile::tempdir().unwrap() }
    }

    async fn keybench(&self, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_keybench"));
        nowhere(command.as_std_mut());
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env("KEYBENCH_CONFIG_DIR", self.home.path())
            .env("KEYBENCH_URL", &self.bench.running.url)
            .env("KEYBENCH_API_KEY", self.bench.key("owner"));
        command.output().await.unwrap()
    }

    async fn control(&self, method: reqwest::Method, path: &str, body: Value) {
        let door = self.bench.running.control.as_ref().unwrap();
        let request = self.bench.client().request(method, format!("{}{path}", door.url));
        let answer = request.bearer_auth(door.token.expose()).body(body.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Keys with this comment.
    async fn count(&self, comment: &str) -> usize {
        let listed =
            self.bench.get(super::support::As::User("owner"), "/api/v2/users/owner/v2_keys").await.ok();
        listed["keys"].as_array().unwrap().iter().filter(|key| key["comments"] == comment).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_new_key_is_reported_and_rotation_converges() {
    let setup = Setup::new().await;
    let lost = json!({"on": {"operation": "CreateV2Key"}, "times": 1, "do": {"reset_after": true}});
    setup.control(reqwest::Method::POST, "/faults", lost.clone()).await;
    let created = setup.keybench(&["keys", "create", "--name", "once"]).await;
    assert_eq!(created.status.code(), Some(6), "{created:?}");
    assert_eq!(setup.count("once").await, 1, "it was made, and the answer was lost");

    setup.control(reqwest::Method::POST, "/faults", lost).await;
    let rotate = ["keys", "rotate", "svc", "--output", "svc.key"];
    let broken = setup.keybench(&rotate).await;
    assert_eq!(broken.status.code(), Some(6), "{broken:?}");
    let mended = setup.keybench(&rotate).await;
    assert!(mended.status.success(), "{mended:?}");
    assert_eq!(setup.count("svc").await, 1, "what was never handed over is gone");
    let kept = std::fs::read_to_string(setup.home.path().join("svc.key")).unwrap();
    let path = "/api/v2/users/owner/v2_keys";
    setup.bench.get(super::support::As::Key(kept.trim()), path).await.ok();
}

/// The lost answer of a row may not be asked for again, and no row is lost to a key that expired.
#[tokio::test(flavor = "multi_thread")]
async fn scoring_records_what_is_certain_whatever_is_lost_and_whatever_the_clock_says() {
    let setup = Setup::new().await;
    let row = |n: u8| json!({"id": n.to_string(), "request": {"a": n, "b": 0}}).to_string() + "\n";
    let home = setup.home.path();
    std::fs::write(home.join("rows.jsonl"), (1..=5).map(row).collect::<String>()).unwrap();
    let recorded = || {
        let text = std::fs::read_to_string(home.join("out.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let score =
        ["models", "score", "churn-prod/add", "--input", "rows.jsonl", "--output", "out.jsonl", "-c", "1"];

    let lost = json!({"on": {"operation": "CallModel"}, "times": 1, "do": {"reset_after": true}});
    setup.control(reqwest::Method::POST, "/faults", lost).await;
    let scored = setup.keybench(&score).await;
    assert_eq!(scored.status.code(), Some(8), "{scored:?}");
    let failed = recorded().into_iter().filter(|line| line["ok"] == false).collect::<Vec<_>>();
    assert_eq!((recorded().len(), failed.len(), &failed[0]["attempts"]), (5, 1, &json!(1)), "{failed:?}");

    std::fs::remove_file(home.join("out.jsonl")).unwrap();
    setup.control(reqwest::Method::PUT, "/clock", json!({"advance": "366d"})).await;
    let expired = setup.keybench(&score).await;
    assert_eq!(expired.status.code(), Some(4), "{expired:?}");
    assert!(!home.join("out.jsonl").exists() || recorded().is_empty());
    setup.control(reqwest::Method::POST, "/reset", json!(null)).await;
    let scored = setup.keybench(&score).await;
    assert!(scored.status.success(), "{scored:?}");
    assert!(recorded().iter().all(|line| line["response"] == line["row"]), "{:?}", recorded());
    assert_eq!(recorded().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_has_passed_for_the_workbench_makes_no_key() {
    let setup = Setup::new().await;
    setup.control(reqwest::Method::PUT, "/clock", json!({"advance": "31d"})).await;
    // Ahead for this machine, past for the workbench.
    let soon =
        (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(240)).strftime("%Y-%m-%d").to_string();
    let soon = ["--expires", soon.as_str()];
    let created = setup.keybench(&[&["keys", "create", "--name", "late"], &soon[..]].concat()).await;
    assert_eq!(created.status.code(), Some(7), "{created:?}");
    let rotate = ["keys", "rotate", "late", "--output", "late.key"];
    let rotated = setup.keybench(&[&rotate, &soon[..]].concat()).await;
    assert_eq!(rotated.status.code(), Some(8), "the clocks differ: {rotated:?}");
    let rotate = [&rotate[..], &["--clock-difference", "60d"]].concat();
    let rotated = setup.keybench(&[&rotate[..], &soon[..]].concat()).await;
    assert_eq!(rotated.status.code(), Some(7), "{rotated:?}");
    assert_eq!(setup.count("late").await, 0);
    assert!(!setup.home.path().join("late.key").exists());
    let rotated = setup.keybench(&[&rotate[..], &["--expires", "+60d"]].concat()).await;
    assert!(rotated.status.success(), "{rotated:?}");
    let check = ["keys", "validate", "--api-key-file", "late.key"];
    assert!(setup.keybench(&check).await.status.success());
    // The workbench's clock, not this machine's, says when it is over.
    setup.control(reqwest::Method::PUT, "/clock", json!({"advance": "61d"})).await;
    assert_eq!(setup.keybench(&check).await.status.code(), Some(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_expired_by_the_clock_is_rejected() {
    let setup = Setup::new().await;
    assert!(setup.keybench(&["whoami"]).await.status.success());
    setup.control(reqwest::Method::PUT, "/clock", json!({"advance": "366d"})).await;
    let rejected = setup.keybench(&["whoami"]).await;
    assert_eq!(rejected.status.code(), Some(4), "{rejected:?}");
    setup.control(reqwest::Method::POST, "/reset", json!(null)).await;
    assert!(setup.keybench(&["whoami"]).await.status.success());
}
