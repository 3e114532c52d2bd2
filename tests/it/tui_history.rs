//! The history on the screen: the list, the entry beside it, sending again, comparing.

use std::path::PathBuf;

use keybench::actions::history::Error;
use keybench::api::{Client, ClientOptions};
use keybench::config::Session;
use keybench::secret::ApiKey;
use keybench::tui::call::{Answer, Call};
use keybench::tui::msg::Msg;
use keybench::tui::testing::{Harness, mono};

use crate::support::bench::Bench;
use crate::support::install_tls;
use crate::tui_flow::Flow;
use crate::tui_support::history::{answered, entries, opened};
use crate::tui_support::models::*;

#[test]
fn the_list_and_the_entry_beside_it() {
    let all = entries();
    let mut harness = opened(&all);
    harness.keys("jjj");
    answered(&mut harness, &all);
    assert!(harness.screen(80, 24).contains("12345678901234567890.10"), "digits stay");
    assert!(harness.shared().requests.running().is_empty(), "nothing goes on once it was read");
}

#[test]
fn entries_are_read_one_at_a_time() {
    let all = entries();
    let mut harness = opened(&all);
    harness.keys("jjj");
    let calls = harness.calls();
    let [(id, Call::HistoryEntry { id: 3, .. })] = calls[..] else { panic!("{calls:?}") };
    harness.answer(id, Answer::HistoryEntry { id: 3, entry: Ok(Box::new(all[1].clone())) });
    let calls = harness.calls();
    assert!(matches!(calls[..], [(_, Call::HistoryEntry { id: 1, .. })]), "{calls:?}");
}

/// Keys that are faster than the file.
#[test]
fn what_is_pressed_before_an_entry_was_read_is_done_then() {
    let all = entries();
    let mut harness = opened(&all);
    harness.keys("jjt");
    let sent = answered(&mut harness, &all);
    assert!(sent.iter().any(|call| matches!(call, Call::TestModel(_))), "{sent:?}");
    let mut harness = opened(&all);
    harness.keys("jj<enter><esc>");
    answered(&mut harness, &all);
    assert_eq!(harness.layers(), ["history"], "Esc has taken it back");
}

#[test]
fn the_filter_finds_what_is_seen() {
    let all = entries();
    let mut harness = opened(&all);
    harness.keys("/401<enter>");
    answered(&mut harness, &all);
    let screen = harness.screen(120, 40);
    assert!(screen.contains("test 2 of churn-prod/add") && screen.contains(" 1/1 "), "{screen}");
    harness.keys("<esc>/run !ok<enter>");
    assert!(harness.screen(120, 40).contains(" 1/2 "), "{}", harness.screen(120, 40));
    harness.keys("<esc>/nothing<enter>");
    assert!(harness.screen(80, 24).contains("nothing matches the filter"));
}

#[test]
fn enter_opens_an_entry_whole() {
    let all = entries();
    let mut harness = opened(&all);
    harness.keys("<enter>");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("run 4 of churn-prod/add") && screen.contains("requests by latency"), "{screen}");
    harness.keys("<esc>jjj");
    answered(&mut harness, &all);
    harness.keys("<enter>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("churn-prod/add: result 1") && screen.contains("TIMES"), "{screen}");
    harness.keys("<esc><esc>");
    assert!(harness.layers().is_empty());
}

#[test]
fn a_run_of_the_history_has_the_keys_of_one_that_has_just_ended() {
    let all = entries();
    let mut harness = opened(&all);
    harness.keys("<enter>");
    let screen = harness.screen(80, 24);
    for key in ["b run again", "c compare", "e export"] {
        assert!(screen.contains(key), "{key}\n{screen}");
    }
    harness.keys("c");
    answered(&mut harness, &all);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("run 3         run 4"), "{screen}");
    harness.keys("<esc>e<backspace><backspace><backspace><backspace>csv<enter>");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, Call::ExportRun { file, summary, .. })] if file.ends_with("run.csv") && summary.total == 1000),
        "{calls:?}"
    );
    harness.keys("<esc>b");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Run against churn-prod/add") && screen.contains("begin run"), "{screen}");

    let mut harness = opened(&all);
    harness.keys("j");
    answered(&mut harness, &all);
    harness.keys("<enter>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("e export") && !screen.contains("c compare"), "it is the first\n{screen}");
}

