//! The history over the Models tab, with entries made up.

use std::path::PathBuf;

use keybench::actions::history::{Called, Entry};
use keybench::tui::call::{Answer, Call};
use keybench::tui::testing::Harness;

use super::models::{listed, long_summary, refusal, success};

const URL: &str = "http://localhost:8642";

fn called(model: &str, request: &str) -> Called {
    Called {
        model: model.to_owned(),
        model_id: model.replace('/', "-"),
        access_key: "m".repeat(32),
        key: "5b1c…9f0a signed in".to_owned(),
        request: Some(request.to_owned()),
    }
}

/// Newest first: two runs, a refused test, a test.
pub fn entries() -> Vec<Entry> {
    let owner = || (URL.to_owned(), Some("owner".to_owned()));
    let run = |requests| {
        let (url, user) = owner();
        let called = called("churn-prod/add", "{\"a\": 3, \"b\": 5}");
        Entry::of_run(url, user, called, &long_summary(requests)).unwrap()
    };
    let test = |model, request, call| {
        let (url, user) = owner();
        Entry::of_test(url, user, called(model, request), &call).unwrap()
    };
    let mut all = vec![
        run(200),
        run(150),
        test("churn-prod/add", "{\"a\": 1}", refusal()),
        test("churn-prod/add", "{\"a\": 12345678901234567890.10}", success()),
    ];
    let ids = (1..=all.len() as i64).rev();
    all.iter_mut().zip(ids).for_each(|(entry, id)| entry.line.id = id);
    all
}

/// Answers what is asked of the history, and gives the other requests.
pub fn answered(harness: &mut Harness, all: &[Entry]) -> Vec<Call> {
    let find = |id: i64| all.iter().find(|entry| entry.line.id == id).unwrap().clone();
    let mut others = Vec::new();
    loop {
        let calls = harness.calls();
        if calls.is_empty() {
            return others;
        }
        for (id, call) in calls {
            let answer = match call {
                Call::History { .. } => {
                    Answer::History(Ok(all.iter().map(|entry| entry.line.clone()).collect()))
                }
                Call::HistoryEntry { id, .. } => Answer::HistoryEntry { id, entry: Ok(Box::new(find(id))) },
                Call::HistoryRuns { before, after, .. } => {
                    let run = |id| (id, *find(id).summary.unwrap());
                    Answer::HistoryRuns(Ok(Box::new([run(before), run(after)])))
                }
                other => {
                    others.push(other);
                    continue;
                }
            };
            harness.answer(id, answer);
        }
    }
}

/// The history over the listed models of the demo.
pub fn opened(all: &[Entry]) -> Harness {
    let mut harness = listed();
    harness.shared().session.history = Some(PathBuf::from("history.sqlite"));
    harness.keys("H");
    assert!(answered(&mut harness, all).is_empty());
    assert_eq!(harness.layers(), ["history"]);
    harness
}

/// The same, after these keys.
pub fn after(keys: &str) -> Harness {
    let all = entries();
    let mut harness = opened(&all);
    harness.keys(keys);
    answered(&mut harness, &all);
    harness
}
