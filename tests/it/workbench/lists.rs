//! Pages, filters and sort orders.

use serde_json::{Value, json};

use super::support::{As, Bench, Reply};

const OWNER: As<'static> = As::User("owner");

async fn add(bench: &Bench, names: impl IntoIterator<Item = String>) {
    for name in names {
        bench.post(OWNER, "/api/v2/projects", json!({"name": name})).await.ok();
    }
}

async fn list(bench: &Bench, query: &str) -> Reply {
    bench.get(OWNER, &format!("/api/v2/projects?{query}")).await
}

fn names(body: &Value) -> Vec<String> {
    body["projects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|project| project["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn ten_rows_are_a_page_and_nothing_is_lost_while_rows_are_added() {
    let bench = Bench::demo().await;
    add(&bench, (0..20).map(|n| format!("p{n:02}"))).await;
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let body = list(&bench, &format!("sort=name&page_token={token}")).await.ok();
        let page = names(&body);
        assert!(page.len() <= 10);
        seen.extend(page);
        token = body["next_page_token"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
        // Before the position of the next page: nothing moves. After it: the row is seen.
        add(&bench, [format!("a{}", seen.len()), format!("z{}", seen.len())]).await;
    }
    let mut expected: Vec<String> = (0..20).map(|n| format!("p{n:02}")).collect();
    expected.insert(0, "churn-prod".into());
    expected.extend(["playground".to_owned(), "z10".into(), "z20".into()]);
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_token_is_good_for_its_list_filter_and_sort_alone() {
    let bench = Bench::demo().await;
    add(&bench, (0..4).map(|n| format!("p{n}"))).await;
    let body = list(&bench, "page_size=2&sort=-name").await.ok();
    let token = body["next_page_token"].as_str().unwrap().to_owned();
    list(&bench, &format!("page_size=3&sort=-name&pageToken={token}")).await.ok();
    for query in [
        format!("page_size=2&sort=name&page_token={token}"),
        format!("page_size=2&page_token={token}"),
        format!("sort=-name&search_filter=%7B%22name%22:%22p%22%7D&page_token={token}"),
        format!("sort=-name&include_public_projects=true&page_token={token}"),
        format!("sort=-name&page_token={token}x"),
        format!("sort=-name&page_token={}", &token[1..]),
        "sort=-name&page_token=nonsense".to_owned(),
        "sort=-name&page_token=%00%ff".to_owned(),
    ] {
        list(&bench, &query).await.refused(400, 3, "bad-page-token");
    }
    let foreign = format!("/api/v2/projects?sort=-name&page_token={token}");
    bench.get(As::User("viewer"), &foreign).await.refused(400, 3, "bad-page-token");
    let names = format!("/api/v2/projectnames?sort=-name&page_token={token}");
    bench.get(OWNER, &names).await.refused(400, 3, "bad-page-token");
}

#[tokio::test]
async fn filters_are_case_sensitive_substrings_all_of_which_must_hold() {
    let bench = Bench::demo().await;
    add(&bench, ["DSE one", "dse two", "100% _x"].map(str::to_owned)).await;
    for (filter, expected) in [
        (json!({"name": "DS"}), &["DSE one"][..]),
        (json!({"name": "se "}), &["dse two"]),
        (json!({"name": "%"}), &["100% _x"]),
        (json!({"name": "two", "owner.username": "own"}), &["dse two"]),
        (json!({"name": "two", "owner.username": "x"}), &[]),
        (json!({}), &["churn-prod", "playground", "DSE one", "dse two", "100% _x"]),
    ] {
        let text: String = filter.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect();
        let reply = list(&bench, &format!("search_filter={text}")).await;
        let several = filter.as_object().unwrap().len() > 1;
        assert_eq!(reply.inferred.contains(&"filters-combine".to_owned()), several);
        assert_eq!(names(&reply.ok()), expected, "{filter}");
    }
    for filter in
        ["{", "[]", "{\"name\":5}", "{\"name\":null}", "{\"size\":\"x\"}", "{\"name\":\"a\",\"x\":\"\"}"]
    {
        let text: String = filter.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let reply = list(&bench, &format!("search_filter={text}")).await;
        reply.refused(400, 3, "bad-filter");
        assert!(reply.message().contains("creator.email creator.name"), "{}", reply.message());
    }
}

#[tokio::test]
async fn sort_and_page_size_are_checked() {
    let bench = Bench::demo().await;
    add(&bench, ["b", "a"].map(str::to_owned)).await;
    let sorted = list(&bench, "sort=-owner.name,%2Bname").await.ok();
    assert_eq!(names(&sorted), ["a", "b", "churn-prod", "playground"]);
    // A plus that was not percent-encoded is a space.
    assert_eq!(names(&list(&bench, "sort=+name").await.ok())[0], "a");
    for sort in ["size", "name;drop", "-", "name,,name", "--name"] {
        let reply = list(&bench, &format!("sort={sort}")).await;
        reply.refused(400, 3, "bad-sort");
        assert!(reply.message().contains("updated_at"), "{}", reply.message());
    }
    let unsorted = bench.get(OWNER, "/api/v2/models?sort=name").await;
    unsorted.refused(400, 3, "bad-sort");
    assert!(unsorted.message().ends_with("this list has none"), "{}", unsorted.message());
    assert_eq!(names(&list(&bench, "page_size=0").await.ok()).len(), 4);
    assert_eq!(names(&list(&bench, "page_size=2147483647").await.ok()).len(), 4);
    for size in ["-1", "x", "1.5", "2147483648", "9223372036854775807", "99999999999999999999"] {
        list(&bench, &format!("page_size={size}")).await.refused(400, 3, "bad-page-size");
    }
    let camel = list(&bench, "pageSize=1").await;
    assert_eq!(camel.inferred, ["camel-case-queries"]);
    assert_eq!(names(&camel.ok()).len(), 1);
    list(&bench, "include_public_projects=perhaps").await.refused(400, 3, "bad-value");
}

#[tokio::test]
async fn the_directory_of_users_is_the_administrators() {
    let bench = Bench::demo().await;
    let all = bench.get(As::User("admin"), "/api/v2/usersquota?sort=-username&page_size=2").await.ok();
    assert_eq!(all["total_count"], "5");
    let found: Vec<&Value> =
        all["user_quota"].as_array().unwrap().iter().map(|row| &row["user"]["user_name"]).collect();
    assert_eq!(found, ["viewer", "owner"]);
    let own = bench.get(As::User("viewer"), "/api/v2/usersquota").await.ok();
    assert_eq!(own["total_count"], "1");
    assert_eq!(own["user_quota"][0]["user"]["name"], "Vera Viewer");
    let live =
        "/api/v2/usersquota?search_filter=%7B%22deactivated%22:%22false%22,%22banned%22:%22false%22%7D";
    assert_eq!(bench.get(As::User("admin"), live).await.ok()["total_count"], "5");
    let id = own["user_quota"][0]["user"]["id"].as_i64().unwrap();
    let user = bench.get(OWNER, &format!("/api/v2/users/{id}")).await.ok();
    assert_eq!(user["email"], "viewer@keybench.example");
    bench.get(OWNER, "/api/v2/users/99").await.refused(404, 5, "unknown-user");
    bench.get(OWNER, "/api/v2/users/viewer").await.refused(400, 3, "bad-value");
}
