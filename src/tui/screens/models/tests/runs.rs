//! Runs: form, live view, stop, compare, export.

use crate::probe::CallError;
use crate::probe::run::Summary;
use crate::tui::effect::{self};
use crate::tui::msg::{self, Msg};
use crate::tui::requests::RequestId;
use crate::tui::screens::models::calls::{Call, Reply};
use crate::tui::screens::models::panel::KeyToSend;
use crate::tui::testing::Harness;

use super::support::*;

/// A summary as the engine would give it.
fn summary(requests: u64, ended: bool) -> std::sync::Arc<Summary> {
    let json = serde_json::json!({
        "schema": "keybench.run/1",
        "stage": if ended { "done" } else { "running" },
        "started": "2026-11-23T09:14:00Z",
        "stopped_by": if ended { serde_json::json!("count") } else { serde_json::Value::Null },
        "plan": {"label": "churn-prod/add", "count": 200, "concurrency": 8, "warmup": 0, "unbounded": false},
        "elapsed_s": requests as f64 / 50.0, "total": requests, "ok": requests - 2, "errors": 2, "busy": 1,
        "abandoned": 0, "missed": 0, "in_flight": if ended { 0 } else { 8 }, "rps": 50.0, "latency_from": "sent",
        "min_ms": 1.0, "mean_ms": 5.0, "p50_ms": 4.0, "p90_ms": 9.0, "p99_ms": 20.0 + requests as f64 / 10.0,
        "p999_ms": 41.0, "max_ms": 42.0,
        "service": {"min_ms": 1.0, "mean_ms": 5.0, "p50_ms": 4.0, "p90_ms": 9.0, "p99_ms": 20.0, "p999_ms": 41.0, "max_ms": 42.0},
        "replicas": {
            "add-1-1-7c9f5b6d8c-x2x4q": {"requests": requests / 2, "share": 0.5, "errors": 1, "p50_ms": 4.0, "p99_ms": 20.0},
            "add-1-1-7c9f5b6d8c-b8n2k": {"requests": requests / 2, "share": 0.5, "errors": 0, "p50_ms": 4.0, "p99_ms": 19.0},
        },
        "statuses": {"200": requests - 2, "429": 1},
        "by_status": {},
        "failures": {"busy": 1, "timeout": 1},
        "bytes": 6800, "connections": 8,
        "histogram": (0..24).map(|n| serde_json::json!({"from_ms": 1.2f64.powi(n), "to_ms": 1.2f64.powi(n + 1), "requests": (12 - (n - 12).abs()) * 2})).collect::<Vec<_>>(),
        "series": (0..30).map(|n| serde_json::json!({"at_s": n as f64 * 0.25, "width_s": 0.25, "requests": 8 + n % 5, "errors": 0, "busy": 0, "p50_ms": 4.0, "p99_ms": 10.0 + (n % 7) as f64, "max_ms": 42.0})).collect::<Vec<_>>(),
    });
    std::sync::Arc::new(serde_json::from_value(json).unwrap())
}

/// Begins the run that the form asks for.
fn running() -> (Harness, RequestId, Box<crate::tui::screens::models::calls::RunRequest>) {
    let mut harness = listed();
    harness.keys("b<enter>");
    let mut calls = harness.calls();
    let (id, effect::Call::Models(Call::Run(run))) = calls.remove(0) else {
        panic!("no run began: {calls:?}")
    };
    (harness, id, run)
}

#[test]
fn the_form_of_a_run() {
    let mut harness = listed();
    harness.keys("b");
    snapshots("run_form", &mut harness);
    harness.keys("x<enter>");
    assert!(harness.calls().is_empty());
    snapshots("run_form_wrong", &mut harness);
    harness.keys("<esc>");
    assert!(harness.screen(80, 24).contains("Esc again discards"), "something was typed");
    harness.keys("<esc>");
    assert!(harness.app.models.running.is_none());
    harness.keys("b<esc>");
    assert!(harness.app.models.running.is_none(), "nothing typed, nothing asked");
}

