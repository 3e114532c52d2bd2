//! The control listener: faults, journal, clock, states; and TLS, names and derived keys.

use std::time::{Duration, Instant};

use keybench::workbench::{Credentials, Options, Seed, start};
use reqwest::Method;
use serde_json::{Value, json};

use super::model_support::demo_with;
use super::support::{As, Bench};

const KEYS: &str = "/api/v2/users/owner/v2_keys";

async fn controlled() -> Bench {
    demo_with(|options| options.control = Some("127.0.0.1:0".parse().unwrap())).await
}

impl Bench {
    async fn control(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let door = self.running.control.as_ref().unwrap();
        let request = self.client().request(method, format!("{}{path}", door.url));
        let request = request.bearer_auth(door.token.expose());
        let answer = if body.is_null() { request } else { request.body(body.to_string()) };
        let answer = answer.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    async fn fault(&self, fault: Value) -> u64 {
        let (status, body) = self.control(Method::POST, "/faults", fault).await;
        assert_eq!(status, 200, "{body}");
        body["id"].as_u64().unwrap()
    }

    /// A request whose answer may be broken.
    async fn raw(&self, method: Method, path: &str, body: &str) -> Result<(u16, String), reqwest::Error> {
        let request = self.client().request(method, format!("{}{path}", self.running.url));
        let answer = request.bearer_auth(self.key("owner")).body(body.to_owned()).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.text().await?))
    }

    /// Where the API cannot be asked as it is.
    pub async fn access_key_of_store(&self, model: &'static str) -> String {
        let sql = "SELECT access_key FROM models WHERE name = ?";
        let read = move |db: &rusqlite::Connection| Ok(db.query_row(sql, [model], |row| row.get(0))?);
        let found: Result<String, keybench::workbench::store::StoreError> =
            self.running.workbench().store().read(read).await;
        found.unwrap()
    }

    async fn journal(&self, query: &str) -> Vec<Value> {
        let (_, entries) = self.control(Method::GET, &format!("/requests{query}"), Value::Null).await;
        entries.as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn every_control_call_needs_the_token() {
    let bench = controlled().await;
    let door = bench.running.control.clone().unwrap();
    for (method, path) in [
        (Method::GET, "/ready"),
        (Method::POST, "/faults"),
        (Method::GET, "/faults"),
        (Method::DELETE, "/faults"),
        (Method::DELETE, "/faults/1"),
        (Method::GET, "/requests"),
        (Method::GET, "/requests/count"),
        (Method::GET, "/clock"),
        (Method::PUT, "/clock"),
        (Method::POST, "/reset"),
        (Method::PUT, "/snapshots/a"),
        (Method::POST, "/snapshots/a/restore"),
        (Method::GET, "/nothing"),
    ] {
        for key in [None, Some("wrong".to_owned()), Some(bench.key("admin"))] {
            let mut request = bench.client().request(method.clone(), format!("{}{path}", door.url));
            if let Some(key) = key {
                request = request.bearer_auth(key);
            }
            assert_eq!(request.send().await.unwrap().status().as_u16(), 401, "{method} {path}");
        }
    }
    assert_eq!(bench.control(Method::GET, "/ready", Value::Null).await, (200, json!({"ready": true})));
    assert_eq!(bench.control(Method::GET, "/nothing", Value::Null).await.0, 404);
    assert_eq!(bench.control(Method::PUT, "/ready", Value::Null).await.0, 405);
    // The token is not an API key, and the API has no control calls.
    bench.get(As::Key(door.token.expose()), KEYS).await.refused(500, 2, "");
    bench.get(As::User("admin"), "/faults").await.refused(404, 5, "unknown-path");
    assert!(bench.journal("").await.iter().all(|entry| entry["path"] != "/ready"));
}

#[tokio::test]
async fn each_fault_does_what_it_says_and_counts() {
    let bench = controlled().await;
    let list = async || bench.raw(Method::GET, KEYS, "").await;
    let on = json!({"operation": "ListV2Keys"});
    let once = |act: Value| json!({"on": on, "times": 1, "do": act});

    bench.fault(once(json!({"status": 429, "body": {"slow": "down"}}))).await;
    assert_eq!(list().await.unwrap(), (429, "{\"slow\":\"down\"}".to_owned()));
    bench.fault(once(json!({"html": 502}))).await;
    let (status, page) = list().await.unwrap();
    assert!(status == 502 && page.contains("<h1>502 Bad Gateway</h1>"), "{status} {page}");
    bench.fault(once(json!({"truncate": 20}))).await;
    assert!(list().await.is_err_and(|error| error.is_body() || error.is_decode()));
    bench.fault(once(json!({"reset": true}))).await;
    assert!(list().await.is_err_and(|error| error.is_request()));
    bench.fault(once(json!({"delay_ms": 120}))).await;
    let begun = Instant::now();
    assert_eq!(list().await.unwrap().0, 200);
    assert!(begun.elapsed() >= Duration::from_millis(120));
    let stalled = bench.fault(once(json!({"stall": true}))).await;
    let met = async {
        while bench.control(Method::GET, "/faults", Value::Null).await.1[5]["hits"] != 1 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    tokio::select! {
        answer = list() => panic!("{answer:?}"),
        () = met => {}
    }
    assert_eq!(list().await.unwrap().0, 200, "each acted once");

    // Done, and the answer is lost.
    let count = async || bench.get(As::User("owner"), KEYS).await.ok()["keys"].as_array().unwrap().len();
    let before = count().await;
    bench.fault(json!({"on": {"operation": "CreateV2Key"}, "times": 1, "do": {"reset_after": true}})).await;
    assert!(bench.raw(Method::POST, KEYS, "{}").await.is_err());
    assert_eq!(count().await, before + 1);

    bench.fault(json!({"on": {"model": "churn-prod/add", "user": "owner"}, "do": {"busy": true}})).await;
    let busy = bench.call("owner", "add", json!({"a": 1, "b": 1})).await;
    assert_eq!((busy.status, &busy.body["error"]["code"]), (429, &json!("model.busy")));
    bench.call("viewer", "add", json!({"a": 1, "b": 1})).await.ok();
    bench.call("owner", "churn", json!({})).await.ok();

    let (_, faults) = bench.control(Method::GET, "/faults", Value::Null).await;
    let faults = faults.as_array().unwrap().clone();
    assert_eq!(faults.len(), 8);
    assert!(faults[..7].iter().all(|fault| fault["left"] == 0 && fault["hits"] == 1), "{faults:?}");
    assert_eq!((&faults[7]["left"], &faults[7]["hits"]), (&Value::Null, &json!(1)));
    assert_eq!(faults[0]["do"], json!({"status": 429, "body": {"slow": "down"}}));
    let gone = bench.control(Method::DELETE, &format!("/faults/{stalled}"), Value::Null).await;
    assert_eq!(gone.0, 200);
    assert_eq!(bench.control(Method::DELETE, "/faults/99", Value::Null).await.0, 404);
    bench.control(Method::DELETE, "/faults", Value::Null).await;
    bench.call("owner", "add", json!({"a": 1, "b": 1})).await.ok();
}

#[tokio::test]
async fn a_fault_on_nothing_is_refused() {
    let bench = controlled().await;
    for fault in [
        json!({"on": {"operation": "Nope"}, "do": {"stall": true}}),
        json!({"on": {"model": "churn-prod/nope"}, "do": {"stall": true}}),
        json!({"on": {"model": "add"}, "do": {"stall": true}}),
        json!({"on": {"user": "nobody"}, "do": {"stall": true}}),
        json!({"on": {"method": "FETCH"}, "do": {"stall": true}}),
        json!({"on": {"path": "api"}, "do": {"stall": true}}),
        json!({"on": {"path": "/nope"}, "do": {"stall": true}}),
        json!({"on": {"path": "/api/v2/nope"}, "do": {"stall": true}}),
        json!({"on": {"host": "x"}, "do": {"stall": true}}),
        json!({"on": {}, "times": 0, "do": {"stall": true}}),
        json!({"on": {}, "do": {}}),
        json!({"on": {"model": "churn-prod/add"}, "do": {"fail": "no room"}}),
        json!({"on": {"operation": "ListV2Keys"}, "do": {"fail": "no room"}}),
        json!({"on": {}}),
        json!([]),
    ] {
        let (status, body) = bench.control(Method::POST, "/faults", fault.clone()).await;
        assert!(status == 400 && body["error"].is_string(), "{fault}: {status} {body}");
    }
    assert_eq!(bench.control(Method::GET, "/faults", Value::Null).await.1, json!([]));
    for path in ["/", "/api/", "/api/v2/users/owner/v2_keys", "/api/v1/site/config", "/model"] {
        let fault = json!({"on": {"path": path}, "do": {"stall": true}});
        assert_eq!(bench.control(Method::POST, "/faults", fault).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn what_a_request_begins_can_fail_after_its_answer() {
    let bench = controlled().await;
    let model = bench.model("add").await;
    let path = format!("/api/v2/projects/{}/models/{model}/builds", bench.project("churn-prod").await);
    let doom = async |operation: &str, reason: &str| {
        let on = json!({"operation": operation, "model": "churn-prod/add"});
        bench.fault(json!({"on": on, "times": 1, "do": {"fail": reason}})).await;
    };
    let newest = async |path: &str, list: &str, id: &str, status: &str| {
        let rows = bench.until(path, |it| {
            it[list].as_array().unwrap().iter().any(|row| row["id"] == id && row["status"] == status)
        });
        rows.await[list].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone()
    };
    let owner = As::User("owner");
    let builds = bench.get(owner, &path).await.ok();
    let good = format!("{path}/{}/deployments", builds["model_builds"][0]["id"].as_str().unwrap());
    let running = bench.get(owner, &good).await.ok()["model_deployments"][0]["id"].clone();
    let running = running.as_str().unwrap();

    doom("RestartModelDeployment", "no node has room").await;
    bench.post(owner, &format!("{good}/{running}:restart"), json!({})).await.ok();
    newest(&good, "model_deployments", running, "failed").await;
    let rows = bench.get(As::User("admin"), "/api/v2/usage?page_size=100").await.ok();
    assert!(rows.to_string().contains("no node has room"), "{rows}");
    bench.post(owner, &format!("{good}/{running}:restart"), json!({})).await.ok();
    newest(&good, "model_deployments", running, "deployed").await;
    bench.call("owner", "add", json!({"a": 1, "b": 1})).await.ok();

    doom("CreateModelDeployment", "the quota is used up").await;
    let new = bench.post(owner, &good, json!({})).await.ok()["id"].clone();
    newest(&good, "model_deployments", new.as_str().unwrap(), "failed").await;

    doom("CreateModelBuild", "the registry is down").await;
    let wish = json!({"kernel": "builtin", "function_name": "add"});
    let build = bench.post(owner, &path, wish).await.ok()["id"].clone();
    let failed = newest(&path, "model_builds", build.as_str().unwrap(), "build failed").await;
    assert!(failed["comment"].as_str().unwrap().contains("the registry is down"), "{failed}");
}

#[tokio::test]
async fn the_journal_says_who_asked_what_and_holds_no_key() {
    let bench = controlled().await;
    bench.call("viewer", "add", json!({"a": 1, "token": "hush", "k": bench.key("owner")})).await;
    let wrong = format!("{KEYS}/{}", bench.key("outsider"));
    bench.delete(As::User("owner"), &wrong).await;
    bench.get(As::Legacy("contributor"), "/api/v1/site/config").await.ok();
    let entries = bench.journal("?user=viewer&operation=CallModel").await;
    let call = &entries[0];
    assert_eq!(
        (&call["model"], &call["method"], &call["status"], &call["path"]),
        (&json!("churn-prod/add"), &json!("POST"), &json!(400), &json!("/model"))
    );
    assert_eq!(call["key_id"], bench.credential("viewer").key_id.as_str());
    assert_eq!(call["request"]["request"], json!({"a": 1, "token": "[masked]", "k": "[masked]"}));
    assert_eq!(bench.journal("?model=churn-prod/add").await.len(), 1);
    assert_eq!(bench.journal("?user=contributor").await[0]["path"], "/api/v1/site/config");
    let whole = json!(bench.journal("").await).to_string();
    for credential in &bench.credentials {
        assert!(!whole.contains(credential.api_key.expose()), "{whole}");
        assert!(!whole.contains(credential.legacy_api_key.expose()), "{whole}");
    }
    let (_, count) = bench.control(Method::GET, "/requests/count?operation=DeleteV2Key", Value::Null).await;
    assert_eq!(count, json!({"count": 1}));
    let later = bench.journal("?since=2027-01-01T00:00:00Z").await;
    assert!(later.is_empty());
    assert_eq!(bench.control(Method::GET, "/requests?nope=1", Value::Null).await.0, 400);
}

#[tokio::test]
async fn the_clock_moves_and_a_key_expires() {
    let bench = controlled().await;
    bench.get(As::User("owner"), KEYS).await.ok();
    let (_, moved) = bench.control(Method::PUT, "/clock", json!({"advance": "366d"})).await;
    assert_eq!(moved["ahead_seconds"], 366 * 24 * 3600);
    bench.get(As::User("owner"), KEYS).await.refused(401, 16, "expired-key");
    let answer = bench.client().get(&bench.running.url).send().await.unwrap();
    assert_eq!(answer.headers()["date"], "Wed, 24 Nov 2027 09:14:00 GMT");
    bench.control(Method::PUT, "/clock", json!({"set": "2026-11-23T10:00:00Z"})).await;
    let (_, now) = bench.control(Method::GET, "/clock", Value::Null).await;
    assert_eq!(now["now"], "2026-11-23T10:00:00Z");
    bench.get(As::User("owner"), KEYS).await.ok();
    for wrong in
        [json!({}), json!({"advance": "soon"}), json!({"advance": "1d", "set": "2026-11-23T10:00:00Z"})]
    {
        assert_eq!(bench.control(Method::PUT, "/clock", wrong).await.0, 400);
    }
}

#[tokio::test]
async fn a_reset_brings_back_what_was_seeded() {
    let bench = controlled().await;
    let project = bench.project("churn-prod").await;
    let before = bench.get(As::User("owner"), KEYS).await.ok();
    bench.delete(As::User("owner"), KEYS).await.ok();
    let admin = As::User("admin");
    let renamed =
        bench.patch(admin, &format!("/api/v2/projects/{project}"), json!({"name": "moved"})).await.ok();
    let playground = bench.project("playground").await;
    bench.delete(admin, &format!("/api/v2/projects/{playground}")).await.ok();
    bench.fault(json!({"do": {"stall": true}, "on": {"path": "/api/v2/users/never"}})).await;
    bench.control(Method::PUT, "/clock", json!({"advance": "1d"})).await;

    let begun = Instant::now();
    assert_eq!(bench.control(Method::POST, "/reset", Value::Null).await, (200, json!({})));
    println!("reset took {:?}", begun.elapsed());
    assert!(bench.journal("").await.is_empty());
    assert_eq!(bench.control(Method::GET, "/faults", Value::Null).await.1, json!([]));
    assert_eq!(bench.control(Method::GET, "/clock", Value::Null).await.1["ahead_seconds"], 0);
    assert_eq!(bench.get(As::User("owner"), KEYS).await.ok(), before);
    bench.call("owner", "add", json!({"a": 1, "b": 1})).await.ok();
    bench.call("owner", "echo", json!("again")).await.ok();
    assert_eq!(renamed["slug"], "moved");
    let folders = bench.running.data.join("projects");
    assert!(folders.join("churn-prod").is_dir() && !folders.join("moved").exists());
}

#[tokio::test]
async fn states_are_kept_by_name() {
    let bench = controlled().await;
    let owner = As::User("owner");
    let count = async || bench.get(owner, KEYS).await.ok()["keys"].as_array().unwrap().len();
    let first = count().await;
    bench.post(owner, KEYS, json!({})).await.ok();
    assert_eq!(bench.control(Method::PUT, "/snapshots/one-more", Value::Null).await.0, 200);
    bench.post(owner, KEYS, json!({})).await.ok();
    bench.control(Method::POST, "/snapshots/one-more/restore", Value::Null).await;
    assert_eq!(count().await, first + 1);
    bench.control(Method::POST, "/reset", Value::Null).await;
    assert_eq!(count().await, first);
    bench.control(Method::POST, "/snapshots/one-more/restore", Value::Null).await;
    assert_eq!(count().await, first + 1);
    assert_eq!(bench.control(Method::POST, "/snapshots/other/restore", Value::Null).await.0, 404);
    for name in ["..%2Fescape", "a.b", &"x".repeat(65)] {
        assert_eq!(
            bench.control(Method::PUT, &format!("/snapshots/{name}"), Value::Null).await.0,
            400,
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_other_machines_reach_needs_a_word_and_control_too() {
    for change in [
        |options: &mut Options| options.control = Some("0.0.0.0:0".parse().unwrap()),
        |options: &mut Options| {
            options.listen = "0.0.0.0:0".parse().unwrap();
            options.tls = true;
        },
    ] {
        let data = tempfile::tempdir().unwrap();
        let mut options = Options::new(data.path());
        options.listen.set_port(0);
        change(&mut options);
        let refused = start(options).await.err().unwrap().to_string();
        assert!(refused.contains("--allow-remote"), "{refused}");
    }
}

#[tokio::test]
async fn derived_keys_are_the_same_everywhere_and_keep_to_their_directory() {
    let with = |text: &str, data: &std::path::Path| {
        let mut options = Options::new(data);
        options.listen.set_port(0);
        options.seed = Seed::Demo;
        options.credentials = text.parse().unwrap();
        options
    };
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut seen = Vec::new();
    for data in [one.path(), two.path()] {
        let running = start(with("fixed:abc", data)).await.unwrap();
        assert!(running.warnings.iter().any(|warning| warning.contains("no secret")));
        let keys: Vec<_> =
            running.credentials().unwrap().into_iter().map(|it| it.api_key.expose().to_owned()).collect();
        let store = running.workbench().store();
        let ids: Vec<String> = store
            .read(|db| {
                let sql = "SELECT access_key || uuid FROM models UNION ALL SELECT public_id FROM projects UNION ALL \
                           SELECT uuid FROM deployments ORDER BY 1";
                let mut select = db.prepare(sql)?;
                let rows = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
                Ok::<_, keybench::workbench::store::StoreError>(rows)
            })
            .await
            .unwrap();
        seen.push((keys, ids));
        running.shutdown().await;
    }
    assert_eq!(seen[0], seen[1]);
    start(with("fixed:abc", one.path())).await.unwrap().shutdown().await;
    start(with("random", one.path())).await.unwrap().shutdown().await;
    let refused = start(with("fixed:abd", one.path())).await.err().unwrap().to_string();
    assert!(refused.contains("--credentials fixed"), "{refused}");
    let shown = format!("{:?}", "fixed:abc".parse::<Credentials>().unwrap());
    assert!(!shown.contains("abc"));
}

#[tokio::test]
async fn tls_is_served_under_the_name_that_clients_use() {
    let bench = demo_with(|options| {
        options.tls = true;
        options.host = Some("workbench.localhost".to_owned());
    })
    .await;
    let made = bench.running.certificates.clone().unwrap();
    let authority = reqwest::Certificate::from_pem(&std::fs::read(&made.authority).unwrap()).unwrap();
    let address = bench.running.url.rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], address));
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([authority])
        .resolve("workbench.localhost", loopback)
        .resolve("modelservice.workbench.localhost", loopback)
        .build()
        .unwrap();
    assert_eq!(bench.running.url, format!("https://workbench.localhost:{address}"));
    let keys = client.get(format!("{}{KEYS}", bench.running.url)).bearer_auth(bench.key("owner"));
    assert_eq!(keys.send().await.unwrap().status().as_u16(), 200);
    let access_key = bench.access_key_of_store("echo").await;
    assert!(bench.running.model_service_url.starts_with("https://modelservice.workbench.localhost:"));
    let call = client.post(&bench.running.model_service_url);
    let answer = call.body(json!({"accessKey": access_key, "request": 7}).to_string()).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["response"], 7);
    let users =
        client.get(format!("https://127.0.0.1:{address}/api/v2/usersquota")).bearer_auth(bench.key("owner"));
    let users = users.send().await.unwrap().text().await.unwrap();
    assert!(users.contains(&format!("https://workbench.localhost:{address}/owner")), "{users}");
    // Without the authority the certificate is not trusted.
    let stranger = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(stranger.get(format!("https://127.0.0.1:{address}/")).send().await.is_err());
    assert!(std::fs::read_to_string(&made.bundle).unwrap().contains("BEGIN CERTIFICATE"));
}
