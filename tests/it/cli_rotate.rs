//! `keys rotate`: it converges, and a run that is killed anywhere is finished by the next.

use std::collections::BTreeSet;
use std::process::Stdio;

use crate::support::bench::{Bench, Done, Home, mode};
use crate::support::relay::{Relay, Trip};
use jiff::{Timestamp, ToSpan as _};
use keybench::workbench::Clock;
use serde_json::Value;

/// A workbench whose clock only the test moves, since the order of keys is that of their seconds.
struct Setup {
    bench: Bench,
    home: Home,
    relay: Relay,
    now: std::cell::Cell<Timestamp>,
}

impl Setup {
    fn new() -> Self {
        // However far it is moved on, no further from the program's own clock than is tolerated.
        let now = Timestamp::now() - 1.minute();
        let bench = Bench::controlled_at(Clock::stopped_at(now));
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
fn a_key_inside_its_grace_time_does_not_count_as_expiring() {
    let place = Setup::new();
    place.rotate(&[&OUT[..], &["--expires", "+5d"]].concat()).ok();
    let expiring = || {
        let listed = place.home.run(&["keys", "list", "--expiring-within", "6d", "--json"]);
        listed.json().as_array().unwrap().iter().filter(|key| key["comments"] == "svc").count()
    };
    assert_eq!(expiring(), 1);
    place.rotate(&OUT).ok();
    assert_eq!((expiring(), place.keys().len()), (0, 2));
    // Another machine does not know which one the service has.
    std::fs::remove_file(place.home.path("config/made-keys.json")).unwrap();
    assert_eq!(expiring(), 1);
}

#[test]
fn the_log_of_a_program_is_json_lines() {
    let place = Setup::new();
    let done = place.home.run(&["keys", "list", "--json", "-v"]).ok();
    let lines: Vec<Value> = done.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["message"] == "answered" && line["ms"].is_number()), "{lines:?}");
}

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
    let done = place.rotate(&[&DUE[..], &["--verify", "no/such-model"]].concat());
    assert_eq!(done.code, 5);
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
fn a_key_is_named_for_rotation_by_what_the_list_shows() {
    let place = Setup::new();
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
fn nothing_is_rotated_read_only_or_for_others() {
    let place = Setup::new();
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

/// What an answer warns of, on standard error.
fn warnings(done: &Done) -> Vec<String> {
    let documents = done.err.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let messages = documents.filter_map(|said| said["warning"]["message"].as_str().map(str::to_owned));
    messages.collect()
}

/// The Key IDs that an answer names.
fn ids(list: &Value) -> Vec<String> {
    let of = |key: &Value| key["key_id"].as_str().or(key.as_str()).unwrap().to_owned();
    list.as_array().unwrap().iter().map(of).collect()
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
fn a_key_that_was_deleted_by_a_user_is_made_anew() {
    let place = Setup::new();
    let first = place.rotate(&OUT).ok().json();
    place.home.run(&["keys", "delete", first["key_id"].as_str().unwrap(), "--yes"]).ok();
    let second = place.rotate(&OUT).ok().json();
    assert_eq!((&second["action"], place.keys().len()), (&"rotated".into(), 1));
    place.service_works();
}

#[test]
fn an_id_goes_on_standing_for_the_name_when_its_key_is_gone() {
    let place = Setup::new();
    let made = ["keys", "create", "--name", "svc", "--audience", "Application", "--json"];
    let first = place.home.run(&made).ok().json();
    let id = &first["key_id"].as_str().unwrap()[..10];
    let line = ["keys", "rotate", id, "--due", "400d", "--grace", "0", "--output", "svc.key", "--json"];
    for round in 0..3 {
        place.later();
        if round == 2 {
            // Nothing is remembered, but the file holds a key of that name.
            std::fs::remove_file(place.home.path("config/made-keys.json")).unwrap();
        }
        let done = place.home.run(&line).ok().json();
        assert_eq!((&done["action"], &done["name"]), (&"rotated".into(), &"svc".into()), "{round}");
        assert_eq!(place.keys().len(), 1, "{round}");
    }
    let line = ["keys", "rotate", "deadbeef01", "--output", "other.key", "--json"];
    let done = place.home.run(&line);
    assert_eq!((done.code, done.error()["kind"].as_str()), (5, Some("not_found")), "{done:?}");
    assert!(!place.home.path("other.key").exists());
}

#[test]
fn a_key_without_a_name_is_rotated_by_its_id() {
    let place = Setup::new();
    let first = place.home.run(&["keys", "create", "--json"]).ok().json();
    let line = ["keys", "rotate", first["key_id"].as_str().unwrap(), "--output", "svc.key", "--json"];
    place.later();
    let second = place.home.run(&line).ok().json();
    assert_eq!(second["action"], "rotated");
    let again = place.home.run(&line).ok().json();
    assert_eq!((&again["action"], &again["key_id"]), (&"nothing_to_do".into(), &second["key_id"]));
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
fn what_is_removed_or_lost_is_said() {
    let place = Setup::new();
    place.rotate(&OUT).ok();
    place.later();
    place.relay.set(("POST", "/v2_keys", Trip::HoldAfter));
    let mut child = place.home.command(&[&["keys", "rotate", "svc"][..], &DUE].concat()).spawn().unwrap();
    place.bench.runtime.block_on(place.relay.tripped());
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::set_permissions(place.home.path("svc.key"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .unwrap();
    let done = place.rotate(&OUT).ok();
    let said = warnings(&done);
    assert!(said[0].contains("svc.key") && said[0].contains("chmod o-rwx"), "{said:?}");
    let removed = done.json()["removed_never_handed_over"][0].as_str().unwrap().to_owned();
    assert!(said[1].contains(&removed), "{said:?}");
    assert_eq!(said.len(), 2);

    let made = ["keys", "create", "--name", "two", "-q", "--audience"];
    for audience in ["Application", "API"] {
        place.later();
        place.home.run(&[&made[..], &[audience]].concat()).ok();
    }
    place.later();
    let done = place.home.run(&["keys", "rotate", "two", "--output", "two.key", "--json", "-q"]).ok();
    assert!(warnings(&done)[0].contains("is for Application, the successor is for API only"), "{done:?}");
}

#[test]
fn the_key_of_a_workbench_session_is_spared_for_any_user() {
    let mut place = Setup::new();
    let other = place.home.run(&["keys", "create", "--name", "mine", "--json"]).ok().json();
    let own = place.bench.key_id("owner");
    let (session_key, url) = (place.bench.key("owner"), place.relay.url.clone());
    place.home.set("CDSW_DOMAIN", url.trim_start_matches("http://"));
    place.home.set("CDSW_API_URL", &format!("{url}/api/v1"));
    place.home.set("CDSW_APIV2_KEY", &session_key);
    place.home.set("KEYBENCH_API_KEY", other["api_key"].as_str().unwrap());
    place.later();
    let refused = [
        &["keys", "rotate", "credentials.json", "--due", "400d", "--grace", "0", "--output", "x", "--json"][..],
        &["keys", "delete", &own, "--yes", "--json"],
        &["keys", "delete", &own[..12], "--yes", "--json"],
    ];
    for arguments in refused {
        let done = place.home.run(arguments);
        assert_eq!(done.code, 7, "{arguments:?} {done:?}");
        assert!(done.error()["message"].as_str().unwrap().contains("session"), "{done:?}");
    }
    // Of all keys, those in use here stay.
    place.home.run(&["keys", "delete", "--all", "--yes", "--json"]).ok();
    place.home.set("KEYBENCH_API_KEY", &session_key);
    place.home.run(&["whoami"]).ok();
    place.home.run(&["keys", "delete", other["key_id"].as_str().unwrap(), "--yes"]).ok();
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
    let done = place.rotate(&["--exec", "cat > svc.key; sleep 600", "--exec-timeout", "1s"]);
    assert_eq!((done.code, place.keys().len()), (8, 1), "{done:?}");
    let message = done.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("had not ended after 1 s, and was stopped"), "{message}");
    place.service_works();
    place.rotate(&["--exec", "cat > svc.key"]).ok();
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
