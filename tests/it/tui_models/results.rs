//! The results of the Test panel: a list like any other.

use keybench::tui::msg::{Mouse, Msg};
use keybench::tui::testing::Harness;

use crate::tui_support::models::*;

/// The rows of the table, and what stands in the frame.
fn table(harness: &mut Harness) -> (Vec<String>, String) {
    let screen = harness.screen(80, 24);
    let rows = screen.lines().filter(|line| line.contains(" 09:14:"));
    let rows = rows.map(|row| row.trim_matches('│').trim_end().to_owned()).collect();
    (rows, screen.lines().find(|line| line.starts_with('╰')).unwrap().to_owned())
}

/// Answered, refused, answered with another body: the focus is on the newest.
fn three_results() -> Harness {
    let mut harness = listed();
    tested(&mut harness, "t<enter>", success());
    refused(&mut harness, "t");
    tested(&mut harness, "t", answer(200, "{\"success\":true,\"response\":\"Later\"}"));
    harness.keys("<down>");
    harness
}

#[test]
fn results_are_filtered_by_what_is_seen() {
    let mut harness = three_results();
    let (rows, frame) = table(&mut harness);
    assert!(rows[0].starts_with("▸ 3 ") && rows.len() == 3, "{rows:?}");
    assert!(frame.ends_with(" 1/3 ─╯"), "{frame}");
    harness.keys("/401");
    let (rows, frame) = table(&mut harness);
    assert!(rows.len() == 1 && rows[0].starts_with("▸ 2 "), "{rows:?}");
    assert!(frame.ends_with(" 1/1 ─╯"), "{frame}");
    harness.keys("<enter>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("HTTP 401"), "the answer follows: {screen}");
    harness.keys("<esc>/Later<enter>");
    assert!(table(&mut harness).0[0].starts_with("▸ 3 "));
    harness.keys("<esc>");
    assert_eq!(table(&mut harness).0.len(), 3);
}

#[test]
fn results_are_sorted_and_their_columns_chosen() {
    let mut harness = three_results();
    harness.keys("O");
    assert!(table(&mut harness).0[0].contains(" 1   09:14:"), "the oldest first: {:?}", table(&mut harness));
    harness.keys("oo");
    let (rows, _) = table(&mut harness);
    assert!(rows[2].contains(" 401 "), "by status: {rows:?}");
    harness.keys("C<space><enter>");
    let (rows, _) = table(&mut harness);
    assert!(rows[2].contains(" 09:14:") && !rows[2].contains(" 2   09:14:"), "without the numbers: {rows:?}");
}

#[test]
fn a_test_that_was_just_sent_is_in_sight_whatever_the_filter() {
    let mut harness = three_results();
    harness.keys("/401<enter>");
    assert_eq!(table(&mut harness).0.len(), 1);
    tested(&mut harness, "t", success());
    let (rows, _) = table(&mut harness);
    assert!(rows.len() == 4 && rows[0].starts_with("▸ 4 "), "{rows:?}");
}

#[test]
fn the_oldest_results_go() {
    let mut harness = listed();
    tested(&mut harness, "t<enter>", success());
    harness.keys("<down>");
    for _ in 0..202 {
        tested(&mut harness, "t", success());
    }
    let (rows, frame) = table(&mut harness);
    assert!(rows[0].starts_with("▸ 203") && frame.ends_with(" 1/200 ─╯"), "{rows:?} {frame}");
    harness.keys("G");
    let (rows, frame) = table(&mut harness);
    let last = rows.last().unwrap();
    assert!(last.starts_with("▸ 4 ") && frame.ends_with(" 200/200 ─╯"), "{rows:?} {frame}");
}

#[test]
fn a_click_selects_a_result() {
    let mut harness = three_results();
    let screen = harness.screen(80, 24);
    let y = screen.lines().position(|line| line.contains(" 1   09:14:")).unwrap();
    harness.send(Msg::Mouse(Mouse::Click(10, u16::try_from(y).unwrap())));
    assert!(table(&mut harness).0[2].starts_with("▸ 1 "), "{}", harness.screen(80, 24));
}
