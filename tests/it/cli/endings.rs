//! How a command ends that cannot do what it was asked.

use super::*;

#[test]
fn nothing_configured_ends_with_3() {
    let home = Home::new();
    let done = home.run(&["keys", "list"]);
    assert_eq!((done.code, done.out.as_str()), (3, ""));
    assert!(
        done.err.contains("no workbench is configured") && done.err.contains("keybench login"),
        "{}",
        done.err
    );
    let done = home.run(&["keys", "list", "--url", "http://127.0.0.1:9", "--json"]);
    assert_eq!((done.code, done.error()["kind"].as_str()), (3, Some("not_configured")));
    assert_eq!(home.run(&["keys", "list", "--profile", "prod"]).code, 3);
    let done = home.run(&[]);
    assert_eq!(done.code, 3, "the first-run screen needs a terminal: {done:?}");
}

#[test]
fn the_interface_needs_a_terminal() {
    let mut home = Home::new();
    home.set("KEYBENCH_URL", "http://127.0.0.1:9");
    home.set("KEYBENCH_API_KEY", &made_up_key('a'));
    let done = home.run(&["--json"]);
    assert_eq!((done.code, done.error()["kind"].as_str()), (7, Some("no_terminal")));
}

#[test]
fn an_error_that_nobody_can_read_keeps_its_exit_code() {
    for command in [&["keys", "list"][..], &["keys", "list", "--json"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let status = Home::new().command(command).stderr(full).status().unwrap();
        assert_eq!(status.code(), Some(3), "{command:?}");
    }
}

#[test]
fn configuration_of_a_newer_keybench_is_refused() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    std::fs::create_dir(home.path("config")).unwrap();
    home.file("config/config.toml", "version = 999\n");
    let done = home.run(&["whoami", "--json"]);
    assert_eq!(done.code, 7);
    assert!(done.error()["message"].as_str().unwrap().contains("version 999"), "{}", done.err);
    home.run(&["man"]).ok();
}

#[test]
fn a_wrong_command_line_ends_with_2_and_a_malformed_value_with_7() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    for wrong in [
        &["bogus"][..],
        &["keys", "list", "--bogus"],
        &["keys", "delete"],
        &["keys", "delete", "k1"],
        &["keys", "delete", "--all"],
        &["completions"],
    ] {
        let done = home.run(wrong);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{wrong:?}: {}", done.err);
    }
    assert_eq!(home.run(&["keys", "bogus", "--json"]).error()["kind"], "usage");
    let lacking = home.run(&["keys", "delete", "--json"]).error()["message"].to_string();
    assert!(lacking.contains("<KEY_ID>"), "{lacking}");
    let bad_request = ["models", "test", "churn-prod/add", "--request", "{\"a\":"];
    let no_key = home.file("no-key", "hello\n");
    for invalid in [
        &["keys", "list", "--timeout", "soon"][..],
        &["keys", "list", "--url", "workbench"],
        &["keys", "create", "--expires", "bananas"],
        &["keys", "create", "--expires", "2020-01-01"],
        &["keys", "create", "--output", "/no/such/folder/key"],
        &["keys", "list", "--expiring-within=-3d"],
        &["keys", "create", "--expires", "9999-12-31"],
        &["keys", "create", "--expires", "-5d"],
        &["keys", "create", "--audience", "zzz"],
        &["keys", "create", "--output", "/dev/null"],
        &["keys", "validate", "--audience", "zzz"],
        &["keys", "rotate", "svc", "--output", "/dev/stdout"],
        &["keys", "rotate", "svc", "--grace", "-1h"],
        &["admin", "expiration", "-5"],
        &["models", "test", "churn-prod/add", "--rate", "-1"],
        &["demo"],
        &["keys", "validate", "--api-key-file", &no_key],
        &["keys", "validate", "--api-key-file", "/no/such/file"],
        &["collaborators", "add", "churn-prod", "outsider", "--permission", "everything"],
        &["models", "test", "churn-prod/add", "-n", "5", "--expect", "speed>9"],
        &bad_request,
    ] {
        let done = home.run(invalid);
        assert_eq!((done.code, done.out.as_str()), (7, ""), "{invalid:?}: {}", done.err);
    }
    let mut home = home;
    home.set("KEYBENCH_API_KEY", "0a0a");
    let done = home.run(&["whoami", "--json"]);
    assert_eq!((done.code, done.error()["kind"].as_str()), (7, Some("invalid")));
    assert!(!done.err.contains("0a0a"), "{}", done.err);
}

