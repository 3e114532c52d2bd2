//! The Test panel: key, request, results, why.

mod request;
mod viewer;

use std::time::Duration;

use keybench::config::requests::Change;
use keybench::probe::{CallError, Phase};
use keybench::tui::call::{Answer, Call, KeyToSend, WriteError};
use keybench::tui::effect::{Copied, Effect};
use keybench::tui::msg::Msg;

use super::{small_snapshots, snapshots};
use crate::tui_support::models::*;
use crate::tui_support::settings::{answer_list, demo_keys};

#[test]
fn a_test_with_the_signed_in_key() {
    let mut harness = listed();
    let sent = tested(&mut harness, "t<enter>", success());
    assert_eq!(sent, (KeyToSend::SignedIn, "{\"a\": 3, \"b\": 5}".to_owned()));
}

#[test]
fn quitting_asks_while_a_request_was_edited_and_not_sent() {
    let mut harness = listed();
    harness.keys("<enter>e <esc>q");
    assert!(harness.effects.is_empty() && harness.layers().last() == Some(&"question"));
    assert!(
        harness.screen(80, 24).contains("The request for churn-prod/add was edited and"),
        "{}",
        harness.screen(80, 24)
    );
    harness.keys("<esc>");
    tested(&mut harness, "t", success());
    harness.effects.clear();
    harness.keys("q");
    assert!(matches!(harness.effects[..], [Effect::Quit]), "{:?}", harness.effects);
}

#[test]
fn esc_dismisses_an_error_before_it_leaves_the_panel() {
    let mut harness = listed();
    harness.keys("<enter>");
    let now = harness.now;
    harness.shared().notices.error(now, "the editor is gone", Some("set EDITOR".to_owned()));
    assert!(harness.screen(80, 24).contains("set EDITOR  Esc dismiss"), "{}", harness.screen(80, 24));
    harness.keys("<esc>");
    let screen = harness.screen(80, 24);
    assert!(!screen.contains("the editor is gone") && screen.contains("[ Test ]"), "{screen}");
    harness.keys("<esc>");
    assert!(!harness.screen(80, 24).contains("[ Test ]"));
}

#[test]
fn a_refusal_is_explained_and_mended() {
    let mut harness = listed();
    harness.keys("<enter>K");
    small_snapshots("choose_key", &mut harness);
    let (sent, _) = refused(&mut harness, "outs<enter><enter>");
    assert_eq!(sent, KeyToSend::This(key("c4d5")));
    assert_eq!(harness.shared().session.known_keys[0].tests, 1);
    small_snapshots("test_refused", &mut harness);

    harness.keys("m");
    assert!(matches!(&harness.effects[..], [Effect::Copy(Copied::Text(text))] if text.contains("outsider")));
    harness.effects.clear();
    harness.keys("an");
    assert!(harness.calls().is_empty(), "it is asked first");
    harness.keys("ay");
    let calls = harness.calls();
    let (id, Call::AddCollaborator { project_id, project, username, permission }) =
        calls.into_iter().next().unwrap()
    else {
        panic!("nobody was added");
    };
    assert_eq!(
        (project_id.as_str(), username.as_str(), permission.as_str()),
        ("churn-prod-id", "outsider", "read")
    );
    let reply = Answer::PermissionSet { project_id, project, username, permission, done: Ok(()) };
    harness.answer(id, reply);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("fixed: test again (t)") && !screen.contains("fix:"), "{screen}");
    harness.keys("a");
    assert!(harness.layers().is_empty(), "it is not offered again");
    tested(&mut harness, "t", success());
    snapshots("test_mended", &mut harness);
    harness.keys("<down><down>");
    assert!(harness.screen(80, 24).contains("fixed: test again (t)"), "nor on the old row");
}

#[test]
fn what_is_pasted_for_a_key_is_looked_at_at_once() {
    let mut harness = listed();
    harness.keys("t<shift-tab><shift-tab>");
    harness.paste("mabcdefghijklmnopqrstuvwxyz01234");
    assert!(harness.screen(80, 24).contains("API key: "), "{}", harness.screen(80, 24));
}

