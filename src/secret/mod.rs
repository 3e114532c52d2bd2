//! Key types that cannot be printed by accident and are wiped when dropped.
//!
//! Nothing here implements `Display` or `Serialize`: code that needs the text calls
//! [`ApiKey::expose`], which is easy to search for.

mod known;
mod shape;

use std::fmt;
use std::sync::Arc;

use known::Secret;
use secrecy::zeroize::Zeroize;
use serde::{Deserialize, Deserializer, Serializer};

pub use known::{MASK, holds_secret, mask, mask_bytes};
pub use shape::{mask_shapes, mentions_key};

/// Length of one half of an API key, in hexadecimal digits.
const HALF: usize = 64;
/// Length of a legacy key and of an access key, in characters.
const SHORT: usize = 32;

/// A v2 API key: 64 lower-case hexadecimal digits, a dot, 64 more.
///
/// Source: OBSERVED in three independent public repositories.
#[derive(Clone)]
pub struct ApiKey(Arc<Secret>);

/// A legacy (v1) API key: 32 of `[0-9a-z]`, sent with Basic authentication.
///
/// Source: DOCS, cdsw-api-key-authentication.
#[derive(Clone)]
pub struct LegacyKey(Arc<Secret>);

/// Why a text is not an API key, and what it seems to be instead.
///
/// The messages never contain the input: it may be another kind of secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnApiKey {
    #[error("no key was given; paste an API key (64 hexadecimal digits, a dot, 64 more)")]
    Empty,
    #[error(
        "this is the shape of an access key: it says which model is called, not who calls; paste an API key (64 hexadecimal digits, a dot, 64 more)"
    )]
    AccessKey,
    #[error(
        "this is the shape of a legacy API key: model calls and API v2 need an API key (64 hexadecimal digits, a dot, 64 more); create one in Settings"
    )]
    LegacyKey,
    #[error(
        "this is the shape of a session token (JWT): API v2 and model calls need an API key (64 hexadecimal digits, a dot, 64 more)"
    )]
    SessionToken,
    #[error(
        "the key is cut off or has characters too many: {found} characters, an API key has 129 (64 hexadecimal digits, a dot, 64 more); copy it again as a whole"
    )]
    Length { found: usize },
    #[error(
        "this does not look like an API key: it must be 64 lower-case hexadecimal digits, a dot and 64 more; copy it again as a whole"
    )]
    Shape,
}

impl ApiKey {
    /// Parses a key that a person typed or pasted. Removes whitespace, which copying from a
    /// terminal adds, and zero-width characters, which copying from a page or a chat adds. Any
    /// other deviation from the known shape is an error that names it.
    pub fn parse(text: &str) -> Result<Self, NotAnApiKey> {
        let mut cleaned: String = text.chars().filter(|c| !c.is_whitespace() && !has_no_width(*c)).collect();
        match shape_problem(&cleaned) {
            None => Ok(Self(Secret::hold(cleaned))),
            Some(problem) => {
                cleaned.zeroize();
                Err(problem)
            }
        }
    }

    /// Whether a text is exactly a key, as a client must send it.
    pub fn has_shape(text: &str) -> bool {
        shape_problem(text).is_none()
    }

    /// Takes a key as the workbench issued it (creation, session environment), whatever its shape:
    /// the shape is observed, not specified.
    pub fn from_workbench(text: impl Into<String>) -> Self {
        Self(Secret::hold(text.into()))
    }

    /// The key itself. Only for a header, a file that the user named, or the clipboard.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The last four characters, enough to distinguish keys on a screen.
    pub fn last_four(&self) -> &str {
        last_four(self.expose())
    }

    /// `••••9f0a`: all that a screen may show of the key.
    pub fn masked(&self) -> String {
        format!("••••{}", self.last_four())
    }

    /// The part before the dot. That it is the Key ID is a guess (INFERRED, weak), so use it only
    /// to compare with the workbench's list.
    pub fn first_half(&self) -> &str {
        self.expose().split('.').next().unwrap_or_default()
    }
}

