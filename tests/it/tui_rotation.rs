//! Rotating an API key in the interface: every edge with made-up answers, and the whole of it
//! against the embedded workbench.

mod at_a_workbench;
mod both_kept;
mod prove;

use crate::tui_flow::Flow;
use crate::tui_support::rotation::*;
use crate::tui_support::settings::{
    answer_created, answer_deleted, answer_list, demo, demo_keys, is_list, key, made, only_call, refusal,
    revealed,
};
use keybench::actions::keys::Own;
use keybench::api::Error;
use keybench::diagnosis::{Cause, Diagnosis};
use keybench::probe::CallError;
use keybench::text::short_id;
use keybench::tui::call::{Answer, Call, KeyToSend, ToDelete};
use keybench::tui::effect::{Copied, Effect};
use keybench::tui::requests::RequestId;
use keybench::tui::testing::{Harness, draw};

fn deletes_old(harness: &mut Harness) -> RequestId {
    let (id, call) = only_call(harness);
    assert!(
        matches!(&call, Call::DeleteKeys(ToDelete::Keys { key_ids, .. }) if key_ids == &[OLD]),
        "{call:?}"
    );
    id
}

#[test]
fn the_old_key_stays_until_a_yes() {
    let mut harness = demo();
    harness.keys("jr");
    insta::assert_snapshot!("rotate_80x24", harness.screen(80, 24));
    let mut harness = successor();
    insta::assert_snapshot!("rotate_successor_80x24", harness.screen(80, 24));
    harness.keys("y<esc>");
    insta::assert_snapshot!("rotate_delete_old_80x24", harness.screen(80, 24));
    harness.calls();
    harness.keys("<enter>");
    assert!(harness.calls().is_empty() && harness.layers().is_empty(), "Keep both has the focus");
}

#[test]
fn the_successor_expires_on_the_day_that_was_chosen() {
    let mut harness = demo();
    harness.keys("jre<esc>");
    assert!(harness.layers().is_empty() && harness.calls().is_empty());
    harness.keys("jkre2026-99<enter>");
    assert!(harness.calls().is_empty(), "no such day");
    harness.keys("<esc>M<enter>");
    let (id, Call::CreateKey { new, .. }) = only_call(&mut harness) else { panic!("no key was created") };
    let day = new.expiry.map(keybench::wire::time::format);
    assert_eq!((day.as_deref(), &*new.comment), (Some("2026-12-23T23:59:59Z"), "dashboard"));
    answer_created(&mut harness, id, Err(refusal("no")));
    assert!(harness.screen(80, 24).contains("no key was created; 77d0…41bb still works"));
}

#[test]
fn a_refusal_creates_nothing_and_silence_may_have() {
    for (error, exists, lists) in [
        (refusal("no"), "no key was created; 77d0…41bb still works", false),
        (
            Error::BadAnswer { operation: "creating an API key", detail: "it was cut short".into() },
            "a new key may have been created: look at the list",
            true,
        ),
    ] {
        let mut harness = demo();
        harness.keys("jry");
        let (id, _) = only_call(&mut harness);
        answer_created(&mut harness, id, Err(error));
        assert!(harness.layers().is_empty());
        assert_eq!(harness.calls().iter().any(|(_, call)| is_list(call)), lists);
        harness.keys("!");
        let screen = harness.screen(120, 24);
        assert!(screen.contains(exists), "{screen}");
        harness.keys("<esc>r");
        assert!(harness.screen(80, 24).contains("Rotate this API key?"), "it can be begun again");
    }
}

#[test]
fn giving_up_a_creation_says_what_may_be_there() {
    let mut harness = demo();
    harness.keys("jry");
    let (id, _) = only_call(&mut harness);
    harness.keys("<ctrl-x>");
    let screen = harness.screen(120, 24);
    assert!(screen.contains("77d0…41bb still works; its successor may have been created"), "{screen}");
    answer_created(&mut harness, id, Ok(made()));
    assert!(harness.layers().is_empty(), "an answer that is not awaited");
}

