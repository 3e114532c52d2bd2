//! The rules of the product through both faces: what the command line decides, the interface decides.
//!
//! Each test runs the real binary, and the interface with its effects carried out, against the same
//! workbench.

mod deletion;
mod files;
mod sign_in;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::bench::{Bench, Home, on_one_day};
use crate::support::{self, Scripted, answer, api_key, json, made_up_key, read_request};
use crate::tui_flow::Flow;
use keybench::api::{Client, ClientOptions};
use keybench::config::{Credential, Profile, Session, Store};
use keybench::secret::ApiKey;
use keybench::text::short_id;
use keybench::tui::Preferences;
use keybench::tui::testing::mono;
use tokio::io::AsyncWriteExt as _;

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
    on_one_day();
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
