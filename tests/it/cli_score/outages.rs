//! What happens to a run from outside: its files change, its model stops, its connections are cut.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{SCORE, assert_complete, calls, fault, lines, rows, score};
use crate::support::bench::{Bench, Done, Home};

/// Runs the command on a model that answers slowly, until `act`, which is called after the first line
/// of the result.
fn meanwhile(bench: &Bench, home: &Home, more: &[&str], act: impl FnOnce()) -> Done {
    fault(bench, 1_000_000, &json!({ "delay_ms": 20 }));
    let child = home.command(&[&SCORE[..], &["-c", "1", "--json"], more].concat()).spawn().unwrap();
    while std::fs::metadata(home.path("out.jsonl")).map_or(0, |found| found.len()) == 0 {
        std::thread::yield_now();
    }
    act();
    bench.control(Method::DELETE, "/faults", &Value::Null);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn an_input_that_changes_meanwhile_ends_the_run_and_no_changed_row_is_sent() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    // More than is read at a time.
    let pad = format!(",\"pad\":\"{}\"}}\n", "x".repeat(8000));
    let old = rows(100).replace("}\n", &pad);
    let other = old.replace("\"b\":0", "\"b\":1");
    for new in ["", &rows(10), &other, &format!("{old}{}", rows(10))] {
        home.file("rows.jsonl", &old);
        let done = meanwhile(&bench, &home, &[], || {
            home.file("rows.jsonl", new);
        });
        assert_eq!((done.code, &done.json()["complete"]), (7, &json!(false)), "{done:?}");
        let error = done.error();
        assert_eq!(error["kind"], "input_changed", "{done:?}");
        assert!(error["message"].as_str().unwrap().contains("has changed since it was checked"), "{done:?}");
        let found = lines(&home, "out.jsonl");
        assert!(!found.is_empty() && found.len() < 100);
        assert!(found.iter().all(|line| line["response"] == line["row"]), "a row that was not checked");
        std::fs::remove_file(home.path("out.jsonl")).unwrap();
    }

    // What is in memory already is sent, and the change said.
    home.file("rows.jsonl", &rows(20));
    let done = meanwhile(&bench, &home, &[], || {
        home.file("rows.jsonl", &rows(10));
    });
    assert_complete(&home, 20);
    assert!(done.code == 0 && done.err.contains("\"kind\":\"input_changed\""), "{done:?}");
}

