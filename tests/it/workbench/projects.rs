//! Projects and collaborators.

use serde_json::{Value, json};

use super::support::{As, Bench};

const PROJECTS: &str = "/api/v2/projects";
const OWNER: As<'static> = As::User("owner");

fn names(body: &Value) -> Vec<&str> {
    body["projects"].as_array().unwrap().iter().map(|project| project["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn everybody_lists_what_he_is_in() {
    let bench = Bench::demo().await;
    for (user, query, expected) in [
        ("owner", "", &["churn-prod", "playground"][..]),
        ("contributor", "", &["churn-prod", "fraud-lab"]),
        ("viewer", "", &["churn-prod"]),
        ("outsider", "", &[]),
        ("admin", "", &[]),
        ("outsider", "?include_public_projects=true", &["playground"]),
        ("outsider", "?include_all_projects=true", &["playground"]),
        ("viewer", "?includePublicProjects=true", &["churn-prod", "playground"]),
        ("admin", "?include_all_projects=true", &["churn-prod", "fraud-lab", "playground"]),
    ] {
        let body = bench.get(As::User(user), &format!("{PROJECTS}{query}")).await.ok();
        assert_eq!(names(&body), expected, "{user} {query}");
    }
    let listed = bench.get(As::User("viewer"), "/api/v2/projectnames?sort=-name").await.ok();
    assert_eq!(listed["project_names"], json!(["playground", "churn-prod"]));
}

#[tokio::test]
async fn a_project_is_listed_with_the_rights_of_the_caller() {
    let bench = Bench::demo().await;
    let path = format!("{PROJECTS}/{}", bench.project("churn-prod").await);
    for (user, rights) in [
        ("owner", [true, true, true]),
        ("contributor", [true, true, false]),
        ("viewer", [true, false, false]),
        ("admin", [true, true, true]),
    ] {
        let project = bench.get(As::User(user), &path).await.ok();
        let permissions = &project["permissions"];
        let found = ["read", "write", "admin"].map(|right| permissions[right].as_bool().unwrap());
        assert_eq!(found, rights, "{user}");
        assert_eq!(project["owner"]["username"], "owner");
    }
}

#[tokio::test]
async fn a_project_is_made_changed_and_deleted() {
    let bench = Bench::demo().await;
    let body = json!({"name": "My Lab", "description": "d", "environment": {"A": "b"}, "shared_memory_limit": "128"});
    let made = bench.post(OWNER, PROJECTS, body).await.ok();
    assert_eq!((&made["slug"], &made["visibility"]), (&json!("my-lab"), &json!("private")));
    assert_eq!((&made["shared_memory_limit"], &made["environment"]), (&json!(128), &json!(r#"{"A":"b"}"#)));
    assert!(bench.running.data.join("projects/my-lab").is_dir());
    bench.post(OWNER, PROJECTS, json!({"name": "my lab"})).await.refused(409, 6, "duplicate-project");

    let path = format!("{PROJECTS}/{}", made["id"].as_str().unwrap());
    let changes = json!({"name": "Our Lab", "visibility": "public", "environment": "{\"C\":\"d\"}", "id": "x", "new": 1});
    let changed = bench.patch(OWNER, &path, changes).await.ok();
    assert_eq!((&changed["name"], &changed["id"]), (&json!("Our Lab"), &made["id"]));
    assert_eq!((&changed["description"], &changed["environment"]), (&json!("d"), &json!("{\"C\":\"d\"}")));
    bench.get(As::User("outsider"), &path).await.ok();

    assert_eq!(bench.delete(OWNER, &path).await.ok(), json!({}));
    bench.get(OWNER, &path).await.refused(404, 5, "hidden-project");
}

#[tokio::test]
async fn a_deleted_project_takes_its_models_along() {
    let bench = Bench::demo().await;
    let access_key = bench.access_key("echo").await;
    bench.call_key(As::Anonymous, &access_key, json!(1)).await.ok();
    bench.delete(OWNER, &format!("{PROJECTS}/{}", bench.project("playground").await)).await.ok();
    let gone = bench.call_key(As::Anonymous, &access_key, json!(1)).await;
    assert_eq!((gone.status, gone.inferred), (404, vec!["model-deleted".to_owned()]));
    let listed = bench.get(OWNER, "/api/v2/models?page_size=100").await.ok();
    assert!(listed["models"].as_array().unwrap().iter().all(|model| model["name"] != "echo"));
    assert!(bench.running.data.join("projects/playground").is_dir(), "files stay");
}

#[tokio::test]
async fn values_that_are_none_are_refused_and_change_nothing() {
    let bench = Bench::demo().await;
    let path = format!("{PROJECTS}/{}", bench.project("churn-prod").await);
    let before = bench.get(OWNER, &path).await.ok();
    for body in [
        json!({"name": ""}),
        json!({"name": ".."}),
        json!({"name": "x".repeat(256)}),
        json!({"name": "x", "visibility": "secret"}),
        json!({"name": "x", "default_project_engine_type": "v8"}),
        json!({"name": "x", "team_name": "nobody"}),
        json!({"name": "x", "shared_memory_limit": -1}),
    ] {
        bench.post(OWNER, PROJECTS, body).await.refused(400, 3, "bad-value");
    }
    for body in [
        json!({"name": 5}),
        json!({"visibility": "secret"}),
        json!({"environment": "not json"}),
        json!({"environment": "{\"a\":1}"}),
        json!({"shared_memory_limit": 3_000_000_000_i64}),
        json!({"description": ["x"], "name": "y"}),
    ] {
        bench.patch(OWNER, &path, body).await.refused(400, 3, "bad-value");
    }
    assert_eq!(bench.get(OWNER, &path).await.ok(), before);
    bench.post(OWNER, PROJECTS, json!({"name": {}})).await.refused(400, 3, "malformed-body");
}

#[tokio::test]
async fn collaborators_are_added_and_changed_by_one_operation() {
    let bench = Bench::demo().await;
    let collaborators = format!("{PROJECTS}/{}/collaborators", bench.project("churn-prod").await);
    let entry = format!("{collaborators}/viewer");
    let changed = bench.put(OWNER, &entry, json!({"permission": "operator", "unknown": 1})).await;
    assert_eq!(changed.inferred, ["operator"]);
    assert_eq!(changed.ok(), json!({}));
    let listed = bench.get(OWNER, &format!("{collaborators}?sort=-username")).await.ok();
    let found: Vec<(&str, &str)> = listed["collaborators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["user"]["username"].as_str().unwrap(), row["permission"].as_str().unwrap()))
        .collect();
    assert_eq!(found, [("viewer", "operator"), ("contributor", "write")]);
    bench.put(OWNER, &entry, json!({"permission": "king"})).await.refused(400, 3, "bad-value");
    bench.put(OWNER, &entry, json!({})).await.refused(400, 3, "bad-value");
    let nobody = format!("{collaborators}/nobody");
    bench.put(OWNER, &nobody, json!({"permission": "read"})).await.refused(404, 5, "unknown-user");
    let owner = format!("{collaborators}/owner");
    bench.put(OWNER, &owner, json!({"permission": "read"})).await.refused(400, 3, "owner-as-collaborator");
    // The value in the path is percent-decoded.
    bench.put(OWNER, &format!("{collaborators}/%6Futsider"), json!({"permission": "read"})).await.ok();
    let strange = format!("{collaborators}/a%2Fb%20c");
    bench.put(OWNER, &strange, json!({"permission": "read"})).await.refused(404, 5, "unknown-user");
}

#[tokio::test]
async fn a_renamed_project_takes_its_folder_along() {
    let bench = Bench::demo().await;
    let made = bench.post(OWNER, PROJECTS, json!({"name": "Real_DWH_Import"})).await.ok();
    assert_eq!(made["slug"], "real_dwh_import");
    let folder = |name: &str| bench.running.data.join("projects").join(name);
    std::fs::write(folder("real_dwh_import").join("fit.py"), "pass").unwrap();
    let path = format!("{PROJECTS}/{}", made["id"].as_str().unwrap());
    assert_eq!(bench.patch(OWNER, &path, json!({"name": "DWH"})).await.ok()["slug"], "dwh");
    assert!(folder("dwh").join("fit.py").is_file() && !folder("real_dwh_import").exists());

    // An existing folder belongs to another project, and stays.
    std::fs::create_dir(folder("taken")).unwrap();
    bench.patch(OWNER, &path, json!({"name": "taken"})).await.ok();
    let beside = format!("taken-{}", made["id"].as_str().unwrap());
    assert!(folder(&beside).join("fit.py").is_file());
    assert_eq!(std::fs::read_dir(folder("taken")).unwrap().count(), 0);

    // A name that is taken changes nothing.
    bench.patch(OWNER, &path, json!({"name": "Churn Prod"})).await.refused(409, 6, "duplicate-project");
    assert!(folder(&beside).is_dir());
}

#[tokio::test]
async fn a_project_is_given_to_another_owner_by_those_who_may() {
    let bench = Bench::demo().await;
    let path = format!("{PROJECTS}/{}", bench.project("churn-prod").await);
    let to = |name: &str| json!({"owner": {"username": name}});
    let collaborators = format!("{path}/collaborators");
    bench.put(OWNER, &format!("{collaborators}/outsider"), json!({"permission": "admin"})).await.ok();
    bench.patch(As::User("outsider"), &path, to("outsider")).await.refused(403, 7, "not-permitted");
    bench.patch(OWNER, &path, to("nobody")).await.refused(404, 5, "unknown-user");
    bench.patch(OWNER, &path, json!({"owner": "viewer"})).await.refused(400, 3, "bad-value");
    assert_eq!(bench.patch(OWNER, &path, to("owner")).await.ok()["owner"]["username"], "owner");

    let given = bench.patch(OWNER, &path, to("viewer")).await.ok();
    assert_eq!(
        (&given["owner"]["username"], &given["creator"]["username"]),
        (&json!("viewer"), &json!("owner"))
    );
    let listed = bench.get(As::User("viewer"), &collaborators).await.ok().to_string();
    assert!(!listed.contains("\"viewer\""), "an owner is no collaborator: {listed}");
    bench.get(OWNER, &path).await.refused(404, 5, "hidden-project");
    bench.patch(As::User("admin"), &path, to("owner")).await.ok();
    bench.get(OWNER, &path).await.ok();

    let open = Bench::with(|options| {
        options.seed = keybench::workbench::Seed::Demo;
        options.behaviour.rules.project_admins_transfer_projects = true;
    })
    .await;
    let path = format!("{PROJECTS}/{}", open.project("churn-prod").await);
    open.put(OWNER, &format!("{path}/collaborators/outsider"), json!({"permission": "admin"})).await.ok();
    let taken = open.patch(As::User("outsider"), &path, to("outsider")).await;
    assert_eq!(taken.inferred, ["project-admins-transfer-projects"]);
    assert_eq!(taken.ok()["owner"]["username"], "outsider");
}

#[tokio::test]
async fn a_plain_word_finds_projects_by_name() {
    let bench = Bench::demo().await;
    for query in ["searchFilter=churn", "search_filter=churn"] {
        assert_eq!(names(&bench.get(OWNER, &format!("{PROJECTS}?{query}")).await.ok()), ["churn-prod"]);
    }
    assert!(names(&bench.get(OWNER, &format!("{PROJECTS}?searchFilter=5")).await.ok()).is_empty());
    bench.get(OWNER, "/api/v2/models?search_filter=churn").await.refused(400, 3, "bad-filter");
}
