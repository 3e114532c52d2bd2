//! A canary: with the log at its finest, a known key must show up nowhere but where it belongs.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use support::bench::{Bench, Home};
use support::{Scripted, json, made_up_key};

/// The key as it is, each half, and as Base64 at each of the three offsets within other text.
fn disguises(key: &str) -> Vec<String> {
    let mut all = vec![key.to_owned(), key[..64].to_owned(), key[65..].to_owned()];
    for pad in 0..3 {
        let coded = base64::engine::general_purpose::STANDARD.encode(format!("{}{key}", "x".repeat(pad)));
        all.push(coded[8..120].to_owned());
    }
    all
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn the_key_in_use_is_in_no_log_no_output_and_no_file_but_one() {
    let bench = Bench::demo();
    let home = Home::new();
    let (key, other) = (bench.key("admin"), bench.key("outsider"));
    home.run_with_input(&["login", "--url", &bench.url, "--name", "canary"], &key).ok();
    home.file("other-key", &other);
    let key_id = key[..64].to_owned();
    let mut printed = String::new();
    for arguments in [
        &["whoami"][..],
        &["doctor"],
        &["profile", "list"],
        &["keys", "create", "--name", "x", "--output", "made-key"],
        &["keys", "rotate", "svc", "--output", "svc-key", "--verify", "churn-prod/add"],
        &["keys", "validate"],
        &["keys", "validate", "--api-key-file", "other-key"],
        &["keys", "identify", "--api-key-file", "other-key"],
        &["keys", "delete", "no-such-key", "--yes"],
        &["projects", "list", "--all"],
        &["collaborators", "list", "owner/churn-prod"],
        &["models", "list"],
        &["models", "test", "churn-prod/add"],
        &["models", "test", "churn-prod/add", "--api-key-file", "other-key"],
        &["models", "test", "churn-prod/add", "-n", "20", "-c", "2", "--export", "run.json"],
        &["admin", "users"],
        &["admin", "expiration", "100"],
        &["admin", "audit", "--export", "audit.json"],
        &["keys", "create", "--expires", "2099-01-01"],
        &["models", "test", "churn-prod/add", "--model-url", "http://127.0.0.1:1/model"],
        &["whoami", "--url", "http://127.0.0.1:1"],
    ] {
        let mut all = vec!["-vvv", "--log-file", "log.txt"];
        all.extend(arguments);
        let done = home.run(&all);
        assert_ne!(done.code, 1, "{arguments:?}: {done:?}");
        printed.push_str(&done.out);
        printed.push_str(&done.err);
        let to_terminal = home.run(&[&["-vvv", "--json"], arguments].concat());
        printed.push_str(&to_terminal.err);
    }
    let log = fs::read_to_string(home.path("log.txt")).unwrap();
    assert!(log.lines().count() > 20, "the log is on, or this proves nothing");

    let mut all = Vec::new();
    files(home.folder.path(), &mut all);
    // Key Ids are no secrets, and here one is the first half of its key.
    let secret = |disguise: &String| *disguise != key_id && *disguise != other[..64];
    for disguise in disguises(&key).iter().chain(&disguises(&other)).filter(|d| secret(d)) {
        assert!(!printed.contains(disguise.as_str()), "a key was printed");
        for path in &all {
            let belongs = path.ends_with("credentials.toml") || path.ends_with("other-key");
            let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            assert!(belongs || !text.contains(disguise.as_str()), "a key is in {}", path.display());
        }
    }
    let stored = fs::read_to_string(home.path("config/credentials.toml")).unwrap();
    assert!(stored.contains(&key), "the canary is where it belongs, or this proves nothing");
}

#[test]
fn a_backend_that_repeats_the_key_gets_nothing_into_the_log() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let key = made_up_key('a');
    let body = format!(r#"{{"message":"token {key} is bad","keys":["{key}"]}}"#);
    let server = runtime.block_on(Scripted::start(&[json("401 Unauthorized", &body)]));
    let mut home = Home::new();
    home.set("KEYBENCH_URL", &server.url);
    home.set("KEYBENCH_API_KEY", &key);
    let done = home.run(&["-vvv", "keys", "list", "--user", "owner"]);
    assert_eq!(done.code, 4);
    assert!(done.err.contains("token •••• is bad") && !done.err.contains(&key), "{}", done.err);
}

#[test]
fn a_key_is_typed_without_echo() {
    let bench = Bench::demo();
    let home = Home::new();
    let key = bench.key("owner");
    let pty = portable_pty::native_pty_system().openpty(portable_pty::PtySize::default()).unwrap();
    let mut command = portable_pty::CommandBuilder::new(assert_cmd::cargo::cargo_bin!("keybench"));
    command.args(["login", "--url", &bench.url]);
    command.env_clear();
    command.env("KEYBENCH_CONFIG_DIR", home.path("config"));
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let mut seen = String::new();
    let mut byte = [0u8; 1];
    while !seen.contains("not shown):") {
        assert_eq!(reader.read(&mut byte).unwrap(), 1);
        seen.push(char::from(byte[0]));
    }
    let mut writer = pty.master.take_writer().unwrap();
    writer.write_all(format!("{key}\n").as_bytes()).unwrap();
    let mut rest = Vec::new();
    // Reading ends with an error where the other end is closed.
    let _ = reader.read_to_end(&mut rest);
    assert!(child.wait().unwrap().success());
    let rest = String::from_utf8_lossy(&rest);
    assert!(rest.contains("signed in as owner") && !rest.contains(&key[..8]), "{rest}");
}
