//! Models, builds and deployments: created, changed, listed, replaced; who may.

use keybench::workbench::Seed;
use serde_json::json;

use super::model_support::deployment_path;
use super::support::{As, Bench};

#[tokio::test]
async fn a_model_is_created_built_deployed_called_changed_and_deleted() {
    let bench = Bench::demo().await;
    let project = bench.project("churn-prod").await;
    let models = format!("/api/v2/projects/{project}/models");
    let wish = json!({
        "project_id": project, "name": "mine", "description": "made by a test", "disable_authentication": true,
        "auto_build_model": true, "auto_deploy_model": true, "unknown_field": 1,
        "auto_build_config": {"kernel": "builtin", "function_name": "echo", "comment": "first"},
        "auto_deployment_config": {"cpu": 0.5, "memory": 1, "replicas": "2", "environment": {"A": "b"}},
    });
    let model = bench.post(As::User("contributor"), &models, wish.clone()).await.ok();
    assert_eq!(model["auth_enabled"], false);
    assert_eq!(model["creator"]["username"], "contributor");
    assert_eq!(model["project"]["public_identifier"], json!(project));
    assert!(model["crn"].as_str().unwrap().ends_with(model["id"].as_str().unwrap()));
    let id = model["id"].as_str().unwrap();
    let deployment = bench.deployed(&project, id).await;
    assert_eq!((&deployment["replicas"], &deployment["cpu"]), (&json!(2), &json!(0.5)));
    assert_eq!(deployment["environment"], "{\"A\":\"b\"}");
    let access_key = model["access_key"].as_str().unwrap();
    bench.call_key(As::Anonymous, access_key, json!(1)).await.ok();

    let again = bench.post(As::User("contributor"), &models, wish).await;
    assert_eq!(
        (again.status, &again.body["message"]),
        (409, &json!("Failed to create model: the project already has a model with that name"))
    );

    let path = format!("{models}/{id}");
    let changed = json!({"description": "changed", "auth_enabled": true,
        "default_replication_policy": {"num_replicas": "3", "type": "fixed"}});
    bench.patch(As::User("contributor"), &path, changed).await.ok();
    let model = bench.get(As::User("viewer"), &path).await.ok();
    assert_eq!((&model["description"], &model["auth_enabled"]), (&json!("changed"), &json!(false)));
    assert_eq!(
        (&model["name"], &model["default_replication_policy"]["num_replicas"]),
        (&json!("mine"), &json!("3"))
    );

    assert_eq!(bench.delete(As::User("contributor"), &path).await.ok(), json!({}));
    assert_eq!(bench.get(As::User("contributor"), &path).await.status, 404);
    let deleted = bench.call_key(As::User("owner"), access_key, json!(1)).await;
    assert_eq!((deleted.status, deleted.inferred.as_slice()), (404, &["model-deleted".to_owned()][..]));
}

