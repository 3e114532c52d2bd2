//! Whatever it finds, a rotation ends with one key handed over and the older ones gone.

use super::*;

#[test]
fn a_rotation_converges() {
    let place = Setup::new();
    let first = place.rotate(&OUT).ok().json();
    assert_eq!((&first["action"], place.keys().len()), (&"rotated".into(), 1));
    assert_eq!(mode(&place.home.path("svc.key")), 0o600);
    assert!(first.get("api_key").is_none());
    place.service_works();
    let again = place.rotate(&OUT).ok().json();
    assert_eq!((&again["action"], &again["key_id"]), (&"nothing_to_do".into(), &first["key_id"]));

    let second = place.rotate(&[&DUE[..], &["--verify", "churn-prod/add"]].concat()).ok().json();
    assert_eq!((&second["action"], &second["kept"][0]["key_id"]), (&"rotated".into(), &first["key_id"]));
    assert_eq!(place.keys().len(), 2, "the older key lives until the grace time is over");
    place.service_works();
    let kept = place.rotate(&[&OUT[..], &["--grace", "0", "--keep-old"]].concat()).ok().json();
    assert_eq!(kept["deleted"], serde_json::json!([]));
    assert_eq!(kept["kept"][0]["key_id"], first["key_id"]);
    let third = place.rotate(&[&OUT[..], &["--grace", "0"]].concat()).ok().json();
    assert_eq!((&third["action"], &third["deleted"][0]), (&"cleaned_up".into(), &first["key_id"]));
    let log = std::fs::read_to_string(place.home.path("config/deletions.jsonl")).unwrap();
    let logged: serde_json::Value = serde_json::from_str(&log).unwrap();
    let members = ["actor", "username", "comments", "outcome"].map(|member| logged[member].as_str().unwrap());
    assert_eq!((members, &logged["key_id"]), (["owner", "owner", "svc", "deleted"], &first["key_id"]));
    assert_eq!(place.keys().len(), 1);
    place.service_works();
    let by_id = ["keys", "rotate", second["key_id"].as_str().unwrap(), "--output", "svc.key", "--json"];
    assert_eq!(place.home.run(&by_id).ok().json()["action"], "nothing_to_do");
}

#[test]
fn a_key_made_by_hand_is_taken_over_when_it_is_due() {
    let place = Setup::new();
    place.home.run(&["keys", "create", "--name", "svc", "--expires", "+90d", "-q"]).ok();
    let early = place.rotate(&[]).ok().json();
    assert_eq!((&early["action"], early.get("api_key")), (&"nothing_to_do".into(), None));
    let due = place.rotate(&["--due", "100d"]).ok().json();
    assert_eq!((&due["action"], due["kept"].as_array().unwrap().len()), (&"rotated".into(), 1));
}

#[test]
fn a_name_without_a_key_is_said_to_be_new() {
    let place = Setup::new();
    let done = place.home.run(&["keys", "rotate", "svc", "--output", "svc.key"]).ok();
    assert!(done.err.contains("svc: no key has this name yet, so it is a new one"), "{}", done.err);
}

#[test]
fn a_newer_key_that_this_machine_did_not_make_is_left_to_a_person() {
    let place = Setup::new();
    place.rotate(&OUT).ok();
    place.later();
    let stray = place.home.run(&["keys", "create", "--name", "svc", "--json"]).ok().json();
    let id = stray["key_id"].as_str().unwrap();
    for more in [&OUT[..], &DUE, &["--output", "svc.key", "--grace", "0"]] {
        let done = place.rotate(more);
        assert_eq!((done.code, done.error()["kind"].as_str()), (8, Some("contested")), "{done:?}");
        assert!(done.error()["message"].as_str().unwrap().contains(id), "{done:?}");
        assert_eq!(place.keys().len(), 2, "nothing is created or deleted");
    }
    let foreseen = place.rotate(&[&OUT[..], &["--dry-run"]].concat());
    assert_eq!((foreseen.code, &foreseen.json()["contested"][0]), (8, &id.into()), "{foreseen:?}");
    place.home.run(&["keys", "delete", id, "--yes"]).ok();
    assert_eq!(place.rotate(&OUT).ok().json()["action"], "nothing_to_do");
}

