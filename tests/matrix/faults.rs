//! The faults: those of the control listener of the embedded workbench, and servers that no HTTP
//! library would make.

use std::sync::Arc;
use std::time::Duration;

use rcgen::generate_simple_self_signed;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::bench::Bench;
use crate::support::{install_tls, read_request};

/// A fault, and the words of which a sentence about it has one.
pub struct Fault {
    pub name: &'static str,
    pub kind: Kind,
    pub says: &'static [&'static str],
    /// Commands that hold a list, which they may be sent too much of.
    pub holds: &'static [&'static str],
    /// Commands that do not meet it.
    pub spares: &'static [&'static str],
}

pub enum Kind {
    /// What the control listener is asked to do with the requests of a command.
    Act(fn() -> Value),
    /// Another URL in place of the workbench's.
    Instead(fn() -> String),
    /// A server in place of the workbench.
    Server(Server),
}

#[derive(Clone, Copy)]
pub enum Server {
    Redirect,
    /// Every answer is blanks for ever.
    Endless,
    /// The key is accepted, and then every list is rows for ever.
    EndlessList,
    Drip,
    Untrusted,
    NotTls,
}

const LATE: &[&str] = &["in time", "timed out", "within", "took longer", "no answer"];
const CUT: &[&str] = &["closed", "reset", "cut", "broke", "in the middle", "no answer"];

const HUGE: &[&str] = &["MiB", "KiB", "larger", "in time", "not the JSON expected"];

/// The most that a process may have in memory, in MiB, unless it has to hold a list.
const SMALL: u64 = 64;
/// The same for one that has to: `LIST` in `src/api/room.rs`, and the program.
const LARGE: u64 = 320 + 64;

const fn fault(name: &'static str, kind: Kind, says: &'static [&'static str]) -> Fault {
    Fault { name, kind, says, holds: &[], spares: &[] }
}

/// All of them.
pub const FAULTS: [Fault; 17] = [
    fault("429", Kind::Act(|| json!({"status": 429})), &["429", "too many", "busy"]),
    fault("500", Kind::Act(|| json!({"status": 500, "body": {"message": "boom"}})), &["500"]),
    fault("busy", Kind::Act(|| json!({"busy": true})), &["429", "busy", "too many"]),
    fault("delay", Kind::Act(|| json!({"delay_ms": 60_000})), LATE),
    fault("reset", Kind::Act(|| json!({"reset": true})), CUT),
    fault("reset after", Kind::Act(|| json!({"reset_after": true})), CUT),
    fault("html", Kind::Act(|| json!({"html": 502})), &["502", "page"]),
    fault("truncate", Kind::Act(|| json!({"truncate": 1})), CUT),
    fault("stall", Kind::Act(|| json!({"stall": true})), LATE),
    fault("dns", Kind::Instead(|| "http://workbench.invalid".to_owned()), &["host name is not known"]),
    fault("refused", Kind::Instead(|| "http://127.0.0.1:1".to_owned()), &["refused"]),
    fault("not tls", Kind::Server(Server::NotTls), &["TLS"]),
    fault("untrusted", Kind::Server(Server::Untrusted), &["trusted", "certificate"]),
    fault("redirect", Kind::Server(Server::Redirect), &["302", "redirect", "elsewhere"]),
    fault("endless", Kind::Server(Server::Endless), HUGE),
    Fault {
        holds: &["keys delete", "keys rotate", "admin audit"],
        spares: &["whoami", "login", "keys validate"],
        ..fault("endless list", Kind::Server(Server::EndlessList), HUGE)
    },
    fault("drip", Kind::Server(Server::Drip), LATE),
];

impl Fault {
    /// What each request may take: so little that the lack of an answer is met soon, and enough on a busy
    /// machine where the fault is something else.
    pub fn timeout(&self, command: &str) -> &'static str {
        let is_late = self.says.contains(&"in time") && !self.spares.contains(&command);
        if is_late { "500ms" } else { "60s" }
    }

    /// What the process of a command may have in memory, in MiB.
    pub fn memory(&self, command: &str) -> u64 {
        if self.holds.contains(&command) { LARGE } else { SMALL }
    }

    /// The URL to ask, with the fault behind it for requests that fit `on`.
    pub fn url(&self, bench: &Bench, on: &Value) -> String {
        match self.kind {
            Kind::Act(act) => {
                bench.fault(on, &act());
                bench.url.clone()
            }
            Kind::Instead(url) => url(),
            Kind::Server(server) => bench.runtime.block_on(server.start()),
        }
    }
}

impl Server {
    async fn start(self) -> String {
        install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = matches!(self, Self::Untrusted).then(acceptor);
        let scheme = if matches!(self, Self::Untrusted | Self::NotTls) { "https" } else { "http" };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    match acceptor {
                        Some(acceptor) => drop(acceptor.accept(stream).await),
                        None => drop(self.answer(stream).await),
                    }
                });
            }
        });
        format!("{scheme}://127.0.0.1:{port}")
    }

    async fn answer(self, mut stream: TcpStream) -> std::io::Result<()> {
        // In TLS nothing that is sent first can be read as a request.
        let request =
            if matches!(self, Self::NotTls) { String::new() } else { read_request(&mut stream).await };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        match self {
            Self::Untrusted | Self::NotTls => stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
            Self::Redirect => {
                let answer =
                    "HTTP/1.1 302 Found\r\nlocation: https://elsewhere.invalid/\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answer.as_bytes()).await
            }
            Self::EndlessList if request.contains("validate_key") => {
                let body = r#"{"valid":true,"username":"admin"}"#;
                stream.write_all(crate::support::json("200 OK", body).as_bytes()).await
            }
            Self::Endless | Self::EndlessList => {
                stream.write_all(head.as_bytes()).await?;
                let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
                let row = match self {
                    Self::Endless => " ".to_owned(),
                    _ => {
                        let first = format!("{{\"{}\":[{ROW}", list_of(&request));
                        stream.write_all(chunk(&first).as_bytes()).await?;
                        format!(",{ROW}")
                    }
                };
                let chunk = chunk(&row.repeat((1 << 16) / row.len()));
                loop {
                    stream.write_all(chunk.as_bytes()).await?;
                }
            }
            Self::Drip => {
                stream.write_all(head.as_bytes()).await?;
                let mut every = tokio::time::interval(Duration::from_millis(50));
                loop {
                    every.tick().await;
                    stream.write_all(b"1\r\n \r\n").await?;
                }
            }
        }
    }
}

/// A row that any list takes.
const ROW: &str = r#"{"key_id":"5b1c00aa9f0a5b1c00aa9f0a5b1c00aa9f0a5b1c00aa9f0a5b1c00aa9f0a5b1c","id":"one","name":"of many","comments":"nightly scoring","created_at":"2026-11-27T09:00:00Z","expiry_date":"2099-11-27T23:59:59Z","audiences":["API"]}"#;

/// The member that the list of an answer stands in.
fn list_of(request: &str) -> &'static str {
    let line = request.lines().next().unwrap_or_default();
    let lists = [
        ("/v2_keys", "keys"),
        ("/collaborators", "collaborators"),
        ("/deployments", "model_deployments"),
        ("/builds", "model_builds"),
        ("/models", "models"),
        ("/projects", "projects"),
    ];
    lists.into_iter().find(|(path, _)| line.contains(path)).map_or("user_quota", |(_, list)| list)
}

/// TLS with a certificate that nobody vouches for.
fn acceptor() -> TlsAcceptor {
    let own = generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    TlsAcceptor::from(Arc::new(config.with_single_cert(vec![own.cert.der().clone()], key).unwrap()))
}
