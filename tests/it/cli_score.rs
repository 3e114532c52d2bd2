//! `models score`: the real program against the embedded workbench.

mod outages;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::bench::{Bench, Done, Home};

/// Rows for `churn-prod/add`: row `n` is answered with `n`.
fn rows(count: u64) -> String {
    (1..=count).fold(String::new(), |mut text, n| {
        writeln!(text, "{{\"id\":\"r{n}\",\"request\":{{\"a\":{n},\"b\":0}}}}").unwrap();
        text
    })
}

const SCORE: [&str; 7] =
    ["models", "score", "churn-prod/add", "--input", "rows.jsonl", "--output", "out.jsonl"];

fn score(home: &Home, more: &[&str]) -> Done {
    home.run(&[&SCORE[..], more].concat())
}

/// The lines of a result.
fn lines(home: &Home, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(home.path(name)).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "a torn line: {text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Each row exactly once, with the answer of `churn-prod/add`.
#[track_caller]
fn assert_complete(home: &Home, count: u64) {
    let found: BTreeMap<u64, Value> = lines(home, "out.jsonl")
        .into_iter()
        .map(|line| (line["row"].as_u64().unwrap(), line["response"].clone()))
        .collect();
    assert_eq!(found.len() as u64, count);
    assert_eq!(lines(home, "out.jsonl").len() as u64, count, "a row is there twice");
    assert!(found.iter().all(|(row, response)| response == row), "{found:?}");
}

fn calls(bench: &Bench) -> u64 {
    bench.control(Method::GET, "/requests/count?operation=CallModel&model=churn-prod/add", &Value::Null)["count"]
        .as_u64()
        .unwrap()
}

fn fault(bench: &Bench, times: u64, act: &Value) {
    let on = json!({ "operation": "CallModel", "model": "churn-prod/add" });
    bench.control(Method::POST, "/faults", &json!({ "on": on, "do": act, "times": times }));
}

#[test]
fn every_row_is_answered_once_and_the_order_can_be_restored() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(200));
    let done = score(&home, &["-c", "8", "--sorted", "--json"]).ok();
    assert_complete(&home, 200);
    let document = done.json();
    assert_eq!(
        (&document["rows"], &document["ok"], &document["failed"]),
        (&json!(200), &json!(200), &json!(0))
    );
    assert_eq!((&document["complete"], &document["concurrency"]), (&json!(true), &json!(8)));
    let lines = lines(&home, "out.jsonl");
    assert!(lines.iter().map(|line| line["row"].as_u64().unwrap()).is_sorted());
    let line = &lines[6];
    assert_eq!(
        (&line["id"], &line["ok"], &line["status"], &line["attempts"]),
        (&json!("r7"), &json!(true), &json!(200), &json!(1))
    );
    assert!(line["latency_ms"].as_f64().unwrap() > 0.0 && line["replica_id"].is_string(), "{line}");

    // Once more changes nothing.
    let again = score(&home, &["-c", "8", "--json"]).ok().json();
    assert_eq!((&again["scored"], &again["recorded_before"]), (&json!(0), &json!(200)));
    assert_complete(&home, 200);
}

#[test]
fn the_columns_of_a_table_become_requests() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.file("rows.csv", "\u{feff}customer,a,b,note\nx1,1,2.50,\"one, two\"\nx2,10,,\n");
    let csv = ["models", "score", "playground/echo", "--input", "rows.csv", "--output", "out.jsonl"];
    let map = ["--map", "a:int,b:number?", "--id", "customer", "--pass-through", "--sorted"];
    home.run(&[&csv[..], &map[..]].concat()).ok();
    let found = lines(&home, "out.jsonl");
    let text = std::fs::read_to_string(home.path("out.jsonl")).unwrap();
    assert!(text.contains("\"response\":{\"a\":1,\"b\":2.50}"), "digits are kept: {text}");
    assert_eq!(found[1]["response"], json!({ "a": 10, "b": null }));
    assert_eq!((&found[0]["id"], &found[0]["input"]["note"]), (&json!("x1"), &json!("one, two")));

    for (more, named) in [
        (&["--map", "a:int,b:number"][..], "line 3 of rows.csv: b: the cell is empty"),
        (&["--map", "a:int,c:int"], "there is no column \"c\""),
        (&["--id", "nobody"], "there is no column \"nobody\""),
        (&["--map", "a:float"], "column:type"),
    ] {
        let refused = home.run(&[&csv[..5], &["--output", "new.jsonl"], more].concat());
        assert_eq!(refused.code, 7, "{refused:?}");
        assert!(refused.err.contains(named), "{refused:?}");
        assert!(!home.path("new.jsonl").exists());
    }
    for (text, named) in [
        ("a,b\n", "below the head line"),
        ("a,b\n1\n", "line 2 of rows.csv: it has 1 cell, and the head line has 2"),
        ("a,b\n\"1,2\n3,4\n", "is a quotation mark missing?"),
    ] {
        home.file("rows.csv", text);
        let refused = home.run(&[&csv[..5], &["--output", "new.jsonl"]].concat());
        assert!(refused.code == 7 && refused.err.contains(named), "{refused:?}");
    }
}

