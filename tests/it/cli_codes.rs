//! Each command with each way to end that it has: the exit code, the kind of the error, and that a
//! message says what to do. Other tests are about one command each, this one about all.

use std::process::Stdio;

use crate::support::bench::{Bench, Done, Home};
use crate::support::commands;
use crate::support::{Scripted, answer, json, made_up_key};

/// Commands that ask a workbench something, with arguments that are right.
const ASKING: &[&[&str]] = &[
    &["whoami"],
    &["keys", "list"],
    &["keys", "list", "--expiring-within", "14d"],
    &["keys", "create", "--output", "new-key"],
    &["keys", "delete", "0123456789abcdef0123456789abcdef", "--yes"],
    &["keys", "delete", "--all", "--yes"],
    &["keys", "delete", "--all", "--dry-run"],
    &["keys", "rotate", "svc", "--output", "svc-key"],
    &["keys", "validate"],
    &["keys", "identify"],
    &["projects", "list"],
    &["collaborators", "list", "churn-prod"],
    &["collaborators", "add", "churn-prod", "outsider"],
    &["collaborators", "remove", "churn-prod", "outsider"],
    &["models", "list"],
    &["models", "show", "churn-prod/add"],
    &["models", "builds", "churn-prod/add"],
    &["models", "build", "churn-prod/add"],
    &["models", "deploy", "churn-prod/add", "--wait"],
    &["models", "restart", "churn-prod/add"],
    &["models", "stop", "churn-prod/add"],
    &["models", "test", "churn-prod/add"],
    &["models", "test", "churn-prod/add", "-n", "3"],
    &["models", "score", "churn-prod/add", "--input", "rows.jsonl", "--output", "scores.jsonl"],
    &["models", "check", "churn-prod/add", "--golden", "golden.jsonl"],
    &["fleet", "plan", "-f", "fleet.toml"],
    &["fleet", "apply", "-f", "fleet.toml"],
    &["fleet", "metrics", "-f", "fleet.toml"],
    &["admin", "users"],
    &["admin", "audit"],
];

/// Those that are not among them, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("admin expiration", "is asked by name below: only administrators may change it"),
    ("doctor", "is asked by name below: a finding is not an error"),
    ("login", "is asked by name below: it has the key from its input"),
    ("observe", "passes on what others ask; is asked by name below"),
];

#[test]
fn every_command_is_here() {
    commands::assert_all(ASKING.iter().copied(), ELSEWHERE);
}

/// Those that change something.
const CHANGING: &[&[&str]] = &[
    &["keys", "create"],
    &["keys", "delete", "k1", "--yes"],
    &["keys", "delete", "--all", "--yes"],
    &["keys", "rotate", "svc", "--output", "svc-key"],
    &["collaborators", "add", "churn-prod", "outsider"],
    &["collaborators", "remove", "churn-prod", "outsider"],
    &["models", "build", "churn-prod/add"],
    &["models", "deploy", "churn-prod/add"],
    &["models", "restart", "churn-prod/add"],
    &["models", "stop", "churn-prod/add"],
    &["admin", "expiration", "30"],
    &["fleet", "apply", "-f", "fleet.toml"],
];

fn as_json(home: &Home, command: &[&str]) -> Done {
    home.run(&[command, &["--json"]].concat())
}

/// An error: its code, its kind, one document on standard error, and a hint in it.
#[track_caller]
fn fails(done: &Done, code: i32, kind: &str, at: &dyn std::fmt::Debug) {
    assert_eq!(done.code, code, "{at:?}: {done:?}");
    let document: serde_json::Value =
        serde_json::from_str(&done.err).unwrap_or_else(|_| panic!("{at:?}: no one document: {done:?}"));
    let error = &document["error"];
    let members: Vec<_> = error.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["kind", "message", "hint", "status"], "{at:?}");
    assert_eq!(error["kind"], kind, "{at:?}: {done:?}");
    assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{at:?}: {done:?}");
    assert!(error["hint"].as_str().is_some_and(|hint| hint.len() > 5), "{at:?}: {done:?}");
}

/// Against a server that answers everything with `script`.
fn against(script: &str, command: &[&str]) -> Done {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Scripted::start(&[script.to_owned()]));
    let mut home = Home::new().with_files();
    home.set("KEYBENCH_URL", &server.url);
    home.set("KEYBENCH_API_KEY", &made_up_key('a'));
    as_json(&home, command)
}

