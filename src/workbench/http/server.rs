//! Connections: accepted, bounded, and drained when the server ends.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::refusal::Refusal;
use super::request_body::RequestBody;
use super::verbs::split_verb;
use crate::workbench::behaviour::Why;

/// Connections at the same time; more wait in the system's queue.
const CONNECTIONS: usize = 1024;
/// How long a client may take for the head of a request, and how long a connection may idle.
const HEAD_TIME: Duration = Duration::from_secs(60);
/// Bytes of a request's head at most.
const HEAD_BYTES: usize = 64 * 1024;
/// Header lines of a request at most.
const HEADERS: usize = 100;
/// The library reads so many times more before it refuses a head itself, without a body.
const HEAD_MARGIN: usize = 2;
/// How long requests in flight may still take when the server ends.
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// How long a head that is on its way when the server ends may still take.
const HEAD_GRACE: Duration = Duration::from_millis(500);
/// How long to wait when the system has no more descriptors.
const BREATH: Duration = Duration::from_millis(50);

/// Serves until `ending` is cancelled, then lets what is in flight finish: for a bounded time, and until
/// `cut` is cancelled.
pub async fn serve(listener: TcpListener, router: Router, ending: CancellationToken, cut: CancellationToken) {
    let connections = TaskTracker::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = ending.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let Ok((stream, permit)) = accepted else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let (router, ending, cut) = (router.clone(), ending.clone(), cut.clone());
        connections.spawn(async move {
            cut.run_until_cancelled(talk(stream, router, ending)).await;
            drop(permit);
        });
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

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = room.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, permit))
}

/// Serves one connection; ends it after the request in flight once the server ends.
async fn talk(stream: TcpStream, router: Router, ending: CancellationToken) {
    // Answers are small and whole: waiting for more to send would only cost time.
    let _ = stream.set_nodelay(true);
    let begun = Arc::new(AtomicBool::new(false));
    let service = Front { inner: TowerToHyperService::new(router), begun: begun.clone() };
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_MARGIN * HEAD_BYTES)
        .max_headers(HEAD_MARGIN * HEADERS);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    // A connection that the client broke off is not the server's business.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = ending.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    // What never sent a whole head is not in flight, and need not be waited for.
    if !begun.load(Ordering::Relaxed) {
        let ended = tokio::time::timeout(HEAD_GRACE, connection.as_mut()).await.is_ok();
        if ended || !begun.load(Ordering::Relaxed) {
            return;
        }
    }
    let _ = connection.await;
}

/// Refuses a head that is too large with a body. The server library draws its own line further out, and
/// answers there without one.
pub async fn bounded_head(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let lines: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let line = request.uri().path_and_query().map_or(0, |asked| asked.as_str().len());
    if headers.len() > HEADERS || lines + line > HEAD_BYTES {
        let refusal = Refusal::new(Why::HeadTooLarge);
        return refusal
            .with("lines", HEADERS.to_string())
            .with("limit", HEAD_BYTES.to_string())
            .into_response();
    }
    next.run(request).await
}

/// What happens to a request before the router sees it: the verb of a custom method becomes a segment,
/// and the body gets its time limit.
#[derive(Clone)]
struct Front<S> {
    inner: S,
    /// Set by the first request of the connection.
    begun: Arc<AtomicBool>,
}

impl<S: Service<hyper::Request<RequestBody>>> Service<hyper::Request<Incoming>> for Front<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: hyper::Request<Incoming>) -> Self::Future {
        if let Some(uri) = with_split_verb(request.uri()) {
            *request.uri_mut() = uri;
        }
        let (head, incoming) = request.into_parts();
        let body = RequestBody::new(incoming, &head.headers);
        self.begun.store(true, Ordering::Relaxed);
        self.inner.call(hyper::Request::from_parts(head, body))
    }
}

fn with_split_verb(uri: &Uri) -> Option<Uri> {
    let path = split_verb(uri.path())?;
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
    Uri::from_parts(parts).ok()
}