#[test]
fn keys_are_named_by_their_key_id_where_it_is_known() {
    let mut harness = listed();
    harness.shared().session.known_keys[0].key_id = Some("02931111111111111111111111175d9".into());
    harness.keys("tK");
    assert!(harness.screen(80, 24).contains("0293…75d9  outsider"), "{}", harness.screen(80, 24));
    harness.keys("<pagedown><enter>");
    assert!(harness.screen(80, 24).contains("0293…75d9  outsider"));
}

#[test]
fn what_is_typed_in_a_choice_is_its_filter() {
    let mut harness = listed();
    harness.keys("tK");
    assert!(harness.screen(80, 24).contains("the key that is signed in"));
    harness.keys("outs");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("/ outs") && screen.contains(" 1/1 "), "{screen}");
    // Esc takes back one thing at a time, and Enter on nothing chooses nothing.
    harness.keys("<esc>");
    assert!(!harness.screen(80, 24).contains(" 1/1 "));
    harness.keys("xyz<enter>");
    assert_eq!(harness.layers(), ["chooser"]);
    harness.keys("<esc><esc>");
    assert!(harness.layers().is_empty() && harness.screen(80, 24).contains("[ Test ]"));
}

#[test]
fn in_read_only_mode_nobody_is_added() {
    let mut harness = listed();
    harness.shared().session.read_only = true;
    refused(&mut harness, "t<enter>");
    assert!(!harness.screen(80, 24).contains("a  add outsider"));
    harness.keys("a");
    assert!(harness.calls().is_empty());
    assert!(harness.screen(80, 24).contains("read-only"));
}

#[test]
fn a_pasted_key_is_masked_and_a_wrong_one_is_named() {
    let mut harness = listed();
    harness.keys("t");
    let pasted = key("beef");
    harness.paste(&format!("{}\n", pasted.expose()));
    let (sent, _) = tested(&mut harness, "t", success());
    assert_eq!(sent, KeyToSend::This(pasted.clone()));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("••••beef"), "{screen}");
    assert!(!screen.contains(&pasted.expose()[40..80]));

    harness.keys("<shift-tab><shift-tab><delete>");
    harness.paste("mabcdefghijklmnopqrstuvwxyz01234");
    harness.keys("t");
    assert!(harness.calls().is_empty(), "nothing is sent with what cannot be a key");
    snapshots("wrong_key", &mut harness);
}

#[test]
fn a_model_without_authentication_is_called_without_a_key() {
    let mut harness = listed();
    harness.keys("G");
    answer_what_is_read(&mut harness);
    let sent = tested(
        &mut harness,
        "t<enter>",
        answer(200, "{\"success\":true,\"response\":{\"hello\":\"world\"}}"),
    );
    assert_eq!(sent, (KeyToSend::Nothing, "{\"hello\": \"world\"}".to_owned()));
    snapshots("test_without_key", &mut harness);
}

#[test]
fn a_call_without_an_answer() {
    let mut harness = listed();
    let mut call = success();
    call.outcome = Err(CallError::Timeout { phase: Phase::Waiting, after: Duration::from_secs(75) });
    tested(&mut harness, "t<enter>", call);
    snapshots("test_timeout", &mut harness);
}

#[test]
fn a_test_in_flight_can_be_given_up() {
    let mut harness = listed();
    harness.keys("t<enter>");
    let (id, _) = harness.calls().remove(0);
    harness.keys("t");
    assert!(harness.calls().is_empty(), "one at a time");
    harness.keys("<esc>");
    assert!(matches!(&harness.effects[..], [Effect::Cancel(given_up)] if *given_up == id));
    assert!(harness.screen(80, 24).contains("[ Test ]"), "Esc did one thing");
    assert!(!harness.screen(80, 24).contains("Esc cancels"));
}

#[test]
fn that_a_test_is_in_flight_is_said_while_it_is() {
    let mut harness = listed();
    harness.keys("t<enter>");
    let (id, asked) = harness.calls().remove(0);
    harness.keys("t");
    assert!(harness.screen(80, 24).contains("a test is in flight; Esc cancels it"));
    let Call::TestModel(test) = asked else { panic!("{asked:?}") };
    let (sent, call) = (String::new(), Box::new(success()));
    harness.send(Msg::Answer { id, took: None, answer: Answer::ModelTested { test, sent, call } });
    assert!(!harness.screen(80, 24).contains("in flight"));
}

