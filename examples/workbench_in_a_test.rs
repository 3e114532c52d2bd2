//! A test against a workbench of its own: no cluster, no network, nothing left behind.
//!
//! `cargo test --example workbench_in_a_test`
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![cfg_attr(not(test), allow(dead_code, unused_imports, reason = "all of it is a test"))]

#[allow(dead_code, reason = "its main is not called here")]
#[path = "call_model.rs"]
mod call_model;
#[allow(dead_code, reason = "its main is not called here")]
#[path = "list_keys.rs"]
mod list_keys;

use jiff::Timestamp;
use keybench::api::{Client, ClientOptions};
use keybench::config::Session;
use keybench::workbench::{self, Options, Running, Seed};

/// A session of a seeded user.
fn session(running: &Running, username: &str) -> Session {
    let seeded = running.credentials().unwrap();
    let user = seeded.into_iter().find(|user| user.username == username).unwrap();
    let mut options = ClientOptions::new(&running.url);
    options.key = Some(user.api_key);
    options.model_url = Some(running.model_service_url.clone());
    Session::new(Client::new(options).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_listed_and_a_model_is_called() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = tempfile::tempdir().unwrap();
    let mut options = Options::new(data.path());
    options.seed = Seed::Demo;
    // Port 0: a free one, so that tests run side by side.
    options.listen = ([127, 0, 0, 1], 0).into();
    let running = workbench::start(options).await.unwrap();
    let owner = session(&running, "owner");

    let keys = list_keys::lines(&owner, Timestamp::now()).await.unwrap();
    assert!(keys.iter().any(|line| line.starts_with("soon") && line.ends_with("dashboard")), "{keys:?}");

    let answer = call_model::call(&owner, "churn-prod/add", Some(r#"{"a":3,"b":5}"#)).await.unwrap();
    assert!(answer.contains('8'), "{answer}");
    let refused = call_model::call(&owner, "churn-prod/nothing", None).await.unwrap_err();
    assert!(refused.to_string().contains("churn-prod/nothing"), "{refused}");
    running.shutdown().await;
}

fn main() {}