#[test]
fn a_result_that_is_taken_away_meanwhile_is_not_written_to() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(50));
    let path = home.path("out.jsonl");
    let acts: [(&str, &dyn Fn()); 3] = [
        ("removed it", &|| std::fs::remove_file(&path).unwrap()),
        ("put another file there", &|| {
            std::fs::rename(&path, home.path("old.jsonl")).unwrap();
            home.file("out.jsonl", "");
        }),
        ("changed it", &|| {
            home.file("out.jsonl", "");
        }),
    ];
    for (what, act) in acts {
        let done = meanwhile(&bench, &home, &[], act);
        assert_eq!((done.code, &done.json()["complete"]), (74, &json!(false)), "{done:?}");
        assert!(done.err.contains(what) && done.err.contains("50 rows were written"), "{done:?}");
        score(&home, &[]).ok();
        assert_complete(&home, 50);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_model_that_starts_costs_time_and_one_that_is_stopped_no_row() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(60));
    let starting = json!({ "errors": { "error": "the model is not deployed: its deployment is deploying" } });
    fault(&bench, 3, &json!({ "status": 503, "body": starting }));
    let done = score(&home, &["-c", "2", "--json"]).ok().json();
    assert_complete(&home, 60);
    assert_eq!((&done["retries"]["starting"], &done["may_have_run_twice"]), (&json!(3), &json!(0)));

    // Of another 503 it is not known whether the function ran.
    std::fs::remove_file(home.path("out.jsonl")).unwrap();
    fault(&bench, 1, &json!({ "status": 503, "body": {} }));
    let done = score(&home, &["-c", "1", "--json"]);
    assert_eq!((done.code, &done.json()["failures"]["server_error"]), (8, &json!(1)), "{done:?}");

    std::fs::remove_file(home.path("out.jsonl")).unwrap();
    let done = meanwhile(&bench, &home, &[], || {
        home.run(&["models", "restart", "churn-prod/add"]).ok();
    });
    assert_complete(&home, 60);
    assert_eq!((done.code, &done.json()["deployments"].as_array().unwrap().len()), (0, &1), "{done:?}");

    std::fs::remove_file(home.path("out.jsonl")).unwrap();
    let done = meanwhile(&bench, &home, &[], || {
        home.run(&["models", "stop", "churn-prod/add"]).ok();
        while !home.run(&["models", "show", "churn-prod/add"]).out.contains("stopped") {}
    });
    assert_eq!((done.code, &done.json()["complete"]), (8, &json!(false)), "{done:?}");
    assert_eq!(done.error()["kind"], "not_deployed", "{done:?}");
    assert!(lines(&home, "out.jsonl").len() < 60);
    assert!(lines(&home, "out.jsonl").iter().all(|line| line["ok"] == true), "no row is burnt");
    let calls_before = calls(&bench);
    assert_eq!(score(&home, &[]).code, 8);
    assert_eq!(calls(&bench), calls_before, "nothing is sent to a model that is stopped");
    home.run(&["models", "restart", "churn-prod/add"]).ok();
    score(&home, &[]).ok();
    assert_complete(&home, 60);
}

#[test]
fn a_deployment_that_takes_the_place_of_another_ends_the_run_unless_that_is_allowed() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(60));
    let deploy = || {
        home.run(&["models", "deploy", "churn-prod/add", "--wait"]).ok();
    };
    // The replicas of one deployment have the beginning of their names in common.
    let deployments = || {
        let replicas = lines(&home, "out.jsonl").into_iter().map(|line| {
            let replica = line["replica_id"].as_str().unwrap().to_owned();
            replica.rsplit_once('-').unwrap().0.to_owned()
        });
        replicas.collect::<BTreeSet<_>>().len()
    };
    let done = meanwhile(&bench, &home, &[], deploy);
    assert_eq!((done.code, &done.error()["kind"]), (7, &json!("new_build")), "{done:?}");
    assert_eq!(deployments(), 1, "no answer of the new deployment is in the result");
    assert!(lines(&home, "out.jsonl").iter().all(|line| line["ok"] == true));
    let refused = score(&home, &[]);
    assert!(refused.code == 7 && refused.err.contains("--allow-new-build"), "{refused:?}");
    let done = score(&home, &["--allow-new-build", "--json"]).ok().json();
    assert_complete(&home, 60);
    assert_eq!((done["deployments"].as_array().unwrap().len(), deployments()), (2, 2));
    // It is the last one that it goes on with.
    let again = score(&home, &["--json"]).ok().json();
    assert_eq!(again["deployments"], done["deployments"]);

    std::fs::remove_file(home.path("out.jsonl")).unwrap();
    std::fs::remove_file(home.path("out.jsonl.keybench")).unwrap();
    let done = meanwhile(&bench, &home, &["--allow-new-build"], deploy);
    assert_complete(&home, 60);
    assert_eq!((done.code, done.json()["deployments"].as_array().unwrap().len()), (0, 2), "{done:?}");
    let note: Value =
        serde_json::from_str(&std::fs::read_to_string(home.path("out.jsonl.keybench")).unwrap()).unwrap();
    assert_eq!(note["deployment_id"], done.json()["deployments"][1]["deployment_id"]);
    assert_eq!(note["earlier"][0], done.json()["deployments"][0]);
}