#[test]
fn two_machines_that_rotate_one_name_end_with_a_contest() {
    let place = Setup::new();
    let other = place.bench.home("owner");
    let first = place.rotate(&OUT).ok().json();
    place.later();
    let theirs =
        other.run(&["keys", "rotate", "svc", "--output", "svc.key", "--json", "--quiet"]).ok().json();
    assert_ne!(first["key_id"], theirs["key_id"]);
    for more in [&OUT[..], &DUE] {
        let done = place.rotate(more);
        assert_eq!((done.code, done.error()["kind"].as_str()), (8, Some("contested")), "{done:?}");
    }
    assert_eq!(place.keys().len(), 2, "neither key was deleted");
    place.service_works();
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let place = Setup::new();
    let foresee = |more: &[&str]| place.rotate(&[more, &["--dry-run", "--read-only"]].concat()).ok().json();
    let first = foresee(&OUT);
    assert_eq!((&first["action"], place.keys().len()), (&"create".into(), 0), "{first}");
    assert!(!place.home.path("svc.key").exists() && place.hidden().is_empty());
    let made = place.rotate(&OUT).ok().json();
    assert_eq!(foresee(&OUT)["action"], "nothing");
    let due = foresee(&DUE);
    assert_eq!((&due["action"], &due["key_id"]), (&"rotate".into(), &made["key_id"]), "{due}");
    place.rotate(&DUE).ok();
    let clean = foresee(&[&OUT[..], &["--grace", "0"]].concat());
    assert_eq!(
        (&clean["action"], &clean["would_delete"][0]),
        (&"clean_up".into(), &made["key_id"]),
        "{clean}"
    );
    assert_eq!(place.keys().len(), 2);
    let said = place.home.run(&["keys", "rotate", "svc", "--output", "svc.key", "--dry-run"]).ok();
    assert!(said.out.starts_with("svc: nothing to do"), "{said:?}");
    let create =
        ["keys", "create", "--name", "two", "--expires", "+30d", "--json", "--dry-run", "--read-only"];
    let created = place.home.run(&create).ok().json();
    assert_eq!((&created["comments"], &created["dry_run"]), (&"two".into(), &true.into()), "{created}");
    assert_eq!(place.home.run(&["keys", "list", "--json"]).ok().out.matches("\"two\"").count(), 0);
}

#[test]
fn a_first_key_has_the_audience_that_was_asked_for_and_a_current_one_gets_it() {
    let place = Setup::new();
    let audiences = || {
        let listed = place.home.run(&["keys", "list", "--json"]).ok().json();
        let rows = listed.as_array().unwrap().iter().filter(|key| key["comments"] == "svc");
        rows.map(|key| key["audiences"].clone()).collect::<Vec<_>>()
    };
    let application = [&OUT[..], &["--audience", "application", "--grace", "0"]].concat();
    place.rotate(&application).ok();
    assert_eq!(audiences(), [serde_json::json!(["Application"])]);
    assert_eq!(place.rotate(&application).ok().json()["action"], "nothing_to_do");
    let other = place.rotate(&[&OUT[..], &["--audience", "API", "--grace", "0"]].concat()).ok().json();
    assert_eq!(other["reason"], "the current key has other audiences");
    assert_eq!(audiences(), [serde_json::json!(["API"])]);
}

