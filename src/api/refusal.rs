//! Turns unsuccessful answers, and bodies that cannot be read, into errors.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{StatusCode, Url};

use super::error::{MALFORMED_KEY, shown};
use super::{Error, Reason};
use crate::wire::{self, RuntimeError};

/// A refusal: a body of `{"error","code","message"}`, sometimes without `error` (OBSERVED,
/// cai-connector), or whatever a gateway inserts.
pub(super) fn of(operation: &'static str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let said = wire::from_slice::<RuntimeError>(body).unwrap_or_default();
    // The encoding of this text is not known.
    let malformed = String::from_utf8_lossy(body).to_ascii_lowercase().contains(MALFORMED_KEY);
    let malformed = if malformed { MALFORMED_KEY.to_owned() } else { String::new() };
    let fallback = status.canonical_reason().unwrap_or_default().to_owned();
    let texts = [said.message, said.error, malformed, fallback];
    let message = texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    Error::Refused {
        operation,
        status: status.as_u16(),
        code: Some(said.code).filter(|code| *code != 0),
        message: shown(&message),
        request_id: request_id(headers),
        retry_after: headers.get(RETRY_AFTER).and_then(retry_after),
    }
}

/// The workbench's name for a request (OBSERVED, cai-mcp), for its administrators.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = ["x-cdp-request-id", "x-request-id"].iter().find_map(|name| headers.get(*name));
    id.and_then(|id| id.to_str().ok()).map(shown)
}

/// A redirect or a web page instead of an answer.
pub(super) fn not_an_api(operation: &'static str, status: StatusCode, headers: &HeaderMap) -> Error {
    let what = match status {
        _ if status.is_redirection() => redirect(headers),
        _ if status.is_server_error() => "the web page of a gateway or proxy".to_owned(),
        _ => "a web page (a sign-in page, or a gateway's)".to_owned(),
    };
    Error::NotAnApi { operation, status: status.as_u16(), what }
}

/// A failure while the body arrives: a timeout stays a timeout, anything else means truncated.
pub(super) fn cut(operation: &'static str, error: &reqwest::Error) -> Error {
    match Error::from_transport(operation, error) {
        timeout @ Error::NoAnswer { reason: Reason::Timeout, .. } => timeout,
        _ => Error::BadAnswer { operation, detail: "it was cut short".to_owned() },
    }
}

fn redirect(headers: &HeaderMap) -> String {
    let target = headers.get(LOCATION).and_then(|target| target.to_str().ok());
    match target.and_then(|target| Url::parse(target).ok()).as_ref().and_then(Url::host_str) {
        Some(host) => format!("a redirect to {}", shown(host)),
        None => "a redirect".to_owned(),
    }
}

/// Whether an answer declares itself a web page.
pub(super) fn is_html(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    declared.trim_start().to_ascii_lowercase().starts_with("text/html")
}

/// Seconds, or a date (RFC 9110); a past date means now.
fn retry_after(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let due = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(due.duration_since(jiff::Timestamp::now())).unwrap_or_default())
}

/// Position and kind of a JSON error: its full text could quote part of the body.
pub(super) fn category(error: &serde_json::Error) -> String {
    let sort = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax => "broken syntax",
        _ => "a member of another kind",
    };
    format!("{sort}, line {} column {}", error.line(), error.column())
}
