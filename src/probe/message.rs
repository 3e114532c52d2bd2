//! Finds an answer's error message, wherever it is.
//!
//! Its location is not specified: clients were seen to read `errors` (a map label → text, OBSERVED
//! NB), `error` (text, or an object with `message` or with the text itself as a member) and
//! `message` (OBSERVED).

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::text::{self, Members};

/// Longest error message on a screen.
const LONGEST: usize = 300;
/// Deepest nesting at which a message is searched for.
const DEEPEST: usize = 3;

/// The message in `json`, or else in `plain`, cleaned and truncated for a screen.
pub(super) fn of<'a>(json: Option<&str>, plain: impl FnOnce() -> Option<Cow<'a, str>>) -> Option<String> {
    let found = match json {
        Some(json) => of_json(json)?,
        None => plain()?.into_owned(),
    };
    let cleaned = text::clean(found.trim()).into_owned();
    (!cleaned.is_empty()).then(|| text::truncate(&cleaned, LONGEST).into_owned())
}

fn of_json(json: &str) -> Option<String> {
    let whole: &RawValue = serde_json::from_str(json).ok()?;
    let Ok(members) = serde_json::from_str::<Members<'_>>(json) else { return texts(whole, 0) };
    let named = ["errors", "error", "message"].iter().find_map(|name| texts(members.get(name)?, 0));
    named.or_else(|| {
        // The documented refusal reads like one member of an object.
        let documented = |(name, value): &(String, &RawValue)| {
            let text = || serde_json::from_str::<String>(value.get()).unwrap_or_default();
            name.to_lowercase().contains("not authorized").then(|| format!("{name}: {}", text()))
        };
        members.0.iter().find_map(documented)
    })
}

/// The texts in `value`, each with its label.
fn texts(value: &RawValue, depth: usize) -> Option<String> {
    let some = |text: String| (!text.trim().is_empty()).then_some(text);
    if depth > DEEPEST {
        return None;
    }
    match value.get().as_bytes().first()? {
        b'"' => some(serde_json::from_str(value.get()).ok()?),
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
            some(items.into_iter().filter_map(|item| texts(item, depth + 1)).collect::<Vec<_>>().join("; "))
        }
        b'{' => {
            let members: Members<'_> = serde_json::from_str(value.get()).ok()?;
            members.get("message").and_then(|message| texts(message, depth + 1)).or_else(|| {
                let labelled = |(name, value): &(String, &RawValue)| {
                    Some(format!("{name}: {}", texts(value, depth + 1)?))
                };
                some(members.0.iter().filter_map(labelled).collect::<Vec<_>>().join("; "))
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_found_wherever_it_stands() {
        let cases = [
            ("{\"errors\":\"a\"}", Some("a")),
            ("{\"errors\":[\"a\",{\"message\":\"b\"}]}", Some("a; b")),
            ("{\"error\":{\"message\":\"m\"}}", Some("m")),
            ("{\"errors\":{\"User not authorized\":\"Check\"}}", Some("User not authorized: Check")),
            ("{\"errors\":{\"n\":1e999,\"a\":\"b\"}}", Some("a: b")),
            ("{\"User APikey not authorized\":\"Check\"}", Some("User APikey not authorized: Check")),
            ("{\"message\":\"x\\u001b[2Jy\"}", Some("x\u{fffd}[2Jy")),
            ("[\"a\"]", Some("a")),
            ("{\"success\":false,\"StatusCode\":400}", None),
        ];
        for (json, expected) in cases {
            assert_eq!(of(Some(json), || None).as_deref(), expected, "{json}");
        }
        assert_eq!(of(None, || Some("plain".into())).as_deref(), Some("plain"));
        assert_eq!(of(None, || Some("x".repeat(1000).into())).map(|text| text::width(&text)), Some(LONGEST));
    }
}
