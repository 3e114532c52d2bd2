//! What a plan calls safe, and what it calls drift.

use std::os::unix::fs::{MetadataExt as _, chown};

use reqwest::Method;
use serde_json::{Value, json};

use super::{Fleet, service};
use crate::support::bench::Bench;
use keybench::text::short_id;
use keybench::workbench::Clock;

const ONE: &str = r#"
[[service]]
name = "a"
[[service.deliver]]
file = "DIR/a.key"
"#;

#[test]
fn the_key_that_rotates_has_to_outlive_the_plan_too() {
    let fleet = Fleet::new(ONE);
    fleet.run("apply", &[]).ok();
    fleet.run("plan", &[]).ok();
    let plan = fleet.run("plan", &["--safe-for", "400d"]);
    let why = service(&plan.json(), "a")["unsafe_because"].to_string();
    assert!(plan.code == 8 && why.contains("the key that rotates it expires"), "{plan:?}");
}

#[test]
fn a_plan_says_what_will_keep_a_new_service_from_its_key() {
    let fleet = Fleet::new(
        "[[service]]\nname = \"a\"\nexpires = \"+900d\"\nverify = \"no/such\"\n[[service.deliver]]\n\
         project_env = \"owner/nope\"\nvariable = \"K\"\nshared_with_collaborators = true",
    );
    let plan = fleet.run("plan", &[]);
    let a = service(&plan.json(), "a");
    let why: Vec<_> = a["unsafe_because"].as_array().unwrap().iter().filter_map(|why| why.as_str()).collect();
    assert_eq!((plan.code, &a["action"], why[0], why.len()), (8, &json!("create"), "it has no key yet", 4));
    assert!(why[1].starts_with("no key can be created: "), "{why:?}");
    assert_eq!(why[2], "a key cannot be proven: there is no model \"no/such\" that you see");
    assert!(why[3].contains("cannot be read: there is no project \"owner/nope\""), "{why:?}");
}

#[test]
fn a_key_is_not_replaced_by_one_that_would_be_due_at_once() {
    let one =
        "[[service]]\nname = \"a\"\ndue = \"21d\"\ngrace = \"0s\"\n[[service.deliver]]\nfile = \"DIR/a.key\"";
    let fleet = Fleet::new(one);
    let first = fleet.home.run(&["fleet", "apply", "-f", "fleet.toml"]).ok();
    assert!(first.out.contains("a: created, expires "), "{first:?}");
    let keys = fleet.keys("a");
    fleet.bench.home("admin").run(&["admin", "expiration", "15"]).ok();
    // 20 days are left: a new key would end sooner.
    fleet.ahead(345 * 24);
    let plan = fleet.run("plan", &["--safe-for", "7d"]);
    let a = service(&plan.json(), "a");
    assert_eq!((plan.code, &a["action"], &a["safe"]), (8, &json!("nothing"), &json!(false)), "{plan:?}");
    assert!(a["reason"].as_str().unwrap().contains("would not outlive it"), "{a}");
    assert!(a["unsafe_because"].to_string().contains("would not outlive it"), "{a}");
    fleet.run("apply", &[]).ok();
    assert_eq!(fleet.keys("a"), keys);
    // 6 days are left: a new key lasts more than twice as long.
    fleet.ahead(359 * 24);
    fleet.run("apply", &[]).ok();
    let second = fleet.keys("a");
    assert!(second.len() == 1 && second != keys, "{second:?}");
    for day in 360..364 {
        fleet.ahead(day * 24);
        fleet.run("apply", &[]).ok();
        assert_eq!(fleet.keys("a"), second, "each run replaces it");
    }
    fleet.works("a.key");
}

#[test]
fn a_key_of_a_day_is_replaced_before_it_expires_and_once_a_day() {
    let fleet = Fleet::new(ONE);
    fleet.bench.home("admin").run(&["admin", "expiration", "1"]).ok();
    let mut made = std::collections::BTreeSet::new();
    for hour in (0..72).step_by(6) {
        fleet.ahead(hour);
        let done = service(&fleet.run("apply", &[]).ok().json(), "a");
        made.insert(done["key_id"].as_str().unwrap().to_owned());
        fleet.works("a.key");
        let plan = fleet.run("plan", &[]);
        let a = service(&plan.json(), "a");
        assert!(plan.code == 8 && a["unsafe_because"].to_string().contains("would be due at once"), "{a}");
    }
    assert!((3..=4).contains(&made.len()), "{made:?}");
}

