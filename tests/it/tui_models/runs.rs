//! Runs: form, live view, stop, compare, export.

use std::time::Duration;

use jiff::SignedDuration;
use keybench::probe::CallError;
use keybench::probe::run::{StopReason, Summary};
use keybench::tui::call::{Answer, Call, KeyToSend, WriteError};
use keybench::tui::effect::Effect;
use keybench::tui::msg::Msg;
use keybench::tui::testing::Harness;

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
fn what_is_typed_replaces_a_default_in_every_form() {
    let mut harness = listed();
    harness.keys("b400<tab>2<tab><tab>60s<enter>");
    let (id, Call::Run(run)) = harness.calls().remove(0) else { panic!("no run began") };
    let plan = &run.plan;
    assert_eq!(
        (plan.count, plan.concurrency, plan.duration),
        (Some(400), Some(2), Some(Duration::from_secs(60)))
    );
    harness.answer(id, Answer::RunEnded { model_id: run.model_id, ended: Ok(summary(200, true)) });
    harness.keys("b50<tab><end>4<enter>");
    let (_, Call::Run(run)) = harness.calls().remove(0) else { panic!("no run began") };
    assert_eq!((run.plan.count, run.plan.concurrency), (Some(50), Some(24)), "End keeps what is there");
    harness.keys("<esc><esc>c");
    harness.keys("rows.csv");
    let screen = harness.screen(80, 24);
    assert!(screen.contains(" rows.csv") && !screen.contains("golden"), "{screen}");
}

#[test]
fn a_run_by_time_ends_at_the_ceiling_unless_the_workbench_is_ours_alone() {
    let (mut harness, id, run) = running();
    assert!(!run.plan.unbounded);
    let mut ended = Summary::clone(&summary(10_000, true));
    ended.stopped_by = Some(StopReason::Ceiling);
    harness.answer(id, Answer::RunEnded { model_id: run.model_id, ended: Ok(ended.into()) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("ended at the ceiling of 10 000 requests"), "{screen}");
    let narrow = harness.screen(60, 16);
    assert!(narrow.contains("10 000 requests end a run; b, then 50000 sends more"), "{narrow}");
    assert!(screen.contains("10 000 requests end a run; b, then 50000 sends more"), "{screen}");

    let mut demo = listed();
    demo.shared().session.embedded = true;
    demo.keys("b");
    assert!(demo.screen(80, 24).contains("as many as fit into the duration"));
    demo.keys("<enter>");
    let calls = demo.calls();
    assert!(matches!(&calls[..], [(_, Call::Run(run))] if run.plan.unbounded), "{calls:?}");
    demo.keys("<ctrl-x><ctrl-x>");
    demo.calls();
    demo.keys("b20000<enter>");
    assert!(demo.calls().is_empty(), "so many at once are asked about there, too");
}

#[test]
fn seconds_without_an_answer_have_no_latency() {
    let (mut harness, id, run) = running();
    let mut slow = Summary::clone(&summary(80, false));
    if let Some(last) = slow.series.last_mut() {
        (last.requests, last.p99_ms) = (0, 0.0);
    }
    let progress = Answer::RunProgress { model_id: run.model_id, summary: slow.into() };
    harness.send(Msg::Progress { id, answer: progress });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("p99: no answer now, 16.0 ms max"), "{screen}");
}

#[test]
fn a_run_in_progress_is_named_and_found_again() {
    let (mut harness, _, _) = running();
    harness.keys("<esc>");
    harness.now += SignedDuration::from_secs(1);
    harness.send(Msg::Tick);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("running against churn-prod/add"), "the model is not cut\n{screen}");
    assert!(screen.contains("b show the run"), "{screen}");
    harness.keys("b");
    assert!(harness.screen(80, 24).contains("connecting"));
}

