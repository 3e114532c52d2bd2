//! Sends requests, one at a time, and measures each.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::super::answer::{BodyKind, Reading};
use super::super::call::kind_of;
use super::super::connect::connect;
use super::super::exchange::{Broken, Received, exchange};
use super::super::failure::{CallError, FailureKind, Phase};
use super::super::http1::{Connection, SMALL_BODY};
use super::super::phases::Phases;
use super::patience::Patience;
use super::pool::Pool;
use super::requests::Requests;
use super::schedule::{End, Ticket};
use super::shard::Shared;
use super::summary::StopReason;
use super::tally::{Sample, Tally};
use crate::secret;
use crate::text::json;

/// Pause between attempts to connect to a host that does not accept, so that a run does not hammer
/// it.
const AFTER_NO_CONNECTION: Duration = Duration::from_millis(100);
/// The step of the runtime's timer.
const TIMER_STEP: Duration = Duration::from_millis(1);

/// So much of an answer without a text is kept as what it said, in characters.
const SAID: usize = 100;

pub(super) struct Worker<'a> {
    shared: &'a Arc<Shared>,
    index: usize,
    /// With a rate; without one each worker keeps its connection.
    pool: Option<Arc<Pool>>,
    connection: Option<Connection>,
    /// The connection was used before.
    is_used: bool,
    body: Vec<u8>,
    patience: Patience,
}

impl<'a> Worker<'a> {
    pub fn new(shared: &'a Arc<Shared>, index: usize, pool: Option<Arc<Pool>>) -> Self {
        Self {
            shared,
            index,
            pool,
            connection: None,
            is_used: false,
            body: Vec::new(),
            patience: Patience::new(shared.transport.timeout()),
        }
    }

    pub async fn work(&mut self) {
        let shared = self.shared;
        while !shared.is_stopping() {
            let ticket = match shared.schedule.claim(Instant::now()) {
                Ok(ticket) => ticket,
                Err(end) => {
                    shared.reason.get_or_init(|| match end {
                        End::Count { ceiling: true } => StopReason::Ceiling,
                        End::Count { ceiling: false } => StopReason::Count,
                        End::Duration => StopReason::Duration,
                    });
                    return;
                }
            };
            if let Some(due) = ticket.due
                && !self.wait_until(due).await
            {
                return;
            }
            self.request(&ticket).await;
            if let Some(think) = shared.plan.think {
                tokio::select! {
                    () = sleep(think) => {}
                    () = shared.stopped.cancelled() => {}
                }
            }
        }
    }

    /// Sleeps until a request is due, or up to one timer step less. False if the run is stopped
    /// meanwhile.
    async fn wait_until(&self, due: Instant) -> bool {
        let wake = due.checked_sub(TIMER_STEP).unwrap_or(due);
        if Instant::now() >= wake {
            return true;
        }
        tokio::select! {
            () = sleep_until(wake) => true,
            () = self.shared.stopped.cancelled() => false,
        }
    }

    async fn request(&mut self, ticket: &Ticket) {
        let (shared, due, counted) = (self.shared, ticket.due, ticket.counted);
        let flight = Flight::begin(shared, counted);
        // The key was looked at before the run: this cannot fail.
        let Ok(row) = shared.requests.row(ticket.index, &shared.endpoint, shared.proxy.as_ref()) else {
            return;
        };
        let wire = match (&row, &shared.requests) {
            (Some(wire), _) | (None, Requests::One(wire)) => wire,
            (None, Requests::Rows { .. }) => return,
        };
        loop {
            if let Err(error) = self.be_connected().await {
                self.record_unsent(&error, counted);
                flight.end();
                tokio::select! {
                    () = sleep(AFTER_NO_CONNECTION) => {}
                    () = shared.stopped.cancelled() => {}
                }
                return;
            }
            let Some(connection) = &mut self.connection else { return };
            let sent = Instant::now();
            let exchange = exchange(connection, wire.bytes(), &mut self.body, &shared.room);
            let outcome = self.patience.with(sent, exchange).await;
            let now = Instant::now();
            if self.is_used && matches!(&outcome, Some(Err(broken)) if broken.is_closed()) {
                // At most until all that are idle are used up: a new connection was not used before.
                self.let_go(false);
                self.tally().reconnects += u64::from(counted);
                continue;
            }
            let is_reusable = matches!(outcome, Some(Ok(_))) && connection.is_reusable();
            if counted {
                let sample = Sample {
                    service: now - sent,
                    // If the timer woke early, the latency counts from sending.
                    since_due: due.map(|due| now - due.min(sent)),
                    at: now,
                    status: None,
                    replica: None,
                    failure: None,
                    size: 0,
                };
                self.record(sample, &outcome);
            }
            // Before the share of a large body goes to another worker.
            if self.body.capacity() > SMALL_BODY {
                self.body = Vec::new();
            }
            drop(outcome);
            flight.end();
            return self.let_go(is_reusable);
        }
    }

