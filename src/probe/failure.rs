//! The kinds of failure of a model call, and the errors of calls without an answer.

use std::time::Duration;

use serde::Serialize;
use strum::VariantArray;

use crate::api::TlsReason;
use crate::text;

/// The kind of failure that a call ended in, in the order of reports. Runs count by it,
/// [`crate::diagnosis`] starts from it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, strum::IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FailureKind {
    /// The caller may not call this model, or is not known: 401, 403, or the documented text.
    NotAuthorized,
    /// No replica was free in time: 429 or `model.busy`.
    Busy,
    /// The function behind the model failed: 400 with `success: false`, or 200 with it.
    ModelFailed,
    /// No such model: 404.
    NotFound,
    /// The request is larger than the service takes: 413.
    TooLarge,
    /// Something other than a model service answered: HTML, a redirect.
    NotAModelService,
    /// The service itself failed: 5xx.
    ServerError,
    /// Another refusal: the remaining 4xx and unknown statuses.
    Refused,
    /// A 2xx whose body is not a JSON object with `success` or `response`.
    BadAnswer,
    /// The name of the host could not be resolved.
    Lookup,
    /// No connection to the host.
    Connect,
    /// The connection could not be secured.
    Tls,
    /// The proxy refused to forward the call.
    Proxy,
    /// No complete answer within the timeout.
    Timeout,
    /// The connection closed during the exchange.
    Cut,
    /// Nothing was sent: something about the request is wrong.
    Invalid,
    /// This machine ran out of something: descriptors, memory, threads.
    UsedUp,
}

impl FailureKind {
    /// The name in exports: `not_authorized`, `busy`, …
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// A short label for a table.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotAuthorized => "not authorized",
            Self::Busy => "busy",
            Self::ModelFailed => "the function failed",
            Self::NotFound => "no such model",
            Self::TooLarge => "request too large",
            Self::NotAModelService => "not a model service",
            Self::ServerError => "service error",
            Self::Refused => "refused",
            Self::BadAnswer => "unreadable answer",
            Self::Lookup => "name not found",
            Self::Connect => "no connection",
            Self::Tls => "TLS failed",
            Self::Proxy => "proxy refused",
            Self::Timeout => "timed out",
            Self::Cut => "cut short",
            Self::Invalid => "not sent",
            Self::UsedUp => "out of resources here",
        }
    }
}

/// The phase of a call in which the time was spent, or ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Lookup,
    Connect,
    Tls,
    Waiting,
    Body,
}

impl Phase {
    /// The activity in this phase, to follow "while".
    pub fn doing(self) -> &'static str {
        match self {
            Self::Lookup => "looking up the name",
            Self::Connect => "connecting",
            Self::Tls => "securing the connection (TLS)",
            Self::Waiting => "waiting for the model's answer",
            Self::Body => "reading the answer",
        }
    }
}

/// A call without an answer. The texts contain neither the key nor the access key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing was sent.
    #[error("{what}")]
    Invalid { what: String, hint: String },
    #[error("the name {host} cannot be resolved: {detail}")]
    Lookup { host: String, detail: String },
    #[error("no connection to {address}: {detail}")]
    Connect { address: String, detail: String },
    #[error("the connection to {host} cannot be secured: {detail}")]
    Tls { host: String, reason: TlsReason, detail: String },
    #[error("the proxy {proxy} did not pass the call on: {detail}")]
    Proxy { proxy: String, detail: String },
    #[error("no answer within {} ({} took too long)", text::latency(*.after), .phase.doing())]
    Timeout { phase: Phase, after: Duration },
    #[error("the connection ended before the answer was complete: {detail}")]
    Cut { phase: Phase, detail: String },
    /// The trouble is on this machine, not at the other end.
    #[error("the call could not be made: {what}")]
    UsedUp { what: String },
    #[error("the answer is not HTTP: {detail}")]
    NotHttp { detail: String },
}

impl CallError {
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Invalid { .. } => FailureKind::Invalid,
            Self::Lookup { .. } => FailureKind::Lookup,
            Self::Connect { .. } => FailureKind::Connect,
            Self::Tls { .. } => FailureKind::Tls,
            Self::Proxy { .. } => FailureKind::Proxy,
            Self::Timeout { .. } => FailureKind::Timeout,
            Self::Cut { .. } => FailureKind::Cut,
            Self::UsedUp { .. } => FailureKind::UsedUp,
            Self::NotHttp { .. } => FailureKind::NotAModelService,
        }
    }

    /// What to do about it, if that follows from the error alone.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Invalid { hint, .. } => Some(hint.clone()),
            Self::UsedUp { .. } => Some("close other programs here, or raise the limit".to_owned()),
            _ => None,
        }
    }

    pub(crate) fn invalid(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), hint: hint.into() }
    }
}
