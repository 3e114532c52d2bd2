//! The services of a manifest in Settings: planned when they are shown, applied after a question.

use crate::tui_flow::Flow;
use crate::tui_support::services::{applied, applying, keys_of_services, left, manifest, services};
use crate::tui_support::settings::{demo, demo_keys, is_list};
use keybench::actions::fleet::held::{Delivered, State};
use keybench::actions::fleet::prune::Left;
use keybench::actions::keys::Own;
use keybench::config::Store;
use keybench::tui::Preferences;
use keybench::tui::call::{Answer, Call, FleetAnswer, FleetCall, FleetStep, PrunedServices};
use keybench::tui::key_list::ListedKeys;
use keybench::tui::msg::Msg;
use keybench::tui::testing::{Harness, mono};

#[test]
fn a_plan_is_made_once_and_on_demand() {
    let mut harness = services();
    let screen = harness.screen(80, 24);
    assert!(screen.contains("1 left the manifest") && screen.contains("the current key is good"), "{screen}");
    harness.keys("jj");
    let blocked = harness.screen(80, 24);
    assert!(blocked.contains("blocked") && blocked.contains("was not accepted"), "{blocked}");
    harness.keys("s");
    assert!(harness.screen(80, 24).contains("API keys"), "and back");
    harness.keys("s");
    assert!(harness.calls().is_empty(), "the plan is there already");
    harness.keys("p");
    assert!(matches!(harness.calls().remove(0).1, Call::Fleet(FleetCall::Plan { .. })));
}

#[test]
fn an_apply_names_what_it_will_do_and_asks() {
    let mut harness = services();
    harness.keys("a");
    let question = harness.screen(80, 24);
    assert!(question.contains("dashboard: a new key, to file /etc/dashboard/api.key"), "{question}");
    assert!(question.contains("deletes 0a9e…c2d4"), "{question}");
    assert!(question.contains("It restarts churn-prod/churn."), "what an outage comes from: {question}");
    assert!(question.contains("It runs `systemctl reload dashboard`."), "{question}");
    harness.keys("n");
    assert!(harness.calls().is_empty());
    let (mut harness, _) = applying();
    let screen = harness.screen(80, 24);
    assert!(screen.contains("applied 1 of 3") && screen.contains("applying"), "{screen}");
    let mut harness = applied();
    let screen = harness.screen(80, 24);
    assert!(screen.contains("exit status: 2"), "{screen}");
    assert!(screen.contains("ran `systemctl reload dashboard`"), "{screen}");
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text}: {screen}"));
    assert!(at("dashboard: rotated") < at("nightly scoring: nothing"), "what failed is first: {screen}");
    assert!(harness.calls().iter().any(|(_, call)| matches!(call, Call::ListKeys { .. })), "a new key");
    harness.keys("<esc>a");
    assert!(harness.screen(80, 24).contains("this plan was applied"), "{}", harness.screen(80, 24));
}

#[test]
fn a_service_that_left_is_drift_and_its_keys_go_after_a_question() {
    let mut harness = services();
    harness.keys("G");
    let screen = harness.screen(80, 24);
    for text in ["old report", "drifted", "prune", "it left the manifest, with 2 keys", "d deletes its keys"]
    {
        assert!(screen.contains(text), "{text}: {screen}");
    }
    harness.keys("d");
    let question = harness.screen(80, 24);
    assert!(question.contains("old report of owner: 3c51…d04e, e771…2f68"), "{question}");
    assert!(question.contains("2 keys are deleted."), "{question}");
    harness.keys("n");
    assert!(harness.calls().is_empty());
    harness.keys("dy");
    let (id, call) = harness.calls().remove(0);
    assert!(matches!(call, Call::Fleet(FleetCall::Prune { agreed, .. }) if agreed == [left()]));
    harness.keys("ad");
    assert!(harness.calls().is_empty(), "one change at a time");
    let pruned = PrunedServices { services: vec![left()], ..PrunedServices::default() };
    harness.answer(id, Answer::Fleet(FleetAnswer::Pruned(Ok(pruned))));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("2 keys of 1 service deleted") && !screen.contains("old report"), "{screen}");
    assert!(harness.calls().iter().any(|(_, call)| matches!(call, Call::ListKeys { .. })), "fewer keys");
    harness.keys("d");
    assert!(harness.screen(80, 24).contains("no service has left the manifest"));
}

