use super::*;
use futures_util::future::join_all;
use serde_json::json;
use std::collections::HashSet;
use tokio::time::Instant;

fn settings(directory: &std::path::Path) -> Settings {
    Settings {
        busy_wait: Duration::from_secs(30),
        request_timeout: Duration::from_secs(30),
        start_limit: Duration::from_secs(60),
        logs: Logs::new(directory.join("logs")),
        python: Python::with_interpreter(directory, None, None).unwrap(),
    }
}

fn plan(function: Function, replicas: u32) -> Plan {
    Plan { deployment: "d1".to_owned(), names: ReplicaNames::new("model", 1, 3), replicas, function }
}

fn raw(request: serde_json::Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(&request).unwrap()
}

async fn serving(builtin: Builtin, replicas: u32) -> (tempfile::TempDir, Replicas) {
    let directory = tempfile::tempdir().unwrap();
    let all = Replicas::new(settings(directory.path()));
    all.deploy(plan(Function::Builtin(builtin), replicas)).await.unwrap();
    (directory, all)
}

fn answered(outcome: Outcome) -> (Arc<str>, String) {
    match outcome {
        Outcome::Answered { replica, response } => (replica, response.get().to_owned()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn calls_go_round_the_replicas_and_a_new_start_renames_them() {
    let (_directory, all) = serving(Builtin::Add, 2).await;
    let request = raw(json!({"a": 3, "b": 5}));
    let mut names = HashSet::new();
    for _ in 0..4 {
        let (replica, response) = answered(all.call("d1", &request).await);
        assert_eq!(response, "8");
        names.insert(replica);
    }
    assert_eq!(names.len(), 2);
    all.deploy(plan(Function::Builtin(Builtin::Add), 2)).await.unwrap();
    let (replica, _) = answered(all.call("d1", &request).await);
    assert!(!names.contains(&replica));
}

#[tokio::test(start_paused = true)]
async fn each_replica_serves_one_request_and_the_others_queue_in_order() {
    let (_directory, all) = serving(Builtin::Slow, 2).await;
    let request = raw(json!({"ms": 100}));
    let start = Instant::now();
    let calls = (0..6).map(|_| async {
        answered(all.call("d1", &request).await);
        start.elapsed().as_millis()
    });
    let ends = join_all(calls).await;
    assert!(ends.is_sorted(), "{ends:?}");
    // Three rounds of two; a paused clock is exact to its timer's millisecond.
    for (end, expected) in ends.iter().zip([100, 100, 200, 200, 300, 300]) {
        assert!((expected..expected + 10).contains(end), "{ends:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_finds_no_replica_within_the_busy_wait_is_busy() {
    let (_directory, all) = serving(Builtin::Slow, 1).await;
    let request = raw(json!({"ms": 29_000}));
    let start = Instant::now();
    let outcomes = join_all((0..3).map(|_| all.call("d1", &request))).await;
    assert!(matches!(outcomes[0], Outcome::Answered { .. }));
    assert!(matches!(outcomes[1], Outcome::Answered { .. }));
    assert!(matches!(outcomes[2], Outcome::Busy), "{:?}", outcomes[2]);
    assert!(start.elapsed() < Duration::from_secs(59));
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_overruns_is_replaced() {
    let (_directory, all) = serving(Builtin::Slow, 1).await;
    let outcome = all.call("d1", &raw(json!({"ms": 31_000}))).await;
    let Outcome::TimedOut { replica } = outcome else { panic!("{outcome:?}") };
    let (next, _) = answered(all.call("d1", &raw(json!({"ms": 1}))).await);
    assert_ne!(next, replica);
}

#[tokio::test(start_paused = true)]
async fn stopping_answers_what_is_in_flight_and_turns_away_the_queue() {
    let (_directory, all) = serving(Builtin::Slow, 1).await;
    let (first, second) = (all.clone(), all.clone());
    let request = raw(json!({"ms": 1_000}));
    let first = tokio::spawn(async move { first.call("d1", &request).await });
    let request = raw(json!({"ms": 1_000}));
    let second = tokio::spawn(async move { second.call("d1", &request).await });
    tokio::task::yield_now().await;
    assert!(all.stop("d1").await);
    assert!(matches!(first.await.unwrap(), Outcome::Answered { .. }));
    assert!(matches!(second.await.unwrap(), Outcome::NotRunning));
    assert!(matches!(all.call("d1", &raw(json!(null))).await, Outcome::NotRunning));
    assert!(!all.stop("d1").await);
}

#[tokio::test(start_paused = true)]
async fn ending_gives_up_what_is_in_flight() {
    let (_directory, all) = serving(Builtin::Slow, 1).await;
    let caller = all.clone();
    let call = tokio::spawn(async move { caller.call("d1", &raw(json!({"ms": 20_000}))).await });
    tokio::task::yield_now().await;
    let start = Instant::now();
    all.end_all().await;
    assert!(matches!(call.await.unwrap(), Outcome::NotRunning));
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_leaves_the_replica_to_finish() {
    let (_directory, all) = serving(Builtin::Slow, 1).await;
    let request = raw(json!({"ms": 1_000}));
    let start = Instant::now();
    let gone = tokio::time::timeout(Duration::from_millis(10), all.call("d1", &request)).await;
    assert!(gone.is_err());
    answered(all.call("d1", &raw(json!({"ms": 0}))).await);
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_failure_is_reported_in_the_replicas_log() {
    let (directory, all) = serving(Builtin::Flaky, 1).await;
    let outcome = all.call("d1", &raw(json!({"p": 1, "seed": 1}))).await;
    let Outcome::Raised { replica } = outcome else { panic!("{outcome:?}") };
    let log = std::fs::read_to_string(directory.path().join(format!("logs/{replica}.log"))).unwrap();
    assert!(log.contains("below 1"), "{log}");
}
