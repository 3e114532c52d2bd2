//! The key is handed over in a file.

use super::*;

#[test]
fn a_file_that_is_not_there_was_handed_to_nobody() {
    let place = Setup::new();
    let by_hand = place.home.run(&["keys", "create", "--name", "svc", "--json"]).ok().json();
    let first = place.rotate(&OUT).ok().json();
    assert_eq!((&first["action"], place.keys().len()), (&"rotated".into(), 2));
    assert_eq!(first["kept"][0]["key_id"], by_hand["key_id"], "a service may use it: it has its grace");
    place.service_works();
    std::fs::remove_file(place.home.path("svc.key")).unwrap();
    assert_eq!(place.rotate(&OUT).ok().json()["action"], "rotated");
    place.service_works();
    let idle = place.rotate(&OUT).ok().json();
    assert_eq!((&idle["action"], &idle["output"]), (&"nothing_to_do".into(), &first["output"]));
}

#[test]
fn a_file_that_went_missing_is_named_with_what_becomes_of_older_keys() {
    let place = Setup::new();
    let first = place.rotate(&OUT).ok();
    assert!(warnings(&first).is_empty(), "no key had the name: {first:?}");
    std::fs::rename(place.home.path("svc.key"), place.home.path("moved.key")).unwrap();
    place.later();
    let line = ["keys", "rotate", "svc", "--output", "svc.key"];
    let seen = place.home.run(&[&line[..], &["--dry-run"]].concat()).ok().out;
    let file = place.home.folder.path().canonicalize().unwrap().join("svc.key");
    let why = format!("there is no key in {}, so the key in use is not known", file.display());
    assert!(
        seen.starts_with(&format!("svc: would create a key: {why}\nolder keys of this name are")),
        "{seen}"
    );
    assert!(seen.contains("if the file was moved or renamed"), "{seen}");
    let done = place.home.run(&line).ok();
    assert!(done.err.contains(&format!("svc: {why}: creating a new one; older keys")), "{done:?}");
    let keeping = place.rotate(&["--output", "other.key", "--keep-old"]).ok();
    assert!(
        warnings(&keeping)[0].ends_with("creating a new one; older keys of this name stay"),
        "{keeping:?}"
    );
    // The file that a command keeps says it as well.
    let kept = place.rotate(&["--exec", "echo $KEYBENCH_KEY_ID > id", "--record", "id"]).ok();
    assert!(warnings(&kept)[0].starts_with("svc: there is no key in "), "{kept:?}");
}

#[test]
fn a_file_keeps_owner_group_and_mode_or_nothing_is_handed_over() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    let place = Setup::new();
    place.rotate(&[&OUT[..], &["--mode", "640"]].concat()).ok();
    let file = place.home.path("svc.key");
    assert_eq!(mode(&file), 0o640);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o440)).unwrap();
    let is_root = chown(&file, Some(33), Some(33)).is_ok();
    let done = place.rotate(&DUE).ok();
    assert_eq!((mode(&file), warnings(&done).len()), (0o440, 1), "a group may read it: {done:?}");
    let found = std::fs::metadata(&file).unwrap();
    assert!(!is_root || (found.uid(), found.gid()) == (33, 33));
    place.service_works();

    let before = place.keys();
    let nobody = [&DUE[..], &["--owner", "no-such-user"]].concat();
    assert_eq!((place.rotate(&nobody).code, place.keys()), (7, before.clone()));
    if is_root {
        place.rotate(&[&DUE[..], &["--owner", "34:34", "--mode", "600"]].concat()).ok();
        let found = std::fs::metadata(&file).unwrap();
        assert_eq!((found.uid(), found.gid(), mode(&file)), (34, 34, 0o600));
    } else {
        let refused = place.rotate(&[&DUE[..], &["--owner", "0:0"]].concat());
        assert_eq!((refused.code, place.keys()), (7, before), "{refused:?}");
    }
}

