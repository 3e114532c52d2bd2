//! Files that hold a key, and files that hold none.

use super::*;

fn make_repository(folder: &Path) {
    assert!(support::git(folder, &["init", "-q"]).status().unwrap().success());
}

#[test]
fn a_key_goes_into_no_repository_and_replaces_no_file() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let repository = tempfile::tempdir().unwrap();
    make_repository(repository.path());
    let tracked = repository.path().join("key").display().to_string();
    let there = home.file("there", "mine");

    let before = listed(&home).len();
    for (file, why) in [(&tracked, "version-controlled"), (&there, "already")] {
        let done = home.run(&["keys", "create", "--output", file]);
        assert_eq!(done.code, 7, "{done:?}");
        assert!(done.err.contains(why), "{}", done.err);
    }
    assert_eq!(listed(&home).len(), before, "no key was made in vain");

    bench.runtime.block_on(async {
        let mut flow = interface(&bench, "owner");
        flow.shows("signed in").await;
        flow.keys("n<tab><tab>to a file<enter>");
        flow.shows("shown only this once").await;
        for (file, why) in [(&tracked, "version-controlled"), (&there, "already")] {
            flow.keys(&format!("w<ctrl-u>{file}<enter>"));
            flow.shows(why).await;
            flow.keys("<esc>");
        }
    });
    assert!(!Path::new(&tracked).exists());
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "mine");
}

#[test]
fn a_run_is_exported_into_a_repository_and_the_interface_asks_before_it_replaces() {
    let bench = Bench::demo();
    let mut home = bench.home("owner");
    home.set("KEYBENCH_MODEL_URL", &bench.model_url);
    make_repository(home.folder.path());
    let run = ["models", "test", "churn-prod/add", "--request", "{\"a\":1,\"b\":2}", "--export", "run.json"];
    let requests = |n: u64| {
        let text = std::fs::read_to_string(home.path("run.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["total"] == n
    };
    home.run(&[&run[..], &["-n", "3"]].concat()).ok();
    assert!(requests(3));
    home.run(&[&run[..], &["-n", "4"]].concat()).ok();
    assert!(requests(4), "a later run replaces the earlier one");

    bench.runtime.block_on(async {
        let mut flow = interface(&bench, "owner");
        flow.keys("2");
        flow.shows("MODEL").await;
        flow.idle().await;
        flow.keys("/add<enter>b<ctrl-u>5<enter>");
        flow.wait("the end", |screen| screen.contains("5 requests in") && screen.contains("ended")).await;
        flow.keys(&format!("e<ctrl-u>{}<enter>", home.path("run.json").display()));
        flow.shows("is there already").await;
        assert!(requests(4), "not before a yes");
        flow.keys("y");
        flow.shows("written to").await;
    });
    assert!(requests(5));
}
