//! The key is handed over to a command.

use super::*;

#[test]
fn no_key_goes_on_working_where_none_was_handed_over() {
    let place = Setup::new();
    for _ in 0..2 {
        let failed = place.rotate(&["--exec", "exit 9"]);
        let message = failed.error()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("may be in use") && !message.contains("goes on working"), "{message}");
    }
    assert_eq!(place.keys().len(), 2);
}

#[test]
fn a_command_gets_the_key_and_what_it_got_is_known() {
    let place = Setup::new();
    let exec = ["--exec", "cat > got; echo $KEYBENCH_KEY_ID > got.id; echo chatter"];
    let first = place.rotate(&exec).ok().json();
    let got = |name: &str| std::fs::read_to_string(place.home.path(name)).unwrap();
    assert_eq!(got("got.id").trim(), first["key_id"]);
    assert_eq!(got("got").trim().len(), 129);
    assert!(first.get("api_key").is_none());
    assert_eq!(place.rotate(&exec).ok().json()["action"], "nothing_to_do");

    // A command that fails, or is killed with this program, may have handed the key over: it stays.
    let failed = place.rotate(&["--exec", "exit 3", "--due", "400d"]);
    assert_eq!((failed.code, place.keys().len()), (8, 2), "{failed:?}");
    assert!(failed.error()["message"].as_str().unwrap().contains("may be in use"), "{failed:?}");
    let killed = place.rotate(&["--exec", "kill -9 $PPID", "--due", "400d"]);
    assert_eq!((killed.code, place.keys().len()), (-1, 3));
    let third = place.rotate(&[&exec[..], &["--grace", "0"]].concat()).ok().json();
    assert_eq!((&third["action"], place.keys().len()), (&"rotated".into(), 1));
    assert_ne!(third["key_id"], first["key_id"]);
    assert_eq!(got("got.id").trim(), third["key_id"]);

    // A record that the command keeps goes before the own note.
    let kept = ["--exec", "cat > got; echo $KEYBENCH_KEY_ID > got.id", "--record", "got.id"];
    assert_eq!(place.rotate(&kept).ok().json()["action"], "nothing_to_do");
    let fourth = place.rotate(&[&kept[..], &["--due", "400d", "--grace", "0"]].concat()).ok().json();
    assert_eq!((&fourth["action"], place.keys().len()), (&"rotated".into(), 1));
    assert_eq!(place.rotate(&kept).ok().json()["action"], "nothing_to_do");
}

#[test]
fn a_record_that_does_not_exist_yet_means_that_nothing_was_handed_over() {
    let place = Setup::new();
    // As a job without a lasting home whose first run was killed: a key, and no record of it.
    place.home.run(&["keys", "create", "--name", "svc", "-q"]).ok();
    let kept = ["--exec", "cat > got; echo $KEYBENCH_KEY_ID > got.id", "--record", "got.id"];
    let first = place.rotate(&kept).ok().json();
    assert_eq!((&first["action"], place.keys().len()), (&"rotated".into(), 2));
    let second = place.rotate(&[&kept[..], &["--grace", "0"]].concat()).ok().json();
    assert_eq!((&second["action"], place.keys().len()), (&"cleaned_up".into(), 1));
}

#[test]
fn a_record_that_the_command_does_not_keep_is_said_and_makes_no_key_more() {
    let place = Setup::new();
    let exec = ["--exec", "cat > svc.key", "--record", "svc.id"];
    let first = place.rotate(&exec).ok();
    let (warning, first) = (warnings(&first).concat(), first.json());
    assert!(warning.contains("svc.id") && warning.contains("does not name key"), "{warning}");
    assert_eq!(place.rotate(&exec).ok().json()["key_id"], first["key_id"]);
    // An old record stays as it was: the newer key is still the service's.
    place.home.file("svc.id", first["key_id"].as_str().unwrap());
    let second = place.rotate(&[&exec[..], &["--due", "400d"]].concat()).ok().json();
    assert_eq!((&second["action"], place.keys().len()), (&"rotated".into(), 2));
    let again = place.rotate(&exec).ok().json();
    assert_eq!((&again["action"], &again["key_id"]), (&"nothing_to_do".into(), &second["key_id"]));
    place.service_works();
    // Once it is written, it goes before the note.
    place.home.file("svc.id", second["key_id"].as_str().unwrap());
    assert_eq!(place.rotate(&exec).ok().json()["action"], "nothing_to_do");

    for (text, what) in [("", "is empty"), ("no such thing\n", "names no key")] {
        place.home.file("svc.id", text);
        let done = place.rotate(&exec);
        assert_eq!((done.code, place.keys().len()), (7, 2), "{done:?}");
        let message = done.error()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("svc.id") && message.contains(what), "{message}");
    }
    place.home.file("svc.id", &"f".repeat(64));
    assert_eq!(
        place.rotate(&exec).ok().json()["reason"],
        "the key that was handed over is not listed any more"
    );
}

