//! The list: what is fetched, shown and kept up to date.

use std::time::Duration;

use ratatui::style::Modifier;

use keybench::api;
use keybench::tui::call::{Answer, Call, ListScope};
use keybench::tui::msg::Msg;
use keybench::tui::testing::Harness;

use super::{small_snapshots, snapshots};
use crate::tui_support::models::*;

#[test]
fn the_list_by_project() {
    small_snapshots("list", &mut listed());
}

#[test]
fn a_list_that_cannot_be_fetched() {
    let (mut harness, calls) = opened();
    let error = api::Error::NoAnswer {
        operation: "listing models",
        reason: api::Reason::Connect,
        detail: "connection refused".into(),
        changes: false,
    };
    harness.answer(calls[0].0, Answer::ModelsListed(Err(error)));
    snapshots("list_failed", &mut harness);
}

#[test]
fn at_most_eight_deployments_are_read_at_a_time_and_only_those_in_sight() {
    let (mut harness, calls) = opened();
    let many = (0..100).map(|n| model("big", &format!("m{n:03}"), true, "")).collect();
    harness.send(Msg::Progress { id: calls[0].0, answer: Answer::ModelsPage(many) });
    harness.answer(calls[0].0, Answer::ModelsListed(Ok(())));
    let reads = |harness: &mut Harness| {
        let calls = harness.calls().into_iter();
        calls
            .filter_map(|(id, call)| match call {
                Call::Deployment { model_id, .. } => Some((id, model_id)),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    let first = reads(&mut harness);
    assert_eq!(first.len(), 8);
    let (id, model_id) = first[0].clone();
    harness.answer(id, Answer::Deployment { found: Ok(None), model_id });
    assert_eq!(reads(&mut harness).len(), 1, "one ended, one begins");
    // The tab is left and shown again: what was being read is read again.
    harness.keys("1");
    harness.keys("2");
    assert_eq!(reads(&mut harness).len(), 8);
}

#[test]
fn the_filter_marks_and_narrows() {
    let mut harness = listed();
    harness.keys("/prod slo");
    harness.keys("<enter>");
    assert!(harness.screen(80, 24).contains("1 of 7 models"));
    harness.keys("<esc>");
    assert!(harness.screen(80, 24).contains(" 7 models"));
    harness.keys("/zzz");
    assert!(harness.screen(80, 24).contains("no model matches"));
}

#[test]
fn stopping_asks_and_names_the_model() {
    let mut harness = listed();
    harness.keys("S");
    harness.keys("<enter>");
    assert!(harness.calls().is_empty(), "Cancel has the focus");
    harness.keys("S<tab><enter>");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, Call::StopModel(deployment))] if deployment.model_id == "churn-prod-add"),
        "{calls:?}"
    );
}

#[test]
fn other_models_are_listed_on_demand() {
    let mut harness = listed();
    harness.keys("v");
    let calls = harness.calls();
    let asked =
        |scope| calls.iter().any(|(_, call)| matches!(call, Call::ListModels { scope: s } if *s == scope));
    assert!(asked(ListScope::Public), "{calls:?}");
    assert!(harness.screen(80, 24).contains("public too"));
}

#[test]
fn a_deployment_that_changes_is_looked_at_again() {
    let mut harness = listed();
    assert!(harness.ui.animated(), "slow is being deployed");
    harness.send(Msg::Tick);
    assert!(harness.calls().is_empty(), "it was read just now");
    harness.now += Duration::from_secs(2);
    harness.send(Msg::Tick);
    let calls = harness.calls();
    let [(id, Call::Deployment { model_id, .. })] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!(model_id, "churn-prod-slow");
    harness.now += Duration::from_secs(9);
    harness.send(Msg::Tick);
    assert!(harness.calls().is_empty(), "one question at a time");
    harness.answer(
        *id,
        Answer::Deployment { model_id: model_id.clone(), found: Ok(deployed("churn-prod-add")) },
    );
    assert!(!harness.ui.animated());
}

#[test]
fn the_selected_row_is_reversed() {
    let mut harness = listed();
    harness.keys("<down>");
    harness.shared().size = (80, 24);
    let buffer = harness.buffer(80, 24);
    let row = (0..24).find(|y| buffer[(1, *y)].symbol() == "▸").unwrap();
    let name: String = (14..19).map(|x| buffer[(x, row)].symbol()).collect();
    assert_eq!(name, "churn");
    assert!(buffer[(14, row)].modifier.contains(Modifier::REVERSED));
}

