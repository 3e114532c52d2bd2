//! Model calls: both forms, who may call, and each way to fail.

use keybench::workbench::Options;
use proptest::strategy::{Strategy, ValueTree};
use serde_json::{Value, json};

use super::model_support::{DOCUMENTED_REFUSAL, demo_with};
use super::support::{As, Bench, Reply};

/// Passes before anything is answered that takes minutes.
const SHORT: std::time::Duration = std::time::Duration::from_millis(150);

/// Sends bytes that need not be JSON, to any host name.
async fn send_raw(bench: &Bench, query: &str, host: Option<&str>, body: Vec<u8>) -> Reply {
    let http = bench.client();
    let mut request =
        http.post(format!("{}/model{query}", bench.running.url)).bearer_auth(bench.key("owner"));
    if let Some(host) = host {
        request = request.header("host", host);
    }
    let response = request.body(body).send().await.unwrap();
    let status = response.status().as_u16();
    // A request that is nested too deeply for this reader was the request itself.
    let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
    Reply { status, inferred: Vec::new(), body }
}

#[tokio::test]
async fn every_demo_model_answers_what_its_description_promises() {
    let bench = Bench::demo().await;
    let models = bench.get(As::User("admin"), "/api/v2/models?page_size=100").await.ok();
    assert_eq!(models["models"].as_array().unwrap().len(), 7);
    for (name, request, expected) in [
        ("add", json!({"a": 3, "b": 5}), json!(8)),
        ("slow", json!({"ms": 20}), json!(20)),
        ("echo", json!({"hello": ["world", null]}), json!({"hello": ["world", null]})),
        (
            "score",
            json!({"amount": 1900, "card_present": false, "country_differs": true}),
            json!({"score": 0.93, "decision": "decline"}),
        ),
    ] {
        let answer = bench.call("admin", name, request).await.ok();
        assert_eq!(answer["success"], true, "{name}");
        assert_eq!(answer["response"], expected, "{name}");
        let replica = answer["ReplicaID"].as_str().unwrap();
        assert!(replica.starts_with(&format!("{name}-")) && replica.matches('-').count() == 4, "{replica}");
    }
    let churn = bench.call("viewer", "churn", json!({"tenure_months": 3, "support_calls": 9})).await.ok();
    assert_eq!(churn["response"]["label"], "leaves");
    for model in models["models"].as_array().unwrap() {
        let description = model["description"].as_str().unwrap();
        let example: Value = serde_json::from_str(&description[description.find('{').unwrap()..]).unwrap();
        assert!(example.is_object(), "{description}");
    }
}

#[tokio::test]
async fn both_forms_of_a_call_work_also_on_the_model_service_host() {
    let bench = Bench::demo().await;
    let access_key = bench.access_key("add").await;
    let request = json!({"a": 1, "b": 2});
    let body_form = json!({"accessKey": access_key, "request": request});
    let query_form = json!({"request": request});
    for (query, host, body) in [
        (String::new(), None, &body_form),
        (format!("?accessKey={access_key}"), None, &query_form),
        (String::new(), Some("modelservice.keybench.example"), &body_form),
        (format!("?accessKey={access_key}"), Some("modelservice.keybench.example"), &query_form),
    ] {
        let reply = send_raw(&bench, &query, host, body.to_string().into_bytes()).await;
        assert_eq!(reply.ok()["response"], 3, "{query} {host:?}");
    }
}

