//! The Models tab against the embedded workbench: what a person does there, key by key.

use crate::tui_flow::Flow;

/// The demo's list with every deployment read.
async fn listed(username: &str) -> Flow {
    let mut flow = Flow::demo(username).await;
    flow.keys("2");
    flow.wait("the deployments", |screen| {
        screen.contains("MODEL") && screen.matches("deployed").count() >= 5 && !screen.contains("on   …")
    })
    .await;
    flow
}

#[tokio::test]
async fn the_models_of_the_owner_with_their_deployments() {
    let mut flow = listed("owner").await;
    flow.shows("stopped").await;
    let screen = flow.screen();
    for name in ["churn-prod", "playground", "add", "churn", "slow", "flaky", "retired", "echo"] {
        assert!(screen.contains(name), "{name}:\n{screen}");
    }
    assert!(!screen.contains("fraud-lab"), "{screen}");
    let row =
        |name: &str| screen.lines().find(|line| line.contains(&format!(" {name} "))).unwrap().to_owned();
    assert!(row("churn").contains("deployed") && row("churn").contains('3'), "{screen}");
    assert!(row("retired").contains("stopped"), "{screen}");
    assert!(row("echo").contains("off"), "{screen}");
    flow.keys("<enter>");
    flow.shows("owner, you: owner").await;
}

#[tokio::test]
async fn a_refusal_is_explained_mended_and_tested_again() {
    let mut flow = listed("owner").await;
    flow.keys("t");
    let key = flow.key_of("outsider");
    flow.paste(&format!("{key}\n"));
    flow.shows(&format!("••••{}", &key[key.len() - 4..])).await;
    flow.keys("<enter>");
    flow.shows("add outsider as collaborator of churn-prod").await;
    let screen = flow.screen();
    assert!(screen.contains("401") && screen.contains("User APikey not"), "{screen}");
    assert!(screen.contains("why: "), "{screen}");
    assert!(!screen.contains(&key[..20]), "{screen}");

    flow.keys("m");
    assert!(
        flow.copied.iter().any(|text| text.contains("keybench collaborators add churn-prod outsider")),
        "{:?}",
        flow.copied
    );
    flow.keys("a");
    flow.shows("outsider becomes a collaborator of churn-prod, with the permission read.").await;
    flow.keys("y");
    flow.shows("outsider is a collaborator of churn-prod now").await;
    flow.keys("t");
    flow.wait("the answer", |screen| {
        screen.lines().any(|line| line.contains(" 200 ") && line.contains(" 8"))
    })
    .await;
    flow.keys("<down><enter>");
    flow.shows("HTTP 200  success  replica").await;
    assert!(flow.screen().contains("waiting"), "{}", flow.screen());
    assert!(flow.screen().contains("\"response\": 8"), "the answer comes first\n{}", flow.screen());
    flow.keys("<end>");
    flow.shows("\"request\":").await;
    flow.keys("<home>/authorization<enter>");
    let screen = flow.screen();
    assert!(screen.contains("Authorization: Bearer ••••") && !screen.contains(&key[..20]), "{screen}");
}

#[tokio::test]
async fn a_user_who_may_not_add_gets_a_message_to_send() {
    let mut flow = listed("contributor").await;
    flow.keys("/churn-prod/add<enter>t");
    flow.paste(&flow.key_of("outsider"));
    flow.keys("<enter>");
    flow.shows("copy a message that asks for access").await;
    let screen = flow.screen();
    assert!(!screen.contains("a  add outsider") && !screen.contains("a add collaborator"), "{screen}");
    flow.keys("m");
    let message = flow.copied.last().unwrap();
    assert!(message.contains("outsider") && message.contains("--permission read"), "{message}");
}

#[tokio::test]
async fn a_model_without_authentication_answers_without_a_key() {
    let mut flow = listed("owner").await;
    flow.keys("G<enter><enter>");
    flow.wait("the answer", |screen| screen.lines().any(|line| line.contains(" 200 "))).await;
    assert!(flow.screen().contains("API key    none"), "{}", flow.screen());
}

#[tokio::test]
async fn stopping_a_deployment_is_seen_as_it_goes_on() {
    let mut flow = listed("owner").await;
    flow.keys("S<tab><enter>");
    flow.wait("the end of the deployment", |screen| {
        screen.lines().any(|line| line.contains(" add ") && line.contains("stopped"))
    })
    .await;
}

#[tokio::test]
async fn mine_public_and_all_are_three_lists_for_an_administrator() {
    let mut flow = Flow::demo("admin").await;
    flow.keys("2");
    flow.shows(", mine, by").await;
    flow.wait("no model of another's", |screen| screen.contains("no models in your own projects")).await;
    flow.keys("v");
    flow.shows("public too").await;
    flow.wait("the public model", |screen| screen.contains("1 model") && screen.contains("echo")).await;
    flow.keys("v");
    flow.shows("all you may see").await;
    flow.wait("every model", |screen| screen.contains("7 models") && screen.contains("fraud-lab")).await;
}

#[tokio::test]
async fn public_models_are_listed_on_demand() {
    let mut flow = Flow::demo("outsider").await;
    flow.keys("2v");
    flow.shows("public too").await;
    flow.wait("the public model", |screen| screen.contains("echo") && screen.contains("deployed")).await;
    assert!(!flow.screen().contains("churn-prod"), "{}", flow.screen());
}

#[tokio::test]
async fn a_run_shows_throughput_latency_and_replicas() {
    let mut flow = listed("owner").await;
    flow.keys("b<ctrl-u>60<enter>");
    flow.wait("the end of the run", |screen| screen.contains("60 requests in") && screen.contains("ended"))
        .await;
    let screen = flow.screen();
    assert!(screen.contains("60 ok") && screen.contains("status     200 × 60"), "{screen}");
    assert!(screen.matches("add-").count() >= 2, "both replicas:\n{screen}");
}

#[tokio::test]
async fn a_run_without_an_end_is_stopped_with_a_complete_result() {
    let mut flow = listed("owner").await;
    flow.keys("b<tab><tab><tab><ctrl-u><enter>");
    flow.wait("the first answers", |screen| screen.contains("no end is set") && screen.contains(" ok")).await;
    flow.keys("s");
    flow.wait("the end of the run", |screen| screen.contains("stopped") && screen.contains("status     200"))
        .await;
}

#[tokio::test]
async fn a_refusal_by_a_stopped_model_is_mended_by_its_restart() {
    let mut flow = listed("owner").await;
    flow.keys("jjj<enter>t");
    flow.shows("The deployment of retired is stopped").await;
    flow.keys("R");
    flow.shows("fixed: test again").await;
    flow.keys("t");
    flow.wait("an answer", |screen| screen.lines().any(|line| line.contains(" 200 "))).await;
}
