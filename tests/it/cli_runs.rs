//! Runs with data, stages and shards, and `runs`: the real program against the embedded workbench.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::bench::{Bench, Done, Home};

const TEST: [&str; 3] = ["models", "test", "playground/echo"];

fn test(home: &Home, more: &[&str]) -> Done {
    home.run(&[&TEST[..], more].concat())
}

/// The requests of the model calls that the workbench has seen, in their order.
fn requests(bench: &Bench) -> Vec<Value> {
    let seen = bench.control(Method::GET, "/requests?operation=CallModel", &Value::Null);
    let entries = seen.as_array().or(seen["requests"].as_array()).unwrap().clone();
    entries.into_iter().map(|entry| entry["request"]["request"].clone()).collect()
}

#[test]
fn a_run_takes_each_request_from_the_next_row() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    home.file("rows.jsonl", "{\"request\":{\"n\":1}}\n{\"request\":{\"n\":2}}\n{\"request\":{\"n\":3}}\n");
    let run = test(&home, &["--data", "rows.jsonl", "--json"]).ok().json();
    assert_eq!(
        (&run["total"], &run["plan"]["data"]["rows"]),
        (&json!(3), &json!(3)),
        "once through the file"
    );
    test(&home, &["--data", "rows.jsonl", "-n", "7"]).ok();
    let sent: Vec<u64> = requests(&bench).iter().map(|request| request["n"].as_u64().unwrap()).collect();
    assert_eq!(sent, [1, 2, 3, 1, 2, 3, 1, 2, 3, 1]);

    home.file("rows.jsonl", "{\"request\":{\"n\":1}}\n{\"request\":\n");
    let refused = test(&home, &["--data", "rows.jsonl"]);
    assert!(refused.code == 7 && refused.err.contains("line 2 of rows.jsonl"), "{refused:?}");
    for more in
        [&["--stages", "10:1s", "--rate", "5"][..], &["--think", "1s", "--rate", "5"], &["--stages", "x"]]
    {
        assert!(matches!(test(&home, &[&["--request", "1"], more].concat()).code, 2 | 7), "{more:?}");
    }
    assert_eq!(requests(&bench).len(), 10);
}

#[test]
fn stages_ramp_the_rate_and_thinking_slows_a_loop() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    // 0 to 40 in half a second, 40 for half a second, back to 0 in half a second: 10 + 20 + 10.
    let staged = ["--request", "1", "--stages", "40:500ms,40:500ms,0:500ms", "--json"];
    let run = test(&home, &staged).ok().json();
    assert_eq!((&run["total"], &run["missed"], &run["latency_from"]), (&json!(40), &json!(0), &json!("due")));
    let elapsed = run["elapsed_s"].as_f64().unwrap();
    assert!(elapsed >= 1.5, "{elapsed}");
    let begin = |at: f64| -> u64 {
        let series = run["series"].as_array().unwrap().iter();
        series.filter(|p| p["at_s"].as_f64().unwrap() < at).map(|p| p["requests"].as_u64().unwrap()).sum()
    };
    assert!(begin(0.5) < 20, "slowly at first: {run:#}");

    let run = test(&home, &["--request", "1", "-n", "5", "--think", "100ms", "--json"]).ok().json();
    // No latency has a part of the four pauses; the histogram rounds.
    let latencies = run["mean_ms"].as_f64().unwrap() * 5.0;
    assert!(run["elapsed_s"].as_f64().unwrap() * 1e3 >= 400.0 + latencies * 0.98, "{run:#}");
}

#[test]
fn shards_of_a_run_make_a_whole_one() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    let rows: String = (0..40).map(|n| format!("{{\"request\":{n}}}\n")).collect();
    home.file("rows.jsonl", &rows);
    let children: Vec<_> = (0..8)
        .map(|index| {
            let (shard, export) = (format!("{index}/8"), format!("run-{index}.json"));
            let sharded = ["--data", "rows.jsonl", "--rate", "80", "--shard", &shard, "--export", &export];
            home.command(&[&TEST[..], &sharded].concat()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    let sent: BTreeSet<u64> = requests(&bench).iter().map(|request| request.as_u64().unwrap()).collect();
    assert_eq!((sent.len(), requests(&bench).len()), (40, 40), "each row once");

    let files: Vec<String> = (0..8).map(|index| format!("run-{index}.json")).collect();
    let mut merge = vec!["runs", "merge"];
    merge.extend(files.iter().map(String::as_str));
    let all = [&merge[..], &["--export", "all.json", "--json", "--expect", "errors=0,total=40"]].concat();
    let merged = home.run(&all).ok().json();
    assert_eq!((&merged["total"], &merged["merged"]), (&json!(40), &json!(8)));
    let part = |name: &str| -> Vec<f64> {
        let read =
            |file: &String| serde_json::from_str(&std::fs::read_to_string(home.path(file)).unwrap()).unwrap();
        files
            .iter()
            .map(|file| {
                let run: Value = read(file);
                run[name].as_f64().unwrap()
            })
            .collect()
    };
    let largest = part("max_ms").into_iter().fold(0.0, f64::max);
    assert!((merged["max_ms"].as_f64().unwrap() - largest).abs() < 1e-9);

    // Not twice, and not with a run of something else.
    let twice = home.run(&["runs", "merge", "run-0.json", "run-0.json"]);
    assert!(twice.code == 7 && twice.err.contains("shard 0/8 is there twice"), "{twice:?}");
    let part = home.run(&["runs", "merge", "run-0.json", "run-1.json"]).ok();
    assert!(part.err.contains("2 of 8 shards are there") && part.out.contains("2 runs"), "{part:?}");
    test(&home, &["--request", "1", "-n", "3", "--export", "other.json"]).ok();
    let same = home.run(&["runs", "merge", "other.json", "other.json"]);
    assert!(same.code == 7 && same.err.contains("other.json is other.json once more"), "{same:?}");
    let other = home.run(&["runs", "merge", "run-0.json", "other.json"]);
    assert!(other.code == 7 && other.err.contains("other.json is of another plan"), "{other:?}");
    let missing = home.run(&["runs", "merge", "all.json", "--expect", "total>40"]);
    assert_eq!(missing.code, 8, "{missing:?}");

    let compared = home.run(&["runs", "compare", "other.json", "all.json", "--json"]).ok().json();
    assert_eq!(compared["latency_counts_alike"], false);
    assert!(home.run(&["runs", "compare", "other.json", "all.json"]).ok().out.contains("p99"));
    assert!(home.run(&["runs", "report", "all.json"]).ok().out.contains("40 requests"));
}