#[test]
fn without_a_workbench_every_command_ends_with_3() {
    let home = Home::new().with_files();
    let observe = [&["observe", "--through", "127.0.0.1:0", "--output", "seen.toml"][..]];
    for command in ASKING.iter().chain(CHANGING).chain(&observe) {
        fails(&as_json(&home, command), 3, "not_configured", command);
    }
    let mut half = Home::new().with_files();
    half.set("KEYBENCH_URL", "http://127.0.0.1:9");
    for command in ASKING.iter().chain(CHANGING) {
        fails(&as_json(&half, command), 3, "not_configured", command);
    }
    for command in [&["profile", "use", "prod"][..], &["profile", "remove", "prod"]] {
        fails(&as_json(&home, command), 3, "not_configured", &command);
    }
    let doctor = as_json(&home, &["doctor"]);
    assert_eq!((doctor.code, &doctor.json()["ok"]), (3, &false.into()));
    assert_eq!(as_json(&home, &["profile", "list"]).ok().json(), serde_json::json!([]));
}

#[test]
fn a_credential_that_is_not_accepted_ends_with_4() {
    let bench = Bench::demo();
    let mut home = bench.home("owner").with_files();
    home.set("KEYBENCH_API_KEY", &made_up_key('d'));
    for &command in ASKING {
        fails(&as_json(&home, command), 4, "unauthenticated", &command);
    }
    fails(&as_json(&home, &["admin", "expiration"]), 4, "unauthenticated", &"admin expiration");
    assert_eq!(as_json(&home, &["doctor"]).code, 4);
    let denied = home.run_with_input(&["login", "--url", &bench.url, "--json"], &made_up_key('e'));
    fails(&denied, 4, "unauthenticated", &"login");
    assert!(!home.path("new-key").exists() && !home.path("svc-key").exists());

    let other = bench.home("contributor");
    for command in [
        &["keys", "list", "--user", "owner"][..],
        &["keys", "create", "--user", "owner"],
        &["keys", "delete", "--all", "--user", "owner", "--yes"],
        &["keys", "rotate", "svc", "--user", "owner", "--output", "svc-key"],
        &["collaborators", "add", "churn-prod", "outsider"],
        &["admin", "expiration", "30"],
    ] {
        fails(&as_json(&other, command), 4, "forbidden", &command);
    }
}

