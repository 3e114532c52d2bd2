//! Parses a model service's answer, once, into one verdict.
//!
//! A single call, a run, the proof of a rotation and a diagnosis all use [`Reading`], so that none
//! of them counts as success what another counts as a failure.

use std::borrow::Cow;
use std::fmt;

use hyper::body::Bytes;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::failure::FailureKind;
use super::message;
use crate::text::json::{self, Json};

/// The rest of a longer body is not read.
pub const MAX_BODY: usize = 8 * 1024 * 1024;
/// The part of the documented refusal (DOCS, ml-generating-model-api-key) that is searched for: the
/// text around it and the status are not known.
const NOT_AUTHORIZED: &[u8] = b"not authorized";
/// API v2 answers a bearer value that is not a key with 500 (OBSERVED, GOES) or 401 (OBSERVED, AGS)
/// and this text; that the model service does the same is INFERRED.
const MALFORMED_KEY: &[u8] = b"malformed apikey";
/// The documented name of the error when no replica is free (DOCS, ml-calling-a-model).
const BUSY: &[u8] = b"model.busy";
/// The answer if the function ended its replica (DOCS, cdsw-models-debug-deployed); the status is
/// not known.
const SHUTDOWN: &[u8] = b"model shutdown";
/// A call that took longer than the service allows is 500 with this text (OBSERVED, NB).
pub(super) const DEADLINE: &[u8] = b"context deadline exceeded";
/// With 503, a model that is starting or stopped. Status and text are those of the embedded workbench
/// (INFERRED); what a real one answers is not known, and is found out by asking for the deployment.
pub(super) const NOT_DEPLOYED: &[u8] = b"not deployed";
/// How far into a body the texts above are searched for.
const HEAD: usize = 64 * 1024;

/// An answer with any status.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case, in the order of the answer; without the values of cookies.
    pub headers: Vec<(String, String)>,
    /// The first 8 MiB.
    pub body: Bytes,
    /// Size of the whole body, in bytes.
    pub size: u64,
    /// The member `success`. Some failures come with status 200 and `false` here, others without
    /// the member and with `errors` instead (OBSERVED as depended on, FT Studio).
    pub success: Option<bool>,
    /// The replica that answered; missing in some answers (OBSERVED).
    pub replica_id: Option<String>,
    /// What the function returned, with all its digits.
    pub response: Option<Json>,
    /// The body is longer than what was read of it.
    pub truncated: bool,
    pub kind: BodyKind,
    failure: Option<FailureKind>,
}

/// The kind of body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    Empty,
    /// A JSON object with `success`, `response` or `errors`, as a model service sends it.
    Object,
    /// Other JSON, from another service, whatever its status.
    Json,
    Html,
    /// Anything else, including almost-JSON.
    Text,
}

impl Answer {
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Bytes, size: u64, truncated: bool) -> Self {
        let html_type = headers.iter().any(|(name, value)| is_html_header(name, value.as_bytes()));
        let reading = Reading::of(&body, html_type, truncated);
        let (success, kind, failure) = (reading.success, reading.kind, reading.failure(status));
        let replica_id = reading.replica_id.map(Cow::into_owned);
        let response = reading.response.map(Json::from);
        Self { status, headers, body, size, success, replica_id, response, truncated, kind, failure }
    }

    /// What kind of failure this is; `None` for success.
    pub fn failure(&self) -> Option<FailureKind> {
        self.failure
    }

    /// The whole body as received, if it is JSON.
    pub fn json(&self) -> Option<&str> {
        let is_json = !self.truncated && matches!(self.kind, BodyKind::Object | BodyKind::Json);
        is_json.then(|| std::str::from_utf8(&self.body).ok()).flatten()
    }

    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// What the answer says about its own failure, cleaned and truncated for a screen.
    pub fn message(&self) -> Option<String> {
        let plain = || (self.kind == BodyKind::Text).then(|| String::from_utf8_lossy(&self.body));
        message::of(self.json(), plain)
    }

    /// The call exceeded the service's time limit, and the answer says so.
    pub fn is_service_timeout(&self) -> bool {
        matches!(self.status, 408 | 504) || (self.failure.is_some() && holds(&self.body, DEADLINE))
    }

    /// Frees all but the first `length` bytes of a long body.
    pub fn shorten(&mut self, length: usize) {
        if self.body.len() > length {
            // A slice would keep the whole allocation alive.
            self.body = Bytes::copy_from_slice(&self.body[..length]);
            (self.truncated, self.response) = (true, None);
        }
    }
}

