//! What people come for, from the first key to the last, with an embedded workbench behind it. The
//! tasks of the Models tab stand in `tui_models`, those of administrators in `tui_admin`.

use std::os::unix::fs::PermissionsExt as _;

use crate::tui_flow::Flow;
use keybench::config::Store;
use keybench::tui::testing::Harness;

/// Signed in, with the API keys listed.
async fn keys_of(username: &str) -> Flow {
    let mut flow = Flow::demo(username).await;
    flow.shows(" UTC ").await;
    flow
}

/// Creates an API key with this comment, copies it and goes back to the list.
async fn create(flow: &mut Flow, comment: &str) {
    flow.keys(&format!("n<tab><tab>{comment}<enter>"));
    flow.shows("shown only this once").await;
    flow.keys("y<esc>");
    flow.shows(comment).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_keys_are_found_marked_and_deleted_together() {
    let mut flow = keys_of("owner").await;
    create(&mut flow, "bulk one").await;
    create(&mut flow, "bulk two").await;
    flow.keys("/bulk<enter>g<space><space>d");
    flow.shows("2 keys of owner at demo").await;
    flow.keys("y");
    flow.shows("deleted ").await;
    flow.keys("<esc><esc>");
    flow.wait("both keys gone", |screen| !screen.contains("bulk") && screen.contains("KEY ID")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_are_sorted_by_what_is_left_and_one_is_looked_at() {
    let mut flow = keys_of("owner").await;
    flow.keys("oog");
    let screen = flow.screen();
    let first = screen.lines().find(|line| line.starts_with("│▸")).unwrap();
    assert!(first.contains("expired"), "{screen}");
    flow.keys("<enter>");
    flow.shows("days ago").await;
    assert!(flow.screen().contains("audience"), "{}", flow.screen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_written_to_a_file_for_its_owner_alone() {
    let mut flow = keys_of("owner").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.key");
    flow.keys("n<tab><tab>to a file<enter>");
    flow.shows("shown only this once").await;
    flow.keys(&format!("w<ctrl-u>{}<enter>", file.display()));
    flow.shows("only you can read it").await;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim().len(), 129);
    flow.keys("<esc>");
    flow.wait("the list again", |screen| !screen.contains("shown only this once")).await;
    assert!(flow.layers().is_empty(), "a key that was saved is left without a question");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_my_other_keys_are_deleted_after_my_name_is_typed_and_the_session_goes_on() {
    let mut flow = keys_of("outsider").await;
    create(&mut flow, "one more").await;
    flow.keys("D");
    flow.shows("stays: keybench is signed in with it").await;
    flow.keys("outsider<enter>");
    flow.wait("the other keys gone", |screen| !screen.contains("one more") && screen.contains("deleted "))
        .await;
    flow.keys("<ctrl-r>");
    flow.idle().await;
    let screen = flow.screen();
    assert!(
        screen.contains("signed in") && screen.contains(" 1 key ") && !screen.contains("HTTP 401"),
        "{screen}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_legacy_key_is_replaced_and_shown_once() {
    let mut flow = keys_of("owner").await;
    flow.keys("Gr");
    flow.shows("Replace the legacy key?").await;
    flow.keys("y");
    flow.shows("New legacy key, shown only this once").await;
    flow.keys("y");
    let copied = flow.copied.last().unwrap();
    assert!(copied.len() >= 32 && !copied.contains('.'), "a legacy key has one part");
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_added_switched_and_signed_out_of() {
    let mut flow = keys_of("owner").await;
    flow.idle().await;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    let url = flow.url();
    // The first run: sign in.
    flow.ui = Harness::welcome().ui;
    flow.ui.shared.preferences.store = Some(store.clone());
    flow.keys(&format!("<enter>{url}<enter>"));
    flow.paste(&flow.key_of("owner"));
    flow.keys("<tab>mine<enter>");
    flow.shows("mine ▸ owner").await;
    assert_eq!(store.load().profiles.profiles.len(), 1);
    // A second user of the same workbench.
    flow.keys("P");
    flow.shows("sign in to another").await;
    flow.keys(&format!("n{url}<enter>"));
    flow.paste(&flow.key_of("contributor"));
    flow.keys("<tab>theirs<enter>");
    flow.shows("theirs ▸ contributor").await;
    // Back to the first, and out of the second.
    flow.keys("P");
    flow.shows("✓ theirs").await;
    flow.keys("g<enter>");
    flow.shows("mine ▸ owner").await;
    flow.keys("P");
    flow.shows("✓ mine").await;
    flow.keys("Gd");
    flow.shows("Sign out?").await;
    flow.keys("y");
    flow.shows("signed out of theirs").await;
    let left: Vec<String> = store.load().profiles.profiles.into_keys().collect();
    assert_eq!(left, ["mine"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_with_an_unknown_key_stores_nothing_and_keeps_what_was_typed() {
    let mut flow = keys_of("owner").await;
    flow.idle().await;
    let folder = tempfile::tempdir().unwrap();
    let url = flow.url();
    flow.ui = Harness::welcome().ui;
    flow.ui.shared.preferences.store = Some(Store::at(folder.path()));
    flow.keys(&format!("<enter>{url}<enter>"));
    flow.paste(&format!("{}.{}", "0a".repeat(32), "9f".repeat(32)));
    flow.keys("<enter>");
    flow.shows("✗ ").await;
    assert!(flow.screen().contains("••••9f9f"), "{}", flow.screen());
    assert!(Store::at(folder.path()).load().profiles.profiles.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_palette_goes_to_a_key_and_to_a_model() {
    let mut flow = keys_of("owner").await;
    create(&mut flow, "palette goal").await;
    flow.keys("g");
    flow.keys("2");
    flow.shows("echo").await;
    flow.keys(":echo<enter>");
    let selected =
        |flow: &Flow, name: &str| flow.screen().lines().any(|line| line.contains('▸') && line.contains(name));
    assert!(selected(&flow, "echo"), "{}", flow.screen());
    flow.keys(":palette goal<enter>");
    let screen = flow.screen();
    assert!(screen.contains("╭ API keys ") && selected(&flow, "palette goal"), "{screen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_stays_with_its_request_id_until_it_is_dismissed() {
    let mut flow = keys_of("viewer").await;
    flow.keys("2");
    flow.shows("deployed").await;
    flow.idle().await;
    flow.keys("S");
    flow.shows("Stop").await;
    flow.keys("y");
    flow.shows("Esc dismiss").await;
    flow.keys("!");
    flow.shows("Notices").await;
    flow.shows("request id").await;
    flow.keys("<esc>");
    flow.shows("Esc dismiss").await;
    flow.keys("<esc>");
    flow.wait("it is gone", |screen| !screen.contains("Esc dismiss")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_a_screen_gives_its_questions_up_and_nothing_of_them_comes_back() {
    let mut flow = keys_of("owner").await;
    flow.idle().await;
    flow.keys("<ctrl-r>");
    assert!(!flow.ui.shared.requests.running().is_empty());
    flow.keys("3");
    let left = |flow: &Flow| {
        flow.ui.shared.requests.running().iter().any(|one| one.what.contains("listing the API keys"))
    };
    assert!(!left(&flow), "{:?}", flow.ui.shared.requests.running());
    flow.shows("USER").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_long_is_given_up_with_a_key() {
    let mut flow = Flow::demo("owner").await;
    flow.keys("2");
    flow.shows("slow").await;
    flow.keys("/slow<enter><enter>");
    flow.idle().await;
    flow.keys("<enter>");
    flow.shows("Esc cancels").await;
    flow.keys("<ctrl-x>");
    assert!(flow.ui.shared.requests.running().is_empty(), "{:?}", flow.ui.shared.requests.running());
    let screen = flow.screen();
    assert!(
        screen.contains("cancelled: calling churn-prod/slow") && !screen.contains("Esc cancels"),
        "{screen}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn in_read_only_mode_everything_can_be_seen_and_nothing_changed() {
    let mut flow = keys_of("owner").await;
    flow.ui.shared.session.read_only = true;
    assert!(flow.screen().contains("[RO]"));
    for keys in ["n", "d", "D", "r"] {
        flow.keys(keys);
        assert!(flow.screen().contains("read-only mode"), "{keys}: {}", flow.screen());
    }
    flow.keys("2");
    flow.shows("deployed").await;
    flow.keys("S");
    assert!(flow.screen().contains("read-only mode") && flow.layers().is_empty(), "{}", flow.screen());
    flow.keys("t<enter>");
    flow.wait("a test is no change", |screen| screen.lines().any(|line| line.contains(" 200 "))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_saved_for_its_model_and_there_again_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("requests.json");
    let mut flow = keys_of("owner").await;
    flow.ui.shared.preferences.requests_file = Some(file.clone());
    flow.keys("2");
    flow.shows("deployed").await;
    flow.keys("tWsmall<enter>");
    flow.shows("saved as small").await;
    flow.idle().await;
    let url = flow.url();
    assert!(std::fs::read_to_string(&file).unwrap().contains("small"));
    // Another start, at the same workbench.
    flow.start_again();
    flow.keys("2");
    flow.shows("deployed").await;
    flow.idle().await;
    flow.keys("tL");
    assert!(flow.screen().contains("small: {"), "{url}: {}", flow.screen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_copied_in_three_languages_without_its_key() {
    let mut flow = Flow::demo("owner").await;
    flow.keys("2");
    flow.shows("deployed").await;
    let key = flow.key_of("owner");
    for (keys, part) in [("", "curl"), ("<down>", "requests.post"), ("<down><down>", "httr")] {
        flow.keys(&format!("y{keys}<enter>"));
        let code = flow.copied.last().unwrap();
        assert!(code.contains(part) && code.contains("CDSW_APIV2_KEY"), "{code}");
        assert!(!code.contains(&key[..20]), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_restarted_and_followed_until_it_is_up_again() {
    let mut flow = Flow::demo("owner").await;
    flow.keys("2");
    flow.wait("the deployment", |screen| {
        screen.lines().any(|line| line.contains(" add ") && line.contains("deployed"))
    })
    .await;
    flow.keys("R");
    flow.shows("Restart churn-prod/add?").await;
    flow.keys("y");
    flow.shows("asked to restart").await;
    let row =
        |screen: &str| screen.lines().find(|line| line.contains(" add ")).unwrap_or_default().to_owned();
    flow.wait("it goes down", |screen| !row(screen).contains("deployed")).await;
    flow.wait("it is up again", |screen| row(screen).contains("deployed")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_deletes_one_key_of_a_user() {
    let mut flow = Flow::demo("admin").await;
    flow.keys("3");
    flow.shows("contributor").await;
    flow.keys("/contributor<enter><enter>");
    flow.shows("API keys of contributor").await;
    flow.wait("the keys", |screen| screen.contains("1 key ·") && screen.contains("active")).await;
    flow.keys("d");
    flow.shows("1 key of contributor").await;
    flow.keys("y");
    flow.shows("deleted 1 API key of contributor").await;
    flow.shows("No API keys.").await;
}