#[test]
fn a_bad_row_is_named_before_any_is_sent() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    for (bad, named) in [
        ("{\"request\":{\"a\":1}", "line 4 of rows.jsonl: it is not JSON"),
        ("{\"a\":1}", "missing field `request`"),
        ("{\"id\":{},\"request\":1}", "neither a text nor a number"),
        ("{\"id\":true,\"request\":1}", "neither a text nor a number"),
        ("[\"x\",{\"a\":1,\"b\":2},null]", "it is not an object"),
        ("{\"request\":1,\"request\":2}", "duplicate field"),
    ] {
        home.file("rows.jsonl", &format!("{}\n{bad}\n", rows(2)));
        let refused = score(&home, &[]);
        assert_eq!(refused.code, 7, "{refused:?}");
        assert!(refused.err.contains(named) && refused.err.contains("line 4"), "{refused:?}");
    }
    for (more, named) in [
        (&["-c", "0"][..], "0 rows at a time"),
        (&["--shard", "2/2"], "write I/N"),
        (&["--retry", "lost=1"], "--idempotent"),
        (&["--max-failures", "x"], "no number of rows"),
        (&["--input", "rows.txt"], ""),
    ] {
        home.file("rows.jsonl", &rows(2));
        let refused = score(&home, more);
        assert!(matches!(refused.code, 2 | 7) && refused.err.contains(named), "{more:?} {refused:?}");
    }
    for (output, named) in [
        ("-", "cannot go to standard output"),
        ("no/such/out.jsonl", "create its folder, or name another file with --output"),
        (".", "name another file with --output"),
        ("/dev/full", "name another file with --output"),
    ] {
        let refused = home.run(&[&SCORE[..5], &["--output", output]].concat());
        assert!(refused.code == 7 && refused.err.contains(named), "{refused:?}");
        assert!(!refused.err.contains("make room"), "{refused:?}");
    }
    assert_eq!(calls(&bench), 0);
    assert!(!home.path("out.jsonl").exists() && !home.path("-").exists());
}

#[test]
fn a_result_that_breaks_off_anywhere_is_gone_on_with() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(30));
    score(&home, &[]).ok();
    let whole = std::fs::read(home.path("out.jsonl")).unwrap();
    for at in [1, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
        std::fs::write(home.path("out.jsonl"), &whole[..at]).unwrap();
        score(&home, &[]).ok();
        assert_complete(&home, 30);
    }
}

#[test]
fn a_result_of_something_else_is_left_alone() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(3));
    score(&home, &[]).ok();
    let before = std::fs::read(home.path("out.jsonl")).unwrap();
    let note = std::fs::read_to_string(home.path("out.jsonl.keybench")).unwrap();

    home.file("rows.jsonl", &rows(4));
    let refused = score(&home, &[]);
    assert_eq!(refused.code, 7, "{refused:?}");
    assert!(refused.err.contains("out.jsonl is the result of another input"), "{refused:?}");
    home.file("rows.jsonl", &rows(3));
    assert!(score(&home, &["--shard", "0/2"]).err.contains("another --shard"));

    let build = serde_json::from_str::<Value>(&note).unwrap()["build_id"].as_str().unwrap().to_owned();
    home.file("out.jsonl.keybench", &note.replace(&build, "an-older-build"));
    let refused = score(&home, &[]);
    assert_eq!(refused.code, 7, "{refused:?}");
    assert!(
        refused.err.contains("another build") && refused.err.contains("--allow-new-build"),
        "{refused:?}"
    );
    score(&home, &["--allow-new-build"]).ok();

    std::fs::remove_file(home.path("out.jsonl.keybench")).unwrap();
    let refused = score(&home, &[]);
    assert!(refused.code == 7 && refused.err.contains("no note beside it"), "{refused:?}");
    assert_eq!(std::fs::read(home.path("out.jsonl")).unwrap(), before);
}