#[test]
fn esc_leads_from_a_test_of_the_history_back_to_its_entry() {
    let all = entries();
    let mut harness = opened(&all);
    harness.keys("/test<enter>j");
    answered(&mut harness, &all);
    harness.keys("t");
    answered(&mut harness, &all);
    harness.keys("<esc>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Esc history"), "{screen}");
    harness.keys("<esc>");
    answered(&mut harness, &all);
    assert_eq!(harness.layers(), ["history"]);
    let screen = harness.screen(120, 40);
    assert!(screen.contains("test 1 of churn-prod/add") && screen.contains(" 2/2 "), "{screen}");
    harness.keys("<esc><esc>");
    assert!(harness.layers().is_empty() && !harness.screen(80, 24).contains("[ Test ]"));
}

#[test]
fn two_runs_are_set_beside_each_other() {
    let all = entries();
    let mut harness = opened(&all);
    harness.keys("c");
    assert!(harness.screen(80, 24).contains("mark two runs with Space"));
    harness.keys("jj<space>");
    answered(&mut harness, &all);
    assert!(harness.screen(80, 24).contains("this is a test"));
    harness.keys("g<space><space>");
    answered(&mut harness, &all);
    assert!(harness.screen(120, 40).contains("2 runs marked"));
    harness.keys("c");
    answered(&mut harness, &all);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("run 3         run 4") && screen.contains("block bootstrap"), "{screen}");
}

/// The first run since the start has those before it in the history alone.
#[test]
fn the_first_run_is_set_beside_one_of_the_history() {
    let all = entries();
    let (mut harness, id, run) = running();
    let ended = Answer::RunEnded { model_id: run.model_id, ended: Ok(summary(200, true)) };
    harness.answer(id, ended);
    assert!(!harness.screen(80, 24).contains("c compare"), "no history is kept");
    harness.keys("c");
    assert!(harness.screen(120, 24).contains("no run of this model since keybench was started"));
    harness.shared().session.history = Some(PathBuf::from("history.sqlite"));
    assert!(harness.screen(120, 24).contains("c compare"));
    harness.keys("c");
    answered(&mut harness, &all);
    let screen = harness.screen(120, 40);
    assert!(screen.contains("1 run marked") && harness.layers() == ["history"], "{screen}");
    harness.keys("c");
    answered(&mut harness, &all);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("run 3         run 4"), "{screen}");
    // None but this one.
    harness.keys("<esc><esc><esc>c");
    answered(&mut harness, &all[..1]);
    let screen = harness.screen(120, 40);
    assert!(screen.contains("the history has no earlier run of this model"), "{screen}");
}

#[test]
fn a_request_is_sent_again_and_changed_first() {
    let all = entries();
    let mut harness = opened(&all);
    harness.keys("jj");
    answered(&mut harness, &all);
    harness.keys("t");
    assert!(harness.layers().is_empty(), "its result shows in the Test panel");
    let sent = answered(&mut harness, &all);
    let Some(Call::TestModel(test)) = sent.iter().find(|call| matches!(call, Call::TestModel(_))) else {
        panic!("{sent:?}");
    };
    assert_eq!(
        (test.request.replace([' ', '\n'], ""), &*test.model),
        ("{\"a\":1}".to_owned(), "churn-prod/add")
    );

    let mut harness = opened(&all);
    harness.keys("jj");
    answered(&mut harness, &all);
    harness.keys("e");
    let sent = answered(&mut harness, &all);
    assert!(!sent.iter().any(|call| matches!(call, Call::TestModel(_))), "{sent:?}");
    harness.keys("e<ctrl-a><ctrl-k>");
    let screen = harness.screen(120, 40);
    assert!(harness.ui.typing() && screen.contains("\"a\": 1"), "{screen}");
}

#[test]
fn a_run_fills_its_form_in() {
    let all = entries();
    let mut harness = opened(&all);
    harness.keys("t");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Run against churn-prod/add") && screen.contains("200"), "{screen}");
    harness.keys("<enter>");
    let calls = answered(&mut harness, &all);
    let Some(Call::Run(run)) = calls.iter().find(|call| matches!(call, Call::Run(_))) else {
        panic!("{calls:?}");
    };
    assert_eq!((run.plan.count, run.plan.concurrency, run.plan.duration), (Some(200), Some(8), None));
}

/// From another tab, before any model was listed.
#[test]
fn a_request_waits_for_its_model_to_be_listed() {
    let all = entries();
    let mut harness = Harness::new();
    harness.shared().session.history = Some(PathBuf::from("history.sqlite"));
    harness.keys("H");
    answered(&mut harness, &all);
    harness.keys("jj");
    answered(&mut harness, &all);
    harness.keys("t");
    let calls = harness.calls();
    let (id, _) = calls.into_iter().find(|(_, call)| matches!(call, Call::ListModels { .. })).unwrap();
    harness.send(Msg::Progress { id, answer: Answer::ModelsPage(demo()) });
    harness.answer(id, Answer::ModelsListed(Ok(())));
    let calls = harness.calls();
    assert!(calls.iter().any(|(_, call)| matches!(call, Call::TestModel(_))), "{calls:?}");
}

