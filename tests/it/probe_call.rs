//! One model call on the wire: what is sent, what is read, and what each failure is called.

use std::io::Write;
use std::time::Duration;

use crate::probe_support::{Does, PASSED, Server, answer, tls_server};
use keybench::api::TlsReason;
use keybench::probe::{
    CallError, CallResult, FailureKind, ModelCallTarget, ModelRequest, Phase, Transport, TransportOptions,
    call,
};
use keybench::secret::ApiKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn options() -> TransportOptions {
    TransportOptions { timeout: Duration::from_secs(60), ..TransportOptions::default() }
}

async fn call_with(options: TransportOptions, url: &str, key: Option<&ApiKey>) -> CallResult {
    let transport = Transport::new(options).unwrap();
    let target = ModelCallTarget { url: url.to_owned(), access_key: "m123".to_owned() };
    let request = ModelRequest::parse("{\"a\":3,\"b\":5}").unwrap();
    call(&transport, &target, key, &request).await
}

async fn call_server(does: Does) -> CallResult {
    let server = Server::start(does).await;
    call_with(options(), &server.url(), None).await
}

#[tokio::test]
async fn a_call_that_passes_tells_everything_about_its_answer() {
    let server = Server::start(answer(
        "200 OK",
        "Content-Type: application/json\r\nSet-Cookie: session=abc\r\n",
        PASSED,
    ))
    .await;
    let key = ApiKey::from_workbench("first.second");
    let result = call_with(options(), &server.url(), Some(&key)).await;
    let answer = result.answer().unwrap();
    assert_eq!(result.failure(), None);
    assert_eq!((answer.status, answer.success), (200, Some(true)));
    assert_eq!(answer.replica_id.as_deref(), Some("add-1-1-abc-de"));
    assert_eq!(answer.response.as_ref().unwrap().as_str(), "{\"sum\":8}");
    assert_eq!(answer.size, PASSED.len() as u64);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("set-cookie"), Some("(left out)"));
    let phases = result.phases;
    assert_eq!(phases.lookup, Some(Duration::ZERO), "an address needs no look-up");
    assert_eq!(phases.tls, None);
    let sum: Duration = phases.iter().filter_map(|(_, time)| time).sum();
    assert!(sum <= result.total, "{sum:?} {:?}", result.total);

    let seen = server.seen.lock().unwrap().concat();
    assert!(seen.contains("Authorization: Bearer first.second\r\n"), "{seen}");
    assert!(seen.ends_with("{\"accessKey\":\"m123\",\"request\":{\"a\":3,\"b\":5}}"), "{seen}");
}

