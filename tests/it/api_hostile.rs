//! A backend that echoes keys, sends endless lists or oversized answers: the client decides what it
//! keeps.

use std::time::Duration;

use crate::support::{Scripted, answer, install_tls, json};
use base64::Engine as _;
use keybench::api::{Client, ClientOptions, Error, PageQuery, Reason};
use keybench::probe::{ModelCallTarget, ModelRequest, Transport, TransportOptions, call, run};
use keybench::secret::{ApiKey, LegacyKey};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A key that no other test of this process holds.
fn key(halves: [&str; 2]) -> (ApiKey, String) {
    let text = halves.map(|part| part.repeat(16)).join(".");
    (ApiKey::parse(&text).unwrap(), text)
}

fn client(url: &str, key: &ApiKey) -> Client {
    install_tls();
    let timeout = Duration::from_secs(60);
    Client::new(ClientOptions { key: Some(key.clone()), timeout, ..ClientOptions::new(url) }).unwrap()
}

/// Every form in which an echo may contain a secret.
fn forms(text: &str) -> Vec<String> {
    let base64 = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    let (first, second) = text.split_once('.').unwrap();
    vec![
        text.to_owned(),
        first.to_owned(),
        second.to_owned(),
        base64(text.to_owned()),
        base64(format!("{text}:")),
    ]
}

#[track_caller]
fn assert_masked(shown: &str, text: &str) {
    for form in forms(text) {
        assert!(!shown.contains(form.trim_end_matches('=')), "{shown}");
        assert!(!shown.contains(&form[..form.len() / 2]), "half of it: {shown}");
    }
    assert!(shown.contains("••••"), "{shown}");
}