#[tokio::test]
async fn deployments_stop_restart_and_replace_each_other() {
    let bench = Bench::demo().await;
    let project = bench.project("churn-prod").await;
    let add = bench.model("add").await;
    let deployment = bench.deployed(&project, &add).await;
    let path = deployment_path(&project, &deployment);
    let first = bench.call("owner", "add", json!({"a": 1, "b": 1})).await.ok();

    for colon in ["%3A", "%3a", ":"] {
        let restart = format!("{path}{colon}restart");
        let restarting = bench.post(As::User("owner"), &restart, json!({})).await.ok();
        assert_eq!(restarting["status"], "deploying");
        bench.until(&path, |it| it["status"] == "deployed").await;
    }
    let second = bench.call("owner", "add", json!({"a": 1, "b": 1})).await.ok();
    assert_ne!(first["ReplicaID"], second["ReplicaID"]);

    let stopping = bench.post(As::User("owner"), &format!("{path}:stop"), json!({})).await.ok();
    assert_eq!(stopping["status"], "stopping");
    let stopped = bench.until(&path, |it| it["status"] == "stopped").await;
    assert_ne!(stopped["stopped_at"], "");
    assert_eq!(bench.call("owner", "add", json!({"a": 1, "b": 1})).await.status, 503);

    let deployments = path.rsplit_once('/').unwrap().0;
    let new = bench
        .post(As::User("contributor"), deployments, json!({"replicas": 3, "cpu": 1, "memory": 2}))
        .await
        .ok();
    assert_eq!((&new["status"], &new["deployer"]["username"]), (&json!("pending"), &json!("contributor")));
    let new_path = deployment_path(&project, &new);
    bench.until(&new_path, |it| it["status"] == "deployed").await;
    bench.call("owner", "add", json!({"a": 1, "b": 1})).await.ok();
    let newer = bench.post(As::User("contributor"), deployments, json!({})).await.ok();
    bench.until(&deployment_path(&project, &newer), |it| it["status"] == "deployed").await;
    assert_eq!(bench.get(As::User("owner"), &new_path).await.ok()["status"], "stopped");
    let listed = bench.get(As::User("owner"), deployments).await.ok();
    assert_eq!(listed["model_deployments"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn writing_needs_the_permission_and_outsiders_learn_nothing() {
    let bench = Bench::demo().await;
    let project = bench.project("churn-prod").await;
    let add = bench.model("add").await;
    let model = format!("/api/v2/projects/{project}/models/{add}");
    let deployment = bench.deployed(&project, &add).await;
    let deployment = deployment_path(&project, &deployment);
    for (method, path) in [
        ("GET", format!("/api/v2/projects/{project}/models")),
        ("GET", model.clone()),
        ("GET", format!("{model}/builds")),
        ("GET", deployment.clone()),
        ("POST", format!("{deployment}:stop")),
        ("DELETE", model.clone()),
    ] {
        let hidden = bench.ask("outsider", method, &path, json!({})).await;
        assert_eq!((hidden.status, &hidden.body["code"]), (404, &json!(5)), "{method} {path}");
    }
    for (method, path) in [
        ("POST", format!("/api/v2/projects/{project}/models")),
        ("PATCH", model.clone()),
        ("DELETE", model.clone()),
        ("POST", format!("{model}/builds")),
        ("POST", format!("{deployment}:restart")),
        ("POST", format!("{deployment}:stop")),
    ] {
        let refused = bench.ask("viewer", method, &path, json!({"name": "x"})).await;
        assert_eq!((refused.status, &refused.body["code"]), (403, &json!(7)), "{method} {path}");
    }
    let listed = bench.get(As::User("outsider"), "/api/v2/models").await.ok();
    let names: Vec<&str> =
        listed["models"].as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();
    assert!(!names.contains(&"add"), "{names:?}");
    let other = bench.project("playground").await;
    let elsewhere = bench.get(As::User("owner"), &format!("/api/v2/projects/{other}/models/{add}")).await;
    assert_eq!(elsewhere.status, 404);
}

#[tokio::test]
async fn builds_are_listed_filtered_and_deleted() {
    let bench = Bench::demo().await;
    let project = bench.project("churn-prod").await;
    let builds = format!("/api/v2/projects/{project}/models/{}/builds", bench.model("retired").await);
    let good = json!({"kernel": "builtin", "function_name": "add", "comment": "good"});
    let build = bench.post(As::User("owner"), &builds, good).await.ok();
    assert_eq!(build["status"], "pending");
    let path = format!("{builds}/{}", build["id"].as_str().unwrap());
    let built = bench.until(&path, |it| it["status"] == "built").await;
    assert_ne!(built["built_at"], "");

    let newest = bench.get(As::User("owner"), &format!("{builds}?sort=-created_at&page_size=1")).await.ok();
    assert_eq!(newest["model_builds"][0]["id"], build["id"]);
    let token = newest["next_page_token"].as_str().unwrap();
    let next = bench
        .get(As::User("owner"), &format!("{builds}?sort=-created_at&page_size=1&page_token={token}"))
        .await
        .ok();
    assert_ne!(next["model_builds"][0]["id"], build["id"]);
    let found = bench
        .get(As::User("owner"), &format!("{builds}?search_filter=%7B%22comment%22%3A%22goo%22%7D"))
        .await
        .ok();
    assert_eq!(found["model_builds"].as_array().unwrap().len(), 1);

    for (wish, text) in [
        (json!({"kernel": "scala", "file_path": "a.scala", "function_name": "f"}), "not embedded"),
        (json!({"kernel": "python3", "file_path": "../a.py", "function_name": "f"}), "out of the project"),
        (json!({"kernel": "python3", "function_name": "f"}), "file_path"),
        (
            json!({"runtime_identifier": "docker.example/other:1", "file_path": "a.py", "function_name": "f"}),
            "ListRuntimes",
        ),
    ] {
        let refused = bench.post(As::User("owner"), &builds, wish).await;
        assert_eq!(refused.status, 400);
        assert!(refused.body["message"].as_str().unwrap().contains(text), "{}", refused.body);
    }
    bench.delete(As::User("owner"), &path).await.ok();
    assert_eq!(bench.get(As::User("owner"), &path).await.status, 404);
}

#[tokio::test]
async fn a_build_of_r_fails_and_says_what_to_do() {
    let bench = Bench::demo().await;
    let project = bench.project("churn-prod").await;
    let builds = format!("/api/v2/projects/{project}/models/{}/builds", bench.model("retired").await);
    let filter = "/api/v2/runtimes?search_filter=%7B%22kernel%22%3A%22R%204.1%22%7D";
    let runtimes = bench.get(As::User("outsider"), filter).await.ok();
    let runtime = &runtimes["runtimes"][0]["image_identifier"];
    let wish = json!({"runtime_identifier": runtime, "file_path": "a.r", "function_name": "f"});
    let build = bench.post(As::User("owner"), &builds, wish).await.ok();
    let path = format!("{builds}/{}", build["id"].as_str().unwrap());
    let failed = bench.until(&path, |it| it["status"] == "build failed").await;
    assert!(failed["comment"].as_str().unwrap().contains("does not run R"), "{failed}");
}

#[tokio::test]
async fn a_deployment_is_accepted_while_its_build_is_on_its_way() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path();
    let serve = |step: u64| {
        Bench::with(move |options| {
            options.data = folder.to_owned();
            options.seed = Seed::Demo;
            options.behaviour.limits.build_step_ms = step;
        })
    };
    // No build ends with this server, and each one does with the next.
    let bench = serve(3_600_000).await;
    let project = bench.project("churn-prod").await;
    let builds = format!("/api/v2/projects/{project}/models/{}/builds", bench.model("retired").await);
    let good = json!({"kernel": "builtin", "function_name": "add"});
    let build = bench.post(As::User("owner"), &builds, good).await.ok();
    let deployments = format!("{builds}/{}/deployments", build["id"].as_str().unwrap());
    let deployment = bench.post(As::User("owner"), &deployments, json!({})).await.ok();
    assert_eq!(deployment["status"], "pending");
    let good = deployment_path(&project, &deployment);
    let bad = json!({"kernel": "r", "file_path": "a.r", "function_name": "f"});
    let build = bench.post(As::User("owner"), &builds, bad).await.ok();
    let deployments = format!("{builds}/{}/deployments", build["id"].as_str().unwrap());
    let deployment = bench.post(As::User("owner"), &deployments, json!({})).await.ok();
    let bad = deployment_path(&project, &deployment);
    bench.running.shutdown().await;

    let bench = serve(0).await;
    bench.until(&good, |it| it["status"] == "deployed").await;
    bench.until(&bad, |it| it["status"] == "failed").await;
    assert_eq!(bench.post(As::User("owner"), &deployments, json!({})).await.status, 400);
    assert_eq!(bench.call("owner", "retired", json!({"a": 1, "b": 2})).await.ok()["response"], 3);
}

#[tokio::test]
async fn runtimes_and_addons_are_listed_as_a_real_workbench_has_them() {
    let bench = Bench::demo().await;
    let filter =
        json!({"kernel": "Python 3.10", "edition": "Nvidia GPU", "editor": "JupyterLab"}).to_string();
    let path = format!("/api/v2/runtimes?search_filter={}", filter.replace(' ', "%20"));
    let listed = bench.get(As::User("outsider"), &path).await.ok();
    // OBSERVED whole on a real one.
    let whole = json!([{
        "image_identifier":
            "docker.repository.cloudera.com/cloudera/cdsw/ml-runtime-jupyterlab-python3.10-cuda:2024.02.1-b4",
        "editor": "JupyterLab", "kernel": "Python 3.10", "edition": "Nvidia GPU",
        "description": "Python runtime with CUDA libraries provided by Cloudera",
        "full_version": "2024.02.1-b4", "status": "ENABLED", "register_user_id": 0,
    }]);
    assert_eq!(listed["runtimes"], whole);
    let last = bench.get(As::User("outsider"), "/api/v2/runtimes?sort=-kernel&page_size=1").await.ok();
    assert_eq!(last["runtimes"][0]["kernel"], "R 4.1");
    assert_ne!(last["next_page_token"], "");
    let filter =
        "/api/v2/runtimeaddons?search_filter=%7B%22component%22:%22Spark%22,%22status%22:%22AVAILABLE%22%7D";
    let addons = bench.get(As::User("outsider"), filter).await.ok();
    assert_eq!(addons["runtime_addons"].as_array().unwrap().len(), 2, "{addons}");
}

#[tokio::test]
async fn deployments_come_up_again_with_the_next_server() {
    let data = tempfile::tempdir().unwrap();
    let serve = || {
        Bench::with(|options| {
            options.data = data.path().to_owned();
            options.seed = Seed::Demo;
        })
    };
    let bench = serve().await;
    let before = bench.call("owner", "add", json!({"a": 1, "b": 1})).await.ok();
    bench.running.shutdown().await;
    let bench = serve().await;
    let after = bench.call("owner", "add", json!({"a": 1, "b": 1})).await.ok();
    assert_ne!(before["ReplicaID"], after["ReplicaID"]);
    assert_eq!(bench.call("owner", "retired", json!({})).await.status, 503);
}

#[tokio::test]
async fn deployments_are_found_by_their_status() {
    let bench = Bench::demo().await;
    let project = bench.project("churn-prod").await;
    let deployed = bench.deployed(&project, &bench.model("add").await).await;
    let path = deployment_path(&project, &deployed);
    let list = path.rsplit_once('/').unwrap().0;
    for (status, count) in [("deployed", 1), ("stopped", 0)] {
        let filter = format!("{list}?search_filter=%7B%22status%22:%22{status}%22%7D");
        let found = bench.get(As::User("owner"), &filter).await.ok();
        assert_eq!(found["model_deployments"].as_array().unwrap().len(), count, "{status}");
    }
}
