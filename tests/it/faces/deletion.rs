//! Which keys are deleted.

use super::*;

#[test]
fn all_keys_are_deleted_but_those_in_use() {
    let bench = Bench::demo();
    let mut home = bench.home("owner");
    let own = bench.key_id("owner");
    // The key of the workbench session is another one than that which is signed in with.
    let (given, text) = create(&home, &["--name", "session"]);
    home.set("CDSW_DOMAIN", bench.url.trim_start_matches("http://"));
    home.set("CDSW_PROJECT_URL", &bench.url);
    home.set("CDSW_APIV2_KEY", &text);
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    let kept = sorted(vec![own.clone(), given.clone()]);

    let done = home.run(&["keys", "delete", "--all", "--yes", "--json"]).ok().json();
    let spared = done["spared"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned());
    assert_eq!(sorted(spared.collect()), kept);
    assert_eq!(sorted(listed(&home)), kept);

    create(&home, &["--name", "another"]);
    for tab in ["1", "3"] {
        bench.runtime.block_on(async {
            let mut session = session(&bench.url, &bench.key("owner"), "owner");
            session.session_key = Some(ApiKey::from_workbench(text.clone()));
            let mut flow = Flow::of(Some(session), mono());
            flow.idle().await;
            flow.keys(tab);
            flow.idle().await;
            flow.keys("D");
            flow.shows("Delete all API keys?").await;
            flow.keys("owner<enter>");
            flow.shows("deleted 1 API key of owner").await;
            flow.idle().await;
        });
        assert_eq!(sorted(listed(&home)), kept, "tab {tab}");
        create(&home, &["--name", "another"]);
    }
}

#[test]
fn of_several_keys_those_in_use_stay_and_one_alone_may_go() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let own = bench.key_id("owner");
    let (other, _) = create(&home, &["--name", "other"]);
    let done = home.run(&["keys", "delete", &own, &other, "--yes", "--json"]).ok();
    assert_eq!(done.json()["deleted"], serde_json::json!([other]));
    assert_eq!(done.json()["spared"], serde_json::json!([own]));
    assert!(listed(&home).contains(&own));

    bench.runtime.block_on(async {
        let mut flow = interface(&bench, "owner");
        flow.shows("signed in").await;
        flow.keys("g<space><space><space><space>d");
        flow.shows(&format!("{} stays: keybench is signed in with it", short_id(&own))).await;
        flow.keys("y");
        flow.shows("deleted 3 API keys of owner").await;
        flow.idle().await;
    });
    assert_eq!(listed(&home), [own.as_str()]);

    bench.runtime.block_on(async {
        let mut flow = interface(&bench, "owner");
        flow.shows("signed in").await;
        flow.keys("d");
        flow.shows("keybench itself is signed in with it").await;
    });
    home.run(&["keys", "delete", &own, "--yes"]).ok();
    assert_eq!(home.run(&["whoami"]).code, 4);
}

#[test]
fn a_refusal_in_the_middle_leaves_no_key_untried() {
    let bench = Bench::demo();
    let home = bench.home("outsider");
    let three = || ["one", "two", "three"].map(|name| create(&home, &["--name", name]).0);
    let ids = three();
    home.run(&["keys", "delete", &ids[1], "--yes"]).ok();
    let done = home.run(&["keys", "delete", &ids[0], &ids[1], &ids[2], "--yes", "--json"]);
    assert_eq!(done.code, 5, "{done:?}");
    assert_eq!(done.json()["deleted"], serde_json::json!([ids[0], ids[2]]));
    assert_eq!(done.json()["failed"][0]["key_id"], ids[1].as_str());

    let ids = three();
    bench.runtime.block_on(async {
        let mut flow = interface(&bench, "outsider");
        flow.shows("three").await;
        flow.keys("g<space><space><space><space>d");
        flow.shows("Delete these API keys?").await;
        home.run(&["keys", "delete", &ids[1], "--yes"]).ok();
        flow.keys("y");
        flow.shows("deleted 2 API keys of outsider").await;
        flow.keys("!");
        flow.shows("deleted elsewhere already: ").await;
        assert!(flow.screen().contains(short_id(&ids[1]).as_ref()), "{}", flow.screen());
    });
    assert_eq!(listed(&home), [bench.key_id("outsider")]);
}
