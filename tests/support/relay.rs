//! A relay in front of a workbench that stops at a chosen request, so that a program can be killed
//! exactly there.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::read_request;

/// What happens to the chosen request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trip {
    /// It never reaches the workbench, and no answer comes.
    HoldBefore,
    /// The workbench does it, and no answer comes.
    HoldAfter,
    /// The workbench does it, and the connection is cut.
    CutAfter,
}

/// Method, a part of the path, and the action.
pub type Wire = (&'static str, &'static str, Trip);

pub struct Relay {
    pub url: String,
    wire: Arc<Mutex<Option<Wire>>>,
    tripped: Arc<Notify>,
}

impl Relay {
    /// Relays to `upstream`, which is `http://HOST:PORT`.
    pub async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let wire: Arc<Mutex<Option<Wire>>> = Arc::default();
        let tripped = Arc::new(Notify::new());
        let (for_wire, for_tripped) = (Arc::clone(&wire), Arc::clone(&tripped));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (upstream, wire, tripped) =
                    (upstream.clone(), Arc::clone(&for_wire), Arc::clone(&for_tripped));
                tokio::spawn(relay(stream, upstream, wire, tripped));
            }
        });
        Self { url, wire, tripped }
    }

    /// Chooses the next matching request, once.
    pub fn set(&self, wire: Wire) {
        *self.wire.lock().unwrap() = Some(wire);
    }

    /// Waits for that request.
    pub async fn tripped(&self) {
        self.tripped.notified().await;
    }
}

async fn relay(
    mut stream: TcpStream,
    upstream: String,
    wire: Arc<Mutex<Option<Wire>>>,
    tripped: Arc<Notify>,
) {
    let request = read_request(&mut stream).await;
    let first = request.lines().next().unwrap_or_default().to_owned();
    let trip = {
        let mut wire = wire.lock().unwrap();
        let fits = wire.is_some_and(|(method, part, _)| first.starts_with(method) && first.contains(part));
        if fits { wire.take().map(|(_, _, trip)| trip) } else { None }
    };
    let answer = match trip {
        Some(Trip::HoldBefore) => Vec::new(),
        _ => forward(&request, &upstream).await,
    };
    match trip {
        None => stream.write_all(&answer).await.unwrap_or_default(),
        Some(Trip::CutAfter) => tripped.notify_one(),
        Some(Trip::HoldBefore | Trip::HoldAfter) => {
            tripped.notify_one();
            // Until the other end has closed.
            let _ = stream.read(&mut [0]).await;
        }
    }
}

/// One request on its own connection; both ends close after the answer.
async fn forward(request: &str, upstream: &str) -> Vec<u8> {
    let mut to = TcpStream::connect(upstream).await.unwrap();
    let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    to.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    to.read_to_end(&mut answer).await.unwrap();
    answer
}