#[test]
fn an_outage_leaves_the_rows_to_a_later_run() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(100));
    fault(&bench, 1_000_000, &json!({ "reset": true }));
    let done = score(&home, &["-c", "1", "--json"]);
    assert_eq!((done.code, &done.json()["complete"]), (6, &json!(false)), "{done:?}");
    let found = lines(&home, "out.jsonl").len();
    assert_eq!(found, 10, "so many rows may be at fault");
    bench.control(Method::DELETE, "/faults", &Value::Null);
    let done = score(&home, &["--json", "--max-failures", "10"]).ok().json();
    assert_eq!((&done["scored"], &done["may_have_run_twice"]), (&json!(90), &json!(1)));
}

#[test]
fn rows_that_may_have_run_twice_are_counted_over_all_runs() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    home.file("rows.jsonl", &rows(60));
    fault(&bench, 1_000_000, &json!({ "delay_ms": 30 }));
    for run in 1..=3 {
        let mut child = home.command(&[&SCORE[..], &["-c", "2"]].concat()).spawn().unwrap();
        let recorded =
            || std::fs::read_to_string(home.path("out.jsonl")).map_or(0, |text| text.lines().count());
        while recorded() < 4 * run {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    bench.control(Method::DELETE, "/faults", &Value::Null);
    let done = score(&home, &["-c", "2", "--json"]).ok().json();
    assert_complete(&home, 60);
    assert_eq!(done["may_have_run_twice"], 6, "two in flight, three times: {done}");
    assert!(calls(&bench) - 60 <= 6);

    // And those whose answer was lost.
    std::fs::remove_file(home.path("out.jsonl")).unwrap();
    std::fs::remove_file(home.path("out.jsonl.keybench")).unwrap();
    fault(&bench, 2, &json!({ "reset_after": true }));
    let done = score(&home, &["-c", "1", "--json", "--idempotent"]).ok().json();
    assert_eq!((&done["retries"]["lost"], &done["may_have_run_twice"]), (&json!(2), &json!(1)));
    assert_eq!(score(&home, &["--json"]).ok().json()["may_have_run_twice"], 1, "the note keeps it");
}

#[test]
fn a_proxy_that_closes_each_connection_costs_no_row_and_no_second_call() {
    let bench = Bench::controlled();
    let mut home = bench.home("owner");
    home.file("rows.jsonl", &rows(200));
    for wait in [0, 20] {
        home.set("KEYBENCH_MODEL_URL", &format!("{}/model", closing_proxy(&bench.url, wait)));
        let before = calls(&bench);
        let done = score(&home, &["-c", "4", "--json"]).ok().json();
        assert_complete(&home, 200);
        assert_eq!((calls(&bench) - before, &done["retries"]), (200, &json!({})), "{wait} ms");
        std::fs::remove_file(home.path("out.jsonl")).unwrap();
    }
}

/// A proxy that closes each connection `wait` milliseconds after its answer or as soon as it is used
/// again, and does not say so.
fn closing_proxy(upstream: &str, wait: u64) -> String {
    let upstream = upstream.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let upstream = upstream.clone();
            std::thread::spawn(move || pass_on(&stream, &upstream, wait));
        }
    });
    url
}

fn pass_on(stream: &TcpStream, upstream: &str, wait: u64) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let head: Vec<String> =
        reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let length = |line: &String| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok();
    let mut body = vec![0; head.iter().find_map(length)?];
    reader.read_exact(&mut body).ok()?;
    let mut to = TcpStream::connect(upstream).ok()?;
    let request = format!("{}\r\nconnection: close\r\n\r\n", head.join("\r\n"));
    to.write_all(&[request.as_bytes(), &body].concat()).ok()?;
    let mut answer = String::new();
    to.read_to_string(&mut answer).ok()?;
    let mut out = stream;
    out.write_all(answer.replacen("connection: close\r\n", "", 1).as_bytes()).ok()?;
    if wait > 0 {
        stream.set_read_timeout(Some(Duration::from_millis(wait))).ok()?;
        let _ = stream.peek(&mut [0]);
    }
    Some(())
}
