//! `keys delete` across users and from an audit, and the log of deletions.

use serde_json::{Value, json};

use crate::support::bench::{Bench, Home, mode};
use crate::support::relay::{Relay, Trip};
use keybench::workbench::{Clock, Seed};

/// The lines of a log; each is a whole document.
fn log(home: &Home, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(home.path(name)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn keys_of_several_users_are_deleted_and_logged() {
    let bench = Bench::demo();
    let home = bench.home("admin");
    let (viewer, outsider) = (bench.key_id("viewer"), bench.key_id("outsider"));
    let (first, second) = (format!("viewer/{viewer}"), format!("outsider/{}", &outsider[..12]));
    let plan = home.run(&["keys", "delete", &first, &second, "--dry-run", "--json"]).ok().json();
    assert_eq!(plan["users"][1]["would_delete"][0]["key_id"], outsider.as_str());
    let own = format!("admin/{}", bench.key_id("admin"));
    let done = home.run(&["keys", "delete", &first, &second, &own, "--yes", "--ticket", "OPS-7", "--json"]);
    let users = &done.ok().json()["users"];
    assert_eq!((&users[0]["deleted"], &users[1]["deleted"]), (&json!([viewer]), &json!([outsider])));
    assert_eq!(users[2]["spared"], json!([bench.key_id("admin")]), "the key in use stays");
    let log = log(&home, "config/deletions.jsonl");
    assert_eq!(log.len(), 2);
    for (line, (user, key_id)) in log.iter().zip([("viewer", &viewer), ("outsider", &outsider)]) {
        let members = ["actor", "username", "key_id", "ticket", "outcome", "url"];
        let logged: Vec<_> = members.iter().map(|member| line[*member].as_str().unwrap()).collect();
        assert_eq!(logged, ["admin", user, key_id, "OPS-7", "deleted", &bench.url]);
        assert!(line["request_id"].is_string() && line["completed"].is_string(), "{line}");
    }
    assert_eq!(mode(&home.path("config/deletions.jsonl")), 0o600);
}

#[test]
fn the_keys_of_leavers_go_by_an_audit_and_others_stay() {
    let bench = Bench::start(Seed::Scale { keys: 1, models: 1, users: 60 }, Clock::system());
    let home = bench.home("admin");
    home.run(&["admin", "audit", "--keys-only", "--export", "audit.json"]).ok();
    let read =
        || -> Value { serde_json::from_slice(&std::fs::read(home.path("audit.json")).unwrap()).unwrap() };
    let of_leavers = |report: &Value| {
        let keys = report["keys"].as_array().unwrap().iter();
        keys.filter(|key| key["findings"].to_string().contains("user_deactivated")).count()
    };
    let mut report = read();
    let leavers = of_leavers(&report);
    assert!(leavers > 1, "the seed has leavers with keys");
    // A user who came back since, as far as this audit knows.
    let keys = report["keys"].as_array_mut().unwrap();
    let open = keys.iter_mut().find(|key| key["username"] == "viewer").unwrap();
    open["findings"] = json!(["user_deactivated"]);
    home.file("audit.json", &report.to_string());

    let delete =
        ["keys", "delete", "--finding", "user_deactivated", "--from", "audit.json", "--yes", "--json"];
    let done = home.run(&delete);
    assert_eq!((done.code, done.error()["kind"].as_str()), (8, Some("changed")), "{done:?}");
    let users = done.json()["users"].as_array().unwrap().clone();
    let deleted: usize = users.iter().map(|user| user["deleted"].as_array().unwrap().len()).sum();
    assert_eq!(deleted, leavers);
    let kept = users.iter().find(|user| user["username"] == "viewer").unwrap();
    assert_eq!(kept["failed"][0]["message"], "the finding user_deactivated no longer holds");
    assert_eq!(log(&home, "config/deletions.jsonl").len(), leavers);
    home.run(&["admin", "audit", "--keys-only", "--export", "audit.json"]).ok();
    assert_eq!(of_leavers(&read()), 0);
    assert!(home.run(&delete[..7]).ok().out.contains("no key has this finding"));
    for wrong in [
        &["keys", "delete", "--finding", "stale", "--from", "audit.json", "--yes"][..],
        &["keys", "delete", "--finding", "key_in_environment", "--from", "audit.json", "--yes"],
        &["keys", "delete", "--finding", "expired", "--from", "none.json", "--yes"],
    ] {
        assert_eq!(home.run(wrong).code, 7, "{wrong:?}");
    }
}

#[test]
fn the_list_is_not_read_for_each_key_and_what_a_deletion_changes_counts() {
    let bench = Bench::controlled();
    let (home, viewer) = (bench.home("admin"), bench.home("viewer"));
    for _ in 0..6 {
        viewer.run(&["keys", "create", "--name", "twin", "--output", "key"]).ok();
        std::fs::remove_file(viewer.path("key")).unwrap();
    }
    home.run(&["admin", "audit", "--keys-only", "--export", "audit.json"]).ok();
    let lists = || {
        let seen = bench.control(reqwest::Method::GET, "/requests?operation=ListV2Keys", &Value::Null);
        seen.as_array().unwrap().len()
    };
    let before = lists();
    let done =
        home.run(&["keys", "delete", "--finding", "same_name", "--from", "audit.json", "--yes", "--json"]);
    assert_eq!((done.code, done.error()["kind"].as_str()), (8, Some("changed")), "{done:?}");
    let user = &done.json()["users"][0];
    assert_eq!(user["deleted"].as_array().unwrap().len(), 5, "{user}");
    assert_eq!(user["failed"][0]["message"], "the finding same_name no longer holds", "the last of its name");
    assert!(lists() - before < 6, "{} lists for 6 keys", lists() - before);
}

#[test]
fn a_deletion_is_on_the_disk_before_it_is_asked_for() {
    let bench = Bench::demo();
    let relay = bench.runtime.block_on(Relay::start(&bench.url));
    let mut home = bench.home("admin");
    home.set("KEYBENCH_URL", &relay.url);
    let key = bench.key_id("viewer");
    relay.set(("DELETE", "/v2_keys/", Trip::HoldBefore));
    let delete = ["keys", "delete", &key, "--user", "viewer", "--yes", "--deletion-log", "log.jsonl"];
    let mut child = home.command(&delete).spawn().unwrap();
    bench.runtime.block_on(relay.tripped());
    child.kill().unwrap();
    child.wait().unwrap();
    let begun = log(&home, "log.jsonl");
    assert_eq!((begun.len(), &begun[0]["outcome"]), (1, &"unknown".into()));
    home.run(&delete).ok();
    let completed = log(&home, "log.jsonl");
    assert_eq!((completed.len(), &completed[1]["outcome"]), (2, &"deleted".into()));
    assert_eq!(completed[0], begun[0]);
    let refused = home.run(&delete);
    assert_eq!(refused.code, 5, "{refused:?}");
    let last = log(&home, "log.jsonl").pop().unwrap();
    assert_eq!((&last["outcome"], &last["status"]), (&"not_found".into(), &404.into()));

    std::fs::create_dir(home.path("folder")).unwrap();
    let own = bench.key_id("outsider");
    let done = home.run(&["keys", "delete", &own, "--user", "outsider", "--yes", "--deletion-log", "folder"]);
    assert_eq!(done.code, 74, "{done:?}");
    assert!(home.run(&["keys", "list", "--user", "outsider"]).ok().out.contains(&own[..4]));
}

/// One typo is no reason to leave the other keys, nor to say nothing of them.
#[test]
fn a_key_that_is_not_there_leaves_those_of_other_users_tried() {
    let bench = Bench::demo();
    let home = bench.home("admin");
    let made = bench.home("owner").run(&["keys", "create", "--name", "x", "--json"]).ok().json();
    let (id, none) = (made["key_id"].as_str().unwrap(), "b".repeat(64));
    let wanted = [format!("owner/{id}"), format!("viewer/{none}")];
    let done = home.run(&["keys", "delete", &wanted[0], &wanted[1], "--yes", "--json"]);
    assert_eq!((done.code, &done.error()["kind"]), (5, &json!("not_found")), "{done:?}");
    let users = done.json();
    assert_eq!(users["users"][0]["deleted"], json!([id]));
    assert_eq!(users["users"][1]["failed"][0]["key_id"], *none);
    let left = bench.home("owner").run(&["keys", "list", "--json"]).ok().out;
    assert!(!left.contains(id), "{left}");
}
