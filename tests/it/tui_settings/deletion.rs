//! Deleting keys, and which ones are spared.

use keybench::tui::theme::Theme;

use super::*;

#[test]
fn deleting_names_the_key_and_cancel_has_the_focus() {
    let mut harness = demo();
    harness.keys("jd");
    harness.keys("<enter>");
    assert!(harness.calls().is_empty() && harness.layers().is_empty());
    harness.keys("d<tab><enter>");
    let (id, call) = only_call(&mut harness);
    assert!(
        matches!(&call, Call::DeleteKeys(ToDelete::Keys { key_ids, .. }) if key_ids == &["77d0aa31b2c541bb"]),
        "{call:?}"
    );
    answer_deleted(&mut harness, id, &["77d0aa31b2c541bb"], Vec::new());
    assert!(harness.screen(80, 24).contains("deleted 1 API key of owner: 77d0…41bb"));
    let (_, call) = harness.calls().remove(0);
    assert!(is_list(&call));
}

#[test]
fn no_client_is_refused_for_a_key_that_has_expired() {
    let mut harness = demo();
    harness.keys("jjd");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("It has expired: no client can use it any more."), "{screen}");
    assert!(!screen.contains("will be refused"), "{screen}");
}

#[test]
fn marked_keys_are_deleted_together_and_named() {
    let mut harness = demo();
    harness.keys("<space><space>d");
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("2 keys of owner")
            && screen.contains("nightly scoring")
            && screen.contains("dashboard")
    );
    harness.keys("y");
    let (_, call) = only_call(&mut harness);
    assert!(
        matches!(&call, Call::DeleteKeys(ToDelete::Keys { key_ids, .. }) if key_ids.len() == 2),
        "{call:?}"
    );
}

#[test]
fn deleting_more_keys_than_are_named_wants_their_number_and_scrolls() {
    let id = |n: u32| format!("{n:04x}{}", "0".repeat(12));
    let keys = (0..46).map(|n| key(&id(n), "2027-11-23T23:59:59Z", "API", &format!("job {n}"))).collect();
    let mut harness = listed(keys);
    harness.keys("*");
    harness.screen(60, 16);
    harness.keys("d");
    let screen = harness.screen(60, 16);
    assert!(screen.contains("Type 46 to confirm") && screen.contains("more lines below"), "{screen}");
    assert!(!screen.contains("cannot be undone"), "there is no room for it: {screen}");
    harness.keys("<pagedown><pagedown><pagedown>");
    insta::assert_snapshot!("delete_many_60x16", harness.screen(60, 16));
    harness.keys("<up>");
    assert!(harness.screen(60, 16).contains("1 more line below"));
    harness.keys("y<enter>");
    assert!(harness.calls().is_empty(), "{}", harness.screen(60, 16));
    harness.keys("46<enter>");
    let (_, call) = only_call(&mut harness);
    assert!(
        matches!(&call, Call::DeleteKeys(ToDelete::Keys { key_ids, .. }) if key_ids.len() == 46),
        "{call:?}"
    );
}

#[test]
fn a_key_that_was_deleted_elsewhere_meanwhile_is_gone() {
    let mut harness = demo();
    harness.keys("dy");
    let (id, call) = only_call(&mut harness);
    let Call::DeleteKeys(ToDelete::Keys { username, key_ids }) = call else { panic!("{call:?}") };
    let gone = DeletedKeys { username, gone: key_ids, ..DeletedKeys::default() };
    harness.answer(id, Answer::KeysDeleted(gone));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("deleted elsewhere already: ") && !screen.contains("not deleted"), "{screen}");
    assert!(harness.calls().iter().any(|(_, call)| matches!(call, Call::ListKeys { .. })), "it lists again");
}

#[test]
fn deleting_all_wants_the_user_name() {
    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("5b1c66aa10129f0a");
    harness.keys("D");
    insta::assert_snapshot!("delete_all_80x24", harness.screen(80, 24));
    harness.keys("own!");
    assert!(harness.screen(80, 24).contains("That does not match. Type owner"), "{}", harness.screen(80, 24));
    harness.keys("<backspace>e<enter>");
    assert!(harness.calls().is_empty() && !harness.layers().is_empty());
    harness.keys("r<enter>");
    let (_, call) = only_call(&mut harness);
    let Call::DeleteKeys(ToDelete::Keys { username, key_ids }) = call else { panic!("{call:?}") };
    assert_eq!(username, "owner");
    assert_eq!(key_ids, ["77d0aa31b2c541bb", "0a9e14d03311c2d4"], "all but the signed-in one");
}

