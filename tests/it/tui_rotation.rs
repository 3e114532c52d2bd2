//! Rotating an API key in the interface: every edge with made-up answers, and the whole of it
//! against the embedded workbench.

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
use keybench::tui::call::{Answer, Call, KeyToSend};
use keybench::tui::effect::Effect;
use keybench::tui::requests::RequestId;
use keybench::tui::testing::{Harness, draw};

fn deletes_old(harness: &mut Harness) -> RequestId {
    let (id, call) = only_call(harness);
    assert!(matches!(&call, Call::DeleteKeys { key_ids, .. } if key_ids == &[OLD]), "{call:?}");
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
        let shown = screen.contains("c0ff…3344 was created to replace 77d0…41bb: both work");
        assert!(shown, "{keys}:\n{screen}");
        assert_eq!(screen.contains("neither copied nor saved"), ["", "t"].contains(&keys), "{screen}");
    }
    let mut harness = successor();
    harness.keys("y<esc><enter>q");
    assert!(matches!(harness.effects.pop(), Some(Effect::Quit)), "what was decided is not asked again");
}

#[test]
fn a_model_proves_the_new_key_before_the_old_one_goes() {
    let mut harness = successor();
    harness.keys("yt");
    assert!(harness.screen(80, 24).contains("listing the models"));
    answer_models(&mut harness);
    insta::assert_snapshot!("prove_choose_80x24", harness.screen(80, 24));
    assert!(!harness.screen(80, 24).contains("churn-prod/echo"), "it answers whatever the key");
    harness.keys("add<enter>");
    insta::assert_snapshot!("prove_request_80x24", harness.screen(80, 24));
    let (mut harness, _, test) = calling("y");
    assert_eq!((test.model_id.as_str(), test.request.as_str()), ("id-add", "{\"a\": 3, \"b\": 5}"));
    assert_eq!(format!("{:?}", test.key), format!("{:?}", KeyToSend::This(made().api_key)));
    insta::assert_snapshot!("prove_calling_80x24", harness.screen(80, 24));
    let mut harness = passed("y");
    insta::assert_snapshot!("prove_passed_80x24", harness.screen(80, 24));
    insta::assert_snapshot!("prove_passed_120x40", harness.screen(120, 40));
    insta::assert_snapshot!("prove_passed_60x16", harness.screen(60, 16));
    harness.keys("<enter>");
    insta::assert_snapshot!("prove_delete_old_80x24", harness.screen(80, 24));
    insta::assert_snapshot!("prove_delete_old_120x40", harness.screen(120, 40));
    harness.calls();
    harness.keys("<tab><enter>");
    let id = deletes_old(&mut harness);
    answer_deleted(&mut harness, id, &[OLD], Vec::new());
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("deleted 1 API key of owner: 77d0…41bb") && !screen.contains("replaced by"),
        "{screen}"
    );
    assert!(screen.contains("▸  c0ff…3344"), "the successor is selected:\n{screen}");
}