#[tokio::test]
async fn each_way_a_call_can_fail_has_its_own_answer() {
    let bench = Bench::demo().await;
    let add = json!({"a": 1, "b": 1});

    let refused = bench.call("outsider", "add", add.clone()).await;
    assert_eq!(refused.status, 401);
    // Every failure outside the function has `errors`, a map, and no `success`.
    assert_eq!(refused.body, json!({"errors": {DOCUMENTED_REFUSAL.0: DOCUMENTED_REFUSAL.1}}));
    assert_eq!(refused.inferred, ["model-refused"]);

    let unknown = bench.call_key(As::User("owner"), &format!("m{}", "0".repeat(31)), add.clone()).await;
    assert_eq!((unknown.status, unknown.body.get("success")), (404, None));
    let missing = bench.post(As::User("owner"), "/model", json!({"request": {}})).await;
    assert_eq!(missing.status, 400);
    let stopped = bench.call("owner", "retired", json!({})).await;
    assert_eq!(stopped.status, 503);
    let why = stopped.body["errors"]["error while calling model"].as_str().unwrap();
    assert!(why.contains("stopped"), "{}", stopped.body);
    let failed = bench.call("owner", "flaky", json!({"p": 1})).await;
    assert_eq!((failed.status, &failed.body), (400, &json!({"success": false, "StatusCode": 400})));
    assert_eq!(send_raw(&bench, "", None, b"{\"accessKey\": ".to_vec()).await.status, 400);
    let large = bench.call("owner", "add", json!("x".repeat(6 << 20))).await;
    assert_eq!(large.status, 413);

    let access_key = bench.access_key("add").await;
    let body = json!({"accessKey": access_key, "request": add});
    let mut texts = vec![refused.body.to_string(), unknown.body.to_string(), stopped.body.to_string()];
    let made_up = format!("{}.{}", "0a".repeat(32), "9f".repeat(32));
    for user in [As::Anonymous, As::Key("nonsense"), As::Key(&made_up)] {
        let answer = bench.post(user, "/model", body.clone()).await;
        assert_eq!((answer.status, answer.body.get("success")), (401, None), "{}", answer.body);
        assert!(answer.body["errors"].is_object(), "{}", answer.body);
        texts.push(answer.body.to_string());
    }
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 6, "{texts:#?}");
}

#[tokio::test]
async fn the_rights_on_a_call_are_those_on_the_project() {
    let bench = Bench::demo().await;
    for (model, user, status) in [
        ("add", "owner", 200),
        ("add", "contributor", 200),
        ("add", "viewer", 200),
        ("add", "admin", 200),
        ("add", "outsider", 401),
        ("score", "contributor", 200),
        ("score", "owner", 401),
        ("echo", "outsider", 200),
    ] {
        let request = if model == "score" { json!({"amount": 3}) } else { json!({"a": 1, "b": 1}) };
        let answer = bench.call(user, model, request).await;
        assert_eq!(answer.status, status, "{user} {model}: {}", answer.body);
    }
    // Authentication off: no key, or any key, is accepted.
    let access_key = bench.access_key("echo").await;
    let reply = bench.call_key(As::Anonymous, &access_key, json!(7)).await;
    assert_eq!(reply.ok()["response"], 7);

    // Being added is enough, and takes effect at once; so does being removed.
    let project = bench.project("churn-prod").await;
    let path = format!("/api/v2/projects/{project}/collaborators/outsider");
    bench.put(As::User("owner"), &path, json!({"permission": "read"})).await.ok();
    bench.call("outsider", "add", json!({"a": 1, "b": 1})).await.ok();
    bench.delete(As::User("owner"), &path).await.ok();
    assert_eq!(bench.call("outsider", "add", json!({"a": 1, "b": 1})).await.status, 401);
}

#[tokio::test]
async fn a_busy_model_is_429_and_a_slow_one_times_out() {
    let bench = demo_with(|options: &mut Options| options.busy_wait = SHORT).await;
    // The first one is answered after the test.
    let busy = tokio::select! {
        busy = bench.call("owner", "slow", json!({"ms": 600_000})) => busy,
        busy = bench.call("owner", "slow", json!({"ms": 600_000})) => busy,
    };
    assert_eq!(busy.status, 429);
    assert_eq!(busy.body["error"]["code"], "model.busy");
    assert!(busy.body["errors"].is_object() && busy.body.get("success").is_none(), "{}", busy.body);
    let bench = demo_with(|options: &mut Options| options.request_timeout = SHORT).await;
    let slow = bench.call("owner", "slow", json!({"ms": 600_000})).await;
    let deadline = json!({"errors": {"error while calling model": "context deadline exceeded"}});
    assert_eq!((slow.status, slow.body), (500, deadline));
    assert!(slow.inferred.is_empty(), "seen on a real workbench");
}

