//! One HTTP/1.1 exchange at a time on one connection: request bytes out, head and body in.
//!
//! Written for measuring. Each step is a separate call, so that the caller can take the time in
//! between; buffers live as long as the connection, so that a run does not allocate per request;
//! nothing is retried behind the caller's back.

mod head;
mod room;

pub use head::{Framing, Head, HttpError, parse_head};
pub use room::{Room, SMALL_BODY, Share};

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stream::Stream;

/// Size of one read, and the capacity kept for small answers.
const CHUNK: usize = 16 * 1024;
/// Longest head that is accepted.
const MAX_HEAD: usize = 64 * 1024;

/// How much of a body was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyEnd {
    /// Size of the whole body, as far as it is known: declared, else received.
    pub size: u64,
    /// The body is larger than the limit, and only its beginning was read.
    pub truncated: bool,
}

/// A connection, and what was received beyond the current message.
pub struct Connection<S = Stream> {
    stream: S,
    buffer: Vec<u8>,
    /// The received, unread part of `buffer` starts here …
    at: usize,
    /// … and ends here.
    end: usize,
    reusable: bool,
    /// The last request was handed over as a whole.
    sent: bool,
}

impl Connection {
    /// Whether the server has closed an idle connection, as far as is known by now. Unsolicited bytes
    /// make it as unusable as a close does.
    pub fn is_closed(&self) -> bool {
        self.stream.has_news()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, buffer: vec![0; CHUNK], at: 0, end: 0, reusable: true, sent: false }
    }

    /// Whether another request may be sent: the last answer was read to its end, and the server
    /// keeps the connection open.
    pub fn is_reusable(&self) -> bool {
        self.reusable
    }

    /// Whether the last request was handed to the system as a whole. If not, no service can have
    /// answered it.
    pub fn is_sent(&self) -> bool {
        self.sent
    }

    /// The bare stream, unless something was read beyond the last message.
    pub fn into_stream(self) -> Option<S> {
        self.unread().is_empty().then_some(self.stream)
    }

    /// Sends one request. Returns early if the answer starts before everything is sent (a refusal
    /// of a large body, say); the connection is then not reusable.
    ///
    /// # Errors
    /// Only if there is no point in waiting for an answer.
    pub async fn send(&mut self, request: &[u8]) -> Result<(), HttpError> {
        (self.reusable, self.sent) = (false, false);
        let mut sent = 0;
        let written = poll_fn(|cx| {
            while sent < request.len() {
                match Pin::new(&mut self.stream).poll_write(cx, &request[sent..]) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(HttpError::NoAnswer)),
                    Poll::Ready(Ok(n)) => sent += n,
                    // A server that refuses a body may close before it has read it: the answer
                    // counts.
                    Poll::Ready(Err(error)) => match self.poll_fill(cx) {
                        Poll::Ready(Ok(n)) if n > 0 => return Poll::Ready(Ok(())),
                        _ => return Poll::Ready(Err(error.into())),
                    },
                    Poll::Pending => {
                        return match ready!(self.poll_fill(cx)) {
                            Ok(0) => Poll::Ready(Err(HttpError::NoAnswer)),
                            Ok(_) => Poll::Ready(Ok(())),
                            Err(error) => Poll::Ready(Err(error.into())),
                        };
                    }
                }
            }
            Pin::new(&mut self.stream).poll_flush(cx).map_err(HttpError::from)
        })
        .await;
        self.sent = sent == request.len();
        self.reusable = self.sent;
        written
    }

    /// Reads the head of the answer and shows every header (name, value) to `header`.
    /// Skips interim answers (1xx).
    pub async fn read_head(&mut self, mut header: impl FnMut(&str, &[u8])) -> Result<Head, HttpError> {
        loop {
            if !self.unread().is_empty()
                && let Some((head, length)) = parse_head(self.unread(), &mut header)?
            {
                self.at += length;
                if (100..200).contains(&head.status) && head.status != 101 {
                    continue;
                }
                self.reusable &= head.keep_alive && head.framing != Framing::UntilClose;
                return Ok(head);
            }
            let have = self.unread().len();
            if have > MAX_HEAD {
                return Err(HttpError::NotHttp(format!("its head is larger than {MAX_HEAD} bytes")));
            }
            if self.fill().await? == 0 {
                return Err(if have == 0 { HttpError::NoAnswer } else { HttpError::CutShort });
            }
        }
    }

    /// Reads the body that belongs to `head` into `body` (cleared first), at most `limit` bytes. A
    /// large one waits for its share of `room`, and holds it as long as the second result lives.
    pub async fn read_body<'r>(
        &mut self,
        head: &Head,
        limit: usize,
        body: &mut Vec<u8>,
        room: &'r Room,
    ) -> Result<(BodyEnd, Share<'r>), HttpError> {
        body.clear();
        let mut share = Share::default();
        let end = match head.framing {
            Framing::None => BodyEnd { size: 0, truncated: false },
            Framing::Length(length) => {
                let wanted = usize::try_from(length).unwrap_or(usize::MAX).min(limit);
                room.enter(wanted, &mut share).await;
                self.take(wanted, body).await?;
                BodyEnd { size: length, truncated: (wanted as u64) < length }
            }
            Framing::Chunked => self.read_chunks(limit, body, room, &mut share).await?,
            Framing::UntilClose => loop {
                room.enter(body.len() + CHUNK, &mut share).await;
                let rest = self.take_buffered(limit + 1 - body.len(), body);
                if body.len() > limit {
                    body.truncate(limit);
                    break BodyEnd { size: limit as u64, truncated: true };
                }
                if rest == 0 && self.fill().await? == 0 {
                    break BodyEnd { size: body.len() as u64, truncated: false };
                }
            },
        };
        // Unsolicited bytes would be mistaken for the next answer.
        self.reusable &= !end.truncated && self.unread().is_empty();
        Ok((end, share))
    }

    async fn read_chunks<'r>(
        &mut self,
        limit: usize,
        body: &mut Vec<u8>,
        room: &'r Room,
        share: &mut Share<'r>,
    ) -> Result<BodyEnd, HttpError> {
        let bad = || HttpError::NotHttp("a chunk of its body is malformed".to_owned());
        loop {
            let size = loop {
                match httparse::parse_chunk_size(self.unread()) {
                    Ok(httparse::Status::Complete((read, size))) => {
                        self.at += read;
                        break size;
                    }
                    Ok(httparse::Status::Partial) if self.unread().len() < MAX_HEAD => {
                        self.fill_or_cut().await?;
                    }
                    _ => return Err(bad()),
                }
            };
            if size == 0 {
                while !self.skip_line().await? {}
                return Ok(BodyEnd { size: body.len() as u64, truncated: false });
            }
            let room_left = limit - body.len();
            let wanted = usize::try_from(size).unwrap_or(usize::MAX);
            room.enter(body.len() + wanted.min(room_left), share).await;
            self.take(wanted.min(room_left), body).await?;
            if wanted > room_left {
                return Ok(BodyEnd { size: body.len() as u64, truncated: true });
            }
            while self.unread().len() < 2 {
                self.fill_or_cut().await?;
            }
            if !self.unread().starts_with(b"\r\n") {
                return Err(bad());
            }
            self.at += 2;
        }
    }

    /// Skips one line of a trailer; true if it was the empty one at its end.
    async fn skip_line(&mut self) -> Result<bool, HttpError> {
        loop {
            let unread = self.unread();
            if let Some(end) = unread.iter().position(|&b| b == b'\n') {
                let empty = unread[..end].iter().all(|&b| b == b'\r');
                self.at += end + 1;
                return Ok(empty);
            }
            if unread.len() > MAX_HEAD {
                return Err(HttpError::NotHttp("the trailer of its body has no end".to_owned()));
            }
            self.fill_or_cut().await?;
        }
    }

    /// Moves `wanted` bytes to `body`, and reads what is missing.
    async fn take(&mut self, wanted: usize, body: &mut Vec<u8>) -> Result<(), HttpError> {
        let mut missing = wanted - self.take_buffered(wanted, body);
        while missing > 0 {
            self.fill_or_cut().await?;
            missing -= self.take_buffered(missing, body);
        }
        Ok(())
    }

    fn take_buffered(&mut self, wanted: usize, body: &mut Vec<u8>) -> usize {
        let unread = self.unread();
        let n = wanted.min(unread.len());
        body.extend_from_slice(&unread[..n]);
        self.at += n;
        n
    }

    async fn fill_or_cut(&mut self) -> Result<(), HttpError> {
        if self.fill().await? == 0 { Err(HttpError::CutShort) } else { Ok(()) }
    }

    async fn fill(&mut self) -> Result<usize, HttpError> {
        Ok(poll_fn(|cx| self.poll_fill(cx)).await?)
    }

    /// Reads once; 0 at the end of the stream.
    fn poll_fill(&mut self, cx: &mut std::task::Context<'_>) -> Poll<io::Result<usize>> {
        if self.at == self.end {
            (self.at, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            // Makes room: first by moving the unread part to the front, then by growing.
            self.buffer.copy_within(self.at..self.end, 0);
            (self.at, self.end) = (0, self.end - self.at);
            if self.end > self.buffer.len() / 2 {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        let mut buf = ReadBuf::new(&mut self.buffer[self.end..]);
        let result = Pin::new(&mut self.stream).poll_read(cx, &mut buf);
        let n = buf.filled().len();
        self.end += n;
        result.map_ok(|()| n)
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.at..self.end]
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    /// A connection whose other end sends `answer` in chunks of `step` bytes and closes.
    async fn answering(answer: &'static [u8], step: usize) -> Connection<DuplexStream> {
        let (near, mut far) = duplex(step);
        tokio::spawn(async move {
            // A reader that has seen enough closes before everything is written.
            let _ = far.write_all(answer).await;
        });
        Connection::new(near)
    }

    async fn exchange(answer: &'static [u8], step: usize) -> (Head, String, BodyEnd, bool) {
        let mut connection = answering(answer, step).await;
        let head = connection.read_head(|_, _| ()).await.unwrap();
        let mut body = Vec::new();
        let room = Room::default();
        let (end, _) = connection.read_body(&head, 64, &mut body, &room).await.unwrap();
        (head, String::from_utf8(body).unwrap(), end, connection.is_reusable())
    }

    proptest::proptest! {
        #[test]
        fn no_head_makes_the_reader_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let mut answer = b"HTTP/1.1 200 OK\r\nContent-Length: ".to_vec();
            answer.extend(&bytes);
            let _ = parse_head(&bytes, &mut |_, _| ());
            let _ = parse_head(&answer, &mut |_, _| ());
        }
    }

    #[tokio::test]
    async fn bodies_end_where_the_head_says_however_the_bytes_arrive() {
        let cases: [(&[u8], u16, &str, bool); 6] = [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: 1\r\n\r\n",
                200,
                "hello",
                true,
            ),
            (b"HTTP/1.1 500 Oh\r\n\r\nno length", 500, "no length", false),
            (b"HTTP/1.1 204 No Content\r\n\r\n", 204, "", true),
            (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", 200, "ok", false),
            (
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                200,
                "",
                false,
            ),
        ];
        for (bytes, status, text, reusable) in cases {
            for step in [1, 7, 1000] {
                let (head, body, end, again) = exchange(bytes, step).await;
                let shown = String::from_utf8_lossy(bytes);
                assert_eq!((head.status, body.as_str(), again), (status, text, reusable), "{shown}");
                assert_eq!(end, BodyEnd { size: text.len() as u64, truncated: false });
            }
        }
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_cut_and_said_to_be() {
        const LONG: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";
        let (_, body, end, reusable) = exchange(LONG, 50).await;
        assert_eq!((body.len(), end, reusable), (64, BodyEnd { size: 100, truncated: true }, false));

        const CHUNKS: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n0\r\n\r\n";
        let (_, body, end, reusable) = exchange(CHUNKS, 50).await;
        assert_eq!((body.len(), end.truncated, reusable), (64, true, false));
    }

    #[tokio::test]
    async fn bytes_behind_an_answer_never_pass_for_the_next_one() {
        const TWO: &[u8] =
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno";
        let (_, body, _, reusable) = exchange(TWO, 1000).await;
        assert_eq!((body.as_str(), reusable), ("ok", false));
    }

    #[tokio::test]
    async fn an_answer_cut_short_and_one_that_is_not_http_are_distinguished() {
        let mut connection = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel", 100).await;
        let head = connection.read_head(|_, _| ()).await.unwrap();
        let mut body = Vec::new();
        let read = connection.read_body(&head, 64, &mut body, &Room::default()).await.map(|(end, _)| end);
        assert!(matches!(read, Err(HttpError::CutShort)));
        assert_eq!(body, b"hel");

        let mut connection = answering(b"", 1).await;
        assert!(matches!(connection.read_head(|_, _| ()).await, Err(HttpError::NoAnswer)));
        let mut connection = answering(b"SSH-2.0-OpenSSH_9.9\r\n", 100).await;
        assert!(matches!(connection.read_head(|_, _| ()).await, Err(HttpError::NotHttp(_))));
        let mut connection = answering(b"HTTP/1.1 200 OK\r\nContent-Le", 100).await;
        assert!(matches!(connection.read_head(|_, _| ()).await, Err(HttpError::CutShort)));
    }
}
