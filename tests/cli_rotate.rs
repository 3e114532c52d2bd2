//! `keys rotate`: it converges, and a run that is killed anywhere is finished by the next.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan as _};
use keybench::workbench::{Clock, Seed};
use serde_json::Value;
use support::bench::{Bench, Done, Home, mode};
use support::relay::{Relay, Trip};

/// A workbench whose clock moves only when told, since the order of keys is that of their seconds.
struct Place {
    bench: Bench,
    home: Home,
    relay: Relay,
    now: std::cell::Cell<Timestamp>,
}

impl Place {
    fn new() -> Self {
        // Behind the program's own clock, however far it is moved on.
        let now = Timestamp::now() - 1.hour();
        let bench = Bench::start(Seed::Demo, Clock::stopped_at(now));
        let relay = bench.runtime.block_on(Relay::start(&bench.url));
        let mut home = bench.home("owner");
        home.set("KEYBENCH_URL", &relay.url);
        home.set("KEYBENCH_MODEL_URL", &bench.model_url);
        Self { bench, home, relay, now: now.into() }
    }

    /// A second later, so that the next key is newer.
    fn later(&self) {
        self.now.set(self.now.get() + 2.seconds());
        self.bench.clock.set(self.now.get());
    }

    fn rotate(&self, more: &[&str]) -> Done {
        self.later();
        let arguments = [&["keys", "rotate", "svc", "--json", "--quiet"][..], more].concat();
        self.home.run(&arguments)
    }

    /// Key IDs of the name, as the workbench lists them.
    fn keys(&self) -> BTreeSet<String> {
        let listed = self.home.run(&["keys", "list", "--json"]).ok().json();
        let rows = listed.as_array().unwrap().iter().filter(|key| key["comments"] == "svc");
        rows.map(|key| key["key_id"].as_str().unwrap().to_owned()).collect()
    }

    /// Names of the files beside the output that are not the output.
    fn hidden(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.home.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with('.')).collect()
    }

    /// The key in the output file works.
    #[track_caller]
    fn service_works(&self) {
        self.home.run(&["models", "test", "churn-prod/add", "--api-key-file", "svc.key", "--quiet"]).ok();
    }
}

const OUT: [&str; 2] = ["--output", "svc.key"];
/// Every key is due.
const DUE: [&str; 4] = ["--output", "svc.key", "--due", "400d"];

#[test]
fn a_rotation_converges() {
    let place = Place::new();
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
    assert_eq!(place.keys().len(), 1);
    place.service_works();
    let by_id = ["keys", "rotate", second["key_id"].as_str().unwrap(), "--output", "svc.key", "--json"];
    assert_eq!(place.home.run(&by_id).ok().json()["action"], "nothing_to_do");
}

#[test]
fn a_key_made_by_hand_is_taken_over_when_it_is_due() {
    let place = Place::new();
    place.home.run(&["keys", "create", "--name", "svc", "--expires", "+90d", "-q"]).ok();
    let early = place.rotate(&[]).ok().json();
    assert_eq!((&early["action"], early.get("api_key")), (&"nothing_to_do".into(), None));
    let due = place.rotate(&["--due", "100d"]).ok().json();
    assert_eq!((&due["action"], due["kept"].as_array().unwrap().len()), (&"rotated".into(), 1));
}

#[test]
fn a_file_that_is_not_there_was_handed_to_nobody() {
    let place = Place::new();
    let by_hand = place.home.run(&["keys", "create", "--name", "svc", "--json"]).ok().json();
    let first = place.rotate(&OUT).ok().json();
    assert_eq!((&first["action"], place.keys().len()), (&"rotated".into(), 2));
    assert_eq!(first["kept"][0]["key_id"], by_hand["key_id"], "somebody may use it: it has its grace");
    place.service_works();
    std::fs::remove_file(place.home.path("svc.key")).unwrap();
    assert_eq!(place.rotate(&OUT).ok().json()["action"], "rotated");
    place.service_works();
    assert_eq!(place.rotate(&OUT).ok().json()["action"], "nothing_to_do");
}

#[test]
fn a_name_without_a_key_is_said_to_be_new() {
    let place = Place::new();
    let done = place.home.run(&["keys", "rotate", "svc", "--output", "svc.key"]).ok();
    assert!(done.err.contains("svc: no key has this name yet, so it is a new one"), "{}", done.err);
}

#[test]
fn a_key_newer_than_the_record_was_never_handed_over() {
    let place = Place::new();
    let first = place.rotate(&OUT).ok().json();
    place.later();
    let stray = place.home.run(&["keys", "create", "--name", "svc", "--json"]).ok().json();
    let done = place.rotate(&OUT).ok().json();
    assert_eq!(done["removed_never_handed_over"], serde_json::json!([stray["key_id"]]));
    assert_eq!((&done["action"], &done["key_id"]), (&"cleaned_up".into(), &first["key_id"]));
}

/// Kills the program at one request, looks whether the service still has a working key, and lets
/// the next run finish.
fn killed_at(method: &'static str, part: &'static str, trip: Trip, first: bool) {
    let place = Place::new();
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
    let place = Place::new();
    let first = place.rotate(&OUT).ok().json();
    let done = place.rotate(&[&DUE[..], &["--verify", "churn-prod/retired"]].concat());
    assert_eq!((done.code, done.error()["kind"].as_str()), (8, Some("not_proven")));
    assert!(done.error()["message"].as_str().unwrap().contains("the new key was deleted again"));
    assert_eq!(place.keys(), BTreeSet::from([first["key_id"].as_str().unwrap().to_owned()]));
    place.service_works();
    let done = place.rotate(&[&DUE[..], &["--verify", "no/such-model"]].concat());
    assert_eq!(done.code, 5);
    let done = place.rotate(&["--output", "/no/such/folder/key", "--due", "400d"]);
    assert_eq!((done.code, place.keys().len()), (7, 1));
}

