//! Prepares a request for the router: turns the verb of a custom method into a segment, sets a time
//! limit for the body, and bounds the head.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::service::Service;

use super::connections::Guest;
use super::refusal::Refusal;
use super::request_body::RequestBody;
use super::verbs::split_verb;
use crate::workbench::behaviour::Why;

/// Largest head of a request, in bytes.
pub const HEAD_BYTES: usize = 64 * 1024;
/// Most header lines of a request.
pub const HEADERS: usize = 100;

/// Marks an answer that must not be sent: the connection is closed instead.
#[derive(Debug, Clone, Copy)]
pub struct CutOff;

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut off")]
pub struct Ended;

/// The service of one connection.
#[derive(Clone)]
pub struct Front<S> {
    pub inner: S,
    pub guest: Arc<Guest>,
}

impl<S> Service<hyper::Request<Incoming>> for Front<S>
where
    S: Service<hyper::Request<RequestBody>, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Ended;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Ended>> + Send>>;

    fn call(&self, mut request: hyper::Request<Incoming>) -> Self::Future {
        if let Some(uri) = with_split_verb(request.uri()) {
            *request.uri_mut() = uri;
        }
        let (head, incoming) = request.into_parts();
        let body = RequestBody::new(incoming, &head.headers);
        self.guest.connection.begun.store(true, Ordering::Relaxed);
        let (busy, cut) = (self.guest.busy(), self.guest.connection.cut.clone());
        let answering = self.inner.call(hyper::Request::from_parts(head, body));
        Box::pin(async move {
            let Ok(answer) = answering.await;
            drop(busy);
            if answer.extensions().get::<CutOff>().is_some() {
                cut.store(true, Ordering::Release);
                return Err(Ended);
            }
            Ok(answer)
        })
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
/// sends no body; and a head that does not name exactly one host (RFC 9112, 3.2).
pub async fn checked_head(request: Request, next: Next) -> Response {
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
    let hosts = headers.get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Refusal::new(Why::NoHost).into_response();
    }
    next.run(request).await
}