#[test]
fn a_model_that_is_busy_for_a_while_costs_time_and_no_row() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(40));
    fault(&bench, 12, &json!({ "busy": true }));
    let done = score(&home, &["-c", "4", "--json"]).ok().json();
    assert_complete(&home, 40);
    assert_eq!(done["retries"]["busy"], 12);
    assert_eq!(calls(&bench), 52);

    // The budget ends.
    fault(&bench, 3, &json!({ "status": 429 }));
    std::fs::remove_file(home.path("out.jsonl")).unwrap();
    let done = score(&home, &["-c", "1", "--json", "--retry", "busy=2"]);
    assert_eq!(done.code, 8, "{done:?}");
    assert_eq!(done.json()["failures"]["busy"], 1);
    let failed = &lines(&home, "out.jsonl")[0];
    assert_eq!(
        (&failed["ok"], &failed["failure"], &failed["attempts"]),
        (&json!(false), &json!("busy"), &json!(3))
    );
}

#[test]
fn what_may_have_run_is_tried_again_only_where_that_does_no_harm() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(10));
    let late = json!({ "status": 500, "body": { "errors": { "error while calling model": "context deadline exceeded" } } });
    for (act, failure) in [
        (json!({ "reset_after": true }), "cut"),
        (json!({ "reset": true }), "cut"),
        (json!({ "status": 504 }), "server_error"),
        (late, "server_error"),
    ] {
        fault(&bench, 2, &act);
        let before = calls(&bench);
        let done = score(&home, &["-c", "1", "--json"]);
        assert_eq!(done.code, 8, "{act}: {done:?}");
        assert_eq!(
            (&done.json()["failures"][failure], calls(&bench) - before),
            (&json!(2), 10),
            "{act}: {done:?}"
        );
        score(&home, &["--max-failures", "20%"]).ok();
        assert_eq!(score(&home, &["--max-failures", "1"]).code, 8);
        std::fs::remove_file(home.path("out.jsonl")).unwrap();

        fault(&bench, 2, &act);
        let done = score(&home, &["-c", "1", "--json", "--idempotent"]).ok();
        assert_complete(&home, 10);
        let retries: u64 =
            done.json()["retries"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        assert_eq!(retries, 2, "{act}: {done:?}");
        std::fs::remove_file(home.path("out.jsonl")).unwrap();
    }
    // A refusal of the row itself is final whatever is allowed.
    fault(&bench, 2, &json!({ "status": 400, "body": { "success": false } }));
    let done = score(&home, &["-c", "1", "--json", "--idempotent"]);
    assert_eq!((done.code, &done.json()["failures"]["model_failed"]), (8, &json!(2)), "{done:?}");
    std::fs::remove_file(home.path("out.jsonl")).unwrap();
    fault(&bench, 2, &json!({ "status": 400, "body": { "success": false } }));
    let said = score(&home, &["-c", "1"]).out;
    assert!(said.contains("(as in line 1)"), "a row that failed is named: {said}");
}

#[test]
fn a_second_refusal_of_the_key_ends_the_run_with_the_result_whole() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(10));
    // Once may be a key that is not known everywhere yet.
    fault(&bench, 1, &json!({ "status": 401 }));
    score(&home, &["-c", "1"]).ok();
    std::fs::remove_file(home.path("out.jsonl")).unwrap();

    fault(&bench, 2, &json!({ "status": 401 }));
    let done = score(&home, &["-c", "1", "--json"]);
    assert_eq!(done.code, 4, "{done:?}");
    assert_eq!(done.json()["complete"], false);
    assert_eq!(lines(&home, "out.jsonl").len(), 0, "what was refused is not recorded");
    score(&home, &[]).ok();
    assert_complete(&home, 10);
}

#[test]
fn a_service_that_cannot_be_reached_ends_the_run_and_fails_no_row() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(3));
    let done = score(&home, &["--model-url", "http://127.0.0.1:9/model", "--retry", "connect=1"]);
    assert_eq!(done.code, 6, "{done:?}");
    assert!(done.err.contains("0 of 3 rows are in out.jsonl"), "{done:?}");
    score(&home, &[]).ok();
    assert_complete(&home, 3);
}

#[test]
fn eight_processes_score_a_file_together() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(100));
    let children: Vec<_> = (0..8)
        .map(|index| {
            let (shard, output) = (format!("{index}/8"), format!("out-{index}.jsonl"));
            let shard = [&SCORE[..5], &["--output", &output, "--shard", &shard]].concat();
            home.command(&shard).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    let all = (0..8).map(|index| std::fs::read_to_string(home.path(&format!("out-{index}.jsonl"))).unwrap());
    home.file("out.jsonl", &all.collect::<String>());
    assert_complete(&home, 100);
}
