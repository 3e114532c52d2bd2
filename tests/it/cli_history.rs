//! The history of tests and runs, and `runs list|show|compare`: the real program.

use std::os::unix::fs::PermissionsExt as _;

use keybench::actions::sign_in;
use keybench::config::{Credential, Overrides, Profile, Store};
use keybench::secret::ApiKey;
use serde_json::{Value, json};

use crate::support::bench::{Bench, Home};
use crate::support::{install_tls, made_up_key};

fn ids(home: &Home, more: &[&str]) -> Vec<i64> {
    let all = home.run(&[&["runs", "list", "--json"], more].concat()).ok().json();
    all.as_array().unwrap().iter().map(|entry| entry["id"].as_i64().unwrap()).collect()
}

#[test]
fn tests_and_runs_are_kept_and_shown_again() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    assert_eq!(home.run(&["runs", "list", "--json"]).ok().json(), json!([]));
    assert!(!home.path("config/history.sqlite").exists(), "a look creates nothing");

    home.run(&["models", "test", "playground/echo", "--request", "{\"n\": 12345678901234567890.10}"]).ok();
    let refused = home.run(&["models", "test", "churn-prod/flaky", "--request", "{\"p\": 1.0}"]);
    assert_eq!(refused.code, 8, "{refused:?}");
    for _ in 0..2 {
        home.run(&["models", "test", "churn-prod/add", "-n", "20", "-c", "2"]).ok();
    }
    // Not kept: nothing was sent.
    assert_eq!(home.run(&["models", "test", "churn-prod/add", "--request", "{"]).code, 7);

    let table = home.run(&["runs", "list"]).ok().out;
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows[0].starts_with("ID") && rows[1].starts_with("4 ") && rows.len() == 5, "{table}");
    assert!(
        rows[1].contains("run") && rows[1].contains("20 requests") && rows[3].contains("test"),
        "{table}"
    );
    assert_eq!(ids(&home, &[]), [4, 3, 2, 1]);
    assert_eq!(ids(&home, &["--model", "churn-prod/add"]), [4, 3]);
    assert_eq!(ids(&home, &["--model", "echo"]), [1]);
    assert_eq!(ids(&home, &["--limit", "1"]), [4]);

    let test = home.run(&["runs", "show", "1", "--json"]).ok();
    assert!(test.out.contains("12345678901234567890.10"), "digits stay: {test:?}");
    let test = test.json();
    for (name, value) in [
        ("kind", json!("test")),
        ("model", json!("playground/echo")),
        ("workbench", json!(bench.url)),
        ("status", json!(200)),
        ("ok", json!(true)),
        ("request_whole", json!(true)),
        ("key", json!("no key")),
    ] {
        assert_eq!(test[name], value, "{name}: {test:#}");
    }
    assert!(test["phases"]["waiting_ms"].is_number() && test["response"].is_object(), "{test:#}");
    let failed = home.run(&["runs", "show", "2"]).ok().out;
    assert!(failed.contains("the function failed") && failed.contains("request:"), "{failed}");

    let run = home.run(&["runs", "show", "3", "--json"]).ok().json();
    assert_eq!((&run["total"], &run["id"], &run["kind"]), (&json!(20), &json!(3), &json!("run")));
    assert_eq!((&run["model"], &run["key"]), (&json!("churn-prod/add"), &json!("signed in")));
    assert!(home.run(&["runs", "show", "3"]).ok().out.contains("20 requests"));

    let compared = home.run(&["runs", "compare", "3", "4", "--json"]).ok().json();
    assert_eq!(compared["latency_counts_alike"], true);
    home.run(&["models", "test", "churn-prod/add", "-n", "5", "--export", "run.json"]).ok();
    assert!(home.run(&["runs", "compare", "4", "run.json"]).ok().out.contains("p99"));
    assert!(home.run(&["runs", "report", "5"]).ok().out.contains("5 requests"));

    let mode = home.path("config/history.sqlite").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_run_without_a_success_has_no_latency() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let failing = ["models", "test", "churn-prod/flaky", "--request", "{\"p\": 1.0}", "-n", "4"];
    let run = home.run(&[&failing[..], &["--expect", "p99<60s", "--json"]].concat());
    assert_eq!((run.code, &run.json()["expectations"][0]["holds"]), (8, &json!(false)), "{run:?}");
    home.run(&["models", "test", "churn-prod/add", "-n", "4"]).ok();

    let all = home.run(&["runs", "list", "--json"]).ok().json();
    assert_eq!((&all[1]["id"], &all[1]["latency_ms"]), (&json!(1), &Value::Null), "{all:#}");
    let table = home.run(&["runs", "list"]).ok().out;
    let failed = table.lines().nth(2).unwrap();
    assert!(failed.contains(" - ") && !failed.contains("ms") && failed.ends_with("/s"), "{table}");
    let compared = home.run(&["runs", "compare", "1", "2"]).ok().out;
    let p99: Vec<&str> = compared.lines().find(|line| line.starts_with("p99 ")).unwrap().split(' ').collect();
    let p99: Vec<&str> = p99.into_iter().filter(|cell| !cell.is_empty()).collect();
    assert!(matches!(p99[..], ["p99", "-", _, "ms" | "s"]), "{compared}");
}

