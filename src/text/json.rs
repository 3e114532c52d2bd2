//! JSON as text: parsed strictly, written without losing a digit.
//!
//! A model's number may have more digits than any number type here, so its answer is kept as text
//! ([`Json`]) and formatted as text ([`pretty`]), never via numbers. Output for programs sometimes
//! ends up in a terminal, so [`escaped`] writes invisible characters as `\u`.

use std::borrow::Cow;
use std::fmt;

use serde::de::IgnoredAny;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::clean::is_invisible;

/// Deepest accepted nesting: recursive readers need a bound, and it must be the same one
/// everywhere.
pub const MAX_DEPTH: usize = 128;

/// Valid JSON exactly as received: numbers keep their digits, members their order.
#[derive(Clone)]
pub struct Json(Box<RawValue>);

/// Why bytes are not JSON, with line and column if known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotJson {
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("it begins with a byte order mark")]
    ByteOrderMark,
    #[error("it is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    #[error("a \\u escape is one half of a character")]
    LoneSurrogate,
    #[error("{0}")]
    Syntax(String),
}

impl Json {
    /// Parses one JSON text and nothing after it.
    ///
    /// # Errors
    /// [`NotJson`], for everything that RFC 8259 does not allow, unpaired surrogates, and more than
    /// [`MAX_DEPTH`] levels.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotJson> {
        let text = valid(bytes)?;
        RawValue::from_string(text.trim_ascii().to_owned()).map(Self).map_err(syntax)
    }

    /// The text as received, without the whitespace around it.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl From<&RawValue> for Json {
    fn from(value: &RawValue) -> Self {
        Self(value.to_owned())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Json {}

impl Serialize for Json {
    /// Unchanged, with the serializers of `serde_json`; [`document`] formats it with the rest.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The text of `bytes` if they are one valid JSON text; see [`Json::parse`].
///
/// # Errors
/// [`NotJson`].
pub fn valid(bytes: &[u8]) -> Result<&str, NotJson> {
    let text = std::str::from_utf8(bytes).map_err(|_| NotJson::NotUtf8)?;
    if text.starts_with('\u{feff}') {
        return Err(NotJson::ByteOrderMark);
    }
    // The grammar, with numbers of any size. It checks neither depth nor surrogates.
    serde_json::from_str::<IgnoredAny>(text).map_err(syntax)?;
    check_depth_and_surrogates(text)?;
    Ok(text)
}

fn syntax(error: serde_json::Error) -> NotJson {
    NotJson::Syntax(error.to_string())
}

/// Checks what the grammar leaves open, in a text that follows it.
fn check_depth_and_surrogates(text: &str) -> Result<(), NotJson> {
    let mut depth = 0_usize;
    for token in tokens(text) {
        match token.as_bytes()[0] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' if !surrogates_pair(token) => return Err(NotJson::LoneSurrogate),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(NotJson::TooDeep);
        }
    }
    Ok(())
}

/// Whether every surrogate `\u` escape of a string is part of a pair.
fn surrogates_pair(string: &str) -> bool {
    let mut rest = string;
    let mut awaited = false;
    while let Some(at) = rest.find('\\') {
        let escape = &rest[at + 1..];
        let code = escape.strip_prefix('u').and_then(|hex| u16::from_str_radix(hex.get(..4)?, 16).ok());
        let is_low = matches!(code, Some(0xdc00..=0xdfff));
        // The other half must follow at once.
        if awaited != (is_low && (!awaited || at == 0)) {
            return false;
        }
        awaited = matches!(code, Some(0xd800..=0xdbff));
        rest = &escape[if code.is_some() { 5 } else { 1 }..];
    }
    !awaited
}

/// The tokens of valid JSON: brackets, `,`, `:`, and whole scalars. For invalid JSON, the pieces
/// still add up to the text without its whitespace.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        let bytes = rest.as_bytes();
        let end = match bytes.first()? {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            b'"' => string_end(bytes),
            _ => {
                let ends = |b: &u8| {
                    matches!(b, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"') || b.is_ascii_whitespace()
                };
                bytes.iter().position(ends).unwrap_or(bytes.len())
            }
        };
        let (token, behind) = rest.split_at(end);
        rest = behind;
        Some(token)
    })
}