#[test]
fn other_refusals_end_with_5() {
    for &command in ASKING {
        let boom = against(&json("500 Internal Server Error", r#"{"message":"boom"}"#), command);
        assert_eq!((boom.code, boom.error()["kind"].as_str()), (5, Some("refused")), "{command:?}: {boom:?}");
        let page = answer("200 OK", &["content-type: text/html"], "<html>Sign in</html>");
        fails(&against(&page, command), 5, "not_an_api", &command);
        let busy = json("429 Too Many Requests", "{}");
        fails(&against(&busy, command), 5, "too_many_requests", &command);
    }
    let bench = Bench::demo();
    let home = bench.home("owner");
    for command in [
        &["models", "show", "no/such"][..],
        &["models", "test", "no/such"],
        &["models", "stop", "no/such"],
        &["models", "builds", "no/such"],
        &["models", "deploy", "no/such"],
        &["models", "deploy", "churn-prod/add", "--build", "ffffffff"],
        &["models", "list", "--project", "no-such"],
        &["collaborators", "list", "no-such"],
        &["collaborators", "add", "no-such", "outsider"],
        &["keys", "rotate", "ffff…ffff", "--output", "svc-key"],
        &["keys", "rotate", "svc", "--output", "svc-key", "--verify", "no/such"],
    ] {
        fails(&as_json(&home, command), 5, "not_found", &command);
    }
}

#[test]
fn where_nobody_answers_every_command_ends_with_6() {
    let mut home = Home::new().with_files();
    home.set("KEYBENCH_URL", "http://127.0.0.1:1");
    home.set("KEYBENCH_API_KEY", &made_up_key('a'));
    for &command in ASKING {
        fails(&as_json(&home, command), 6, "no_answer", &command);
    }
    let login = home.run_with_input(&["login", "--url", "http://127.0.0.1:1", "--json"], &made_up_key('a'));
    fails(&login, 6, "no_answer", &"login");
    assert_eq!(as_json(&home, &["doctor"]).code, 6);
}

#[test]
fn read_only_changes_nothing_and_ends_with_7() {
    let bench = Bench::demo();
    let mut home = bench.home("owner").with_files();
    // Nothing is sent: the address would not answer.
    home.set("KEYBENCH_URL", "http://127.0.0.1:1");
    for &command in CHANGING {
        fails(&as_json(&home, &[&["--read-only"], command].concat()), 7, "read_only", &command);
    }
}

#[test]
fn a_value_that_is_no_good_ends_with_7_before_anything_is_sent() {
    let mut home = Home::new().with_files();
    home.set("KEYBENCH_URL", "http://127.0.0.1:1");
    home.set("KEYBENCH_API_KEY", &made_up_key('a'));
    home.file("not-a-key", "hello\n");
    home.file("not.json", "{\"rows\": 1}\n");
    for command in [
        &["keys", "list", "--expiring-within", "soon"][..],
        &["keys", "list", "--timeout", "0"],
        &["keys", "list", "--url", "ftp://x"],
        &["keys", "create", "--expires", "31.12.2027"],
        &["keys", "create", "--audience", "zzz"],
        &["keys", "create", "--output", "/dev/null"],
        &["keys", "rotate", "svc", "--due", "-1d"],
        &["keys", "rotate", "svc", "--grace", "-1h"],
        &["keys", "rotate", "svc", "--exec", " "],
        &["keys", "validate", "--audience", "zzz"],
        &["keys", "validate", "--api-key-file", "not-a-key"],
        &["keys", "identify", "--api-key-file", "not-a-key"],
        &["collaborators", "add", "p", "u", "--permission", "zzz"],
        &["models", "test", "p/m", "--api-key-file", "not-a-key"],
        &["models", "test", "p/m", "--request", "{"],
        &["models", "test", "p/m", "--request", "@no-such-file"],
        &["models", "test", "p/m", "-n", "-3"],
        &["models", "test", "p/m", "-n", "0"],
        &["models", "test", "p/m", "-c", "65"],
        &["models", "test", "p/m", "--rate", "-1"],
        &["models", "test", "p/m", "--duration", "-1s"],
        &["models", "test", "p/m", "--warmup", "-1"],
        &["models", "test", "p/m", "--expect", "p98<3"],
        &["models", "test", "p/m", "--export", "run.txt"],
        &["models", "test", "p/m", "--export", "/no/such/run.json"],
        &["models", "deploy", "p/m", "--replicas", "0"],
        &["models", "deploy", "p/m", "--cpu", "NaN"],
        &["models", "deploy", "p/m", "--memory", "-2"],
        &["models", "deploy", "p/m", "--gpus", "-1"],
        &["models", "deploy", "p/m", "--wait", "--wait-timeout", "0"],
        &["runs", "show", "x"],
        &["runs", "show", "1"],
        &["runs", "compare", "1", "2"],
        &["models", "score", "p/m", "--input", "rows.txt", "--output", "o.jsonl"],
        &["models", "score", "p/m", "--input", "no-such.jsonl", "--output", "o.jsonl"],
        &["models", "score", "p/m", "--input", "rows.jsonl", "--output", "o.jsonl", "-c", "65"],
        &["models", "score", "p/m", "--input", "rows.jsonl", "--output", "o.jsonl", "--shard", "2/2"],
        &["models", "check", "p/m", "--golden", "rows.jsonl"],
        &["models", "check", "p/m", "--golden", "golden.jsonl", "--tolerance", "p"],
        &["models", "check", "p/m", "--golden", "golden.jsonl", "--update-golden"],
        &["models", "check", "p/m", "--against", "no-such.jsonl", "--input", "rows.jsonl"],
        &["runs", "merge", "no-such.json"],
        &["runs", "merge", "not.json"],
        &["runs", "compare", "not.json", "not.json"],
        &["runs", "report", "not.json", "--html", "run.html"],
        &["fleet", "plan", "-f", "no-such.toml"],
        &["fleet", "apply", "-f", "rows.jsonl"],
        &["fleet", "metrics", "-f", "fleet.toml", "--safe-for", "-1d"],
        &["observe", "--through", "192.0.2.1:80", "--output", "seen.toml"],
        &["observe", "--through", "127.0.0.1:0", "--output", "rows.jsonl"],
        &["admin", "audit", "diff", "no-such.json", "not.json"],
        &["admin", "audit", "diff", "not.json", "not.json"],
        &["admin", "expiration", "-5"],
        &["admin", "expiration", "many"],
        &["admin", "audit", "--export", "audit.txt"],
        &["admin", "audit", "--export", "/no/such/audit.csv"],
        &["serve", "--data", "d", "--listen", "example.com:80"],
        &["serve", "--data", "d", "--seed", "everything"],
        &["serve", "--data", "d", "--behaviour", "no-such-file"],
        &["demo", "--user", "nobody"],
        &["login", "--url", "workbench"],
    ] {
        let done = as_json(&home, command);
        assert_eq!((done.code, done.out.as_str()), (7, ""), "{command:?}: {done:?}");
        let said = done.error()["message"].as_str().unwrap().to_owned();
        assert!(said.len() > 10, "{command:?}: {said}");
        assert!(!said.ends_with(':'), "{command:?}: {said}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_is_missing() {
    let home = Home::new();
    for (command, names) in [
        (&["bogus"][..], "bogus"),
        (&["keys"], "keys"),
        (&["keys", "delete"], "KEY_ID"),
        (&["keys", "rotate"], "NAME"),
        (&["keys", "create", "--audience"], "--audience"),
        (&["keys", "rotate", "a", "--output", "f", "--exec", "c"], "--exec"),
        (&["keys", "rotate", "a", "--request", "1"], "--verify"),
        (&["models", "test"], "MODEL"),
        (&["models", "deploy", "p/m", "--wait-timeout", "5m"], "--wait"),
        (&["runs", "show"], "ID"),
        (&["runs", "compare", "1"], "AFTER"),
        (&["models", "score", "p/m"], "--input"),
        (&["models", "check", "p/m"], "--golden"),
        (&["runs", "merge"], "FILE.json"),
        (&["runs", "report"], "FILE.json"),
        (&["fleet", "plan", "--file"], "--file"),
        (&["observe"], "--through"),
        (&["admin", "audit", "diff", "a.json"], "NEW"),
        (&["collaborators", "add", "p"], "USER"),
        (&["profile", "use"], "NAME"),
        (&["serve"], "--data"),
        (&["completions"], "SHELL"),
        (&["whoami", "extra"], "extra"),
    ] {
        let done = as_json(&home, command);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{command:?}: {done:?}");
        assert!(done.error()["message"].as_str().unwrap().contains(names), "{command:?}: {}", done.err);
        let human = home.run(command);
        assert_eq!((human.code, human.out.as_str()), (2, ""), "{command:?}: {human:?}");
    }
    for unconfirmed in [&["keys", "delete", "k1"][..], &["keys", "delete", "--all"]] {
        let bench_less = {
            let mut home = Home::new();
            home.set("KEYBENCH_URL", "http://127.0.0.1:1");
            home.set("KEYBENCH_API_KEY", &made_up_key('a'));
            home
        };
        fails(&as_json(&bench_less, unconfirmed), 2, "usage", &unconfirmed);
    }
}

#[test]
fn an_answer_that_is_no_ends_with_8_and_is_on_standard_output() {
    let bench = Bench::demo();
    let home = bench.home("owner").with_files();
    home.run(&["models", "test", "churn-prod/add", "-n", "3", "--export", "run.json"]).ok();
    home.file("wrong.jsonl", "{\"request\":{\"a\":1,\"b\":2},\"expect\":4}\n");
    home.file("dead-key", &made_up_key('d'));
    home.file("outsider", &bench.key("outsider"));
    for command in [
        &["keys", "list", "--expiring-within", "14d"][..],
        &["keys", "validate", "--api-key-file", "dead-key"],
        &["keys", "identify", "--api-key-file", "dead-key"],
        &["models", "test", "churn-prod/retired"],
        &["models", "test", "churn-prod/add", "--api-key-file", "outsider"],
        &["models", "test", "churn-prod/add", "-n", "3", "--expect", "p99<1us"],
        &["models", "test", "churn-prod/retired", "-n", "3", "--expect", "p99<9s"],
        &["models", "score", "churn-prod/retired", "--input", "rows.jsonl", "--output", "o.jsonl"],
        &["models", "check", "churn-prod/add", "--golden", "wrong.jsonl"],
        &["runs", "merge", "run.json", "--expect", "p99<1us"],
        &["fleet", "plan", "-f", "fleet.toml"],
    ] {
        let done = as_json(&home, command);
        assert_eq!(done.code, 8, "{command:?}: {done:?}");
        assert!(done.json().is_object() || done.json().is_array(), "{command:?}: {done:?}");
        for form in [&[][..], &["--json"]] {
            let ended = home.command(&[command, form].concat()).stdout(unread()).output().unwrap();
            assert_eq!(ended.status.code(), Some(8), "{command:?} {form:?}, of which nobody reads the rest");
        }
    }
}

/// A pipe whose reader is gone, as after `head`.
fn unread() -> std::io::PipeWriter {
    std::io::pipe().unwrap().1
}

#[test]
fn a_reader_that_stops_early_is_no_error_unless_a_key_is_lost() {
    let bench = Bench::demo();
    let home = bench.home("admin");
    for command in
        [&["keys", "list"][..], &["admin", "users"], &["man"], &["models", "show", "churn-prod/add"]]
    {
        let ended = home.command(command).stdout(unread()).output().unwrap();
        assert_eq!((ended.status.code(), &ended.stderr[..]), (Some(0), &b""[..]), "{command:?}");
    }
    let ended = home.command(&["keys", "create", "--name", "lost"]).stdout(unread()).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(74), "{said}");
    assert!(said.contains("was created, but could not be printed"), "{said}");
}

#[test]
fn what_cannot_be_written_ends_with_74_whatever_the_command() {
    let bench = Bench::demo();
    let home = bench.home("admin").with_files();
    home.run(&["models", "test", "churn-prod/add", "-n", "3", "--export", "run.json"]).ok();
    std::fs::write(home.path("audit.json"), home.run(&["admin", "audit", "--json"]).ok().out).unwrap();
    let local = [
        &["man"][..],
        &["completions", "zsh"],
        &["--help"],
        &["doctor"],
        &["fleet", "schema"],
        &["runs", "list"],
        &["runs", "merge", "run.json"],
        &["runs", "compare", "run.json", "run.json"],
        &["runs", "report", "run.json"],
        &["admin", "audit", "diff", "audit.json", "audit.json"],
    ];
    let changes = ["--yes", "svc", "add", "remove", "restart", "stop", "apply"];
    let reading = ASKING.iter().filter(|command| !changes.iter().any(|word| command.contains(word)));
    for command in reading.chain(&local) {
        for form in [&[][..], &["--json"]] {
            let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
            let all = [command, form].concat();
            let status = home.command(&all).stdout(full).status().unwrap();
            assert_eq!(status.code(), Some(74), "{all:?}");
            let _ = std::fs::remove_file(home.path("new-key"));
        }
    }
}

#[test]
fn a_key_is_not_made_where_standard_output_is_closed() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let keys = || home.run(&["keys", "list", "--json"]).ok().json().as_array().unwrap().len();
    let before = keys();
    let program = assert_cmd::cargo::cargo_bin!("keybench").display().to_string();
    let shell = |line: &str| {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", line]).env("KEYBENCH_CONFIG_DIR", home.path("config")).envs(&home.env);
        let output = shell.current_dir(home.folder.path()).stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for command in ["keys create --name nowhere", "keys create --json", "keys rotate nowhere"] {
        let (code, said) = shell(&format!("{program} {command} >&-"));
        assert_eq!(code, Some(74), "{command}: {said}");
        assert!(said.contains("closed") && said.contains("--output"), "{command}: {said}");
        assert_eq!(keys(), before, "{command}");
    }
    // Nothing is lost where the key goes elsewhere, or where the user says that it may.
    assert_eq!(shell(&format!("{program} keys create --output there >&-")).0, Some(0));
    assert_eq!(shell(&format!("{program} keys create >/dev/null")).0, Some(0));
    assert_eq!(keys(), before + 2);
}

#[test]
fn profiles_that_are_stored_at_once_are_all_there() {
    let bench = Bench::demo();
    let home = Home::new();
    let names: Vec<String> = (0..8).map(|n| format!("p{n}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            let (home, bench) = (&home, &bench);
            scope.spawn(move || {
                let login = ["login", "--url", &bench.url, "--name", name];
                home.run_with_input(&login, &bench.key("owner")).ok();
            });
        }
    });
    let listed = home.run(&["profile", "list", "--json"]).ok().json();
    let stored: Vec<_> = listed.as_array().unwrap().iter().map(|profile| profile["key"].clone()).collect();
    assert_eq!(stored, vec!["stored"; 8], "{listed}");
    let left: Vec<_> =
        std::fs::read_dir(home.path("config")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn that_a_key_is_for_another_audience_is_an_answer_and_no_rejection() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let own = home.run(&["keys", "validate", "--audience", "Application", "--json"]);
    assert_eq!((own.code, own.json()["valid"].as_bool()), (8, Some(false)), "{own:?}");
}
