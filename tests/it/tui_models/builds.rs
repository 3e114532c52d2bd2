//! The builds of a model: the list with its details, the dialogs, and what is followed.

use std::time::Duration;

use keybench::actions::models::{Built, Environment, Resources};
use keybench::api;
use keybench::tui::call::{Answer, BuildAnswer, BuildCall, Call, Deployed};
use keybench::tui::msg::Msg;
use keybench::wire::ModelDeployment;

use crate::tui_flow::Flow;
use crate::tui_support::builds::*;

#[test]
fn the_builds_with_their_deployments() {
    let mut harness = opened(demo());
    assert!(harness.calls().is_empty(), "a build that failed says why by itself");
    harness.now += Duration::from_secs(9);
    harness.send(Msg::Tick);
    let looks = |(_, call): &(_, Call)| matches!(call, Call::Builds(_));
    assert!(!harness.calls().iter().any(looks), "nothing is in progress");
    harness.keys("<down>");
    assert!(harness.calls().is_empty(), "what runs needs no reason");
    harness.keys("/tariff");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("1 of 3 builds") && !screen.contains("first"), "{screen}");
    harness.keys("<esc><esc>");
    assert!(harness.layers().is_empty(), "{:?}", harness.layers());
}

#[test]
fn a_model_without_builds_says_so_and_so_does_one_whose_builds_cannot_be_listed() {
    let mut harness = opened(Vec::new());
    assert!(harness.screen(80, 24).contains("never built"));
    harness.keys("<ctrl-r>");
    let (id, _) = the_call(&mut harness);
    let error = api::Error::invalid("the builds are away", "try again");
    harness.answer(id, Answer::Builds(BuildAnswer::Listed(Err(error))));
    assert!(harness.screen(80, 24).contains("the builds are away"));
}

#[test]
fn why_a_deployment_is_not_running_is_asked_once_for_each_of_its_states() {
    let mut harness = failed();
    let screen = harness.screen(80, 24);
    assert!(screen.contains("not running A replica ran out of memory"), "{screen}");
    harness.keys("<up><down>");
    assert!(harness.calls().is_empty(), "it is known");
}

#[test]
fn rolling_back_is_prefilled_and_asks_before_it_replaces_what_runs() {
    let mut harness = rolling_back();
    harness.keys("0<enter>");
    assert!(harness.screen(80, 24).contains("replicas: \"0\" is not a number"), "{}", harness.screen(80, 24));
    harness.keys("<ctrl-u>3<enter>");
    assert!(harness.calls().is_empty(), "it asks first");
    harness.keys("<enter>");
    assert!(harness.calls().is_empty(), "Cancel has the focus");
    harness.keys("<enter>y");
    let (id, BuildCall::Deploy(plan)) = the_call(&mut harness) else { panic!("nothing is deployed") };
    assert_eq!(plan.build.id, demo()[2].build.id);
    let wish = Resources { replicas: Some(3), cpu: Some(0.5), memory: Some(2.0), gpus: None };
    assert_eq!(plan.wish, wish);
    assert_eq!(plan.last, demo()[1].deployment);

    let pending = deployment(&plan.build, "pending", 23);
    let built = Built { build: plan.build, deployment: Some(pending) };
    let done = Ok(Deployed { built: Box::new(built.clone()), environment: Environment::Kept(1) });
    harness.answer(id, Answer::Builds(BuildAnswer::Deployed { model_id: "churn-prod-add".into(), done }));
    assert_eq!(harness.layers(), ["builds"]);
    let (id, call) = the_call(&mut harness);
    assert!(matches!(call, BuildCall::List { .. }), "{call:?}");
    let mut now = demo();
    now[2] = built;
    harness.answer(id, listed_answer(now));
    assert!(harness.ui.animated(), "it is followed");
}

