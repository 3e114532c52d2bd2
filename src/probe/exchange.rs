//! One request and its answer on a connection that may have been used before.

use std::io::ErrorKind;

use super::answer::{MAX_BODY, is_html_header};
use super::http1::{Connection, HttpError, Room, Share};

/// The head of an answer, and the end of its body.
pub(crate) struct Received<'r> {
    pub status: u16,
    pub size: u64,
    pub truncated: bool,
    pub html_type: bool,
    /// Its share of the memory for large bodies.
    pub _share: Share<'r>,
}

/// An exchange without a complete answer.
#[derive(Debug)]
pub(crate) struct Broken {
    pub error: HttpError,
    /// A part of the answer came.
    answered: bool,
}

impl Broken {
    /// The other end closed the connection, or reset it, without a byte of an answer. On a connection
    /// that was used before, it most likely closed it before the request came: some proxies close
    /// each kept connection.
    pub fn is_closed(&self) -> bool {
        use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        !self.answered
            && match &self.error {
                HttpError::NoAnswer => true,
                HttpError::Io(error) => {
                    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
                }
                _ => false,
            }
    }
}

/// Sends `request`, and reads the answer's body into `body`.
pub(crate) async fn exchange<'r>(
    connection: &mut Connection,
    request: &[u8],
    body: &mut Vec<u8>,
    room: &'r Room,
) -> Result<Received<'r>, Broken> {
    let broken = |answered| move |error| Broken { error, answered };
    connection.send(request).await.map_err(broken(false))?;
    let mut html_type = false;
    let head = connection.read_head(|name, value| html_type |= is_html_header(name, value)).await;
    let head = head.map_err(broken(false))?;
    let read = connection.read_body(&head, MAX_BODY, body, room).await;
    let (end, share) = read.map_err(broken(true))?;
    Ok(Received { status: head.status, size: end.size, truncated: end.truncated, html_type, _share: share })
}