#[test]
fn a_workbench_that_does_not_say_its_limit_is_taken_at_its_last_key() {
    let fleet = Fleet::new(&ONE.replace("name = \"a\"", "name = \"a\"\ngrace = \"0s\""));
    fleet.bench.home("admin").run(&["admin", "expiration", "10"]).ok();
    fleet.bench.fault(&json!({ "path": "/api/v1/site/config" }), &json!({ "status": 404 }));
    fleet.run("apply", &[]).ok();
    let keys = fleet.keys("a");
    let plan = fleet.run("plan", &[]);
    let a = service(&plan.json(), "a");
    assert_eq!((plan.code, &a["action"]), (8, &json!("nothing")), "{plan:?}");
    assert!(
        a["reason"].as_str().unwrap().contains("a new one lasts 10 days and would not outlive it"),
        "{a}"
    );
    for day in [0, 2, 5] {
        fleet.ahead(day * 24);
        fleet.run("apply", &[]).ok();
        assert_eq!(fleet.keys("a"), keys, "day {day}");
    }
    fleet.ahead(6 * 24);
    fleet.run("apply", &[]).ok();
    let next = fleet.keys("a");
    assert!(next.len() == 1 && next != keys, "{next:?}");
}

#[test]
fn a_key_that_ends_no_later_is_not_handed_over() {
    let fleet = Fleet::new(ONE);
    fleet.run("apply", &[]).ok();
    let keys = fleet.keys("a");
    // 12 days are left of the key, and the workbench does not say that a new one has 10.
    fleet.bench.home("admin").run(&["admin", "expiration", "10"]).ok();
    fleet.bench.fault(&json!({ "path": "/api/v1/site/config" }), &json!({ "status": 404 }));
    fleet.ahead(353 * 24);
    assert_eq!(service(&fleet.run("plan", &[]).json(), "a")["action"], "rotate");
    let refused = fleet.run("apply", &[]);
    assert_eq!((refused.code, &refused.error()["kind"]), (8, &json!("ends_no_later")), "{refused:?}");
    assert_eq!(fleet.keys("a"), keys, "the new one is deleted again");
    fleet.works("a.key");
    // From then on it is known.
    let plan = fleet.run("plan", &[]);
    let a = service(&plan.json(), "a");
    assert_eq!((plan.code, &a["action"]), (8, &json!("nothing")), "{plan:?}");
    assert!(a["unsafe_because"].to_string().contains("would not outlive it"), "{a}");
    fleet.run("apply", &[]).ok();
    assert_eq!(fleet.keys("a"), keys);
    fleet.ahead(361 * 24);
    fleet.run("apply", &[]).ok();
    assert_eq!(fleet.keys("a").len(), 2, "the older one is in its grace time");
    fleet.works("a.key");
}

#[test]
fn a_key_for_something_else_is_drift_and_is_replaced() {
    let fleet = Fleet::new(ONE);
    fleet.run("apply", &[]).ok();
    fleet.manifest(&ONE.replace("name = \"a\"", "name = \"a\"\naudience = [\"API\", \"Application\"]"));
    let plan = fleet.run("plan", &[]);
    let a = service(&plan.json(), "a");
    assert_eq!(
        (plan.code, &a["action"], &a["drift"]),
        (8, &json!("rotate"), &json!(["its key has other audiences"]))
    );
    fleet.run("apply", &[]).ok();
    fleet.run("plan", &[]).ok();
    fleet.works("a.key");
}