#[test]
fn the_legacy_key_is_not_deleted() {
    let mut harness = demo();
    harness.keys("Gd");
    assert!(harness.calls().is_empty());
    assert!(harness.screen(80, 24).contains("the legacy key cannot be deleted"));
    harness.keys("r");
    harness.keys("y");
    assert!(matches!(only_call(&mut harness).1, Call::RotateLegacyKey { .. }));
}

fn deleted(harness: &mut Harness) -> Vec<(RequestId, Call)> {
    let (id, call) = only_call(harness);
    let Call::DeleteKeys(ToDelete::Keys { key_ids, .. }) = call else { panic!("{call:?}") };
    let ids: Vec<&str> = key_ids.iter().map(String::as_str).collect();
    answer_deleted(harness, id, &ids, Vec::new());
    harness.calls()
}

#[test]
fn the_signed_in_key_is_marked_and_deleting_it_says_what_that_means() {
    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("77d0aa31b2c541bb");
    insta::assert_snapshot!("keys_own_80x24", harness.screen(80, 24));
    assert!(harness.screen(60, 16).contains("signed in: "), "{}", harness.screen(60, 16));
    harness.keys("jd");
    insta::assert_snapshot!("delete_own_80x24", harness.screen(80, 24));
    harness.keys("y");
    assert!(deleted(&mut harness).is_empty(), "nothing more can be asked with that key");
    insta::assert_snapshot!("deleted_own_80x24", harness.screen(80, 24));
}

/// With either of them gone nothing could go on; what is wanted all the same is chosen alone.
#[test]
fn of_several_keys_those_in_use_here_stay() {
    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("5b1c66aa10129f0a");
    harness.keys("<space><space>d");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("5b1c…9f0a stays: keybench is signed in with it."), "{screen}");
    assert!(screen.contains("1 key of owner"), "{screen}");
    harness.keys("y");
    let (_, call) = only_call(&mut harness);
    let Call::DeleteKeys(ToDelete::Keys { key_ids, .. }) = call else { panic!("{call:?}") };
    assert_eq!(key_ids, ["77d0aa31b2c541bb"]);

    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("5b1c66aa10129f0a").given(GIVEN);
    harness.keys("<space><space>d");
    assert!(harness.layers().is_empty(), "nothing is left to delete");
    let screen = harness.screen(120, 24);
    assert!(screen.contains("77d0…41bb stays: the workbench session"), "{screen}");
}

/// Which of them keeps the session going is not known, so none is taken for it.
#[test]
fn not_all_keys_are_deleted_where_the_one_in_use_is_not_known() {
    let mut harness = demo();
    harness.keys("D");
    assert!(harness.layers().is_empty() && harness.calls().is_empty());
    let screen = harness.screen(80, 24);
    assert!(screen.contains("not known"), "{screen}");
}

#[test]
fn a_refusal_in_the_middle_says_what_was_and_what_was_not_deleted() {
    let mut harness = demo();
    harness.keys("<space><space><space>dy");
    let (id, _) = only_call(&mut harness);
    let failed = ["77d0aa31b2c541bb", "0a9e14d03311c2d4"].map(|id| (id.to_owned(), refusal("no")));
    answer_deleted(&mut harness, id, &["5b1c66aa10129f0a"], failed.into());
    let screen = harness.screen(140, 24);
    let rows: Vec<&str> = screen.lines().filter(|line| line.starts_with('│')).collect();
    assert!(!rows.iter().any(|row| row.contains("5b1c…9f0a")), "{screen}");
    assert!(screen.contains("deleted 1 API key of owner: 5b1c…9f0a"), "{screen}");
    assert!(screen.contains("not deleted, as far as is known: 77d0…41bb, 0a9e…c2d4"), "{screen}");
}

#[test]
fn a_deleted_key_is_gone_even_where_the_new_list_does_not_come() {
    let mut harness = demo();
    harness.keys("jdy");
    let calls = deleted(&mut harness);
    let (id, _) = calls.into_iter().find(|(_, call)| is_list(call)).unwrap();
    answer_list(&mut harness, id, Err(refusal("no")));
    assert!(!harness.screen(80, 24).contains("77d0…41bb"));
}

#[test]
fn the_signed_in_key_is_recognised_where_the_list_confirms_its_id() {
    let id = "ab".repeat(32);
    let mut harness = Harness::new().started();
    harness.shared().session.own = Own::default().signed_in_with(id.clone());
    for (request, call) in harness.calls() {
        if is_list(&call) {
            let keys = vec![key(&id, "2027-11-23T23:59:59Z", "API", "")];
            answer_list(&mut harness, request, Ok(keys));
        }
    }
    assert!(harness.screen(80, 24).contains("API      signed in"));
}

