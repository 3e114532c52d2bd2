//! What can go wrong between this program and a workbench, for people and for scripts.
//!
//! No error text contains a key or a URL: the transport removes both before it builds the error.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use super::TlsReason;
use super::proxy::Proxy;
use crate::{limits, secret, text};

/// Longest backend message that is shown, in characters.
const MESSAGE_LIMIT: usize = 500;
/// The backend answers a bearer value that is not a key with 500 (OBSERVED, GOES) or 401 (OBSERVED,
/// AGS) and this text. It means a bad key, not a server fault that a retry could fix.
pub(super) const MALFORMED_KEY: &str = "malformed apikey";

/// Why a call to the workbench failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The workbench answered, and refused.
    #[error("{operation}: {} (HTTP {status})", said(message))]
    Refused {
        operation: &'static str,
        /// HTTP status.
        status: u16,
        /// gRPC code, where the body had one.
        code: Option<i32>,
        /// The workbench's message: cleaned, truncated, without the key that was sent.
        message: String,
        request_id: Option<String>,
        retry_after: Option<Duration>,
    },
    /// The answer is not from API v2: a sign-in page, a redirect, a gateway's page.
    #[error("{operation}: {what} came instead of an answer of the API (HTTP {status})")]
    NotAnApi { operation: &'static str, status: u16, what: String },
    /// Nothing answered.
    #[error("{operation}: no answer, {reason}: {detail}")]
    NoAnswer {
        operation: &'static str,
        reason: Reason,
        detail: String,
        /// The request would have changed something.
        changes: bool,
    },
    /// The answer cannot be used: truncated, not JSON, or too large.
    #[error("{operation}: the answer cannot be used: {detail}")]
    BadAnswer { operation: &'static str, detail: String },
    /// A value is wrong; nothing was sent.
    #[error("{what}")]
    Invalid { what: String, hint: String },
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Dns,
    Connect,
    Tls(TlsReason),
    Timeout,
    Proxy,
    /// The connection broke off before an answer.
    Cut,
    /// This machine ran out of something: descriptors, memory.
    UsedUp,
    Other,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "the host name is not known",
            Self::Connect => "no connection",
            Self::Tls(_) => "no trusted connection (TLS)",
            Self::Timeout => "timed out",
            Self::Proxy => "the proxy did not let it through",
            Self::Cut => "the connection was cut",
            Self::UsedUp => "the problem is on this machine",
            Self::Other => "the request failed",
        })
    }
}