#[test]
fn a_newer_key_of_the_name_is_drift_and_nothing_is_done() {
    let fleet = Fleet::new(ONE);
    fleet.run("apply", &[]).ok();
    fleet.ahead(1);
    let elsewhere = fleet.bench.home("owner");
    elsewhere.run(&["keys", "create", "--name", "a", "--quiet"]).ok();
    let plan = fleet.run("plan", &[]);
    let a = service(&plan.json(), "a");
    assert_eq!((plan.code, &a["action"], &a["safe"]), (8, &json!("contested"), &json!(false)), "{plan:?}");
    assert!(a["drift"].to_string().contains("of its name was never delivered"), "{a}");
    let keys = fleet.keys("a");
    let stray = keys.iter().find(|id| a["drift"].to_string().contains(*id)).expect("the whole Key ID");
    let (short, text) = (short_id(stray), fleet.text("plan"));
    assert!(text.contains(&*short) && !keys.iter().any(|id| text.contains(id)), "{text}");
    let text = fleet.text("apply");
    assert!(text.contains(&*short) && !keys.iter().any(|id| text.contains(id)), "{text}");
    let refused = fleet.run("apply", &[]);
    assert_eq!((refused.code, &refused.error()["kind"]), (8, &json!("contested")));
    assert_eq!(fleet.keys("a").len(), 2);
    fleet.works("a.key");
}

/// Rotated by hand, the key that the service has would be deleted once the grace time is over.
#[test]
fn the_key_of_a_service_is_not_rotated_by_hand_and_deleted_with_a_warning() {
    let fleet = Fleet::new(ONE);
    fleet.run("apply", &[]).ok();
    let id = fleet.keys("a").remove(0);
    for (name, more) in [("a", &["--dry-run"][..]), ("a", &[]), (&id[..12], &[])] {
        let rotate = ["keys", "rotate", name, "--output", "other.key", "--json"];
        let refused = fleet.home.run(&[&rotate, more].concat());
        assert_eq!((refused.code, &refused.error()["kind"]), (7, &json!("service")), "{refused:?}");
        let hint = refused.error()["hint"].to_string();
        assert!(hint.contains("fleet apply --file") && hint.contains("fleet.toml"), "{hint}");
    }
    assert_eq!(fleet.keys("a"), std::slice::from_ref(&id));
    fleet.home.run(&["keys", "rotate", "b", "--output", "other.key"]).ok();
    for more in [["--dry-run"], ["--yes"]] {
        let deleted = fleet.home.run(&[&["keys", "delete", &id, "--json"][..], &more].concat()).ok();
        let warning = deleted.err.lines().find(|line| line.contains("\"service\"")).expect("a warning");
        assert!(warning.contains("a.key"), "{warning}");
    }
}

/// Times have whole seconds: a key of the same second is no reason to take it for an older one.
#[test]
fn a_newer_key_of_the_same_second_is_seen() {
    let fleet =
        Fleet::on(Bench::controlled_at(Clock::stopped_at("2026-11-23T09:14:00Z".parse().unwrap())), ONE);
    fleet.run("apply", &[]).ok();
    let elsewhere = fleet.bench.home("owner");
    elsewhere.run(&["keys", "create", "--name", "a", "--quiet"]).ok();
    let listed = fleet.home.run(&["keys", "list", "--json"]).ok().json();
    let made = |key: &Value| key["created_at"].as_str().unwrap().to_owned();
    let keys: Vec<_> = listed.as_array().unwrap().iter().filter(|key| key["comments"] == "a").collect();
    assert!(keys.len() == 2 && made(keys[0]) == made(keys[1]), "the clock stands still: {keys:?}");
    let plan = fleet.run("plan", &[]);
    let a = service(&plan.json(), "a");
    assert_eq!((plan.code, &a["action"], &a["safe"]), (8, &json!("contested"), &json!(false)), "{plan:?}");
    fleet.works("a.key");
}

