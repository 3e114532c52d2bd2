//! What a model service answered, read tolerantly: JSON if possible, and the raw bytes always.

use std::borrow::Cow;

use hyper::body::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, Visitor};
use serde_json::Value;

use super::failure::FailureKind;
use crate::text;

/// More of a body than this is not read.
pub const MAX_BODY: usize = 8 * 1024 * 1024;
/// The documented text of a refused call (DOCS, ml-generating-model-api-key), as far as it is
/// looked for: the wording around it and the status are not known.
const NOT_AUTHORIZED: &[u8] = b"not authorized";
/// The documented name of the error when no replica is free (DOCS, ml-calling-a-model).
const BUSY: &[u8] = b"model.busy";
/// What a caller reads when the function ended its replica (DOCS, cdsw-models-debug-deployed); the
/// status is not known.
const SHUTDOWN: &[u8] = b"model shutdown";
/// No message of an error is longer than this on a screen.
const MAX_MESSAGE: usize = 300;

/// An answer with whatever status.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case, in the order of the answer; the values of cookies are left out.
    pub headers: Vec<(String, String)>,
    /// The first 8 MiB.
    pub body: Bytes,
    /// Of the whole body, in bytes.
    pub size: u64,
    /// The member `success`. Some failures come with status 200 and `false` here.
    pub success: Option<bool>,
    /// The replica that answered; lacks in some answers (OBSERVED).
    pub replica_id: Option<String>,
    /// What the function returned.
    pub response: Option<Value>,
    /// The body is longer than what was read of it.
    pub truncated: bool,
    pub kind: BodyKind,
}

/// What a body looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    Empty,
    /// A JSON object with `success` or `response`, as a model service sends it.
    Object,
    /// Other JSON: somebody else's, whatever its status.
    Json,
    Html,
    Text,
}

impl Answer {
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Bytes, size: u64, truncated: bool) -> Self {
        let kind = body_kind(&body, headers.iter().any(|(n, v)| n == "content-type" && is_html_type(v)));
        let mut answer = Self {
            status,
            headers,
            body,
            size,
            success: None,
            replica_id: None,
            response: None,
            truncated,
            kind,
        };
        if let Some(Value::Object(mut members)) = answer.json() {
            answer.success = members.get("success").and_then(|value| match value {
                Value::String(text) => said(text),
                other => other.as_bool(),
            });
            answer.replica_id = members.get("ReplicaID").and_then(Value::as_str).map(str::to_owned);
            answer.response = members.remove("response");
            answer.kind = object_kind(answer.success, answer.response.is_some());
        }
        answer
    }

    /// What kind of failure this is; `None` for success.
    pub fn failure(&self) -> Option<FailureKind> {
        judge(self.status, self.success, self.kind, &self.body)
    }

    /// The whole body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        matches!(self.kind, BodyKind::Object | BodyKind::Json)
            .then(|| serde_json::from_slice(&self.body).ok())
            .flatten()
    }

    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// What the answer itself says about its failure, cleaned and cut for a screen. The place is
    /// not specified: `errors` and `error` (text, or an object with `message` or with the text
    /// itself as a member) and `message` were all seen to be read by clients (OBSERVED).
    pub fn message(&self) -> Option<String> {
        let text = match self.json() {
            Some(Value::Object(members)) => {
                ["errors", "error", "message"]
                    .iter()
                    .find_map(|name| words_of(members.get(*name)?, 0))
                    .or_else(|| {
                        // The documented refusal reads like one member of an object.
                        members
                            .iter()
                            .find(|(name, _)| contains(name.as_bytes(), NOT_AUTHORIZED))
                            .map(|(name, value)| format!("{name}: {}", value.as_str().unwrap_or_default()))
                    })
            }
            Some(value) => words_of(&value, 0),
            None if self.kind == BodyKind::Text => Some(String::from_utf8_lossy(&self.body).into_owned()),
            None => None,
        }?;
        let cleaned = text::clean(text.trim()).into_owned();
        (!cleaned.is_empty()).then(|| text::truncate(&cleaned, MAX_MESSAGE).into_owned())
    }
}

fn words_of(value: &Value, depth: usize) -> Option<String> {
    let some = |text: String| (!text.trim().is_empty()).then_some(text);
    if depth > 3 {
        return None;
    }
    match value {
        Value::String(text) => some(text.clone()),
        Value::Array(items) => {
            some(items.iter().filter_map(|item| words_of(item, depth + 1)).collect::<Vec<_>>().join("; "))
        }
        Value::Object(members) => {
            members.get("message").and_then(|message| words_of(message, depth + 1)).or_else(|| {
                let pairs = members.iter().filter_map(|(name, member)| {
                    words_of(member, depth + 1).map(|words| format!("{name}: {words}"))
                });
                some(pairs.collect::<Vec<_>>().join("; "))
            })
        }
        _ => None,
    }
}