#[test]
fn what_is_on_its_way_is_followed_and_nothing_else() {
    let mut built = demo();
    built[0].build.status = "building".into();
    let mut harness = opened(built.clone());
    assert!(harness.ui.animated());
    harness.send(Msg::Tick);
    assert!(harness.calls().is_empty(), "it was read just now");
    harness.now += Duration::from_secs(2);
    harness.send(Msg::Tick);
    // The list behind has a model that is being deployed.
    let calls = harness.calls().into_iter().filter_map(|(id, call)| match call {
        Call::Builds(BuildCall::Look { built, .. }) => Some((id, built)),
        _ => None,
    });
    let [(id, asked)] = <[_; 1]>::try_from(calls.collect::<Vec<_>>()).unwrap();
    assert_eq!(asked, built[..2], "not what is at rest");
    built[0].build.status = "built".into();
    let answer = Ok(vec![built[0].clone()]);
    harness.answer(id, Answer::Builds(BuildAnswer::Looked { model_id: "churn-prod-add".into(), answer }));
    let (id, call) = the_call(&mut harness);
    assert!(matches!(call, BuildCall::List { .. }), "all of it once more: {call:?}");
    assert!(harness.screen(80, 24).contains("build a1e2…c5fa is built"), "{}", harness.screen(80, 24));
    harness.answer(id, listed_answer(built));
    let screen = harness.screen(80, 24);
    assert!(!screen.contains("building") && screen.contains("built"), "{screen}");
}

#[test]
fn a_deployment_made_here_is_followed_in_the_list_of_models_too() {
    let mut harness = opened(demo());
    harness.keys("<down><enter><enter>y");
    let (id, BuildCall::Deploy(plan)) = the_call(&mut harness) else { panic!("nothing is deployed") };
    let pending = deployment(&plan.build, "pending", 23);
    let built = Built { build: plan.build, deployment: Some(pending) };
    let done = Ok(Deployed { built: Box::new(built.clone()), environment: Environment::Kept(0) });
    harness.answer(id, Answer::Builds(BuildAnswer::Deployed { model_id: "churn-prod-add".into(), done }));
    harness.calls();
    harness.keys("<esc>");
    assert!(harness.screen(80, 24).contains("pending"), "{}", harness.screen(80, 24));
    harness.now += Duration::from_secs(2);
    harness.send(Msg::Tick);
    let looks = harness.calls().into_iter().filter_map(|(id, call)| match call {
        Call::Builds(BuildCall::Look { built, .. }) => Some((id, built)),
        _ => None,
    });
    let [(id, asked)] = <[_; 1]>::try_from(looks.collect::<Vec<_>>()).unwrap();
    assert_eq!(asked, std::slice::from_ref(&built));
    let mut up = built;
    up.deployment.as_mut().unwrap().status = "deployed".into();
    let answer = Ok(vec![up]);
    harness.answer(id, Answer::Builds(BuildAnswer::Looked { model_id: "churn-prod-add".into(), answer }));
    assert!(!harness.screen(80, 24).contains("pending"), "{}", harness.screen(80, 24));
}

#[test]
fn a_failed_build_is_not_deployed_and_building_anew_begins_with_the_newest() {
    let mut harness = opened(demo());
    harness.keys("<enter>");
    assert_eq!(harness.layers(), ["builds"]);
    assert!(harness.screen(80, 24).contains("cannot be deployed"));
    harness.keys("n");
    harness.keys("once more<enter>");
    let (id, BuildCall::Begin { wish, model }) = the_call(&mut harness) else { panic!("nothing is built") };
    assert_eq!((model.id.as_str(), wish.file.as_deref()), ("churn-prod-add", Some("models/add.py")));
    assert_eq!(wish.comment.as_deref(), Some("once more"));
    let refused = Err(api::Error::invalid("file_path: there is no such file", "name another"));
    let answer = BuildAnswer::Begun { model_id: model.id.clone(), done: refused };
    harness.answer(id, Answer::Builds(answer));
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("no such file") && screen.contains("once more"),
        "what was typed stays: {screen}"
    );
    harness.keys("<enter>");
    let (id, BuildCall::Begin { model, .. }) = the_call(&mut harness) else { panic!("nothing is built") };
    let begun = build('d', "pending", 23, "once more");
    let done = Ok(Box::new(begun.clone()));
    harness.answer(id, Answer::Builds(BuildAnswer::Begun { model_id: model.id, done }));
    let (id, _) = the_call(&mut harness);
    let mut now = demo();
    now.insert(0, Built { build: begun, deployment: None });
    harness.answer(id, listed_answer(now));
    let screen = harness.screen(80, 24);
    let selected = screen.lines().find(|line| line.contains('▸') && line.contains("pending"));
    assert!(selected.is_some(), "Enter deploys what was begun, and no other: {screen}");
    harness.keys("nx<esc><esc>");
    assert_eq!(harness.layers(), ["builds"], "a second Esc discards");
    harness.keys("nx<ctrl-p>");
    harness.paste("settings");
    harness.keys("<enter>");
    assert_eq!(harness.layers(), ["builds", "build", "question"], "the palette loses no text");
}

