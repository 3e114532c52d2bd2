//! `keybench serve` as a process: killed in the middle of writes, ended normally, and its access
//! log.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// Processes killed in the middle of writes.
const KILLS: usize = 12;
/// Concurrent requests while that happens.
const WRITERS: usize = 4;

const KEYS: &str = "/api/v2/users/owner/v2_keys";

pub struct Process {
    child: Child,
    pub ready: Value,
}

impl Process {
    /// Starts a server and waits for its ready line.
    fn start(data: &Path, options: &[&str]) -> Self {
        Self::start_with(data, options, |_| {})
    }

    /// The same in another environment.
    pub fn start_with(data: &Path, options: &[&str], change: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keybench"));
        change(&mut command);
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--seed", "demo", "--data"])
            .arg(data)
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"));
        Self { child, ready }
    }

    pub fn url(&self) -> String {
        self.ready["url"].as_str().unwrap().to_owned()
    }

    pub fn key_of(&self, user: &str) -> String {
        let text = std::fs::read_to_string(self.ready["credentials"].as_str().unwrap()).unwrap();
        let credentials: Value = serde_json::from_str(&text).unwrap();
        let found = credentials.as_array().unwrap().iter().find(|row| row["username"] == user).unwrap();
        found["api_key"].as_str().unwrap().to_owned()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn signal(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Ends it with SIGTERM; returns its exit status and its standard error.
    pub fn end(mut self) -> (Option<i32>, String) {
        self.signal();
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (self.child.wait().unwrap().code(), text)
    }
}

/// A test that fails leaves no server behind.
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn create(client: &reqwest::Client, url: &str, key: &str, comments: &str) -> Option<Value> {
    let body = json!({"comments": comments}).to_string();
    let request = client.post(format!("{url}{KEYS}")).bearer_auth(key).body(body);
    let response = request.send().await.ok()?;
    assert_eq!(response.status(), 200);
    serde_json::from_str(&response.text().await.ok()?).ok()
}

async fn list(client: &reqwest::Client, url: &str, key: &str) -> Vec<Value> {
    let response = client.get(format!("{url}{KEYS}")).bearer_auth(key).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    body["keys"].as_array().unwrap().clone()
}

/// Creates keys until the server is killed, which happens after `enough` of them; returns those
/// that were acknowledged.
async fn write_until_killed(process: Process, key: &str, round: usize, enough: usize) -> Vec<Value> {
    let (count, reached) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (count, reached) = (count.clone(), reached.clone());
            let (url, key) = (process.url(), key.to_owned());
            tokio::spawn(async move {
                let client = client();
                let mut acknowledged = Vec::new();
                for n in 0.. {
                    let comments = format!("{round}/{writer}/{n}");
                    let Some(created) = create(&client, &url, &key, &comments).await else { break };
                    acknowledged.push(created);
                    if count.fetch_add(1, Ordering::Relaxed) + 1 == enough {
                        reached.notify_one();
                    }
                }
                acknowledged
            })
        })
        .collect();
    reached.notified().await;
    process.kill();
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_keys_survive_kills_in_the_middle_of_writes() {
    let data = tempfile::tempdir().unwrap();
    let client = client();
    let mut acknowledged: Vec<Value> = Vec::new();
    for round in 0..KILLS {
        let process = Process::start(data.path(), &[]);
        let key = process.key_of("owner");
        let listed = list(&client, &process.url(), &key).await;
        for created in &acknowledged {
            let row = listed.iter().find(|row| row["key_id"] == created["key_id"]);
            let row = row.unwrap_or_else(|| panic!("{} is lost", created["comments"]));
            for name in ["created_at", "expiry_date", "comments", "audiences"] {
                assert_eq!(row[name], created[name]);
            }
        }
        // Besides the demo's four there may be keys whose answer the kill swallowed.
        assert!(listed.len() <= 4 + acknowledged.len() + round * WRITERS);
        if let Some(last) = acknowledged.last() {
            list(&client, &process.url(), last["api_key"].as_str().unwrap()).await;
        }
        acknowledged.extend(write_until_killed(process, &key, round, 3 * round + 1).await);
    }
    assert!(acknowledged.len() >= KILLS);
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_what_is_in_flight() {
    // A busy machine may need long for anything, but not three times.
    let mut ends = Vec::new();
    while ends.last().is_none_or(|took| *took >= Duration::from_secs(8)) {
        assert!(ends.len() < 3, "{ends:?}");
        ends.push(end_by_a_second_signal());
    }
}

fn end_by_a_second_signal() -> Duration {
    let data = tempfile::tempdir().unwrap();
    let mut process = Process::start(data.path(), &[]);
    let address = process.url().strip_prefix("http://").unwrap().to_owned();
    // A request whose body never arrives is in flight for ten seconds after the first signal.
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    let key = process.key_of("owner");
    let head = format!(
        "POST {KEYS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nexpect: 100-continue\r\n\
         content-length: 9\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server waits for it: it requests the body.
    let mut asked = [0; 12];
    stream.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100");
    process.signal();
    // It accepts no more connections, so it has seen the signal.
    while std::net::TcpStream::connect(&address).is_ok() {
        std::thread::yield_now();
    }
    let first = Instant::now();
    process.signal();
    assert_eq!(process.child.wait().unwrap().code(), Some(0));
    first.elapsed()
}

#[tokio::test]
async fn the_access_log_has_a_line_a_request_and_no_secret() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(data.path(), &["--access-log"]);
    let (url, key, client) = (process.url(), process.key_of("owner"), client());
    list(&client, &url, &key).await;
    let created = create(&client, &url, &key, "logged").await.unwrap();
    let secret = created["api_key"].as_str().unwrap();
    client.delete(format!("{url}{KEYS}/{secret}")).bearer_auth(&key).send().await.unwrap();
    client.post(format!("{url}/model?accessKey=m0123456789abcdefghijklmnopqrstu")).send().await.unwrap();
    let admin = process.key_of("admin");
    let models = client.get(format!("{url}/api/v2/models")).bearer_auth(&admin).send().await.unwrap();
    let models: Value = models.json().await.unwrap();
    let add = models["models"].as_array().unwrap().iter().find(|it| it["name"] == "add").unwrap();
    let call = json!({"accessKey": add["access_key"], "request": {"a": 1, "b": 1}});
    for user in ["owner", "outsider"] {
        let call = client.post(format!("{url}/model")).bearer_auth(process.key_of(user)).json(&call);
        call.send().await.unwrap();
    }
    let (code, log) = process.end();
    assert_eq!(code, Some(0));
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(" ms ")).collect();
    assert_eq!(lines.len(), 7, "{log}");
    assert!(lines[5].contains("POST /model 200") && lines[5].ends_with("owner"), "{log}");
    assert!(lines[6].contains("POST /model 401") && lines[6].ends_with("outsider"), "{log}");
    assert!(!log.contains(add["access_key"].as_str().unwrap()), "{log}");
    assert!(lines[0].contains("GET /api/v2/users/owner/v2_keys 200") && lines[0].ends_with("owner"), "{log}");
    for hidden in [secret, &key, "accessKey", "m0123456789"] {
        assert!(!log.contains(hidden), "{log}");
    }
}
