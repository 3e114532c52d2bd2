//! API keys and legacy keys.

use keybench::workbench::store::StoreError;
use serde_json::json;

use super::support::{As, Bench};

const KEYS: &str = "/api/v2/users/owner/v2_keys";

#[tokio::test]
async fn a_new_key_works_until_it_is_deleted() {
    let bench = Bench::demo().await;
    let created = bench.post(As::User("owner"), KEYS, json!({"comments": "nightly"})).await;
    assert_eq!(created.inferred, ["key-id", "default-audiences"]);
    let created = created.ok();
    assert_eq!(created["expiry_date"], "2027-11-23T23:59:59Z");
    assert_eq!(created["created_at"], "2026-11-23T09:14:00Z");
    assert_eq!((&created["comments"], &created["audiences"]), (&json!("nightly"), &json!(["API"])));
    let key = created["api_key"].as_str().unwrap();
    assert_eq!(key.len(), 129);

    let listed = bench.get(As::Key(key), KEYS).await.ok();
    let row =
        listed["keys"].as_array().unwrap().iter().find(|row| row["key_id"] == created["key_id"]).unwrap();
    assert_eq!(row["comments"], "nightly");

    let path = format!("{KEYS}/{}", created["key_id"].as_str().unwrap());
    assert_eq!(bench.delete(As::User("owner"), &path).await.ok(), json!({}));
    bench.get(As::Key(key), KEYS).await.refused(401, 16, "unknown-key");
    bench.delete(As::User("owner"), &path).await.refused(404, 5, "unknown-key-id");
}

#[tokio::test]
async fn the_demo_keys_are_in_every_state() {
    let bench = Bench::demo().await;
    let listed = bench.get(As::User("owner"), KEYS).await;
    assert_eq!(listed.inferred, ["expired-keys-listed"]);
    let keys = listed.ok()["keys"].clone();
    let rows: Vec<(&str, &str)> = keys
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["comments"].as_str().unwrap(), row["expiry_date"].as_str().unwrap()))
        .collect();
    assert_eq!(
        rows,
        [
            ("credentials.json", "2027-11-23T23:59:59Z"),
            ("dashboard", "2026-12-01T23:59:59Z"),
            ("old demo", "2026-10-02T23:59:59Z"),
            ("customer portal", "2027-10-24T23:59:59Z"),
        ]
    );
    assert!(!keys.to_string().contains("api_key"), "no secret is listed");
}

#[tokio::test]
async fn a_key_stops_at_the_second_it_expires() {
    let bench = Bench::demo().await;
    let body = json!({"expiry_date": "2026-11-24"});
    let created = bench.post(As::User("owner"), KEYS, body).await;
    assert!(created.inferred.contains(&"bare-dates-end-the-day".to_owned()));
    let key = created.ok()["api_key"].as_str().unwrap().to_owned();
    bench.set_time("2026-11-24T23:59:58Z");
    bench.get(As::Key(&key), KEYS).await.ok();
    bench.set_time("2026-11-24T23:59:59Z");
    bench.get(As::Key(&key), KEYS).await.refused(401, 16, "expired-key");
}

#[tokio::test]
async fn dates_that_the_policy_does_not_allow_are_refused_with_the_limit() {
    let bench = Bench::demo().await;
    let before = bench.get(As::User("owner"), KEYS).await.ok();
    for (date, name) in [
        ("2027-11-24", "date-beyond-limit"),
        ("2026-11-22", "past-date"),
        ("2026-11-23T09:14:00Z", "past-date"),
        ("soon", "malformed-date"),
        ("2027-02-30", "malformed-date"),
        ("99999999999999999999", "malformed-date"),
    ] {
        let refused = bench.post(As::User("owner"), KEYS, json!({"expiry_date": date})).await;
        refused.refused(400, 3, name);
        assert!(refused.message().contains("365 days, to 2027-11-23"), "{}", refused.message());
        assert!(refused.message().contains(date), "{}", refused.message());
    }
    assert_eq!(bench.get(As::User("owner"), KEYS).await.ok(), before);
}

#[tokio::test]
async fn a_lower_limit_counts_for_new_keys_alone() {
    let bench = Bench::demo().await;
    let setting = json!({"default_api_keys_expiration_days": 30});
    let changed = bench.patch(As::User("admin"), "/api/v1/site/config", setting).await.ok();
    assert_eq!(changed["default_api_keys_expiration_days"], 30);
    bench.get(As::User("owner"), KEYS).await.ok();
    let created = bench.post(As::User("owner"), KEYS, json!({})).await.ok();
    assert_eq!(created["expiry_date"], "2026-12-23T23:59:59Z");
    let beyond = bench.post(As::User("owner"), KEYS, json!({"expiry_date": "2026-12-24"})).await;
    beyond.refused(400, 3, "date-beyond-limit");
    let listed = bench.get(As::User("owner"), KEYS).await.ok();
    assert_eq!(listed["keys"][0]["expiry_date"], "2027-11-23T23:59:59Z");
}