#[test]
fn a_pruning_that_is_cancelled_says_how_far_it_is() {
    let mut harness = services();
    harness.keys("dy");
    let (id, _) = harness.calls().remove(0);
    harness.send(Msg::Progress { id, answer: Answer::Fleet(FleetAnswer::Step(FleetStep::Deleted)) });
    harness.keys("<ctrl-x>");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("stopped after 1 of 2 keys; one more may be deleted, p plans again"), "{screen}");
}

#[test]
fn a_service_that_could_not_be_pruned_stays_on_the_screen() {
    let mut harness = services();
    harness.keys("dy");
    let (id, _) = harness.calls().remove(0);
    let stay = Left { keys: left().keys[..1].to_vec(), ..left() };
    let failures = vec!["the workbench did not answer".to_owned()];
    let pruned = PrunedServices { stay: vec![stay], failures, ..PrunedServices::default() };
    harness.answer(id, Answer::Fleet(FleetAnswer::Pruned(Ok(pruned))));
    let screen = harness.screen(120, 40);
    assert!(screen.contains("1 key of 0 services deleted; 1 service stays: the workbench did"), "{screen}");
    assert!(screen.contains("old report"), "{screen}");
}

#[test]
fn an_apply_that_is_cancelled_says_how_far_it_is() {
    let (mut harness, _) = applying();
    harness.keys("<ctrl-x>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("stopped: 1 of 3 services are done"), "{screen}");
    let row = |name: &str| {
        let name = format!(" {name}  ");
        screen.lines().find(|line| line.contains(&name)).unwrap_or_else(|| panic!("{name}: {screen}"))
    };
    assert!(row("dashboard").contains("unknown") && row("dashboard").contains("stopped"), "{screen}");
    assert!(row("nightly scoring").contains("● safe"), "it had nothing to do: {screen}");
    assert!(row("nightly scoring").contains("nothing"), "{screen}");
}

#[test]
fn without_a_manifest_the_screen_says_how_to_name_one() {
    let mut harness = demo();
    assert!(!harness.screen(120, 40).contains("s services"));
    harness.keys("s");
    assert!(harness.calls().is_empty());
    let screen = harness.screen(80, 24);
    assert!(screen.contains("No manifest is named") && screen.contains("KEYBENCH_FLEET"), "{screen}");
    harness.keys("<esc>");
    assert!(harness.screen(80, 24).contains("nightly scoring"));
}

#[test]
fn a_key_says_that_it_belongs_to_a_service() {
    let mut harness = keys_of_services();
    harness.keys("<enter>");
    let details = harness.screen(80, 24);
    assert!(details.contains("nightly scoring of fleet.toml"), "{details}");
}

#[test]
fn a_key_of_a_service_is_rotated_by_an_apply_alone() {
    let mut harness = keys_of_services();
    harness.keys("r");
    let question = harness.screen(80, 24);
    for text in ["nightly scoring of fleet.toml", "file /etc/scoring/api.key", "An apply makes the next key"]
    {
        assert!(question.contains(text), "{text}: {question}");
    }
    harness.keys("n");
    assert!(harness.calls().is_empty(), "no successor");
    harness.keys("<space><space>r");
    assert!(harness.screen(80, 24).contains("5b1c…9f0a is left out: an apply makes"), "marked ones too");
    harness.keys("<esc><esc>gjr");
    assert!(harness.screen(80, 24).contains("dashboard of fleet.toml"), "{}", harness.screen(80, 24));
    harness.keys("y");
    assert!(harness.calls().is_empty(), "the plan is asked for already");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Services"), "{screen}");
}

#[test]
fn the_services_open_at_the_one_that_a_key_belongs_to() {
    let mut harness = services();
    let services = keys_of_services().shared().session.service_keys.clone();
    harness.shared().session.service_keys = services;
    harness.keys("s");
    harness.keys("gjry");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("the current key is due"), "dashboard: {screen}");
}