#[test]
fn a_file_whose_key_was_revoked_heals_without_notes() {
    let place = Setup::new();
    let first = place.rotate(&OUT).ok().json();
    place.home.run(&["keys", "delete", first["key_id"].as_str().unwrap(), "--yes"]).ok();
    std::fs::remove_dir_all(place.home.path("config")).unwrap();
    let healed = place.rotate(&OUT).ok();
    assert!(warnings(&healed)[0].contains("does not accept the key in"), "{healed:?}");
    assert_eq!((&healed.json()["action"], place.keys().len()), (&"rotated".into(), 1));
    place.service_works();
}

#[test]
fn a_file_with_something_else_is_not_overwritten() {
    let place = Setup::new();
    place.home.file("svc.key", "precious\n");
    let done = place.rotate(&DUE);
    assert_eq!((done.code, place.keys().len()), (7, 0));
    assert_eq!(std::fs::read_to_string(place.home.path("svc.key")).unwrap(), "precious\n");
}

#[test]
fn a_file_of_keys_create_is_taken_over() {
    let place = Setup::new();
    place.home.run(&["keys", "create", "--name", "svc", "--expires", "+5d", "--output", "svc.key"]).ok();
    let before = place.keys();
    let done = place.rotate(&OUT).ok().json();
    assert_eq!((&done["action"], place.keys().len()), (&"rotated".into(), 2));
    assert!(before.contains(done["kept"][0]["key_id"].as_str().unwrap()));
    place.service_works();
}

#[test]
fn the_whole_file_is_the_key() {
    let place = Setup::new();
    place.rotate(&OUT).ok();
    let text = std::fs::read_to_string(place.home.path("svc.key")).unwrap();
    assert_eq!((text.lines().count(), text.trim().len()), (1, 129));
    // A host that made none of these keys reads the record all the same.
    std::fs::remove_file(place.home.path("config/made-keys.json")).unwrap();
    assert_eq!(place.rotate(&OUT).ok().json()["action"], "nothing_to_do");
    let second = place.rotate(&[&DUE[..], &["--grace", "0"]].concat()).ok().json();
    assert_eq!((&second["action"], place.keys().len()), (&"rotated".into(), 1));
    // The file as it was written before, with a remark.
    let text = std::fs::read_to_string(place.home.path("svc.key")).unwrap();
    let id = second["key_id"].as_str().unwrap();
    place.home.file("svc.key", &format!("{text}# keybench key_id={id} handed_over=2026-01-01T00:00:00Z\n"));
    assert_eq!(place.rotate(&OUT).ok().json()["action"], "nothing_to_do");
}

#[test]
fn a_key_of_elsewhere_in_the_file_is_not_replaced() {
    let place = Setup::new();
    place.rotate(&OUT).ok();
    // It works, and is another user's.
    let text = format!("{}\n", place.bench.key("contributor"));
    place.home.file("svc.key", &text);
    let done = place.rotate(&DUE);
    assert_eq!((done.code, place.keys().len()), (7, 1), "{done:?}");
    assert!(done.error()["message"].as_str().unwrap().contains("svc.key"), "{done:?}");
    assert_eq!(std::fs::read_to_string(place.home.path("svc.key")).unwrap(), text);
}

#[test]
fn a_file_with_the_key_of_another_name_is_refused() {
    let place = Setup::new();
    place.rotate(&OUT).ok();
    place.later();
    let before = std::fs::read_to_string(place.home.path("svc.key")).unwrap();
    let done = place.home.run(&["keys", "rotate", "other", "--output", "svc.key", "--json"]);
    assert_eq!((done.code, done.error()["kind"].as_str()), (7, Some("invalid")), "{done:?}");
    assert!(done.error()["message"].as_str().unwrap().contains("\"svc\""), "{done:?}");
    assert_eq!(std::fs::read_to_string(place.home.path("svc.key")).unwrap(), before);
}