#[test]
fn what_is_not_in_the_history_ends_with_7_and_says_what_to_do() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let fails = |home: &Home, arguments: &[&str], kind: &str, says: &str| {
        let done = home.run(&[arguments, &["--json"]].concat());
        let error = done.error();
        assert_eq!((done.code, error["kind"].as_str()), (7, Some(kind)), "{arguments:?}: {done:?}");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
        assert!(error["hint"].as_str().unwrap().len() > 5, "{error}");
    };
    fails(&home, &["runs", "show", "1"], "invalid", "no entry 1");
    home.run(&["models", "test", "churn-prod/add"]).ok();
    fails(&home, &["runs", "show", "2"], "invalid", "no entry 2");
    fails(&home, &["runs", "compare", "1", "1"], "invalid", "a test, not a run");

    std::fs::write(home.path("config/history.sqlite"), "not a database").unwrap();
    fails(&home, &["runs", "list"], "history", "broken");
    let warned = home.run(&["models", "test", "churn-prod/add"]).ok();
    assert!(warned.err.contains("not kept: ") && warned.err.contains("move it away"), "{warned:?}");
    assert_eq!(std::fs::read(home.path("config/history.sqlite")).unwrap(), b"not a database");
}

#[test]
fn none_is_written_where_it_is_off_or_others_read_the_home() {
    let bench = Bench::demo();
    let files = |home: &Home| {
        home.path("config").read_dir().map_or(0, |files| {
            files.filter(|file| file.as_ref().unwrap().file_name() != "config.toml").count()
        })
    };
    let off = bench.home("owner");
    std::fs::create_dir(off.path("config")).unwrap();
    std::fs::write(off.path("config/config.toml"), "history = false\n").unwrap();
    let test = off.run(&["models", "test", "churn-prod/add"]).ok();
    assert!(test.err.is_empty() && files(&off) == 0, "{test:?}");
    let list = off.run(&["runs", "list", "--json"]);
    assert_eq!((list.code, &list.error()["kind"]), (7, &json!("history")), "{list:?}");

    let mut session = Home::new();
    session.set("CDSW_DOMAIN", bench.url.strip_prefix("http://").unwrap());
    session.set("CDSW_PROJECT_URL", &format!("{}/owner/churn-prod", bench.url));
    session.set("CDSW_APIV2_KEY", &bench.key("owner"));
    session.run(&["models", "test", "churn-prod/add"]).ok();
    session.run(&["models", "test", "churn-prod/add", "-n", "3"]).ok();
    // A profile's workbench, while the program runs in a session.
    session.set("KEYBENCH_URL", &bench.url);
    session.set("KEYBENCH_API_KEY", &bench.key("owner"));
    session.run(&["models", "test", "churn-prod/add"]).ok();
    assert_eq!(files(&session), 0);
    assert!(!session.path(".local").exists());
    assert!(session.run(&["runs", "list"]).err.contains("inside a workbench session"));
}