/// A truth value in quotes, as a gateway may write it: a `"false"` must not pass for success.
fn said(text: &str) -> Option<bool> {
    text.parse().ok()
}

/// The few members that a run looks at, read without allocating.
pub(crate) struct Brief<'a> {
    pub success: Option<bool>,
    pub replica_id: Option<Cow<'a, str>>,
    pub kind: BodyKind,
}

impl<'a> Brief<'a> {
    pub fn read(body: &'a [u8]) -> Self {
        #[derive(Deserialize)]
        struct Members<'a> {
            #[serde(default)]
            success: Lenient<'a>,
            #[serde(default, borrow, rename = "ReplicaID")]
            replica_id: Lenient<'a>,
            #[serde(default, deserialize_with = "present")]
            response: bool,
        }
        fn present<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
            IgnoredAny::deserialize(value).map(|_| true)
        }
        match serde_json::from_slice::<Members<'a>>(body) {
            // An array would do for these members too, by their places.
            Ok(members) if body.trim_ascii_start().first() == Some(&b'{') => {
                let success = match members.success {
                    Lenient::Bool(value) => Some(value),
                    Lenient::Text(text) => said(&text),
                    Lenient::Else => None,
                };
                let replica_id = match members.replica_id {
                    Lenient::Text(text) => Some(text),
                    _ => None,
                };
                Self { success, replica_id, kind: object_kind(success, members.response) }
            }
            _ => Self { success: None, replica_id: None, kind: body_kind(body, false) },
        }
    }
}

/// A truth value or a text; whatever else stands there is passed over.
#[derive(Default)]
enum Lenient<'a> {
    Bool(bool),
    Text(Cow<'a, str>),
    #[default]
    Else,
}

