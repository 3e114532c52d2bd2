//! Every command against the embedded workbench: what it prints, and how it ends.

use crate::support::bench::{Bench, Home, mode};
use crate::support::made_up_key;

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
fn a_profile_is_signed_in_used_and_removed() {
    let bench = Bench::demo();
    let home = Home::new();
    let done = home.run_with_input(&["login", "--url", &bench.url], &made_up_key('d'));
    assert_eq!(done.code, 4, "{}", done.err);
    assert!(!home.path("config").exists(), "nothing is stored before the key is accepted");

    let url = format!("  {}/some/page ", bench.url);
    let done = home
        .run_with_input(&["login", "--url", &url, "--name", "one"], &format!("\n {} \n", bench.key("owner")))
        .ok();
    assert!(done.out.contains("signed in as owner"), "{}", done.out);
    home.run_with_input(&["login", "--url", &bench.url, "--name", "two", "--read-only"], &bench.key("admin"))
        .ok();
    assert_eq!(mode(&home.path("config/credentials.toml")), 0o600);
    assert_eq!(mode(&home.path("config")), 0o700);

    let whoami =
        |arguments: &[&str]| home.run(arguments).ok().json()["username"].as_str().unwrap().to_owned();
    assert_eq!(whoami(&["whoami", "--json"]), "admin");
    assert_eq!(whoami(&["whoami", "--json", "--profile", "one"]), "owner");
    let refused = home.run(&["keys", "create"]);
    assert_eq!(refused.code, 7);
    assert!(refused.err.contains("read-only"), "{}", refused.err);
    home.run(&["profile", "use", "one"]).ok();
    assert_eq!(whoami(&["whoami", "--json"]), "owner");
    let list = home.run(&["profile", "list", "--json"]).ok().json();
    assert_eq!(
        (&list[0]["name"], &list[0]["current"], &list[1]["read_only"]),
        (&"one".into(), &true.into(), &true.into())
    );
    assert!(!list.to_string().contains(&bench.key("owner")));

    home.run(&["profile", "remove", "one"]).ok();
    let left = std::fs::read_to_string(home.path("config/credentials.toml")).unwrap();
    assert!(!left.contains(&bench.key("owner")) && left.contains(&bench.key("admin")));
    assert_eq!(home.run(&["profile", "use", "one"]).code, 3);
    assert_eq!(home.run(&["whoami"]).code, 3, "no profile is current any more");
}

#[test]
fn inside_a_workbench_session_nothing_is_configured_and_nothing_secret_stored() {
    let bench = Bench::demo();
    let mut home = Home::new();
    home.set("CDSW_DOMAIN", bench.url.trim_start_matches("http://"));
    home.set("CDSW_PROJECT_URL", &format!("{}/api/v1/projects/owner/churn-prod", bench.url));
    home.set("CDSW_APIV2_KEY", &bench.key("contributor"));
    let whoami = home.run(&["whoami", "--json"]).ok().json();
    assert_eq!(
        (&whoami["username"], &whoami["key_source"]),
        (&"contributor".into(), &"CDSW_APIV2_KEY".into())
    );
    let own = bench.key_id("contributor");
    let all = home.run(&["keys", "delete", "--all", "--yes"]).ok();
    assert!(all.err.contains("the one of the workbench session"), "{}", all.err);
    for refused in [
        &["keys", "delete", &own, "--yes"][..],
        &["keys", "rotate", &own, "--output", "key", "--due", "400d"],
        &["keys", "rotate", "credentials.json", "--output", "key", "--due", "400d"],
    ] {
        let done = home.run(refused);
        assert_eq!(done.code, 7, "{refused:?} {done:?}");
        assert!(done.err.contains("session"), "{}", done.err);
    }
    assert!(!home.path("key").exists());
    home.run(&["whoami"]).ok();
    let done = home.run_with_input(&["login", "--url", &bench.url], &bench.key("owner"));
    assert_eq!(done.code, 7);
    assert!(done.err.contains("collaborators can read"), "{}", done.err);
    let insisted =
        home.run_with_input(&["login", "--url", &bench.url, "--store-in-session"], &bench.key("owner")).ok();
    assert!(insisted.err.contains("the project's storage"), "{}", insisted.err);
    let created = home.run(&["keys", "create", "--output", "new-key", "--json"]).ok();
    assert!(created.err.contains("new-key lies in the project's storage"), "{}", created.err);
}

