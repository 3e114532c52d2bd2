//! Services that left the manifest.

use serde_json::{Value, json};

use super::{Fleet, TWO, service};

#[test]
fn few_are_rotated_at_a_time_and_what_left_the_manifest_is_pruned() {
    let fleet = Fleet::new(TWO);
    let some = fleet.run("apply", &["--max-rotations", "1", "--parallel", "1"]);
    assert_eq!((some.code, fleet.keys("scoring").len(), fleet.keys("reports").len()), (8, 1, 0), "{some:?}");
    fleet.run("apply", &["--max-rotations", "1"]).ok();
    fleet.manifest(TWO.split("[[service]]\nname = \"reports\"").next().unwrap());
    let plan = fleet.run("plan", &[]);
    assert_eq!((plan.code, &plan.json()["left_the_manifest"][0]["name"]), (8, &json!("reports")), "{plan:?}");
    let text = fleet.home.run(&["fleet", "plan", "-f", "fleet.toml"]).out;
    assert!(text.ends_with("with 3 d offline, but something has drifted\n"), "{text}");
    assert!(text.contains("reports: left the manifest; `fleet apply --prune` deletes "), "{text}");
    fleet.run("apply", &[]).ok();
    assert_eq!(fleet.keys("reports").len(), 1, "nothing is deleted without --prune");
    fleet.run("apply", &["--prune"]).ok();
    assert_eq!((fleet.keys("reports").len(), fleet.run("plan", &[]).code), (0, 0));
}

#[test]
fn each_key_that_an_apply_deletes_has_a_line_in_the_log_of_deletions() {
    let one = "[[service]]\nname = \"a\"\nexpires = \"+20d\"\n[[service.deliver]]\nfile = \"DIR/a.key\"";
    let fleet = Fleet::new(one);
    fleet.run("apply", &[]).ok();
    let first = fleet.keys("a").remove(0);
    fleet.ahead(10 * 24);
    fleet.run("apply", &[]).ok();
    assert_eq!(fleet.keys("a").len(), 2);
    assert!(!fleet.home.path("config/deletions.jsonl").exists(), "nothing was deleted yet");
    fleet.ahead(11 * 24 + 1);
    assert_eq!(service(&fleet.run("apply", &[]).ok().json(), "a")["deleted"], json!([first]));
    let log = fleet.read("config/deletions.jsonl");
    let line: Value = serde_json::from_str(&log).unwrap();
    let members = ["actor", "username", "key_id", "comments", "outcome"].map(|member| line[member].clone());
    assert_eq!(members, ["owner", "owner", &first, "a", "deleted"].map(|text| json!(text)));
}

#[test]
fn a_key_that_cannot_be_deleted_keeps_no_other_service_from_being_pruned() {
    let services = ["a", "b", "c"].map(|name| {
        format!("[[service]]\nname = \"{name}\"\n[[service.deliver]]\nfile = \"DIR/{name}.key\"\n")
    });
    let fleet = Fleet::new(&services.concat());
    fleet.run("apply", &[]).ok();
    fleet.manifest(&services[2]);
    let (a, b) = (fleet.keys("a").remove(0), fleet.keys("b").remove(0));
    let on = json!({ "method": "DELETE", "path": format!("/api/v2/users/owner/v2_keys/{a}") });
    fleet.bench.fault(&on, &json!({ "status": 400, "body": { "message": "not now" } }));
    let done = fleet.run("apply", &["--prune"]);
    assert_eq!((done.code, &done.json()["pruned"]), (5, &json!([b])), "{done:?}");
    assert!(done.error()["message"].to_string().contains("not now"), "{done:?}");
    assert_eq!((fleet.keys("a").len(), fleet.keys("b").len(), fleet.keys("c").len()), (1, 0, 1));

    fleet.bench.control(reqwest::Method::DELETE, "/faults", &json!(null));
    assert_eq!(fleet.run("apply", &["--prune"]).ok().json()["pruned"], json!([a]));
    fleet.run("plan", &[]).ok();
    fleet.works("c.key");
    let log = fleet.read("config/deletions.jsonl");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let logged: Vec<_> =
        lines.iter().map(|line| (&line["actor"], &line["comments"], &line["outcome"])).collect();
    let by = |name: &'static str, outcome: &'static str| (json!("owner"), json!(name), json!(outcome));
    let expected = [by("a", "refused"), by("b", "deleted"), by("a", "deleted")];
    assert_eq!(logged, expected.iter().map(|(actor, name, end)| (actor, name, end)).collect::<Vec<_>>());
}