/// The result of parsing a body. Borrows from the body, because a run makes one per request.
pub struct Reading<'a> {
    pub success: Option<bool>,
    pub replica_id: Option<Cow<'a, str>>,
    pub response: Option<&'a RawValue>,
    pub kind: BodyKind,
    has_errors: bool,
    body: &'a [u8],
}

impl<'a> Reading<'a> {
    /// Parses `body`. `html_type`: its header says that it is HTML; `truncated`: the rest is
    /// missing, so nothing in it can be relied on.
    ///
    /// JSON is what RFC 8259 allows, with numbers of any size. Unpaired surrogates, more than 128
    /// levels and a second top-level `success` are rejected: two readers may understand such a body
    /// differently.
    pub fn of(body: &'a [u8], html_type: bool, truncated: bool) -> Self {
        let start = body.trim_ascii_start().first();
        let valid = if truncated { None } else { json::valid(body).ok() };
        let members = match (start, valid) {
            (Some(b'{'), Some(text)) => serde_json::from_str::<Members<'a>>(text).ok(),
            _ => None,
        };
        let none = Self {
            success: None,
            replica_id: None,
            response: None,
            kind: BodyKind::Text,
            has_errors: false,
            body,
        };
        let Some(members) = members else {
            let kind = match (start, valid) {
                (None, _) => BodyKind::Empty,
                (Some(b'<'), _) => BodyKind::Html,
                // An object can only fail here because it has `success` twice.
                (Some(start), Some(_)) if *start != b'{' && !html_type => BodyKind::Json,
                _ if html_type => BodyKind::Html,
                _ => BodyKind::Text,
            };
            return Self { kind, ..none };
        };
        let success = members.success.and_then(truth);
        let replica_id = members.replica_id.and_then(text_of);
        let has_errors =
            members.errors.is_some_and(|errors| !matches!(errors.get(), "null" | "{}" | "[]" | "\"\""));
        // An object with none of these comes from another service, one that answers everything with
        // 200.
        let kind = match success.is_some() || members.response.is_some() || has_errors {
            true => BodyKind::Object,
            false => BodyKind::Json,
        };
        Self { success, replica_id, response: members.response, kind, has_errors, body }
    }

    /// What the answer says about its own failure, cleaned and truncated for a screen.
    pub fn message(&self) -> Option<String> {
        let is_json = matches!(self.kind, BodyKind::Object | BodyKind::Json);
        let json = || std::str::from_utf8(self.body).ok();
        let plain = || (self.kind == BodyKind::Text).then(|| String::from_utf8_lossy(self.body));
        message::of(is_json.then(json).flatten(), plain)
    }

    /// The kind of failure that an answer with this body and `status` is; `None` for success. The
    /// status decides first, then `success` and `errors`, then the known texts, because the real
    /// status of most refusals is not documented.
    pub fn failure(&self, status: u16) -> Option<FailureKind> {
        let says = |text| holds(self.body, text);
        let page = self.kind == BodyKind::Html;
        // The function did not answer (`errors` instead of `success`), or failed.
        let refused = self.success.is_none() && self.has_errors && self.response.is_none();
        let failed = self.success == Some(false) || refused;
        Some(match status {
            200..300 if !failed => match self.kind {
                BodyKind::Object => return None,
                BodyKind::Html => FailureKind::NotAModelService,
                _ => FailureKind::BadAnswer,
            },
            300..400 => FailureKind::NotAModelService,
            429 => FailureKind::Busy,
            _ if !page && says(BUSY) => FailureKind::Busy,
            // An ingress answers its own failures with a page (INFERRED): the service exists but is
            // not well. A page with any other status comes from something else.
            500..600 if page => FailureKind::ServerError,
            _ if page && status != 413 => FailureKind::NotAModelService,
            401 | 403 => FailureKind::NotAuthorized,
            _ if says(NOT_AUTHORIZED) || says(MALFORMED_KEY) => FailureKind::NotAuthorized,
            _ if says(SHUTDOWN) => FailureKind::ModelFailed,
            404 => FailureKind::NotFound,
            413 => FailureKind::TooLarge,
            200..300 | 400 if self.success == Some(false) => FailureKind::ModelFailed,
            200..300 if says(DEADLINE) => FailureKind::ServerError,
            500..600 => FailureKind::ServerError,
            _ => FailureKind::Refused,
        })
    }
}

