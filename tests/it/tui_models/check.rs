//! Checking a model against a golden file: the file, progress, what differs.

use keybench::tui::call::{Answer, Call};
use keybench::tui::msg::Msg;

use super::small_snapshots;
use crate::tui_support::models::*;

#[test]
fn a_check_shows_its_progress_and_the_rows_that_differ() {
    let mut harness = listed();
    harness.keys("c");
    small_snapshots("check_form", &mut harness);
    harness.keys("<ctrl-u>rows.jsonl<enter>");
    let calls = harness.calls();
    let [(id, Call::CheckModel { golden, .. })] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!(golden.to_str(), Some("rows.jsonl"));
    harness.send(Msg::Progress { id: *id, answer: Answer::CheckProgress { done: 12, of: 40 } });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("12 of 40 rows are compared"), "{screen}");
    let found = [
        "40 rows of churn-prod/add in 1.2 s · 39 same · 1 different · 0 without an answer",
        "",
        "row 7 (line 7)",
        "  .: 8 instead of 9 (off by 1.000e0)",
    ];
    harness.answer(*id, Answer::ModelChecked(Ok(found.map(str::to_owned).to_vec())));
    small_snapshots("check_done", &mut harness);
    harness.keys("<esc>");
    assert!(!harness.screen(80, 24).contains("row 7"));
}

#[test]
fn a_file_that_cannot_be_used_is_asked_for_again() {
    let mut harness = listed();
    harness.keys("c<enter>");
    let calls = harness.calls();
    let [(id, Call::CheckModel { .. })] = &calls[..] else { panic!("{calls:?}") };
    let problem = "line 2 of golden.jsonl: it has no member `expect`: mend that row; nothing was sent";
    harness.answer(*id, Answer::ModelChecked(Err(problem.to_owned())));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("line 2 of golden.jsonl") && screen.contains("golden file"), "{screen}");
    // Leaving the layer cancels its request.
    harness.keys("<enter>");
    assert_eq!(harness.calls().len(), 1);
    harness.keys("<esc>");
    assert!(!harness.layers().contains(&"check"), "{:?}", harness.layers());
}