#[tokio::test]
async fn no_call_however_garbled_breaks_the_service() {
    let bench = Bench::demo().await;
    let access_key = bench.access_key("echo").await;
    let body = proptest::prop_oneof![
        proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        "[{}\\[\\]\",:a-z0-9\\\\]{0,80}".prop_map(String::into_bytes),
        proptest::string::string_regex("\\{\"(accessKey|request)\":[^\"]{0,20}\\}")
            .unwrap()
            .prop_map(String::into_bytes),
    ];
    let query = "[a-zA-Z0-9=&%+]{0,40}";
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for round in 0..300 {
        let body = body.new_tree(&mut runner).unwrap().current();
        let query = query.new_tree(&mut runner).unwrap().current();
        let query = if round % 2 == 0 { format!("accessKey={access_key}") } else { query };
        let answer = send_raw(&bench, &format!("?{query}"), None, body.clone()).await;
        assert!(
            [200, 400, 404].contains(&answer.status),
            "{query} {body:?}: {} {}",
            answer.status,
            answer.body
        );
    }
    let array = send_raw(&bench, "", None, format!(" [\"{access_key}\", 1]").into_bytes()).await;
    assert_eq!(array.status, 400, "an array is no object, in whatever order");
    let deep = format!(
        "{{\"accessKey\":\"{access_key}\",\"request\":{}1{}}}",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    let answer = send_raw(&bench, "", None, deep.into_bytes()).await;
    assert!([200, 400].contains(&answer.status), "{}", answer.status);
}

#[tokio::test]
async fn what_became_of_a_key_shows_in_the_next_call() {
    let bench = Bench::demo().await;
    let keys = "/api/v2/users/owner/v2_keys";
    let create = async |body: Value| bench.post(As::User("owner"), keys, body).await.ok();
    let short = create(json!({"expiry_date": "2026-11-24"})).await;
    let application = create(json!({"audiences": ["Application"]})).await;
    let access_key = bench.access_key("add").await;
    let call = async |key: &Value| {
        bench.call_key(As::Key(key["api_key"].as_str().unwrap()), &access_key, json!({"a": 1, "b": 1})).await
    };
    call(&short).await.ok();
    assert_eq!(call(&application).await.inferred, ["model-call-audiences"]);
    bench.set_time("2026-11-25T00:00:00Z");
    let expired = call(&short).await;
    assert_eq!((expired.status, expired.inferred.as_slice()), (401, &["model-key-refused".to_owned()][..]));
    assert!(expired.message().contains("2026-11-24T23:59:59Z"), "{expired:?}");
    assert_eq!(expired.body["errors"], json!({DOCUMENTED_REFUSAL.0: DOCUMENTED_REFUSAL.1}));
    bench.set_time(super::support::NOW);
    call(&short).await.ok();
    bench.delete(As::User("owner"), &format!("{keys}/{}", short["key_id"].as_str().unwrap())).await.ok();
    assert_eq!(call(&short).await.status, 401);
}

#[tokio::test]
async fn answers_that_rest_on_a_choice_say_so() {
    let bench = Bench::demo().await;
    let add = json!({"a": 1, "b": 1});
    assert_eq!(bench.call("admin", "add", add.clone()).await.inferred, ["site-admins-call-models"]);
    assert!(bench.call("viewer", "add", add.clone()).await.inferred.is_empty());
    assert!(bench.call("outsider", "echo", add.clone()).await.inferred.is_empty(), "needs no key");
    let project = bench.project("churn-prod").await;
    let public = json!({"visibility": "public"});
    bench.patch(As::User("owner"), &format!("/api/v2/projects/{project}"), public).await.ok();
    let reader = bench.call("outsider", "add", add.clone()).await;
    assert_eq!((reader.status, reader.inferred), (200, vec!["public-readers-call-models".to_owned()]));

    let one =
        demo_with(|options| options.behaviour.rules.model_call_audiences = vec!["API".to_owned()]).await;
    let wish = json!({"audiences": ["Application"]});
    let made = one.post(As::User("owner"), "/api/v2/users/owner/v2_keys", wish).await.ok();
    let access_key = one.access_key("add").await;
    let refused = one.call_key(As::Key(made["api_key"].as_str().unwrap()), &access_key, add.clone()).await;
    refused.refused(403, 7, "model-audience-mismatch");
    assert_eq!(refused.body["errors"], json!({"error while calling model": "audience mismatch"}));

    let strict = demo_with(|options| options.behaviour.rules.site_admins_call_models = false).await;
    assert_eq!(strict.call("admin", "add", add).await.status, 401);
}
