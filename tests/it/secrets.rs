//! A canary: with the most detailed log, a known key must appear only where it belongs.
#[path = "../pty/terminal.rs"]
#[allow(dead_code, reason = "made for other tests too")]
mod terminal;

use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::support::bench::{Bench, Home};
use crate::support::{Scripted, json, made_up_key};
use base64::Engine as _;

/// The key in every form in which it may leak: unchanged, each half, in Base64 of both alphabets at
/// each of the three offsets within other text, percent-encoded, in hexadecimal, as JSON escapes,
/// and as the bytes that `Debug` writes.
fn disguises(key: &str) -> Vec<String> {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    let (first, second) = key.split_once('.').unwrap();
    let each = |text: &str, form: &dyn Fn(u8) -> String| text.bytes().map(form).collect::<String>();
    let mut all = vec![key.to_owned(), first.to_owned(), second.to_owned()];
    for pad in 0..3 {
        for alphabet in [STANDARD, URL_SAFE] {
            all.push(alphabet.encode(format!("{}{key}", "x".repeat(pad)))[8..120].to_owned());
        }
    }
    all.push(format!("{first}%2E{second}"));
    all.push(format!("{first}%2e{second}"));
    all.push(format!("{first}\\u002e{second}"));
    for part in [key, second] {
        all.push(each(part, &|byte| format!("%{byte:02X}")));
        all.push(each(part, &|byte| format!("{byte:02x}")));
        all.push(each(part, &|byte| format!("{byte:02X}")));
        all.push(each(part, &|byte| format!("\\x{byte:02x}")));
        all.push(each(part, &|byte| format!("\\u{byte:04x}")));
        all.push(part.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", "));
    }
    all.push(key.chars().rev().collect());
    all
}

/// Nothing of `key` is in `text`. Key IDs are not secret, and here one is the first half of its
/// key.
#[track_caller]
fn assert_clean(text: &str, key: &str, at: &str) {
    for disguise in disguises(key).iter().filter(|disguise| **disguise != key[..64]) {
        // Not with the text itself: it would be in the report of the failure.
        assert!(!text.contains(disguise.as_str()), "a key is in {at}");
    }
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
        &["runs", "list"],
        &["runs", "show", "1"],
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
    // The workbench stores no keys either, except those of the demo in its credentials file.
    files(bench.folder.path(), &mut all);
    let belongs = ["credentials.toml", "other-key", "credentials.json"];
    for key in [&key, &other] {
        assert_clean(&printed, key, "what was printed");
        for path in all.iter().filter(|path| !belongs.iter().any(|name| path.ends_with(name))) {
            let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            assert_clean(&text, key, &path.display().to_string());
        }
    }
    let history = all.iter().find(|path| path.ends_with("config/history.sqlite"));
    assert!(
        fs::metadata(history.unwrap()).unwrap().len() > 10_000,
        "there is a history, or this proves nothing"
    );
    // The new key is where it was sent, and nowhere else.
    for made in ["made-key", "svc-key"] {
        let text = fs::read_to_string(home.path(made)).unwrap();
        let key = text.lines().next().unwrap();
        assert_clean(&printed, key, "what was printed");
        for path in all.iter().filter(|path| !path.ends_with(made)) {
            let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            assert_clean(&text, key, &path.display().to_string());
        }
    }
    let stored = fs::read_to_string(home.path("config/credentials.toml")).unwrap();
    assert!(stored.contains(&key), "the canary is where it belongs, or this proves nothing");
}

/// The interface panics, in its loop and in a task, with the key in its state and in the environment.
#[test]
#[cfg(debug_assertions)]
fn a_panic_tells_no_key() {
    let bench = Bench::demo();
    for (site, in_environment) in [("loop", true), ("loop", false), ("task", true), ("task", false)] {
        let mut home = Home::new();
        let key = bench.key("owner");
        home.run_with_input(&["login", "--url", &bench.url], &key).ok();
        if in_environment {
            home.set("KEYBENCH_API_KEY", &key);
        }
        let (_, said) = on_a_terminal(
            &home,
            &["-vvv", "--log-file", "log.txt"],
            &[("KEYBENCH_PANIC", site), ("RUST_BACKTRACE", "full")],
            |_, _| {},
        );
        assert!(said.contains("KEYBENCH_PANIC"), "{site}: it panicked, or this proves nothing");
        assert_clean(&said, &key, "the text of a panic");
        let mut all = Vec::new();
        files(home.folder.path(), &mut all);
        for path in all.iter().filter(|path| !path.ends_with("credentials.toml")) {
            let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            assert_clean(&text, &key, &path.display().to_string());
        }
    }
}