#[test]
fn a_key_inside_its_grace_time_does_not_count_as_expiring() {
    let place = Setup::new();
    place.rotate(&[&OUT[..], &["--expires", "+5d"]].concat()).ok();
    let expiring = || {
        let listed = place.home.run(&["keys", "list", "--expiring-within", "6d", "--json"]);
        listed.json().as_array().unwrap().iter().filter(|key| key["comments"] == "svc").count()
    };
    let soon = || place.home.run(&["admin", "users", "--json"]).ok().json()[0]["expiring"].as_u64().unwrap();
    assert_eq!((expiring(), place.findings(), soon()), (1, vec![r#"["expiring"]"#.to_owned()], 2));
    place.rotate(&OUT).ok();
    assert_eq!((expiring(), place.keys().len()), (0, 2));
    assert_eq!((place.findings(), soon()), (vec!["[]".to_owned(), "[]".to_owned()], 1));
    // Another machine does not know which one the service has.
    std::fs::remove_file(place.home.path("config/made-keys.json")).unwrap();
    assert_eq!(expiring(), 1);
    assert!(place.findings().contains(&r#"["expiring","same_name"]"#.to_owned()), "{:?}", place.findings());
}

#[test]
fn a_key_that_was_replaced_within_its_second_does_not_count_either() {
    let place = Setup::new();
    place.rotate(&OUT).ok();
    // The clock stands still.
    for count in 2..=3 {
        place.home.run(&[&["keys", "rotate", "svc", "--quiet"][..], &DUE].concat()).ok();
        assert_eq!((place.keys().len(), place.findings()), (count, vec!["[]".to_owned(); count]));
    }
    place.service_works();
}

#[test]
fn a_model_that_is_busy_is_asked_again() {
    let place = Setup::new();
    let busy = serde_json::json!({
        "on": { "operation": "CallModel", "model": "churn-prod/add" }, "times": 1, "do": { "busy": true },
    });
    place.bench.control(reqwest::Method::POST, "/faults", &busy);
    let proven = [&["keys", "rotate", "svc"][..], &OUT, &["--verify", "churn-prod/add"]].concat();
    let done = place.home.run(&proven).ok();
    let said = "churn-prod/add is busy or being deployed: asking it again in 1 s\n";
    assert!(done.out.contains("svc: created") && done.err.ends_with(said), "{done:?}");
    let calls = "/requests/count?operation=CallModel";
    let calls = place.bench.control(reqwest::Method::GET, calls, &Value::Null);
    assert_eq!(calls["count"], 2, "once more");
}

/// An older key that is still there after its grace time counts again.
#[test]
fn a_key_beyond_its_grace_time_counts_as_expiring() {
    let place = Setup::new();
    place.rotate(&[&OUT[..], &["--expires", "+5d"]].concat()).ok();
    place.rotate(&[&OUT[..], &["--grace", "0", "--keep-old"]].concat()).ok();
    let listed = place.home.run(&["keys", "list", "--expiring-within", "6d", "--json"]);
    assert_eq!(listed.json().as_array().unwrap().iter().filter(|key| key["comments"] == "svc").count(), 1);
}

#[test]
fn rotations_that_come_faster_than_the_grace_time_do_not_begin_it_again() {
    let place = Setup::new();
    let warning = warnings(&place.rotate(&DUE).ok()).concat();
    assert!(warning.contains("the new key is due already"), "{warning}");
    let second = place.rotate(&DUE).ok().json();
    let third = place.rotate(&DUE).ok().json();
    let until = |answer: &Value| answer["kept"][0]["until"].clone();
    assert_eq!(ids(&third["kept"]).len(), 2);
    assert_eq!(until(&second), until(&third), "the first key's successor came with the second run");
    let other = place.rotate(&["--output", "svc.key", "--due", "14d"]).ok();
    assert_eq!((&other.json()["action"], warnings(&other).len()), (&"nothing_to_do".into(), 0));
}

#[test]
fn of_keys_that_may_be_in_use_there_are_not_ever_more() {
    let place = Setup::new();
    for _ in 0..5 {
        assert_eq!(place.rotate(&["--exec", "exit 1"]).code, 8);
    }
    let bounded = place.rotate(&["--exec", "cat > svc.key"]);
    assert_eq!((bounded.code, bounded.error()["kind"].as_str()), (8, Some("in_doubt")), "{bounded:?}");
    let keys = place.keys();
    assert_eq!(keys.len(), 5);
    let message = bounded.error()["message"].as_str().unwrap().to_owned();
    assert!(keys.iter().all(|id| message.contains(id.as_str())), "{message}");
    // One that is deleted by hand makes room.
    place.home.run(&["keys", "delete", keys.first().unwrap(), "--yes"]).ok();
    place.rotate(&["--exec", "cat > svc.key"]).ok();
    place.service_works();
    // However it is handed over next, what may be in use is known.
    assert_eq!(place.rotate(&["--exec", "cat > svc.key; exit 1", "--due", "400d", "--grace", "0"]).code, 8);
    place.service_works();
    let file = place.rotate(&["--output", "other.key", "--grace", "1h"]).ok().json();
    assert_eq!(file["removed_never_handed_over"], serde_json::json!([]), "{file}");
    place.service_works();
}