#[test]
fn comparing_says_what_the_key_does_next_and_what_was_too_short() {
    let (mut harness, id, run) = running();
    let model_id = run.model_id;
    harness.answer(id, Answer::RunEnded { model_id: model_id.clone(), ended: Ok(summary(150, true)) });
    harness.keys("b<enter>");
    let (id, _) = harness.calls().remove(0);
    let mut short = Summary::clone(&summary(200, true));
    short.series.truncate(4);
    harness.answer(id, Answer::RunEnded { model_id, ended: Ok(short.into()) });
    assert!(harness.screen(80, 24).contains("c compare"));
    harness.keys("c");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("too short to judge") && screen.contains("c this run alone"), "{screen}");
}

#[test]
fn a_run_says_what_it_did_not_send() {
    let (mut harness, id, run) = running();
    let mut behind = Summary::clone(&summary(17, true));
    behind.missed = 63;
    harness.answer(id, Answer::RunEnded { model_id: run.model_id, ended: Ok(behind.into()) });
    let screen = harness.screen(80, 24);
    let said = "63 requests were due and never sent: the model does not keep up with this rate.";
    assert!(screen.contains(&said[..70]) && screen.contains("rate."), "{screen}");
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
    assert!(harness.screen(80, 24).contains("no history is kept"));
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
            && harness.screen(80, 24).contains("Quitting ends that: what was sent was sent"),
        "{}",
        harness.screen(80, 24)
    );
    harness.keys("<esc>2");
    harness.answer(id, Answer::RunEnded { model_id: run.model_id, ended: Ok(summary(200, true)) });
    assert!(harness.screen(80, 24).contains("the run of churn-prod/add has ended; b shows it"));
    harness.keys("b");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("200 requests in"), "b shows what the notice spoke of\n{screen}");
    assert!(screen.contains("● workbench 3 ms"), "a run says nothing about the workbench\n{screen}");
    harness.keys("<esc>b");
    assert!(harness.screen(80, 24).contains("begin run"), "and then the form of the next");
}

#[test]
fn the_key_that_cancels_stops_a_run_and_keeps_its_figures() {
    let (mut harness, id, run) = running();
    harness.keys("<esc><esc><ctrl-x>");
    let calls = harness.calls();
    assert!(matches!(&calls[..], [(_, Call::StopRun(_))]), "{calls:?}");
    assert!(harness.shared().requests.waits_for(id), "its figures are still to come");
    assert!(harness.screen(80, 24).contains("its figures are kept"));
    harness.answer(id, Answer::RunEnded { model_id: run.model_id, ended: Ok(summary(150, true)) });
    harness.keys("b");
    assert!(harness.screen(80, 24).contains("150 requests in"));

    let (mut harness, id, _) = running();
    harness.keys("<ctrl-x><ctrl-x>");
    assert!(!harness.shared().requests.waits_for(id), "the second time it is cancelled");
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

#[test]
fn a_run_is_stopped_before_the_program_is_suspended() {
    let suspends = |harness: &Harness| harness.effects.iter().any(|it| matches!(it, Effect::Suspend));
    for signal in [false, true] {
        let (mut harness, id, run) = running();
        let stop = |harness: &mut Harness| match signal {
            true => harness.send(Msg::Suspend),
            false => harness.keys("<ctrl-z>"),
        };
        stop(&mut harness);
        let stops = |effect: &Effect| matches!(effect, Effect::Start { call: Call::StopRun(_), .. });
        assert!(harness.effects.iter().any(stops) && !suspends(&harness), "{:?}", harness.effects);
        harness.send(Msg::Progress {
            id,
            answer: Answer::RunProgress { model_id: run.model_id.clone(), summary: summary(10, false) },
        });
        assert!(!suspends(&harness), "requests in flight have their second");
        let ended = Ok(summary(10, true));
        harness.answer(id, Answer::RunEnded { model_id: run.model_id, ended });
        assert!(suspends(&harness), "{:?}", harness.effects);
        harness.effects.clear();
        harness.send(Msg::Resumed);
        assert!(!suspends(&harness), "once");
        stop(&mut harness);
        assert!(suspends(&harness), "without a run at once");
    }
    // A second time it does not wait.
    let (mut harness, ..) = running();
    harness.keys("<ctrl-z><ctrl-z>");
    assert!(suspends(&harness));
}
