//! A workbench with many users, and a distant one.

use std::time::{Duration, Instant};

use keybench::workbench::{Behaviour, Seed};
use serde_json::{Value, json};

use super::support::{As, Bench};

const USERS: &str = "/api/v2/usersquota";

async fn crowd() -> Bench {
    Bench::with(|options| options.seed = Seed::Scale { keys: 10, models: 10, users: 200 }).await
}

#[tokio::test]
async fn the_users_of_the_scale_data_have_keys_in_every_state() {
    let bench = crowd().await;
    let admin = As::User("admin");
    let last = bench.get(admin, &format!("{USERS}?sort=-username&page_size=2")).await.ok();
    assert_eq!(last["total_count"], "205");
    let names: Vec<&Value> =
        last["user_quota"].as_array().unwrap().iter().map(|row| &row["user"]["user_name"]).collect();
    assert_eq!(names, ["viewer", "user-0200"]);
    for (closed, expected) in
        [("deactivated", ["user-0050", "user-0150"]), ("banned", ["user-0075", "user-0175"])]
    {
        let path = format!("{USERS}?sort=username&search_filter=%7B%22{closed}%22:%22true%22%7D");
        let body = bench.get(admin, &path).await.ok();
        let found: Vec<&Value> =
            body["user_quota"].as_array().unwrap().iter().map(|row| &row["user"]["user_name"]).collect();
        assert_eq!(found, expected, "{closed}");
    }
    let mut counts = Vec::new();
    let mut states = [false; 3];
    for n in 1..=40 {
        let body = bench.get(admin, &format!("/api/v2/users/user-{n:04}/v2_keys")).await.ok();
        let keys = body["keys"].as_array().unwrap();
        counts.push(keys.len());
        for key in keys {
            let text = |name: &str| key[name].as_str().unwrap().to_owned();
            assert!(
                text("created_at").as_str() <= super::support::NOW
                    && text("created_at") < text("expiry_date")
            );
            match text("expiry_date").as_str() {
                end if end < "2026-11-23" => states[0] = true,
                end if end < "2026-12-07" => states[1] = true,
                end if end > "2027-11-24" => states[2] = true,
                _ => {}
            }
        }
    }
    assert_eq!(counts[..5], [1, 2, 3, 0, 1]);
    assert_eq!(states, [true; 3], "expired, expiring, beyond the limit");
    assert_eq!(bench.credentials.len(), 5, "nobody has their secrets");
}

#[tokio::test]
async fn a_workbench_can_be_far_away() {
    let far = |latency: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("version = 1\n[limits]\napi-latency-ms = {latency}\n")).unwrap();
        Behaviour::load(file.path()).unwrap()
    };
    let bench = Bench::with(|options| options.behaviour = far("30")).await;
    let asked = Instant::now();
    bench.get(As::User("admin"), USERS).await.ok();
    assert!(asked.elapsed() >= Duration::from_millis(30));

    let bench = Bench::with(|options| {
        options.seed = Seed::Demo;
        options.behaviour = far("3600000");
    })
    .await;
    let call = bench.send(
        reqwest::Method::POST,
        As::Anonymous,
        "/model",
        Some(json!({"accessKey": "m0", "request": {}}).to_string()),
    );
    tokio::select! {
        biased;
        reply = bench.get(As::User("admin"), USERS) => panic!("{reply:?}"),
        reply = call => assert_eq!(reply.status, 404, "calls of models do not wait"),
    }
}