#[tokio::test]
async fn a_key_that_a_backend_echoes_is_masked_in_whatever_form() {
    let (held, text) = key(["b0a1", "c2d3"]);
    for form in forms(&text) {
        let body = format!(r#"{{"message":"bad {form}","code":3}}"#);
        let id = format!("x-request-id: r-{form}");
        let server = Scripted::start(&[answer("400 Bad Request", &[&id], &body)]).await;
        let error = client(&server.url, &held).list_keys("owner").await.unwrap_err();
        assert_masked(&format!("{error} {error:?} {:?}", error.request_id()), &text);

        let server = Scripted::start(&[json("200 OK", &format!(r#"{{"error":"no: {form}"}}"#))]).await;
        let error = client(&server.url, &held).list_keys("owner").await.unwrap_err();
        assert_masked(&error.to_string(), &text);

        let body = format!(r#"{{"keys":[{{"key_id":"k1","comments":"is {form}"}}]}}"#);
        let server = Scripted::start(&[json("200 OK", &body)]).await;
        let keys = client(&server.url, &held).list_keys("owner").await.unwrap();
        assert_masked(&keys[0].comments, &text);

        let body = format!(r#"{{"valid":true,"username":"owner","message":"{form} is well"}}"#);
        let server = Scripted::start(&[json("200 OK", &body)]).await;
        let answer = client(&server.url, &held).validate_key("API").await.unwrap();
        assert_masked(&answer.message, &text);

        let location = format!("location: https://{form}.example.com/");
        let server = Scripted::start(&[answer_of_redirect(&location)]).await;
        let error = client(&server.url, &held).list_keys("owner").await.unwrap_err();
        let shown = error.to_string();
        assert!(!shown.contains(&text), "{shown}");
    }
}

fn answer_of_redirect(location: &str) -> String {
    answer("302 Found", &[location], "")
}

#[tokio::test]
async fn what_must_hold_a_key_keeps_it() {
    let (held, text) = key(["b4a5", "c6d7"]);
    let first = held.first_half();
    let body = format!(r#"{{"keys":[{{"key_id":"{first}","comments":"own"}}]}}"#);
    let server = Scripted::start(&[json("200 OK", &body)]).await;
    assert_eq!(client(&server.url, &held).list_keys("owner").await.unwrap()[0].key_id, first);
    // Read, changed and written back: a mask in it would destroy the value.
    let body = format!(r#"{{"id":"p","environment":"{{\"K\":\"{text}\"}}"}}"#);
    let server = Scripted::start(&[json("200 OK", &body)]).await;
    let project = client(&server.url, &held).project("p").await.unwrap();
    assert!(project.environment.contains(&text));
    let body = format!(r#"{{"api_key":"{text}","key_id":"{first}"}}"#);
    let server = Scripted::start(&[json("200 OK", &body)]).await;
    let created = client(&server.url, &held).create_key("owner", &Default::default()).await.unwrap();
    assert_eq!(created.api_key.expose(), text);
}

#[tokio::test]
async fn a_model_that_echoes_the_key_does_not_get_it_shown() {
    let (held, text) = key(["b8a9", "cadb"]);
    let legacy = LegacyKey::new("q7w8".repeat(8));
    let body = format!(
        r#"{{"success":false,"errors":{{"got {text}":"{}"}},"ReplicaID":"r-{text}"}}"#,
        legacy.expose()
    );
    let header = format!("x-echo: Bearer {text}");
    let server = Scripted::start(&[answer("400 Bad Request", &[&header], &body)]).await;
    let transport = Transport::new(TransportOptions::default()).unwrap();
    let target = ModelCallTarget { url: format!("{}/model", server.url), access_key: "m".to_owned() };
    let request = ModelRequest::parse("{}").unwrap();
    let result = call(&transport, &target, Some(&held), &request).await;
    let answer = result.answer().unwrap();
    let shown = format!(
        "{} {:?} {:?} {:?} {result:?}",
        String::from_utf8_lossy(&answer.body),
        answer.headers,
        answer.message(),
        answer.replica_id
    );
    assert_masked(&shown, &text);
    assert!(!shown.contains(legacy.expose()), "{shown}");

    let plan = run::Plan { count: Some(2), ..run::Plan::default() };
    let summary = run::start(plan, &transport, &target, Some(&held), &request).unwrap().finished().await;
    assert_masked(&serde_json::to_string(&*summary).unwrap(), &text);
}

#[tokio::test]
async fn a_value_that_is_no_key_is_a_bad_key_and_never_asked_again() {
    let (held, _) = key(["bcad", "cecf"]);
    let bodies =
        [r#"{"error":"malformed apikey","code":13,"message":"malformed apikey"}"#, "malformed apikey"];
    for (status, body) in ["500 Internal Server Error", "401 Unauthorized"]
        .into_iter()
        .flat_map(|status| bodies.map(|body| (status, body)))
    {
        let server = Scripted::start(&[answer(status, &[], body)]).await;
        let error = client(&server.url, &held).models_page(&PageQuery::default()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_rejection(), error.may_be_done()),
            ("unauthenticated", true, false)
        );
        assert!(error.hint().unwrap().contains("not an API key"), "{error:?}");
        assert_eq!(server.count(), 1);
    }
    let page = answer("200 OK", &["content-type: text/html"], "<html>Sign in</html>");
    for answer in [answer("302 Found", &["location: https://sso.example.com/"], ""), page] {
        let server = Scripted::start(&[answer]).await;
        let error = client(&server.url, &held).list_keys("owner").await.unwrap_err();
        assert!(error.hint().unwrap().contains("may have expired"), "{error:?}");
    }
}

/// A server that starts an answer and then sends spaces or letters until its caller hangs up; and the bytes that
/// it had written by then.
async fn endless(begin: &'static str, with: u8) -> (String, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let written = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        crate::support::read_request(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(begin.as_bytes()).await.unwrap();
        let piece = vec![with; 64 << 10];
        let mut written = 0;
        while stream.write_all(&piece).await.is_ok() {
            written += piece.len();
        }
        written
    });
    (url, written)
}

#[tokio::test]
async fn an_answer_without_an_end_is_given_up_before_it_takes_memory() {
    let (held, _) = key(["d0e1", "d2e3"]);
    // Its failing write is how the server learns that the client stopped reading. How much two sockets hold
    // between them is the kernel's to say: 37 MiB on Linux 6.18.
    async fn given_up(called: Error, too_large: &str, written: JoinHandle<usize>) {
        match called {
            Error::BadAnswer { detail, .. } => assert!(detail.contains(too_large), "{detail}"),
            other => panic!("{other:?}"),
        }
        let written = written.await.unwrap();
        assert!(written < 128 << 20, "{written}");
    }

    let (url, written) = endless("{\"models\":[\"", b'x').await;
    let error = client(&url, &held).models_page(&PageQuery::default()).await.unwrap_err();
    given_up(error, "larger than 1 MiB", written).await;

    let (url, written) = endless("{\"name\":\"", b'x').await;
    let error = client(&url, &held).list_keys("owner").await.unwrap_err();
    given_up(error, "larger than 64 KiB", written).await;

    let (url, written) = endless("{\"api_key_expiration\":\"", b'x').await;
    let error = client(&url, &held).site_config().await.unwrap_err();
    given_up(error, "larger than 1 MiB", written).await;

    let (url, written) = endless("{\"name\":\"", b'x').await;
    let error = client(&url, &held).project("p").await.unwrap_err();
    given_up(error, "larger than 8 MiB", written).await;

    let (url, written) = endless("  ", b' ').await;
    let error = client(&url, &held).project("p").await.unwrap_err();
    given_up(error, "larger than 8 MiB", written).await;
}

#[tokio::test]
async fn ever_fresh_tokens_end() {
    let (held, _) = key(["d8e9", "daeb"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for n in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            crate::support::read_request(&mut stream).await;
            let body = format!(r#"{{"collaborators":[],"next_page_token":"fresh-{n}"}}"#);
            let _ = stream.write_all(json("200 OK", &body).as_bytes()).await;
        }
    });
    let error = client(&url, &held).collaborators("p").await.unwrap_err();
    assert!(error.to_string().contains("does not end"), "{error}");
}

#[tokio::test]
async fn more_keys_are_read_than_could_be_held_as_one_answer() {
    const KEYS: usize = 100_000;
    let (held, _) = key(["dced", "deef"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = tokio::io::BufWriter::with_capacity(1 << 20, stream);
        crate::support::read_request(stream.get_mut()).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"keys\":[").await.unwrap();
        for n in 0..KEYS {
            let comma = if n > 0 { "," } else { "" };
            let row = format!(
                r#"{comma}{{"key_id":"{n:064x}","created_at":"2026-11-27T09:00:00Z","expiry_date":"2027-11-27T23:59:59Z","comments":"key {n}","audiences":["API"]}}"#
            );
            stream.write_all(row.as_bytes()).await.unwrap();
        }
        stream.write_all(b"]}").await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let keys = client(&url, &held).list_keys("owner").await.unwrap();
    assert_eq!((keys.len(), keys[KEYS - 1].comments.as_str()), (KEYS, "key 99999"));
}

#[tokio::test]
async fn nothing_but_its_own_trouble_is_called_ours() {
    let (held, _) = key(["e0f1", "e2f3"]);
    let error = client("http://no-such-host.invalid", &held).list_keys("owner").await.unwrap_err();
    assert!(matches!(error, Error::NoAnswer { reason: Reason::Dns, .. }), "{error:?}");
}
