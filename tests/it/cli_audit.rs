//! `admin audit`: what it finds, and how it goes on after an interruption.

use jiff::ToSpan as _;

use crate::support::bench::{Bench, mode};
use crate::support::relay::{Relay, Trip};
use keybench::config::lock::FileLock;
use keybench::workbench::{Clock, Seed};
use serde_json::json;

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

    let done = home.run(&["admin", "audit", "--export", "audit.csv"]).ok();
    assert!(done.out.starts_with("made ") && done.out.contains("with findings:\n  "), "{}", done.out);
    assert!(done.out.contains("expired  \"old demo\""), "which keys: {}", done.out);
    assert!(done.out.contains(&format!("written to {}", home.path("audit.csv").display())), "{}", done.out);
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

/// How many lines of a file are whole.
fn written(file: &std::path::Path) -> usize {
    std::fs::read_to_string(file).unwrap_or_default().matches('\n').count()
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
    while written(&journal()) < 4 {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(mode(&journal()), 0o600);
    // As if it had been killed twenty minutes ago.
    let earlier = jiff::Timestamp::now().round(jiff::Unit::Second).unwrap() - 20.minutes();
    let text = std::fs::read_to_string(journal()).unwrap();
    let aged = text.lines().map(|line| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["at"] = earlier.to_string().into();
        format!("{line}\n")
    });
    std::fs::write(journal(), aged.collect::<String>()).unwrap();
    let done = home.run(&["admin", "audit", "--keys-only", "--export", "keys.json"]).ok();
    assert!(done.err.contains("4 users are read"), "{}", done.err);
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(home.path("keys.json")).unwrap()).unwrap();
    assert_eq!((&report["users"], report["keys"].as_array().unwrap().len()), (&5.into(), 8));
    assert_eq!(report["made_at"], earlier.to_string(), "as old as its oldest keys");
    let fresh = home.run(&["admin", "audit", "--keys-only"]).ok();
    assert_eq!(fresh.err, "", "a complete audit is not gone on with");
}