    /// Has a connection ready.
    async fn be_connected(&mut self) -> Result<(), CallError> {
        self.is_used = true;
        if self.connection.is_some() {
            return Ok(());
        }
        let open = || open(Arc::clone(self.shared), self.index);
        let (connection, is_used) = match &self.pool {
            Some(pool) => pool.take(open).await?,
            None => (open().await?, false),
        };
        (self.connection, self.is_used) = (Some(connection), is_used);
        Ok(())
    }

    /// Ends the use of the connection after a request.
    fn let_go(&mut self, is_reusable: bool) {
        match (&self.pool, self.connection.take()) {
            (Some(pool), Some(connection)) if is_reusable => pool.put(connection),
            (Some(pool), Some(_)) => pool.lost(),
            (None, connection) if is_reusable => self.connection = connection,
            _ => {}
        }
    }

    fn record_unsent(&self, error: &CallError, counted: bool) {
        if let CallError::UsedUp { what } = error {
            self.shared.trouble.get_or_init(|| what.clone());
        }
        if counted {
            self.keep_first(error.kind(), || Some(error.to_string()));
            self.tally().record_unsent(error.kind(), Instant::now());
        }
    }

    /// Keeps what the first failure of a kind said. The later ones cost a look at whether there is one.
    fn keep_first(&self, kind: FailureKind, said: impl FnOnce() -> Option<String>) {
        self.shared.said[kind as usize].get_or_init(said);
    }

    /// What the answer says, or its beginning if that is JSON without a text; with keys masked, since a
    /// service may echo what it was sent.
    fn said(&self, answer: &Received<'_>) -> Option<String> {
        let mut body = self.body.clone();
        secret::mask_bytes(&mut body);
        let reading = Reading::of(&body, answer.html_type, answer.truncated);
        let is_json = matches!(reading.kind, BodyKind::Object | BodyKind::Json);
        let json = || std::str::from_utf8(&body).ok().filter(|_| is_json);
        reading.message().or_else(|| Some(json::beginning(json()?, SAID)))
    }

    fn record(&self, sample: Sample<'_>, outcome: &Option<Result<Received<'_>, Broken>>) {
        let sample = match outcome {
            None => {
                let late =
                    || CallError::Timeout { phase: Phase::Waiting, after: self.shared.transport.timeout() };
                self.keep_first(FailureKind::Timeout, || Some(late().to_string()));
                Sample { failure: Some(FailureKind::Timeout), ..sample }
            }
            Some(Err(broken)) => {
                let kind = kind_of(&broken.error);
                self.keep_first(kind, || Some(broken.error.to_string()));
                Sample { failure: Some(kind), ..sample }
            }
            Some(Ok(answer)) => {
                let reading = Reading::of(&self.body, answer.html_type, answer.truncated);
                let failure = reading.failure(answer.status);
                if let Some(kind) = failure {
                    self.keep_first(kind, || self.said(answer));
                }
                self.tally().record(&Sample {
                    status: Some(answer.status),
                    replica: reading.replica_id.as_deref(),
                    size: answer.size,
                    failure,
                    ..sample
                });
                return;
            }
        };
        self.tally().record(&sample);
    }

    fn tally(&self) -> MutexGuard<'a, Tally> {
        tally(self.shared, self.index)
    }
}

/// Opens a connection, and records how long that took.
async fn open(shared: Arc<Shared>, index: usize) -> Result<Connection, CallError> {
    let begin = Instant::now();
    let mut phases = Phases::default();
    let connecting = connect(&shared.transport, &shared.endpoint, shared.proxy.as_ref(), &mut phases);
    let patience = shared.transport.timeout();
    let late = CallError::Timeout { phase: Phase::Connect, after: patience };
    let connection = timeout(patience, connecting).await.unwrap_or(Err(late))?;
    tally(&shared, index).record_connection(begin.elapsed());
    Ok(connection)
}

fn tally(shared: &Shared, index: usize) -> MutexGuard<'_, Tally> {
    // The numbers stay usable even if another worker panicked.
    shared.tallies[index].lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a request as in flight while it lives, even if its worker is dropped.
struct Flight<'a> {
    shared: &'a Shared,
    counted: bool,
    ended: bool,
}

impl<'a> Flight<'a> {
    fn begin(shared: &'a Shared, counted: bool) -> Self {
        shared.in_flight.fetch_add(1, Ordering::Relaxed);
        Self { shared, counted, ended: false }
    }

    fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.ended && self.counted {
            self.shared.abandoned.fetch_add(1, Ordering::Relaxed);
        }
    }
}
