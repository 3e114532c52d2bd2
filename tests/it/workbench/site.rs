//! Site settings, version, operations that are not served, and the effects of a behaviour file.

use keybench::workbench::{Behaviour, Seed};
use reqwest::Method;
use serde_json::json;

use super::support::{As, Bench};

const CONFIG: &str = "/api/v1/site/config";

#[tokio::test]
async fn settings_are_read_by_all_and_changed_by_administrators() {
    let bench = Bench::demo().await;
    for user in [As::User("viewer"), As::Legacy("viewer")] {
        let reply = bench.get(user, CONFIG).await;
        assert_eq!(reply.inferred, ["expiration-setting"]);
        assert_eq!(reply.ok()["default_api_keys_expiration_days"], 365);
        bench.patch(user, CONFIG, json!({})).await.refused(403, 7, "not-administrator");
    }
    let unknown = json!({"default_api_keys_expiration_days": 30, "nope": 1});
    let refused = bench.patch(As::User("admin"), CONFIG, unknown).await;
    refused.refused(400, 3, "bad-value");
    assert!(
        refused.message().starts_with("nope is invalid") && refused.message().contains("max_gpu_per_engine")
    );
    let changes =
        json!({"default_api_keys_expiration_days": "90", "allow_unauthenticated_access_to_app": true});
    let changed = bench.patch(As::Legacy("admin"), CONFIG, changes).await.ok();
    assert_eq!(changed["default_api_keys_expiration_days"], 90);
    assert_eq!(changed["allow_unauthenticated_access_to_app"], true);
    assert!(changed.get("nope").is_none());
    for days in [json!(0), json!(-5), json!(1.5), json!("soon"), json!(null), json!(100_000), json!([])] {
        let changes = json!({"max_gpu_per_engine": 4, "default_api_keys_expiration_days": days});
        let reply = bench.patch(As::User("admin"), CONFIG, changes).await;
        reply.refused(400, 3, "bad-value");
    }
    assert_eq!(bench.get(As::User("owner"), CONFIG).await.ok(), changed, "a refused change changes nothing");
    bench.get(As::Anonymous, CONFIG).await.refused(401, 16, "");
}

#[tokio::test]
async fn what_is_not_served_says_so() {
    let bench = Bench::demo().await;
    let owner = As::User("owner");
    let jobs = bench.get(owner, "/api/v2/projects/x/jobs").await;
    jobs.refused(501, 12, "not-served");
    assert!(jobs.message().contains("ListJobs"));
    bench.get(owner, "/api/v2/nonsense").await.refused(404, 5, "unknown-path");
    bench.get(owner, "/api/v2/projects/").await.refused(404, 5, "unknown-path");
    bench.get(As::Anonymous, "/").await.refused(404, 5, "unknown-path");
    bench.delete(owner, "/api/v2/projects").await.refused(405, 12, "wrong-method");
    bench.delete(owner, CONFIG).await.refused(405, 12, "wrong-method");
    bench.post(owner, "/api/v2/users/owner/v2_keys/x:rotate", json!({})).await.refused(
        405,
        12,
        "wrong-method",
    );
    bench.post(owner, "/api/v2/users/owner/v1_key/:rotate", json!({})).await.refused(404, 5, "unknown-path");
    for path in ["/api/v2/projects/x/files/a/b.py", "/api/v2/projects/x/files/"] {
        bench.get(owner, path).await.refused(501, 12, "not-served");
    }
    // A caller without a key does not learn which operations exist.
    for path in ["/api/v2/projects/x/jobs", "/api/v1/users", "/api/v1/nothing"] {
        bench.get(As::Anonymous, path).await.refused(401, 16, "");
    }
    bench.get(As::Legacy("owner"), "/api/v1/users").await.refused(403, 7, "not-administrator");
    bench.get(As::Legacy("owner"), "/api/v1/nothing").await.refused(404, 5, "unknown-path");
    let bootstrap = bench.get(As::Anonymous, "/sense-bootstrap.json").await.ok();
    assert_eq!(bootstrap["gitSha"], "26.06.13-keybench");
}

