//! The rules of the product through both faces: what the command line decides, the interface decides.
//!
//! Each test runs the real binary, and the interface with its effects carried out, against the same
//! workbench.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::bench::{Bench, Home};
use crate::support::{self, Scripted, answer, api_key, json, made_up_key, read_request};
use crate::tui_flow::Flow;
use keybench::api::{Client, ClientOptions};
use keybench::config::{Credential, Profile, Session, Store};
use keybench::secret::ApiKey;
use keybench::text::short_id;
use keybench::tui::Preferences;
use keybench::tui::testing::mono;
use tokio::io::AsyncWriteExt as _;

/// The first-run screen, with a configuration folder.
fn welcome(store: &Store) -> Flow {
    Flow::of(None, Preferences { store: Some(store.clone()), ..mono() })
}

/// Types the form of a sign-in and sends it.
fn sign_in(flow: &mut Flow, url: &str, key: &str, name: &str) {
    flow.keys(&format!("<enter>{url}<enter>"));
    flow.paste(key);
    flow.keys(&format!("<tab>{name}<enter>"));
}

/// A session as the command line makes it.
fn session(url: &str, key: &str, username: &str) -> Session {
    let mut options = ClientOptions::new(url);
    options.key = Some(ApiKey::from_workbench(key));
    let mut session = Session::new(Client::new(options).unwrap());
    session.username = Some(username.to_owned());
    session
}

/// The interface, signed in to `bench`.
fn interface(bench: &Bench, username: &str) -> Flow {
    let mut session = session(&bench.url, &bench.key(username), username);
    let mut options = session.client.options().clone();
    options.model_url = Some(bench.model_url.clone());
    session.client = Client::new(options).unwrap();
    Flow::of(Some(session), mono())
}

/// Key IDs of the user whom the environment of `home` signs in.
fn listed(home: &Home) -> Vec<String> {
    let keys = home.run(&["keys", "list", "--json"]).ok().json();
    keys.as_array().unwrap().iter().map(|key| key["key_id"].as_str().unwrap().to_owned()).collect()
}

fn create(home: &Home, more: &[&str]) -> (String, String) {
    let made = home.run(&[&["keys", "create", "--json"], more].concat()).ok().json();
    (made["key_id"].as_str().unwrap().to_owned(), made["api_key"].as_str().unwrap().to_owned())
}

fn make_repository(folder: &Path) {
    let done = std::process::Command::new("git").args(["init", "-q"]).current_dir(folder).status();
    assert!(done.unwrap().success());
}

