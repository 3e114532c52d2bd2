//! Starting, refusing to start, and ending.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use keybench::workbench::{Behaviour, Options, Seed, SeedFile, start};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{As, Bench};

fn options(data: &std::path::Path) -> Options {
    let mut options = Options::new(data);
    options.listen.set_port(0);
    options
}

async fn problem(options: Options) -> String {
    match start(options).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_data_directory_serves_one_workbench() {
    let data = tempfile::tempdir().unwrap();
    let first = start(options(data.path())).await.unwrap();
    let text = problem(options(data.path())).await;
    assert!(text.contains("another keybench serves") && text.contains("--data"), "{text}");
    first.shutdown().await;
    start(options(data.path())).await.unwrap().shutdown().await;
}

/// The parser's own message shows the whole line, and the line may hold anything.
#[test]
fn a_wrong_line_of_a_behaviour_or_seed_file_is_named_and_not_shown() {
    let secret = "s3cret";
    let file = tempfile::NamedTempFile::new().unwrap();
    for (text, says) in [
        (format!("version = 1\n[limits]\npage-size = \"{secret}\"\n"), "line 3, column 13: invalid type"),
        (format!("version = 1\nunknown-name = \"{secret}\"\n"), "line 2, column 1: unknown field"),
        (format!("version = 1\n{secret}\n"), "line 2, column "),
        (format!("version = {secret}\n"), "line 1, column 11: "),
    ] {
        std::fs::write(file.path(), text).unwrap();
        let behaviour = Behaviour::load(file.path()).unwrap_err().to_string();
        let seed = SeedFile::load(file.path()).unwrap_err().to_string();
        assert!(behaviour.contains(says), "{behaviour}");
        for said in [behaviour, seed] {
            assert!(said.contains(", column ") && !said.contains(secret), "{said}");
        }
    }
}

#[tokio::test]
async fn what_was_there_stays_and_is_not_seeded_again() {
    let data = tempfile::tempdir().unwrap();
    let first = start(options(data.path())).await.unwrap();
    let before = first.credentials().unwrap();
    assert_eq!(before.iter().map(|credential| credential.username.as_str()).collect::<Vec<_>>(), ["admin"]);
    first.shutdown().await;
    let second = Options { seed: Seed::Demo, ..options(data.path()) };
    let second = start(second).await.unwrap();
    let after = second.credentials().unwrap();
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].api_key, before[0].api_key);
    second.shutdown().await;
}

/// Every change waits for the disk, so a start on what is there makes none.
#[tokio::test]
async fn what_was_up_comes_up_without_a_change() {
    let data = tempfile::tempdir().unwrap();
    let with_demo = || Options { seed: Seed::Demo, ..options(data.path()) };
    let first = start(with_demo()).await.unwrap();
    assert_ne!(first.workbench().store().generation(), 0);
    first.shutdown().await;
    let second = start(with_demo()).await.unwrap();
    assert_eq!(second.workbench().store().generation(), 0);
    second.shutdown().await;
}

#[tokio::test]
async fn nobody_else_may_read_the_data() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("new/data");
    let running = start(options(&data)).await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in ["workbench.sqlite", "workbench.sqlite-wal", "credentials.json", "lock"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    // There is no key in the store, nor in its log.
    let key = running.credentials().unwrap()[0].api_key.expose().to_owned();
    for file in ["workbench.sqlite", "workbench.sqlite-wal"] {
        let bytes = std::fs::read(data.join(file)).unwrap();
        let second_half = key.split('.').next_back().unwrap().as_bytes();
        assert!(!bytes.windows(second_half.len()).any(|window| window == second_half), "{file}");
    }
    running.shutdown().await;
}

#[tokio::test]
async fn addresses_beyond_this_machine_need_a_word() {
    let data = tempfile::tempdir().unwrap();
    let mut remote = options(data.path());
    remote.listen = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let text = problem(remote.clone()).await;
    assert!(text.contains("--allow-remote"), "{text}");
    remote.allow_remote = true;
    let running = start(remote).await.unwrap();
    assert!(running.warnings[0].contains("no encryption"));
    let taken = running.url.rsplit(':').next().unwrap().parse().unwrap();
    let other = tempfile::tempdir().unwrap();
    let mut busy = options(other.path());
    busy.listen.set_port(taken);
    let text = problem(busy).await;
    assert!(text.contains("cannot listen") && text.contains("--listen"), "{text}");
    running.shutdown().await;
}

#[tokio::test]
async fn places_that_cannot_hold_data_are_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below"), "/proc/keybench".into()] {
        let text = problem(options(&path)).await;
        assert!(text.contains(&*path.to_string_lossy()), "{text}");
    }
}