#[test]
fn a_key_that_a_command_was_started_with_outlives_every_failure() {
    let place = Setup::new();
    // It hands the key over, and then fails: in one case with this program.
    let due = ["--due", "400d", "--grace", "0"];
    let first = place.rotate(&[&["--exec", "cat > svc.key"][..], &due].concat()).ok().json();
    for (command, code) in [("cat > svc.key; kill -9 $PPID", -1), ("cat > svc.key; exit 1", 8), ("exit 1", 8)]
    {
        assert_eq!(place.rotate(&[&["--exec", command][..], &due].concat()).code, code, "{command}");
        place.service_works();
    }
    assert_eq!(place.keys().len(), 4, "all of them may be in use");
    assert!(place.keys().contains(first["key_id"].as_str().unwrap()));
    let last = place.rotate(&["--exec", "cat > svc.key", "--grace", "1h"]).ok().json();
    assert_eq!((ids(&last["kept"]).len(), place.keys().len()), (4, 5), "until the grace time is over");
    let done = place.rotate(&["--exec", "cat > svc.key", "--grace", "0"]).ok().json();
    assert_eq!((&done["action"], place.keys().len()), (&"cleaned_up".into(), 1));
    place.service_works();
}

#[test]
fn a_name_that_moves_between_files_and_commands_loses_no_key() {
    let place = Setup::new();
    let ways = [["--exec", "cat > a.key"], ["--output", "b.key"], ["--output", "c.key"]];
    // Every way after every other, when no key is due.
    for way in [0, 1, 0, 2, 0, 1, 2, 1, 0, 2, 0] {
        let done = place.rotate(&[&ways[way][..], &["--grace", "1h"]].concat()).ok().json();
        assert_eq!(done["removed_never_handed_over"], serde_json::json!([]), "{done}");
        assert_eq!(done["deleted"], serde_json::json!([]), "{done}");
        for file in ["a.key", "b.key", "c.key"].into_iter().filter(|file| place.home.path(file).exists()) {
            place.home.run(&["models", "test", "churn-prod/add", "--api-key-file", file, "--quiet"]).ok();
        }
    }
    // Where it stays, it converges.
    place.rotate(&["--output", "c.key", "--grace", "0"]).ok();
    place.rotate(&["--output", "c.key", "--grace", "0"]).ok();
    assert_eq!(place.rotate(&["--output", "c.key", "--grace", "0"]).ok().json()["action"], "nothing_to_do");
    assert_eq!(place.keys().len(), 1);
}

#[test]
fn a_command_that_outlives_a_killed_run_keeps_others_away() {
    let place = Setup::new();
    let exec = "touch started; kill -9 $PPID; until [ -e go ]; do sleep 0.01; done; cat > svc.key";
    // With no output of its own to wait for: the command has that too.
    let mut killed = place.home.command(&["keys", "rotate", "svc", "--exec", exec]);
    let killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(!killed.success() && place.home.path("started").exists());
    let refused = place.rotate(&["--exec", "cat > svc.key"]);
    assert_eq!((refused.code, refused.error()["kind"].as_str()), (75, Some("locked")), "{refused:?}");
    place.home.file("go", "");
    let next = loop {
        let next = place.rotate(&["--exec", "cat > svc.key", "--grace", "0"]);
        if next.code != 75 {
            break next.ok().json();
        }
    };
    assert_eq!((&next["action"], place.keys().len()), (&"rotated".into(), 1));
    place.service_works();
}

#[test]
fn a_command_has_so_much_time_and_no_more() {
    let place = Setup::new();
    place.rotate(&["--exec", "cat > svc.key"]).ok();
    let done = place.rotate(&["--exec", "sleep 600", "--exec-timeout", "1s", "--due", "400d"]);
    assert_eq!((done.code, place.keys().len()), (8, 2), "{done:?}");
    let message = done.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("had not ended after 1 s, and was stopped"), "{message}");
    place.service_works();
    place.rotate(&["--exec", "cat > svc.key"]).ok();
}