#[test]
fn a_key_whose_answer_says_not_valid_is_stored_by_neither() {
    support::install_tls();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let no = json("200 OK", r#"{"valid":false,"username":"owner","message":"revoked"}"#);
    let server = runtime.block_on(Scripted::start(&[no]));
    let home = Home::new();
    let done = home.run_with_input(&["login", "--url", &server.url, "--name", "x"], &made_up_key('a'));
    assert_eq!(done.code, 4, "{done:?}");
    assert!(done.err.contains("revoked"), "{}", done.err);
    let store = Store::at(home.path("config"));
    assert!(!store.profiles_file().exists() && !store.credentials_file().exists());

    let store = Store::at(home.path("interface"));
    runtime.block_on(async {
        let mut flow = welcome(&store);
        sign_in(&mut flow, &server.url, &made_up_key('a'), "x");
        flow.shows("revoked").await;
        assert_eq!(flow.layers(), ["sign-in"]);
    });
    assert!(!store.profiles_file().exists() && !store.credentials_file().exists());
}

#[test]
fn a_key_for_applications_is_stored_with_the_same_caution() {
    const CAUTION: &str = "this key is for Application only: API v2 and models will refuse it";
    let bench = Bench::demo();
    let home = bench.home("owner");
    let (_, key) = create(&home, &["--audience", "Application"]);
    let home = Home::new();
    let done = home.run_with_input(&["login", "--url", &bench.url, "--name", "app"], &key).ok();
    assert!(done.err.contains(CAUTION), "{}", done.err);

    let store = Store::at(home.path("interface"));
    bench.runtime.block_on(async {
        let mut flow = welcome(&store);
        sign_in(&mut flow, &bench.url, &key, "app");
        flow.wait("the session", |screen| screen.contains("app ▸ owner")).await;
        flow.idle().await;
        flow.keys("!");
        flow.shows("this key is for Application only").await;
    });
    for store in [store, Store::at(home.path("config"))] {
        assert_eq!(store.load().credentials.keys["app"].api_key.expose(), key);
    }
}

#[test]
fn the_profile_of_another_workbench_is_taken_over_by_neither_without_a_yes() {
    let bench = Bench::demo();
    let home = Home::new();
    let elsewhere = Profile {
        url: "https://other.example.com".into(),
        label: Some("Production".into()),
        read_only: true,
        ..Profile::default()
    };
    let credential =
        || Credential { url: elsewhere.url.clone(), api_key: api_key('a'), ..Credential::default() };
    let (line, interface) = (Store::at(home.path("config")), Store::at(home.path("interface")));
    for store in [&line, &interface] {
        store.save("work", elsewhere.clone(), Some(credential())).unwrap();
    }
    let is_untouched = |store: &Store| {
        let loaded = store.load();
        loaded.profiles.profiles["work"] == elsewhere
            && loaded.credentials.keys["work"].api_key == api_key('a')
    };
    let login = ["login", "--url", &bench.url, "--name", "work"];
    let done = home.run_with_input(&login, &bench.key("owner"));
    assert_eq!(done.code, 7, "{done:?}");
    let refusal = "the profile work is for https://other.example.com";
    assert!(done.err.contains(refusal) && is_untouched(&line), "{}", done.err);

    bench.runtime.block_on(async {
        let mut flow = welcome(&interface);
        sign_in(&mut flow, &bench.url, &bench.key("owner"), "work");
        flow.shows("Replace the profile?").await;
        assert!(flow.screen().contains(refusal) && is_untouched(&interface), "{}", flow.screen());
        flow.keys("y");
        flow.shows("work ▸ owner").await;
    });
    home.run(&["profile", "remove", "work"]).ok();
    home.run_with_input(&login, &bench.key("owner")).ok();
    for store in [&line, &interface] {
        let loaded = store.load();
        let (now, key) = (&loaded.profiles.profiles["work"], &loaded.credentials.keys["work"]);
        assert_eq!((now.username.as_str(), &now.label, now.read_only), ("owner", &None, false));
        assert_eq!(key.api_key.expose(), bench.key("owner"));
    }
}

#[test]
fn signing_in_again_keeps_label_and_read_only_in_both() {
    let bench = Bench::demo();
    let home = Home::new();
    let own = Profile {
        url: bench.url.clone(),
        username: "owner".into(),
        label: Some("Production".into()),
        read_only: true,
        ..Profile::default()
    };
    let (line, interface) = (Store::at(home.path("config")), Store::at(home.path("interface")));
    for store in [&line, &interface] {
        let credential =
            Credential { url: bench.url.clone(), api_key: api_key('a'), ..Credential::default() };
        store.save("work", own.clone(), Some(credential)).unwrap();
    }
    home.run_with_input(&["login", "--url", &bench.url, "--name", "work"], &bench.key("owner")).ok();
    bench.runtime.block_on(async {
        let mut flow = welcome(&interface);
        sign_in(&mut flow, &bench.url, &bench.key("owner"), "work");
        flow.shows("Production ▸ owner").await;
        assert!(flow.ui.shared.session.read_only);
    });
    for store in [&line, &interface] {
        let loaded = store.load();
        let now = &loaded.profiles.profiles["work"];
        assert_eq!((now.label.as_deref(), now.read_only), (Some("Production"), true));
        assert_eq!(loaded.credentials.keys["work"].api_key.expose(), bench.key("owner"));
    }
}

#[test]
fn a_key_goes_into_no_repository_and_replaces_no_file() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let repository = tempfile::tempdir().unwrap();
    make_repository(repository.path());
    let tracked = repository.path().join("key").display().to_string();
    let there = home.file("there", "mine");

    let before = listed(&home).len();
    for (file, why) in [(&tracked, "version-controlled"), (&there, "already")] {
        let done = home.run(&["keys", "create", "--output", file]);
        assert_eq!(done.code, 7, "{done:?}");
        assert!(done.err.contains(why), "{}", done.err);
    }
    assert_eq!(listed(&home).len(), before, "no key was made in vain");

    bench.runtime.block_on(async {
        let mut flow = interface(&bench, "owner");
        flow.shows("signed in").await;
        flow.keys("n<tab><tab>to a file<enter>");
        flow.shows("shown only this once").await;
        for (file, why) in [(&tracked, "version-controlled"), (&there, "already")] {
            flow.keys(&format!("w<ctrl-u>{file}<enter>"));
            flow.shows(why).await;
            flow.keys("<esc>");
        }
    });
    assert!(!Path::new(&tracked).exists());
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "mine");
}

