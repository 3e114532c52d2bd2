//! What stands between the program and a workbench: certificates, proxies, servers that misbehave.

mod certificates;
mod proxies;

use std::sync::{Arc, Mutex};

use crate::support::bench::{Bench, Home};
use crate::support::relay::{Relay, Trip};
use crate::support::{Scripted, answer, install_tls, json, made_up_key};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// TLS with one certificate before a workbench.
async fn serve_tls(upstream: &str, certificate: CertificateDer<'static>, key: &KeyPair) -> String {
    install_tls();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let upstream = upstream.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, upstream) = (acceptor.clone(), upstream.clone());
            tokio::spawn(async move {
                let Ok(mut secured) = acceptor.accept(stream).await else { return };
                let mut plain = TcpStream::connect(upstream).await.unwrap();
                let _ = copy_bidirectional(&mut secured, &mut plain).await;
            });
        }
    });
    url
}

/// TLS before a workbench: its URL, and its authority's certificate as PEM.
async fn behind_tls(upstream: &str, expired: bool) -> (String, String) {
    install_tls();
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "Private CA");
    let root = authority.self_signed(&authority_key).unwrap();
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    if expired {
        leaf.not_before = rcgen::date_time_ymd(2020, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2021, 1, 1);
    }
    let leaf_key = KeyPair::generate().unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let certificate = leaf.signed_by(&leaf_key, &issuer).unwrap();
    let url = serve_tls(upstream, certificate.der().clone(), &leaf_key).await;
    (url, root.pem())
}

/// One command against a server that answers with `script`.
fn against(script: &[String], arguments: &[&str]) -> crate::support::bench::Done {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Scripted::start(script));
    let mut home = Home::new();
    home.set("KEYBENCH_URL", &server.url);
    home.set("KEYBENCH_API_KEY", &made_up_key('a'));
    home.run(arguments)
}

