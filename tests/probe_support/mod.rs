//! A server that answers with the bytes it is told, for calls that go wrong on the wire.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What one connection does after it has read a request.
#[derive(Clone)]
#[allow(dead_code)]
pub enum Does {
    /// Sends these bytes and closes.
    Answers(String),
    /// Never answers.
    Hangs,
    /// Sends this much of a request's answer and then nothing more.
    Stalls(String),
}

pub struct Server {
    pub address: SocketAddr,
    /// Every request as it came.
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

    #[allow(dead_code)]
    pub fn url(&self) -> String {
        format!("http://{}/model", self.address)
    }
}

/// Reads a head and the body that its Content-Length tells.
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
        if stream.read_buf(&mut bytes).await.unwrap() == 0 {
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
}

/// A whole answer with its length.
#[allow(dead_code)]
pub fn answer(status: &str, headers: &str, body: &str) -> Does {
    Does::Answers(format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()))
}
