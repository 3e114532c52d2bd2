//! `models check`: the real program against the embedded workbench.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::bench::{Bench, Done, Home};

const CHECK: [&str; 5] = ["models", "check", "playground/echo", "--golden", "golden.jsonl"];

fn check(home: &Home, more: &[&str]) -> Done {
    home.run(&[&CHECK[..], more].concat())
}

/// 1000 golden rows for `playground/echo`, which answers its request: each `differs` says what is
/// expected instead.
fn golden(differs: impl Fn(u64, &mut Value)) -> String {
    (1..=1000).fold(String::new(), |mut text, n| {
        let request =
            json!({ "p": n as f64 / 1000.0, "label": if n % 2 == 0 { "yes" } else { "no" }, "trace": n });
        let mut expect = request.clone();
        differs(n, &mut expect);
        writeln!(text, "{}", json!({ "id": n, "request": request, "expect": expect })).unwrap();
        text
    })
}

#[test]
fn each_known_difference_of_a_thousand_rows_is_found() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.file("golden.jsonl", &golden(|_, _| {}));
    let same = check(&home, &["-c", "4", "--json"]).ok().json();
    assert_eq!((&same["same"], &same["different"], &same["failed"]), (&json!(1000), &json!(0), &json!(0)));

    home.file(
        "golden.jsonl",
        &golden(|n, expect| match n {
            100 | 200 | 300 => expect["p"] = json!(expect["p"].as_f64().unwrap() + 0.01),
            400 => expect["p"] = json!(expect["p"].as_f64().unwrap() + 0.5),
            500 | 700 => expect["label"] = json!("maybe"),
            600 => {
                expect.as_object_mut().unwrap().remove("label");
            }
            _ => expect["trace"] = json!(0),
        }),
    );
    let done = check(&home, &["-c", "4", "--json", "--ignore", "trace"]);
    assert_eq!(done.code, 8, "{done:?}");
    let report = done.json();
    assert_eq!((&report["same"], &report["different"]), (&json!(993), &json!(7)));
    let worst: Vec<u64> =
        report["worst"].as_array().unwrap().iter().map(|row| row["row"].as_u64().unwrap()).collect();
    assert_eq!(worst.len(), 7);
    assert_eq!(worst[3], 400, "the largest difference first: {report:#}");
    let field =
        |path: &str| report["fields"].as_array().unwrap().iter().find(|f| f["path"] == path).unwrap().clone();
    let p = field("p");
    assert_eq!((&p["different"], &p["compared"]), (&json!(4), &json!(1000)));
    assert!((p["largest"].as_f64().unwrap() - 0.5).abs() < 1e-9, "{p}");
    assert!((p["mean"].as_f64().unwrap() - 0.53 / 1000.0).abs() < 1e-9, "{p}");
    let label = field("label");
    assert_eq!((&label["different"], &label["compared"]), (&json!(3), &json!(1000)), "equal ones, too");
    assert_eq!(
        report["flips"].as_array().unwrap().len(),
        1 + usize::from(report["flips"].as_array().unwrap().len() > 1)
    );
    let flipped: u64 =
        report["flips"].as_array().unwrap().iter().map(|flip| flip["rows"].as_u64().unwrap()).sum();
    assert_eq!(flipped, 2);

    // What is allowed.
    let done = check(&home, &["--ignore", "trace", "--tolerance", "p=0.02", "--json"]);
    assert_eq!((done.code, &done.json()["different"]), (8, &json!(4)));
    let allowed = check(&home, &["--ignore", "trace", "--ignore", "label", "--tolerance", "p=0.6"]);
    let shown = &allowed.ok().out;
    let row = shown.lines().find(|line| line.starts_with("p ")).unwrap_or_default();
    let cells: Vec<_> = row.split_whitespace().collect();
    assert_eq!(
        cells,
        ["p", "1000", "0", "0.5", "5.3e-4"],
        "how far it is off within what is allowed: {shown}"
    );
    let shown = check(&home, &["--ignore", "trace"]).out;
    assert!(shown.contains("993 same · 7 different · 0 failed"), "{shown}");
    assert!(shown.contains("label: \"maybe\" became \"yes\" in 2 rows"), "{shown}");
    assert!(shown.contains("row 400, id 400 (line 400)") && shown.contains("off by 0.5"), "{shown}");
}

#[test]
fn a_path_that_no_answer_has_is_a_warning() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.file("golden.jsonl", &golden(|_, _| {}));
    let slips = ["--tolerance", "ps=0.3,p=0.1,rel=1e-9", "--ignore", "trcae", "--ignore", "trace"];
    let done = check(&home, &slips).ok();
    let warning = |path: &str| {
        format!("keybench: no answer has a member {path}, which --tolerance or --ignore names → members are")
    };
    let (first, second) = (warning("ps"), warning("trcae"));
    let warned: Vec<_> = done.err.lines().collect();
    let is_right = |at: usize, text: &str| warned.get(at).is_some_and(|line| line.starts_with(text));
    assert!(warned.len() == 2 && is_right(0, &first) && is_right(1, &second), "{done:?}");
}

