//! The body of a request. It must arrive in time, so that a client that stops sending does not
//! block a connection and a handler for ever. After a refusal the rest is still read, because most
//! clients send the whole request before they read the answer, and a reset would lose it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::{HeaderMap, header};
use tokio::runtime::Handle;
use tokio::time::Sleep;

/// How long a body may take, from the first time that it is waited for.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Bytes that are read and discarded after a refusal.
const FORGOTTEN: usize = 64_000_000;

/// The client stopped sending.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive within {} s", BODY_TIME.as_secs())]
pub struct TooSlow;

/// The body of a request, with a time limit.
pub struct RequestBody {
    /// `None` at the end of the body.
    incoming: Option<Incoming>,
    /// It was asked for at least once, and had not arrived.
    asked: bool,
    // Created only if there is something to wait for: most bodies arrive with their head.
    limit: Option<Pin<Box<Sleep>>>,
    /// The client waits for `100 Continue`, which reading sends.
    waits_to_be_asked: bool,
}

impl RequestBody {
    pub fn new(incoming: Incoming, headers: &HeaderMap) -> Self {
        let waits_to_be_asked = headers.contains_key(header::EXPECT);
        Self { incoming: Some(incoming), asked: false, limit: None, waits_to_be_asked }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.waits_to_be_asked = false;
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(incoming).poll_frame(context) {
            if !matches!(frame, Some(Ok(_))) {
                self.incoming = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if !std::mem::replace(&mut self.asked, true) {
            // What came with the head is handed over only once it was asked for: no timer for that.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let limit = self.limit.get_or_insert_with(|| Box::pin(tokio::time::sleep(BODY_TIME)));
        let over = limit.as_mut().poll(context);
        if over.is_ready() {
            self.incoming = None;
        }
        over.map(|()| Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let rest = self.incoming.take().filter(|rest| !rest.is_end_stream() && !self.waits_to_be_asked);
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            let limit = self.limit.take().unwrap_or_else(|| Box::pin(tokio::time::sleep(BODY_TIME)));
            runtime.spawn(async move {
                tokio::select! {
                    () = forget(rest) => {}
                    () = limit => {}
                }
            });
        }
    }
}

/// Reads to the end, or up to a limit, after which the connection is closed.
async fn forget(mut rest: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = rest.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > FORGOTTEN {
            return;
        }
    }
}
