//! Calls one model again and again on a kept connection, each time with another request, and says of
//! each failure what is known about how far the request came.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::answer::{DEADLINE, NOT_DEPLOYED, Reading, holds};
use super::call::{http_error, kind_of};
use super::connect::connect;
use super::exchange::exchange;
use super::failure::{CallError, FailureKind, Phase};
use super::http1::{Connection, Room, SMALL_BODY};
use super::keeping::Keeping;
use super::phases::Phases;
use super::target::{Endpoint, ModelCallTarget, ModelRequest, WireRequest};
use super::transport::{Proxy, Transport};
use crate::secret::{self, ApiKey};

/// The result of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// From sending to the last byte of the answer, without connecting.
    pub latency: Duration,
    pub status: Option<u16>,
    pub replica_id: Option<String>,
    /// What the function returned, as JSON text.
    pub outcome: Result<String, CallFailure>,
}

impl Called {
    /// Why it failed, with a status that is an error: `HTTP 500: boom`.
    pub fn why(&self) -> Option<String> {
        let failure = self.outcome.as_ref().err()?;
        let status = self.status.filter(|status| *status >= 400);
        Some(
            status.map_or_else(
                || failure.message.clone(),
                |status| format!("HTTP {status}: {}", failure.message),
            ),
        )
    }
}

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFailure {
    pub kind: FailureKind,
    /// What the answer says, or the error.
    pub message: String,
    pub reached: Reached,
}

/// What is known about how far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// It was not sent as a whole, so that the function cannot have run.
    No,
    /// It was sent, and the answer was lost.
    Lost,
    /// It was answered that the function took too long: it may have run to its end.
    TimedOut,
    /// It was answered that the model is not up, so that the function cannot have run.
    NotUp,
    /// It was answered.
    Answered,
}

/// What the callers of one model share. Cheap to clone.
#[derive(Clone)]
pub struct Line(Arc<Inner>);

struct Inner {
    transport: Transport,
    endpoint: Endpoint,
    proxy: Option<Proxy>,
    access_key: String,
    key: Option<ApiKey>,
    keeping: Keeping,
    room: Room,
}

impl Line {
    /// # Errors
    /// [`CallError::Invalid`], if the target or the proxy cannot be used.
    pub fn new(
        transport: &Transport,
        target: &ModelCallTarget,
        key: Option<&ApiKey>,
    ) -> Result<Self, CallError> {
        let endpoint = Endpoint::parse(&target.url)?;
        let proxy = transport.proxy(&endpoint.uri)?;
        Ok(Self(Arc::new(Inner {
            transport: transport.clone(),
            endpoint,
            proxy,
            access_key: target.access_key.clone(),
            key: key.cloned(),
            keeping: Keeping::default(),
            room: Room::default(),
        })))
    }

    pub fn caller(&self) -> Caller {
        Caller { line: self.clone(), connection: None, body: Vec::new() }
    }
}

/// One connection of a [`Line`].
pub struct Caller {
    line: Line,
    connection: Option<Connection>,
    body: Vec<u8>,
}

impl Caller {
    /// Calls the model once. If the future is dropped, the connection is closed.
    pub async fn call(&mut self, request: &ModelRequest) -> Called {
        let Inner { transport, endpoint, proxy, access_key, key, .. } = &*self.line.0;
        let wire = match WireRequest::new(endpoint, access_key, key.as_ref(), request, proxy.as_ref()) {
            Ok(wire) => wire,
            Err(error) => return unsent(&error),
        };
        let patience = transport.timeout();
        let mut connection = match self.kept() {
            Some(connection) => connection,
            None => {
                let mut phases = Phases::default();
                let Inner { transport, endpoint, proxy, .. } = &*self.line.0;
                let connecting = connect(transport, endpoint, proxy.as_ref(), &mut phases);
                match timeout(patience, connecting).await {
                    Ok(Ok(connection)) => connection,
                    Ok(Err(error)) => return unsent(&error),
                    Err(_) => return unsent(&CallError::Timeout { phase: Phase::Connect, after: patience }),
                }
            }
        };
        let line = self.line.clone();
        let sent = Instant::now();
        let exchanged =
            timeout(patience, exchange(&mut connection, wire.bytes(), &mut self.body, &line.0.room)).await;
        let latency = sent.elapsed();
        let lost = |kind, message: String, reached| Called {
            latency,
            status: None,
            replica_id: None,
            outcome: Err(CallFailure { kind, message, reached }),
        };
        let called = match exchanged {
            Err(_) => {
                let error = CallError::Timeout { phase: Phase::Waiting, after: patience };
                lost(FailureKind::Timeout, error.to_string(), Reached::Lost)
            }
            Ok(Err(broken)) => {
                if broken.is_closed() {
                    self.line.0.keeping.end();
                }
                let reached = if connection.is_sent() { Reached::Lost } else { Reached::No };
                let kind = kind_of(&broken.error);
                lost(kind, http_error(broken.error, Phase::Waiting).to_string(), reached)
            }
            Ok(Ok(answer)) => {
                // A service may echo what it was sent.
                secret::mask_bytes(&mut self.body);
                let reading = Reading::of(&self.body, answer.html_type, answer.truncated);
                read(&reading, &self.body, answer.status, latency)
            }
        };
        if called.status.is_some() && connection.is_reusable() {
            self.connection = self.line.0.keeping.keep(connection);
        }
        if self.body.capacity() > SMALL_BODY {
            self.body = Vec::new();
        }
        called
    }

    /// The kept connection, if it is to be used, and the service has not closed it.
    fn kept(&mut self) -> Option<Connection> {
        let connection = self.connection.take().filter(|_| self.line.0.keeping.is_safe())?;
        (!connection.is_closed()).then_some(connection)
    }
}

fn read(reading: &Reading<'_>, body: &[u8], status: u16, latency: Duration) -> Called {
    let replica_id = reading.replica_id.as_ref().map(|id| secret::mask(id).into_owned());
    let outcome = match reading.failure(status) {
        None => Ok(reading.response.map_or("null", |response| response.get()).to_owned()),
        Some(kind) => {
            let is_late = matches!(status, 408 | 504) || holds(body, DEADLINE);
            let reached = match status {
                _ if is_late => Reached::TimedOut,
                503 if holds(body, NOT_DEPLOYED) => Reached::NotUp,
                _ => Reached::Answered,
            };
            let message = reading.message().unwrap_or_else(|| kind.label().to_owned());
            Err(CallFailure { kind, message, reached })
        }
    };
    Called { latency, status: Some(status), replica_id, outcome }
}

fn unsent(error: &CallError) -> Called {
    let (kind, message) = (error.kind(), error.to_string());
    Called {
        latency: Duration::ZERO,
        status: None,
        replica_id: None,
        outcome: Err(CallFailure { kind, message, reached: Reached::No }),
    }
}