#[test]
fn a_new_key_cannot_take_the_name_of_a_service() {
    let mut harness = keys_of_services();
    harness.keys("n");
    harness.calls();
    harness.keys("<enter><enter>reports<enter>");
    assert!(harness.calls().is_empty());
    let screen = harness.screen(80, 24);
    assert!(screen.contains("reports is a service of fleet.toml"), "{screen}");
    harness.keys("2<enter>");
    assert!(harness.calls().iter().any(|(_, call)| matches!(call, Call::CreateKey { .. })), "another name");
}

#[test]
fn what_a_key_is_delivered_to_is_named_before_it_is_deleted() {
    let mut harness = keys_of_services();
    harness.keys("d");
    let question = harness.screen(80, 24);
    assert!(question.contains("is the key of the service nightly scoring"), "{question}");
    assert!(question.contains("  file /etc/scoring/api.key"), "{question}");
    harness.keys("njd");
    let question = harness.screen(80, 24);
    assert!(question.contains("has the name of the service dashboard"), "{question}");
}

#[test]
fn deleting_all_keys_names_the_services_that_lose_theirs() {
    let mut harness = keys_of_services();
    harness.shared().session.own = Own::default().signed_in_with("0a9e14d03311c2d4");
    harness.keys("D");
    let question = harness.screen(80, 24);
    assert!(
        question.contains("1 of them is the key of a service of fleet.toml: nightly scoring."),
        "{question}"
    );
    harness.keys("<esc>/dashboard<enter>D");
    let question = harness.screen(80, 24);
    assert!(!question.contains("of them"), "it is delivered nowhere: {question}");
}

/// The keys of the demo, listed without a manifest; an apply kept the service of one of them.
fn without_a_manifest(key_id: &str) -> Harness {
    let mut state = State::default();
    (state.name, state.username) = ("nightly scoring".into(), "owner".into());
    state.manifest = "/etc/keybench/fleet.toml".into();
    let at = "2026-11-23T09:14:00Z".parse().unwrap();
    let had = Delivered::new(key_id, at);
    state.delivered.insert("file /etc/scoring/api.key".into(), had);
    let mut harness = demo();
    harness.keys("<ctrl-r>");
    let (id, _) = harness.calls().into_iter().find(|(_, call)| is_list(call)).unwrap();
    let keys = ListedKeys::from(demo_keys()).with_services(vec![state]);
    harness.answer(id, Answer::Keys { username: "owner".into(), answer: Ok(keys) });
    harness
}

#[test]
fn what_an_apply_kept_protects_its_keys_without_a_manifest() {
    let mut harness = without_a_manifest("5b1c66aa10129f0a");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("service: nightly scoring"), "{screen}");
    harness.keys("<enter>");
    let details = harness.screen(80, 24);
    assert!(details.contains("nightly scoring of fleet.toml, delivered to 1"), "{details}");
    harness.keys("<esc>r");
    let screen = harness.screen(80, 24);
    for text in [
        "file /etc/scoring/api.key",
        "An apply makes the next key",
        "`keybench fleet plan -f /etc/keybench/fleet.toml` shows the service.",
        "KEYBENCH_FLEET or `fleet` in config.toml",
    ] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
    harness.keys("y<enter>");
    assert!(harness.calls().is_empty(), "no successor");
    harness.keys("<esc>d");
    let question = harness.screen(80, 24);
    assert!(question.contains("is the key of the service nightly scoring of fleet.toml"), "{question}");
    assert!(question.contains("  file /etc/scoring/api.key"), "{question}");
    harness.keys("nn");
    harness.calls();
    harness.keys("<enter><enter>nightly scoring<enter>");
    assert!(harness.calls().is_empty());
    let screen = harness.screen(80, 24);
    assert!(screen.contains("nightly scoring is a service of fleet.toml"), "{screen}");
}

