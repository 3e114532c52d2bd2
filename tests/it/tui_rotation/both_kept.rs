//! A rotation that was left with both keys.

use keybench::tui::key_list::ListedKeys;

use super::*;

#[test]
fn both_keys_kept_are_marked_and_r_goes_on() {
    let mut harness = passed("y");
    harness.keys("<enter><enter>k");
    harness.calls();
    insta::assert_snapshot!("rotation_left_80x24", harness.screen(80, 24));
    insta::assert_snapshot!("rotation_left_120x40", harness.screen(120, 40));
    assert!(harness.screen(80, 24).contains("being replaced: dashboard"));
    harness.keys("g/dashboard<enter>r");
    insta::assert_snapshot!("rotation_dialog_80x24", harness.screen(80, 24));
    insta::assert_snapshot!("rotation_dialog_120x40", harness.screen(120, 40));
    insta::assert_snapshot!("rotation_dialog_60x16", harness.screen(60, 16));
    assert!(harness.calls().is_empty(), "no further successor is created");
    harness.keys("t");
    assert!(harness.screen(80, 24).contains("tested last"));
    harness.keys("<esc>d<tab><enter>");
    harness
        .calls()
        .into_iter()
        .find(|(_, call)| matches!(call, Call::DeleteKeys(ToDelete::Keys { .. })))
        .unwrap();
}

#[test]
fn a_refused_deletion_leaves_both_and_can_be_tried_again() {
    let mut harness = successor();
    harness.keys("y<esc>");
    harness.calls();
    harness.keys("y");
    let id = deletes_old(&mut harness);
    answer_deleted(&mut harness, id, &[], vec![(OLD.to_owned(), refusal("no"))]);
    list(&mut harness, both());
    let screen = harness.screen(80, 24);
    assert!(screen.contains("being replaced: dashboard"), "{screen}");
    harness.keys("!");
    assert!(harness.screen(120, 24).contains("not deleted, as far as is known: 77d0…41bb"));
    harness.keys("<esc><esc>/dashboard<enter>gr");
    assert!(harness.screen(80, 24).contains("Rotation of an API key"), "{}", harness.screen(80, 24));
}

#[test]
fn deleting_one_of_the_two_in_the_list_says_what_becomes_of_the_other() {
    let mut harness = successor();
    harness.keys("y<esc><enter>d");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("c0ff…3344 was to replace 77d0…41bb, which then has no successor"), "{screen}");
    harness.keys("<esc>kkd");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("77d0…41bb is being replaced by c0ff…3344, which stays"), "{screen}");
}

#[test]
fn a_successor_that_was_deleted_elsewhere_replaces_nothing() {
    let mut harness = successor();
    harness.keys("y<esc><enter><ctrl-r>");
    list(&mut harness, demo_keys());
    let screen = harness.screen(120, 24);
    assert!(screen.contains("c0ff…3344 is no longer listed"), "{screen}");
    assert!(!screen.contains("being replaced: "), "{screen}");
}

/// What lies over the list then is about something that is over, and no yes given there counts.
#[test]
fn a_rotation_that_ended_elsewhere_closes_its_dialog_and_deletes_nothing() {
    let left = |keys: &str| {
        let mut harness = successor();
        harness.keys("y<esc><enter><ctrl-r>/dashboard<enter>gr");
        harness.keys(keys);
        list(&mut harness, demo_keys());
        harness.calls();
        harness
    };
    assert!(left("").layers().is_empty());
    let mut harness = left("d");
    assert_eq!(harness.layers(), ["question"]);
    harness.keys("y");
    assert!(harness.calls().is_empty(), "the old key is the only one");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("77d0…41bb has no successor any more and was not deleted"), "{screen}");
}

#[test]
fn a_successor_that_was_not_kept_says_so() {
    let mut harness = successor();
    harness.keys("<esc>lose<enter>k/dashboard<enter>gr");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("neither copied nor saved yet: the old key is the one in use"), "{screen}");
    assert!(
        screen.contains("Y    copy the new key") && screen.contains("w    write the new key"),
        "{screen}"
    );
    assert!(!screen.contains("delete the old key"), "it is the one in use:\n{screen}");
    harness.calls();
    harness.keys("d");
    assert!(harness.screen(120, 40).contains("so the old one is still in use: it is not deleted"));
    assert!(harness.calls().is_empty() && harness.layers() == ["rotation"]);
    harness.keys("r");
    assert!(harness.screen(80, 24).contains("c0ff…3344 is its successor so far"), "another can be made");
}

#[test]
fn the_text_of_a_successor_that_was_left_is_copied_from_its_rotation_which_then_goes_on() {
    let mut harness = successor();
    harness.keys("<esc>lose<enter>k/dashboard<enter>gr");
    harness.calls();
    harness.keys("Y");
    let copied = |effect: &Effect| matches!(effect, Effect::Copy(Copied::Key(key)) if *key == made().api_key);
    assert!(harness.effects.iter().any(copied));
    assert_eq!(harness.layers(), ["rotation"], "what can be done now is asked");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("d    delete the old key") && !screen.contains("neither copied"), "{screen}");

    let mut harness = successor();
    harness.keys("<esc>lose<enter>k/dashboard<enter>grw");
    assert_eq!(harness.layers(), ["reveal"], "to be written to a file");
}

#[test]
fn a_rotation_of_an_earlier_run_goes_on() {
    let mut harness = demo();
    let handed_over = harness.shared().now;
    harness.shared().session.handed_over.insert(NEW.to_owned(), handed_over);
    harness.keys("<ctrl-r>");
    let asked = harness.calls().into_iter().filter(|(_, call)| is_list(call)).last();
    let mut keys = both();
    for key in &mut keys {
        key.created_at =
            if key.key_id == NEW { "2026-11-23T09:00:00Z" } else { "2026-01-01T09:00:00Z" }.into();
    }
    let replaced = ListedKeys::from(keys).with_replaced([OLD.to_owned()].into());
    harness.answer(asked.unwrap().0, Answer::Keys { username: "owner".into(), answer: Ok(replaced) });
    harness.keys("g/dashboard<enter>r");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Rotation of an API key") && screen.contains("c0ff…3344"), "{screen}");
    assert!(harness.calls().is_empty(), "no further successor is created");
}