#[tokio::test]
async fn a_store_without_room_refuses_and_loses_nothing() {
    let bench = Bench::demo().await;
    let keys = "/api/v2/users/owner/v2_keys";
    let store = bench.running.workbench().store();
    let pages: i64 = store
        .read(|db| {
            db.pragma_query_value(None, "page_count", |row| row.get(0))
                .map_err(keybench::workbench::store::StoreError::from)
        })
        .await
        .unwrap();
    let limit = move |pages: i64| {
        store.write(move |db| {
            db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
                .map_err(keybench::workbench::store::StoreError::from)
        })
    };
    limit(pages + 2).await.unwrap();
    let mut acknowledged = Vec::new();
    let refused = loop {
        let body = json!({"comments": "x".repeat(500)});
        let reply = bench.post(As::User("owner"), keys, body).await;
        if reply.status != 200 {
            break reply;
        }
        acknowledged.push(reply.body["key_id"].clone());
    };
    refused.refused(503, 14, "store-full");
    assert!(!acknowledged.is_empty());
    limit(1_000_000).await.unwrap();
    bench.post(As::User("owner"), keys, json!({})).await.ok();
    let listed = bench.get(As::User("owner"), keys).await.ok();
    let listed = listed["keys"].as_array().unwrap();
    assert_eq!(listed.len(), 4 + acknowledged.len() + 1);
    assert!(acknowledged.iter().all(|id| listed.iter().any(|row| row["key_id"] == *id)));
}

/// Sends raw bytes, and reads the answer until the server closes.
async fn raw(bench: &Bench, bytes: &[u8]) -> String {
    let address = bench.running.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may close before everything is sent.
    let _ = stream.write_all(bytes).await;
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn heads_are_bounded() {
    let bench = Bench::demo().await;
    let long =
        format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: {}\r\n\r\n", "y".repeat(1_000_000));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{}\r\n", "a: b\r\n".repeat(99));
    for head in [long, many] {
        let answer = raw(&bench, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    // Up to twice the bytes the answer has a body; beyond, and for too many lines, the server library
    // has none.
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: {}\r\n\r\n", "y".repeat(70_000));
    let path = format!("GET /{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "y".repeat(65_520));
    for head in [long, path] {
        let answer = raw(&bench, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431") && answer.contains("\"code\":8"), "{answer}");
    }
    let nonsense = raw(&bench, b"\x16\x03\x01 hello\r\n\r\n").await;
    assert!(nonsense.starts_with("HTTP/1.1 400"), "{nonsense}");
}

#[tokio::test]
async fn half_a_head_does_not_hold_up_the_end() {
    // A request in flight would have had ten seconds. A busy machine may need long for anything, but not
    // three times.
    let mut ends = Vec::new();
    while ends.last().is_none_or(|took| *took >= Duration::from_secs(8)) {
        assert!(ends.len() < 3, "{ends:?}");
        ends.push(end_with_half_a_head().await);
    }
}

async fn end_with_half_a_head() -> Duration {
    let mut bench = Bench::demo().await;
    let address = bench.running.url.strip_prefix("http://").unwrap().to_owned();
    let mut half = TcpStream::connect(&address).await.unwrap();
    half.write_all(b"GET /api/v2/models HTTP/1.1\r\nho").await.unwrap();
    bench.get(As::Anonymous, "/sense-bootstrap.json").await.ok();
    let begun = Instant::now();
    bench.running.stop();
    bench.running.ended().await;
    begun.elapsed()
}

/// Most clients send the whole request before they read the answer.
#[tokio::test]
async fn a_refusal_reaches_a_client_that_still_sends() {
    let bench = Bench::demo().await;
    let address = bench.running.url.strip_prefix("http://").unwrap();
    let key = bench.key("owner");
    for (line, authorization, status) in [
        ("POST /api/v2/users/owner/v2_keys", key.as_str(), "413"),
        ("POST /model", "", "413"),
        ("POST /api/v2/users/owner/v2_keys", "nonsense", "500"),
        ("POST /nothing", &key, "404"),
        ("PUT /api/v2/models", &key, "405"),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let body = vec![b' '; 20_000_000];
        let head = format!(
            "{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {authorization}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        // The connection continues: no part of the body is taken for another request.
        stream.write_all(b"GET /api/v2/swagger.json HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        assert!(answers.starts_with(&format!("HTTP/1.1 {status}")), "{line}: {answers:.300}");
        assert!(answers.contains("HTTP/1.0 200 OK"), "{line}: {answers:.300}");
    }
    // A client that asks first gets no 100 Continue.
    for (path, status) in [("/nothing", "404"), ("/model", "413"), ("/api/v2/users/owner/v2_keys", "413")] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nexpect: 100-continue\r\n\
             content-length: 9000000\r\n\r\n"
        );
        let answer = raw(&bench, head.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
    }
    // A body without a declared size is measured.
    let head = "POST /model HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunks = format!("4c4b41\r\n{}\r\n0\r\n\r\n", " ".repeat(5_000_001));
    let answer = raw(&bench, format!("{head}{chunks}").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn what_is_in_flight_is_answered_before_the_end() {
    let mut bench = Bench::demo().await;
    let address = bench.running.url.strip_prefix("http://").unwrap().to_owned();
    let key = bench.key("owner");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let body = "{\"audience\":\"API\"}";
    let head = format!(
        "POST /api/v2/auth/validate_key HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
         content-length: {}\r\n\r\n{}",
        body.len(),
        &body[..5]
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server has started on this request once another one, sent later, is answered.
    bench.get(As::Anonymous, "/sense-bootstrap.json").await.ok();
    let rest = async {
        stream.write_all(&body.as_bytes()[5..]).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    bench.running.stop();
    let (answer, ()) = tokio::join!(rest, bench.running.ended());
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"valid\":true"), "{answer}");
    assert!(TcpStream::connect(&address).await.is_err());
}