impl Error {
    /// A value that is wrong before anything is sent, and what to give instead.
    pub fn invalid(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), hint: hint.into() }
    }

    /// A stable identifier for scripts: `unauthenticated`, `forbidden`, `not_found`, `conflict`,
    /// `too_many_requests`, `unavailable`, `refused`, `not_an_api`, `no_answer`, `bad_answer`, `invalid`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Refused { status, message, .. } => match status {
                401 => "unauthenticated",
                500 if is_malformed_key(message) => "unauthenticated",
                403 => "forbidden",
                404 => "not_found",
                409 => "conflict",
                429 => "too_many_requests",
                502..=504 => "unavailable",
                _ => "refused",
            },
            Self::NotAnApi { .. } => "not_an_api",
            Self::NoAnswer { .. } => "no_answer",
            Self::BadAnswer { .. } => "bad_answer",
            Self::Invalid { .. } => "invalid",
        }
    }

    /// Whether the workbench does not accept the key: only another one helps.
    pub fn is_unauthenticated(&self) -> bool {
        self.kind() == "unauthenticated"
    }

    /// What to do about it, if anything is known to help.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Refused { status: 500 | 401, message, .. } if is_malformed_key(message) => {
                "what was sent is not an API key (64 hexadecimal digits, a dot, 64 more): sign in again with `keybench login`"
            }
            Self::Refused { status: 401, .. } => {
                "the key may be wrong, expired or deleted: check it with `keybench doctor`, sign in again with `keybench login`"
            }
            Self::Refused { status: 403, message, .. } if message.contains("audience") => {
                "this key is not made for the API: create one with the audience API"
            }
            Self::Refused { status: 403, operation, .. } => forbidden(operation),
            Self::Refused { retry_after: Some(after), .. } => {
                return Some(format!("try again in {} s", after.as_secs().max(1)));
            }
            Self::Refused { status: 429 | 502..=504, .. } => "try again in a moment",
            Self::Refused { status: 501, .. } => {
                "this workbench does not offer the operation: it may be too old"
            }
            Self::Refused { status: 500.., .. } => {
                "the workbench itself failed: try again, and ask its administrators if it keeps failing"
            }
            Self::Refused { .. } | Self::BadAnswer { .. } => return None,
            Self::NotAnApi { status: 500.., .. } => {
                "something between here and the workbench answered instead of it: try again in a moment, and check the URL if it keeps happening"
            }
            Self::NotAnApi { .. } => {
                "the key may have expired or been deleted: check it with `keybench doctor`, or sign in again with `keybench login`; if it is good, check that the URL is that of the workbench"
            }
            Self::NoAnswer {
                changes: true, reason: Reason::Cut | Reason::Timeout | Reason::Other, ..
            } => "it may have been done anyway: look before trying again",
            Self::NoAnswer { reason, .. } => match reason {
                Reason::Dns => {
                    "check the host in the URL, and whether a VPN or a proxy (HTTPS_PROXY) is needed"
                }
                Reason::Connect => {
                    "check host and port in the URL, and whether a VPN or a proxy (HTTPS_PROXY) is needed"
                }
                Reason::Tls(reason) => reason.hint(),
                Reason::Timeout => "try again, or allow more time with --timeout",
                Reason::Proxy => {
                    "check the proxy where it is set (HTTPS_PROXY or the profile), or leave this host out with NO_PROXY"
                }
                Reason::Cut => "try again; `keybench doctor` shows how far a connection gets",
                Reason::UsedUp => "close other programs here, or raise the limit, and try again",
                Reason::Other => return None,
            },
            Self::Invalid { hint, .. } if hint.is_empty() => return None,
            Self::Invalid { hint, .. } => hint,
        };
        Some(hint.to_owned())
    }

    /// The HTTP status, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::NotAnApi { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The workbench's name for this request (`x-cdp-request-id`), for its administrators.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused { request_id, .. } => request_id.as_deref(),
            _ => None,
        }
    }

    /// The credential was rejected: 401 or 403, or 500 for a value that is not a key.
    pub fn is_rejection(&self) -> bool {
        match self {
            Self::Refused { status: 500, message, .. } => is_malformed_key(message),
            other => matches!(other.status(), Some(401 | 403)),
        }
    }

    /// Whether the request may have taken effect although no answer confirms it.
    pub fn may_be_done(&self) -> bool {
        match self {
            Self::NoAnswer { reason, .. } => {
                matches!(reason, Reason::Cut | Reason::Timeout | Reason::Other)
            }
            Self::BadAnswer { .. } => true,
            Self::Refused { .. } if self.is_rejection() => false,
            Self::Refused { status, .. } | Self::NotAnApi { status, .. } => *status >= 500 && *status != 501,
            Self::Invalid { .. } => false,
        }
    }

    /// Marks the error as that of a request that would have changed something.
    pub(super) fn of_change(mut self) -> Self {
        if let Self::NoAnswer { changes, .. } = &mut self {
            *changes = true;
        }
        self
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether a retry may succeed. Not after a timeout: the time is used up.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::NoAnswer { reason, .. } => matches!(reason, Reason::Connect | Reason::Cut),
            other => matches!(other.status(), Some(429 | 502..=504)),
        }
    }

    /// Marks the error as that of a request through `proxy`: a host that cannot be reached is then
    /// the proxy.
    pub(super) fn through(mut self, proxy: Option<&Proxy>) -> Self {
        if let (Self::NoAnswer { reason, detail, .. }, Some(proxy)) = (&mut self, proxy) {
            let what = match reason {
                Reason::Dns => "its name is not known",
                Reason::Connect => "no connection to it",
                // hyper-util's text when the connection to the proxy fails.
                Reason::Proxy if detail.ends_with("failed to create underlying connection") => {
                    "no connection to it"
                }
                Reason::Proxy => detail.trim_start_matches("tunnel error: "),
                _ => return self,
            };
            (*detail, *reason) = (format!("{proxy}: {what}"), Reason::Proxy);
        }
        self
    }

    /// Reads a reqwest error. Its own text would contain the URL, so only its causes are used.
    pub(super) fn from_transport(operation: &'static str, error: &reqwest::Error) -> Self {
        let (reason, detail) = classify(error);
        Self::NoAnswer { operation, reason, detail, changes: false }
    }
}

fn is_malformed_key(message: &str) -> bool {
    message.to_ascii_lowercase().contains(MALFORMED_KEY)
}

