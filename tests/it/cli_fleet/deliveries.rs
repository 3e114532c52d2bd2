//! Where keys go: project environments, commands, and several of them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Fleet, service};
use crate::support::install_tls;

/// The project `churn-prod`, after a change if `body` is one.
fn project(fleet: &Fleet, body: &Value) -> Value {
    install_tls();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = |method: Method, path: &str, body: &Value| {
        let request = client.request(method, format!("{}/api/v2/projects{path}", fleet.bench.url));
        let request = request.bearer_auth(fleet.bench.key("owner"));
        let request = if body.is_null() { request } else { request.json(body) };
        fleet.bench.runtime.block_on(async { request.send().await.unwrap().json::<Value>().await.unwrap() })
    };
    let listed = ask(Method::GET, "", &Value::Null);
    let found =
        listed["projects"].as_array().unwrap().iter().find(|one| one["name"] == "churn-prod").unwrap();
    let path = format!("/{}", found["id"].as_str().unwrap());
    if !body.is_null() {
        ask(Method::PATCH, &path, body);
    }
    ask(Method::GET, &path, &Value::Null)
}

#[test]
fn a_project_s_environment_keeps_what_else_is_in_it() {
    let one = r#"
[[service]]
name = "scoring"
[[service.deliver]]
project_env = "owner/churn-prod"
variable = "SCORING_KEY"
shared_with_collaborators = true
restart = ["churn-prod/add"]
reload = "test -n restarted"
"#;
    let fleet = Fleet::new(one);
    let disturbs = |plan: &Value| {
        let scoring = service(plan, "scoring");
        (scoring["restarts"].clone(), scoring["runs"].clone())
    };
    let plan = fleet.run("plan", &[]).json();
    assert_eq!(disturbs(&plan), (json!(["churn-prod/add"]), json!(["test -n restarted"])), "{plan}");
    let plan = fleet.home.run(&["fleet", "plan", "-f", "fleet.toml"]);
    assert!(plan.out.contains("  restarts churn-prod/add\n  runs `test -n restarted`\n"), "{plan:?}");
    project(&fleet, &json!({ "environment": r#"{"OTHER":"stays"}"# }));
    fleet.run("apply", &[]).ok();
    let environment =
        |of: &Value| serde_json::from_str::<Value>(of["environment"].as_str().unwrap()).unwrap();
    let after = environment(&project(&fleet, &Value::Null));
    assert_eq!((&after["OTHER"], after.as_object().unwrap().len()), (&json!("stays"), 2));
    fleet.home.file("key", after["SCORING_KEY"].as_str().unwrap());
    fleet.home.run(&["keys", "validate", "--api-key-file", "key"]).ok();
    let asked = fleet.bench.control(Method::GET, "/requests", &Value::Null);
    let restarts = |asked: &Value| asked.to_string().matches(":restart").count();
    assert_eq!(restarts(&asked), 1, "{asked}");
    let path = |request: &Value| request["path"].as_str().unwrap().to_owned();
    let mut paths = asked.as_array().unwrap().iter().map(path);
    let restarted = paths.find_map(|path| Some(path.strip_suffix(":restart")?.to_owned()));
    assert_eq!(paths.next(), restarted, "it is waited for until it runs again");

    let plan = fleet.run("plan", &[]).ok().json();
    assert_eq!(disturbs(&plan), (json!([]), json!([])), "nothing is delivered: {plan}");
    assert_eq!(service(&fleet.run("apply", &[]).ok().json(), "scoring")["action"], "nothing_to_do");
    assert_eq!(restarts(&fleet.bench.control(Method::GET, "/requests", &Value::Null)), 1);
    // Another user changes the variable.
    project(&fleet, &json!({ "environment": r#"{"SCORING_KEY":"other","NEW":"stays"}"# }));
    assert_eq!(fleet.run("plan", &[]).code, 8);
    fleet.run("apply", &[]).ok();
    let mended = environment(&project(&fleet, &Value::Null));
    assert_eq!((&mended["SCORING_KEY"], &mended["NEW"]), (&after["SCORING_KEY"], &json!("stays")));
}

#[test]
fn services_that_share_an_environment_do_not_overwrite_each_other() {
    let one = |n: u32| {
        format!(
            "[[service]]\nname = \"scoring {n}\"\n[[service.deliver]]\nproject_env = \"owner/churn-prod\"\n\
             variable = \"KEY_{n}\"\nshared_with_collaborators = true\n"
        )
    };
    let fleet = Fleet::new(&(0..12).map(one).collect::<String>());
    fleet.run("apply", &["--parallel", "12"]).ok();
    let plan = fleet.run("plan", &[]);
    assert_eq!(plan.code, 0, "{plan:?}");
}

#[test]
fn a_command_without_read_is_never_called_safe() {
    let one = "[[service]]\nname = \"a\"\n[[service.deliver]]\nexec = \"cat > DIR/a.key\"";
    let fleet = Fleet::new(one);
    fleet.run("apply", &[]).ok();
    let plan = fleet.run("plan", &[]);
    assert_eq!((plan.code, &service(&plan.json(), "a")["action"]), (8, &json!("nothing")), "{plan:?}");
    assert!(service(&plan.json(), "a")["unsafe_because"].to_string().contains("has no `read` command"));
}

#[test]
fn a_command_has_so_much_time_and_no_more() {
    let one = r#"
[[service]]
name = "slow"
[[service.deliver]]
exec = "sleep 600; cat > DIR/vault"
read = "cat DIR/vault"
timeout = "1s"
[[service]]
name = "restarting"
[[service.deliver]]
file = "DIR/a.key"
reload = "sleep 600"
reload_timeout = "1s"
"#;
    let fleet = Fleet::new(one);
    let begun = std::time::Instant::now();
    let failed = fleet.run("apply", &[]);
    assert!(begun.elapsed().as_secs() < 300, "they were waited for");
    assert_eq!((failed.code, &failed.error()["kind"]), (8, &json!("delivery")), "{failed:?}");
    for name in ["slow", "restarting"] {
        let failures = service(&failed.json(), name)["failures"].to_string();
        assert!(failures.contains("1 s"), "{failures}");
    }
    let plan = fleet.run("plan", &[]).json();
    assert_eq!(service(&plan, "slow")["drift"][0].as_str().unwrap().split(' ').next(), Some("exec"));
    assert!(
        service(&plan, "restarting")["unsafe_because"].to_string().contains("was not reloaded"),
        "{plan}"
    );
}

#[test]
fn a_delivery_that_fails_is_nothing_done_and_its_command_s_words_are_in_the_error() {
    let one = r#"
[[service]]
name = "a"
[[service.deliver]]
exec = "test -e DIR/open && cat > DIR/vault || { echo the vault is sealed >&2; exit 1; }"
read = "cat DIR/vault"
"#;
    let fleet = Fleet::new(one);
    fleet.home.file("open", "");
    fleet.run("apply", &[]).ok();
    std::fs::remove_file(fleet.home.path("open")).unwrap();
    fleet.home.file("vault", "");
    let failed = fleet.run("apply", &[]);
    let done = service(&failed.json(), "a");
    assert_eq!((failed.code, &done["action"]), (8, &json!("failed")), "{failed:?}");
    let message = failed.error()["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with(": the vault is sealed"), "{message}");
    assert_eq!(failed.err.lines().count(), 1, "with --json it is one document: {failed:?}");
    let said = fleet.home.run(&["fleet", "apply", "-f", "fleet.toml"]);
    assert!(said.out.starts_with("a: nothing done, expires"), "{said:?}");
    assert!(said.err.starts_with("the vault is sealed\n"), "{said:?}");
}

#[test]
fn what_fails_for_one_service_stops_no_other() {
    let one = r#"
[[service]]
name = "a"
[[service.deliver]]
file = "DIR/missing/a.key"
[[service]]
name = "b"
verify = "churn-prod/retired"
[[service.deliver]]
file = "DIR/b.key"
[[service]]
name = "c"
[[service.deliver]]
file = "DIR/c.key"
"#;
    let fleet = Fleet::new(one);
    let done = fleet.run("apply", &["--parallel", "1"]);
    assert_eq!(done.code, 8, "{done:?}");
    let failures = |name: &str| service(&done.json(), name)["failures"].as_array().unwrap().clone();
    assert_eq!((failures("a")[0]["kind"].clone(), failures("c").len()), (json!("delivery"), 0));
    assert_eq!(failures("b")[0]["kind"], "not_proven", "{done:?}");
    fleet.works("c.key");
    assert!(fleet.keys("b").is_empty(), "a key that is not proven is deleted again");
}