impl<'de: 'a, 'a> Deserialize<'de> for Lenient<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Lenient<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("any value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Lenient::Bool(value))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Lenient::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Lenient::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Lenient::Else)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Lenient::Else)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Lenient::Else)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Lenient::Else)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Lenient::Else)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Lenient::Else)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// What kind of failure an answer is; `None` for success. The status decides first, then
/// `success`, then the two documented words, because the real statuses of most refusals are
/// not documented.
pub(crate) fn judge(status: u16, success: Option<bool>, kind: BodyKind, body: &[u8]) -> Option<FailureKind> {
    let head = &body[..body.len().min(64 * 1024)];
    let page = kind == BodyKind::Html;
    Some(match status {
        200..300 if success != Some(false) => match kind {
            BodyKind::Object => return None,
            BodyKind::Html => FailureKind::NotAModelService,
            _ => FailureKind::BadAnswer,
        },
        300..400 => FailureKind::NotAModelService,
        429 => FailureKind::Busy,
        _ if !page && contains(head, BUSY) => FailureKind::Busy,
        // An ingress answers its own troubles with a page (INFERRED): the service is there, but
        // not well. A page with any other status comes from somebody else.
        500..600 if page => FailureKind::ServerError,
        _ if page && status != 413 => FailureKind::NotAModelService,
        401 | 403 => FailureKind::NotAuthorized,
        _ if contains(head, NOT_AUTHORIZED) => FailureKind::NotAuthorized,
        _ if contains(head, SHUTDOWN) => FailureKind::ModelFailed,
        404 => FailureKind::NotFound,
        413 => FailureKind::TooLarge,
        200..300 | 400 if success == Some(false) => FailureKind::ModelFailed,
        500..600 => FailureKind::ServerError,
        _ => FailureKind::Refused,
    })
}

/// An object that tells neither is another service's, which answers everything with 200.
fn object_kind(success: Option<bool>, has_response: bool) -> BodyKind {
    if success.is_some() || has_response { BodyKind::Object } else { BodyKind::Json }
}

fn body_kind(body: &[u8], html_type: bool) -> BodyKind {
    let trimmed = body.trim_ascii_start();
    match trimmed.first() {
        None => BodyKind::Empty,
        Some(b'{') if serde_json::from_slice::<IgnoredAny>(trimmed).is_ok() => BodyKind::Object,
        Some(b'<') => BodyKind::Html,
        _ if html_type => BodyKind::Html,
        _ if serde_json::from_slice::<IgnoredAny>(trimmed).is_ok() => BodyKind::Json,
        _ => BodyKind::Text,
    }
}

fn is_html_type(value: &str) -> bool {
    value.trim_start().get(..9).is_some_and(|start| start.eq_ignore_ascii_case("text/html"))
}

/// Whether `body` holds `words` (lower case), whatever its case.
fn contains(body: &[u8], words: &[u8]) -> bool {
    body.windows(words.len()).any(|window| window.eq_ignore_ascii_case(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> Answer {
        Answer::new(status, Vec::new(), Bytes::from_static(body.as_bytes()), body.len() as u64, false)
    }

    #[test]
    fn a_failure_in_quotes_is_a_failure() {
        for (word, success) in [("\"false\"", Some(false)), ("\"true\"", Some(true)), ("\"x\"", None)] {
            let body = format!(r#"{{"success":{word},"response":1}}"#);
            assert_eq!(Brief::read(body.as_bytes()).success, success);
            let size = body.len() as u64;
            assert_eq!(Answer::new(200, Vec::new(), body.into(), size, false).success, success);
        }
    }

    #[test]
    fn failures_are_judged_by_status_then_success_then_words() {
        use FailureKind::*;
        let refused = "{\"success\":false,\"errors\":{\"User APikey not authorized to access model\":\"Check APIKEY permissions or model authentication permissions\"}}";
        let cases = [
            (200, "{\"success\":true,\"response\":8,\"ReplicaID\":\"add-1\"}", None),
            (200, "{\"response\":8}", None),
            (200, "{\"success\":false}", Some(ModelFailed)),
            (200, refused, Some(NotAuthorized)),
            (200, "<html>sign in</html>", Some(NotAModelService)),
            (200, "[1]", Some(BadAnswer)),
            (200, "{\"valid\":\"yes\",\"username\":5}", Some(BadAnswer)),
            (200, "{\"response\":null}", None),
            (200, "{\"success\":true}", None),
            (200, "", Some(BadAnswer)),
            (302, "", Some(NotAModelService)),
            (400, "{\"success\":false,\"StatusCode\":400}", Some(ModelFailed)),
            (400, refused, Some(NotAuthorized)),
            (400, "{\"message\":\"bad\"}", Some(Refused)),
            (401, "", Some(NotAuthorized)),
            (403, "{}", Some(NotAuthorized)),
            (403, "<html>blocked</html>", Some(NotAModelService)),
            (404, "{}", Some(NotFound)),
            (413, "<html>too large</html>", Some(TooLarge)),
            (429, "{}", Some(Busy)),
            (503, "{\"error\":\"model.busy\"}", Some(Busy)),
            (502, "<html>Bad gateway</html>", Some(ServerError)),
            (500, "{}", Some(ServerError)),
            (500, "{\"error\":\"unexpected model shutdown\"}", Some(ModelFailed)),
        ];
        for (status, body, expected) in cases {
            assert_eq!(answer(status, body).failure(), expected, "{status} {body}");
            let brief = Brief::read(body.as_bytes());
            let judged = judge(status, brief.success, brief.kind, body.as_bytes());
            assert_eq!(judged, expected, "in a run: {status} {body}");
        }
    }

    #[test]
    fn the_message_is_found_wherever_it_stands() {
        let cases = [
            ("{\"errors\":\"a\"}", Some("a")),
            ("{\"errors\":[\"a\",{\"message\":\"b\"}]}", Some("a; b")),
            ("{\"error\":{\"message\":\"m\"}}", Some("m")),
            ("{\"errors\":{\"User not authorized\":\"Check\"}}", Some("User not authorized: Check")),
            ("{\"User APikey not authorized\":\"Check\"}", Some("User APikey not authorized: Check")),
            ("{\"message\":\"x\\u001b[2Jy\"}", Some("x\u{fffd}[2Jy")),
            ("{\"success\":false,\"StatusCode\":400}", None),
            ("plain", Some("plain")),
            ("<html>no</html>", None),
        ];
        for (body, expected) in cases {
            assert_eq!(answer(400, body).message().as_deref(), expected, "{body}");
        }
    }

    proptest::proptest! {
        /// The quick reading of runs and the full one of single calls agree, whatever comes.
        #[test]
        fn both_readings_of_any_body_agree(status in 100_u16..600, body in "[\\{\\}\\[\\]\":,a-z0-9<> ]{0,40}|\\{\"success\":(true|false|1|null),\"ReplicaID\":(\"a\"|null|[0-9]|\\{\\})\\}") {
            let size = body.len() as u64;
            let full = Answer::new(status, Vec::new(), Bytes::from(body.clone()), size, false);
            let brief = Brief::read(body.as_bytes());
            proptest::prop_assert_eq!(brief.success, full.success);
            proptest::prop_assert_eq!(brief.replica_id.as_deref(), full.replica_id.as_deref());
            proptest::prop_assert_eq!(brief.kind, full.kind);
            proptest::prop_assert_eq!(judge(status, brief.success, brief.kind, body.as_bytes()), full.failure());
            full.message();
        }
    }

    #[test]
    fn members_of_other_types_and_escaped_names_do_no_harm() {
        let brief =
            Brief::read(b"{\"success\":\"yes\",\"ReplicaID\":\"a\\u002db\",\"response\":{\"x\":[1]}}");
        assert_eq!((brief.success, brief.replica_id.as_deref()), (None, Some("a-b")));
        let brief = Brief::read(b"{\"success\":[1],\"ReplicaID\":{\"a\":null}}");
        assert_eq!((brief.success, brief.replica_id.as_deref(), brief.kind), (None, None, BodyKind::Json));
    }
}
