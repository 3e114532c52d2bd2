//! The client against servers that misbehave: each failure has its own kind and a helpful sentence.

use std::time::Duration;

use crate::support::{Scripted, answer, api_key, install_tls, json, made_up_key};
use keybench::api::{Client, ClientOptions, Error, NewKey, PageQuery, Reason, TlsReason};
use keybench::secret::LegacyKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn client(url: &str) -> Client {
    install_tls();
    Client::new(ClientOptions {
        key: Some(api_key('a')),
        timeout: Duration::from_secs(60),
        ..ClientOptions::new(url)
    })
    .unwrap()
}

#[tokio::test]
async fn requests_carry_the_key_and_escape_what_they_are_given() {
    let server = Scripted::start(&[json("200 OK", r#"{"keys":[{"key_id":"k1","audiences":null}]}"#)]).await;
    let keys = client(&server.url).list_keys("a b/c%2f").await.unwrap();
    assert_eq!(keys[0].key_id, "k1");
    let request = server.request(0);
    assert!(request.starts_with("GET /api/v2/users/a%20b%2Fc%252f/v2_keys HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("authorization: Bearer {}", made_up_key('a'))), "{request}");
    assert!(request.contains("accept: application/json"), "{request}");
}

#[tokio::test]
async fn identifiers_that_would_lead_elsewhere_are_not_sent() {
    let server = Scripted::start(&[json("200 OK", "{}")]).await;
    for name in ["", ".", ".."] {
        let error = client(&server.url).delete_key("owner", name).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn an_older_workbench_is_not_asked_for_what_it_may_not_know() {
    let created =
        r#"{"api_key":"x","key_id":"k1","created_at":"","expiry_date":"","comments":"c","audiences":[]}"#;
    let server = Scripted::start(&[json("200 OK", created)]).await;
    let new = NewKey { comment: "c".into(), ..NewKey::default() };
    client(&server.url).create_key("owner", &new).await.unwrap();
    assert!(server.request(0).ends_with(r#"{"username":"owner","comments":"c"}"#), "{}", server.request(0));
}

#[tokio::test]
async fn refusals_are_read_with_and_without_the_error_member() {
    for body in [r#"{"code":5,"message":"no such model"}"#, r#"{"error":"no such model","code":5}"#] {
        let headers = ["content-type: application/json", "x-cdp-request-id: r-7"];
        let server = Scripted::start(&[answer("404 Not Found", &headers, body)]).await;
        let error = client(&server.url).model("p", "m").await.unwrap_err();
        assert_eq!(error.to_string(), "reading a model: no such model (HTTP 404)");
        assert_eq!((error.kind(), error.request_id()), ("not_found", Some("r-7")));
    }
    let server = Scripted::start(&[answer("418 I'm a teapot", &[], "short and stout")]).await;
    let error = client(&server.url).model("p", "m").await.unwrap_err();
    assert_eq!(error.to_string(), "reading a model: I'm a teapot (HTTP 418)");
}

#[tokio::test]
async fn answers_are_counted_and_nothing_else_is() {
    let page = answer("200 OK", &["content-type: text/html"], "<html>");
    let refused = json("403 Forbidden", r#"{"message":"no"}"#);
    let server = Scripted::start(&[json("200 OK", r#"{"keys":[]}"#), refused, page]).await;
    let client = client(&server.url);
    assert_eq!(client.answers().count, 0);
    let mut counts = Vec::new();
    for _ in 0..3 {
        let _ = client.list_keys("owner").await;
        counts.push(client.clone().answers().count);
    }
    assert_eq!(counts, [1, 2, 2], "a refusal is an answer, a web page is none");
    assert!(client.answers().last > Duration::ZERO);
    let _ = client.delete_key("owner", "").await;
    assert_eq!(client.answers().count, 2, "nothing was sent");
}

#[tokio::test]
async fn a_backend_that_repeats_the_key_does_not_get_it_shown() {
    let body = format!(r#"{{"message":"bad token {}"}}"#, made_up_key('a'));
    let server = Scripted::start(&[json("401 Unauthorized", &body)]).await;
    let error = client(&server.url).list_keys("owner").await.unwrap_err();
    assert_eq!(error.to_string(), "listing API keys: bad token •••• (HTTP 401)");
    assert!(!format!("{error:?}").contains(&made_up_key('a')));
}

#[tokio::test]
async fn pages_and_redirects_are_no_answers_and_are_not_followed() {
    let elsewhere = Scripted::start(&[json("200 OK", "{}")]).await;
    let location = format!("location: {}/sso?x=1", elsewhere.url);
    let server = Scripted::start(&[answer("302 Found", &[&location], "")]).await;
    let error = client(&server.url).list_keys("owner").await.unwrap_err();
    assert!(error.to_string().contains("a redirect to 127.0.0.1 came instead"), "{error}");
    assert_eq!(elsewhere.count(), 0);

    let page = answer("200 OK", &["content-type: text/html; charset=utf-8"], "<html>Sign in</html>");
    let server = Scripted::start(&[page]).await;
    let error = client(&server.url).list_keys("owner").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), ("not_an_api", Some(200)));
    assert!(error.hint().unwrap().contains("URL"));
}

#[tokio::test]
async fn answers_that_cannot_be_used_are_named() {
    for (body, part) in [
        (json("200 OK", "{\"keys\": [tru"), "ends too early"),
        (json("200 OK", "{\"keys\": [truth]}"), "broken syntax"),
        (json("200 OK", "[]"), "not a JSON object"),
        (json("200 OK", ""), "empty"),
        (json("200 OK", r#"{"keys": "many"}"#), "a member of another kind"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"keys\":[".to_owned(), "cut short"),
    ] {
        let server = Scripted::start(&[body]).await;
        let error = client(&server.url).list_keys("owner").await.unwrap_err();
        assert!(
            matches!(&error, Error::BadAnswer { detail, .. } if detail.contains(part)),
            "{part}: {error}"
        );
    }
}

#[tokio::test]
async fn an_endless_body_is_given_up() {
    let long = "HTTP/1.1 200 OK\r\ncontent-length: 170000000\r\n\r\n{".to_owned();
    let server = Scripted::start(&[long]).await;
    let error = client(&server.url).project("p").await.unwrap_err();
    assert!(matches!(&error, Error::BadAnswer { detail, .. } if detail.contains("8 MiB")), "{error}");
}

#[tokio::test]
async fn nobody_there_is_distinguished() {
    let reason = async |url: &str| match client(url).list_keys("owner").await.unwrap_err() {
        Error::NoAnswer { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason("http://127.0.0.1:1").await, Reason::Connect);
    assert_eq!(reason("http://no-such-host.invalid").await, Reason::Dns);
    let mute = Scripted::start(&[String::new()]).await;
    assert_eq!(reason(&mute.url).await, Reason::Cut);
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", plain.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream.write_all(b"220 this is no TLS, and long enough for a record").await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
    });
    assert_eq!(reason(&url).await, Reason::Tls(TlsReason::NotTls));
}

#[tokio::test]
async fn plain_http_to_a_server_that_expects_tls_is_named() {
    let alert = Scripted::start(&["\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{16}".to_owned()]).await;
    let error = client(&alert.url).list_keys("owner").await.unwrap_err().to_string();
    assert!(error.contains("is its URL an https:// one?"), "{error}");
}

#[tokio::test]
async fn a_silent_server_times_out() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    install_tls();
    let client =
        Client::new(ClientOptions { timeout: Duration::from_millis(200), ..ClientOptions::new(url) })
            .unwrap();
    let error = client.list_keys("owner").await.unwrap_err();
    assert!(matches!(error, Error::NoAnswer { reason: Reason::Timeout, .. }), "{error:?}");
    let came = std::iter::from_fn(|| listener.accept().ok()).count();
    assert!(came <= 1, "a timeout is not retried: {came} connections");
}

#[tokio::test]
async fn only_calls_that_change_nothing_are_repeated() {
    let busy = answer("503 Service Unavailable", &["retry-after: 0"], "");
    let server = Scripted::start(&[busy.clone(), busy.clone(), json("200 OK", "{}")]).await;
    client(&server.url).models_page(&PageQuery::default()).await.unwrap();
    assert_eq!(server.count(), 3);

    let server = Scripted::start(&[busy]).await;
    let error = client(&server.url).create_key("owner", &NewKey::default()).await.unwrap_err();
    assert_eq!((error.kind(), server.count()), ("unavailable", 1));
    assert!(client(&server.url).delete_key("owner", "k").await.is_err());
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn the_legacy_key_serves_where_the_api_key_is_refused() {
    let settings = json("200 OK", r#"{"api_key_expiration":30}"#);
    let server = Scripted::start(&[json("401 Unauthorized", "{}"), settings]).await;
    install_tls();
    let legacy_key = Some(LegacyKey::new("abc"));
    let options = ClientOptions { key: Some(api_key('a')), legacy_key, ..ClientOptions::new(&server.url) };
    let settings = Client::new(options).unwrap().site_config().await.unwrap();
    assert_eq!(settings["api_key_expiration"], 30);
    assert!(server.request(1).contains("authorization: Basic YWJjOg=="), "{}", server.request(1));
}

#[tokio::test]
async fn what_needs_no_key_is_asked_without_it() {
    let swagger = r#"{"paths":{"/api/v2/models":{"get":{"operationId":"ListAllModels"}}}}"#;
    let server = Scripted::start(&[json("200 OK", swagger)]).await;
    let offered = client(&server.url).swagger_operations().await.unwrap();
    assert_eq!((offered[0].method.as_str(), offered[0].id.as_str()), ("GET", "ListAllModels"));
    assert!(!server.request(0).contains("authorization"), "{}", server.request(0));
}

#[tokio::test]
async fn a_client_notes_what_it_sends_for_itself_alone() {
    let named = ["content-type: application/json", "x-cdp-request-id: r-7"];
    let busy = answer("503 Service Unavailable", &["content-type: application/json"], "{}");
    let server = Scripted::start(&[busy, answer("200 OK", &named, r#"{"keys":[]}"#)]).await;
    let client = client(&server.url);
    let (noting, other) = (client.noting(), client.noting());
    noting.list_keys("owner").await.unwrap();
    let sent = noting.sent().unwrap();
    assert_eq!((sent.count, sent.method.as_str(), sent.request_id.as_deref()), (2, "GET", Some("r-7")));
    assert_eq!(other.sent(), None);
    // A refusal has a name, too.
    let server = Scripted::start(&[answer("404 Not Found", &named, "{}")]).await;
    let client = self::client(&server.url).noting();
    client.delete_key("owner", "k1").await.unwrap_err();
    let sent = client.sent().unwrap();
    assert_eq!((sent.count, sent.method.as_str(), sent.request_id.as_deref()), (1, "DELETE", Some("r-7")));
}
