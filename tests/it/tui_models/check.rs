//! Checking a model's answers: what is typed, progress, the rows that differ.

use std::fmt::Write as _;

use keybench::actions::check::{Against, Report, Tolerance};
use keybench::tui::call::{Answer, Call, CheckRequest};
use keybench::tui::msg::Msg;
use keybench::tui::requests::RequestId;
use keybench::tui::testing::Harness;

use super::small_snapshots;
use crate::tui_flow::Flow;
use crate::tui_support::models::*;

/// The check that a harness was asked for.
fn asked(harness: &mut Harness) -> (RequestId, Box<CheckRequest>) {
    let mut calls = harness.calls();
    match calls.pop() {
        Some((id, Call::CheckModel(check))) if calls.is_empty() => (id, check),
        other => panic!("{other:?} {calls:?}"),
    }
}

#[test]
fn what_is_typed_is_what_is_checked() {
    let mut harness = listed();
    harness.keys("c");
    small_snapshots("check_form", &mut harness);
    harness.keys("<ctrl-u>rows.jsonl<tab>playground/echo<tab>p=1e-3<tab>trace_id,at<enter>");
    let (_, check) = asked(&mut harness);
    let mut tolerance = Tolerance::default();
    tolerance.add("p=1e-3").unwrap();
    ["trace_id", "at"].into_iter().for_each(|path| tolerance.ignore(path.parse().unwrap()));
    assert_eq!(check.request.against, Against::Model("playground/echo".to_owned()));
    assert_eq!(check.request.tolerance, tolerance);
    let line = Call::CheckModel(check).command_line().unwrap();
    let end = "--against 'playground/echo' --input 'rows.jsonl' --tolerance 'p=1e-3' --ignore 'trace_id' --ignore 'at'";
    assert!(line.starts_with("keybench models check ") && line.ends_with(end), "{line}");
}

#[test]
fn what_cannot_be_read_is_asked_for_again_with_what_was_typed() {
    let mut harness = listed();
    harness.keys("c<tab><tab>p<enter>");
    assert!(harness.calls().is_empty());
    let screen = harness.screen(80, 24);
    assert!(screen.contains("tolerance: \"p\" is no tolerance"), "{screen}");
    harness.keys("=1<enter>");
    let (id, _) = asked(&mut harness);
    let problem = "line 2 of golden.jsonl: it has no member `expect`; mend that row; nothing was sent";
    harness.answer(id, Answer::ModelChecked(Err(problem.to_owned())));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("line 2 of golden.jsonl") && screen.contains("p=1"), "{screen}");
    harness.keys("<esc>");
    assert!(!harness.layers().contains(&"check"), "{:?}", harness.layers());
    harness.keys("c");
    assert!(harness.screen(80, 24).contains("p=1"), "what was typed is there again");
}

#[test]
fn a_check_that_is_stopped_keeps_what_was_compared_and_can_be_cancelled() {
    let mut harness = listed();
    harness.keys("c<enter>");
    let (id, check) = asked(&mut harness);
    let progress = Answer::CheckProgress { done: 12, of: 40, worst: Vec::new() };
    harness.send(Msg::Progress { id, answer: progress });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("12 of 40 rows compared; s stops the check"), "{screen}");
    harness.keys("s");
    let calls = harness.calls();
    let [(_, Call::StopRun(stop))] = &calls[..] else { panic!("{calls:?}") };
    stop.cancel();
    assert!(check.stop.is_cancelled() && harness.layers().contains(&"check"));
    assert!(harness.screen(80, 24).contains("stopping"));
    harness.keys("<ctrl-x>");
    assert!(harness.screen(80, 24).contains("the check was cancelled"), "{}", harness.screen(80, 24));
}

#[test]
fn a_check_that_is_left_goes_on_and_comes_back_with_its_key() {
    let mut harness = listed();
    harness.keys("c<enter>");
    let (id, check) = asked(&mut harness);
    harness.keys("<esc>");
    assert!(!harness.layers().contains(&"check") && harness.calls().is_empty() && !check.stop.is_cancelled());
    harness.send(Msg::Progress { id, answer: Answer::CheckProgress { done: 12, of: 40, worst: Vec::new() } });
    harness.keys("c");
    assert!(harness.screen(80, 24).contains("12 of 40 rows compared"), "{}", harness.screen(80, 24));
    harness.send(Msg::Progress { id, answer: Answer::CheckProgress { done: 13, of: 40, worst: Vec::new() } });
    assert!(harness.screen(80, 24).contains("13 of 40 rows compared"), "{}", harness.screen(80, 24));
    harness.keys("<esc>");
    let mut report = Report::new(vec!["churn-prod/add".to_owned()], 40, 1000, false);
    report.same = 40;
    harness.answer(id, Answer::ModelChecked(Ok(Box::new(report))));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("the check of churn-prod/add has ended; c shows it"), "{screen}");
    harness.keys("c");
    assert!(harness.screen(80, 24).contains("40 same"), "{}", harness.screen(80, 24));
}