#[test]
fn without_a_folder_of_its_own_the_history_lies_in_the_state_folder() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let test = ["models", "test", "churn-prod/add"];
    let run = |state: Option<&str>| {
        let mut command = home.command(&test);
        command.env_remove("KEYBENCH_CONFIG_DIR").envs(state.map(|state| ("XDG_STATE_HOME", state)));
        let output = command.output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    };
    run(None);
    assert!(home.path(".local/state/keybench/history.sqlite").exists());
    // A container whose file system is read-only: tests pass, and say nothing of it.
    run(Some("/proc/none"));
}

#[test]
fn several_programs_at_once_lose_no_entry() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let children: Vec<_> =
        (0..8).map(|_| home.command(&["models", "test", "churn-prod/add"]).spawn().unwrap()).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
    assert_eq!(ids(&home, &[]).len(), 8);
}

/// The model answers with what it was sent: a key, whose ever it is, and the model's access key.
#[test]
fn a_key_in_a_request_is_in_no_file() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let models = home.run(&["models", "list", "--json"]).ok().json();
    let models = models.as_array().unwrap().clone();
    let echo = models.into_iter().find(|model: &Value| model["name"] == "echo").unwrap();
    let access_key = echo["access_key"].as_str().unwrap().to_owned();
    let (own, foreign) = (bench.key("owner"), made_up_key('f'));
    let request = json!({ "own": own, "foreign": foreign, "access": access_key }).to_string();
    // No argument may hold a key.
    let request = format!("@{}", home.file("request.json", &request));
    home.run(&["models", "test", "playground/echo", "--request", &request]).ok();
    home.run(&["models", "test", "playground/echo", "--request", &request, "-n", "3"]).ok();
    let file = std::fs::read(home.path("config/history.sqlite")).unwrap();
    let text = String::from_utf8_lossy(&file);
    for secret in [&own[..64], &own[65..], &foreign[..64], &foreign[65..], &access_key] {
        // Not with the text itself: it would be in the report of the failure.
        assert!(!text.contains(secret), "a key is in the history");
    }
    assert!(text.contains("foreign"), "the request is in it, or this proves nothing");
    let shown = home.run(&["runs", "show", "1"]).ok().out;
    assert!(shown.contains("the request was masked or cut"), "{shown}");
}

/// Or tests of the interface would write into the home of who runs them.
#[tokio::test]
async fn the_history_of_a_profile_lies_with_its_store() {
    install_tls();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    let url = "http://127.0.0.1:1".to_owned();
    let profile = Profile { url: url.clone(), username: "owner".to_owned(), ..Profile::default() };
    let api_key = ApiKey::from_workbench(made_up_key('a'));
    store.save("x", profile, Some(Credential { url, api_key, ..Credential::default() })).unwrap();
    let session = sign_in::open(&store, "x", &Overrides::default()).await.unwrap();
    assert_eq!(session.history, Some(folder.path().join("history.sqlite")));
}

#[test]
fn a_key_that_was_made_here_goes_by_its_id_in_the_history() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.run(&["keys", "create", "--name", "other", "--output", "other.key"]).ok();
    let request = ["--request", "{\"a\": 1, \"b\": 2}", "--api-key-file", "other.key"];
    home.run(&[&["models", "test", "churn-prod/add"][..], &request].concat()).ok();
    home.run(&["models", "test", "churn-prod/add", "-n", "5"]).ok();
    let kept = home.run(&["runs", "list", "--json"]).ok().json();
    assert!(kept[1]["key"].as_str().unwrap().contains('…'), "{kept}");
    assert!(!kept[0]["result"].as_str().unwrap().contains("p50"), "that is the latency: {kept}");
}