#[test]
fn models_are_listed_shown_tested_restarted_and_stopped() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let models = home.run(&["models", "list", "--json"]).ok().json();
    assert!(models.as_array().unwrap().len() >= 6, "{models}");
    let of_project = home.run(&["models", "list", "--project", "playground", "--json"]).ok().json();
    assert_eq!((of_project.as_array().unwrap().len(), &of_project[0]["name"]), (1, &"echo".into()));
    let shown = home.run(&["models", "show", "churn-prod/churn", "--json"]).ok().json();
    assert_eq!(
        (&shown["deployment"]["status"], &shown["deployment"]["replicas"]),
        (&"deployed".into(), &3.into())
    );
    assert!(shown["deployment"].get("environment").is_none());

    let tested = home
        .run(&["models", "test", "churn-prod/add", "--request", r#"{"a":3,"b":5}"#, "--json"])
        .ok()
        .json();
    assert_eq!(
        (&tested["response"], &tested["status"], &tested["ok"]),
        (&8.into(), &200.into(), &true.into())
    );
    home.run(&["models", "test", "churn-prod/churn"]).ok();
    let by_id = models[0]["id"].as_str().unwrap();
    home.run(&["models", "test", by_id]).ok();
    let echo = home.run(&["models", "test", "playground/echo", "--request", "[1]", "--json"]).ok().json();
    assert_eq!((&echo["response"], &echo["key_sent"]), (&serde_json::json!([1]), &false.into()));

    let other = home.file("outsider", &bench.key("outsider"));
    let refused = home.run(&["models", "test", "churn-prod/add", "--api-key-file", &other, "--json"]);
    assert_eq!((refused.code, &refused.json()["diagnosis"]["cause"]), (8, &"not_collaborator".into()));
    let refused = home.run(&["models", "test", "churn-prod/add", "--api-key-file", &other]);
    assert!(refused.out.contains("why: outsider is not a collaborator"), "{}", refused.out);
    assert_eq!(home.run(&["models", "test", "churn-prod/retired"]).code, 8);
    let dead = ["models", "test", "churn-prod/add", "--model-url", "http://127.0.0.1:1/model"];
    assert_eq!(home.run(&dead).code, 6);

    home.run(&["models", "restart", "churn-prod/churn"]).ok();
    let stopped = home.run(&["models", "stop", "churn-prod/slow", "--json"]).ok().json();
    assert_eq!(stopped["model"], "churn-prod/slow");
    assert_eq!(home.run(&["--read-only", "models", "stop", "churn-prod/add"]).code, 7);
}

#[test]
fn an_ambiguous_name_is_refused_with_the_names_that_work() {
    use serde_json::json;
    let bench = Bench::demo();
    let home = bench.home("admin");
    // A second playground with a second echo, made through the API as a person would in the browser.
    bench.runtime.block_on(async {
        crate::support::install_tls();
        let client = reqwest::Client::new();
        let post = async |path: &str, body: serde_json::Value| {
            let request = client.post(format!("{}{path}", bench.url)).bearer_auth(bench.key("admin"));
            request.json(&body).send().await.unwrap().json::<serde_json::Value>().await.unwrap()
        };
        let project = post("/api/v2/projects", json!({ "name": "playground", "visibility": "public" })).await;
        let id = project["id"].as_str().unwrap();
        post(&format!("/api/v2/projects/{id}/models"), json!({ "name": "echo", "project_id": id })).await;
    });
    let refused = home.run(&["models", "show", "playground/echo", "--json"]);
    assert_eq!(refused.code, 7, "{refused:?}");
    let message = refused.error()["message"].as_str().unwrap().to_owned();
    for name in ["owner/playground/echo", "admin/playground/echo"] {
        assert!(message.contains(name), "{message}");
        home.run(&["models", "show", name]).ok();
    }
    let refused = home.run(&["collaborators", "list", "playground", "--json"]);
    assert_eq!(refused.code, 7, "{refused:?}");
    assert!(refused.error()["message"].as_str().unwrap().contains("owner/playground"), "{}", refused.err);
    home.run(&["collaborators", "list", "owner/playground"]).ok();
}

#[test]
fn a_file_that_others_can_read_is_reported_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::demo();
    let mut home = Home::new();
    home.run_with_input(&["login", "--url", &bench.url], &bench.key("owner")).ok();
    let file = home.path("config/credentials.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = home.run(&["whoami"]);
    assert_eq!((refused.code, refused.err.matches("can be read by others").count()), (3, 1), "{refused:?}");
    assert!(refused.err.contains("chmod 600"), "{}", refused.err);
    // With a key from elsewhere the file is not needed, and a warning is enough.
    home.set("KEYBENCH_API_KEY", &bench.key("owner"));
    let warned = home.run(&["whoami"]).ok();
    assert_eq!(warned.err.matches("can be read by others").count(), 1, "{}", warned.err);
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

#[test]
fn a_profile_of_another_workbench_or_user_is_not_replaced_unasked() {
    let (bench, other) = (Bench::demo(), Bench::demo());
    let home = Home::new();
    let login =
        |url: &str, name: &str, key: &str| home.run_with_input(&["login", "--url", url, "--name", name], key);
    assert_eq!(login(&bench.url, "", &bench.key("owner")).code, 7);
    login(&bench.url, "one", &bench.key("owner")).ok();
    login(&bench.url, "one", &bench.key("owner")).ok();
    for refused in
        [login(&bench.url, "one", &bench.key("admin")), login(&other.url, "one", &other.key("owner"))]
    {
        assert_eq!(refused.code, 7, "{refused:?}");
        assert!(refused.err.contains("profile remove one"), "{}", refused.err);
    }
    assert_eq!(home.run(&["whoami", "--json"]).ok().json()["username"], "owner");
}

#[test]
fn profiles_that_others_can_change_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::demo();
    let home = Home::new();
    home.run_with_input(&["login", "--url", &bench.url], &bench.key("owner")).ok();
    for (name, mode, kept) in [("config", 0o777, 0o700), ("config/profiles.toml", 0o666, 0o600)] {
        let set = |mode| {
            std::fs::set_permissions(home.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
        };
        set(mode);
        for command in [["whoami", "-q"], ["profile", "list"]] {
            let refused = home.run(&command);
            assert_eq!(refused.code, 3, "{refused:?}");
            assert!(refused.err.contains("can be changed by others"), "{}", refused.err);
            assert!(
                refused.err.contains(&format!("chmod go-w {}", home.path(name).display())),
                "{}",
                refused.err
            );
        }
        set(kept);
    }
    home.run(&["whoami"]).ok();
}

#[test]
fn doctor_goes_on_after_a_bad_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::demo();
    let home = Home::new();
    home.run_with_input(&["login", "--url", &bench.url], &bench.key("owner")).ok();
    let file = home.path("config/credentials.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = home.run(&["doctor"]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    home.file("config/profiles.toml", "version = 1\n[profiles.x]\nurl = 5\n");
    let broken = home.run(&["doctor", "--url", &bench.url]);
    for doctor in [exposed, broken] {
        assert_eq!(doctor.code, 3, "{doctor:?}");
        assert!(doctor.out.contains("accepts connections"), "{}", doctor.out);
        assert!(doctor.out.contains("API v2 answers"), "{}", doctor.out);
    }
}

#[test]
fn a_collaborator_is_added_and_then_may_call() {
    let bench = Bench::demo();
    let (owner, outsider) = (bench.home("owner"), bench.home("outsider"));
    let projects = owner.run(&["projects", "list", "--json"]).ok().json();
    let names: Vec<_> =
        projects.as_array().unwrap().iter().map(|project| project["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["churn-prod", "playground"]);
    assert!(projects[0].get("environment").is_none());
    assert_eq!(outsider.run(&["models", "test", "churn-prod/add"]).code, 5, "she does not even see it");
    owner.run(&["collaborators", "add", "churn-prod", "outsider", "--permission", "read"]).ok();
    let listed = owner.run(&["collaborators", "list", "owner/churn-prod", "--json"]).ok().json();
    assert_eq!(listed[2]["user"]["username"], "outsider");
    outsider.run(&["models", "test", "churn-prod/add"]).ok();
    owner.run(&["collaborators", "remove", "churn-prod", "outsider"]).ok();
    assert_ne!(outsider.run(&["models", "test", "churn-prod/add"]).code, 0);
    assert_eq!(owner.run(&["collaborators", "list", "fraud-lab"]).code, 5);
}

#[test]
fn administrators_see_everybody_and_set_the_expiration() {
    let bench = Bench::demo();
    let (admin, owner) = (bench.home("admin"), bench.home("owner"));
    let users = admin.run(&["admin", "users", "--json"]).ok().json();
    let own = users.as_array().unwrap().iter().find(|user| user["username"] == "owner").unwrap();
    assert_eq!((&own["keys"], &own["expired"], &own["expiring"]), (&4.into(), &1.into(), &1.into()));
    let alone = owner.run(&["admin", "users", "--json"]).ok();
    assert_eq!(alone.json().as_array().unwrap().len(), 1);
    assert_eq!(alone.err, "", "with --json only an error goes there");
    let alone = owner.run(&["admin", "users"]).ok();
    assert!(alone.err.contains("only a site administrator"), "{}", alone.err);

    assert_eq!(owner.run(&["admin", "expiration", "--json"]).ok().json()["days"], 365);
    assert_eq!(owner.run(&["admin", "expiration", "30"]).code, 4);
    let set = admin.run(&["admin", "expiration", "30", "--json"]).ok().json();
    assert_eq!((&set["days"], &set["before"]), (&30.into(), &365.into()));
    assert_eq!(owner.run(&["keys", "create", "--expires", "+31d"]).code, 5);
    let max = owner.run(&["keys", "create", "--expires", "max", "--json"]).ok().json();
    let listed = owner.run(&["keys", "list", "--json"]).ok().json();
    let row = listed.as_array().unwrap().iter().find(|key| key["key_id"] == max["key_id"]).unwrap().clone();
    assert_eq!(row["days_left"], 30);
}

#[test]
fn doctor_tells_what_is_wrong_and_no_secret() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let done = home.run(&["doctor", "--json"]).ok();
    assert_eq!(done.json()["ok"], true);
    assert!(!done.out.contains(&bench.key("owner")) && !done.out.contains(&bench.key("owner")[..32]));
    assert_eq!(Home::new().run(&["doctor"]).code, 3);
    let mut wrong = bench.home("owner");
    wrong.set("KEYBENCH_API_KEY", &made_up_key('d'));
    assert_eq!(wrong.run(&["doctor"]).code, 4);
    wrong.set("KEYBENCH_URL", "http://127.0.0.1:1");
    let done = wrong.run(&["doctor", "--json"]);
    assert_eq!(done.code, 6);
    let failed: Vec<_> = done.json()["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["verdict"] == "fail")
        .cloned()
        .collect();
    assert_eq!(failed[0]["name"], "connection");
    assert!(failed.iter().all(|check| check["hint"].is_string()), "{failed:?}");
    wrong.set("KEYBENCH_CONFIG_DIR", "/proc/nowhere");
    assert_eq!(wrong.run(&["doctor"]).code, 6, "a home that cannot be written to is no obstacle");
}

#[test]
fn long_lists_come_as_one_document() {
    use keybench::workbench::{Clock, Seed};
    let bench = Bench::start(Seed::Scale { keys: 3000, models: 1200, users: 0 }, Clock::system());
    let home = bench.home("owner");
    assert!(home.run(&["keys", "list", "--json"]).ok().json().as_array().unwrap().len() >= 3000);
    assert!(home.run(&["models", "list", "--json"]).ok().json().as_array().unwrap().len() >= 1200);
    assert!(home.run(&["models", "list"]).ok().out.lines().count() > 1200);
}

#[test]
fn the_embedded_workbench_says_when_it_is_ready_and_ends_on_a_signal() {
    use std::io::{BufRead as _, BufReader};
    let home = Home::new();
    let mut child = home
        .command(&["serve", "--data", "data", "--seed", "demo", "--listen", "127.0.0.1:0"])
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let members: Vec<_> = ready.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["event", "url", "model_service_url", "data", "credentials"]);
    assert_eq!(ready["event"], "ready");
    let credentials = home.path("data/credentials.json");
    assert_eq!(
        (mode(&credentials), ready["credentials"].as_str().unwrap().ends_with("data/credentials.json")),
        (0o600, true)
    );
    let users: serde_json::Value = serde_json::from_slice(&std::fs::read(&credentials).unwrap()).unwrap();
    let login = ["login", "--url", ready["url"].as_str().unwrap()];
    home.run_with_input(&login, users[0]["api_key"].as_str().unwrap()).ok();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(home.run(&["serve", "--data", "d", "--seed", "everything"]).code, 7);
    assert_eq!(home.run(&["demo", "--user", "nobody"]).code, 7);
}

#[test]
fn a_signal_right_after_the_ready_line_is_not_lost() {
    use std::io::{BufRead as _, BufReader};
    for round in 0..10 {
        let home = Home::new();
        let mut child = home.command(&["serve", "--data", "d", "--listen", "127.0.0.1:0"]).spawn().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut String::new()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        // A lost signal would leave it running for ever; a second one ends the test, not the bug.
        let (ended, waiting) = std::sync::mpsc::channel();
        let waiter = std::thread::spawn(move || ended.send(child.wait().unwrap()));
        let status = waiting.recv_timeout(std::time::Duration::from_secs(60));
        if status.is_err() {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
        waiter.join().unwrap().ok();
        assert_eq!(status.ok().and_then(|status| status.code()), Some(0), "round {round}");
    }
}

#[test]
fn completions_know_profiles_projects_and_models() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let names = |line: &[&str]| home.run(&[&["complete-names", "--", "keybench"], line].concat()).ok().out;
    assert_eq!(names(&["models", "test", ""]), "");
    home.run(&["models", "list"]).ok();
    assert!(names(&["models", "test", ""]).contains("churn-prod/add\n"));
    assert!(names(&["models", "list", "--project", "p"]).contains("churn-prod\n"));
    assert_eq!(names(&["models", "test", "churn-prod/add", ""]), "");
    let elsewhere = ["--url", "http://127.0.0.1:9", "models", "test", ""];
    assert_eq!(names(&elsewhere), "", "each workbench has its own names");
    home.run_with_input(&["login", "--url", &bench.url, "--name", "one"], &bench.key("owner")).ok();
    assert_eq!(names(&["profile", "use", ""]), "one\n");
    // As bash itself does it, with the script that it is given.
    let completed = |line: &str| {
        let program = assert_cmd::cargo::cargo_bin!("keybench");
        let script = format!(
            "source <(keybench completions bash); COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _keybench_names keybench \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
             printf '%s ' \"${{COMPREPLY[@]}}\""
        );
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let mut bash = std::process::Command::new("bash");
        bash.args(["--norc", "-c", &script]).env("PATH", path).env("KEYBENCH_URL", &bench.url);
        let output = bash.env("KEYBENCH_CONFIG_DIR", home.path("config")).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    assert_eq!(completed("keybench models test churn-prod/s"), "churn-prod/slow ");
    assert_eq!(completed("keybench --profile ''"), "one ");
    assert_eq!(completed("keybench keys rot"), "rotate ");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(home.run(&["completions", shell]).ok().out.contains("keybench"), "{shell}");
    }
    let man = home.run(&["man"]).ok().out;
    assert!(man.starts_with(".ie") && man.contains("KEYBENCH KEYS ROTATE"), "{}", &man[..200]);
}
