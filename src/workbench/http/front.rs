//! Prepares a request for the router: turns the verb of a custom method into a segment, sets a time
//! limit for the body, and bounds the head.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::service::Service;

use super::connections::{Busy, Guest};
use super::refusal::Refusal;
use super::request_body::RequestBody;
use super::verbs::split_verb;
use crate::workbench::behaviour::Why;

/// Largest head of a request, in bytes.
pub const HEAD_BYTES: usize = 64 * 1024;

/// Marks an answer that must not be sent: the connection is closed instead.
#[derive(Debug, Clone, Copy)]
pub struct CutOff;

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut off")]
pub struct Ended;

/// What answers the requests of a listener.
pub type Answers = Arc<dyn Fn(hyper::Request<RequestBody>) -> BoxFuture<'static, Response> + Send + Sync>;

/// The service of one connection.
pub struct Front {
    pub answers: Answers,
    pub guest: Guest,
}

impl Service<hyper::Request<Incoming>> for Front {
    type Response = Response;
    type Error = Ended;
    type Future = Answering;

    fn call(&self, mut request: hyper::Request<Incoming>) -> Self::Future {
        if let Some(uri) = with_split_verb(request.uri()) {
            *request.uri_mut() = uri;
        }
        let (head, incoming) = request.into_parts();
        let body = RequestBody::new(incoming, &head.headers);
        self.guest.connection.begun.store(true, Ordering::Relaxed);
        let answer = (self.answers)(hyper::Request::from_parts(head, body));
        Answering { busy: self.guest.busy(), answer }
    }
}

/// An answer in progress.
pub struct Answering {
    busy: Busy,
    answer: BoxFuture<'static, Response>,
}

impl Future for Answering {
    type Output = Result<Response, Ended>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.answer.as_mut().poll(context));
        if answer.extensions().get::<CutOff>().is_some() {
            self.busy.connection.cut.store(true, Ordering::Release);
            return Poll::Ready(Err(Ended));
        }
        Poll::Ready(Ok(answer))
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

/// Refuses a head that is too large, with a body, since the server library has a higher limit and
/// sends no body, as it does for more than 100 lines; and a head that does not name exactly one host (RFC 9112, 3.2).
pub fn check_head(head: &Parts) -> Result<(), Refusal> {
    let headers = &head.headers;
    let lines: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let line = head.uri.path_and_query().map_or(0, |asked| asked.as_str().len());
    if lines + line > HEAD_BYTES {
        return Err(Refusal::new(Why::HeadTooLarge).with("limit", HEAD_BYTES.to_string()));
    }
    let hosts = headers.get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && head.version == Version::HTTP_11) {
        return Err(Why::NoHost.into());
    }
    Ok(())
}

/// The layer of [`check_head`].
pub async fn checked_head(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match check_head(&head) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(refusal) => refusal.into_response(),
    }
}