#[test]
fn it_draws_at_every_size() {
    let mut harness = listed();
    refused(&mut harness, "t<enter>");
    for keys in ["", "K", "<esc><down><enter>", "<esc><esc>", "/c"] {
        harness.keys(keys);
        for (columns, rows) in (1..130).step_by(7).flat_map(|w| (1..50).step_by(3).map(move |h| (w, h))) {
            harness.screen(columns, rows);
        }
    }
}

/// In a workbench session its project is the one that one begins with.
#[test]
fn the_list_begins_with_the_project_of_the_session() {
    let begun = |keys: &str| {
        let (mut harness, calls) = opened();
        harness.shared().session.project = Some(demo().last().unwrap().project.public_identifier.clone());
        let is_list = |call: &Call| matches!(call, Call::ListModels { .. });
        let (id, _) = calls.into_iter().find(|(_, call)| is_list(call)).unwrap();
        harness.send(Msg::Progress { id, answer: Answer::ModelsPage(demo()) });
        harness.keys(keys);
        harness.answer(id, Answer::ModelsListed(Ok(())));
        selected(&mut harness)
    };
    assert!(begun("").contains(" echo "), "{}", begun(""));
    assert!(begun("<down>").contains(" churn "), "the person went elsewhere: {}", begun("<down>"));
}

/// The selected row.
fn selected(harness: &mut Harness) -> String {
    let screen = harness.screen(80, 24);
    screen.lines().find(|line| line.starts_with("│▸")).unwrap().to_owned()
}

#[test]
fn a_model_and_a_project_are_gone_to_by_name() {
    let mut harness = listed();
    harness.keys("1:fraud-lab/score<enter>");
    assert!(selected(&mut harness).contains(" score "), "{}", harness.screen(80, 24));
    harness.keys("/add<enter>:playground<enter>");
    assert!(selected(&mut harness).contains(" echo "), "{}", harness.screen(80, 24));
}

#[test]
fn the_palette_lists_the_models_and_says_why_it_cannot() {
    let mut harness = Harness::new();
    harness.keys(":");
    let list = |harness: &mut Harness| {
        let calls = harness.calls();
        calls.into_iter().find_map(|(id, call)| matches!(call, Call::ListModels { .. }).then_some(id))
    };
    let id = list(&mut harness).unwrap();
    assert!(harness.screen(80, 24).contains("models and projects are being listed"));
    let error = api::Error::NotAnApi { operation: "listing models", status: 502, what: "a web page".into() };
    harness.answer(id, Answer::ModelsListed(Err(error)));
    assert!(harness.screen(80, 24).contains("models and projects could not be listed: "));
    assert!(list(&mut harness).is_none(), "a failure is not asked for again by itself");
    harness.keys("<esc>:");
    let id = list(&mut harness).unwrap();
    harness.keys("<ctrl-x>");
    assert!(list(&mut harness).is_none(), "nor is what the user cancelled");
    assert!(!harness.shared().requests.waits_for(id));
    harness.keys("<esc>:");
    let id = list(&mut harness).unwrap();
    harness.send(Msg::Progress { id, answer: Answer::ModelsPage(demo()) });
    harness.keys("slow");
    assert!(harness.screen(80, 24).contains("churn-prod/slow"), "{}", harness.screen(80, 24));
}

#[test]
fn what_is_typed_before_the_models_are_listed_is_done_then() {
    let opened_after = |keys: &str, more: &str| {
        let (mut harness, calls) = opened();
        let (id, _) = calls.into_iter().find(|(_, call)| matches!(call, Call::ListModels { .. })).unwrap();
        harness.keys(keys);
        harness.send(Msg::Progress { id, answer: Answer::ModelsPage(demo()) });
        harness.keys(more);
        harness.answer(id, Answer::ModelsListed(Ok(())));
        let screen = harness.screen(80, 24);
        let title = screen.lines().nth(2).unwrap().to_owned();
        (title, screen)
    };
    let (title, screen) = opened_after("<enter>", "");
    assert!(title.contains("churn-prod/add") && screen.contains("[ Test ]"), "{screen}");
    let (title, screen) = opened_after("j<enter>", "");
    assert!(title.contains("churn-prod/churn"), "{screen}");
    let (title, screen) = opened_after("jj", "k<enter>");
    assert!(title.contains("churn-prod/churn"), "{screen}");
    let (title, screen) = opened_after("G<enter>", "");
    assert!(title.contains("playground/echo"), "{screen}");
    let (title, screen) = opened_after("j<enter><esc>", "");
    assert!(title.contains("Models"), "{screen}");
}
