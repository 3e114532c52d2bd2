//! The Settings tab with a list of API keys, without a terminal and without a network.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use keybench::api::Error;
use keybench::secret::ApiKey;
use keybench::tui::call::{Answer, Call, DeletedKeys};
use keybench::tui::requests::RequestId;
use keybench::tui::session::Expiration;
use keybench::tui::testing::Harness;
use keybench::wire::{CreateV2KeyResponse, V2KeyDetails};

pub fn key(id: &str, expires: &str, audience: &str, comment: &str) -> V2KeyDetails {
    V2KeyDetails {
        key_id: id.into(),
        created_at: "2026-11-20T09:14:00Z".into(),
        expiry_date: expires.into(),
        comments: comment.into(),
        audiences: vec![audience.into()],
    }
}

pub fn demo_keys() -> Vec<V2KeyDetails> {
    vec![
        key("5b1c66aa10129f0a", "2027-11-23T23:59:59Z", "API", "nightly scoring"),
        key("77d0aa31b2c541bb", "2026-12-01T23:59:59Z", "API", "dashboard"),
        key("0a9e14d03311c2d4", "2026-10-02T23:59:59Z", "Application", "old demo"),
    ]
}

pub fn is_list(call: &Call) -> bool {
    matches!(call, Call::ListKeys { .. })
}

/// Answers a question for the list of keys.
pub fn answer_list(harness: &mut Harness, id: RequestId, answer: Result<Vec<V2KeyDetails>, Error>) {
    let answer = answer.map(Into::into);
    harness.answer(id, Answer::Keys { username: "owner".into(), answer });
}

/// Answers the creation of a key.
pub fn answer_created(harness: &mut Harness, id: RequestId, answer: Result<CreateV2KeyResponse, Error>) {
    harness.answer(id, Answer::KeyCreated(answer.map(Box::new)));
}

/// Answers the deletion of keys.
pub fn answer_deleted(harness: &mut Harness, id: RequestId, deleted: &[&str], failed: Vec<(String, Error)>) {
    let deleted = deleted.iter().map(|id| (*id).to_owned()).collect();
    let keys = DeletedKeys { username: "owner".into(), deleted, failed, ..DeletedKeys::default() };
    harness.answer(id, Answer::KeysDeleted(keys));
}

/// The interface with the list on the screen and a policy of 365 days.
pub fn listed(keys: Vec<V2KeyDetails>) -> Harness {
    let mut harness = Harness::new().started();
    let calls = harness.calls();
    harness.shared().session.expiration = Expiration::Setting { name: "days".into(), days: 365 };
    for (id, call) in calls {
        if is_list(&call) {
            answer_list(&mut harness, id, Ok(keys.clone()));
        } else {
            harness.shared().requests.finish(id);
        }
    }
    harness
}

pub fn demo() -> Harness {
    listed(demo_keys())
}

/// The only request that was started, but for a look at the expiration setting; its id and the call.
pub fn only_call(harness: &mut Harness) -> (RequestId, Call) {
    let mut calls = harness.calls();
    calls.retain(|(_, call)| !matches!(call, Call::Expiration));
    assert_eq!(calls.len(), 1, "{calls:?}");
    calls.remove(0)
}

pub fn made() -> CreateV2KeyResponse {
    CreateV2KeyResponse {
        api_key: ApiKey::from_workbench(format!("{}.{}", "ab".repeat(32), "cd".repeat(32))),
        key_id: "c0ffee0011223344".into(),
        created_at: "2026-11-23T09:14:00Z".into(),
        expiry_date: "2027-02-21T23:59:59Z".into(),
        comments: "batch job".into(),
        audiences: vec!["API".into()],
    }
}

/// The reveal dialog with a key that was just made.
pub fn revealed() -> Harness {
    let mut harness = demo();
    harness.keys("nQ<enter><enter>batch job<enter>");
    let (id, _) = only_call(&mut harness);
    answer_created(&mut harness, id, Ok(made()));
    harness.calls();
    harness
}

pub fn refusal(message: &str) -> Error {
    Error::Refused {
        operation: "creating an API key",
        status: 400,
        code: Some(3),
        message: message.into(),
        request_id: Some("7f3a".into()),
        retry_after: None,
    }
}