#[test]
fn a_proven_key_that_was_not_kept_leads_back_to_it() {
    let mut harness = passed("");
    harness.keys("<enter>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains(&"ab".repeat(32)) && screen.contains("now copy or save it"), "{screen}");
    assert!(screen.contains("proven by churn-prod/add: 200 from replica add-7c9f-1"), "{screen}");
    assert_eq!(harness.layers(), ["reveal"]);
    insta::assert_snapshot!("prove_reveal_60x16", harness.screen(60, 16));
}

#[test]
fn a_refused_test_says_why_and_leads_to_no_deletion() {
    let body = "{\"success\":false,\"errors\":{\"User APikey not authorized to access model\":\"Check it\"}}";
    let mut harness = tested("y", answer(401, body));
    let (id, call) = only_call(&mut harness);
    assert!(matches!(call, Call::Explain(_)), "{call:?}");
    assert!(harness.screen(80, 24).contains("asking the workbench"));
    let diagnosis = Diagnosis {
        cause: Cause::NotCollaborator,
        sentence: "owner is not a collaborator of the project churn-prod, which contributor owns.".into(),
        remedy: Some("Ask contributor to add owner; reading is enough to call its models.".into()),
        actions: Vec::new(),
        said: None,
        unverified: Vec::new(),
    };
    answer_explained(&mut harness, id, diagnosis);
    insta::assert_snapshot!("prove_refused_80x24", harness.screen(80, 24));
    insta::assert_snapshot!("prove_refused_120x40", harness.screen(120, 40));
    insta::assert_snapshot!("prove_refused_60x16", harness.screen(60, 16));
    harness.keys("<enter>");
    let screen = harness.screen(80, 24);
    assert!(harness.layers() == ["reveal"] && screen.contains("the test failed"), "{screen}");
    harness.keys("<esc>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("not proven: churn-prod/add: owner is not a collaborator"), "{screen}");
    harness.calls();
    harness.keys("<enter>");
    assert!(harness.calls().is_empty(), "Keep both has the focus");
}

#[test]
fn a_model_that_does_not_answer_proves_nothing() {
    let error = CallError::Connect { address: "127.0.0.1:9".into(), detail: "connection refused".into() };
    let mut harness = tested("y", Err(error));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("no answer") && screen.contains("no connection to 127.0.0.1:9"), "{screen}");
    harness.keys("<esc><esc>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("not proven: churn-prod/add: no connection"), "{screen}");
}

#[test]
fn a_test_is_given_up_and_tried_again_with_its_request() {
    for keys in ["<esc>", "<ctrl-x>"] {
        let (mut harness, id, test) = calling("y");
        harness.keys(keys);
        // Ctrl-X cancels the oldest request first.
        while harness.shared().requests.waits_for(id) {
            harness.keys("<ctrl-x>");
        }
        let screen = harness.screen(80, 24);
        assert!(screen.contains("cancelled") && screen.contains("{\"a\": 3, \"b\": 5}"), "{screen}");
        answer_tested(&mut harness, id, test, answer(200, "{}"));
        assert!(harness.screen(80, 24).contains("cancelled"), "an answer that is not awaited");
        harness.calls();
        harness.keys("<enter>");
        assert!(matches!(only_call(&mut harness).1, Call::TestModel(_)));
    }
    let mut harness = passed("y");
    harness.calls();
    harness.keys("t<ctrl-u>no json<enter>");
    assert!(harness.calls().is_empty() && harness.screen(80, 24).contains("nothing was sent"));
    harness.keys("<esc><esc><esc>");
    assert!(harness.screen(80, 24).contains("Delete the old key now?"), "Esc goes back step by step");
}

#[test]
fn both_keys_kept_are_marked_and_r_goes_on() {
    let mut harness = passed("y");
    harness.keys("<enter><enter>k");
    harness.calls();
    insta::assert_snapshot!("rotation_left_80x24", harness.screen(80, 24));
    insta::assert_snapshot!("rotation_left_120x40", harness.screen(120, 40));
    assert!(harness.screen(80, 24).contains("replaced by c0ff…3344: "));
    harness.keys("g/dashboard<enter>r");
    insta::assert_snapshot!("rotation_dialog_80x24", harness.screen(80, 24));
    insta::assert_snapshot!("rotation_dialog_120x40", harness.screen(120, 40));
    insta::assert_snapshot!("rotation_dialog_60x16", harness.screen(60, 16));
    assert!(harness.calls().is_empty(), "no further successor is created");
    harness.keys("t");
    assert!(harness.screen(80, 24).contains("tested last"));
    harness.keys("<esc>d<tab><enter>");
    harness.calls().into_iter().find(|(_, call)| matches!(call, Call::DeleteKeys { .. })).unwrap();
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
    assert!(screen.contains("replaced by c0ff…3344"), "{screen}");
    harness.keys("!");
    assert!(harness.screen(120, 24).contains("not deleted, as far as is known: 77d0…41bb"));
    harness.keys("<esc><esc>/dashboard<enter>gr");
    assert!(harness.screen(80, 24).contains("Rotation of an API key"), "{}", harness.screen(80, 24));
}

#[test]
fn a_listing_of_models_that_was_given_up_is_begun_again() {
    let mut harness = demo();
    harness.keys("2");
    harness.calls();
    harness.keys("1");
    harness.calls();
    harness.keys("jry");
    let (id, _) = harness.calls().into_iter().last().unwrap();
    answer_created(&mut harness, id, Ok(made()));
    harness.calls();
    harness.keys("t");
    answer_models(&mut harness);
    assert!(harness.screen(80, 24).contains("churn-prod/add"), "{}", harness.screen(80, 24));
}

#[test]
fn models_that_could_not_be_listed_can_be_asked_for_again() {
    let mut harness = successor();
    harness.keys("t");
    let (id, _) = harness.calls().remove(0);
    harness.answer(id, Answer::ModelsListed(Err(refusal("no"))));
    harness.keys("<esc>t");
    let again = harness.calls().into_iter().map(|(id, _)| id).next().unwrap();
    harness.answer(again, Answer::ModelsListed(Err(refusal("no"))));
    assert!(harness.screen(80, 24).contains("Ctrl-R tries again"), "{}", harness.screen(80, 24));
    harness.keys("<ctrl-r>");
    answer_models(&mut harness);
    assert!(harness.screen(80, 24).contains("churn-prod/add"), "{}", harness.screen(80, 24));
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
    assert!(!screen.contains("replaced by"), "{screen}");
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
    assert!(screen.contains("neither copied nor saved: it cannot be handed over"), "{screen}");
    assert!(!screen.contains("delete the old key"), "it is the one in use:\n{screen}");
    harness.calls();
    harness.keys("d");
    assert!(harness.screen(120, 40).contains("so the old one is still in use: it is not deleted"));
    assert!(harness.calls().is_empty() && harness.layers() == ["rotation"]);
    harness.keys("r");
    assert!(harness.screen(80, 24).contains("c0ff…3344 is its successor so far"), "another can be made");
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
fn any_new_key_can_be_tested_where_it_is_shown() {
    let mut harness = revealed();
    harness.keys("t");
    answer_models(&mut harness);
    harness.keys("<enter><enter>");
    let (id, call) = only_call(&mut harness);
    let Call::TestModel(test) = call else { panic!("{call:?}") };
    answer_tested(&mut harness, id, test, answer(200, "{\"success\":true,\"response\":8}"));
    harness.keys("<enter>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains(&"ab".repeat(32)) && screen.contains("a model answered it"), "{screen}");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rotated_proven_and_the_old_one_deleted_at_a_workbench() {
    let mut flow = Flow::demo("owner").await;
    flow.shows("1 expires soon").await;
    flow.keys("n+30d<tab><tab>service x<enter>");
    flow.shows("shown only this once").await;
    flow.keys("y<esc>");
    flow.wait("the new key selected", |screen| {
        screen.lines().any(|line| line.contains('▸') && line.contains("service x"))
    })
    .await;
    flow.keys("ry");
    flow.shows("Successor of an API key").await;
    flow.keys("yt");
    flow.shows("churn-prod/add").await;
    flow.keys("prod/add<enter>");
    flow.shows("{\"a\"").await;
    flow.keys("<enter>");
    flow.shows("200 from replica add-").await;
    flow.keys("<enter>");
    flow.shows("proven by churn-prod/add: 200 from replica").await;
    flow.keys("<enter>");
    flow.shows("replaced by").await;
    flow.keys("/service x<enter>");
    flow.idle().await;
    let marked = |line: &str| line.contains("replaced by") && line.contains('▸');
    flow.keys("g");
    if !flow.screen().lines().any(marked) {
        flow.keys("j");
    }
    flow.keys("r");
    flow.shows("Rotation of an API key").await;
    flow.keys("dy");
    flow.wait("the old key gone", |screen| !screen.contains("replaced by") && screen.contains("1 of ")).await;
    let left = flow.screen();
    assert!(left.lines().any(|line| line.contains('▸') && line.contains("service x")), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signed_in_key_is_rotated_and_everything_goes_on_with_the_new_one() {
    let mut flow = Flow::demo("owner").await;
    flow.shows("1 expires soon").await;
    let own = flow.key_of("owner")[..64].to_owned();
    assert!(flow.ui.shared.session.is_own(&own));
    flow.keys("g");
    while !flow.screen().lines().any(|line| line.contains('▸') && line.contains("signed in")) {
        flow.keys("j");
    }
    flow.keys("ry");
    flow.shows("signed in with the new key now").await;
    assert!(!flow.ui.shared.session.is_own(&own));
    flow.keys("y<esc>");
    let screen = flow.screen();
    assert!(screen.contains("Delete the old key now?") && !screen.contains("still signed in"), "{screen}");
    flow.keys("y");
    flow.shows("deleted").await;
    flow.keys("<ctrl-r>");
    flow.idle().await;
    let screen = flow.screen();
    let table = screen.split_once(" UTC ╮").unwrap().1;
    assert!(
        table.contains("signed in") && !table.contains(short_id(&own).as_ref()),
        "the new key is accepted:\n{screen}"
    );
}
