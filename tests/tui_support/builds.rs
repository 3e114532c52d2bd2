//! The builds of a model on a fixed clock, with the answers of a workbench made up.

use keybench::actions::models::Built;
use keybench::tui::call::{Answer, BuildAnswer, BuildCall, Call};
use keybench::tui::requests::RequestId;
use keybench::tui::testing::Harness;
use keybench::wire::{ModelBuild, ModelDeployment, ShortUser, Whole};

use super::models::listed;

fn user() -> ShortUser {
    ShortUser { username: "owner".into(), ..ShortUser::default() }
}

pub fn build(digit: char, status: &str, day: u8, comment: &str) -> ModelBuild {
    ModelBuild {
        id: format!("{digit}1e2a3d4-0000-0000-0000-00000000c5f{digit}"),
        model_id: "churn-prod-add".into(),
        creator: user(),
        comment: comment.into(),
        file_path: "models/add.py".into(),
        function_name: "add".into(),
        runtime_identifier: "docker/ml-runtime-python3.11:2024.02".into(),
        created_at: format!("2026-11-{day}T08:00:00Z"),
        status: status.into(),
        ..ModelBuild::default()
    }
}

pub fn deployment(of: &ModelBuild, status: &str, day: u8) -> ModelDeployment {
    ModelDeployment {
        project_id: "churn-prod-id".into(),
        model_id: of.model_id.clone(),
        build_id: of.id.clone(),
        id: format!("d{}", &of.id[1..]),
        cpu: 0.5,
        memory: 2.0,
        environment: r#"{"MODE":"fast"}"#.into(),
        created_at: format!("2026-11-{day}T08:10:00Z"),
        updated_at: format!("2026-11-{day}T08:11:00Z"),
        deployer: user(),
        status: status.into(),
        replicas: Whole(2),
        ..ModelDeployment::default()
    }
}

/// Newest first: one that failed, one that is deployed, an older one.
pub fn demo() -> Vec<Built> {
    let (failed, second, first) = (
        build('a', "build failed", 22, "retrained on October\n\nNo module named sklearn"),
        build('b', "built", 20, "with the new tariff"),
        build('c', "built", 10, "first"),
    );
    let (deployed, stopped) = (deployment(&second, "deployed", 20), deployment(&first, "stopped", 10));
    vec![
        Built { build: failed, deployment: None },
        Built { build: second, deployment: Some(deployed) },
        Built { build: first, deployment: Some(stopped) },
    ]
}

pub fn the_call(harness: &mut Harness) -> (RequestId, BuildCall) {
    // The list behind may ask for a deployment, too.
    let calls = harness.calls().into_iter().filter_map(|(id, call)| match call {
        Call::Builds(call) => Some((id, call)),
        _ => None,
    });
    let [call] = <[_; 1]>::try_from(calls.collect::<Vec<_>>()).unwrap();
    call
}

pub fn listed_answer(built: Vec<Built>) -> Answer {
    Answer::Builds(BuildAnswer::Listed(Ok(built)))
}

/// The builds of `churn-prod/add`, listed.
pub fn opened(built: Vec<Built>) -> Harness {
    let mut harness = listed();
    harness.keys("B");
    let (id, call) = the_call(&mut harness);
    assert!(matches!(&call, BuildCall::List { model_id, .. } if model_id == "churn-prod-add"), "{call:?}");
    harness.answer(id, listed_answer(built));
    harness
}

/// The selected deployment has failed, and it is known why.
pub fn failed() -> Harness {
    let mut built = demo();
    built[1].deployment.as_mut().unwrap().status = "failed".into();
    let mut harness = opened(built);
    harness.keys("<down>");
    let (id, BuildCall::Why(of)) = the_call(&mut harness) else { panic!("no reason is asked for") };
    let deployment_id = of.1.deployment.unwrap().id;
    let lines = vec!["A replica ran out of memory and was killed (OOM): deploy it with more.".to_owned()];
    harness.answer(id, Answer::Builds(BuildAnswer::Why { deployment_id, lines }));
    harness
}

/// The dialog that deploys the oldest build.
pub fn rolling_back() -> Harness {
    let mut harness = opened(demo());
    harness.keys("<down><down>");
    harness.calls();
    harness.keys("<enter>");
    harness
}
