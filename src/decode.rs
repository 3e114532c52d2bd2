//! Decodes text from a file, a pipe or a command: removes a byte order mark, and names the encoding
//! of anything that is not UTF-8.

/// Why bytes are not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    #[error("it is UTF-16 (as Windows PowerShell writes it) and not UTF-8")]
    Utf16,
    #[error("line {line} is not valid UTF-8 (Latin-1, perhaps)")]
    NotUtf8 { line: usize },
    #[error("line {line} has a NUL byte in it: it is not text")]
    Nul { line: usize },
}

/// The text in `bytes`, without a leading byte order mark. Line ends are kept.
///
/// # Errors
/// The encoding that the bytes seem to have. The error contains none of them: they may be a secret.
pub fn text(bytes: &[u8]) -> Result<&str, NotText> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if is_utf16(bytes) {
        return Err(NotText::Utf16);
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| NotText::NotUtf8 { line: line_at(bytes, error.valid_up_to()) })?;
    match text.find('\0') {
        Some(at) => Err(NotText::Nul { line: line_at(bytes, at) }),
        None => Ok(text),
    }
}

/// UTF-16 starts with its own byte order mark, or has a zero in every second byte if the text is
/// ASCII, as the start of keys, JSON and TOML is.
fn is_utf16(bytes: &[u8]) -> bool {
    let zeros = |first: usize| bytes.len() >= 4 && bytes[..4].iter().skip(first).step_by(2).all(|b| *b == 0);
    let letters = |first: usize| bytes.iter().take(4).skip(first).step_by(2).all(|b| *b != 0);
    bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xfe, 0xff])
        || zeros(0) && letters(1)
        || zeros(1) && letters(0)
}

fn line_at(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(text(b"\xef\xbb\xbfkey\r\n"), Ok("key\r\n"));
        assert_eq!(text("schlüssel".as_bytes()), Ok("schlüssel"));
        assert_eq!(text(b""), Ok(""));
    }

    #[test]
    fn what_is_no_utf8_is_named_for_what_it_is() {
        let utf16 = |order: fn(u16) -> [u8; 2]| "0a0a.9f".encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let (little, big) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
        for bytes in [&little[..], &big[..], b"\xff\xfe0\0", b"\xfe\xff\x000", b"\xef\xbb\xbf0\0a\0"] {
            assert_eq!(text(bytes), Err(NotText::Utf16), "{bytes:?}");
        }
        assert_eq!(text(b"one\ntw\xf6\n"), Err(NotText::NotUtf8 { line: 2 }));
        assert_eq!(text(b"one\n\ntwo\0"), Err(NotText::Nul { line: 3 }));
    }
}
