//! Models that are restarted for a key, and do not come up.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Fleet, service};

const ONE: &str = r#"
[[service]]
name = "scoring"
expires = "+60d"
[[service.deliver]]
project_env = "owner/churn-prod"
variable = "SCORING_KEY"
shared_with_collaborators = true
restart = ["churn-prod/churn", "churn-prod/add"]
"#;

/// How often each of the two models was restarted.
fn restarts(fleet: &Fleet) -> [u64; 2] {
    ["churn", "add"].map(|model| {
        let query = format!("/requests/count?operation=RestartModelDeployment&model=churn-prod/{model}");
        fleet.bench.control(Method::GET, &query, &Value::Null)["count"].as_u64().unwrap()
    })
}

fn failure(done: &Value) -> String {
    service(done, "scoring")["failures"][0]["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_restart_that_fails_is_tried_again_alone_and_older_keys_stay() {
    let fleet = Fleet::new(ONE);
    fleet.run("apply", &[]).ok();
    let first = fleet.keys("scoring");
    assert_eq!(restarts(&fleet), [1, 1]);

    // Due, and one of the two models finds no node.
    fleet.ahead(50 * 24);
    let churn = json!({"operation": "RestartModelDeployment", "model": "churn-prod/churn"});
    fleet.bench.fault(&churn, &json!({"fail": "no node has room for it"}));
    let failed = fleet.run("apply", &[]);
    assert_eq!((failed.code, &failed.error()["kind"]), (8, &json!("delivery")), "{failed:?}");
    let message = failed.error()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("scoring: project_env owner/churn-prod SCORING_KEY: "), "{message}");
    assert!(message.contains("churn-prod/churn was restarted, and its deployment has failed"), "{message}");
    assert!(!message.contains("churn-prod/add"), "the other model runs: {message}");
    assert_eq!(service(&failed.json(), "scoring")["action"], "rotated");
    let why = fleet.home.run(&["models", "show", "churn-prod/churn"]).ok().out;
    assert!(why.contains("no node has room for it"), "{why}");
    let plan = fleet.run("plan", &[]);
    assert_eq!((plan.code, &service(&plan.json(), "scoring")["action"]), (8, &json!("deliver")));

    // The grace time does not begin, however long it lasts, and the model that runs is left alone.
    fleet.ahead(52 * 24);
    let again = fleet.run("apply", &[]);
    assert_eq!((again.code, fleet.keys("scoring").len()), (8, 2), "{again:?}");
    assert_eq!(restarts(&fleet), [3, 2]);

    fleet.bench.control(Method::DELETE, "/faults", &Value::Null);
    let mended = service(&fleet.run("apply", &[]).ok().json(), "scoring");
    assert_eq!((&mended["action"], restarts(&fleet)), (&json!("delivered"), [4, 2]));
    fleet.run("plan", &[]).ok();
    fleet.ahead(52 * 24 + 23);
    fleet.run("apply", &[]).ok();
    assert_eq!(fleet.keys("scoring").len(), 2, "the grace time began with the last restart");
    fleet.ahead(53 * 24 + 1);
    let cleaned = service(&fleet.run("apply", &[]).ok().json(), "scoring");
    assert_eq!((&cleaned["deleted"], restarts(&fleet)), (&json!(first), [4, 2]));
}

#[test]
fn a_restart_that_is_refused_is_named_with_its_model_and_keeps_no_other_from_it() {
    let fleet = Fleet::new(ONE);
    let churn = json!({"operation": "RestartModelDeployment", "model": "churn-prod/churn"});
    let quota = json!({"error": "the quota is used up", "code": 8, "message": "the quota is used up"});
    fleet.bench.fault(&churn, &json!({"status": 429, "body": quota}));
    let failed = fleet.run("apply", &[]);
    assert_eq!(failed.code, 8, "{failed:?}");
    let message = failure(&failed.json());
    assert!(message.contains("restarting churn-prod/churn: "), "{message}");
    assert!(message.contains("the quota is used up"), "{message}");
    let [refused, added] = restarts(&fleet);
    assert_eq!(added, 1);
    fleet.bench.control(Method::DELETE, "/faults", &Value::Null);
    fleet.run("apply", &[]).ok();
    assert_eq!(restarts(&fleet), [refused + 1, 1]);
    fleet.run("plan", &[]).ok();
}

#[test]
fn a_plan_names_a_model_that_cannot_be_restarted() {
    let fleet = Fleet::new(&ONE.replace("churn-prod/add", "churn-prod/nope"));
    let why = |done: &Value| service(done, "scoring")["unsafe_because"].as_array().unwrap().last().cloned();
    let named = "churn-prod/nope cannot be restarted: there is no model \"churn-prod/nope\" that you see";
    assert_eq!(why(&fleet.run("plan", &[]).json()), Some(json!(named)));
    assert_eq!(fleet.run("apply", &[]).code, 8);
    assert_eq!(restarts(&fleet), [1, 0], "the other one is restarted");
    let plan = fleet.run("plan", &[]);
    assert_eq!((plan.code, why(&plan.json())), (8, Some(json!(named))));
    fleet.manifest(ONE);
    fleet.run("apply", &[]).ok();
    assert_eq!(restarts(&fleet), [1, 1]);
    fleet.run("plan", &[]).ok();
}