/// The length of the string at the front of `bytes`, including its quotes.
fn string_end(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Options of [`laid_out`].
#[derive(Debug, Clone, Copy, Default)]
struct Layout {
    /// Deeper values are replaced by their size.
    deepest: Option<usize>,
    /// Further items of a list are replaced by their number.
    items: Option<usize>,
}

/// `json` over several lines, indented by two spaces per level, tokens unchanged.
pub fn pretty(json: &str) -> String {
    laid_out(json, Layout::default())
}

/// `json` on one line, without spaces between its tokens.
pub fn compact(json: &str) -> String {
    tokens(json).collect()
}

/// Like [`pretty`], but on one line if it is a scalar or an object of scalars with no more than
/// `short` characters: `{"a": 3, "b": 5}`.
pub fn pretty_or_short(json: &str, short: usize) -> String {
    let mut flat = String::new();
    for (at, token) in tokens(json).enumerate() {
        match token {
            "," | ":" => flat.extend([token, " "]),
            "[" => return pretty(json),
            "{" if at > 0 => return pretty(json),
            _ => flat.push_str(token),
        }
        if flat.len() > 4 * short {
            break;
        }
    }
    if flat.chars().count() > short { pretty(json) } else { flat }
}

/// Like [`pretty`], but values deeper than `deepest` levels, and list items after the first
/// `items`, are replaced by their size.
pub fn outline(json: &str, deepest: usize, items: usize) -> String {
    laid_out(json, Layout { deepest: Some(deepest), items: Some(items) })
}

/// The start of `json` on one line, about `length` characters.
pub fn beginning(json: &str, length: usize) -> String {
    let mut out = String::new();
    for token in tokens(json) {
        out.extend(token.chars().take(length));
        if out.chars().count() >= length {
            break;
        }
    }
    out
}

fn laid_out(json: &str, layout: Layout) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut tokens = tokens(json).peekable();
    // One entry per level: whether it is a list, and its number of elements so far.
    let mut levels: Vec<(bool, usize)> = Vec::new();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        (0..depth).for_each(|_| out.push_str("  "));
    };
    while let Some(token) = tokens.next() {
        match token {
            "{" | "[" => {
                let closing = if token == "{" { "}" } else { "]" };
                if tokens.next_if_eq(&closing).is_some() {
                    out.extend([token, closing]);
                } else if layout.deepest.is_some_and(|deepest| levels.len() >= deepest) {
                    let inside = skip_level(&mut tokens);
                    let (one, many) = if token == "{" { ("member", "members") } else { ("item", "items") };
                    out.push_str(&format!("\"… {}\"", super::count(inside, one, many)));
                } else {
                    out.push_str(token);
                    levels.push((token == "[", 1));
                    line(&mut out, levels.len());
                }
            }
            "}" | "]" => {
                levels.pop();
                line(&mut out, levels.len());
                out.push_str(token);
            }
            "," => {
                let depth = levels.len();
                out.push(',');
                line(&mut out, depth);
                let Some((is_list, elements)) = levels.last_mut() else { continue };
                if *is_list && layout.items.is_some_and(|items| *elements >= items) {
                    let more = skip_level(&mut tokens);
                    out.push_str(&format!("\"… {} more\"", super::count(more, "item", "items")));
                    levels.pop();
                    line(&mut out, levels.len());
                    out.push(']');
                } else {
                    *elements += 1;
                }
            }
            ":" => out.push_str(": "),
            scalar => out.push_str(scalar),
        }
    }
    out
}

/// Skips the rest of the current level, including its end; returns its number of elements.
fn skip_level<'a>(tokens: &mut impl Iterator<Item = &'a str>) -> usize {
    let (mut depth, mut elements) = (0_usize, 1);
    for token in tokens {
        match token {
            "{" | "[" => depth += 1,
            "}" | "]" if depth == 0 => break,
            "}" | "]" => depth -= 1,
            "," if depth == 0 => elements += 1,
            _ => {}
        }
    }
    elements
}