/// The session would go on without its key, whichever key keybench itself is signed in with.
#[test]
fn the_key_of_a_workbench_session_is_neither_deleted_nor_rotated() {
    for keys in ["<down>d", "<down>r"] {
        let mut harness = demo();
        harness.shared().session.own = Own::default().given(GIVEN);
        harness.keys(keys);
        let screen = harness.screen(80, 24);
        assert!(screen.contains("workbench session"), "{keys}: {screen}");
        assert!(harness.layers().is_empty(), "{keys}: {screen}");
    }
    let mut harness = demo();
    harness.shared().session.own = Own::default().given(GIVEN);
    harness.keys("d");
    assert!(!harness.layers().is_empty(), "another key may go");
    harness.keys("<esc>D");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("77d0…41bb stays: the workbench session"), "{screen}");
    harness.keys("owner<enter>");
    let (_, call) = only_call(&mut harness);
    let Call::DeleteKeys(ToDelete::Keys { key_ids, .. }) = call else { panic!("{call:?}") };
    assert_eq!(key_ids, ["5b1c66aa10129f0a", "0a9e14d03311c2d4"]);
}

/// Which of the listed keys it is cannot be seen here, so the workbench is asked whose it is before any is
/// deleted.
#[test]
fn of_all_keys_one_may_be_that_of_the_session_though_it_is_not_recognised() {
    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("5b1c66aa10129f0a").given("not listed");
    harness.keys("D");
    assert!(looks_destructive(&mut harness, "Delete all API keys?"), "{}", harness.screen(80, 24));
    harness.keys("owner<enter>");
    let (_, call) = only_call(&mut harness);
    let Call::DeleteKeys(ToDelete::UnlessGiven { key_ids, .. }) = call else { panic!("{call:?}") };
    assert_eq!(key_ids, [GIVEN, "0a9e14d03311c2d4"]);
}

/// Whether the question with this title is drawn as one about something that cannot be undone.
fn looks_destructive(harness: &mut Harness, title: &str) -> bool {
    let theme = Theme::terminal();
    harness.shared().preferences.theme = theme.clone();
    let screen = harness.screen(80, 24);
    let (y, line) = screen.lines().enumerate().find(|(_, line)| line.contains(title)).unwrap();
    let x = line[..line.find(title).unwrap()].chars().count();
    harness.buffer(80, 24)[(x as u16, y as u16)].style().fg == theme.error.fg
}

/// The id of the second row.
const GIVEN: &str = "77d0aa31b2c541bb";

/// The whole list does not go because the filter hides it.
#[test]
fn deleting_all_with_a_filter_deletes_what_it_shows_and_says_what_stays() {
    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("5b1c66aa10129f0a");
    harness.keys("/dash<enter>D");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Delete all API keys that are shown?"), "{screen}");
    assert!(screen.contains("The 1 other API key of owner"), "{screen}");
    assert!(screen.contains("Only those that the filter shows: 1 key stays that it hides."), "{screen}");
    harness.keys("owner<enter>");
    let (_, call) = only_call(&mut harness);
    assert!(
        matches!(&call, Call::DeleteKeys(ToDelete::Keys { key_ids, .. }) if *key_ids == ["77d0aa31b2c541bb"]),
        "{call:?}"
    );
}

#[test]
fn after_marked_keys_are_deleted_the_cursor_stays() {
    use crate::tui_support::rotation::{OLD, successor};
    let mut harness = successor();
    harness.keys("y<esc><enter>");
    let selected = |harness: &mut Harness| {
        let screen = harness.screen(80, 24);
        screen.lines().find(|line| line.starts_with("│▸")).unwrap().to_owned()
    };
    // The key that is being replaced and the first are marked, the cursor is on the last.
    harness.keys("/77d0<enter><space><esc>g/nightly<enter><space><esc>/demo<enter><esc>");
    let before = selected(&mut harness);
    harness.calls();
    assert!(before.contains("0a9e…c2d4"), "{before}");
    harness.keys("dy");
    let (id, call) = only_call(&mut harness);
    let Call::DeleteKeys(ToDelete::Keys { key_ids, .. }) = call else { panic!("{call:?}") };
    assert!(key_ids.len() == 2 && key_ids.iter().any(|id| id == OLD), "{key_ids:?}");
    let ids: Vec<&str> = key_ids.iter().map(String::as_str).collect();
    answer_deleted(&mut harness, id, &ids, Vec::new());
    assert!(selected(&mut harness).contains("0a9e…c2d4"), "{}", harness.screen(80, 24));
}
