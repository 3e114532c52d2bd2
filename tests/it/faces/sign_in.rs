//! Signing in, and the profile that keeps the key.

use super::*;

/// The first-run screen, with a configuration folder.
fn welcome(store: &Store) -> Flow {
    Flow::of(None, Preferences { store: Some(store.clone()), ..mono() })
}

/// Types the form of a sign-in and sends it.
fn sign_in(flow: &mut Flow, url: &str, key: &str, name: &str) {
    flow.keys(&format!("<enter>{url}<enter>"));
    flow.paste(key);
    flow.keys(&format!("<tab>{name}<enter>"));
}

#[test]
fn a_key_whose_answer_says_not_valid_is_stored_by_neither() {
    support::install_tls();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let no = json("200 OK", r#"{"valid":false,"username":"owner","message":"revoked"}"#);
    let server = runtime.block_on(Scripted::start(&[no]));
    let home = Home::new();
    let done = home.run_with_input(&["login", "--url", &server.url, "--name", "x"], &made_up_key('a'));
    assert_eq!(done.code, 4, "{done:?}");
    assert!(done.err.contains("revoked"), "{}", done.err);
    let store = Store::at(home.path("config"));
    assert!(!store.profiles_file().exists() && !store.credentials_file().exists());

    let store = Store::at(home.path("interface"));
    runtime.block_on(async {
        let mut flow = welcome(&store);
        sign_in(&mut flow, &server.url, &made_up_key('a'), "x");
        flow.shows("revoked").await;
        assert_eq!(flow.layers(), ["sign-in"]);
    });
    assert!(!store.profiles_file().exists() && !store.credentials_file().exists());
}

#[test]
fn a_key_for_applications_is_stored_with_the_same_caution() {
    const CAUTION: &str = "this key is for Application only: API v2 and models will refuse it";
    let bench = Bench::demo();
    let home = bench.home("owner");
    let (_, key) = create(&home, &["--audience", "Application"]);
    let home = Home::new();
    let done = home.run_with_input(&["login", "--url", &bench.url, "--name", "app"], &key).ok();
    assert!(done.err.contains(CAUTION), "{}", done.err);

    let store = Store::at(home.path("interface"));
    bench.runtime.block_on(async {
        let mut flow = welcome(&store);
        sign_in(&mut flow, &bench.url, &key, "app");
        flow.wait("the session", |screen| screen.contains("app ▸ owner")).await;
        flow.idle().await;
        flow.keys("!");
        flow.shows("this key is for Application only").await;
    });
    for store in [store, Store::at(home.path("config"))] {
        assert_eq!(store.load().credentials.keys["app"].api_key.expose(), key);
    }
}

#[test]
fn the_profile_of_another_workbench_is_taken_over_by_neither_without_a_yes() {
    let bench = Bench::demo();
    let home = Home::new();
    let elsewhere = Profile {
        url: "https://other.example.com".into(),
        label: Some("Production".into()),
        read_only: true,
        ..Profile::default()
    };
    let credential =
        || Credential { url: elsewhere.url.clone(), api_key: api_key('a'), ..Credential::default() };
    let (line, interface) = (Store::at(home.path("config")), Store::at(home.path("interface")));
    for store in [&line, &interface] {
        store.save("work", elsewhere.clone(), Some(credential())).unwrap();
    }
    let is_untouched = |store: &Store| {
        let loaded = store.load();
        loaded.profiles.profiles["work"] == elsewhere
            && loaded.credentials.keys["work"].api_key == api_key('a')
    };
    let login = ["login", "--url", &bench.url, "--name", "work"];
    let done = home.run_with_input(&login, &bench.key("owner"));
    assert_eq!(done.code, 7, "{done:?}");
    let refusal = "the profile work is for https://other.example.com";
    assert!(done.err.contains(refusal) && is_untouched(&line), "{}", done.err);

    bench.runtime.block_on(async {
        let mut flow = welcome(&interface);
        sign_in(&mut flow, &bench.url, &bench.key("owner"), "work");
        flow.shows("Replace the profile?").await;
        assert!(flow.screen().contains(refusal) && is_untouched(&interface), "{}", flow.screen());
        flow.keys("y");
        flow.shows("work ▸ owner").await;
    });
    home.run(&["profile", "remove", "work"]).ok();
    home.run_with_input(&login, &bench.key("owner")).ok();
    for store in [&line, &interface] {
        let loaded = store.load();
        let (now, key) = (&loaded.profiles.profiles["work"], &loaded.credentials.keys["work"]);
        assert_eq!((now.username.as_str(), &now.label, now.read_only), ("owner", &None, false));
        assert_eq!(key.api_key.expose(), bench.key("owner"));
    }
}

#[test]
fn signing_in_again_keeps_label_and_read_only_in_both() {
    let bench = Bench::demo();
    let home = Home::new();
    let own = Profile {
        url: bench.url.clone(),
        username: "owner".into(),
        label: Some("Production".into()),
        read_only: true,
        ..Profile::default()
    };
    let (line, interface) = (Store::at(home.path("config")), Store::at(home.path("interface")));
    for store in [&line, &interface] {
        let credential =
            Credential { url: bench.url.clone(), api_key: api_key('a'), ..Credential::default() };
        store.save("work", own.clone(), Some(credential)).unwrap();
    }
    home.run_with_input(&["login", "--url", &bench.url, "--name", "work"], &bench.key("owner")).ok();
    bench.runtime.block_on(async {
        let mut flow = welcome(&interface);
        sign_in(&mut flow, &bench.url, &bench.key("owner"), "work");
        flow.shows("Production ▸ owner").await;
        assert!(flow.ui.shared.session.read_only);
    });
    for store in [&line, &interface] {
        let loaded = store.load();
        let now = &loaded.profiles.profiles["work"];
        assert_eq!((now.label.as_deref(), now.read_only), (Some("Production"), true));
        assert_eq!(loaded.credentials.keys["work"].api_key.expose(), bench.key("owner"));
    }
}
