//! A result or the Overview on the whole screen.

use keybench::tui::testing::Harness;

use super::*;

#[test]
fn the_whole_overview_is_one_key_away() {
    let mut harness = listed();
    harness.keys("i");
    harness.screen(80, 24);
    harness.keys("y");
    assert!(
        matches!(&harness.effects[..], [Effect::Copy(Copied::Text(text))] if text.contains("endpoint    POST http://localhost:8642/model")),
        "{:?}",
        harness.effects
    );
    harness.keys("<esc>t");
    assert!(!harness.screen(80, 24).contains("access key"), "a low window has no room for all of it");
    harness.keys("i");
    assert!(harness.screen(80, 24).contains("access key  madd…0000"));
}

#[test]
fn one_result_whole() {
    let mut harness = listed();
    refused(&mut harness, "t<enter>");
    harness.keys("<down><enter>");
    snapshots("result", &mut harness);
    small_snapshots("result", &mut harness);
    harness.screen(80, 24);
    harness.keys("<end>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("model authentication permissions\""), "the end of the message:\n{screen}");
    harness.keys("<home>");
    harness.keys("y");
    assert!(
        matches!(&harness.effects[..], [Effect::Copy(Copied::Text(text))] if text.contains("\"success\": false"))
    );
    harness.keys("<esc>");
    assert!(harness.layers().is_empty() && harness.screen(80, 24).contains("LATENCY"));
}

#[test]
fn a_result_can_be_searched_folded_and_written() {
    let mut harness = listed();
    let body =
        "{\"success\":true,\"response\":{\"rows\":[{\"deep\":{\"x\":1,\"y\":2}},2,3,4,5,6,7],\"flat\":1}}";
    tested(&mut harness, "t<enter>", answer(200, body));
    harness.keys("<down><enter>/ROWS");
    assert!(harness.screen(80, 24).contains("rows"), "{}", harness.screen(80, 24));
    assert!(harness.screen(80, 24).contains(" in 1 line "), "{}", harness.screen(80, 24));
    harness.keys("x");
    assert!(harness.screen(80, 24).contains("no match"), "{}", harness.screen(80, 24));
    harness.keys("<backspace><enter>z");
    let screen = harness.screen(80, 50);
    assert!(screen.contains("\"rows\": [ … 7 items ],") && screen.contains("\"flat\": 1"), "{screen}");
    harness.keys("ze");
    harness.keys("<enter>");
    let calls = harness.calls();
    let [(id, Call::WriteText { file, text, replace: false })] = &calls[..] else { panic!("{calls:?}") };
    assert!(text.contains("\"flat\": 1") && file.ends_with("result-1.txt"));
    let done = Err(WriteError::Failed("there is no such folder".to_owned()));
    harness.answer(*id, Answer::Written { file: file.clone(), done });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("there is no such folder; type another name"), "{screen}");
    assert_eq!(harness.layers(), ["viewer", "prompt"], "the name can be changed");
}

#[test]
fn the_cursor_stays_where_it_is_when_all_is_folded_and_a_search_unfolds() {
    let mut harness = listed();
    let rows: Vec<_> = (0..40).map(|n| format!("{{\"n\":{n},\"of\":\"row {n}\"}}")).collect();
    let body = format!("{{\"success\":true,\"response\":{{\"rows\":[{}],\"more\":7}}}}", rows.join(","));
    tested(&mut harness, "t<enter>", answer(200, &body));
    let at_the_cursor = |harness: &mut Harness| {
        let screen = harness.screen(80, 24);
        let row = screen.lines().find(|line| line.starts_with("│ ▸"));
        row.unwrap_or_else(|| panic!("{screen}")).trim_matches(['│', '▸', ' ']).to_owned()
    };
    harness.keys("<down><enter>/row 25<enter>");
    assert_eq!(at_the_cursor(&mut harness), "\"of\": \"row 25\"");
    harness.keys("Z");
    assert_eq!(at_the_cursor(&mut harness), "\"response\": { … 2 items }");
    harness.keys("n");
    assert_eq!(at_the_cursor(&mut harness), "\"of\": \"row 25\"", "a search looks in what is folded");
    harness.keys("z");
    assert_eq!(at_the_cursor(&mut harness), "{ … 2 items },");
    harness.keys("G<up>");
    let below = at_the_cursor(&mut harness);
    harness.keys("Z");
    assert_eq!(at_the_cursor(&mut harness), below, "below the answer, too");
}

#[test]
fn the_reason_of_a_refusal_reaches_a_result_that_is_shown_whole() {
    let mut harness = listed();
    tested(&mut harness, "t<enter>", refusal());
    let (id, call) = harness.calls().remove(0);
    let Call::Explain(explain) = call else { panic!("{call:?}") };
    harness.keys("<down><enter>");
    assert!(!harness.screen(80, 24).contains("WHY"));
    let diagnosis = Box::new(not_a_collaborator());
    let (model_id, number) = (explain.model.id, explain.number);
    harness.answer(id, Answer::Explained { model_id, number, diagnosis });
    assert!(harness.screen(80, 24).contains("WHY      outsider is not a collaborator"));
    harness.keys("ay<esc>");
    let (id, call) = harness.calls().remove(0);
    let Call::AddCollaborator { project_id, project, username, permission } = call else {
        panic!("{call:?}")
    };
    harness.keys("<enter>");
    harness.answer(id, Answer::PermissionSet { project_id, project, username, permission, done: Ok(()) });
    assert!(harness.screen(80, 24).contains("It has been fixed since"), "{}", harness.screen(80, 24));
    harness.keys("a");
    assert_eq!(harness.layers(), ["viewer"], "it is not offered again");
}

#[test]
fn a_file_that_is_written_after_its_prompt_was_closed_is_reported_all_the_same() {
    for keys in ["<esc>", "<esc><esc>"] {
        let mut harness = listed();
        tested(&mut harness, "t<enter>", success());
        harness.keys("<down><enter>e<enter>");
        let (id, _) = harness.calls().remove(0);
        harness.keys(keys);
        harness.answer(id, Answer::Written { file: "result-1.txt".into(), done: Ok(()) });
        assert!(harness.screen(80, 24).contains("written to result-1.txt"), "{}", harness.screen(80, 24));
    }
}

#[test]
fn a_status_is_one_line_and_the_headers_are_one_key_away() {
    let mut harness = listed();
    tested(&mut harness, "t<enter>", success());
    harness.keys("<down><enter>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("HTTP 200  success  replica add-1-1-7c9f5b6d8c-x2x4q  "), "{screen}");
    assert!(screen.contains("TIMES    12.4 ms in all, sent 2026-11-23 09:14:00 UTC"), "{screen}");
    let screen = harness.screen(80, 16);
    assert!(!screen.contains("content-type") && screen.contains("H headers"), "{screen}");
    harness.keys("H");
    assert!(harness.screen(80, 16).contains("content-type"), "{}", harness.screen(80, 16));
    harness.keys("H");
    assert!(harness.screen(80, 16).contains("HTTP 200"), "and back");
    harness.keys("Gz");
    harness.keys("g");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("\"response\": 8"), "below the answer there is nothing to fold\n{screen}");
}