#[test]
fn a_run_is_exported_into_a_repository_and_the_interface_asks_before_it_replaces() {
    let bench = Bench::demo();
    let mut home = bench.home("owner");
    home.set("KEYBENCH_MODEL_URL", &bench.model_url);
    make_repository(home.folder.path());
    let run = ["models", "test", "churn-prod/add", "--request", "{\"a\":1,\"b\":2}", "--export", "run.json"];
    let requests = |n: u64| {
        let text = std::fs::read_to_string(home.path("run.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["total"] == n
    };
    home.run(&[&run[..], &["-n", "3"]].concat()).ok();
    assert!(requests(3));
    home.run(&[&run[..], &["-n", "4"]].concat()).ok();
    assert!(requests(4), "a later run replaces the earlier one");

    bench.runtime.block_on(async {
        let mut flow = interface(&bench, "owner");
        flow.keys("2");
        flow.shows("MODEL").await;
        flow.idle().await;
        flow.keys("/add<enter>b<ctrl-u>5<enter>");
        flow.wait("the end", |screen| screen.contains("5 requests in") && screen.contains("ended")).await;
        flow.keys(&format!("e<ctrl-u>{}<enter>", home.path("run.json").display()));
        flow.shows("is there already").await;
        assert!(requests(4), "not before a yes");
        flow.keys("y");
        flow.shows("written to").await;
    });
    assert!(requests(5));
}

#[test]
fn all_keys_are_deleted_but_those_in_use() {
    let bench = Bench::demo();
    let mut home = bench.home("owner");
    let own = bench.key_id("owner");
    // The key of the workbench session is another one than that which is signed in with.
    let (given, text) = create(&home, &["--name", "session"]);
    home.set("CDSW_DOMAIN", bench.url.trim_start_matches("http://"));
    home.set("CDSW_PROJECT_URL", &bench.url);
    home.set("CDSW_APIV2_KEY", &text);
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    let kept = sorted(vec![own.clone(), given.clone()]);

    let done = home.run(&["keys", "delete", "--all", "--yes", "--json"]).ok().json();
    let spared = done["spared"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned());
    assert_eq!(sorted(spared.collect()), kept);
    assert_eq!(sorted(listed(&home)), kept);

    create(&home, &["--name", "another"]);
    for tab in ["1", "3"] {
        bench.runtime.block_on(async {
            let mut session = session(&bench.url, &bench.key("owner"), "owner");
            session.session_key = Some(ApiKey::from_workbench(text.clone()));
            let mut flow = Flow::of(Some(session), mono());
            flow.idle().await;
            flow.keys(tab);
            flow.idle().await;
            flow.keys("D");
            flow.shows("Delete all API keys?").await;
            flow.keys("owner<enter>");
            flow.shows("deleted 1 API key of owner").await;
            flow.idle().await;
        });
        assert_eq!(sorted(listed(&home)), kept, "tab {tab}");
        create(&home, &["--name", "another"]);
    }
}

#[test]
fn of_several_keys_those_in_use_stay_and_one_alone_may_go() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let own = bench.key_id("owner");
    let (other, _) = create(&home, &["--name", "other"]);
    let done = home.run(&["keys", "delete", &own, &other, "--yes", "--json"]).ok();
    assert_eq!(done.json()["deleted"], serde_json::json!([other]));
    assert_eq!(done.json()["spared"], serde_json::json!([own]));
    assert!(listed(&home).contains(&own));

    bench.runtime.block_on(async {
        let mut flow = interface(&bench, "owner");
        flow.shows("signed in").await;
        flow.keys("g<space><space><space><space>d");
        flow.shows(&format!("{} stays: keybench is signed in with it", short_id(&own))).await;
        flow.keys("y");
        flow.shows("deleted 3 API keys of owner").await;
        flow.idle().await;
    });
    assert_eq!(listed(&home), [own.as_str()]);

    bench.runtime.block_on(async {
        let mut flow = interface(&bench, "owner");
        flow.shows("signed in").await;
        flow.keys("d");
        flow.shows("keybench itself is signed in with it").await;
    });
    home.run(&["keys", "delete", &own, "--yes"]).ok();
    assert_eq!(home.run(&["whoami"]).code, 4);
}

#[test]
fn a_refusal_in_the_middle_leaves_no_key_untried() {
    let bench = Bench::demo();
    let home = bench.home("outsider");
    let three = || ["one", "two", "three"].map(|name| create(&home, &["--name", name]).0);
    let ids = three();
    home.run(&["keys", "delete", &ids[1], "--yes"]).ok();
    let done = home.run(&["keys", "delete", &ids[0], &ids[1], &ids[2], "--yes", "--json"]);
    assert_eq!(done.code, 5, "{done:?}");
    assert_eq!(done.json()["deleted"], serde_json::json!([ids[0], ids[2]]));
    assert_eq!(done.json()["failed"][0]["key_id"], ids[1].as_str());

    let ids = three();
    bench.runtime.block_on(async {
        let mut flow = interface(&bench, "outsider");
        flow.shows("three").await;
        flow.keys("g<space><space><space><space>d");
        flow.shows("Delete these API keys?").await;
        home.run(&["keys", "delete", &ids[1], "--yes"]).ok();
        flow.keys("y");
        flow.shows("deleted 2 API keys of outsider").await;
        flow.keys("!");
        flow.shows("deleted, as far as is known: ").await;
        assert!(flow.screen().contains(short_id(&ids[1]).as_ref()), "{}", flow.screen());
    });
    assert_eq!(listed(&home), [bench.key_id("outsider")]);
}

/// A workbench with one site setting, in one form; it keeps what was written.
async fn site(value: &str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let written = Arc::new(Mutex::new(Vec::new()));
    let (kept, mut now) = (Arc::clone(&written), format!(r#"{{"api_key_expiration_days":{value}}}"#));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream).await;
            // A connection that was only tried brings nothing.
            let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
            if head.starts_with("PATCH ") {
                now = body.to_owned();
                kept.lock().unwrap().push(body.to_owned());
            }
            let reply = match head.contains("/site/config") {
                true => json("200 OK", &now),
                false if head.contains("validate_key") => {
                    json("200 OK", r#"{"valid":true,"username":"admin"}"#)
                }
                false => answer("404 Not Found", &["content-type: application/json"], "{}"),
            };
            let _ = stream.write_all(reply.as_bytes()).await;
        }
    });
    (url, written)
}

#[test]
fn the_expiration_setting_is_written_in_its_own_form_and_read_back() {
    support::install_tls();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (before, after) in [("365", "30"), (r#""365""#, r#""30""#)] {
        let wanted = [format!(r#"{{"api_key_expiration_days":{after}}}"#)];
        let (url, written) = runtime.block_on(site(before));
        let mut home = Home::new();
        home.set("KEYBENCH_URL", &url);
        home.set("KEYBENCH_API_KEY", &made_up_key('a'));
        let done = home.run(&["admin", "expiration", "30"]).ok();
        assert!(done.out.starts_with("30 days (was 365)"), "{}", done.out);
        assert_eq!(*written.lock().unwrap(), wanted);

        let (url, written) = runtime.block_on(site(before));
        runtime.block_on(async {
            let mut flow = Flow::of(Some(session(&url, &made_up_key('a'), "admin")), mono());
            flow.idle().await;
            flow.keys("3]");
            flow.shows("365 days").await;
            flow.keys("e<ctrl-u>30<enter>y");
            flow.shows("default API keys expiration: 30 days").await;
        });
        assert_eq!(*written.lock().unwrap(), wanted);
    }
}

#[test]
fn the_timeout_of_the_command_line_counts_for_model_calls_in_both() {
    let bench = Bench::demo();
    let mut home = bench.home("owner");
    home.set("KEYBENCH_MODEL_URL", &bench.model_url);
    let done = home.run(&["models", "test", "churn-prod/slow", "--timeout", "50ms"]);
    assert_ne!(done.code, 0, "{done:?}");
    let (out, err) = (&done.out, &done.err);
    assert!(out.contains("no answer within 50") || err.contains("no answer within 50"), "{done:?}");

    bench.runtime.block_on(async {
        let mut session = session(&bench.url, &bench.key("owner"), "owner");
        let mut options = session.client.options().clone();
        options.model_url = Some(bench.model_url.clone());
        session.client = Client::new(options).unwrap();
        session.model_timeout = Some(Duration::from_millis(50));
        let mut flow = Flow::of(Some(session), mono());
        flow.keys("2");
        flow.shows("slow").await;
        flow.keys("/slow<enter><enter>");
        flow.idle().await;
        flow.keys("<enter>");
        flow.shows("no answer within 50").await;
    });
}

#[test]
fn soon_is_within_fourteen_days_in_both() {
    let bench = Bench::demo();
    let home = bench.home("outsider");
    for days in ["14", "15"] {
        create(&home, &["--name", &format!("in {days} days"), "--expires", &format!("{days}d")]);
    }
    let keys = home.run(&["keys", "list", "--json"]).ok().json();
    let status = |name: &str| {
        let key = keys.as_array().unwrap().iter().find(|key| key["comments"] == name).unwrap().clone();
        key["status"].as_str().unwrap().to_owned()
    };
    assert_eq!((status("in 14 days").as_str(), status("in 15 days").as_str()), ("soon", "active"));
    bench.runtime.block_on(async {
        let mut flow = interface(&bench, "outsider");
        flow.shows("in 15 days").await;
        let screen = flow.screen();
        for name in ["in 14 days", "in 15 days"] {
            let row = screen.lines().find(|line| line.contains(name)).unwrap();
            assert!(row.contains(&status(name)), "{row}");
        }
    });
}

#[test]
fn a_refused_model_call_has_the_same_reason_in_both() {
    const REASON: &str = "outsider is not a collaborator of project";
    let bench = Bench::demo();
    let mut home = bench.home("owner");
    home.set("KEYBENCH_MODEL_URL", &bench.model_url);
    let key = home.file("outsider.key", &bench.key("outsider"));
    let test = ["models", "test", "churn-prod/add", "--request", "{\"a\":1,\"b\":2}"];
    let done = home.run(&[&test[..], &["--api-key-file", &key]].concat());
    assert!(done.code != 0 && (done.out.contains(REASON) || done.err.contains(REASON)), "{done:?}");
    bench.runtime.block_on(async {
        let mut flow = interface(&bench, "owner");
        flow.keys("2");
        flow.shows("MODEL").await;
        flow.idle().await;
        flow.keys("/add<enter>t");
        flow.paste(&bench.key("outsider"));
        flow.keys("<enter>");
        flow.shows(REASON).await;
    });
}
