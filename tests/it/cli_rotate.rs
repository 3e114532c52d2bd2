//! `keys rotate`: it converges, and a run that is killed anywhere is finished by the next.

mod broken_off;
mod commands;
mod converges;
mod files;

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

    /// What an audit finds in the keys of the name.
    fn findings(&self) -> Vec<String> {
        let report = self.home.run(&["admin", "audit", "--keys-only", "--json"]).ok().json();
        let keys = report["keys"].as_array().unwrap().clone();
        let own = keys.into_iter().filter(|key| key["comments"] == "svc").map(|key| key["findings"].clone());
        own.map(|findings| findings.to_string()).collect()
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
fn the_log_of_a_program_is_json_lines() {
    let place = Setup::new();
    let done = place.home.run(&["keys", "list", "--json", "-v"]).ok();
    let lines: Vec<Value> = done.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["message"] == "answered" && line["ms"].is_number()), "{lines:?}");
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
    let said = warnings(&done);
    assert!(said[0].starts_with("two: there is no key in "), "{said:?}");
    assert!(said[1].contains("is for Application, the successor is for API only"), "{said:?}");
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