#[tokio::test]
async fn bodies_are_read_tolerantly_and_bounded() {
    let bench = Bench::demo().await;
    let keys = "/api/v2/users/owner/v2_keys";
    let owner = As::User("owner");
    for body in [
        "",
        "{}",
        " {\"new\": [1]} ",
        "{\"comments\": null, \"audiences\": null}",
        "{\"username\":\"admin\"}",
    ] {
        bench.send(Method::POST, owner, keys, Some(body.to_owned())).await.ok();
    }
    for body in
        ["[]", "null", "{", "\u{feff}{}", "{\"comments\": 5}", "{\"audiences\":\"API\"}", "{}{}", "[{}]"]
    {
        let reply = bench.send(Method::POST, owner, keys, Some(body.to_owned())).await;
        reply.refused(400, 3, "malformed-body");
    }
    let large = format!("{{\"comments\":\"{}\"}}", "x".repeat(5 * 1024 * 1024));
    bench.send(Method::POST, owner, keys, Some(large)).await.refused(413, 8, "body-too-large");
}

#[tokio::test]
async fn a_behaviour_file_changes_answers_by_name() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "version = 1\n[refusals.missing-key]\nstatus = 302\nbody = '{\"login\":\"here\"}'\n\
         [refusals.unknown-user]\nmessage = \"who is {user}?\"\n\
         [names]\nexpiration-setting = \"key_days\"\noperator = \"run\"\ndefault-audiences = [\"API\", \"Application\"]\n\
         [rules]\nexpired-keys-listed = false\nkey-id = \"random\"\ncamel-case-queries = false\n\
         [limits]\npage-size = 1\n";
    std::fs::write(file.path(), text).unwrap();
    let behaviour = Behaviour::load(file.path()).unwrap();
    let bench = Bench::with(|options| {
        options.seed = Seed::Demo;
        options.behaviour = behaviour;
    })
    .await;
    let admin = As::User("admin");
    assert_eq!(bench.get(admin, CONFIG).await.ok()["key_days"], 365);
    let login = bench.get(As::Anonymous, CONFIG).await;
    assert_eq!((login.status, login.body), (302, json!({"login": "here"})));
    let unknown = bench.get(admin, "/api/v2/users/x/v2_keys").await;
    assert_eq!(unknown.message(), "who is x?");
    let listed = bench.get(admin, "/api/v2/users/owner/v2_keys").await.ok();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 3, "the expired one is hidden");
    let made = bench.post(admin, "/api/v2/users/owner/v2_keys", json!({})).await.ok();
    assert_eq!(made["audiences"], json!(["API", "Application"]));
    assert!(!made["api_key"].as_str().unwrap().starts_with(made["key_id"].as_str().unwrap()));
    let projects = bench.get(admin, "/api/v2/projects?includeAllProjects=true&page_size=9").await.ok();
    assert_eq!(projects["projects"], json!([]), "camel case is an unknown parameter now");
    let one = bench.get(admin, "/api/v2/projects?include_all_projects=true").await.ok();
    assert_eq!(one["projects"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bodies_of_a_behaviour_file_have_a_type_of_their_own() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "version = 1\n[refusals.missing-key]\nstatus = 200\nbody = '<html>log in</html>'\n\
         [refusals.malformed-key]\nbody = 'no'\n\
         [refusals.unknown-key]\nbody = '{\"a\":1}'\ncontent-type = 'application/problem+json'\n";
    std::fs::write(file.path(), text).unwrap();
    let behaviour = Behaviour::load(file.path()).unwrap();
    let bench = Bench::with(|options| options.behaviour = behaviour).await;
    let unknown = format!("{}.{}", "0".repeat(64), "1".repeat(64));
    for (key, status, kind) in [
        (None, 200, "text/html; charset=utf-8"),
        (Some("x"), 500, "text/plain; charset=utf-8"),
        (Some(unknown.as_str()), 401, "application/problem+json"),
    ] {
        let mut request = bench.client().get(format!("{}{CONFIG}", bench.running.url));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
            (status, kind)
        );
    }
}

#[tokio::test]
async fn pages_and_links_name_the_host_that_was_asked() {
    let bench = Bench::demo().await;
    let get = |path: &str| {
        bench
            .client()
            .get(format!("{}{path}", bench.running.url))
            .header("host", "workbench.example:8443")
            .bearer_auth(bench.key("owner"))
    };
    let python = get("/api/v2/python.html").send().await.unwrap().text().await.unwrap();
    assert!(python.contains("http://workbench.example:8443/api/v2/python.tar.gz"), "{python}");
    let swagger = get("/api/v2/swagger.html").send().await.unwrap();
    assert_eq!(swagger.headers()["content-type"], "text/html; charset=utf-8");
    let swagger = swagger.text().await.unwrap();
    assert!(swagger.contains("ValidateAPIKey") && !swagger.contains("ListJobs"));
    let users = get("/api/v2/usersquota").send().await.unwrap().text().await.unwrap();
    assert!(users.contains("http://workbench.example:8443/owner"), "{users}");
}
