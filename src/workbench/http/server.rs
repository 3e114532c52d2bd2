//! Connections: accepted, bounded, and drained when the server ends.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connections::{Guest, Room};
use super::front::{Answers, Front, HEAD_BYTES};
use super::head_timer::HeadTimer;
use super::stream::Stream;
use crate::workbench::trouble::Trouble;

/// Maximum number of connections. Beyond it idle ones are closed; if none is idle, new ones wait.
const CONNECTIONS: usize = 1024;
/// Timeout for the head of a request, and for an idle connection.
const HEAD_TIME: Duration = Duration::from_secs(60);
/// Timeout for the TLS handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(20);
/// The library reads this many times the bytes before it refuses a head itself, without a body.
const HEAD_MARGIN: usize = 2;
/// How long requests in flight may take after the server began to stop.
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// How long a partly received head may take after the server began to stop.
const HEAD_GRACE: Duration = Duration::from_millis(500);
/// How long to wait when the system is out of descriptors.
const BREATH: Duration = Duration::from_millis(50);
/// How often the same problem is reported.
const TROUBLE_PAUSE: Duration = Duration::from_secs(60);

/// What a listener serves, and until when.
#[derive(Clone)]
pub struct Service {
    pub answers: Answers,
    pub tls: Option<Arc<ServerConfig>>,
    /// Stop after the requests in flight.
    pub ending: CancellationToken,
    /// Abandon the requests in flight: follows `ending`.
    pub cut: CancellationToken,
    pub trouble: Trouble,
}

/// Serves until `ending` is cancelled, then lets requests in flight finish: for a bounded time, and
/// until `cut` is cancelled.
pub async fn serve(listener: TcpListener, service: Service) {
    let Service { ending, cut, .. } = service.clone();
    let connections = TaskTracker::new();
    let room = Room::new(CONNECTIONS, ending.clone());
    let mut reported: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            () = ending.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let (stream, guest) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if reported.is_none_or(|at| at.elapsed() > TROUBLE_PAUSE) {
                    reported = Some(Instant::now());
                    service.trouble.tell(&cannot_accept(&error));
                }
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        connections.spawn(talk(stream, guest, service.clone()));
    }
    drop(listener);
    connections.close();
    let time = cut.run_until_cancelled(tokio::time::sleep(DRAIN_TIME));
    tokio::select! {
        () = connections.wait() => return,
        _ = time => cut.cancel(),
    }
    connections.wait().await;
}

async fn accept(listener: &TcpListener, room: &Room) -> io::Result<(TcpStream, Guest)> {
    let (stream, _) = listener.accept().await?;
    let guest = room.enter().await.ok_or_else(|| io::Error::other("no room"))?;
    Ok((stream, guest))
}

fn cannot_accept(error: &io::Error) -> String {
    let code = error.raw_os_error();
    if code == Some(rustix::io::Errno::MFILE.raw_os_error()) {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let limit = limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
        return format!(
            "this server is out of file descriptors (limit {limit}, see ulimit -n): new connections wait"
        );
    }
    if code == Some(rustix::io::Errno::NFILE.raw_os_error()) {
        return "this machine is out of file descriptors: new connections wait".to_owned();
    }
    format!("this server cannot accept connections: {error}")
}

async fn talk(stream: TcpStream, guest: Guest, service: Service) {
    let stream = Stream::new(stream, guest.connection.cut.clone());
    let Some(tls) = service.tls.clone() else { return converse(stream, guest, service).await };
    let shaking = tokio::time::timeout(HANDSHAKE_TIME, TlsAcceptor::from(tls).accept(stream));
    let shaken = guest.connection.leaving.run_until_cancelled(shaking).await;
    // A client that does not trust the certificate disconnects here, and reports it itself.
    if let Some(Ok(Ok(stream))) = shaken {
        converse(stream, guest, service).await;
    }
}

/// Serves one connection; closes it after the request in flight once it is asked to leave, as all
/// are when the server ends.
async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    guest: Guest,
    service: Service,
) {
    let connection = guest.connection.clone();
    let front = Front { answers: service.answers, guest };
    let mut builder = http1::Builder::new();
    builder
        .timer(HeadTimer::new(HEAD_TIME))
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_MARGIN * HEAD_BYTES);
    let mut serving = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), front));
    // A connection that the client broke is not a server error.
    if connection.leaving.run_until_cancelled(serving.as_mut()).await.is_some() {
        return;
    }
    serving.as_mut().graceful_shutdown();
    let last = async {
        // Without a complete head there is no request in flight to wait for.
        if !connection.begun.load(Ordering::Relaxed) {
            let ended = tokio::time::timeout(HEAD_GRACE, serving.as_mut()).await.is_ok();
            if ended || !connection.begun.load(Ordering::Relaxed) {
                return;
            }
        }
        let _ = serving.await;
    };
    service.cut.run_until_cancelled(last).await;
}
