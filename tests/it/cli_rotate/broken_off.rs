//! A run that is killed, or fails in the middle.

use super::*;

/// Kills the program at one request, looks whether the service still has a working key, and lets
/// the next run finish.
fn killed_at(method: &'static str, part: &'static str, trip: Trip, first: bool) {
    let place = Setup::new();
    let old = if first { None } else { Some(place.rotate(&OUT).ok().json()) };
    place.later();
    place.relay.set((method, part, trip));
    let arguments = ["keys", "rotate", "svc", "--verify", "churn-prod/add", "--grace", "0"];
    let mut child = place.home.command(&[&arguments[..], &DUE].concat()).spawn().unwrap();
    place.bench.runtime.block_on(place.relay.tripped());
    if trip != Trip::CutAfter {
        child.kill().unwrap();
    }
    assert!(!child.wait().unwrap().success());
    let at = format!("{method} {part} {trip:?}, first: {first}");
    if old.is_some() {
        place.service_works();
    }

    // Not yet due by itself: what was begun is finished all the same, or everything is as before.
    let next = place.rotate(&[&OUT[..], &["--grace", "0"]].concat()).ok().json();
    place.service_works();
    let current = next["key_id"].as_str().unwrap().to_owned();
    assert_eq!(place.keys(), BTreeSet::from([current.clone()]), "{at}");
    assert!(std::fs::read_to_string(place.home.path("svc.key")).unwrap().contains(&current), "{at}");
    let after = place.rotate(&OUT).ok().json();
    assert_eq!(
        (&after["action"], &after["key_id"]),
        (&"nothing_to_do".into(), &Value::from(current)),
        "{at}"
    );
    // Until then the creation that broke off might still yield a key.
    place.now.set(place.now.get() + 70.seconds());
    place.rotate(&OUT).ok();
    assert_eq!(place.hidden(), Vec::<String>::new(), "{at}: a finished rotation leaves no note");
}

#[test]
fn killed_while_the_key_is_created() {
    for first in [true, false] {
        for trip in [Trip::HoldBefore, Trip::HoldAfter, Trip::CutAfter] {
            killed_at("POST", "/v2_keys", trip, first);
        }
    }
}

#[test]
fn killed_while_the_key_is_proven() {
    for first in [true, false] {
        killed_at("POST", "/validate_key", Trip::HoldAfter, first);
        killed_at("GET", "/api/v2/models", Trip::HoldBefore, first);
    }
}

#[test]
fn killed_while_older_keys_are_deleted() {
    for trip in [Trip::HoldBefore, Trip::HoldAfter, Trip::CutAfter] {
        killed_at("DELETE", "/v2_keys/", trip, false);
    }
}

#[test]
fn a_model_that_refuses_the_new_key_leaves_the_old_one() {
    let place = Setup::new();
    let first = place.rotate(&OUT).ok().json();
    let done = place.rotate(&[&DUE[..], &["--verify", "churn-prod/retired"]].concat());
    assert_eq!((done.code, done.error()["kind"].as_str()), (8, Some("not_proven")));
    assert!(done.error()["message"].as_str().unwrap().contains("the new key was deleted again"));
    assert_eq!(place.keys(), BTreeSet::from([first["key_id"].as_str().unwrap().to_owned()]));
    place.service_works();
    for asked in [&DUE[..], &OUT, &[&OUT[..], &["--dry-run"]].concat()] {
        let done = place.rotate(&[asked, &["--verify", "no/such-model"]].concat());
        assert_eq!(done.code, 5, "whether or not a key is due: {done:?}");
    }
    let done = place.rotate(&["--output", "/no/such/folder/key", "--due", "400d"]);
    assert_eq!((done.code, place.keys().len()), (7, 1));
}

#[test]
fn a_first_rotation_that_fails_leaves_nothing_behind() {
    let place = Setup::new();
    for (failing, code) in [
        (&["--output", "svc.key", "--verify", "churn-prod/retired"][..], 8),
        (&["--output", "svc.key", "--verify", "no/such-model"], 5),
        (&["--output", "svc.key", "--expires", "2099-01-01"], 5),
    ] {
        let done = place.rotate(failing);
        assert_eq!((done.code, place.keys().len()), (code, 0), "{failing:?} {done:?}");
        assert_eq!(place.hidden(), Vec::<String>::new(), "{failing:?}");
        let notes = std::fs::read_dir(place.home.path("config/rotations")).unwrap().count();
        assert_eq!(notes, 0, "{failing:?}");
    }
}

