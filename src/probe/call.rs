//! One model call from name look-up to the last byte, with the time of each phase.

use std::time::Duration;

use hyper::body::Bytes;
use jiff::Timestamp;
use tokio::time::{Instant, timeout};

use super::answer::{Answer, MAX_BODY};
use super::connect::connect;
use super::failure::{CallError, FailureKind, Phase};
use super::http1::{HttpError, Room};
use super::phases::Phases;
use super::target::{Endpoint, ModelCallTarget, ModelRequest, WireRequest};
use super::transport::Transport;
use crate::secret::{self, ApiKey};
use crate::{limits, text};

/// One call and its result.
#[derive(Debug, Clone, PartialEq)]
pub struct CallResult {
    pub started: Timestamp,
    pub phases: Phases,
    /// From start to end, for failed calls too.
    pub total: Duration,
    pub outcome: Result<Answer, CallError>,
    /// Whether an API key was sent.
    pub key_sent: bool,
    /// Bytes of the request's body.
    pub request_size: usize,
}

impl CallResult {
    /// The kind of failure that the call ended in; `None` for success.
    pub fn failure(&self) -> Option<FailureKind> {
        match &self.outcome {
            Ok(answer) => answer.failure(),
            Err(error) => Some(error.kind()),
        }
    }

    /// The response, or what went wrong: one line, cleaned and cut.
    pub fn in_a_line(&self) -> String {
        const LONGEST: usize = 240;
        let text = match (&self.outcome, self.failure()) {
            (Err(error), _) => error.to_string(),
            (Ok(answer), None) => match &answer.response {
                Some(response) => text::json::beginning(response.as_str(), LONGEST),
                None => String::from_utf8_lossy(&answer.body[..answer.body.len().min(LONGEST)]).into_owned(),
            },
            (Ok(answer), Some(kind)) => answer.message().unwrap_or_else(|| kind.label().to_owned()),
        };
        text::truncate(&text::clean(&text), LONGEST).into_owned()
    }

    /// The answer, if there was one.
    pub fn answer(&self) -> Option<&Answer> {
        self.outcome.as_ref().ok()
    }
}

/// Calls a model once, on its own connection. Dropping the future closes the connection.
pub async fn call(
    transport: &Transport,
    target: &ModelCallTarget,
    key: Option<&ApiKey>,
    request: &ModelRequest,
) -> CallResult {
    let started = Timestamp::now();
    let begin = Instant::now();
    let mut phases = Phases::default();
    let outcome = match Endpoint::parse(&target.url) {
        Err(error) => Err(error),
        Ok(endpoint) => {
            let attempt = attempt(transport, &endpoint, target, key, request, &mut phases);
            match timeout(transport.timeout(), attempt).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    let phase = phases.current(endpoint.https);
                    Err(CallError::Timeout { phase, after: transport.timeout() })
                }
            }
        }
    };
    CallResult {
        started,
        phases,
        total: begin.elapsed(),
        outcome,
        key_sent: key.is_some(),
        request_size: request.as_str().len(),
    }
}

async fn attempt(
    transport: &Transport,
    endpoint: &Endpoint,
    target: &ModelCallTarget,
    key: Option<&ApiKey>,
    request: &ModelRequest,
    phases: &mut Phases,
) -> Result<Answer, CallError> {
    let proxy = transport.proxy(&endpoint.uri)?;
    let wire = WireRequest::new(endpoint, &target.access_key, key, request, proxy.as_ref())?;
    let mut connection = connect(transport, endpoint, proxy.as_ref(), phases).await?;

    let begin = Instant::now();
    let in_phase = |phase| move |error| http_error(error, phase);
    connection.send(wire.bytes()).await.map_err(in_phase(Phase::Waiting))?;
    let mut headers = Vec::new();
    let head = connection
        .read_head(|name, value| headers.push(header(name, value)))
        .await
        .map_err(in_phase(Phase::Waiting))?;
    phases.waiting = Some(begin.elapsed());

    let begin = Instant::now();
    let mut body = Vec::new();
    let room = Room::default();
    let read = connection.read_body(&head, MAX_BODY, &mut body, &room).await;
    let (end, _) = read.map_err(in_phase(Phase::Body))?;
    phases.body = Some(begin.elapsed());
    // A service may echo what it was sent.
    secret::mask_bytes(&mut body);
    Ok(Answer::new(head.status, headers, Bytes::from(body), end.size, end.truncated))
}

/// The kind of failure that an exchange ended in.
pub(crate) fn kind_of(error: &HttpError) -> FailureKind {
    match error {
        HttpError::NotHttp(_) => FailureKind::NotAModelService,
        HttpError::Io(error) if limits::used_up(error).is_some() => FailureKind::UsedUp,
        _ => FailureKind::Cut,
    }
}

/// The error that an exchange ended in.
pub(super) fn http_error(error: HttpError, phase: Phase) -> CallError {
    match error {
        HttpError::NotHttp(detail) => CallError::NotHttp { detail },
        HttpError::Io(error) if limits::used_up(&error).is_some() => {
            CallError::UsedUp { what: limits::used_up(&error).unwrap_or_default() }
        }
        error => CallError::Cut { phase, detail: error.to_string() },
    }
}

fn header(name: &str, value: &[u8]) -> (String, String) {
    let name = name.to_ascii_lowercase();
    // A session cookie is as good as a key.
    let value = match name.as_str() {
        "set-cookie" => "(left out)".to_owned(),
        _ => text::clean(&secret::mask(&String::from_utf8_lossy(value))).into_owned(),
    };
    (name, value)
}