/// The interface makes a key, saves it, calls a model with it, exports and quits.
#[test]
fn the_interface_leaves_a_key_only_where_it_may() {
    let bench = Bench::demo();
    let own = bench.key("owner");
    let signed_in = [("KEYBENCH_URL", bench.url.as_str()), ("KEYBENCH_API_KEY", own.as_str())];
    let mut terminal = terminal::Terminal::start_with(&["-vvv", "--log-file", "log.txt"], &signed_in);
    terminal.wait_for("legacy");
    terminal.new_key("canary");
    terminal.send("w\r");
    terminal.wait_for_any(&["only you can read it"]);
    terminal.send("\x1b");
    terminal.wait_gone("shown only this once");
    terminal.send("2");
    terminal.wait_for("deployed");
    terminal.send("t");
    terminal.wait_for("[ Test ]");
    terminal.send("\r");
    terminal.wait_for("HTTP 200");
    terminal.send("\t");
    terminal.wait_for("Enter open");
    terminal.send("\r");
    terminal.wait_gone("[ Test ]");
    terminal.send("e");
    terminal.wait_for("result-1.txt");
    terminal.send("\r");
    terminal.wait_for("written");
    terminal.send("\x1b");
    terminal.wait_for("[ Test ]");
    terminal.send("q");
    assert!(terminal.assert_restored().success());

    let made = fs::read_to_string(terminal.home().join("canary.key")).unwrap();
    let made = made.trim();
    assert_clean(&terminal.raw(), &own, "what was drawn");
    let mut all = Vec::new();
    files(terminal.home(), &mut all);
    files(bench.folder.path(), &mut all);
    let wrote = |ending: &str| all.iter().any(|path| path.to_string_lossy().ends_with(ending));
    for name in ["log.txt", "requests.json", "result-1.txt"] {
        assert!(wrote(name), "{name} is not there, so this proves nothing: {all:?}");
    }
    for path in all.iter().filter(|path| !path.ends_with("canary.key") && !path.ends_with("credentials.json"))
    {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        assert_clean(&text, &own, &path.display().to_string());
        assert_clean(&text, made, &path.display().to_string());
    }
}

/// The repository contains no key that could be a real one; keys made up by tests consist of one or
/// two digits.
#[test]
fn nothing_in_the_repository_looks_like_a_key() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = vec![root.join("README.md")];
    for folder in ["src", "tests", "assets", "examples", "fuzz/corpus"] {
        files(&root.join(folder), &mut all);
    }
    // What keybench 0.1 left after a session with its own embedded workbench, kept as it was.
    all.retain(|path| !path.starts_with(root.join("tests/fixtures/0.1")));
    assert!(all.iter().any(|path| path.extension().is_some_and(|ending| ending == "snap")));
    let is_half = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    for path in all {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for (dot, _) in text.match_indices('.') {
            let (Some(before), Some(after)) =
                (dot.checked_sub(64).and_then(|begin| text.get(begin..dot)), text.get(dot + 1..dot + 65))
            else {
                continue;
            };
            let digits = after.bytes().collect::<std::collections::BTreeSet<_>>().len();
            assert!(!(is_half(before) && is_half(after)) || digits <= 2, "{}", path.display());
        }
    }
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
    let (succeeded, said) = on_a_terminal(&home, &["login", "--url", &bench.url], &[], |reader, writer| {
        let (mut seen, mut byte) = (String::new(), [0u8; 1]);
        while !seen.contains("not shown):") {
            assert_eq!(reader.read(&mut byte).unwrap(), 1);
            seen.push(char::from(byte[0]));
        }
        writer.write_all(format!("{key}\n").as_bytes()).unwrap();
    });
    assert!(succeeded && said.contains("signed in as owner") && !said.contains(&key[..8]), "{said}");
}

/// Runs a command on a terminal; returns whether it succeeded, and its output after `talk`.
fn on_a_terminal(
    home: &Home,
    arguments: &[&str],
    env: &[(&str, &str)],
    talk: impl FnOnce(&mut dyn std::io::Read, &mut dyn std::io::Write),
) -> (bool, String) {
    let size = portable_pty::PtySize { rows: 24, cols: 80, ..portable_pty::PtySize::default() };
    let pty = portable_pty::native_pty_system().openpty(size).unwrap();
    let mut command = portable_pty::CommandBuilder::new(assert_cmd::cargo::cargo_bin!("keybench"));
    command.args(arguments);
    command.env_clear();
    command.env("KEYBENCH_CONFIG_DIR", home.path("config"));
    command.env("TERM", "xterm-256color");
    for (name, value) in home.env.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain(env.iter().copied()) {
        command.env(name, value);
    }
    command.cwd(home.folder.path());
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let mut writer = pty.master.take_writer().unwrap();
    talk(&mut reader, &mut writer);
    let mut rest = Vec::new();
    // Reading fails once the other end is closed.
    let _ = reader.read_to_end(&mut rest);
    (child.wait().unwrap().success(), String::from_utf8_lossy(&rest).into_owned())
}