#[test]
fn a_check_that_was_left_is_stopped_and_then_cancelled_by_the_key_that_cancels() {
    let mut harness = listed();
    harness.keys("c<enter>");
    let (_, check) = asked(&mut harness);
    harness.keys("<esc><ctrl-x>");
    let calls = harness.calls();
    let [(_, Call::StopRun(stop))] = &calls[..] else { panic!("{calls:?}") };
    stop.cancel();
    assert!(check.stop.is_cancelled());
    harness.keys("<ctrl-x>c");
    assert!(harness.screen(80, 24).contains("the check was cancelled"), "{}", harness.screen(80, 24));
}

/// The interface on `churn-prod/add`, and a file for it: `expect` says what is expected of row `n`.
async fn on_add(expect: impl Fn(u32) -> String) -> (Flow, tempfile::TempDir, String) {
    let mut flow = Flow::demo("owner").await;
    flow.keys("2/churn-prod/add<enter>");
    flow.wait("the model", |screen| screen.contains("1/1")).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("golden.jsonl");
    let rows = (1..=40).fold(String::new(), |mut text, n| {
        let request = format!("{{\"a\":{n},\"b\":1}}");
        writeln!(text, "{{\"id\":\"case {n}\",\"request\":{request},\"expect\":{}}}", expect(n)).unwrap();
        text
    });
    std::fs::write(&file, rows).unwrap();
    let file = file.display().to_string();
    (flow, folder, file)
}

#[tokio::test]
async fn rows_that_differ_are_listed_side_by_side_and_open_in_the_test_panel() {
    let wrong = |n| match n {
        7 => "9".to_owned(),
        21 => "\"many\"".to_owned(),
        n => (n + 1).to_string(),
    };
    let (mut flow, _folder, file) = on_add(wrong).await;
    flow.keys("c<ctrl-u>");
    flow.paste(&file);
    flow.keys("<enter>");
    flow.shows("38 same · 2 different · 0 failed").await;
    let line = |flow: &Flow, id: &str| {
        let screen = flow.screen();
        screen.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{screen}")).to_owned()
    };
    let words = |line: String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    assert!(words(line(&flow, "case 21")).contains("21 case 21 . \"many\" 22"), "{}", flow.screen());
    assert!(words(line(&flow, "case 7")).contains("7 case 7 . 9 8 1"), "{}", flow.screen());
    assert!(
        flow.screen().contains("row 21, id case 21 (line 21)"),
        "the worst is selected\n{}",
        flow.screen()
    );
    flow.keys("<down>");
    assert!(flow.screen().contains("row 7, id case 7 (line 7)"), "{}", flow.screen());
    flow.keys("i");
    assert!(flow.screen().contains("COMPARED   DIFFERENT     LARGEST"), "{}", flow.screen());
    flow.keys("i/many<enter>");
    assert!(flow.screen().contains("1 of 2 rows"), "{}", flow.screen());
    flow.keys("<esc><down><enter>");
    flow.shows("[ Test ]").await;
    let screen = flow.screen();
    assert!(screen.contains("{\"a\":7,\"b\":1}") && flow.layers().is_empty(), "{screen}");
    flow.keys("t");
    flow.wait("the answer", |screen| screen.lines().any(|line| line.contains(" 200 "))).await;
    // The results are there again, on the row that was tested.
    flow.keys("c");
    let screen = flow.screen();
    assert!(screen.contains("38 same") && screen.contains("row 7, id case 7 (line 7)"), "{screen}");
    flow.keys("c");
    assert!(flow.screen().contains("tolerance"), "{}", flow.screen());
    flow.keys("<esc><enter>");
    flow.shows("Esc report").await;
    flow.keys("<esc>");
    assert!(flow.screen().contains("row 7, id case 7 (line 7)"), "back in the report\n{}", flow.screen());
    flow.keys("<esc>");
    assert!(flow.layers().is_empty() && flow.screen().contains("[ Test ]"), "it was opened from the panel");
    flow.keys("<esc>");
    assert!(flow.screen().contains("MODEL"), "{}", flow.screen());
    flow.keys("c<enter>");
    flow.shows("[ Test ]").await;
    flow.keys("<esc>");
    assert!(flow.screen().contains("38 same"), "{}", flow.screen());
    flow.keys("<esc>");
    assert!(flow.screen().contains("MODEL"), "it was opened from the list\n{}", flow.screen());
}

#[tokio::test]
async fn tolerances_ignored_members_and_another_model_count_as_in_the_command() {
    let (mut flow, _folder, file) = on_add(|n| format!("{}", f64::from(n) + 1.25)).await;
    flow.keys("c<ctrl-u>");
    flow.paste(&file);
    flow.keys("<enter>");
    flow.shows("0 same · 40 different").await;
    flow.keys("c<tab><tab>abs=0.5<enter>");
    flow.shows("40 same · 0 different").await;
    assert!(flow.screen().contains("Every answer is as expected."), "{}", flow.screen());
    // The form is as it was left, in the field for the tolerance.
    flow.keys("c<shift-tab><ctrl-u>playground/echo<enter>");
    flow.shows("against playground/echo").await;
    assert!(flow.screen().contains("0 same · 40 different"), "{}", flow.screen());
    flow.keys("c<tab><tab>.<enter>");
    flow.shows("40 same · 0 different").await;
}
