//! What lies over the screens, and what is shown where nobody is signed in.

use crate::tui_flow::Flow;
use crate::tui_support::settings::demo;
use keybench::api::Error;
use keybench::config::{Profiles, Store};
use keybench::tui::Ui;
use keybench::tui::call::{Answer, Call, Refusal};
use keybench::tui::effect::Effect;
use keybench::tui::msg::Msg;
use keybench::tui::tab::Tab;
use keybench::tui::testing::Harness;
use keybench::wire::Model;

fn key() -> String {
    format!("{}.{}", "0a".repeat(32), "9f".repeat(32))
}

fn tab(ui: &Ui) -> Option<Tab> {
    ui.stack.tab(&ui.shared)
}

#[test]
fn the_first_run_offers_two_ways_in() {
    let mut harness = Harness::welcome();
    harness.keys("123nd");
    assert!(harness.calls().is_empty(), "no screen is there to ask anything");
    harness.keys("<down><enter>");
    let (_, call) = harness.calls().remove(0);
    assert!(matches!(call, Call::StartEmbedded(_)));
    assert!(harness.screen(80, 24).contains("starting the embedded workbench"));
}

#[test]
fn signing_in_checks_before_it_sends_and_shows_no_key() {
    let mut harness = Harness::welcome();
    harness.keys("<enter>https://workbench.example.com<enter>");
    harness.paste(&format!("  {}\n", key()));
    harness.keys("<enter>");
    let (id, call) = harness.calls().remove(0);
    assert!(matches!(&call, Call::SignIn { request, .. } if request.url == "https://workbench.example.com"));
    assert!(!format!("{call:?}").contains("0a0a"));
    let refusal = Refusal {
        message: "validating the API key: no".into(),
        hint: Some("paste another".into()),
        taken: false,
    };
    harness.answer(id, Answer::Opened(Err(refusal)));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("no; paste another") && screen.contains("workbench.example.com"), "{screen}");
    harness.keys("<esc>");
    assert!(harness.screen(80, 24).contains("Leave the sign-in?"));
    harness.keys("<esc>");
    assert!(harness.layers().is_empty());
}

#[test]
fn a_profile_of_another_user_is_replaced_only_after_a_yes() {
    let mut harness = Harness::welcome();
    harness.keys("<enter>https://workbench.example.com<enter>");
    harness.paste(&key());
    harness.keys("<tab>lab<enter>");
    let refused = |harness: &mut Harness, (id, call): (_, Call)| {
        assert!(matches!(&call, Call::SignIn { request, .. } if !request.replace), "{call:?}");
        let message = "the profile lab is for alice at https://other.example.com".to_owned();
        harness.answer(id, Answer::Opened(Err(Refusal { message, hint: None, taken: true })));
        assert!(harness.screen(80, 24).contains("Replace the profile?"), "{}", harness.screen(80, 24));
    };
    let call = harness.calls().remove(0);
    refused(&mut harness, call);
    harness.keys("n");
    assert!(harness.calls().is_empty());
    assert!(harness.screen(80, 24).contains("is for alice"), "{}", harness.screen(80, 24));
    harness.keys("<enter>");
    let call = harness.calls().remove(0);
    refused(&mut harness, call);
    harness.keys("y");
    let (_, call) = harness.calls().remove(0);
    assert!(matches!(&call, Call::SignIn { request, .. } if request.replace), "{call:?}");
}

#[test]
fn a_key_of_another_kind_is_named() {
    let mut harness = Harness::welcome();
    harness.keys("<enter>localhost<enter>");
    assert!(harness.calls().is_empty());
    harness.keys("<ctrl-u>http://localhost:1<enter>");
    harness.paste("mabcdefghijklmnopqrstuvwxyz01234");
    harness.keys("<enter>");
    assert!(harness.calls().is_empty());
    assert!(harness.screen(80, 24).contains("access key"), "{}", harness.screen(80, 24));
}