#[tokio::test]
async fn audiences_are_checked() {
    let bench = Bench::demo().await;
    let validate = "/api/v2/auth/validate_key";
    let valid = bench.post(As::User("owner"), validate, json!({"audience": "API"})).await.ok();
    assert_eq!(
        valid,
        json!({"valid": true, "username": "owner", "message": "API key is valid for the given audience"})
    );
    let other = bench.post(As::User("owner"), validate, json!({"audience": "Application"})).await;
    other.refused(403, 7, "");
    assert_eq!(other.message(), "audience mismatch");
    for audience in ["", "api", "Model"] {
        let unknown = bench.post(As::User("owner"), validate, json!({"audience": audience})).await;
        unknown.refused(400, 3, "bad-audience");
    }
    let body = json!({"audiences": ["Application"]});
    let key = bench.post(As::User("owner"), KEYS, body).await.ok()["api_key"].as_str().unwrap().to_owned();
    bench.get(As::Key(&key), KEYS).await.refused(403, 7, "");
    bench.post(As::Key(&key), validate, json!({"audience": "Application"})).await.ok();
    let both = json!({"audiences": ["API", "Application", "API"]});
    assert_eq!(
        bench.post(As::User("owner"), KEYS, both).await.ok()["audiences"],
        json!(["API", "Application"])
    );
    let unknown = bench.post(As::User("owner"), KEYS, json!({"audiences": ["Model"]})).await;
    unknown.refused(400, 3, "bad-audience");
}

#[tokio::test]
async fn all_keys_of_a_user_go_at_once() {
    let bench = Bench::demo().await;
    assert_eq!(bench.delete(As::User("admin"), KEYS).await.ok(), json!({}));
    assert_eq!(bench.get(As::User("admin"), KEYS).await.ok(), json!({"keys": []}));
    bench.get(As::User("owner"), KEYS).await.refused(401, 16, "unknown-key");
    bench.delete(As::User("admin"), "/api/v2/users/nobody/v2_keys").await.refused(404, 5, "unknown-user");
}

#[tokio::test]
async fn rotation_replaces_the_legacy_key_at_once() {
    let bench = Bench::demo().await;
    let config = "/api/v1/site/config";
    bench.get(As::Legacy("owner"), config).await.ok();
    let path = "/api/v2/users/owner/v1_key:rotate";
    let rotated = bench.post(As::User("owner"), path, json!({})).await.ok();
    assert_eq!(rotated["api_key_expiry_date"], "");
    let key = rotated["api_key"].as_str().unwrap();
    assert_eq!(key.len(), 32);
    bench.get(As::Legacy("owner"), config).await.refused(401, 16, "unknown-key");
    let header = |key: &str| {
        use base64::Engine;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(key))
    };
    bench.get(As::Header(&header(&format!("{key}:"))), config).await.ok();
    bench.get(As::Header(&header(key)), config).await.ok();
    bench.get(As::Header(&header(key)), KEYS).await.refused(401, 16, "missing-scheme");

    let dated = json!({"api_key_expiry_date": "2026-11-24", "api_key_comments": "old scripts"});
    let rotated = bench.post(As::User("owner"), path, dated).await.ok();
    assert_eq!(rotated["api_key_comments"], "old scripts");
    let key = header(rotated["api_key"].as_str().unwrap());
    bench.get(As::Header(&key), config).await.ok();
    bench.set_time("2026-11-25T00:00:00Z");
    bench.get(As::Header(&key), config).await.refused(401, 16, "expired-key");
}