#[test]
fn a_quit_in_the_middle_says_what_was_created() {
    let mut harness = demo();
    harness.keys("jryq");
    assert!(harness.screen(80, 24).contains("still creating the successor of 77d0…41bb"));
    for keys in ["", "y", "y<esc>", "t"] {
        let mut harness = successor();
        harness.keys(keys);
        harness.keys("<ctrl-c>");
        let screen = harness.screen(80, 24);
        let shown = screen.contains("c0ff…3344 was created to replace 77d0…41bb, which still works");
        assert!(shown, "{keys}:\n{screen}");
        assert_eq!(screen.contains("neither copied nor saved"), ["", "t"].contains(&keys), "{screen}");
    }
    let mut harness = successor();
    harness.keys("y<esc><enter>q");
    assert!(matches!(harness.effects.pop(), Some(Effect::Quit)), "what was decided is not asked again");
}

/// As for `keys rotate`, a newer key of the same name counts as one that may be in use.
#[test]
fn newer_keys_of_the_same_name_are_named_before_another_one_is_created() {
    let mut harness = demo();
    harness.keys("<ctrl-r>");
    let mut newer = key(NEW, "2027-02-21T23:59:59Z", "API", "dashboard");
    newer.created_at = "2026-11-22T09:14:00Z".into();
    list(&mut harness, demo_keys().into_iter().chain([newer]).collect());
    harness.keys("g/dashboard<enter>g");
    if !harness.screen(80, 24).contains("▸  77d0") {
        harness.keys("j");
    }
    harness.keys("r");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("perhaps in use: c0ff…3344."), "{screen}");
}

/// So that `keys rotate` does not delete it as a key that nobody received.
#[test]
fn handing_over_a_successor_is_noted_once() {
    let mut harness = successor();
    harness.calls();
    harness.keys("y");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, Call::NoteHandOver { old, key_id })] if old.key_id == OLD && key_id == NEW),
        "{calls:?}"
    );
    harness.answer(calls[0].0, Answer::HandOverNoted(Err("the disk is full".into())));
    assert!(harness.screen(80, 24).contains("the hand-over is not noted: the disk is full"));
    harness.keys("y");
    assert!(harness.calls().is_empty(), "it is noted already");
}

#[test]
fn rotating_the_signed_in_key_signs_in_with_the_new_one_first() {
    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with(OLD);
    harness.keys("jr");
    assert!(harness.screen(80, 24).contains("keybench is signed in with it"));
    harness.keys("y");
    let (id, _) = only_call(&mut harness);
    answer_created(&mut harness, id, Ok(made()));
    let calls = harness.calls();
    let adopt = calls.iter().find(|(_, call)| matches!(call, Call::AdoptKey { .. }));
    let (id, _) = adopt.expect("the session changes to the new key");
    let problem = "profiles.toml cannot be written".to_owned();
    harness.answer(*id, Answer::KeyAdopted(Err(problem)));
    harness.keys("y<esc>");
    assert!(harness.screen(80, 24).contains("still signed in with the old one"));
}

#[test]
fn a_new_key_is_the_selected_one_in_the_next_list() {
    let mut harness = demo();
    harness.keys("<ctrl-r>");
    let before = harness.calls().into_iter().find(|(_, call)| is_list(call)).unwrap().0;
    harness.keys("n<enter><enter>batch job<enter>");
    let (id, _) = only_call(&mut harness);
    answer_created(&mut harness, id, Ok(made()));
    answer_list(&mut harness, before, Ok(demo_keys()));
    list(&mut harness, both());
    harness.keys("y<esc>");
    assert!(harness.screen(80, 24).contains("▸  c0ff…3344"), "{}", harness.screen(80, 24));
}

#[test]
fn the_steps_can_be_drawn_at_every_size() {
    let mut choosing = successor();
    choosing.keys("yt");
    answer_models(&mut choosing);
    let mut left = passed("y");
    left.keys("<enter><enter>/dashboard<enter>gr");
    for mut harness in [choosing, calling("y").0, passed("y"), left] {
        let sizes = (1..=130).step_by(9).flat_map(|columns| (1..=31).map(move |rows| (columns, rows)));
        for (columns, rows) in sizes {
            harness.shared().size = (columns, rows);
            draw(&harness.ui, columns, rows);
        }
    }
}