#[test]
fn rejections_refusals_and_silence_have_their_codes() {
    let bench = Bench::demo();
    let mut home = bench.home("owner");
    let done = home.run(&["keys", "list", "--user", "admin", "--json"]);
    assert_eq!((done.code, done.error()["status"].as_u64()), (4, Some(403)));
    let done = home.run(&["keys", "create", "--expires", "2099-01-01", "--json"]);
    assert_eq!(
        (done.code, done.error()["kind"].as_str(), done.error()["status"].as_u64()),
        (5, Some("refused"), Some(400))
    );
    assert_eq!(home.run(&["keys", "delete", "no-such-key", "--yes"]).code, 5);
    assert_eq!(home.run(&["models", "show", "no/such"]).code, 5);
    home.set("KEYBENCH_API_KEY", &made_up_key('d'));
    let done = home.run(&["whoami", "--json"]);
    assert_eq!((done.code, done.error()["status"].as_u64()), (4, Some(401)));
    assert!(done.error()["hint"].as_str().unwrap().contains("keybench"));
    let done = home.run(&["whoami", "--url", "http://127.0.0.1:1", "--json"]);
    assert_eq!((done.code, done.error()["kind"].as_str()), (6, Some("no_answer")));
}

#[test]
fn a_credential_command_that_never_stops_printing_ends_with_3() {
    let home = Home::new();
    std::fs::create_dir(home.path("config")).unwrap();
    let profile =
        "current = 'x'\n[profiles.x]\nurl = 'http://127.0.0.1:1'\ncredential_command = 'cat /dev/zero'\n";
    home.file("config/profiles.toml", profile);
    for command in [["whoami"], ["doctor"]] {
        let done = home.run(&command);
        assert_eq!(done.code, 3, "{done:?}");
        assert!((done.out + &done.err).contains("printed more than 64 kB"), "{}", done.err);
    }
    let mut given = Home::new();
    given.set("KEYBENCH_API_KEY", &made_up_key('d'));
    let done = given.run(&["whoami", "--url", "https://127.0.0.1:1", "--ca-cert", "/dev/zero"]);
    assert_eq!(done.code, 7, "{done:?}");
    assert!(done.err.contains("/dev/zero cannot be read: it is a device"), "{}", done.err);
}

#[test]
fn a_broken_configuration_is_reported_to_programs_too() {
    let bench = Bench::demo();
    let mut home = Home::new();
    std::fs::create_dir(home.path("config")).unwrap();
    home.file("config/profiles.toml", "version = 1\n[profiles.x]\nurl = 5\n");
    let listed = home.run(&["profile", "list", "--json"]);
    assert_eq!((listed.code, listed.out.as_str()), (3, ""), "{listed:?}");
    assert!(listed.error()["message"].as_str().unwrap().contains("profiles.toml, line 3"), "{}", listed.err);
    assert_eq!(listed.err.lines().count(), 1, "{}", listed.err);
    assert_eq!(home.run(&["profile", "list"]).code, 3);
    // A command whose options say everything continues, with a warning.
    home.set("KEYBENCH_API_KEY", &bench.key("owner"));
    home.set("KEYBENCH_URL", &bench.url);
    for options in [["whoami", "--json"], ["whoami", "-q"]] {
        let done = home.run(&options).ok();
        assert!(done.err.contains("profiles.toml, line 3"), "{done:?}");
    }
    let warned: serde_json::Value = serde_json::from_str(&home.run(&["whoami", "--json"]).err).unwrap();
    assert_eq!(warned["warning"]["kind"], "configuration");
}
