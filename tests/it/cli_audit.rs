//! `admin audit`: what it finds, and how it goes on after an interruption.

use crate::support::bench::{Bench, mode};
use crate::support::relay::{Relay, Trip};
use keybench::workbench::{Clock, Seed};

#[test]
fn an_audit_lists_all_keys_with_findings() {
    let bench = Bench::demo();
    let home = bench.home("admin");
    home.run(&["admin", "expiration", "30"]).ok();
    let report = home.run(&["admin", "audit", "--json"]).ok().json();
    assert_eq!((&report["users"], &report["expiration_days"]), (&5.into(), &30.into()));
    let findings = |comment: &str| {
        let keys = report["keys"].as_array().unwrap();
        keys.iter().find(|key| key["comments"] == comment).unwrap()["findings"].to_string()
    };
    assert_eq!(findings("dashboard"), r#"["expiring"]"#);
    assert_eq!(findings("old demo"), r#"["expired"]"#);
    assert_eq!(findings("customer portal"), r#"["beyond_limit"]"#);
    assert_eq!(report["models_without_authentication"][0]["model"], "playground/echo");
    assert_eq!((&report["unreadable"], &report["everybody"]), (&serde_json::json!([]), &true.into()));
    // Who is no administrator sees one user, and a program must notice.
    let own = bench.home("contributor").run(&["admin", "audit", "--json"]).ok();
    assert_eq!(own.json()["everybody"], false);
    assert!(own.err.contains("only a site administrator"), "{}", own.err);

    home.run(&["admin", "audit", "--export", "audit.csv"]).ok();
    let text = std::fs::read_to_string(home.path("audit.csv")).unwrap();
    assert_eq!((text.lines().count(), mode(&home.path("audit.csv"))), (9, 0o600));
    assert_eq!(home.run(&["admin", "audit", "--export", "audit.txt"]).code, 7);
    let left = std::fs::read_dir(home.path("config/cache")).unwrap().count();
    assert_eq!(left, 0, "a complete audit leaves no journal");

    let plan =
        home.run(&["keys", "delete", "--all", "--user", "contributor", "--dry-run", "--json"]).ok().json();
    assert_eq!(
        (plan["would_delete"].as_array().unwrap().len(), plan["projects"].as_array().unwrap().len()),
        (1, 2)
    );
    assert_eq!(bench.home("contributor").run(&["whoami"]).code, 0, "nothing was deleted");
}

#[test]
fn an_audit_that_was_killed_goes_on() {
    let bench = Bench::demo();
    let relay = bench.runtime.block_on(Relay::start(&bench.url));
    let mut home = bench.home("admin");
    home.set("KEYBENCH_URL", &relay.url);
    relay.set(("GET", "/users/viewer/v2_keys", Trip::HoldBefore));
    let mut child = home.command(&["admin", "audit", "--keys-only"]).spawn().unwrap();
    bench.runtime.block_on(relay.tripped());
    let journal = || std::fs::read_dir(home.path("config/cache")).unwrap().next().unwrap().unwrap().path();
    // The other four are read at the same time; their lines tell when.
    while std::fs::read_to_string(journal()).unwrap_or_default().lines().count() < 4 {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(mode(&journal()), 0o600);
    let done = home.run(&["admin", "audit", "--keys-only", "--export", "keys.json"]).ok();
    assert!(done.err.contains("4 users are read"), "{}", done.err);
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(home.path("keys.json")).unwrap()).unwrap();
    assert_eq!((&report["users"], report["keys"].as_array().unwrap().len()), (&5.into(), 8));
    let fresh = home.run(&["admin", "audit", "--keys-only"]).ok();
    assert_eq!(fresh.err, "", "a complete audit is not gone on with");
}

#[test]
fn an_interrupted_audit_says_how_far_it_is() {
    let bench = Bench::start(Seed::Scale { keys: 1, models: 1, users: 20 }, Clock::system());
    let relay = bench.runtime.block_on(Relay::start(&bench.url));
    let mut home = bench.home("admin");
    home.set("KEYBENCH_URL", &relay.url);
    relay.set(("GET", "/users/user-0013/v2_keys", Trip::HoldBefore));
    let child = home.command(&["admin", "audit"]).spawn().unwrap();
    bench.runtime.block_on(relay.tripped());
    let journal = || std::fs::read_dir(home.path("config/cache")).unwrap().next().unwrap().unwrap().path();
    while std::fs::read_to_string(journal()).unwrap_or_default().lines().count() < 24 {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("24 of 25 users") && stderr.contains("within the hour"), "{stderr}");
    // Cut in the middle of a line, as by a crash: that user is asked again, and no other.
    let text = std::fs::read_to_string(journal()).unwrap();
    std::fs::write(journal(), &text[..text.len() - 10]).unwrap();
    relay.set(("GET", "/users/user-0013/v2_keys", Trip::HoldBefore));
    let child = home.command(&["admin", "audit"]).spawn().unwrap();
    bench.runtime.block_on(relay.tripped());
    while std::fs::read_to_string(journal()).unwrap_or_default().lines().count() < 25 {
        std::thread::yield_now();
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .unwrap();
    let stderr = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    assert!(stderr.contains("23 users are read") && stderr.contains("24 of 25 users"), "{stderr}");
    let done = home.run(&["admin", "audit", "--export", "keys.json"]).ok();
    assert!(done.err.contains("24 users are read"), "{}", done.err);
    let report = std::fs::read(home.path("keys.json")).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&report).unwrap()["users"], 25);
}