#[test]
fn two_runs_at_once_are_one_run_and_a_refusal() {
    let place = Setup::new();
    let first = place.rotate(&OUT).ok().json();
    place.later();
    place.relay.set(("POST", "/v2_keys", Trip::HoldAfter));
    let due = [&["keys", "rotate", "svc"][..], &DUE].concat();
    let mut running = place.home.command(&due).spawn().unwrap();
    place.bench.runtime.block_on(place.relay.tripped());
    // The same file, the same name with another file, and the same name with a command.
    for other in [&DUE[..], &["--output", "other.key", "--due", "400d"], &["--exec", "cat", "--due", "400d"]]
    {
        let refused = place.rotate(other);
        assert_eq!((refused.code, refused.error()["kind"].as_str()), (75, Some("locked")), "{refused:?}");
    }
    let by_id = place.home.run(&["keys", "rotate", first["key_id"].as_str().unwrap(), "--exec", "cat"]);
    assert_eq!(by_id.code, 75, "{by_id:?}");
    assert_eq!(place.keys().len(), 2, "the key that is being made, and the one before");
    place.service_works();
    let another = ["keys", "rotate", "other", "--output", "other.key", "--json"];
    assert_eq!(place.home.run(&another).ok().json()["action"], "rotated", "names do not wait for each other");

    // A run that is killed locks nothing.
    running.kill().unwrap();
    running.wait().unwrap();
    place.rotate(&DUE).ok();
    place.service_works();
    assert_eq!(place.hidden(), Vec::<String>::new());
}

#[test]
fn a_key_that_cannot_be_sent_is_not_handed_over() {
    let mine = crate::support::json("200 OK", r#"{"valid":true,"username":"owner"}"#);
    let none = crate::support::json("200 OK", r#"{"keys":[]}"#);
    let made =
        crate::support::json("200 OK", r#"{"api_key":"a\u001b\nb","key_id":"k1","audiences":["API"]}"#);
    let answers = [mine, none.clone(), none, made, crate::support::json("200 OK", "{}")];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(crate::support::Scripted::start(&answers));
    let mut home = Home::new();
    home.set("KEYBENCH_URL", &server.url);
    home.set("KEYBENCH_API_KEY", &crate::support::made_up_key('a'));
    let done = home.run(&["keys", "rotate", "svc", "--output", "svc.key", "--json"]);
    assert_eq!((done.code, done.error()["kind"].as_str()), (8, Some("not_proven")), "{done:?}");
    assert!(done.error()["message"].as_str().unwrap().contains("deleted again"), "{done:?}");
    assert!(server.request(4).starts_with("DELETE ") && !home.path("svc.key").exists());
}

#[test]
fn where_a_hand_over_cannot_be_noted_nothing_is_created() {
    let place = Setup::new();
    place.home.run(&["keys", "list"]).ok();
    let notes = place.home.path("config/rotations");
    std::fs::create_dir_all(notes.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("nowhere", &notes).unwrap();
    for more in [&[][..], &["--record", "svc.id"]] {
        let done = place.rotate(&[&["--exec", "cat > svc.key"], more].concat());
        assert_eq!((done.code, place.keys().len()), (7, 0), "{done:?}");
        assert!(done.error()["message"].as_str().unwrap().contains("cannot be noted"), "{done:?}");
    }
    assert!(!place.home.path("svc.key").exists());
    // A note that cannot be replaced once the command has run: the key is the service's all the same.
    std::fs::remove_file(&notes).unwrap();
    let spoil = "cat > svc.key; rm -r config/rotations; touch config/rotations";
    let done = place.rotate(&["--exec", spoil]);
    assert_eq!((done.code, done.error()["kind"].as_str()), (74, Some("not_noted")), "{done:?}");
    assert_eq!(place.keys().len(), 1);
    place.service_works();
}

/// Kills the program after ever longer times, whatever it is doing then.
#[test]
fn killed_at_any_moment_the_service_keeps_a_working_key() {
    let place = Setup::new();
    let exec = ["--exec", "cat > svc.new && mv svc.new svc.key", "--grace", "0"];
    place.rotate(&exec).ok();
    let due = [&["keys", "rotate", "svc", "--due", "400d"][..], &exec].concat();
    let begin = std::time::Instant::now();
    place.later();
    place.home.run(&due).ok();
    let whole = begin.elapsed();
    for round in 0..20 {
        place.later();
        let mut child = place.home.command(&due);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Through the whole course of a run, a little more each time.
        std::thread::sleep(whole * round / 20);
        let _ = child.kill();
        child.wait().unwrap();
        place.service_works();
    }
    // A command that was left behind ends first.
    let last = loop {
        let last = place.rotate(&exec);
        if last.code != 75 {
            break last;
        }
    };
    assert!(matches!(last.code, 0 | 8), "{last:?}");
    place.service_works();
    if last.code == 0 {
        assert_eq!(place.keys().len(), 1);
    }
    let left: Vec<_> = std::fs::read_dir(place.home.path("config/rotations")).unwrap().collect();
    assert_eq!(left.len(), 1, "the note, and no file with a key: {left:?}");
}