/// Who is allowed to do what was refused with 403.
fn forbidden(operation: &str) -> &'static str {
    match operation {
        "changing a site setting" | "reading the site's settings" => {
            "only a site administrator may do this: ask one"
        }
        "listing API keys"
        | "creating an API key"
        | "deleting an API key"
        | "deleting all API keys"
        | "rotating the legacy key"
        | "listing users"
        | "looking up a user" => "for other users only a site administrator may do this: ask one",
        _ => "the key's owner may not do this: ask the owner of the project or a site administrator",
    }
}

/// A backend message ready to show: without the secrets of this process, cleaned, and truncated to
/// [`MESSAGE_LIMIT`].
pub(super) fn shown(message: &str) -> String {
    let masked = secret::mask(message.trim());
    let cleaned = text::clean(&masked);
    match cleaned.char_indices().nth(MESSAGE_LIMIT) {
        Some((end, _)) => format!("{}…", &cleaned[..end]),
        None => cleaned.into_owned(),
    }
}

fn said(message: &str) -> &str {
    if message.is_empty() { "refused without a reason" } else { message }
}

fn classify(error: &reqwest::Error) -> (Reason, String) {
    let mut deepest = String::new();
    let mut found = None;
    walk(error, &mut |cause| {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            let (reason, sentence) = TlsReason::of(tls);
            found = Some((Reason::Tls(reason), sentence));
            return;
        }
        let text = cause.to_string();
        if found.is_none() {
            found = known_cause(cause, &text);
        }
        deepest = text;
    });
    if error.is_timeout() {
        let at = if error.is_connect() { "no connection in time" } else { "no complete answer in time" };
        return (Reason::Timeout, at.to_owned());
    }
    if let Some((Reason::UsedUp, what)) = found {
        return (Reason::UsedUp, what);
    }
    if error.is_dns() && !matches!(found, Some((Reason::Proxy, _))) {
        return match limits::used_up_by_look_up(&io::Error::other("the look-up's own error")) {
            Some(what) => (Reason::UsedUp, what),
            None => (Reason::Dns, shown(&deepest)),
        };
    }
    match found {
        Some((reason, detail)) => (reason, shown(&detail)),
        None if error.is_connect() => (Reason::Connect, shown(&deepest)),
        None if error.is_body() || error.is_decode() => (Reason::Cut, shown(&deepest)),
        None => (Reason::Other, shown(&deepest)),
    }
}

fn known_cause(cause: &(dyn StdError + 'static), text: &str) -> Option<(Reason, String)> {
    if let Some(io) = cause.downcast_ref::<io::Error>() {
        if let Some(what) = limits::used_up(io) {
            return Some((Reason::UsedUp, what));
        }
        let reason = match io.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable => Reason::Connect,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Reason::Cut,
            io::ErrorKind::TimedOut => Reason::Timeout,
            _ => return None,
        };
        return Some((reason, io.kind().to_string()));
    }
    // hyper-util has no type for a proxy's refusal.
    if text.starts_with("tunnel error") || text.contains("proxy") {
        return Some((Reason::Proxy, text.to_owned()));
    }
    let hyper = cause.downcast_ref::<hyper::Error>()?;
    if hyper.is_incomplete_message() {
        return Some((Reason::Cut, text.to_owned()));
    }
    // A server that expects TLS answers plain HTTP with an alert, which is none.
    hyper.is_parse().then(|| {
        let what = "the server does not answer with HTTP there; is its URL an https:// one?";
        (Reason::Other, format!("{what} ({text})"))
    })
}

/// Calls `see` for each cause below `error`, including those inside an I/O error.
fn walk(error: &dyn StdError, see: &mut dyn FnMut(&(dyn StdError + 'static))) {
    let mut next = error.source();
    while let Some(cause) = next {
        see(cause);
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => cause.source(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_backend_are_cleaned_and_cut() {
        assert_eq!(shown(" a\u{1b}[31mb\n"), "a\u{fffd}[31mb");
        assert_eq!(shown(&"x".repeat(2000)).chars().count(), MESSAGE_LIMIT + 1);
    }

    #[test]
    fn an_error_says_what_and_what_to_do() {
        let error = Error::Refused {
            operation: "creating an API key",
            status: 403,
            code: Some(7),
            message: "audience mismatch".into(),
            request_id: None,
            retry_after: None,
        };
        assert_eq!(error.to_string(), "creating an API key: audience mismatch (HTTP 403)");
        assert_eq!(error.kind(), "forbidden");
        assert!(error.hint().unwrap().contains("audience API"));
        assert!(error.is_rejection());
    }
}
