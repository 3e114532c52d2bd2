//! Runs: form, live view, stop, compare, export.

use keybench::probe::CallError;
use keybench::probe::run::Summary;
use keybench::tui::call::{Answer, Call, KeyToSend, WriteError};
use keybench::tui::msg::Msg;

use super::small_snapshots;
use crate::tui_support::models::*;

#[test]
fn the_form_of_a_run() {
    let mut harness = listed();
    harness.keys("b");
    small_snapshots("run_form", &mut harness);
    harness.keys("x<enter>");
    assert!(harness.calls().is_empty());
    let mut keyless = listed();
    keyless.keys("<enter>K<down><enter>b");
    let screen = keyless.screen(120, 24);
    assert!(screen.contains("Test panel: no key (which this model refuses)"), "{screen}");
    harness.keys("<esc>");
    assert!(harness.screen(80, 24).contains("Esc again discards"), "something was typed");
    harness.keys("<esc>");
    assert!(harness.screen(80, 24).contains("[ Test ]"));
    harness.keys("b<esc>");
    assert!(harness.screen(80, 24).contains("[ Test ]"), "nothing typed, nothing asked");
}

#[test]
fn a_run_beyond_the_ceiling_asks_and_names_the_model() {
    let mut harness = listed();
    harness.keys("b<ctrl-u>20000<enter>");
    assert!(harness.calls().is_empty());
    harness.keys("<tab><enter>");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, Call::Run(run))] if run.plan.unbounded && run.plan.count == Some(20_000)),
        "{calls:?}"
    );
}

#[test]
fn a_run_is_watched_frozen_stopped_and_compared() {
    let (mut harness, id, run) = running();
    assert_eq!((run.plan.count, run.plan.concurrency, run.key), (None, Some(8), KeyToSend::SignedIn));
    let model_id = run.model_id;
    let progress =
        |requests| Answer::RunProgress { model_id: model_id.clone(), summary: summary(requests, false) };
    harness.send(Msg::Progress { id, answer: progress(80) });
    small_snapshots("run_live", &mut harness);
    harness.keys("f");
    harness.send(Msg::Progress { id, answer: progress(120) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("frozen") && screen.contains("80 requests"), "{screen}");
    harness.keys("fs");
    assert!(harness.screen(80, 24).contains("120 requests"));
    let calls = harness.calls();
    assert!(matches!(&calls[..], [(_, Call::StopRun(_))]), "{calls:?}");
    let ended = Ok(summary(150, true));
    harness.answer(id, Answer::RunEnded { model_id: model_id.clone(), ended });

    harness.keys("c");
    assert!(harness.screen(80, 24).contains("no earlier run"));
    harness.keys("b<enter>");
    let (id, _) = harness.calls().remove(0);
    harness.answer(id, Answer::RunEnded { model_id, ended: Ok(summary(200, true)) });
    harness.keys("c");
    harness.keys("c");
    assert!(!harness.screen(80, 24).contains("the run before"));
    harness.keys("e<backspace><backspace><backspace><backspace>csv<enter>");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, Call::ExportRun { file, replace: false, .. })] if file.ends_with("run.csv")),
        "{calls:?}"
    );
}

#[test]
fn a_run_goes_on_when_one_looks_elsewhere_and_leaving_asks() {
    let (mut harness, id, run) = running();
    harness.keys("<esc><esc>1");
    assert!(harness.shared().requests.waits_for(id));
    harness.keys("q");
    assert!(
        harness.screen(80, 24).contains("still running against churn-prod/add")
            && harness.screen(80, 24).contains("Quitting cancels that"),
        "{}",
        harness.screen(80, 24)
    );
    harness.keys("<esc>2");
    harness.answer(id, Answer::RunEnded { model_id: run.model_id, ended: Ok(summary(200, true)) });
    assert!(harness.screen(80, 24).contains("the run has ended"));
    harness.keys("b");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("200 requests in"), "b shows what the notice spoke of\n{screen}");
    assert!(screen.contains("● 3 ms"), "a run says nothing about the workbench\n{screen}");
    harness.keys("<esc>b");
    assert!(harness.screen(80, 24).contains("begin run"), "and then the form of the next");
}

#[test]
fn a_run_that_was_refused_throughout_says_so_first() {
    let (mut harness, id, run) = running();
    let mut refused = Summary::clone(&summary(200, true));
    (refused.ok, refused.errors) = (0, 200);
    refused.statuses = [(401, 200)].into();
    harness.answer(id, Answer::RunEnded { model_id: run.model_id, ended: Ok(refused.into()) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("no call succeeded: HTTP 401 × 200"), "{screen}");
    assert!(!screen.contains("over time"), "{screen}");
}

#[test]
fn a_run_that_cannot_begin_says_why() {
    let (mut harness, id, run) = running();
    let error =
        CallError::Invalid { what: "the CA file cannot be used".into(), hint: "name a PEM file".into() };
    harness.answer(id, Answer::RunEnded { model_id: run.model_id, ended: Err(error) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("the CA file cannot be used; name a PEM file"), "{screen}");
}

#[test]
fn a_file_that_is_there_is_replaced_only_after_a_question() {
    let (mut harness, id, run) = running();
    harness.answer(id, Answer::RunEnded { model_id: run.model_id, ended: Ok(summary(200, true)) });
    harness.keys("e<enter>");
    let (id, _) = harness.calls().remove(0);
    let exists = || Answer::Written { file: "run.json".into(), done: Err(WriteError::Exists) };
    harness.answer(id, exists());
    assert_eq!(harness.layers(), ["prompt", "question"]);
    assert!(harness.screen(80, 24).contains("run.json is there already"), "{}", harness.screen(80, 24));
    harness.keys("<enter>");
    assert!(harness.calls().is_empty() && harness.layers() == ["prompt"], "Cancel has the focus");
    harness.keys("<enter>");
    let (id, _) = harness.calls().remove(0);
    harness.answer(id, exists());
    harness.keys("y");
    let (id, call) = harness.calls().remove(0);
    assert!(matches!(&call, Call::ExportRun { replace: true, .. }), "{call:?}");
    harness.answer(id, Answer::Written { file: "run.json".into(), done: Ok(()) });
    assert!(harness.layers().is_empty() && harness.screen(80, 24).contains("written to run.json"));
}
