//! Every command against the embedded workbench: what it prints, and how it ends.

mod doctor;
mod endings;
mod profiles;
mod serve;

use crate::support::bench::{Bench, Home, mode, on_one_day};
use crate::support::made_up_key;

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
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
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
    // Adding who is one already takes nothing away; a permission that is named is set.
    let kept = owner.run(&["collaborators", "add", "churn-prod", "contributor"]).ok();
    assert!(kept.out.contains("already, with write: nothing was changed"), "{}", kept.out);
    let kept = owner.run(&["collaborators", "add", "churn-prod", "contributor", "--json"]).ok().json();
    assert_eq!(kept["permission"], "write");
    let named = ["collaborators", "add", "churn-prod", "contributor", "--permission", "read", "--json"];
    assert_eq!(owner.run(&named).ok().json()["permission"], "read");
    owner.run(&["collaborators", "remove", "churn-prod", "outsider"]).ok();
    assert_ne!(outsider.run(&["models", "test", "churn-prod/add"]).code, 0);
    assert_eq!(owner.run(&["collaborators", "list", "fraud-lab"]).code, 5);
}

#[test]
fn administrators_see_everybody_and_set_the_expiration() {
    on_one_day();
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
fn long_lists_come_as_one_document() {
    use keybench::workbench::{Clock, Seed};
    let bench = Bench::start(Seed::Scale { keys: 3000, models: 1200, users: 0 }, Clock::system());
    let home = bench.home("owner");
    assert!(home.run(&["keys", "list", "--json"]).ok().json().as_array().unwrap().len() >= 3000);
    assert!(home.run(&["models", "list", "--json"]).ok().json().as_array().unwrap().len() >= 1200);
    assert!(home.run(&["models", "list"]).ok().out.lines().count() > 1200);
}

#[test]
fn the_list_of_models_says_what_is_deployed_if_it_is_asked() {
    use serde_json::{Value, json};
    let bench = Bench::controlled();
    let home = bench.home("owner");
    let builds = || {
        let path = "/requests/count?operation=ListModelBuilds";
        bench.control(reqwest::Method::GET, path, &Value::Null)["count"].as_u64().unwrap()
    };
    let plain = home.run(&["models", "list", "--json"]).ok().json();
    assert!(plain[0].get("status").is_none() && builds() == 0, "a request for each only if it is asked for");
    let listed = home.run(&["models", "list", "--status", "--json"]).ok().json();
    let of = |listed: &Value, name: &str| {
        listed.as_array().unwrap().iter().find(|model| model["name"] == name).unwrap().clone()
    };
    let (churn, retired) = (of(&listed, "churn"), of(&listed, "retired"));
    assert_eq!((&churn["status"], &churn["deployment"]["replicas"]), (&json!("deployed"), &json!(3)));
    assert_eq!(retired["status"], "stopped");
    assert_eq!(builds(), listed.as_array().unwrap().len() as u64);
    let table = home.run(&["models", "list", "--status", "--project", "churn-prod"]).ok().out;
    let row = table.lines().find(|line| line.contains("retired")).unwrap();
    assert!(table.starts_with("PROJECT") && row.contains("  stopped  "), "{table}");

    // One that cannot be asked keeps no other from being listed.
    let on = json!({"operation": "ListModelBuilds", "model": "churn-prod/churn"});
    bench.fault(&on, &json!({"status": 403, "body": {"message": "not yours", "code": 7}}));
    let partly = home.run(&["models", "list", "--status", "--json"]);
    assert_eq!((partly.code, partly.json().as_array().unwrap().len()), (4, listed.as_array().unwrap().len()));
    assert_eq!(
        (&of(&partly.json(), "churn")["status"], &of(&partly.json(), "add")["status"]),
        (&json!("unknown"), &json!("deployed"))
    );
    assert!(partly.error()["message"].as_str().unwrap().starts_with("churn-prod/churn: "), "{partly:?}");
}

#[test]
fn completions_know_the_keys_that_were_listed_last() {
    let bench = Bench::demo();
    let mut home = bench.home("owner");
    let key = bench.key("outsider");
    // As another program may have named it: keybench takes no key as an argument.
    crate::support::install_tls();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let create =
        client.post(format!("{}/api/v2/users/owner/v2_keys", bench.url)).bearer_auth(bench.key("owner"));
    let create = create.json(&serde_json::json!({ "comments": format!("as {key}") }));
    let made: serde_json::Value =
        bench.runtime.block_on(async { create.send().await.unwrap().json().await.unwrap() });
    let id = made["key_id"].as_str().unwrap().to_owned();
    let names = |home: &Home, line: &[&str]| {
        let lines = home.run(&[&["complete-names", "--", "keybench"], line].concat()).ok().out;
        lines.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(names(&home, &["keys", "delete", ""]).is_empty(), "nothing was listed");
    home.run(&["keys", "list"]).ok();
    let all = names(&home, &["keys", "delete", ""]);
    assert!(
        all.iter().any(|line| *line == format!("{}\tdashboard", demo_key(&home, "dashboard"))),
        "{all:?}"
    );
    assert!(!all.concat().contains(&key), "a key in a comment is masked: {all:?}");
    assert_eq!(names(&home, &["keys", "delete", &id, ""]).len(), all.len() - 1, "it is named already");
    assert!(names(&home, &["keys", "rotate", ""]).contains(&"dashboard".to_owned()));
    assert!(names(&home, &["keys", "delete", "--user", "viewer", ""]).is_empty());
    home.run(&["keys", "delete", &id, "--yes"]).ok();
    assert!(!names(&home, &["keys", "delete", ""]).concat().contains(&id), "it is gone");

    // Keys of another user are no own ones.
    let viewer = bench.key_id("viewer");
    home.set("KEYBENCH_API_KEY", &bench.key("admin"));
    home.run(&["keys", "list", "--user", "viewer"]).ok();
    home.set("KEYBENCH_API_KEY", &bench.key("owner"));
    assert!(names(&home, &["keys", "delete", "--user", "viewer", ""])[0].starts_with(&viewer));
    assert!(!names(&home, &["keys", "delete", ""]).concat().contains(&viewer));
}

fn demo_key(home: &Home, name: &str) -> String {
    let listed = home.run(&["keys", "list", "--json"]).ok().json();
    let row = listed.as_array().unwrap().iter().find(|key| key["comments"] == name).unwrap().clone();
    row["key_id"].as_str().unwrap().to_owned()
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
    let complete = |how: u32, line: &str| {
        let program = assert_cmd::cargo::cargo_bin!("keybench");
        let script = format!(
            "source <(keybench completions bash); COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             COMP_TYPE={how}; \
             _keybench_names keybench \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
             printf '%s ' \"${{COMPREPLY[@]}}\""
        );
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let mut bash = std::process::Command::new("bash");
        bash.args(["--norc", "-c", &script]).env("PATH", path).env("KEYBENCH_URL", &bench.url);
        let output = bash.env("KEYBENCH_CONFIG_DIR", home.path("config")).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let completed = |line: &str| complete(9, line);
    assert_eq!(completed("keybench models test churn-prod/s"), "churn-prod/slow ");
    assert_eq!(completed("keybench --profile ''"), "one ");
    assert_eq!(completed("keybench keys rot"), "rotate ");
    assert_eq!(completed("keybench keys delete ''").trim(), "", "no lone - where a Key ID belongs");
    assert_eq!(completed("keybench keys delete --fi"), "--finding ");
    home.run(&["keys", "list"]).ok();
    let id = demo_key(&home, "dashboard");
    assert_eq!(completed(&format!("keybench keys delete {}", &id[..16])), format!("{id} "));
    // What a key is for is shown in a list, and not typed.
    assert!(complete(63, "keybench keys delete ''").contains(&format!("{id}  (dashboard) ")));
    assert!(!completed("keybench keys delete ''").contains("dashboard"));
    assert!(completed("keybench keys delete --finding ''").starts_with("expired expiring beyond_limit "));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(home.run(&["completions", shell]).ok().out.contains("keybench"), "{shell}");
    }
    let man = home.run(&["man"]).ok().out;
    assert!(man.starts_with(".ie") && man.contains("KEYBENCH KEYS ROTATE"), "{}", &man[..200]);
}