impl LegacyKey {
    /// Takes a legacy key as the workbench issued it or as a profile stores it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Secret::hold(text.into()))
    }

    /// The key itself, for the Basic header.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// What is wrong with `text` as an API key; `None` if it has the right shape.
fn shape_problem(text: &str) -> Option<NotAnApiKey> {
    if text.is_empty() {
        return Some(NotAnApiKey::Empty);
    }
    if text.len() == SHORT && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()) {
        // An access key is `m` and 31 more (OBSERVED); a legacy key may begin with
        // `m` as well, but that is one in 36, and both are wrong here.
        return Some(if text.starts_with('m') { NotAnApiKey::AccessKey } else { NotAnApiKey::LegacyKey });
    }
    if text.starts_with("eyJ") && text.matches('.').count() == 2 {
        return Some(NotAnApiKey::SessionToken);
    }
    let hex = |half: &str| half.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match text.split_once('.') {
        Some((first, second)) if hex(first) && hex(second) => {
            let found = text.len();
            (first.len() != HALF || second.len() != HALF).then_some(NotAnApiKey::Length { found })
        }
        None if hex(text) => Some(NotAnApiKey::Length { found: text.len() }),
        _ => Some(NotAnApiKey::Shape),
    }
}

/// Soft hyphens, zero-width spaces and joiners, direction marks and byte order marks.
fn has_no_width(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn last_four(text: &str) -> &str {
    let start = text.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    &text[start..]
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(redacted)")
    }
}

impl fmt::Debug for LegacyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LegacyKey(redacted)")
    }
}

impl PartialEq for ApiKey {
    /// Compares keys that this program already holds; not for checking a caller's key.
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for ApiKey {}

impl<'de> Deserialize<'de> for ApiKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from_workbench)
    }
}

impl Default for ApiKey {
    fn default() -> Self {
        Self::from_workbench("")
    }
}

/// Writes a key in clear text, for the one answer that carries it: `#[serde(serialize_with = …)]`.
pub fn expose<S: Serializer>(key: &ApiKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> String {
        format!("{}.{}", "0a".repeat(32), "9f".repeat(32))
    }

    #[test]
    fn a_pasted_key_loses_its_blanks_and_line_breaks() {
        let key = sample();
        let pasted = format!("  {}\n{}\r\n", &key[..70], &key[70..]);
        assert_eq!(ApiKey::parse(&pasted).unwrap().expose(), key);
    }

    #[test]
    fn characters_without_a_width_are_no_part_of_a_key() {
        let key = sample();
        for c in ['\u{feff}', '\u{200b}', '\u{2060}', '\u{ad}', '\u{202c}'] {
            let pasted = format!("{c}{}{c}{}{c}", &key[..70], &key[70..]);
            assert_eq!(ApiKey::parse(&pasted).unwrap().expose(), key, "{c:?}");
        }
    }

    #[test]
    fn other_kinds_of_keys_are_named() {
        let cases = [
            ("", NotAnApiKey::Empty),
            (" \n", NotAnApiKey::Empty),
            ("mabcdefghijklmnopqrstuvwxyz01234", NotAnApiKey::AccessKey),
            ("abcdefghijklmnopqrstuvwxyz012345", NotAnApiKey::LegacyKey),
            ("eyJhbGciOi.eyJzdWIi.c2ln", NotAnApiKey::SessionToken),
            ("0a0a.9f9f", NotAnApiKey::Length { found: 9 }),
            ("0a0a", NotAnApiKey::Length { found: 4 }),
            ("hello world", NotAnApiKey::Shape),
            (&sample().to_uppercase(), NotAnApiKey::Shape),
        ];
        for (text, expected) in cases {
            assert_eq!(ApiKey::parse(text).unwrap_err(), expected, "{text:?}");
        }
    }

    #[test]
    fn debug_output_and_error_texts_hold_no_key() {
        let key = ApiKey::parse(&sample()).unwrap();
        assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
        assert_eq!(key.masked(), "••••9f9f");
        let cut = &sample()[..100];
        assert!(!ApiKey::parse(cut).unwrap_err().to_string().contains("0a0a"));
    }
}