/// The members of an answer that say how it ended, unparsed. The last duplicate counts, as
/// everywhere, except for `success`.
#[derive(Default)]
struct Members<'a> {
    success: Option<&'a RawValue>,
    replica_id: Option<&'a RawValue>,
    response: Option<&'a RawValue>,
    errors: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Members::default();
                while let Some(name) = map.next_key::<Name>()? {
                    let value: &'de RawValue = map.next_value()?;
                    match name {
                        Name::Success if members.success.is_some() => {
                            return Err(de::Error::duplicate_field("success"));
                        }
                        Name::Success => members.success = Some(value),
                        Name::ReplicaId => members.replica_id = Some(value),
                        Name::Response => members.response = Some(value),
                        Name::Errors => members.errors = Some(value),
                        Name::Other => {}
                    }
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// A member's name, recognised without copying it.
#[derive(Deserialize)]
enum Name {
    #[serde(rename = "success")]
    Success,
    #[serde(rename = "ReplicaID")]
    ReplicaId,
    #[serde(rename = "response")]
    Response,
    #[serde(rename = "errors")]
    Errors,
    #[serde(other)]
    Other,
}

/// A boolean, possibly quoted by a gateway: `"false"` must not count as success.
fn truth(value: &RawValue) -> Option<bool> {
    match value.get() {
        "true" | "\"true\"" => Some(true),
        "false" | "\"false\"" => Some(false),
        _ => None,
    }
}

fn text_of(value: &RawValue) -> Option<Cow<'_, str>> {
    let inside = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if !inside.contains('\\') {
        return Some(Cow::Borrowed(inside));
    }
    serde_json::from_str(value.get()).ok().map(Cow::Owned)
}

/// Whether a header declares the body as HTML.
pub fn is_html_header(name: &str, value: &[u8]) -> bool {
    let start = value.trim_ascii_start().get(..9).unwrap_or_default();
    name.eq_ignore_ascii_case("content-type") && start.eq_ignore_ascii_case(b"text/html")
}