#[test]
fn what_cannot_be_sent_again_says_why() {
    let mut all = entries();
    all[2].line.workbench = "https://ml-2.example.com".to_owned();
    all[3].request.as_mut().unwrap().whole = false;
    let mut gone = entries().remove(3);
    (gone.line.id, gone.line.model_id, gone.line.model) = (5, "gone".into(), "churn-prod/gone".into());
    all.insert(0, gone);
    let mut harness = opened(&all);
    harness.keys("jjj");
    answered(&mut harness, &all);
    harness.keys("t");
    let screen = harness.screen(120, 40);
    assert!(
        screen.contains("this entry is of https://ml-2.example.com: Esc, then P switches to it"),
        "{screen}"
    );
    harness.keys("j");
    answered(&mut harness, &all);
    harness.keys("t");
    assert!(harness.screen(120, 40).contains("a part of this request is masked: e changes it"));
    harness.keys("g");
    answered(&mut harness, &all);
    harness.keys("t");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("churn-prod/gone is not listed: v lists more models"), "{screen}");
    let calls = answered(&mut harness, &all);
    assert!(!calls.iter().any(|call| matches!(call, Call::TestModel(_))), "{calls:?}");
}

#[test]
fn where_there_is_no_history_it_says_why() {
    let mut harness = listed();
    harness.keys("H");
    assert!(harness.calls().is_empty());
    assert!(harness.screen(80, 24).contains("it is switched off"), "{}", harness.screen(80, 24));
    harness.keys("<esc>");
    harness.shared().session.inside_workbench = true;
    harness.keys("H");
    assert!(harness.screen(80, 24).contains("Inside a workbench session no history is kept"));
    let mut harness = opened(&[]);
    assert!(harness.screen(80, 24).contains("Nothing yet"));
    harness.keys("<enter>te<space>c");
    assert!(harness.calls().is_empty());
}

#[test]
fn that_nothing_can_be_kept_is_said_once() {
    let mut harness = listed();
    let broken = || Error::Broken { path: PathBuf::from("/h/history.sqlite") };
    harness.send(Msg::NotKept(broken()));
    let screen = harness.screen(120, 40);
    assert!(screen.contains("not kept: the history /h/history.sqlite is broken"), "{screen}");
    let notices = harness.ui.shared.notices.history().len();
    harness.send(Msg::NotKept(broken()));
    assert_eq!(harness.ui.shared.notices.history().len(), notices);
}

/// With its effects carried out: both tests and a run are in the file, and no key.
#[test]
fn what_is_tested_is_in_the_history() {
    install_tls();
    let bench = Bench::demo();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.sqlite");
    let (own, other) = (bench.key("owner"), bench.key("outsider"));
    let mut options = ClientOptions::new(&bench.url);
    options.key = Some(ApiKey::from_workbench(own.clone()));
    options.model_url = Some(bench.model_url.clone());
    let mut session = Session::new(Client::new(options).unwrap());
    session.username = Some("owner".to_owned());
    session.history = Some(file.clone());
    bench.runtime.block_on(async {
        let mut flow = Flow::of(Some(session), mono());
        flow.keys("2");
        flow.shows("churn-prod").await;
        flow.keys("<enter>t");
        flow.shows("200").await;
        flow.idle().await;
        // Another key, typed.
        flow.keys("<shift-tab><shift-tab><enter>");
        flow.paste(&other);
        flow.keys("<enter>");
        flow.keys("t");
        flow.shows("401").await;
        flow.idle().await;
        let written = async |entries| {
            while keybench::actions::history::lines(&file).unwrap().len() < entries {
                tokio::task::yield_now().await;
            }
        };
        written(2).await;
        flow.keys("b<ctrl-u>20<enter>");
        flow.shows("20 requests").await;
        flow.idle().await;
        written(3).await;
        flow.keys("<esc><esc>H");
        flow.shows("run 3 of churn-prod/").await;
        flow.shows("20 requests").await;
        flow.keys("jt");
        flow.wait("the panel", |screen| screen.contains("[ Test ]")).await;
    });
    let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
    for key in [&own, &other] {
        assert!(!text.contains(&key[..64]) && !text.contains(&key[65..]), "a key is in the history");
    }
    assert!(text.contains("another key"), "the typed one, by no part of itself");
}