#[test]
fn a_run_beyond_the_ceiling_asks_and_names_the_model() {
    let mut harness = listed();
    harness.keys("b<ctrl-u>20000<enter>");
    assert!(harness.calls().is_empty());
    snapshots("run_ceiling", &mut harness);
    harness.keys("<tab><enter>");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, effect::Call::Models(Call::Run(run)))] if run.plan.unbounded && run.plan.count == Some(20_000)),
        "{calls:?}"
    );
}

#[test]
fn a_run_is_watched_frozen_stopped_and_compared() {
    let (mut harness, id, run) = running();
    assert_eq!((run.plan.count, run.plan.concurrency, run.key), (Some(200), Some(8), KeyToSend::SignedIn));
    let model_id = run.model_id;
    let progress =
        |requests| Reply::RunProgress { model_id: model_id.clone(), summary: summary(requests, false) };
    harness.send(Msg::Progress { id, reply: msg::Reply::Models(progress(80)) });
    snapshots("run_live", &mut harness);
    harness.keys("f");
    harness.send(Msg::Progress { id, reply: msg::Reply::Models(progress(120)) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("frozen") && screen.contains("80 requests"), "{screen}");
    harness.keys("fs");
    assert!(harness.screen(80, 24).contains("120 requests"));
    let calls = harness.calls();
    assert!(matches!(&calls[..], [(_, effect::Call::Models(Call::StopRun(_)))]), "{calls:?}");
    let ended = Ok(summary(150, true));
    send(&mut harness, id, Reply::RunEnded { model_id: model_id.clone(), ended });
    snapshots("run_ended", &mut harness);

    harness.keys("c");
    assert!(harness.screen(80, 24).contains("no earlier run"));
    harness.keys("b<enter>");
    let (id, _) = harness.calls().remove(0);
    send(&mut harness, id, Reply::RunEnded { model_id, ended: Ok(summary(200, true)) });
    harness.keys("c");
    snapshots("run_compared", &mut harness);
    harness.keys("c");
    assert!(!harness.screen(80, 24).contains("the run before"));
    harness.keys("e<backspace><backspace><backspace><backspace>csv<enter>");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, effect::Call::Models(Call::Export { file, .. }))] if file.ends_with("run.csv")),
        "{calls:?}"
    );
}

#[test]
fn a_run_goes_on_when_one_looks_elsewhere_and_leaving_asks() {
    let (mut harness, id, run) = running();
    harness.keys("<esc><esc>1");
    assert!(harness.app.requests.waits_for(id));
    harness.keys("q");
    assert!(
        harness.screen(80, 24).contains("still running against churn-prod/add"),
        "{}",
        harness.screen(80, 24)
    );
    harness.keys("<esc>2");
    send(&mut harness, id, Reply::RunEnded { model_id: run.model_id, ended: Ok(summary(200, true)) });
    assert!(harness.screen(80, 24).contains("the run has ended"));
    harness.keys("b");
    assert!(harness.app.models.runs_in_sight().is_some());
}

#[test]
fn a_run_that_was_refused_throughout_says_so_first() {
    let (mut harness, id, run) = running();
    let mut refused = Summary::clone(&summary(200, true));
    (refused.ok, refused.errors) = (0, 200);
    refused.statuses = [(401, 200)].into();
    send(&mut harness, id, Reply::RunEnded { model_id: run.model_id, ended: Ok(refused.into()) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("no call succeeded: HTTP 401 × 200"), "{screen}");
    assert!(!screen.contains("over time"), "{screen}");
}

#[test]
fn a_run_that_cannot_begin_says_why() {
    let (mut harness, id, run) = running();
    let error =
        CallError::Invalid { what: "the CA file cannot be used".into(), hint: "name a PEM file".into() };
    send(&mut harness, id, Reply::RunEnded { model_id: run.model_id, ended: Err(error) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("the CA file cannot be used; name a PEM file"), "{screen}");
}
