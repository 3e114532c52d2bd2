//! Keys that come before there is a list: they are done in their order once it is there.

use std::path::PathBuf;

use keybench::api;
use keybench::config::{Profile, Profiles, Store};
use keybench::tui::call::{Answer, Call};
use keybench::tui::effect::Effect;
use keybench::tui::msg::Msg;
use keybench::tui::requests::RequestId;
use keybench::tui::testing::Harness;
use keybench::wire::Collaborator;

use crate::tui_support::admin::{audited, person, project, projects, user, with_users};
use crate::tui_support::builds::{demo as builds, listed_answer, the_call};
use crate::tui_support::history::{answered, entries};
use crate::tui_support::models::{self, listed};
use crate::tui_support::settings::{self, answer_list, demo_keys, is_list, revealed};

/// The one request for which `is` holds.
fn asked(harness: &mut Harness, is: impl Fn(&Call) -> bool) -> RequestId {
    let calls = harness.calls();
    calls.iter().find(|(_, call)| is(call)).unwrap_or_else(|| panic!("{calls:?}")).0
}

fn models_come(harness: &mut Harness, id: RequestId) {
    harness.send(Msg::Progress { id, answer: Answer::ModelsPage(models::demo()) });
    harness.answer(id, Answer::ModelsListed(Ok(())));
}

fn no_answer() -> api::Error {
    api::Error::NoAnswer {
        operation: "listing",
        reason: api::Reason::Connect,
        detail: "connection refused".into(),
        changes: false,
    }
}

/// The interface whose keys were pressed at once after the start, and the request for the API keys.
fn started_with(keys: &str) -> (Harness, RequestId) {
    let mut harness = Harness::new().started();
    harness.keys(keys);
    let id = asked(&mut harness, is_list);
    (harness, id)
}

#[test]
fn keys_for_an_api_key_wait_for_the_list() {
    let (mut harness, id) = started_with("<down>d");
    assert!(harness.layers().is_empty());
    answer_list(&mut harness, id, Ok(demo_keys()));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Delete this API key?") && screen.contains("77d0…41bb  2026-12-01"), "{screen}");
    // What needs no key does not wait for one.
    let (harness, _) = started_with("n");
    assert_eq!(harness.layers(), ["new key"]);
}

#[test]
fn whose_keys_they_are_may_be_unknown_yet() {
    let mut harness = Harness::new();
    harness.shared().session.username = None;
    let mut harness = harness.started();
    harness.keys("1<down>d");
    let id = asked(&mut harness, |call| matches!(call, Call::WhoAmI));
    harness.answer(id, Answer::WhoAmI(Ok("owner".into())));
    assert!(harness.layers().is_empty());
    let id = asked(&mut harness, is_list);
    answer_list(&mut harness, id, Ok(demo_keys()));
    assert_eq!(harness.layers(), ["question"]);
}

#[test]
fn a_list_that_cannot_be_read_drops_what_waited_for_it() {
    let (mut harness, id) = started_with("<down>dn");
    answer_list(&mut harness, id, Err(no_answer()));
    assert!(harness.layers().is_empty(), "the form of a new key was meant for after the question");
    harness.keys("<ctrl-r>");
    let id = asked(&mut harness, is_list);
    answer_list(&mut harness, id, Ok(demo_keys()));
    assert!(harness.layers().is_empty());
    // So does giving it up.
    let (mut harness, _) = started_with("<down>d");
    (0..4).for_each(|_| harness.keys("<ctrl-x>"));
    assert!(harness.shared().requests.running().is_empty());
    harness.keys("n");
    assert_eq!(harness.layers(), ["new key"], "nothing waits any more");
}

#[test]
fn esc_and_ctrl_c_drop_the_keys_and_q_quits() {
    for key in ["<esc>", "<ctrl-c>"] {
        let (mut harness, id) = started_with("<down>d");
        harness.keys(key);
        assert!(harness.effects.is_empty(), "{key} does nothing else");
        answer_list(&mut harness, id, Ok(demo_keys()));
        assert!(harness.layers().is_empty(), "{key}");
    }
    let (mut harness, _) = started_with("<down>d");
    harness.keys("q");
    assert!(matches!(harness.effects[..], [Effect::Quit]), "{:?}", harness.effects);
}

#[test]
fn what_waits_for_longer_is_said_and_is_not_without_bounds() {
    let (mut harness, id) = started_with("<down>");
    assert!(!harness.screen(80, 24).contains("waits for"), "not for the blink of an eye");
    harness.now += jiff::SignedDuration::from_millis(300);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("1 key waits for the list; Esc drops it"), "{screen}");
    (0..100).for_each(|_| harness.keys("j"));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("64 keys wait for the list; Esc drops them"), "{screen}");
    answer_list(&mut harness, id, Ok(demo_keys()));
    assert!(harness.screen(80, 24).contains(" n new  r rotate"));
}

#[test]
fn a_click_and_a_dialog_that_comes_drop_the_keys() {
    let (mut harness, id) = started_with("<down>d");
    harness.send(Msg::Mouse(keybench::tui::msg::Mouse::Click(40, 5)));
    answer_list(&mut harness, id, Ok(demo_keys()));
    assert!(harness.layers().is_empty());
}

#[test]
fn keys_for_a_model_wait_across_the_tabs() {
    let mut harness = Harness::new().started();
    harness.calls();
    harness.keys("2<down><enter>");
    let id = asked(&mut harness, |call| matches!(call, Call::ListModels { .. }));
    harness.keys("B");
    models_come(&mut harness, id);
    assert_eq!(harness.layers(), ["builds"], "{}", harness.screen(80, 24));
    assert!(harness.screen(80, 24).contains("churn-prod/churn"));
}