#[test]
fn restarting_what_answers_asks_and_what_does_not_is_restarted_at_once() {
    let mut harness = listed();
    harness.keys("R");
    assert!(harness.calls().is_empty(), "a question first");
    assert!(harness.screen(80, 24).contains("Restart churn-prod/add?"));
    harness.keys("<enter>");
    assert!(harness.calls().is_empty(), "Cancel has the focus");
    harness.keys("tRy");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, Call::RestartModel(deployment))] if deployment.model_id == "churn-prod-add"),
        "{calls:?}"
    );
    harness.keys("<esc><down><down><down>R");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, Call::RestartModel(deployment))] if deployment.model_id == "churn-prod-retired"),
        "{calls:?}"
    );
}

#[test]
fn the_call_as_code_holds_no_key() {
    let mut harness = listed();
    harness.keys("y<enter>");
    let [Effect::Copy(Copied::Text(code))] = &harness.effects[..] else { panic!("nothing was copied") };
    assert!(code.contains("CDSW_APIV2_KEY") && code.contains("\"a\":3"), "{code}");
}

#[test]
fn the_call_can_be_copied_in_three_languages() {
    let mut harness = listed();
    harness.keys("ty");
    snapshots("copy_call", &mut harness);
    harness.keys("<down><enter>");
    assert!(
        matches!(&harness.effects[..], [Effect::Copy(Copied::Text(code))] if code.contains("requests.post")),
        "{:?}",
        harness.effects
    );
}

#[test]
fn a_key_from_settings_is_taken_for_the_next_model() {
    let mut harness = listed();
    harness.shared().session.known_keys[0].key_id = Some("5b1c66aa10129f0a".into());
    harness.keys("1");
    let (id, _) = harness.calls().remove(0);
    answer_list(&mut harness, id, Ok(demo_keys()));
    harness.keys("t");
    assert!(!harness.calls().is_empty(), "the list is brought up to date");
    let (sent, _) = tested(&mut harness, "<enter><enter>", success());
    assert_eq!(sent, KeyToSend::This(key("c4d5")));
}

#[test]
fn the_footer_of_the_results_names_what_enter_does_there() {
    let mut harness = listed();
    tested(&mut harness, "t<enter>", success());
    harness.keys("<down>");
    let screen = harness.screen(80, 24);
    let footer = screen.lines().last().unwrap();
    assert!(footer.contains("Enter open") && !footer.contains("filter"), "{footer}");
}

#[test]
fn the_answer_follows_the_selection_beside_the_results() {
    let mut harness = listed();
    let body = "{\"success\":true,\"response\":{\"rows\":[1,2,3],\"big\":12345678901234567890123}}";
    tested(&mut harness, "t<enter>", answer(200, body));
    refused(&mut harness, "t");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("HTTP 401") && screen.contains("why: outsider"), "the newest: {screen}");
    harness.keys("<down><down>");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("HTTP 200  success") && screen.contains("12345678901234567890123"), "{screen}");
    let line = screen.lines().find(|line| line.contains("HTTP 200")).unwrap();
    assert!(line.contains("LATENCY"), "beside the table: {line}");
    harness.keys("<right>jjj");
    let row = |screen: &str| screen.lines().position(|line| line.contains("\"rows\": [")).unwrap();
    let at = row(&harness.screen(120, 40));
    while !harness.screen(120, 40).lines().nth(at).unwrap().contains("│▸  ") {
        harness.keys("j");
    }
    harness.keys("z");
    assert!(harness.screen(120, 40).contains("\"rows\": [ … 3 items ],"), "{}", harness.screen(120, 40));
    harness.keys("zH");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("HEADERS") && screen.contains("content-type: application/json"), "{screen}");
    harness.keys("H<enter>");
    assert_eq!(harness.layers(), ["viewer"]);
    harness.keys("<esc>");
    let screen = harness.screen(60, 16);
    assert!(screen.contains("\"response\": {"), "a low window shows the body first: {screen}");
}
