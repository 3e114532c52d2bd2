//! `keys` against the embedded workbench: created, listed, handed out, deleted. Rotation has tests of its own.

use crate::support::bench::{Bench, mode, on_one_day};
use crate::support::made_up_key;

#[test]
fn a_key_that_could_not_be_handed_out_is_named() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    for command in [&["keys", "create", "--name", "svc", "--json"][..], &["keys", "rotate", "svc2", "--json"]]
    {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let child = home.command(command).stdout(full).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(74), "{err}");
        let listed = home.run(&["keys", "list", "--json"]).ok().json();
        let name = command.iter().find(|word| word.starts_with("svc")).copied();
        let key = listed.as_array().unwrap().iter().find(|key| key["comments"].as_str() == name).unwrap();
        let error: serde_json::Value = serde_json::from_str(&err).unwrap();
        let id = key["key_id"].as_str().unwrap();
        assert!(error["error"]["message"].as_str().unwrap().contains(id), "{err}");
        assert!(error["error"]["hint"].as_str().unwrap().contains("keys delete"), "{err}");
    }
}

/// The new key works, but cannot be named by its ID later.
#[test]
fn a_note_of_keys_that_cannot_be_used_is_said_and_kept() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    home.run(&["keys", "create", "--name", "first", "--output", "first"]).ok();
    let file = home.path("config/made-keys.json");
    for (at, text) in ["{\"version\": 9}", "{\"version\": 1, \"keys\""].iter().enumerate() {
        std::fs::write(&file, text).unwrap();
        let done = home.run(&["keys", "create", "--name", "x", "--output", &format!("x{at}"), "--json"]).ok();
        let warning: serde_json::Value = serde_json::from_str(done.err.trim()).unwrap();
        assert_eq!(warning["warning"]["kind"], "not_noted", "{done:?}");
        let message = warning["warning"]["message"].as_str().unwrap();
        let copy = message.rsplit_once("a copy is in ").unwrap().1;
        assert_eq!(std::fs::read_to_string(copy).unwrap(), *text);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), *text);
    }
    // A rotation notes more there.
    let done = home.run(&["keys", "rotate", "svc", "--output", "svc"]).ok();
    assert!(done.err.contains("is not noted here") && done.err.contains("made-keys.json"), "{done:?}");
}

#[test]
fn a_key_that_ends_within_a_day_is_made_with_a_warning() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let warns = |expires: &str, more: &str| {
        let done = home.run(&["keys", "create", "--name", "x", "--expires", expires, "--json", more]).ok();
        let warning = "{\"warning\":{\"kind\":\"short\",\"message\":\"this key lasts less than a day\"";
        done.err.starts_with(warning)
    };
    assert!(warns("+0d", "--quiet") && warns("today", "--dry-run"));
    assert!(!warns("+2d", "--quiet") && !warns("default", "--quiet"));
}

#[test]
fn keys_are_created_listed_and_deleted() {
    on_one_day();
    let bench = Bench::demo();
    let home = bench.home("owner");
    let created = home.run(&["keys", "create", "--name", "svc", "--expires", "+90d", "--json"]).ok().json();
    let id = created["key_id"].as_str().unwrap().to_owned();
    assert_eq!(created["api_key"].as_str().unwrap().len(), 129);
    assert_eq!((&created["comments"], &created["audiences"]), (&"svc".into(), &serde_json::json!(["API"])));
    let listed = home.run(&["keys", "list", "--json"]).ok();
    let row =
        listed.json().as_array().unwrap().iter().find(|key| key["key_id"] == id.as_str()).cloned().unwrap();
    assert_eq!(
        (&row["days_left"], &row["status"], &row["expiry_date"]),
        (&90.into(), &"active".into(), &created["expiry_date"])
    );
    assert!(!listed.out.contains(created["api_key"].as_str().unwrap()));

    let said = home.run(&["keys", "create", "--expires", "+90d"]).ok();
    assert!(said.out.ends_with(" 23:59 UTC\n"), "{said:?}");

    let file = home.path("key");
    let done = home.run(&["keys", "create", "--comment", "file", "--output", "key"]).ok();
    assert_eq!(mode(&file), 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!done.out.contains(text.trim()) && text.trim().len() == 129, "{}", done.out);
    let valid = home.run(&["keys", "validate", "--api-key-file", "key", "--json"]).ok().json();
    assert_eq!((&valid["valid"], &valid["username"]), (&true.into(), &"owner".into()));
    let identified = home.run(&["keys", "identify", "--api-key-file", "key", "--json"]).ok().json();
    assert_eq!((&identified["comments"], &identified["how"]), (&"file".into(), &"made here".into()));

    let again = home.run(&["keys", "create", "--output", "key"]);
    assert_eq!(again.code, 7, "the file may hold the only copy of a key");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);

    let short = format!("{}…{}", &id[..4], &id[60..]);
    let table = home.run(&["keys", "list"]).ok();
    assert!(table.out.contains(&short) && !table.out.contains(&id), "{}", table.out);
    assert!(table.out.lines().all(|line| line.chars().count() <= 80), "{}", table.out);
    let plan = home.run(&["keys", "delete", &short, "--dry-run", "--json"]).ok().json();
    assert_eq!(plan["would_delete"][0]["key_id"], id.as_str());
    home.run(&["keys", "delete", &short, "--yes"]).ok();
    assert_eq!(home.run(&["keys", "delete", &id, "--yes"]).code, 5);
    assert_eq!(home.run(&["keys", "delete", &short, "--yes"]).code, 5);
    let other = home.file("other", &made_up_key('c'));
    let done = home.run(&["keys", "validate", "--api-key-file", &other, "--json"]);
    assert_eq!((done.code, &done.json()["valid"]), (8, &false.into()));
    let done = home.run(&["keys", "identify", "--api-key-file", &other]);
    assert_eq!(done.code, 8);
    assert!(done.out.contains("cannot be known"), "{}", done.out);

    let all = home.run(&["keys", "delete", "--all", "--yes"]).ok();
    assert!(all.err.contains("the one that you are signed in with: it is not deleted"), "{}", all.err);
    let left = home.run(&["keys", "list", "--json"]).ok().json();
    assert_eq!(left.as_array().unwrap().len(), 1, "the key that asks is spared");
    let own = left[0]["key_id"].as_str().unwrap().to_owned();
    let named = home.run(&["keys", "delete", &own, "--yes"]).ok();
    assert!(named.err.contains("the one that you are signed in with: without it"), "{}", named.err);
    assert_eq!(home.run(&["whoami"]).code, 4, "named by its id it goes too");
}