#[test]
fn one_list_after_the_other_is_waited_for() {
    let mut harness = Harness::new().started();
    harness.calls();
    // The keys of the second user, and the second of these.
    harness.keys("3<down><enter><down>d");
    let id = asked(&mut harness, |call| matches!(call, Call::Users));
    harness.send(Msg::Progress { id, answer: Answer::UsersPage(vec![user("admin"), user("owner")]) });
    assert!(asked_for_keys_of(&mut harness, "owner").is_none(), "not while more users may come");
    harness.answer(id, Answer::UsersListed(Ok(())));
    let id = asked_for_keys_of(&mut harness, "owner").unwrap();
    assert!(harness.layers().is_empty());
    harness.answer(id, Answer::Keys { username: "owner".into(), answer: Ok(demo_keys().into()) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Delete") && screen.contains("77d0…41bb"), "{screen}");
}

fn asked_for_keys_of(harness: &mut Harness, name: &str) -> Option<RequestId> {
    let calls = harness.calls().into_iter();
    let of = |call: &Call| matches!(call, Call::ListKeys { username } if username == name);
    calls.filter(|(_, call)| of(call)).map(|(id, _)| id).next()
}

#[test]
fn keys_for_all_keys_and_for_projects_wait() {
    let mut harness = with_users(&["owner".to_owned()]);
    harness.calls();
    harness.keys("[<down>d");
    let id = asked(&mut harness, |call| matches!(call, Call::AuditKeys));
    let keys = vec![
        audited("owner", "5b1c", "2027-11-23", 365, &[]),
        audited("viewer", "77d0", "2026-12-01", 8, &[]),
    ];
    harness.send(Msg::Progress { id, answer: Answer::KeysAudited(keys) });
    assert!(harness.layers().is_empty());
    harness.answer(id, Answer::Audited(Ok(Vec::new())));
    let screen = harness.screen(80, 24);
    assert!(harness.layers() == ["question"] && screen.contains("77d0"), "{screen}");

    let mut harness = with_users(&[]);
    harness.calls();
    harness.keys("]]<enter><down>d");
    let id = asked(&mut harness, |call| matches!(call, Call::Projects));
    harness.send(Msg::Progress {
        id,
        answer: Answer::ProjectsPage(vec![project("churn-prod", "owner", "private")]),
    });
    harness.answer(id, Answer::ProjectsListed(Ok(())));
    let id = asked(&mut harness, |call| matches!(call, Call::Collaborators { .. }));
    let one = Collaborator { user: person("contributor"), permission: "write".into() };
    harness.answer(id, Answer::Collaborators { project_id: "id-churn-prod".into(), answer: Ok(vec![one]) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Remove this collaborator?"), "{screen}");
    // The form of a new one needs no list.
    let mut harness = projects();
    harness.keys("<enter>a");
    assert_eq!(harness.layers(), ["collaborator"]);
}

#[test]
fn keys_for_a_build_wait() {
    let mut harness = listed();
    harness.keys("B<down><enter>");
    let (id, _) = the_call(&mut harness);
    assert_eq!(harness.layers(), ["builds"]);
    harness.answer(id, listed_answer(builds()));
    let screen = harness.screen(80, 24);
    assert!(harness.layers().len() == 2 && screen.contains("Deploy"), "{screen}");
}

#[test]
fn keys_for_the_history_wait_for_its_list_and_its_entry() {
    let all = entries();
    let mut harness = listed();
    harness.shared().session.history = Some(PathBuf::from("history.sqlite"));
    harness.keys("H<down><down><enter>");
    assert_eq!(harness.layers(), ["history"]);
    answered(&mut harness, &all);
    let screen = harness.screen(80, 24);
    assert!(harness.layers() == ["history", "viewer"] && screen.contains("401"), "{screen}");
}

#[test]
fn keys_for_a_picker_wait() {
    let mut harness = settings::demo();
    harness.shared().preferences.store = Some(Store::at(PathBuf::from("config")));
    harness.keys("P<down><enter>");
    let id = asked(&mut harness, |call| matches!(call, Call::Profiles { .. }));
    let profile = |url: &str| Profile { url: url.into(), ..Profile::default() };
    let named = [("one", "https://one.example"), ("two", "https://two.example")];
    let mut profiles = Profiles::default();
    profiles.profiles.extend(named.map(|(name, url)| (name.to_owned(), profile(url))));
    harness.answer(id, Answer::Profiles(Ok(profiles)));
    asked(&mut harness, |call| matches!(call, Call::OpenProfile { name, .. } if name == "two"));

    // The model that a new key is tested with.
    let mut harness = revealed();
    harness.keys("t<down><enter>");
    let id = asked(&mut harness, |call| matches!(call, Call::ListModels { .. }));
    models_come(&mut harness, id);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("churn-prod/churn") && !screen.contains("churn-prod/add"), "{screen}");

    // A name in the palette.
    let mut harness = settings::demo();
    harness.keys(":slow<enter>t");
    let id = asked(&mut harness, |call| matches!(call, Call::ListModels { .. }));
    assert_eq!(harness.layers(), ["palette"]);
    models_come(&mut harness, id);
    let screen = harness.screen(80, 24);
    assert!(harness.layers().is_empty() && screen.contains("churn-prod/slow"), "{screen}");
    assert!(screen.contains("[ Test ]"), "{screen}");
}
