//! The dialog that shows a new key once.

use super::*;

/// What was not asked about is said once the terminal has been given back.
#[test]
fn a_signal_leaves_word_of_a_key_that_was_not_kept() {
    let left = |harness: &Harness| harness.ui.left_behind();
    let mut harness = demo();
    assert_eq!(left(&harness), None);
    harness.keys("n<tab><tab>x<enter>");
    let words = left(&harness).unwrap();
    assert!(words.contains("still creating an API key"), "{words}");

    let mut harness = revealed();
    let words = left(&harness).unwrap();
    assert!(words.contains("was created, and neither copied nor saved: its text is lost"), "{words}");
    harness.send(keybench::tui::msg::Msg::Terminate);
    assert!(harness.ui.terminated && matches!(harness.effects.pop(), Some(Effect::Quit)));
    harness.keys("y");
    assert_eq!(left(&harness), None);
}

#[test]
fn the_new_key_is_shown_once_and_leaving_it_asks() {
    let mut harness = revealed();
    insta::assert_snapshot!("reveal_60x16", harness.screen(60, 16));
    harness.keys("q");
    assert!(harness.screen(80, 24).contains("neither copied nor saved"));
    harness.keys("<esc><esc>");
    harness.keys("<enter>");
    assert!(harness.screen(80, 24).contains(&"ab".repeat(32)), "the key is still there");
    harness.keys("<esc>lose<enter>");
    assert!(!harness.screen(80, 24).contains(&"ab".repeat(32)));
    assert_eq!(harness.shared().session.known_keys.len(), 1, "the run still knows it, for tests");
}

#[test]
fn a_copied_key_can_be_left_without_a_question() {
    let mut harness = revealed();
    harness.keys("y");
    let copied = harness.effects.iter().any(|effect| matches!(effect, Effect::Copy(_)));
    assert!(copied);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("sent to your terminal") && !screen.contains("copied"), "{screen}");
    harness.keys("<esc>");
    assert!(harness.layers().is_empty());
}

#[test]
fn saving_asks_for_a_name_and_says_where_the_key_is() {
    let mut harness = revealed();
    harness.keys("w");
    assert!(harness.screen(80, 24).contains("batch-job.key"));
    harness.keys("<ctrl-u>/tmp/k<enter>");
    let (id, call) = only_call(&mut harness);
    assert!(matches!(&call, Call::SaveKey { path, .. } if path == "/tmp/k"), "{call:?}");
    assert!(!format!("{call:?}").contains("abab"), "no key in debug output");
    let problem = "/tmp/k is there already; give another name".to_owned();
    harness.answer(id, Answer::KeySaved(Err(problem)));
    assert!(harness.screen(80, 24).contains("is there already"));
    harness.keys("2<enter>");
    let (id, call) = only_call(&mut harness);
    assert!(matches!(&call, Call::SaveKey { path, .. } if path == "/tmp/k2"), "the name is still there");
    harness.answer(id, Answer::KeySaved(Ok("batch-job.key".into())));
    insta::assert_snapshot!("reveal_saved_80x24", harness.screen(80, 24));
    harness.keys("<esc>");
    assert!(harness.layers().is_empty());
}

#[test]
fn the_name_of_a_file_is_seen_on_a_low_terminal() {
    let mut harness = revealed();
    harness.keys("w");
    insta::assert_snapshot!("reveal_file_60x16", harness.screen(60, 16));
}

#[test]
fn a_file_is_proposed_under_a_plain_name() {
    let mut harness = demo();
    harness.keys("n<enter><enter>batch<enter>");
    let (id, _) = only_call(&mut harness);
    let created = CreateV2KeyResponse { comments: "Größe — (nightly)  run!".into(), ..made() };
    answer_created(&mut harness, id, Ok(created));
    harness.keys("w");
    assert!(harness.screen(80, 24).contains("gr-e-nightly-run.key"), "{}", harness.screen(80, 24));
}