#[test]
fn every_key_that_is_named_is_tried() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let create = |name: &str| {
        let made = home.run(&["keys", "create", "--name", name, "--json"]).ok().json();
        made["key_id"].as_str().unwrap().to_owned()
    };
    let (one, two, bad) = (create("one"), create("two"), "f".repeat(64));
    let done = home.run(&["keys", "delete", &one, &bad, &two, &one, "--yes", "--json"]);
    assert_eq!(done.code, 5, "{done:?}");
    assert_eq!(done.json()["deleted"], serde_json::json!([one, two]));
    let failed = &done.json()["failed"];
    assert_eq!((&failed[0]["key_id"], &failed[0]["status"]), (&bad.clone().into(), &404.into()));
    let message = done.error()["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("1 of 3 keys were not deleted: ") && message.contains("ffff…ffff"),
        "{message}"
    );
    let human = home.run(&["keys", "delete", &create("three"), &bad, "--yes"]);
    assert_eq!((human.code, human.out.as_str()), (5, "deleted 1 key of owner\n"), "{human:?}");

    // What could be several deletes none.
    let three = create("three");
    let hexadecimal = "0123456789abcdef".chars().map(String::from);
    let all = home.run(&["keys", "list", "--json"]).ok().json().as_array().unwrap().len();
    assert_eq!(
        hexadecimal.filter(|begin| home.run(&["keys", "delete", begin, "--yes"]).code != 5).count(),
        0
    );
    assert_eq!(home.run(&["keys", "list", "--json"]).ok().json().as_array().unwrap().len(), all);

    // Nobody answers: the rest is not tried.
    let dead =
        ["keys", "delete", &three, &bad, "--user", "owner", "--yes", "--json", "--url", "http://127.0.0.1:1"];
    let done = home.run(&dead);
    assert_eq!(done.code, 6, "{done:?}");
    assert_eq!(
        (&done.json()["failed"][0]["kind"], &done.json()["failed"][1]["kind"]),
        (&"no_answer".into(), &"not_tried".into())
    );
}

#[test]
fn expiring_keys_are_found_and_expired_ones_do_not_count() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let done = home.run(&["keys", "list", "--expiring-within", "14d", "--json"]);
    assert_eq!(done.code, 8);
    let found = done.json();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["comments"]), (1, &"dashboard".into()));
    let done = home.run(&["keys", "list", "--expiring-within", "3d", "--json"]).ok();
    assert_eq!(done.out, "[]\n");
    let all = home.run(&["keys", "list"]).ok();
    assert!(all.out.contains("expired") && all.out.contains("old demo"), "{}", all.out);
}

#[test]
fn a_key_goes_into_no_repository() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let git = |arguments: &[&str]| {
        assert!(crate::support::git(home.folder.path(), arguments).status().unwrap().success());
    };
    git(&["init", "-q"]);
    let before = home.run(&["keys", "list", "--json"]).ok().json().as_array().unwrap().len();
    let done = home.run(&["keys", "create", "--output", "key"]);
    assert_eq!(done.code, 7);
    assert!(done.err.contains("version-controlled"), "{}", done.err);
    assert_eq!(home.run(&["keys", "list", "--json"]).ok().json().as_array().unwrap().len(), before);
    home.file(".gitignore", "key\n");
    home.run(&["keys", "create", "--output", "key"]).ok();
}