#[test]
fn an_audit_that_read_everything_is_over_whatever_becomes_of_its_report() {
    let bench = Bench::demo();
    let home = bench.home("admin");
    let undelivered: [&dyn Fn(); 2] = [
        &|| {
            let full = std::fs::File::create("/dev/full").unwrap();
            let ended = home.command(&["admin", "audit"]).stdout(full).output().unwrap();
            assert_eq!(ended.status.code(), Some(74), "{ended:?}");
        },
        &|| {
            // The reader is gone before the first row.
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            home.command(&["admin", "audit", "--json"]).stdout(writer).output().unwrap();
        },
    ];
    for (n, audit) in undelivered.into_iter().enumerate() {
        audit();
        let name = format!("made afterwards {n}");
        bench.home("owner").run(&["keys", "create", "--name", &name]).ok();
        let next = home.run(&["admin", "audit", "--json"]).ok();
        assert!(next.out.contains(&name) && next.err.is_empty(), "{next:?}");
    }
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
    while written(&journal()) < 24 {
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
    while written(&journal()) < 25 {
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

const POLICY: &str = r#"
    max_life = "300d"
    expiring = "10d"
    fail_on = ["max_life", "expiring", "user_deactivated"]

    [[exception]]
    user = "viewer"
    findings = ["max_life"]
    reason = "moves to a service account"
    approver = "ciso"
    end = 2100-01-01
"#;

/// The fields of a row of CSV without quoted commas.
fn rows(file: &std::path::Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(file).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap();
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains('\n'), "CRLF alone");
    let fields = |row: &str| row.split(',').map(|field| field.trim_matches('"').to_owned()).collect();
    text.lines().map(fields).collect()
}

#[test]
fn an_audit_under_a_policy_ends_8_with_findings_and_5_where_a_user_was_not_read() {
    let bench = Bench::controlled();
    let home = bench.home("admin");
    let policy = home.file("policy.toml", POLICY);
    let audit = ["admin", "audit", "--policy", &policy, "--json"];
    let done = home.run(&audit);
    assert_eq!(done.code, 8, "{done:?}");
    let report = done.json();
    let key = |user: &str| {
        let keys = report["keys"].as_array().unwrap();
        keys.iter().find(|key| key["username"] == user).unwrap().clone()
    };
    assert_eq!(key("contributor")["findings"], serde_json::json!(["max_life"]));
    assert_eq!(key("contributor")["email"], "contributor@keybench.example");
    assert_eq!(key("viewer")["excepted"], serde_json::json!(["max_life"]));
    assert_eq!(report["policy"]["exceptions"][0]["findings_covered"], 1);
    let said = home.run(&audit[..4]).out;
    let last = said.lines().last().unwrap();
    assert_eq!(
        last, "8 findings count under the policy (expiring 1, max_life 7); exceptions cover 1",
        "{said}"
    );
    let open = "model without authentication: playground/echo (owner)";
    assert!(said.contains(open), "in the words of docs/audit.md: {said}");

    let lax = home.file("lax.toml", "fail_on = [\"unknown_expiry\"]");
    home.run(&["admin", "audit", "--policy", &lax]).ok();
    let over = home.file("over.toml", &POLICY.replace("2100-01-01", "2026-01-01"));
    let done = home.run(&["admin", "audit", "--policy", &over]);
    assert!(done.code == 8 && done.err.contains("that ciso approved ended on 2026-01-01"), "{done:?}");
    let broken = home.file("broken.toml", "fail_on = [\"stale\"]");
    let done = home.run(&["admin", "audit", "--policy", &broken, "--json"]);
    assert!(done.code == 7 && done.error()["message"].to_string().contains("line 1"), "{done:?}");

    bench.fault(
        &serde_json::json!({"path": "/api/v2/users/viewer/v2_keys"}),
        &serde_json::json!({"status": 400, "body": {"message": "boom"}}),
    );
    let done = home.run(&["admin", "audit", "--policy", &lax, "--json"]);
    assert_eq!((done.code, &done.json()["unreadable"][0]["username"]), (5, &"viewer".into()));
    assert_eq!(home.run(&["admin", "audit"]).code, 5, "without a policy too");
    // Who sees one user alone cannot vouch for the others.
    let own = bench.home("contributor");
    let lax = own.file("lax.toml", "fail_on = [\"unknown_expiry\"]");
    assert_eq!(own.run(&["admin", "audit", "--policy", &lax]).code, 5);
    let alone = own.file("alone.toml", "fail_on = [\"unknown_expiry\"]\nmin_users = 1");
    own.run(&["admin", "audit", "--policy", &alone]).ok();
}

#[test]
fn evidence_shows_what_was_changed_and_keeps_the_audit_before() {
    let bench = Bench::demo();
    let home = bench.home("admin");
    bench.home("owner").run(&["keys", "create", "--name", "=HYPERLINK(1)"]).ok();
    let policy = home.file("policy.toml", POLICY);
    let audit = ["admin", "audit", "--policy", &policy, "--evidence", "evidence"];
    assert_eq!(home.run(&audit).code, 8);
    let folder = home.path("evidence");
    let manifest = || -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(folder.join("MANIFEST.json")).unwrap()).unwrap()
    };
    let sha256sum = |file: &str| {
        let check = std::process::Command::new("sha256sum").args(["-c", file]).current_dir(&folder).output();
        check.unwrap().status.success()
    };
    let first = manifest();
    assert!(first["previous"].is_null() && sha256sum("MANIFEST.json.sha256"));
    let names: Vec<_> = first["files"].as_array().unwrap().iter().map(|file| file["name"].clone()).collect();
    assert_eq!(names, ["audit.json", "keys.csv", "users.csv", "findings.csv", "report.html", "policy.toml"]);
    let keys = rows(&folder.join("keys.csv"));
    assert_eq!(keys[0].last().unwrap(), "limit_days");
    assert!(keys.iter().any(|row| row.contains(&"'=HYPERLINK(1)".to_owned())), "{keys:?}");
    let made: Vec<_> = keys[1].iter().rev().take(3).collect();
    assert_eq!(made, ["365", &bench.url, "admin"]);
    let users = rows(&folder.join("users.csv"));
    assert!(users.iter().any(|row| row[0] == "viewer" && row[2] == "viewer@keybench.example"), "{users:?}");
    let findings = rows(&folder.join("findings.csv"));
    let excepted = findings.iter().find(|row| row[2] == "viewer").unwrap();
    assert_eq!((&*excepted[1], &*excepted[8], &*excepted[9]), ("no", "ciso", "2100-01-01"));
    let sum = std::fs::read_to_string(folder.join("MANIFEST.json.sha256")).unwrap();

    assert_eq!(home.run(&audit).code, 8);
    let second = manifest();
    assert_eq!(second["previous"]["sha256"], sum.split(' ').next().unwrap());
    let before = folder.join(second["previous"]["file"].as_str().unwrap());
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&std::fs::read(before).unwrap()).unwrap(), first);

    std::fs::write(folder.join("keys.csv"), "no keys").unwrap();
    let done = home.run(&audit);
    assert!(done.code == 7 && done.err.contains("keys.csv has changed"), "{done:?}");
    let done = home.run(&["admin", "audit", "diff", "evidence", "evidence"]);
    assert!(done.code == 7 && done.err.contains("keys.csv has changed"), "{done:?}");
}

/// Two audits at once would both build on the one before, and one of them would be lost.
#[test]
fn one_audit_at_a_time_writes_evidence_to_a_folder() {
    let bench = Bench::demo();
    let home = bench.home("admin");
    home.run(&["admin", "audit", "--evidence", "evidence"]).ok();
    let lock = home.path("evidence/.keybench-lock");
    let held = FileLock::try_take(&lock).unwrap().unwrap();
    let before = std::fs::read(home.path("evidence/MANIFEST.json")).unwrap();
    let late = home.run(&["admin", "audit", "--evidence", "evidence", "--json"]);
    assert_eq!((late.code, &late.error()["kind"], &*late.out), (75, &"locked".into(), ""), "{late:?}");
    assert_eq!(std::fs::read(home.path("evidence/MANIFEST.json")).unwrap(), before);
    drop(held);
    home.run(&["admin", "audit", "--evidence", "evidence"]).ok();
    assert!(!lock.exists());
}