#[test]
fn the_palette_finds_by_words() {
    let mut harness = Harness::new().started();
    harness.calls();
    harness.keys(":");
    insta::assert_snapshot!("palette_80x24", harness.screen(80, 24));
    harness.keys("new k");
    assert!(harness.screen(80, 24).contains("New API key"));
    for words in ["sign in", "login", "logout", "sign out", "profile"] {
        let mut harness = Harness::new().started();
        harness.keys(&format!(":{words}<enter>"));
        assert_eq!(harness.layers(), ["profiles"], "{words}");
    }
    harness.keys("<enter>");
    assert_eq!(harness.layers(), ["new key"]);
    harness.keys("<esc><ctrl-p>admin<enter>");
    assert_eq!(tab(&harness.ui), Some(Tab::Admin));
}

#[test]
fn the_palette_finds_commands_of_other_tabs_and_runs_them_there() {
    let mut harness = crate::tui_support::admin::with_users(&["owner".to_owned()]);
    harness.keys("1:collab");
    let screen = harness.screen(80, 24);
    assert!(
        screen.lines().any(|line| line.contains("Admin") && line.contains("Add a collaborator")),
        "{screen}"
    );
    harness.keys("<esc>:expiration<enter>");
    let screen = harness.screen(80, 24);
    assert_eq!(tab(&harness.ui), Some(Tab::Admin));
    assert!(screen.contains("Default API keys expiration"), "the section that has it: {screen}");
    harness.keys("1:new api<enter>");
    assert_eq!(harness.layers(), ["new key"], "{}", harness.screen(80, 24));
    harness.keys("<ctrl-p>");
    let screen = harness.screen(80, 24);
    assert!(!screen.contains("Add a collaborator"), "a dialog stays where it is: {screen}");
}

#[test]
fn in_the_palette_an_exact_name_comes_before_what_begins_like_it() {
    let mut harness = crate::tui_support::models::listed();
    harness.keys(":churn");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("▸ model    churn-prod/churn "), "{screen}");
    assert!(screen.contains("churn-prod: models"), "{screen}");
}

#[test]
fn without_profiles_only_signing_in_is_offered() {
    let mut harness = demo();
    harness.shared().preferences.store = Some(Store::at("/nowhere"));
    harness.keys("P");
    let (id, _) =
        harness.calls().into_iter().find(|(_, call)| matches!(call, Call::Profiles { .. })).unwrap();
    harness.answer(id, Answer::Profiles(Ok(Profiles::default())));
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("n sign in") && !screen.contains("switch") && !screen.contains("sign out"),
        "{screen}"
    );
}