/// JSON with every control and invisible character written as `\u`: the same to a program, and
/// harmless in a terminal.
pub fn escaped(json: &str) -> Cow<'_, str> {
    // In valid JSON such a character is in a string, or is whitespace between tokens.
    let acts = |c: char| c == '\u{7f}' || (!c.is_ascii() && is_invisible(c));
    if !json.chars().any(acts) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if acts(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// One JSON document for programs, over several lines: digits as received, nothing in it that acts
/// on a terminal.
///
/// # Errors
/// If `value` cannot be written as JSON.
pub fn document(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(escaped(&pretty(&serde_json::to_string(value)?)).into_owned())
}

/// Like [`document`], on one line.
///
/// # Errors
/// As [`document`].
pub fn line(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let written = serde_json::to_string(value)?;
    // A value that is kept as received may have line breaks between its tokens.
    let one_line = if written.contains(['\n', '\r']) { compact(&written) } else { written };
    Ok(escaped(&one_line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_json_is_read_whatever_its_numbers_and_other_things_are_not() {
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        for text in [
            "1e999",
            "-0.0",
            "12345678901234567890123",
            " [1] \n",
            r#""\ud83d\ude00\n""#,
            r#""\\ud83d""#,
            &deep(128),
        ] {
            assert_eq!(
                Json::parse(text.as_bytes()).map(|json| json.as_str().to_owned()).as_deref(),
                Ok(text.trim())
            );
        }
        for (bytes, expected) in [
            (&b"\"\xe9\""[..], NotJson::NotUtf8),
            (b"\xef\xbb\xbf{}", NotJson::ByteOrderMark),
            (deep(129).as_bytes(), NotJson::TooDeep),
            (br#""\ud83d""#, NotJson::LoneSurrogate),
            (br#""\ude00""#, NotJson::LoneSurrogate),
            (br#""\ud83d \ude00""#, NotJson::LoneSurrogate),
            (br#""\ud83d\n\ude00""#, NotJson::LoneSurrogate),
            (br#""\ud83d\ud83d\ude00""#, NotJson::LoneSurrogate),
            (br#"{"\ud83d":1}"#, NotJson::LoneSurrogate),
        ] {
            assert_eq!(Json::parse(bytes), Err(expected), "{}", String::from_utf8_lossy(bytes));
        }
        for text in
            ["", "NaN", "Infinity", "01", "1.", "[1,]", "{} {}", "'a'", "{a:1}", "\"\t\"", "nul", "[1] x"]
        {
            assert!(matches!(Json::parse(text.as_bytes()), Err(NotJson::Syntax(_))), "{text}");
        }
    }

    #[test]
    fn the_layout_keeps_every_token() {
        let text =
            r#"{"a":[1.50,{"b":12345678901234567890123}],"c":{},"d":[],"e":"x\u0041, {y}: \"","f":1e999}"#;
        let expected = "{\n  \"a\": [\n    1.50,\n    {\n      \"b\": 12345678901234567890123\n    }\n  ],\n  \"c\": {},\n  \"d\": [],\n  \"e\": \"x\\u0041, {y}: \\\"\",\n  \"f\": 1e999\n}";
        assert_eq!(pretty(text), expected);
        assert_eq!(pretty(expected), expected);
        assert_eq!(
            pretty_or_short("{\"a\":3,\n\"b\":9007199254740993.5}", 40),
            "{\"a\": 3, \"b\": 9007199254740993.5}"
        );
        assert_eq!(pretty_or_short("{\"a\":[]}", 40), "{\n  \"a\": []\n}");
        assert_eq!(pretty_or_short("{}", 40), "{}");
    }

    #[test]
    fn an_outline_says_how_much_is_left_out() {
        let text = r#"{"a":{"b":{"c":1,"d":[2]},"e":[[1,2],[]]},"f":[1,2,3,[4],{"g":5}]}"#;
        assert_eq!(
            outline(text, 2, 3),
            "{\n  \"a\": {\n    \"b\": \"… 2 members\",\n    \"e\": \"… 2 items\"\n  },\n  \"f\": [\n    1,\n    2,\n    3,\n    \"… 2 items more\"\n  ]\n}"
        );
    }

    #[test]
    fn a_document_does_nothing_in_a_terminal_and_means_the_same() {
        let value = serde_json::json!({"a\u{202e}": "\u{7f}\u{9b}31m\u{200b}\u{e0041}é日", "b": "\u{1b}"});
        for written in [document(&value).unwrap(), line(&value).unwrap()] {
            assert!(
                written.contains(r"\u007f\u009b31m\u200b\udb40\udc41é日") && written.contains(r"\u001b"),
                "{written}"
            );
            assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value);
        }
        let kept = Json::parse(b"{\"n\":\n 12345678901234567890123}").unwrap();
        assert_eq!(line(&kept).unwrap(), "{\"n\":12345678901234567890123}");
        assert_eq!(document(&kept).unwrap(), "{\n  \"n\": 12345678901234567890123\n}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_layout_panic_or_lose_anything(text in "[\\[\\]{}:,\"\\\\a1 \u{2028}]{0,40}") {
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let laid_out = pretty(&text);
            proptest::prop_assert_eq!(bare(&laid_out), bare(&text));
            let _ = (outline(&text, 1, 1), beginning(&text, 9), pretty_or_short(&text, 10), escaped(&text), Json::parse(text.as_bytes()));
        }

        #[test]
        fn the_layout_is_that_of_serde(value in proptest::collection::vec((".{0,6}", -1000_i64..1000), 0..5)) {
            let value = serde_json::json!({"a": value, "b": {"c": [[], {}]}});
            proptest::prop_assert_eq!(pretty(&value.to_string()), serde_json::to_string_pretty(&value).unwrap());
        }
    }
}