#[test]
fn servers_that_misbehave_are_distinguished() {
    let page = answer("200 OK", &["content-type: text/html"], "<html>Sign in</html>");
    let elsewhere = answer("302 Found", &["location: https://sso.example.com/login"], "");
    let list = ["keys", "list", "--user", "owner", "--json"];
    for (script, code, kind) in [
        (page, 5, "not_an_api"),
        (elsewhere, 5, "not_an_api"),
        (answer("401 Unauthorized", &["content-type: text/html"], "<html>no</html>"), 4, "not_an_api"),
        (answer("502 Bad Gateway", &["content-type: text/html"], "<html>no</html>"), 5, "not_an_api"),
        (json("500 Internal Server Error", r#"{"message":"boom"}"#), 5, "refused"),
        (json("503 Service Unavailable", "{}"), 5, "unavailable"),
        (json("429 Too Many Requests", "{}"), 5, "too_many_requests"),
        (json("200 OK", "garbage"), 5, "bad_answer"),
        (json("200 OK", r#"{"error":"the database is away","code":13}"#), 5, "bad_answer"),
        (json("200 OK", r#"{"keys":[{}]}"#), 5, "bad_answer"),
        (json("200 OK", "[1,2"), 5, "bad_answer"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"keys\":".to_owned(), 5, "bad_answer"),
        (String::new(), 6, "no_answer"),
        ("garbage, not HTTP\r\n\r\n".to_owned(), 6, "no_answer"),
    ] {
        let done = against(std::slice::from_ref(&script), &list);
        assert_eq!(
            (done.code, done.error()["kind"].as_str(), done.out.as_str()),
            (code, Some(kind), ""),
            "{script}: {}",
            done.err
        );
        assert!(!done.err.contains(&made_up_key('a')));
    }
}

#[test]
fn a_hint_fits_what_was_asked_and_what_came() {
    let page = |status: &str| answer(status, &["content-type: text/html"], "<html>Sign in</html>");
    let list = ["keys", "list", "--user", "owner", "--json"];
    let hint = |script: String, command: &[&str]| {
        against(&[script], command).error()["hint"].as_str().unwrap_or_default().to_owned()
    };
    assert!(hint(page("200 OK"), &list).contains("sign in again"));
    let gateway = against(&[page("502 Bad Gateway")], &list);
    assert!(!gateway.err.contains("sign-in"), "{}", gateway.err);
    assert!(gateway.error()["hint"].as_str().unwrap().contains("try again"), "{}", gateway.err);
    // A connection that is cut: a question can be asked again, a change may have been made.
    assert!(hint(String::new(), &list).starts_with("try again"));
    let delete = ["keys", "delete", &"1".repeat(64), "--user", "owner", "--yes", "--json"];
    assert!(hint(String::new(), &delete).contains("may have been done"));
    let refusal = || json("403 Forbidden", r#"{"message":"no"}"#);
    assert!(hint(refusal(), &["admin", "expiration", "--json"]).contains("site administrator"));
    assert!(!hint(refusal(), &["admin", "expiration", "--json"]).contains("project"));
    assert!(hint(refusal(), &["projects", "list", "--json"]).contains("owner of the project"));
}

#[test]
fn a_key_of_another_kind_is_named_without_advice_that_cannot_help() {
    let mut home = Home::new();
    home.set("KEYBENCH_URL", "http://127.0.0.1:9");
    let token = format!("eyJ{}.eyJ{}.c2ln", "a".repeat(20), "b".repeat(20));
    for (key, word) in [(&"k".repeat(32), "legacy API key"), (&token, "session token")] {
        home.set("KEYBENCH_API_KEY", key);
        let done = home.run(&["whoami", "--json"]);
        assert_eq!(done.code, 7);
        assert!(done.error()["message"].as_str().unwrap().contains(word), "{}", done.err);
        assert!(!done.err.contains("as a whole") && !done.err.contains(key), "{}", done.err);
    }
}

#[test]
fn a_beginning_that_fits_several_keys_deletes_none() {
    let keys = r#"{"keys":[{"key_id":"5b1c00aa9f0a"},{"key_id":"5b1c00bb9f0a"}]}"#;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Scripted::start(&[json("200 OK", keys)]));
    let mut home = Home::new();
    home.set("KEYBENCH_URL", &server.url);
    home.set("KEYBENCH_API_KEY", &made_up_key('a'));
    for several in ["5b1c", "5b1c…9f0a"] {
        let delete = ["keys", "delete", several, "5b1c00aa9f0a", "--user", "owner", "--yes", "--json"];
        let done = home.run(&delete);
        assert_eq!((done.code, done.out.as_str()), (7, ""), "{done:?}");
        let message = done.error()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("5b1c00aa9f0a, 5b1c00bb9f0a"), "{message}");
    }
    assert!(
        (0..server.count()).all(|at| server.request(at).starts_with("GET ")),
        "only the list was asked for"
    );
}

#[test]
fn a_time_that_the_workbench_does_not_tell_is_null() {
    let keys = r#"{"keys":[{"key_id":"k1","comments":"svc","created_at":"","expiry_date":"nonsense"}]}"#;
    let done = against(&[json("200 OK", keys)], &["keys", "list", "--user", "owner", "--json"]).ok();
    assert!(done.json()[0]["created_at"].is_null() && done.json()[0]["expiry_date"].is_null());
}

#[test]
fn what_a_workbench_says_cannot_steer_the_terminal() {
    let nasty = "a\\u001b]52;c;Zm9v\\u0007\\u202eb";
    let keys =
        format!(r#"{{"keys":[{{"key_id":"k{nasty}","comments":"{nasty}","expiry_date":"{nasty}"}}]}}"#);
    let done = against(&[json("200 OK", &keys)], &["keys", "list", "--user", "owner"]).ok();
    assert!(!done.out.chars().any(|c| c == '\u{1b}' || c == '\u{7}' || c == '\u{202e}'), "{:?}", done.out);
    let refusal = json("400 Bad Request", &format!(r#"{{"message":"{nasty}"}}"#));
    let done = against(&[refusal], &["keys", "list", "--user", "owner"]);
    assert!(!done.err.contains('\u{1b}'), "{:?}", done.err);
}

#[test]
fn a_slow_server_is_given_up() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let mut home = Home::new();
    home.set("KEYBENCH_URL", &format!("http://{}", listener.local_addr().unwrap()));
    home.set("KEYBENCH_API_KEY", &made_up_key('a'));
    let done = home.run(&["keys", "list", "--user", "owner", "--timeout", "300ms", "--json"]);
    assert_eq!((done.code, done.error()["kind"].as_str()), (6, Some("no_answer")));
    assert!(done.error()["hint"].as_str().unwrap().contains("--timeout"), "{}", done.err);
}

/// The workbench has done it, and its answer is on the way.
#[test]
fn an_interrupted_command_says_what_may_have_been_done() {
    let bench = Bench::demo();
    let relay = bench.runtime.block_on(Relay::start(&bench.url));
    let mut home = bench.home("owner");
    home.set("KEYBENCH_URL", &relay.url);
    let interrupted = |arguments: &[&str], method: &'static str, path: &'static str| {
        relay.set((method, path, Trip::HoldAfter));
        let child = home.command(arguments).spawn().unwrap();
        bench.runtime.block_on(relay.tripped());
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(!said.contains("nothing was changed"), "{said}");
        said
    };
    let create = ["keys", "create", "--name", "twice", "--json"];
    let said = interrupted(&create, "POST", "/v2_keys");
    assert!(said.contains("interrupted; not known to be done: creating an API key"), "{said}");
    assert!(said.contains("look before you try again"), "{said}");
    let add = ["collaborators", "add", "churn-prod", "outsider"];
    assert!(interrupted(&add, "PUT", "/collaborators/").contains("adding a collaborator"));
    let said = interrupted(&["models", "deploy", "churn-prod/add"], "POST", "/deployments");
    assert!(said.contains("not known to be done: deploying a build"), "{said}");
    // Reading changes nothing.
    relay.set(("GET", "/v2_keys", Trip::HoldAfter));
    let child = home.command(&["keys", "list"]).spawn().unwrap();
    bench.runtime.block_on(relay.tripped());
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    assert!(said.contains("interrupted; nothing was changed"), "{said}");
}

#[test]
fn an_interrupted_command_says_what_was_done() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let mut home = Home::new();
    home.set("KEYBENCH_URL", &format!("http://{}", listener.local_addr().unwrap()));
    home.set("KEYBENCH_API_KEY", &made_up_key('a'));
    let (one, two) = ("1".repeat(64), "2".repeat(64));
    let child = home.command(&["keys", "delete", &one, &two, "--user", "owner", "--yes"]).spawn().unwrap();
    // The first deletion succeeds, the second is never answered.
    runtime.block_on(async {
        let (mut stream, _) = listener.accept().await.unwrap();
        crate::support::read_request(&mut stream).await;
        stream.write_all(json("200 OK", "{}").as_bytes()).await.unwrap();
        drop(stream);
        let (mut stream, _) = listener.accept().await.unwrap();
        crate::support::read_request(&mut stream).await;
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        let _ = stream.read(&mut [0]).await;
    });
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("key {one} was deleted")) && !said.contains(&two), "{said}");
}
