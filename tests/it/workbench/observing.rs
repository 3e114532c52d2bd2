//! `keybench observe` between a program and a workbench that differs from keybench's guesses.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use keybench::workbench::{Behaviour, Seed};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::support::Bench;
use crate::support::nowhere;

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_from_the_guesses_is_written_and_can_be_served() {
    let folder = tempfile::tempdir().unwrap();
    let differs = folder.path().join("differs.toml");
    let text = "version = 1\n[refusals.unknown-key]\nstatus = 403\n[names]\nexpiration-setting = \"api_key_expiry_days\"\n\
                [rules]\nkey-id = \"random\"\n[limits]\npage-size = 2\n";
    std::fs::write(&differs, text).unwrap();
    let behaviour = Behaviour::load(&differs).unwrap();
    let bench = Bench::with(|options| {
        options.seed = Seed::Demo;
        options.behaviour = behaviour;
    })
    .await;
    let output = folder.path().join("seen.toml");
    let key = bench.key("owner");
    let mut child = nowhere(&mut Command::new(env!("CARGO_BIN_EXE_keybench")))
        .args(["observe", "--through", "127.0.0.1:0", "--output"])
        .arg(&output)
        .env("KEYBENCH_CONFIG_DIR", folder.path())
        .env("KEYBENCH_URL", &bench.running.url)
        .env("KEYBENCH_API_KEY", &key)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    let url = line.split_whitespace().next().unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.1:"), "{line}");

    let get = async |path: &str, key: Option<&str>| {
        let mut request = bench.client().get(format!("{url}{path}"));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let unknown = format!("{}.{}", "0".repeat(64), "1".repeat(64));
    assert_eq!(get("/api/v2/projects", None).await, 401);
    assert_eq!(get("/api/v2/projects", Some(&unknown)).await, 403);
    assert_eq!(get("/api/v2/models?", Some(&key)).await, 200);
    assert_eq!(get("/api/v1/site/config", Some(&key)).await, 200);
    let made = bench.client().post(format!("{url}/api/v2/users/owner/v2_keys")).bearer_auth(&key).body("{}");
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    let access_key = bench.access_key_of_store("add").await;
    let call = json!({"accessKey": access_key, "request": {"a": 1, "b": 41}});
    let answer = bench.client().post(format!("{url}/model")).bearer_auth(&key).body(call.to_string());
    assert_eq!(answer.send().await.unwrap().json::<Value>().await.unwrap()["response"], 42);

    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert!(child.wait().unwrap().success());
    for (choice, verdict) in [
        ("refusals.missing-key", "confirmed"),
        ("rules.key-id", "contradicted"),
        ("names.expiration-setting", "contradicted"),
        ("limits.page-size", "contradicted"),
    ] {
        let row = out.lines().find(|row| row.contains(choice)).unwrap_or_else(|| panic!("{choice} in {out}"));
        assert!(row.contains(verdict), "{row}");
    }
    assert_eq!(std::fs::metadata(&output).unwrap().permissions().mode() & 0o777, 0o600);
    let seen = std::fs::read_to_string(&output).unwrap();
    for secret in
        [&key, &unknown, made["api_key"].as_str().unwrap(), made["key_id"].as_str().unwrap(), &access_key]
    {
        assert!(!seen.contains(secret), "{seen}");
    }
    assert!(seen.contains("9999-99-99T99:99:99Z"), "{seen}");
    let served = Behaviour::load(&output).unwrap();
    assert_eq!(served.names.expiration_setting, "api_key_expiry_days");
    assert_eq!(served.limits.page_size, 2);
}

#[test]
fn it_listens_on_the_loopback_alone() {
    let folder = tempfile::tempdir().unwrap();
    let done = nowhere(&mut Command::new(env!("CARGO_BIN_EXE_keybench")))
        .args(["observe", "--through", "0.0.0.0:0", "--output"])
        .arg(folder.path().join("seen.toml"))
        .env("KEYBENCH_CONFIG_DIR", folder.path())
        .env("KEYBENCH_URL", "http://127.0.0.1:1")
        .env("KEYBENCH_API_KEY", format!("{}.{}", "0".repeat(64), "1".repeat(64)))
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(7), "{done:?}");
    assert!(String::from_utf8_lossy(&done.stderr).contains("loopback"));
}
