//! Profiles and credentials on this machine.

use super::*;

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
    let two = ["login", "--url", &bench.url, "--name", "two", "--read-only"];
    let done = home.run_with_input(&two, &bench.key("admin")).ok();
    assert!(done.out.contains("two is the current profile now (before: one)"), "{}", done.out);
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
