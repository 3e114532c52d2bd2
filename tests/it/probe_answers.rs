//! One body, one verdict for all readers. A corpus of odd bodies goes over the wire to a single
//! call and to a run, and their results are compared.

use std::time::Duration;

use crate::probe_support::{Does, Server};
use keybench::probe::{
    Answer, FailureKind, ModelCallTarget, ModelRequest, Transport, TransportOptions, call, run,
};

/// Bodies with their verdict at status 200.
fn corpus() -> Vec<(&'static str, Vec<u8>, Option<FailureKind>)> {
    use FailureKind::{BadAnswer, ModelFailed, NotAModelService, NotAuthorized, Refused};
    let nested = |levels: usize| {
        format!("{{\"success\":true,\"response\":{}{}}}", "[".repeat(levels), "]".repeat(levels)).into_bytes()
    };
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("plain", text(r#"{"success":true,"response":8}"#), None),
        ("a number beyond any type", text(r#"{"success":true,"response":1e999}"#), None),
        ("more digits than any type", text(r#"{"success":true,"response":12345678901234567890123}"#), None),
        ("a fraction beyond any type", text(r#"{"success":true,"response":9007199254740993.5}"#), None),
        ("a failure with such a number", text(r#"{"success":false,"x":1e999}"#), Some(ModelFailed)),
        ("128 levels", nested(127), None),
        ("129 levels", nested(128), Some(BadAnswer)),
        ("200 levels", nested(200), Some(BadAnswer)),
        (
            "200 levels and a failure",
            text(&format!("{{\"success\":false,\"x\":{}{}}}", "[".repeat(200), "]".repeat(200))),
            Some(BadAnswer),
        ),
        ("a pair of surrogates", text(r#"{"success":true,"response":"\ud83d\ude00"}"#), None),
        ("half a pair", text(r#"{"success":false,"errors":"\ud83d"}"#), Some(BadAnswer)),
        ("half a pair in a name", text(r#"{"success":true,"\ud83d":1}"#), Some(BadAnswer)),
        ("Latin-1", b"{\"success\":false,\"errors\":\"\xe9\"}".to_vec(), Some(BadAnswer)),
        ("Latin-1 beside success", b"{\"success\":true,\"response\":\"\xe9\"}".to_vec(), Some(BadAnswer)),
        ("a byte order mark", b"\xef\xbb\xbf{\"success\":true}".to_vec(), Some(BadAnswer)),
        ("NaN", text(r#"{"success":true,"response":NaN}"#), Some(BadAnswer)),
        ("success twice", text(r#"{"success":false,"success":true}"#), Some(BadAnswer)),
        ("success twice, once escaped", text(r#"{"success":false,"succe\u0073s":true}"#), Some(BadAnswer)),
        (
            "success within the response",
            text(r#"{"success":true,"response":{"success":false,"success":1}}"#),
            None,
        ),
        ("success in quotes", text(r#"{"success":"false","response":1}"#), Some(ModelFailed)),
        ("success of another type", text(r#"{"success":[false],"response":1}"#), None),
        ("errors and no success", text(r#"{"errors":{"a":"b"}}"#), Some(Refused)),
        (
            "the documented refusal",
            text(r#"{"errors":{"User APikey not authorized to access model":"Check"}}"#),
            Some(NotAuthorized),
        ),
        (
            "its old form",
            text(r#"{"success":false,"errors":{"User APikey not authorized":"Check"}}"#),
            Some(NotAuthorized),
        ),
        ("two documents", text(r#"{"success":true}{"success":true}"#), Some(BadAnswer)),
        ("cut off", text(r#"{"success":true"#), Some(BadAnswer)),
        ("a list", text("[true]"), Some(BadAnswer)),
        ("nothing", Vec::new(), Some(BadAnswer)),
        ("a page", text("<html>"), Some(NotAModelService)),
        ("blanks around", text(" \r\n{\"success\":true} \n"), None),
    ]
}

fn bytes(head: &str, body: &[u8]) -> Does {
    let mut answer = format!("HTTP/1.1 200 OK\r\n{head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    Does::Bytes(answer)
}

/// The verdicts of a single call and a run.
async fn verdicts(does: Does) -> (Option<FailureKind>, Option<String>) {
    let server = Server::start(does).await;
    let options = TransportOptions { timeout: Duration::from_secs(60), ..TransportOptions::default() };
    let transport = Transport::new(options).unwrap();
    let target = ModelCallTarget { url: server.url(), access_key: "m".to_owned() };
    let request = ModelRequest::parse("{}").unwrap();
    let single = call(&transport, &target, None, &request).await;
    let plan = run::Plan { count: Some(1), ..run::Plan::default() };
    let summary = run::start(plan, &transport, &target, None, &request).unwrap().finished().await;
    assert_eq!(summary.total, 1);
    (single.failure(), summary.failures.keys().next().cloned())
}

#[tokio::test]
async fn every_reader_comes_to_the_same_verdict() {
    for (what, body, expected) in corpus() {
        let (single, in_run) = verdicts(bytes("", &body)).await;
        assert_eq!(single, expected, "{what}");
        assert_eq!(in_run.as_deref(), expected.map(FailureKind::name), "in a run: {what}");
        let answer = Answer::new(200, Vec::new(), body.clone().into(), body.len() as u64, false);
        assert_eq!(answer.failure(), expected, "read again: {what}");
        // The verdict is about what is shown.
        assert_eq!(answer.json().map(str::as_bytes), answer.json().map(|_| body.as_slice()), "{what}");
    }
    let html = bytes("Content-Type: text/html\r\n", b"Sign in, please");
    let named = Some(FailureKind::NotAModelService);
    assert_eq!(verdicts(html).await, (named, named.map(|kind| kind.name().to_owned())));
    let long = format!("{{\"success\":true,\"response\":\"{}\"}}", "x".repeat(9 << 20));
    let named = Some(FailureKind::BadAnswer);
    assert_eq!(verdicts(bytes("", long.as_bytes())).await, (named, named.map(|kind| kind.name().to_owned())));
}
