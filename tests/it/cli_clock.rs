//! Commands go by the workbench's time, and a rotation does nothing where the clocks differ.

use crate::support::bench::{Bench, Home};
use crate::support::{Scripted, json, made_up_key};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use keybench::workbench::Clock;

const DAY: i64 = 86_400;

fn days(bench: &Bench, days: i64) {
    bench.clock.put_ahead(SignedDuration::from_secs(days * DAY));
}

fn names(home: &Home) -> Vec<String> {
    let listed = home.run(&["keys", "list", "--json"]).ok().json();
    listed.as_array().unwrap().iter().map(|key| key["comments"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_key_expires_by_the_workbench_s_time() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    home.run(&["keys", "create", "--name", "svc", "--expires", "+30d", "--quiet"]).ok();
    let status = |home: &Home| {
        let listed = home.run(&["keys", "list", "--json"]).ok().json();
        let rows = listed.as_array().unwrap().clone();
        rows.into_iter().find(|key| key["comments"] == "svc").unwrap()["status"].clone()
    };
    assert_eq!(status(&home), "active");
    days(&bench, 20);
    assert_eq!(status(&home), "soon");
    let soon = home.run(&["keys", "list", "--expiring-within", "14d", "--json"]);
    assert!(soon.code == 8 && soon.out.contains("\"svc\""), "{soon:?}");
    days(&bench, 40);
    assert_eq!(status(&home), "expired");
    let soon = home.run(&["keys", "list", "--expiring-within", "14d", "--json"]);
    assert!(!soon.out.contains("\"svc\""), "{soon:?}");
}

#[test]
fn a_new_key_lasts_from_the_workbench_s_day_on() {
    // A clock that stands, or the day might change between the answer and what is expected.
    let bench = Bench::controlled_at(Clock::stopped_at(Timestamp::now() + (100 * 24).hours()));
    let home = bench.home("owner");
    for user in [&[][..], &["--user", "owner"]] {
        let create = [&["keys", "create", "--expires", "+30d", "--json"][..], user].concat();
        let created = home.run(&create).ok();
        let day = (bench.clock.now() + (30 * 24).hours()).to_string();
        assert!(created.json()["expiry_date"].as_str().unwrap().starts_with(&day[..10]), "{created:?}");
        assert!(created.err.contains("this machine's clock is 99 days behind"), "{created:?}");
    }
}

#[test]
fn where_the_clocks_differ_a_rotation_does_nothing_and_a_deletion_goes_on() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    let rotate = ["keys", "rotate", "svc", "--output", "svc.key", "--due", "400d", "--grace", "0", "--json"];
    home.run(&rotate).ok();
    home.run(&["keys", "create", "--name", "leaked", "--quiet"]).ok();
    let (before, key) = (names(&home), std::fs::read(home.path("svc.key")).unwrap());
    for (ahead, said) in [(60, "behind"), (-60, "ahead of")] {
        days(&bench, ahead);
        let done = home.run(&rotate);
        assert_eq!((done.code, &done.error()["kind"]), (8, &"clock".into()), "{done:?}");
        let message = done.error()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(said) && message.contains("nothing was created or deleted"), "{message}");
        assert!(done.error()["hint"].as_str().unwrap().contains("--clock-difference"));
        assert_eq!(
            (names(&home), std::fs::read(home.path("svc.key")).unwrap()),
            (before.clone(), key.clone())
        );
    }
    days(&bench, 60);
    let done = home.run(&[&rotate[..], &["--clock-difference", "61d"]].concat()).ok();
    assert_eq!(done.json()["action"], "rotated");

    let listed = home.run(&["keys", "list", "--json"]).ok().json();
    let leaked = listed.as_array().unwrap().iter().find(|key| key["comments"] == "leaked").unwrap();
    let deleted = home.run(&["keys", "delete", leaked["key_id"].as_str().unwrap(), "--yes"]).ok();
    assert!(deleted.err.contains("clock is 59 days behind"), "{deleted:?}");
}

#[test]
fn grace_passes_by_the_workbench_s_time() {
    let bench = Bench::controlled();
    let home = bench.home("owner");
    let rotate = |due: &str| {
        let rotate = ["keys", "rotate", "svc", "--exec", "cat >/dev/null", "--due", due, "--json", "--quiet"];
        home.run(&[&rotate[..], &["--clock-difference", "30d"]].concat()).ok().json()
    };
    rotate("14d");
    bench.clock.put_ahead(SignedDuration::from_secs(60));
    assert_eq!(rotate("400d")["kept"].as_array().unwrap().len(), 1);
    bench.clock.put_ahead(SignedDuration::from_secs(23 * 3_600));
    assert_eq!(rotate("14d")["action"], "nothing_to_do");
    bench.clock.put_ahead(SignedDuration::from_secs(25 * 3_600));
    assert_eq!(rotate("14d")["action"], "cleaned_up");
}

#[test]
fn where_no_answer_bears_a_time_this_machine_s_counts_and_that_is_said() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let keys = r#"{"keys":[{"key_id":"k1","comments":"svc","expiry_date":"2001-01-01T00:00:00Z"}]}"#;
    let server = runtime.block_on(Scripted::start(&[json("200 OK", keys)]));
    let mut home = Home::new();
    home.set("KEYBENCH_URL", &server.url);
    home.set("KEYBENCH_API_KEY", &made_up_key('a'));
    let listed = home.run(&["keys", "list", "--user", "owner", "--json"]).ok();
    assert_eq!(listed.json()[0]["status"], "expired");
    assert!(listed.err.contains("does not say its time"), "{listed:?}");
}