/// What an audit without a policy did not look for is not mended.
#[test]
fn a_finding_that_one_audit_did_not_look_for_is_neither_opened_nor_closed() {
    let bench = Bench::demo();
    let home = bench.home("admin");
    let policy = home.file("policy.toml", "max_life = \"30d\"\nfail_on = []\n");
    home.run(&["admin", "audit", "--policy", &policy, "--export", "with.json"]).ok();
    home.run(&["admin", "audit", "--export", "without.json"]).ok();
    for (old, new, side) in [("with.json", "without.json", "new"), ("without.json", "with.json", "old")] {
        let diff = home.run(&["admin", "audit", "diff", old, new, "--json"]).ok().json();
        assert_eq!((&diff["findings_opened"], &diff["findings_closed"]), (&json!([]), &json!([])), "{diff}");
        let not = &diff["not_compared"];
        assert!(not.as_array().unwrap().contains(&json!({ "finding": "max_life", "side": side })), "{not}");
    }
    let text = home.run(&["admin", "audit", "diff", "with.json", "without.json"]).ok().out;
    assert!(text.contains("valid for too long  the new audit has no limit"), "{text}");
    // A key that is gone has no findings any more.
    let with = std::fs::read_to_string(home.path("with.json")).unwrap();
    let mut gone: serde_json::Value = serde_json::from_str(&with).unwrap();
    gone["policy"] = serde_json::Value::Null;
    gone["keys"].as_array_mut().unwrap().retain(|key| key["comments"] != "dashboard");
    home.file("gone.json", &gone.to_string());
    let diff = home.run(&["admin", "audit", "diff", "with.json", "gone.json", "--json"]).ok().json();
    let closed = diff["findings_closed"].as_array().unwrap();
    assert!(closed.iter().any(|found| found["finding"] == "max_life"), "{diff}");
}

#[test]
fn two_audits_are_compared_and_what_was_not_read_is_unknown() {
    let bench = Bench::controlled();
    let home = bench.home("admin");
    let owner = bench.home("owner");
    let audit = |name: &str| home.run(&["admin", "audit", "--export", name]);
    assert_eq!(audit("old.json").code, 0);
    let text = owner.run(&["keys", "list"]).ok().out;
    let line = text.lines().find(|line| line.contains("old demo")).unwrap();
    let expired = line.split_whitespace().find(|word| word.contains('…')).unwrap();
    owner.run(&["keys", "delete", expired, "--yes"]).ok();
    owner.run(&["keys", "create", "--name", "dashboard", "--output", "key"]).ok();
    bench.fault(
        &serde_json::json!({"path": "/api/v2/users/viewer/v2_keys"}),
        &serde_json::json!({"status": 400, "body": {"message": "boom"}}),
    );
    assert_eq!(audit("new.json").code, 5);
    let diff = home.run(&["admin", "audit", "diff", "old.json", "new.json", "--json"]).ok().json();
    let names = |of: &serde_json::Value, member: &str| -> Vec<String> {
        of.as_array().unwrap().iter().map(|key| key[member].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&diff["new"], "comments"), ["dashboard"]);
    assert_eq!(names(&diff["gone"], "comments"), ["old demo"]);
    assert_eq!(names(&diff["unknown"], "username"), ["viewer"]);
    assert_eq!(names(&diff["findings_opened"], "finding"), ["same_name", "same_name"]);
    assert_eq!(names(&diff["findings_closed"], "finding"), ["expired"]);
    let back = home.run(&["admin", "audit", "diff", "new.json", "old.json"]).ok().out;
    assert!(back.contains("viewer  not read by the old audit"), "{back}");

    // A key that lasts longer, and has another name, by hand: the workbench changes neither.
    let text = std::fs::read_to_string(home.path("old.json")).unwrap();
    let mut report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys = report["keys"].as_array_mut().unwrap();
    let key = keys.iter_mut().find(|key| key["comments"] == "dashboard").unwrap();
    (key["comments"], key["expiry_date"]) = ("panel".into(), "2099-01-01T00:00:00Z".into());
    home.file("edited.json", &report.to_string());
    let diff = home.run(&["admin", "audit", "diff", "old.json", "edited.json", "--json"]).ok().json();
    assert_eq!(diff["renamed"][0]["before"], "dashboard");
    assert_eq!(diff["extended"][0]["comments"], "panel");
    assert_eq!((diff["new"].as_array().unwrap().len(), diff["gone"].as_array().unwrap().len()), (0, 0));
    for (old, new) in [("old.json", "none.json"), ("edited.json", "policy.toml")] {
        assert_eq!(home.run(&["admin", "audit", "diff", old, new]).code, 7);
    }
}