#[tokio::test]
async fn answers_of_every_kind_are_distinguished() {
    let cases = [
        (answer("401 Unauthorized", "", "{\"success\":false}"), FailureKind::NotAuthorized),
        (answer("429 Too Many Requests", "", "{}"), FailureKind::Busy),
        (answer("400 Bad Request", "", "{\"success\":false,\"StatusCode\":400}"), FailureKind::ModelFailed),
        (answer("302 Found", "Location: https://sso.example.com/\r\n", ""), FailureKind::NotAModelService),
        (
            answer("200 OK", "Content-Type: text/html\r\n", "<!doctype html><title>Sign in</title>"),
            FailureKind::NotAModelService,
        ),
        (answer("503 Service Unavailable", "", "<html>"), FailureKind::ServerError),
        (Does::Answers("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"succ".to_owned()), FailureKind::Cut),
        (Does::Answers(String::new()), FailureKind::Cut),
        (Does::Answers("220 mail.example.com ESMTP\r\n".to_owned()), FailureKind::NotAModelService),
    ];
    for (does, kind) in cases {
        let result = call_server(does).await;
        assert_eq!(result.failure(), Some(kind), "{:?}", result.outcome);
    }
}

#[tokio::test]
async fn a_large_body_is_bounded_and_says_so() {
    let body = format!("{{\"response\":\"{}\"}}", "x".repeat(9 * 1024 * 1024));
    let result = call_server(answer("200 OK", "", &body)).await;
    let answer = result.answer().unwrap();
    assert!(answer.truncated);
    assert_eq!(answer.body.len(), 8 * 1024 * 1024);
    assert_eq!(answer.size, body.len() as u64);
}

#[tokio::test]
async fn a_timeout_names_the_phase_that_took_too_long() {
    let cases = [
        (Does::Hangs, Phase::Waiting),
        (Does::Stalls("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_owned()), Phase::Body),
    ];
    'cases: for (does, expected) in cases {
        let server = Server::start(does).await;
        // A busy machine may not come so far in the first of these times.
        for timeout in [150, 2_000, 30_000].map(Duration::from_millis) {
            let short = TransportOptions { timeout, ..options() };
            let result = call_with(short, &server.url(), None).await;
            let Err(CallError::Timeout { phase, after }) = result.outcome else { panic!("{result:?}") };
            assert_eq!(after, timeout);
            if phase == expected {
                assert!(result.phases.connect.is_some(), "what was done stays known");
                continue 'cases;
            }
        }
        panic!("never in {expected:?}");
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/model", listener.local_addr().unwrap());
    let pending = tokio::spawn(async move { call_with(options(), &url, None).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut bytes = vec![0; 4096];
    assert!(stream.read(&mut bytes).await.unwrap() > 0, "the request has arrived");
    pending.abort();
    while stream.read(&mut bytes).await.unwrap_or(0) > 0 {}
}

#[tokio::test]
async fn a_refusal_before_the_whole_body_was_sent_is_read() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/model", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 100];
        stream.read_exact(&mut bytes).await.unwrap();
        stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
        std::future::pending::<()>().await;
    });
    let transport = Transport::new(options()).unwrap();
    let target = ModelCallTarget { url, access_key: "m".to_owned() };
    let request = ModelRequest::from(&serde_json::json!("x".repeat(20_000_000)));
    let result = call(&transport, &target, None, &request).await;
    assert_eq!(result.failure(), Some(FailureKind::TooLarge), "{:?}", result.outcome);
}

#[tokio::test]
async fn names_and_ports_that_lead_nowhere_are_named() {
    let result = call_with(options(), "http://127.0.0.1:1/model", None).await;
    assert!(matches!(&result.outcome, Err(CallError::Connect { address, .. }) if address == "127.0.0.1:1"));

    let result = call_with(options(), "http://no-such-host.invalid/model", None).await;
    assert!(matches!(&result.outcome, Err(CallError::Lookup { host, .. }) if host == "no-such-host.invalid"));

    let result = call_with(options(), "htp:/x", None).await;
    assert_eq!(result.failure(), Some(FailureKind::Invalid));
}

#[tokio::test]
async fn tls_is_a_phase_and_an_unknown_authority_can_be_named() {
    let (port, pem) = tls_server(&["localhost"]).await;
    let url = format!("https://localhost:{port}/model");
    let result = call_with(options(), &url, None).await;
    let Err(CallError::Tls { reason, .. }) = &result.outcome else { panic!("{result:?}") };
    assert_eq!(*reason, TlsReason::UnknownIssuer);

    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pem.as_bytes()).unwrap();
    let trusting = TransportOptions { ca_cert: Some(file.path().to_owned()), ..options() };
    let result = call_with(trusting, &url, None).await;
    assert_eq!(result.failure(), None, "{:?}", result.outcome);
    assert!(result.phases.tls.is_some() && result.phases.lookup.is_some());

    let insecure = TransportOptions { insecure: true, ..options() };
    assert_eq!(call_with(insecure, &url, None).await.failure(), None);
}

#[tokio::test]
async fn a_certificate_for_another_name_and_a_port_without_tls_are_named() {
    let (port, pem) = tls_server(&["elsewhere.example.com"]).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pem.as_bytes()).unwrap();
    let trusting = || TransportOptions { ca_cert: Some(file.path().to_owned()), ..options() };
    let result = call_with(trusting(), &format!("https://localhost:{port}/model"), None).await;
    assert!(
        matches!(result.outcome, Err(CallError::Tls { reason: TlsReason::WrongName, .. })),
        "{:?}",
        result.outcome
    );

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/model", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 100]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let result = call_with(trusting(), &url, None).await;
    assert!(
        matches!(result.outcome, Err(CallError::Tls { reason: TlsReason::NotTls, .. })),
        "{:?}",
        result.outcome
    );
}

#[tokio::test]
async fn a_ca_file_without_a_certificate_is_refused_before_anything_is_sent() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = TransportOptions { ca_cert: Some(file.path().to_owned()), ..options() };
    assert_eq!(Transport::new(options).unwrap_err().kind(), FailureKind::Invalid);
}

#[tokio::test]
async fn http_goes_through_a_proxy_in_absolute_form_and_https_through_a_tunnel() {
    let proxy = Server::start(answer("200 OK", "", PASSED)).await;
    let through =
        || TransportOptions { proxy: Some(format!("http://user:word@{}", proxy.address)), ..options() };
    let result = call_with(through(), "http://modelservice.example.com/model", None).await;
    assert_eq!(result.failure(), None, "{:?}", result.outcome);
    let seen = proxy.seen.lock().unwrap().concat();
    assert!(seen.starts_with("POST http://modelservice.example.com/model HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n"), "{seen}");

    let proxy = Server::start(answer("407 Proxy Authentication Required", "", "")).await;
    let through = TransportOptions { proxy: Some(format!("http://{}", proxy.address)), ..options() };
    let result = call_with(through, "https://modelservice.example.com/model", None).await;
    let Err(CallError::Proxy { detail, .. }) = &result.outcome else { panic!("{result:?}") };
    assert!(detail.contains("407"), "{detail}");
    let seen = proxy.seen.lock().unwrap().concat();
    assert!(seen.starts_with("CONNECT modelservice.example.com:443 HTTP/1.1\r\n"), "{seen}");
}