#[test]
fn a_golden_file_gets_new_answers_only_after_a_question() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let old = "{\"id\":1,\"request\":{\"x\":1.50},\"expect\":{\"x\":2},\"why\":\"kept\"}\n{\"request\":2,\"expect\":2}\n";
    home.file("golden.jsonl", old);
    let refused = check(&home, &["--update-golden"]);
    assert_eq!(refused.code, 7, "{refused:?}");
    assert_eq!(std::fs::read_to_string(home.path("golden.jsonl")).unwrap(), old);
    check(&home, &["--update-golden", "--yes"]).ok();
    let new = std::fs::read_to_string(home.path("golden.jsonl")).unwrap();
    assert_eq!(
        new,
        old.replace(",\"expect\":{\"x\":2},\"why\":\"kept\"", ",\"why\":\"kept\",\"expect\":{\"x\":1.50}")
    );
    check(&home, &[]).ok();
}

#[test]
fn two_models_and_an_earlier_result_are_compared_row_by_row() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.file(
        "rows.jsonl",
        "{\"request\":{\"a\":1,\"b\":2}}\n{\"id\":\"x\",\"request\":{\"a\":2,\"b\":2}}\n",
    );
    let against = |other: &str| {
        home.run(&[
            "models",
            "check",
            "churn-prod/add",
            "--against",
            other,
            "--input",
            "rows.jsonl",
            "--json",
        ])
    };
    assert_eq!(against("churn-prod/add").ok().json()["same"], 2);
    let other = against("playground/echo");
    assert_eq!((other.code, &other.json()["different"]), (8, &json!(2)));
    assert_eq!(other.json()["models"], json!(["churn-prod/add", "playground/echo"]));

    home.run(&["models", "score", "churn-prod/add", "--input", "rows.jsonl", "--output", "old.jsonl"]).ok();
    assert_eq!(against("old.jsonl").ok().json()["same"], 2);
    home.file(
        "old.jsonl",
        &std::fs::read_to_string(home.path("old.jsonl")).unwrap().replace("\"response\":4", "\"response\":5"),
    );
    let changed = against("old.jsonl");
    assert_eq!((changed.code, &changed.json()["worst"][0]["id"]), (8, &json!("x")));

    // Rows that an earlier result has no answer for are no difference.
    let text = std::fs::read_to_string(home.path("old.jsonl")).unwrap();
    home.file("half.jsonl", text.lines().next().unwrap());
    let half = against("half.jsonl");
    let counts = |name: &str| half.json()[name].as_u64().unwrap();
    let compared = counts("same") + counts("different");
    assert_eq!((half.code, counts("unrecorded"), compared), (8, 1, 1), "{half:?}");

    // The note says of which rows the result is.
    home.file("rows.jsonl", "{\"request\":{\"a\":5,\"b\":5}}\n{\"request\":{\"a\":6,\"b\":5}}\n");
    let refused = against("old.jsonl");
    assert_eq!(refused.code, 7, "{refused:?}");
    assert!(
        refused.error()["message"].as_str().unwrap().contains("old.jsonl is the result of another input")
    );
}

#[test]
fn a_number_that_names_a_row_stays_a_number_and_what_was_written_is_counted() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.file("golden.jsonl", "{\"id\":43,\"request\":1,\"expect\":2}\n{\"request\":1,\"expect\":1}\n");
    let report = check(&home, &["--json"]).json();
    assert_eq!((&report["worst"][0]["id"], report.get("updated")), (&json!(43), None));
    let report = check(&home, &["--json", "--update-golden", "--yes"]).ok().json();
    assert_eq!((&report["updated"], &report["different"]), (&json!(1), &json!(1)));
    let report = check(&home, &["--json", "--update-golden", "--yes"]).ok().json();
    assert_eq!(report["updated"], 0);
}

#[test]
fn a_model_that_is_stopped_is_not_checked() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.file("golden.jsonl", "{\"request\":1,\"expect\":1}\n");
    let done = home.run(&["models", "check", "churn-prod/retired", "--golden", "golden.jsonl", "--json"]);
    assert_eq!((done.code, &done.json()["failed"], &done.json()["complete"]), (8, &json!(0), &json!(false)));
    assert_eq!(done.error()["kind"], "not_deployed");
}

#[test]
fn what_cannot_be_checked_sends_nothing() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.file("golden.jsonl", "{\"request\":1,\"expect\":null}\n{\"request\":2}\n");
    let refused = check(&home, &[]);
    assert!(
        refused.code == 7 && refused.err.contains("line 2 of golden.jsonl: it has no member `expect`"),
        "{refused:?}"
    );
    assert_eq!(check(&home, &["--tolerance", "p"]).code, 7);
    let neither = home.run(&["models", "check", "playground/echo"]);
    assert!(neither.code == 2 && neither.err.contains("--against"), "{neither:?}");
    assert_eq!(home.run(&["models", "check", "playground/echo", "--against", "churn-prod/add"]).code, 2);
    // A function that fails is no answer.
    home.file("golden.jsonl", "{\"request\":{\"p\":1.0},\"expect\":1}\n");
    let failed = home.run(&["models", "check", "churn-prod/flaky", "--golden", "golden.jsonl", "--json"]);
    assert_eq!((failed.code, &failed.json()["failed"]), (8, &json!(1)), "{failed:?}");
    let shown = home.run(&["models", "check", "churn-prod/flaky", "--golden", "golden.jsonl"]).out;
    assert!(shown.contains("0 same · 0 different · 1 failed"), "{shown}");
    let why = "  HTTP 400: the function failed, and the answer does not say why, instead of 1";
    assert!(shown.contains(why), "{shown}");
}
