//! A running workbench with demo data, and requests by its users.

use jiff::Timestamp;
use keybench::workbench::{Clock, Credential, Options, Running, Seed, start};
use reqwest::Method;
use serde_json::Value;

use super::specification;

/// The time at which the tests take place.
pub const NOW: &str = "2026-11-23T09:14:00Z";

/// A workbench with demo data on a free port; gone when dropped.
pub struct Bench {
    pub running: Running,
    pub clock: Clock,
    pub credentials: Vec<Credential>,
    client: reqwest::Client,
    _data: tempfile::TempDir,
}

/// The program that starts Python functions: this one is a test and cannot.
pub fn starter() -> Option<std::path::PathBuf> {
    Some(env!("CARGO_BIN_EXE_keybench").into())
}

/// Says that a test does nothing on this machine. The harness shows it, though the test passes: what
/// it captures are the macros that print.
pub fn skipped(why: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub inferred: Vec<String>,
    pub body: Value,
}

/// The authorization of a request.
#[derive(Debug, Clone, Copy)]
pub enum As<'a> {
    Anonymous,
    /// The seeded key of a user.
    User(&'a str),
    /// Any text as the bearer token.
    Key(&'a str),
    /// The seeded legacy key of a user, Basic.
    Legacy(&'a str),
    /// The whole header.
    Header(&'a str),
}

impl Bench {
    pub async fn demo() -> Self {
        Self::with(|options| options.seed = Seed::Demo).await
    }

    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        // Already installed is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = tempfile::tempdir().unwrap();
        let clock = Clock::stopped_at(NOW.parse().unwrap());
        let mut options = Options::new(data.path());
        options.listen.set_port(0);
        options.clock = clock.clone();
        options.starter = starter();
        change(&mut options);
        let running = start(options).await.unwrap();
        let credentials = running.credentials().unwrap();
        let mut client = reqwest::Client::builder().no_proxy();
        if let Some(made) = &running.certificates {
            let authority = std::fs::read(&made.authority).unwrap();
            client = client.tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()]);
        }
        let client = client.build().unwrap();
        Self { running, clock, credentials, client, _data: data }
    }

    /// For requests that `send` cannot make.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub fn key(&self, user: &str) -> String {
        self.credential(user).api_key.expose().to_owned()
    }

    pub fn credential(&self, user: &str) -> &Credential {
        self.credentials.iter().find(|credential| credential.username == user).unwrap()
    }

    pub fn set_time(&self, now: &str) {
        self.clock.set(now.parse::<Timestamp>().unwrap());
    }

    pub async fn get(&self, user: As<'_>, path: &str) -> Reply {
        self.send(Method::GET, user, path, None::<String>).await
    }

    pub async fn post(&self, user: As<'_>, path: &str, body: Value) -> Reply {
        self.send(Method::POST, user, path, Some(body.to_string())).await
    }

    pub async fn put(&self, user: As<'_>, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, user, path, Some(body.to_string())).await
    }

    pub async fn patch(&self, user: As<'_>, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, user, path, Some(body.to_string())).await
    }

    pub async fn delete(&self, user: As<'_>, path: &str) -> Reply {
        self.send(Method::DELETE, user, path, None::<String>).await
    }

    /// Sends a request; an answer of API v2 must match the specification.
    pub async fn send(
        &self,
        method: Method,
        user: As<'_>,
        path: &str,
        body: Option<impl Into<reqwest::Body>>,
    ) -> Reply {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.running.url));
        request = match user {
            As::Anonymous => request,
            As::User(name) => request.bearer_auth(self.key(name)),
            As::Key(key) => request.bearer_auth(key),
            As::Legacy(name) => request.basic_auth(self.credential(name).legacy_api_key.expose(), Some("")),
            As::Header(text) => request.header("authorization", text),
        };
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        assert!(headers.contains_key("x-request-id"), "{method} {path}");
        let inferred = headers
            .get_all("x-keybench-inferred")
            .iter()
            .flat_map(|line| line.to_str().unwrap().split(", ").map(str::to_owned).collect::<Vec<_>>())
            .collect();
        assert!(headers.get_all("x-keybench-inferred").iter().count() <= 1, "{method} {path}: {headers:?}");
        let text = response.text().await.unwrap();
        let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {path}: {text}"));
        specification::check(method.as_str(), path, status, &body);
        Reply { status, inferred, body }
    }

    /// The id of a demo project.
    pub async fn project(&self, name: &str) -> String {
        let reply = self.get(As::User("admin"), "/api/v2/projects?include_all_projects=true").await;
        let projects = reply.body["projects"].as_array().unwrap().clone();
        let found = projects.iter().find(|project| project["name"] == name).unwrap();
        found["id"].as_str().unwrap().to_owned()
    }
}

impl Reply {
    /// The gRPC code of a refusal, whose texts must agree.
    pub fn code(&self) -> i64 {
        assert_eq!(self.body["error"], self.body["message"], "{self:?}");
        self.body["code"].as_i64().unwrap()
    }

    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap()
    }

    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.body
    }

    /// Asserts this refusal: status, gRPC code, name in the header (empty if it is known).
    #[track_caller]
    pub fn refused(&self, status: u16, code: i64, name: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        let expected: &[&str] = if name.is_empty() { &[] } else { &[name] };
        assert_eq!(self.inferred, expected, "{self:?}");
    }
}
