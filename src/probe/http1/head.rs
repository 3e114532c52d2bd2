//! The head of an answer: what it says about the body and the connection.

use std::io;

const MAX_HEADERS: usize = 100;

/// Where a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    None,
    Length(u64),
    Chunked,
    UntilClose,
}

/// The part of a head that the exchange needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    pub framing: Framing,
    pub(super) keep_alive: bool,
}

/// Why an exchange failed.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the other end closed the connection without an answer")]
    NoAnswer,
    #[error("the other end closed the connection in the middle of the answer")]
    CutShort,
    #[error("{0}")]
    NotHttp(String),
}

/// Parses a complete head at the front of `bytes`, and returns its length; `None` if more is
/// needed. Refuses a head that two readers may understand differently.
pub fn parse_head(
    bytes: &[u8],
    header: &mut impl FnMut(&str, &[u8]),
) -> Result<Option<(Head, usize)>, HttpError> {
    let mut space = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut space);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(HttpError::NotHttp(error.to_string())),
    };
    let status = response.code.unwrap_or_default();
    let (mut length_given, mut is_chunked) = (None, false);
    let mut keep_alive = response.version == Some(1);
    let broken = |what: &str| Err(HttpError::NotHttp(what.to_owned()));
    for field in response.headers.iter() {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let Some(length) = content_length(field.value) else {
                return broken("its Content-Length is not a number");
            };
            // If two lengths differ, where the next answer starts is ambiguous (RFC 9112, 6.3).
            if length_given.is_some_and(|before| before != length) {
                return broken("it has two different values of Content-Length");
            }
            length_given = Some(length);
        } else if is("transfer-encoding") {
            if is_chunked || !field.value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                return broken("its Transfer-Encoding is not chunked alone");
            }
            is_chunked = true;
        } else if is("connection") {
            keep_alive = if keep_alive {
                !has_token(field.value, "close")
            } else {
                has_token(field.value, "keep-alive")
            };
        }
        if !(100..200).contains(&status) {
            header(field.name, field.value);
        }
    }
    let framing = match (is_chunked, length_given) {
        _ if matches!(status, 100..200 | 204 | 304) => Framing::None,
        (true, Some(_)) => return broken("it has both Content-Length and Transfer-Encoding"),
        (true, None) if response.version == Some(0) => {
            return broken("it is HTTP/1.0 with a Transfer-Encoding");
        }
        (true, None) => Framing::Chunked,
        (false, Some(length)) => Framing::Length(length),
        (false, None) => Framing::UntilClose,
    };
    Ok(Some((Head { status, framing, keep_alive }, length)))
}

/// A length in digits only; a list that repeats one value (`5, 5`) is valid (RFC 9110, 8.6).
fn content_length(value: &[u8]) -> Option<u64> {
    let mut found = None;
    for part in std::str::from_utf8(value).ok()?.split(',') {
        let part = part.trim_matches([' ', '\t']);
        // `parse` would accept a sign.
        let length = part.parse().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()))?;
        if found.is_some_and(|before: u64| before != length) {
            return None;
        }
        found = Some(length);
    }
    found
}

fn has_token(value: &[u8], token: &str) -> bool {
    std::str::from_utf8(value).is_ok_and(|v| v.split(',').any(|t| t.trim().eq_ignore_ascii_case(token)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_two_readers_may_understand_differently_is_refused() {
        let read = |fields: &str, version: &str| {
            let head = format!("HTTP/{version} 200 OK\r\n{fields}\r\n");
            parse_head(head.as_bytes(), &mut |_, _| ()).map(|found| found.unwrap().0.framing)
        };
        for (fields, framing) in [
            ("Content-Length: 5\r\n", Framing::Length(5)),
            ("Content-Length: 5\r\ncontent-length: 5\r\n", Framing::Length(5)),
            ("Content-Length: 5, 5\r\n", Framing::Length(5)),
            ("Transfer-Encoding: Chunked\r\n", Framing::Chunked),
            ("", Framing::UntilClose),
        ] {
            assert_eq!(read(fields, "1.1").unwrap(), framing, "{fields}");
        }
        for fields in [
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 6\r\nX: y\r\nContent-Length: 5\r\n",
            "Content-Length: 5, 6\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: -5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: \r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: identity\r\n",
            "X: a\r\n b\r\n",
            "Content-Length: 5\r\n ,6\r\n",
            "Content-Length : 5\r\n",
            "\u{b}: 5\r\n",
        ] {
            assert!(matches!(read(fields, "1.1"), Err(HttpError::NotHttp(_))), "{fields}");
        }
        assert!(read("Transfer-Encoding: chunked\r\n", "1.0").is_err());
    }
}
