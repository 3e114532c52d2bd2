//! Frames between the server and a Python process; `assets/python/runner.py` has the other end.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};

/// Longest payload that is read, in bytes.
const LONGEST: u64 = 64 << 20;
/// Longest header that is read, in bytes: a kind and a length.
const LONGEST_HEAD: u64 = 64;

/// The kinds of frames from the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Ready,
    Unusable,
    Answer,
    Exception,
}

pub async fn write<W: AsyncWrite + Unpin>(to: &mut W, payload: &[u8]) -> io::Result<()> {
    to.write_all(format!("{}\n", payload.len()).as_bytes()).await?;
    to.write_all(payload).await?;
    to.flush().await
}

/// Reads one frame; the end of the stream and anything that is not a frame are errors.
pub async fn read<R: AsyncRead + Unpin>(from: &mut BufReader<R>) -> io::Result<(Kind, String)> {
    let mut head = String::new();
    (&mut *from).take(LONGEST_HEAD).read_line(&mut head).await?;
    let nonsense = || io::Error::new(io::ErrorKind::InvalidData, "not a frame");
    let (kind, length) =
        head.strip_suffix('\n').and_then(|head| head.split_once(' ')).ok_or_else(nonsense)?;
    let kind = match kind {
        "ready" => Kind::Ready,
        "unusable" => Kind::Unusable,
        "answer" => Kind::Answer,
        "exception" => Kind::Exception,
        _ => return Err(nonsense()),
    };
    let length = length.parse().ok().filter(|length| *length <= LONGEST).ok_or_else(nonsense)?;
    let mut payload = String::new();
    let read = from.take(length).read_to_string(&mut payload).await? as u64;
    if read == length { Ok((kind, payload)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_are_read_one_after_the_other() {
        let mut from = BufReader::new(&b"ready 0\nanswer 5\n{\n1:\nexception 3\nab"[..]);
        assert_eq!(read(&mut from).await.unwrap(), (Kind::Ready, String::new()));
        assert_eq!(read(&mut from).await.unwrap(), (Kind::Answer, "{\n1:\n".to_owned()));
        assert!(read(&mut from).await.is_err());
    }

    #[tokio::test]
    async fn nonsense_is_refused() {
        for text in ["", "answer", "answer x\n", "hello 3\nabc", "answer 99999999999\n", &"a".repeat(200)] {
            assert!(read(&mut BufReader::new(text.as_bytes())).await.is_err(), "{text}");
        }
    }
}