#[tokio::test]
async fn keys_that_are_none_are_distinguished() {
    let bench = Bench::demo().await;
    bench.get(As::Anonymous, KEYS).await.refused(401, 16, "");
    let access_key = "m0123456789abcdefghijklmnopqrstu";
    assert_eq!(bench.get(As::Anonymous, KEYS).await.message(), r#"no "authorization" header"#);
    let token = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.c2ln";
    for header in ["Bearer x", &format!("Bearer {access_key}"), token] {
        let reply = bench.get(As::Header(header), KEYS).await;
        reply.refused(500, 2, "");
        assert_eq!(reply.message(), "malformed apikey");
    }
    for header in ["Bearer", "Basic eDo=", "0a0a", " "] {
        let reply = bench.get(As::Header(header), KEYS).await;
        reply.refused(401, 16, "missing-scheme");
        assert_eq!(reply.message(), r#"missing "Bearer" prefix in "authorization" header"#);
    }
    let unknown = format!("{}.{}", "0".repeat(64), "1".repeat(64));
    bench.get(As::Key(&unknown), KEYS).await.refused(401, 16, "unknown-key");
    let lower = format!("bearer  {}", bench.key("owner"));
    bench.get(As::Header(&lower), KEYS).await.ok();
}

#[tokio::test]
async fn the_keys_of_a_banned_user_stop_at_once() {
    let bench = Bench::demo().await;
    bench.get(As::User("owner"), KEYS).await.ok();
    let ban = "UPDATE users SET banned = 1 WHERE username = 'owner'";
    let store = bench.running.workbench().store();
    store.write(move |db| db.execute_batch(ban).map_err(StoreError::from)).await.unwrap();
    bench.get(As::User("owner"), KEYS).await.refused(401, 16, "closed-account");
    bench.get(As::Legacy("owner"), "/api/v1/site/config").await.refused(401, 16, "closed-account");
    let banned = "/api/v2/usersquota?search_filter=%7B%22banned%22:%22true%22%7D";
    let listed = bench.get(As::User("admin"), banned).await.ok();
    assert_eq!(
        (&listed["total_count"], &listed["user_quota"][0]["user"]["user_name"]),
        (&json!("1"), &json!("owner"))
    );
}

#[tokio::test]
async fn a_user_is_found_under_his_name_in_another_case() {
    let bench = Bench::demo().await;
    for user in [As::User("owner"), As::User("admin")] {
        let listed = bench.get(user, "/api/v2/users/OWNER/v2_keys").await;
        assert_eq!(listed.inferred, ["user-names-in-any-case", "expired-keys-listed"]);
        assert_eq!(listed.ok()["keys"].as_array().unwrap().len(), 4);
    }
    let made =
        bench.post(As::User("owner"), "/api/v2/users/Owner/v2_keys", json!({"comments": "c"})).await.ok();
    let path = format!("/api/v2/users/oWner/v2_keys/{}", made["key_id"].as_str().unwrap());
    bench.delete(As::User("owner"), &path).await.ok();
    bench.get(As::User("owner"), "/api/v2/users/Admin/v2_keys").await.refused(403, 7, "foreign-user");
    bench.get(As::User("admin"), "/api/v2/users/Owners/v2_keys").await.refused(404, 5, "unknown-user");

    let project = bench.project("churn-prod").await;
    let outsider = format!("/api/v2/projects/{project}/collaborators/Outsider");
    let added = bench.put(As::User("owner"), &outsider, json!({"permission": "operator"})).await;
    assert_eq!(added.inferred, ["user-names-in-any-case", "operator"]);
    let listed =
        bench.get(As::User("owner"), &format!("/api/v2/projects/{project}/collaborators")).await.ok();
    assert!(listed.to_string().contains("\"outsider\""));
    bench.delete(As::User("owner"), &outsider).await.ok();
    let owner = format!("/api/v2/projects/{project}/collaborators/OWNER");
    let refused = bench.put(As::User("owner"), &owner, json!({"permission": "read"})).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn a_legacy_key_makes_api_keys() {
    let bench = Bench::demo().await;
    let keys = "/api/v1/users/owner/apikey";
    let owner = As::Legacy("owner");
    let made = bench.post(owner, keys, json!({"expiryDate": "2026-12-01T00:00:00Z"})).await.ok();
    bench.get(As::Key(made["apiKey"].as_str().unwrap()), KEYS).await.ok();
    let listed = bench.get(owner, keys).await.ok();
    let found = listed.as_array().unwrap().iter().find(|key| key["keyid"] == made["keyid"]).unwrap();
    assert_eq!(found["expiryDate"], "2026-12-01T00:00:00Z");
    assert!(found.get("apiKey").is_none());
    bench.post(owner, keys, json!({"expiryDate": "2036-12-01"})).await.refused(400, 3, "date-beyond-limit");
    bench.get(As::Legacy("viewer"), keys).await.refused(403, 7, "foreign-user");
    let one = format!("{keys}/{}", made["keyid"].as_str().unwrap());
    bench.delete(owner, &one).await.ok();
    bench.delete(owner, &one).await.refused(404, 5, "unknown-key-id");
    bench.get(As::Anonymous, keys).await.refused(401, 16, "");
}
