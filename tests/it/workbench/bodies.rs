//! Bodies as generated clients of other languages write them, and impossible amounts.

use keybench::workbench::{Behaviour, Seed};
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{As, Bench};

const OWNER: As<'static> = As::User("owner");

/// A model as written by clients that use the JSON names of proto3, and numbers as strings.
fn camel_case(name: &str) -> Value {
    json!({
        "name": name, "disableAuthentication": true, "autoBuildModel": true, "autoDeployModel": true,
        "autoBuildConfig": {"kernel": "builtin", "functionName": "echo"},
        "autoDeploymentConfig":
            {"cpu": "0.5", "memory": "1.5", "nvidiaGpus": "0", "replicas": "2", "environment": {"myVar": "x"}},
    })
}

#[tokio::test]
async fn names_in_camel_case_and_numbers_as_texts_are_read() {
    let bench = Bench::demo().await;
    let project = bench.project("churn-prod").await;
    let models = format!("/api/v2/projects/{project}/models");
    let made = bench.post(OWNER, &models, camel_case("mine")).await;
    assert_eq!(made.inferred, ["camel-case-bodies"]);
    let made = made.ok();
    assert_eq!(made["auth_enabled"], false);
    let defaults = &made["default_resources"];
    assert_eq!((&defaults["cpu_millicores"], &defaults["memory_mb"]), (&json!("500"), &json!("1536")));
    let deployment = bench.deployed(&project, made["id"].as_str().unwrap()).await;
    assert_eq!((&deployment["cpu"], &deployment["memory"]), (&json!(0.5), &json!(1.5)));
    assert_eq!(deployment["environment"], r#"{"myVar":"x"}"#, "names of variables stay");

    let keys = "/api/v2/users/owner/v2_keys";
    let body = json!({"expiryDate": "2026-12-31", "comments": "java"});
    let key = bench.post(OWNER, keys, body).await;
    let expected = ["camel-case-bodies", "key-id", "default-audiences", "bare-dates-end-the-day"];
    assert_eq!(key.inferred, expected, "every choice, not one");
    assert_eq!(key.ok()["expiry_date"], "2026-12-31T23:59:59Z");
    let late = bench.post(OWNER, keys, json!({"expiryDate": "2030-12-31"})).await;
    assert_eq!(
        (late.status, late.inferred),
        (400, vec!["camel-case-bodies".into(), "date-beyond-limit".into()])
    );

    let project = format!("/api/v2/projects/{project}");
    let changed = bench.patch(OWNER, &project, json!({"sharedMemoryLimit": "256"})).await;
    assert_eq!(changed.inferred, ["camel-case-bodies"]);
    assert_eq!(changed.ok()["shared_memory_limit"], 256);
    let plain = bench.patch(OWNER, &project, json!({"shared_memory_limit": 128, "description": "aB"})).await;
    assert!(plain.inferred.is_empty());
}

#[tokio::test]
async fn a_behaviour_file_keeps_to_the_names_of_the_specification() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "version = 1\n[rules]\ncamel-case-bodies = false\n").unwrap();
    let behaviour = Behaviour::load(file.path()).unwrap();
    let bench = Bench::with(|options| {
        options.seed = Seed::Demo;
        options.behaviour = behaviour;
    })
    .await;
    let models = format!("/api/v2/projects/{}/models", bench.project("churn-prod").await);
    let made = bench.post(OWNER, &models, camel_case("mine")).await;
    assert!(made.inferred.is_empty());
    assert_eq!(made.ok()["auth_enabled"], true, "an unknown member is ignored");
}

#[tokio::test]
async fn amounts_that_nobody_can_mean_are_refused() {
    let bench = Bench::demo().await;
    let project = bench.project("churn-prod").await;
    let models = format!("/api/v2/projects/{project}/models");
    let add = bench.model("add").await;
    let running = bench.deployed(&project, &add).await;
    let builds = format!("{models}/{add}/builds");
    let deployments = format!("{builds}/{}/deployments", running["build_id"].as_str().unwrap());
    let before = bench.get(OWNER, &deployments).await.ok();
    for (amount, name) in [
        (json!({"cpu": -1}), "cpu"),
        (json!({"cpu": "-0.5"}), "cpu"),
        (json!({"cpu": 1e300}), "cpu"),
        (json!({"memory": -2}), "memory"),
        (json!({"memory": 1e300}), "memory"),
        (json!({"nvidia_gpus": 65}), "nvidia_gpus"),
        (json!({"nvidia_gpus": -1}), "nvidia_gpus"),
        (json!({"replicas": 65}), "replicas"),
        (json!({"replicas": -1}), "replicas"),
    ] {
        let build = json!({"kernel": "builtin", "function_name": "add", "auto_deployment_config": amount});
        let mut model = build.clone();
        model["name"] = json!("never");
        for (path, body) in [(&deployments, &amount), (&builds, &build), (&models, &model)] {
            let reply = bench.post(OWNER, path, body.clone()).await;
            reply.refused(400, 3, "bad-value");
            assert!(reply.message().starts_with(name), "{}", reply.message());
        }
    }
    for body in [json!({"cpu": "NaN"}), json!({"cpu": "many"}), json!({"memory": []})] {
        bench.post(OWNER, &deployments, body).await.refused(400, 3, "malformed-body");
    }
    for amount in [json!({"cpu_millicores": "-1"}), json!({"memory_mb": 1e14}), json!({"nvidia_gpus": "65"})]
    {
        let path = format!("{models}/{add}");
        bench.patch(OWNER, &path, json!({"default_resources": amount})).await.refused(400, 3, "bad-value");
    }
    assert_eq!(bench.get(OWNER, &deployments).await.ok(), before, "nothing was begun");
    let names = bench.get(OWNER, &models).await.ok().to_string();
    assert!(!names.contains("never"));
}

#[tokio::test]
async fn five_megabytes_are_the_limit_to_the_byte() {
    let bench = Bench::demo().await;
    let access_key = bench.access_key("echo").await;
    let padded = |before: String, after: &str, size: usize| {
        format!("{before}{}{after}", "x".repeat(size - before.len() - after.len()))
    };
    for (size, model_status, key_status) in [(5_000_000, 200, 200), (5_000_001, 413, 413)] {
        let call = padded(format!("{{\"accessKey\":\"{access_key}\",\"request\":\""), "\"}", size);
        assert_eq!(call.len(), size);
        let reply = bench.send(Method::POST, As::Anonymous, "/model", Some(call)).await;
        assert_eq!(reply.status, model_status, "{size}");
        let key = padded("{\"unknown\":\"".to_owned(), "\"}", size);
        let reply = bench.send(Method::POST, OWNER, "/api/v2/users/owner/v2_keys", Some(key)).await;
        assert_eq!(reply.status, key_status, "{size}");
    }
}