#[test]
fn the_help_explains_the_marks_of_the_header() {
    let mut harness = demo();
    harness.keys("?");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("● workbench") && screen.contains("● models"), "{screen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_palette_goes_to_a_projects_models_and_people() {
    let mut flow = Flow::demo("owner").await;
    flow.keys("2");
    flow.shows("playground").await;
    flow.idle().await;
    flow.keys("/retired<enter>:playgr");
    let screen = flow.screen();
    assert!(screen.contains("playground") && screen.contains("collaborators"), "{screen}");
    flow.keys("<enter>");
    flow.wait("the first model of the project", |screen| {
        screen.lines().any(|line| line.contains('▸') && line.contains("echo"))
    })
    .await;
    flow.keys("1:churn-prod");
    flow.keys("<down><enter>");
    flow.shows("contributor").await;
    assert_eq!(tab(&flow.ui), Some(Tab::Admin), "{}", flow.screen());
    flow.shows("viewer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_palette_fetches_the_models_that_no_tab_has_asked_for() {
    let mut flow = Flow::demo("owner").await;
    flow.shows("legacy").await;
    flow.keys(":churn-prod/ad");
    assert!(flow.screen().contains("models and projects are being listed"), "{}", flow.screen());
    flow.wait("the model", |screen| {
        screen.lines().any(|l| l.contains("model") && l.contains("churn-prod/add"))
    })
    .await;
    flow.wait("the end", |screen| !screen.contains("being fetched")).await;
    flow.keys("<enter>");
    assert_eq!(tab(&flow.ui), Some(Tab::Models));
    flow.wait("the row", |screen| screen.lines().any(|l| l.contains('▸') && l.contains("add"))).await;
}

/// A name that comes must not put something else under Enter.
#[test]
fn names_that_come_leave_the_selection_where_it_is() {
    let mut harness = Harness::new().started();
    harness.calls();
    harness.keys(":admin<down>");
    let chosen = |harness: &mut Harness| {
        harness.screen(80, 24).lines().find(|line| line.contains("│ ▸ ")).map(str::to_owned)
    };
    let before = chosen(&mut harness).unwrap();
    let (id, _) =
        harness.calls().into_iter().find(|(_, call)| matches!(call, Call::ListModels { .. })).unwrap();
    let model = Model { id: "m1".into(), name: "admin".into(), ..Model::default() };
    harness.send(Msg::Progress { id, answer: Answer::ModelsPage(vec![model]) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("model    "), "{screen}");
    assert_eq!(chosen(&mut harness), Some(before));
}

#[test]
fn notices_keep_their_history() {
    let mut harness = Harness::new();
    let now = harness.now;
    harness.shared().notices.info(now, "one thing");
    harness.shared().notices.error(now, "another thing", Some("do something".into()));
    harness.keys("!");
    insta::assert_snapshot!("notices_80x24", harness.screen(80, 24));
}

#[test]
fn quitting_asks_only_where_something_would_be_lost() {
    let mut harness = Harness::new();
    harness.keys("q");
    assert!(matches!(harness.effects.pop(), Some(Effect::Quit)));
    harness.keys("n");
    harness.calls();
    harness.keys("<tab><tab>x<ctrl-c>");
    assert!(harness.effects.is_empty() && harness.layers().last() == Some(&"question"));
    harness.keys("<ctrl-c>");
    assert!(matches!(harness.effects.pop(), Some(Effect::Quit)), "a second Ctrl-C is a yes");
}

#[test]
fn a_request_that_takes_long_is_seen_and_can_be_given_up() {
    let mut harness = Harness::new().started();
    harness.calls();
    harness.now += jiff::SignedDuration::from_secs(2);
    harness.send(Msg::Tick);
    let before = harness.shared().requests.running().len();
    harness.keys("<ctrl-x>");
    assert_eq!(harness.shared().requests.running().len(), before - 1);
    assert!(matches!(harness.effects.pop(), Some(Effect::Cancel(_))));
}

#[test]
fn the_header_speaks_of_the_workbench_alone() {
    use Answer::{SignedOut, Version, WhoAmI};
    let ended = |took: Option<u64>, answer| {
        let mut harness = Harness::new();
        harness.shared().session.username = None;
        let mut harness = harness.started();
        let (id, _) = harness.calls().remove(0);
        let took = took.map(std::time::Duration::from_millis);
        harness.send(Msg::Answer { id, took, answer });
        harness.screen(80, 24).lines().next().unwrap_or_default().to_owned()
    };
    let not_an_api = |status| Err(Error::NotAnApi { operation: "asking", status, what: "a page".into() });
    assert!(ended(Some(7), WhoAmI(Ok("owner".into()))).contains("● workbench 7 ms"));
    assert!(ended(None, SignedOut).contains("connecting"), "nobody answered");
    assert!(ended(None, WhoAmI(not_an_api(200))).contains("? workbench: a web page"));
    assert!(ended(None, WhoAmI(not_an_api(302))).contains("? workbench: a redirect"));
    assert!(ended(None, Version(not_an_api(404))).contains("connecting"), "not every workbench tells it");
}

#[test]
fn idle_means_no_ticks() {
    let mut harness = Harness::new().started();
    assert!(harness.ui.animated());
    for (id, _) in harness.calls() {
        harness.answer(id, Answer::SignedOut);
    }
    assert!(!harness.ui.animated());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_created_shown_and_deleted_at_a_workbench() {
    let mut flow = Flow::demo("owner").await;
    flow.shows("1 expires soon").await;
    flow.keys("n+30d<tab><tab>made in a flow<enter>");
    flow.shows("shown only this once").await;
    flow.keys("y");
    assert_eq!(flow.copied.last().map(String::len), Some(129));
    flow.keys("<esc>");
    flow.shows("made in a flow").await;
    flow.keys("/made in a flow<enter>d");
    flow.shows("Delete this API key?").await;
    flow.keys("y");
    flow.shows("deleted").await;
    flow.keys("<esc>");
    flow.wait("the key gone", |screen| !screen.contains("made in a flow")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_can_try_the_embedded_workbench() {
    let mut flow = Flow::demo("owner").await;
    // The ids of the new interface begin anew, so no answer may be in flight.
    flow.idle().await;
    flow.ui = Harness::welcome().ui;
    flow.keys("<down><enter>");
    flow.shows("1 expires soon").await;
}

/// A profile that is signed in to after the embedded workbench was tried is as after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn after_the_embedded_workbench_a_profile_keeps_its_requests() {
    let mut flow = Flow::demo("owner").await;
    flow.idle().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("requests.json");
    flow.ui = Harness::welcome().ui;
    flow.ui.shared.preferences.store = Some(keybench::config::Store::at(folder.path()));
    flow.ui.shared.preferences.requests_file = Some(file.clone());
    flow.keys("<down><enter>");
    flow.shows("1 expires soon").await;
    send_to_add(&mut flow).await;
    assert!(!file.exists(), "what an embedded workbench is sent concerns nobody afterwards");
    let url = flow.url();
    let key = flow.key_of("owner");
    flow.keys("1Pn<ctrl-u>");
    flow.paste(&url);
    flow.keys("<tab>");
    flow.paste(&key);
    flow.keys("<tab>real<enter>");
    flow.wait("the profile", |screen| screen.contains("real ▸ owner") && screen.contains("1 expires soon"))
        .await;
    assert_eq!(flow.ui.shared.session.profile.as_deref(), Some("real"));
    send_to_add(&mut flow).await;
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains(&url) && kept.contains("\\\"a\\\""), "{kept}");
}

async fn send_to_add(flow: &mut Flow) {
    flow.keys("2");
    flow.shows(" add ").await;
    flow.idle().await;
    flow.keys("/prod/add<enter>t");
    flow.shows("\"a\"").await;
    flow.keys("t");
    flow.wait("the answer", |screen| screen.lines().any(|line| line.contains(" 200 "))).await;
    flow.idle().await;
    flow.keys("<esc><esc>");
}

#[test]
fn the_help_ends_with_versions_and_places() {
    let mut harness = Harness::new();
    harness.shared().preferences.paths =
        vec![("configuration", "/home/owner/.config/keybench/config.toml".into())];
    harness.shared().session.version = Some("26.06.13".into());
    harness.screen(80, 24);
    harness.keys("?G");
    let screen = harness.screen(80, 24);
    for part in [env!("CARGO_PKG_VERSION"), "26.06.13", "http://localhost:8642", "keybench/config.toml"] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
}

#[test]
fn what_is_wrong_with_the_configuration_is_reported_at_the_start_and_the_defaults_hold() {
    let mut preferences = keybench::tui::testing::mono();
    preferences.problems = vec!["config.toml, line 3: unknown field `soon_dayz`".into()];
    preferences.keys = [("keys.new", "d"), ("keys.rotate", "ctrl-s"), ("keys.newest", "x")]
        .map(|(id, key)| (id.to_owned(), vec![key.to_owned()]))
        .into();
    let mut harness = Harness::new();
    let session = std::mem::take(&mut harness.shared().session);
    harness.ui = Ui::new(&keybench::tui::Beginning::Welcome, preferences, harness.now);
    harness.shared().session = session;
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("this line is left out; the others hold") && screen.contains(" n new "),
        "{screen}"
    );
    harness.keys("!");
    let screen = harness.screen(120, 40);
    for part in ["line 3", "`d` stands for both", "`ctrl-s` cannot be used", "no command `keys.newest`"] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
}

#[test]
fn a_key_that_lands_in_the_field_for_the_url_is_hidden() {
    let key = format!("{}.{}", "0a".repeat(32), "9f".repeat(32));
    for typed in [false, true] {
        let mut harness = Harness::welcome();
        harness.keys("<enter>");
        if typed {
            harness.keys(&key);
        } else {
            harness.paste(&key);
        }
        let screen = harness.screen(80, 24);
        assert!(!screen.contains("0a0a0a") && screen.contains("••••9f9f"), "{screen}");
        assert!(typed || screen.contains("looks like an API key"), "{screen}");
    }
}

#[test]
fn a_url_that_is_none_is_refused_before_a_key_is_typed() {
    let mut harness = Harness::welcome();
    harness.keys("<enter>workbench<enter>x");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("workbenchx"), "the field for the URL still has the keys:\n{screen}");
}