#[test]
fn a_first_rotation_that_fails_leaves_nothing_behind() {
    let place = Place::new();
    for (failing, code) in [
        (&["--output", "svc.key", "--verify", "churn-prod/retired"][..], 8),
        (&["--output", "svc.key", "--verify", "no/such-model"], 5),
        (&["--output", "svc.key", "--expires", "2099-01-01"], 5),
        (&["--exec", "exit 3"], 8),
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
    let place = Place::new();
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
fn a_key_is_named_for_rotation_by_what_the_list_shows() {
    let place = Place::new();
    let first = place.rotate(&OUT).ok().json();
    let id = first["key_id"].as_str().unwrap();
    for wanted in [id.to_owned(), id[..10].to_owned(), format!("{}…{}", &id[..4], &id[60..])] {
        let done = place.home.run(&["keys", "rotate", &wanted, "--output", "svc.key", "--json"]).ok().json();
        assert_eq!((&done["name"], &done["action"]), (&"svc".into(), &"nothing_to_do".into()), "{wanted}");
    }
    for unknown in ["f".repeat(64), "ffff…ffff".to_owned()] {
        let done = place.home.run(&["keys", "rotate", &unknown, "--output", "other.key", "--json"]);
        assert_eq!((done.code, done.error()["kind"].as_str()), (5, Some("not_found")), "{unknown}");
    }
    assert_eq!(place.keys().len(), 1);
}

#[test]
fn a_file_with_something_else_is_not_overwritten() {
    let place = Place::new();
    place.home.file("svc.key", "precious\n");
    let done = place.rotate(&DUE);
    assert_eq!((done.code, place.keys().len()), (7, 0));
    assert_eq!(std::fs::read_to_string(place.home.path("svc.key")).unwrap(), "precious\n");
}

#[test]
fn a_file_of_keys_create_is_taken_over() {
    let place = Place::new();
    place.home.run(&["keys", "create", "--name", "svc", "--expires", "+5d", "--output", "svc.key"]).ok();
    let before = place.keys();
    let done = place.rotate(&OUT).ok().json();
    assert_eq!((&done["action"], place.keys().len()), (&"rotated".into(), 2));
    assert!(before.contains(done["kept"][0]["key_id"].as_str().unwrap()));
    place.service_works();
}

#[test]
fn a_command_gets_the_key_and_what_it_got_is_known() {
    let place = Place::new();
    let exec = ["--exec", "cat > got; echo $KEYBENCH_KEY_ID > got.id; echo chatter"];
    let first = place.rotate(&exec).ok().json();
    let got = |name: &str| std::fs::read_to_string(place.home.path(name)).unwrap();
    assert_eq!(got("got.id").trim(), first["key_id"]);
    assert_eq!(got("got").trim().len(), 129);
    assert!(first.get("api_key").is_none());
    assert_eq!(place.rotate(&exec).ok().json()["action"], "nothing_to_do");

    let failed = place.rotate(&["--exec", "exit 3", "--due", "400d"]);
    assert_eq!((failed.code, place.keys().len()), (8, 1), "{failed:?}");
    assert_eq!(place.rotate(&exec).ok().json()["key_id"], first["key_id"]);

    // Killed while the command runs, nobody knows what the service has: both keys stay.
    let killed = place.rotate(&["--exec", "kill -9 $PPID", "--due", "400d"]);
    assert_eq!((killed.code, place.keys().len()), (-1, 2));
    let third = place.rotate(&[&exec[..], &["--grace", "0"]].concat()).ok().json();
    assert_eq!((&third["action"], place.keys().len()), (&"rotated".into(), 1));
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
    let place = Place::new();
    // As a job without a lasting home whose first run was killed: a key, and no record of it.
    place.home.run(&["keys", "create", "--name", "svc", "-q"]).ok();
    let kept = ["--exec", "cat > got; echo $KEYBENCH_KEY_ID > got.id", "--record", "got.id"];
    let first = place.rotate(&kept).ok().json();
    assert_eq!((&first["action"], place.keys().len()), (&"rotated".into(), 2));
    let second = place.rotate(&[&kept[..], &["--grace", "0"]].concat()).ok().json();
    assert_eq!((&second["action"], place.keys().len()), (&"cleaned_up".into(), 1));
}

#[test]
fn nothing_is_rotated_read_only_or_for_others() {
    let place = Place::new();
    assert_eq!(place.rotate(&["--read-only"]).code, 7);
    assert_eq!(place.rotate(&["--user", "admin"]).code, 4);
    let printed = place.rotate(&[]).ok().json();
    assert_eq!(printed["api_key"].as_str().unwrap().len(), 129);
    let own = place.bench.key_id("owner");
    let spared = place.home.run(&[
        "keys",
        "rotate",
        "credentials.json",
        "--output",
        "own",
        "--due",
        "400d",
        "--grace",
        "0",
        "--json",
    ]);
    assert_eq!((spared.code, &spared.json()["kept_own"]), (0, &own.into()), "{spared:?}");
}
