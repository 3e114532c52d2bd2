//! A server that answers with prepared bytes, for calls that go wrong on the wire.

#![allow(dead_code)] // each file of tests uses its part

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The answer of a working model.
pub const PASSED: &str = "{\"success\":true,\"response\":{\"sum\":8},\"ReplicaID\":\"add-1-1-abc-de\"}";

/// What one connection does after reading a request.
#[derive(Clone)]
pub enum Does {
    /// Sends these bytes and closes.
    Answers(String),
    /// The same, for bytes that are not text.
    Bytes(Vec<u8>),
    /// Never answers.
    Hangs,
    /// Sends this much of an answer and then nothing more.
    Stalls(String),
}

pub struct Server {
    pub address: SocketAddr,
    /// Every request as received.
    pub seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (does, log) = (does.clone(), log.clone());
                tokio::spawn(async move {
                    let request = read_request(&mut stream).await;
                    log.lock().unwrap().push(request);
                    match does {
                        Does::Answers(text) => stream.write_all(text.as_bytes()).await.unwrap(),
                        // A client that reads only the start closes before the end.
                        Does::Bytes(bytes) => drop(stream.write_all(&bytes).await),
                        Does::Stalls(text) => {
                            stream.write_all(text.as_bytes()).await.unwrap();
                            std::future::pending().await
                        }
                        Does::Hangs => std::future::pending().await,
                    }
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { address, seen }
    }

    pub fn url(&self) -> String {
        format!("http://{}/model", self.address)
    }
}

/// Reads a head, and a body of its Content-Length.
async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map_or(0, |v| v.trim().parse::<usize>().unwrap());
            if bytes.len() >= end + 4 + length {
                return String::from_utf8_lossy(&bytes).into_owned();
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
}

/// A whole answer with its length.
pub fn answer(status: &str, headers: &str, body: &str) -> Does {
    Does::Answers(format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()))
}

/// A server that answers [`PASSED`] over TLS, on keep-alive connections, with a certificate for
/// `names` from its own authority; returns its port and the authority as PEM.
pub async fn tls_server(names: &[&str]) -> (u16, String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let pem = params.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let certificate = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{PASSED}", PASSED.len());
                while !read_request(&mut stream).await.is_empty() {
                    stream.write_all(text.as_bytes()).await.unwrap();
                    stream.flush().await.unwrap();
                }
            });
        }
    });
    (port, pem)
}
