//! A request body that must arrive in time: a client that stops sending does not hold a connection
//! and a handler for ever.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

/// How long a body may take from the first time that it has to be waited for.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The client stopped sending.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive within {} s", BODY_TIME.as_secs())]
pub struct TooSlow;

/// The body of a request, with a time limit.
pub struct Timed {
    incoming: Incoming,
    // Made only when there is something to wait for: most bodies arrive with their head.
    limit: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    pub fn new(incoming: Incoming) -> Self {
        Self { incoming, limit: None }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let limit = self.limit.get_or_insert_with(|| Box::pin(tokio::time::sleep(BODY_TIME)));
        limit.as_mut().poll(context).map(|()| Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