#[test]
fn a_key_with_the_name_of_a_service_is_made_with_a_warning() {
    let fleet = Fleet::new(ONE);
    let create =
        |name: &str, more: &[&str]| fleet.home.run(&[&["keys", "create", "--name", name], more].concat());
    let before = create("a", &[]).ok();
    assert!(!before.err.contains("is a service"), "nothing here knows the service: {before:?}");
    let mut named = fleet.home.command(&["keys", "create", "--name", "a", "--dry-run"]);
    let named = named.env("KEYBENCH_FLEET", fleet.home.path("fleet.toml")).output().unwrap();
    let warning = String::from_utf8_lossy(&named.stderr).into_owned();
    assert!(named.status.success() && warning.contains("\"a\" is a service of"), "{named:?}");
    fleet.run("apply", &[]).ok();
    let kept = create("a", &[]).ok();
    assert!(kept.err.contains("is delivered nowhere, and blocks the service"), "{kept:?}");
    assert!(kept.err.contains("fleet.toml"), "{kept:?}");
    let json = create("a", &["--json", "--dry-run"]).ok();
    assert!(json.err.lines().any(|line| line.contains("\"service\"")), "{json:?}");
    assert!(!create("b", &[]).ok().err.contains("is a service"), "another name");
    let other = create("a", &["--user", "ana"]);
    assert!(!other.err.contains("is a service"), "another user's: {other:?}");
}

#[test]
fn a_file_with_another_owner_is_drift() {
    let fleet = Fleet::new(ONE);
    let owner = std::fs::metadata(fleet.home.folder.path()).unwrap().uid();
    fleet.manifest(&format!("{ONE}owner = \"{owner}\"\n"));
    fleet.run("apply", &[]).ok();
    let file = fleet.home.path("a.key");
    if chown(&file, Some(33), None).is_err() {
        // Only root gives files away.
        return;
    }
    let plan = fleet.run("plan", &[]);
    assert!(service(&plan.json(), "a")["drift"].to_string().contains("belongs to user 33"), "{plan:?}");
    fleet.run("apply", &[]).ok();
    assert_eq!(std::fs::metadata(&file).unwrap().uid(), owner);
    fleet.run("plan", &[]).ok();
}

#[test]
fn an_administrator_keeps_the_keys_of_other_users() {
    let mut fleet = Fleet::new(&ONE.replace("name = \"a\"", "name = \"a\"\nuser = \"viewer\""));
    assert_eq!(fleet.run("apply", &[]).code, 4, "owner is no administrator");
    fleet.home.set("KEYBENCH_API_KEY", &fleet.bench.key("admin"));
    fleet.run("apply", &[]).ok();
    fleet.run("plan", &[]).ok();
    let said = fleet.home.run(&["keys", "validate", "--api-key-file", "a.key", "--json"]).ok().json();
    assert_eq!(said["username"], "viewer");
}

#[test]
fn a_busy_model_is_asked_again_as_often_as_the_manifest_says() {
    let fleet = Fleet::new(&ONE.replace("name", "verify = { model = \"churn-prod/add\", busy = 2 }\nname"));
    let busy = |times: u32| {
        let on = json!({ "operation": "CallModel", "model": "churn-prod/add" });
        let fault = json!({ "on": on, "do": { "busy": true }, "times": times });
        fleet.bench.control(Method::POST, "/faults", &fault);
    };
    busy(3);
    let failed = fleet.run("apply", &[]);
    assert_eq!((failed.code, &failed.error()["kind"]), (8, &json!("not_proven")), "{failed:?}");
    assert!(fleet.keys("a").is_empty());
    busy(2);
    fleet.run("apply", &[]).ok();
    fleet.works("a.key");
}

#[test]
fn a_model_that_is_out_of_service_for_a_moment_is_asked_again() {
    let fleet = Fleet::new(&ONE.replace("name", "verify = { model = \"churn-prod/add\", busy = 1 }\nname"));
    let unavailable = |times: u32| {
        let on = json!({ "operation": "CallModel", "model": "churn-prod/add" });
        let fault = json!({ "on": on, "do": { "status": 503 }, "times": times });
        fleet.bench.control(Method::POST, "/faults", &fault);
    };
    unavailable(1);
    fleet.run("apply", &[]).ok();
    unavailable(1);
    fleet.run("plan", &[]).ok();
    unavailable(2);
    assert_eq!(fleet.run("plan", &[]).code, 8, "as often as the manifest says");
}