#[test]
fn stopping_and_restarting_ask_about_the_deployment_that_stands() {
    let mut harness = opened(demo());
    harness.keys("S");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Stop churn-prod/add?"));
    assert!(screen.contains("Builds of churn-prod/add"), "the builds stay in sight: {screen}");
    harness.keys("y");
    let calls = harness.calls();
    let [(id, Call::StopModel(stopped))] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!(Some(&**stopped), demo()[1].deployment.as_ref());
    let stopping = ModelDeployment { status: "stopping".into(), ..ModelDeployment::clone(stopped) };
    let done = Ok(Box::new(stopping));
    harness.answer(*id, Answer::DeploymentAsked { model_id: "churn-prod-add".into(), what: "stop", done });
    assert!(harness.calls().iter().any(|(_, call)| matches!(call, Call::Builds(BuildCall::List { .. }))));
    harness.keys("R");
    assert!(harness.screen(80, 24).contains("Restart churn-prod/add?"));
}

#[test]
fn in_read_only_mode_nothing_is_deployed() {
    let mut harness = opened(demo());
    harness.shared().session.read_only = true;
    harness.keys("<down><enter>");
    assert_eq!(harness.layers(), ["builds"]);
    harness.keys("n");
    assert_eq!(harness.layers(), ["builds"]);
}

#[test]
fn builds_draw_at_every_size() {
    let mut harness = opened(demo());
    for keys in ["", "<down><down><enter>", "<esc>n", "<esc>/f"] {
        harness.keys(keys);
        for (columns, rows) in (1..130).step_by(7).flat_map(|w| (1..50).step_by(3).map(move |h| (w, h))) {
            harness.screen(columns, rows);
        }
    }
}

/// Against a workbench: anew, forward, back, and what runs is seen in answers.
#[tokio::test]
async fn a_model_is_built_anew_deployed_and_rolled_back() {
    let mut flow = Flow::demo("owner").await;
    flow.keys("2");
    flow.wait("the models", |screen| screen.contains("add") && screen.contains("deployed")).await;
    flow.keys("B");
    flow.wait("the build", |screen| screen.contains("Builds of churn-prod/add") && screen.contains("1/1"))
        .await;
    flow.keys("nsecond<enter>");
    flow.wait("the second build", |screen| {
        screen.lines().any(|line| line.contains("second") && line.contains("built"))
    })
    .await;
    flow.keys("<home><enter><enter>y");
    let of_second =
        |screen: &str| screen.lines().any(|line| line.contains("second") && line.contains("deployed"));
    flow.wait("the deployment of the second", of_second).await;
    flow.wait("the end of the first", |screen| screen.contains("stopped")).await;
    flow.keys("<down><enter><enter>y");
    flow.wait("the way back", |screen| {
        let line = |text: &str| screen.lines().find(|line| line.contains(text) && line.contains("built"));
        line("second").is_some_and(|line| line.contains("stopped")) && screen.matches("deployed").count() > 0
    })
    .await;
    flow.keys("<esc>t<enter>");
    flow.wait("the answer", |screen| screen.lines().any(|line| line.contains(" 200 "))).await;
    flow.keys("<esc>B");
    flow.wait("the builds", |screen| screen.contains("1/2")).await;
    flow.keys("<down>");
    flow.shows("1 of 2 seen in answers").await;
}