/// Whether `body` contains `text` (lower case) near its start, in any case.
pub(super) fn holds(body: &[u8], text: &[u8]) -> bool {
    body[..body.len().min(HEAD)].windows(text.len()).any(|window| window.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &[u8]) -> Answer {
        Answer::new(status, Vec::new(), Bytes::copy_from_slice(body), body.len() as u64, false)
    }

    #[test]
    fn a_failure_in_quotes_is_a_failure() {
        for (value, success) in [("\"false\"", Some(false)), ("\"true\"", Some(true)), ("\"x\"", None)] {
            let body = format!(r#"{{"success":{value},"response":1}}"#);
            assert_eq!(answer(200, body.as_bytes()).success, success);
        }
    }

    #[test]
    fn failures_are_judged_by_status_then_success_then_words() {
        use FailureKind::*;
        let refused = r#"{"success":false,"errors":{"User APikey not authorized to access model":"Check APIKEY permissions or model authentication permissions"}}"#;
        let newly_refused = r#"{"errors":{"User APikey not authorized to access model":"Check APIKEY permissions or model authentication permissions"}}"#;
        let late = r#"{"errors":{"error while calling model":"context deadline exceeded"}}"#;
        let cases = [
            (200, "{\"success\":true,\"response\":8,\"ReplicaID\":\"add-1\"}", None),
            (200, "{\"response\":8}", None),
            (200, "{\"response\":8,\"errors\":{}}", None),
            (200, "{\"success\":true,\"errors\":{\"a\":\"b\"}}", None),
            (200, "{\"success\":false}", Some(ModelFailed)),
            (200, "{\"errors\":{\"a\":\"b\"}}", Some(Refused)),
            (200, "{\"errors\":null}", Some(BadAnswer)),
            (200, refused, Some(NotAuthorized)),
            (200, newly_refused, Some(NotAuthorized)),
            (200, "<html>sign in</html>", Some(NotAModelService)),
            (200, "[1]", Some(BadAnswer)),
            (200, "{\"valid\":\"yes\",\"username\":5}", Some(BadAnswer)),
            (200, "{\"response\":null}", None),
            (200, "{\"success\":true}", None),
            (200, "", Some(BadAnswer)),
            (302, "", Some(NotAModelService)),
            (400, "{\"success\":false,\"StatusCode\":400}", Some(ModelFailed)),
            (400, refused, Some(NotAuthorized)),
            (400, newly_refused, Some(NotAuthorized)),
            (400, "{\"errors\":{\"a\":\"b\"}}", Some(Refused)),
            (400, "{\"message\":\"bad\"}", Some(Refused)),
            (401, "", Some(NotAuthorized)),
            (403, "{}", Some(NotAuthorized)),
            (403, "<html>blocked</html>", Some(NotAModelService)),
            (404, "{}", Some(NotFound)),
            (413, "<html>too large</html>", Some(TooLarge)),
            (429, "{}", Some(Busy)),
            (503, "{\"error\":\"model.busy\"}", Some(Busy)),
            (503, "{\"errors\":{\"a\":\"b\"},\"error\":{\"code\":\"model.busy\"}}", Some(Busy)),
            (502, "<html>Bad gateway</html>", Some(ServerError)),
            (500, "{}", Some(ServerError)),
            (500, late, Some(ServerError)),
            (500, "{\"errors\":{\"a\":\"malformed apikey\"}}", Some(NotAuthorized)),
            (500, "{\"error\":\"unexpected model shutdown\"}", Some(ModelFailed)),
        ];
        for (status, body, expected) in cases {
            assert_eq!(answer(status, body.as_bytes()).failure(), expected, "{status} {body}");
        }
        assert!(answer(500, late.as_bytes()).is_service_timeout());
        assert!(!answer(200, b"{\"response\":\"context deadline exceeded\"}").is_service_timeout());
    }

    #[test]
    fn valid_json_is_read_and_what_two_readers_may_read_differently_is_not() {
        let nested = |levels: usize| {
            format!("{{\"success\":true,\"response\":{}{}}}", "[".repeat(levels), "]".repeat(levels))
        };
        let passes = [
            r#"{"success":true,"response":1e999}"#.to_owned(),
            r#"{"success":true,"response":12345678901234567890123}"#.to_owned(),
            r#"{"success":true,"response":{"success":false}}"#.to_owned(),
            r#"{"success":true,"response":1,"response":2}"#.to_owned(),
            "{\"success\":true,\"response\":\"\\ud83d\\ude00\"}".to_owned(),
            "{\"succe\\u0073s\":true}".to_owned(),
            nested(127),
        ];
        for body in &passes {
            assert_eq!(answer(200, body.as_bytes()).failure(), None, "{body}");
            assert_eq!(answer(200, body.as_bytes()).json(), Some(body.as_str()));
        }
        assert_eq!(answer(200, passes[0].as_bytes()).response.unwrap().as_str(), "1e999");
        assert_eq!(answer(200, passes[3].as_bytes()).response.unwrap().as_str(), "2");
        let fails: [&[u8]; 9] = [
            br#"{"success":true,"errors":"\ud83d"}"#,
            b"{\"success\":true,\"errors\":\"\xe9\"}",
            b"\xef\xbb\xbf{\"success\":true}",
            br#"{"success":true,"response":NaN}"#,
            br#"{"success":true,"success":true}"#,
            br#"{"success":true,"succe\u0073s":false}"#,
            br#"{"success":true} x"#,
            br#"{"success":true,}"#,
            &nested(128).into_bytes(),
        ];
        for body in fails {
            let found = answer(200, body);
            assert_eq!(found.failure(), Some(FailureKind::BadAnswer), "{}", String::from_utf8_lossy(body));
            assert_eq!((found.success, found.json()), (None, None));
        }
        let html =
            Answer::new(200, vec![("content-type".into(), "Text/HTML".into())], "Sign in".into(), 7, false);
        assert_eq!(html.failure(), Some(FailureKind::NotAModelService));
        let more = Answer::new(200, Vec::new(), "{\"success\":true}".into(), 99, true);
        assert_eq!(more.failure(), Some(FailureKind::BadAnswer), "what follows may say otherwise");
    }

    #[test]
    fn members_of_other_types_and_escaped_names_do_no_harm() {
        let found = answer(200, br#"{"success":"yes","ReplicaID":"a\u002db","response":{"x":[1]}}"#);
        assert_eq!((found.success, found.replica_id.as_deref()), (None, Some("a-b")));
        let found = answer(200, br#"{"success":[1],"ReplicaID":{"a":null}}"#);
        assert_eq!((found.success, found.replica_id.as_deref(), found.kind), (None, None, BodyKind::Json));
    }

    proptest::proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(status in 100_u16..600, body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60)) {
            let found = answer(status, &body);
            let _ = (found.message(), found.is_service_timeout());
            proptest::prop_assert_eq!(found.json().is_some(), json::valid(&body).is_ok() && !matches!(found.kind, BodyKind::Text | BodyKind::Html | BodyKind::Empty));
        }
    }
}