#[test]
fn a_key_that_only_has_the_name_of_a_service_looks_different() {
    let screen = without_a_manifest("another").screen(80, 24);
    assert!(screen.contains("not delivered: nightly scor…"), "{screen}");
    let screen = keys_of_services().screen(80, 24);
    assert!(screen.contains("service: nightly scoring"), "{screen}");
    assert!(screen.contains("not delivered: dashboard"), "{screen}");
}

/// Applied with a manifest, then started without one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_is_known_without_its_manifest_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().display();
    let file = folder.path().join("fleet.toml");
    let text = format!(
        "version = 1\n[[service]]\nname = \"scoring\"\n[[service.deliver]]\nfile = \"{dir}/scoring.key\"\n"
    );
    std::fs::write(&file, text).unwrap();
    let preferences = Preferences { fleet: Some(file), ..mono() };
    let store = Store::at(folder.path().join("configuration"));
    let mut flow = Flow::demo_with("owner", preferences, Some(store)).await;
    flow.keys("s");
    flow.shows("1 not safe").await;
    flow.keys("ay");
    flow.shows("1 key created, 1 delivery made").await;
    flow.ui.shared.preferences.fleet = None;
    flow.start_again();
    flow.shows("service: scoring").await;
    // What cannot be read is not known, and no error either.
    let fleet = folder.path().join("configuration/fleet");
    for entry in std::fs::read_dir(fleet).unwrap().map(Result::unwrap) {
        std::fs::write(entry.path().join("state.json"), "no JSON").unwrap_or_default();
    }
    flow.start_again();
    flow.shows(" scoring").await;
    let screen = flow.screen();
    assert!(!screen.contains("service: ") && !screen.contains("state.json"), "{screen}");
}

/// Two file services on a real workbench: planned, applied, and the keys work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_services_get_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().display();
    let text = format!(
        "version = 1\n[[service]]\nname = \"scoring\"\n[[service.deliver]]\nfile = \"{dir}/scoring.key\"\n\
         reload = \"echo on the $(echo screen); echo on the $(echo screen) >&2; test -s {dir}/scoring.key\"\n\
         [[service]]\nname = \"reports\"\n[[service.deliver]]\nfile = \"{dir}/missing/reports.key\"\n"
    );
    let file = folder.path().join("fleet.toml");
    std::fs::write(&file, text).unwrap();
    let preferences = Preferences { fleet: Some(file.clone()), ..mono() };
    let store = Store::at(folder.path().join("configuration"));
    let mut flow = Flow::demo_with("owner", preferences, Some(store)).await;
    flow.shows("dashboard").await;
    flow.keys("s");
    flow.shows("2 not safe").await;
    flow.keys("a");
    flow.shows("2 keys are created, 2 deliveries are made").await;
    flow.keys("y");
    flow.shows("1 service failed; 2 keys created, 1 delivery made").await;
    assert!(!flow.screen().contains("on the screen"), "{}", flow.screen());
    flow.keys("<esc>");
    let key = std::fs::read_to_string(folder.path().join("scoring.key")).unwrap();
    assert!(keybench::secret::ApiKey::parse(key.trim()).is_ok(), "the service has its key");
    std::fs::create_dir(folder.path().join("missing")).unwrap();
    flow.keys("p");
    flow.shows("1 not safe").await;
    flow.keys("ay");
    flow.shows("0 keys created, 1 delivery made").await;
    flow.keys("<esc>s");
    flow.shows("service: scoring").await;
    // One leaves the manifest.
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.split("[[service]]\nname = \"reports\"").next().unwrap()).unwrap();
    flow.keys("sp");
    flow.shows("1 left the manifest").await;
    flow.keys("d");
    flow.shows("reports of owner: ").await;
    flow.keys("y");
    flow.shows("1 key of 1 service deleted").await;
    flow.keys("p");
    flow.shows("1 service ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_manifest_is_a_sentence() {
    let (_folder, file) = manifest("version = 1\n[[service]]\nname = \"a\"\n");
    let preferences = Preferences { fleet: Some(file), ..mono() };
    let mut flow = Flow::demo_with("owner", preferences, None).await;
    flow.shows("so nothing would have its key").await;
    flow.keys("s");
    flow.shows("cannot be used").await;
}
