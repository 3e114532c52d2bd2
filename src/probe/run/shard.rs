//! One thread of a run: a small runtime, and workers that each keep one connection.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::super::answer::{MAX_BODY, Reading, is_html_header};
use super::super::call::kind_of;
use super::super::connect::connect;
use super::super::failure::{CallError, FailureKind, Phase};
use super::super::http1::{Connection, HttpError, Room, SMALL_BODY, Share};
use super::super::phases::Phases;
use super::super::target::{Endpoint, WireRequest};
use super::super::transport::{Proxy, Transport};
use super::plan::Plan;
use super::schedule::{End, Schedule};
use super::summary::StopReason;
use super::tally::{Sample, Tally};
use crate::limits;

/// A thread serves at least this many workers: one core can keep that many connections busy.
const WORKERS_A_THREAD: u32 = 4;
/// More threads than this would only take processors away from the model.
const MOST_THREADS: usize = 4;
/// Pause between attempts to connect to a host that does not accept, so that a run does not hammer
/// it.
const AFTER_NO_CONNECTION: Duration = Duration::from_millis(100);
/// The step of the runtime's timer.
const TIMER_STEP: Duration = Duration::from_millis(1);

/// What the threads of a run share.
pub(super) struct Shared {
    pub plan: Plan,
    pub schedule: Schedule,
    transport: Transport,
    endpoint: Endpoint,
    proxy: Option<Proxy>,
    wire: WireRequest,
    /// One per thread.
    pub tallies: Vec<Mutex<Tally>>,
    pub in_flight: AtomicU64,
    /// Requests in flight when the run was cut.
    pub abandoned: AtomicU64,
    stopping: AtomicBool,
    stopped: CancellationToken,
    cut: CancellationToken,
    reason: OnceLock<StopReason>,
    /// Why a part of the run could not start.
    pub trouble: OnceLock<String>,
    room: Room,
}

impl Shared {
    pub fn new(
        plan: Plan,
        transport: Transport,
        endpoint: Endpoint,
        proxy: Option<Proxy>,
        wire: WireRequest,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let wanted = plan.in_flight().div_ceil(WORKERS_A_THREAD) as usize;
        let threads = wanted.clamp(1, cores.min(MOST_THREADS));
        let tally = || Mutex::new(Tally::new(plan.rate.is_some()));
        Self {
            schedule: Schedule::new(&plan),
            tallies: (0..threads).map(|_| tally()).collect(),
            plan,
            transport,
            endpoint,
            proxy,
            wire,
            in_flight: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            stopped: CancellationToken::new(),
            cut: CancellationToken::new(),
            reason: OnceLock::new(),
            trouble: OnceLock::new(),
            room: Room::default(),
        }
    }

    /// Stops sending.
    pub fn stop(&self, reason: StopReason) {
        self.reason.get_or_init(|| reason);
        self.stopping.store(true, Ordering::Relaxed);
        self.stopped.cancel();
    }

    /// Part of the run could not start.
    pub fn note_trouble(&self, error: &std::io::Error) {
        self.trouble.get_or_init(|| limits::no_thread(error));
    }

    /// Abandons the requests in flight.
    pub fn cut(&self) {
        self.cut.cancel();
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Why nothing more is sent; `None` while sending continues.
    pub fn reason(&self) -> Option<StopReason> {
        self.reason.get().copied()
    }

    /// The workers of thread `index`.
    fn workers(&self, index: usize) -> u32 {
        let threads = self.tallies.len() as u32;
        let (share, rest) = (self.plan.in_flight() / threads, self.plan.in_flight() % threads);
        share + u32::from((index as u32) < rest)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// Runs the workers of thread `index` to their end. When the run is cut, the rest are dropped,
/// which closes their connections.
pub(super) fn run(shared: &Arc<Shared>, index: usize) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return shared.note_trouble(&error),
    };
    runtime.block_on(async {
        let mut workers = JoinSet::new();
        for _ in 0..shared.workers(index) {
            let shared = Arc::clone(shared);
            workers.spawn(async move { Worker::new(&shared, index).work().await });
        }
        tokio::select! {
            () = async { while workers.join_next().await.is_some() {} } => {}
            () = shared.cut.cancelled() => {}
        }
    });
}

struct Worker<'a> {
    shared: &'a Shared,
    tally: &'a Mutex<Tally>,
    connection: Option<Connection>,
    body: Vec<u8>,
    patience: Patience,
}

/// What a run needs of an answer.
struct Exchange<'r> {
    status: u16,
    size: u64,
    truncated: bool,
    html_type: bool,
    /// Its share of the memory for large bodies.
    _share: Share<'r>,
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared, index: usize) -> Self {
        Self {
            shared,
            tally: &shared.tallies[index],
            connection: None,
            body: Vec::new(),
            patience: Patience::new(shared.transport.timeout()),
        }
    }

    async fn work(&mut self) {
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
            if let Some(due) = ticket.due {
                if !self.wait_until(due).await {
                    return;
                }
                // Between requests that are far apart the service may have closed the connection.
                if let Some(connection) = &mut self.connection
                    && connection.is_closed().await
                {
                    self.connection = None;
                }
            }
            self.request(ticket.due, ticket.counted).await;
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

    async fn request(&mut self, due: Option<Instant>, counted: bool) {
        let shared = self.shared;
        let flight = Flight::begin(shared, counted);
        if self.connection.is_none()
            && let Err(error) = self.connect().await
        {
            let now = Instant::now();
            if let CallError::UsedUp { what } = &error {
                shared.trouble.get_or_init(|| what.clone());
            }
            if counted {
                self.tally().record_unsent(error.kind(), now);
            }
            flight.end();
            tokio::select! {
                () = sleep(AFTER_NO_CONNECTION) => {}
                () = shared.stopped.cancelled() => {}
            }
            return;
        }
        let Some(connection) = &mut self.connection else { return };
        let sent = Instant::now();
        let exchange = exchange(connection, shared.wire.bytes(), &mut self.body, &shared.room);
        let outcome = self.patience.with(sent, exchange).await;
        let now = Instant::now();
        if !matches!(outcome, Some(Ok(_))) || !connection.is_reusable() {
            self.connection = None;
        }
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
    }

    async fn connect(&mut self) -> Result<(), CallError> {
        let shared = self.shared;
        let mut phases = Phases::default();
        let connecting = connect(&shared.transport, &shared.endpoint, shared.proxy.as_ref(), &mut phases);
        let connected = self.patience.with(Instant::now(), connecting).await;
        let timeout = CallError::Timeout { phase: Phase::Connect, after: shared.transport.timeout() };
        self.connection = Some(connected.unwrap_or(Err(timeout))?);
        self.tally().connections += 1;
        Ok(())
    }

    fn record(&self, sample: Sample<'_>, outcome: &Option<Result<Exchange<'_>, HttpError>>) {
        let sample = match outcome {
            None => Sample { failure: Some(FailureKind::Timeout), ..sample },
            Some(Err(error)) => Sample { failure: Some(kind_of(error)), ..sample },
            Some(Ok(answer)) => {
                let reading = Reading::of(&self.body, answer.html_type, answer.truncated);
                self.tally().record(&Sample {
                    status: Some(answer.status),
                    replica: reading.replica_id.as_deref(),
                    size: answer.size,
                    failure: reading.failure(answer.status),
                    ..sample
                });
                return;
            }
        };
        self.tally().record(&sample);
    }

    fn tally(&self) -> std::sync::MutexGuard<'a, Tally> {
        // The numbers stay usable even if another worker panicked.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn exchange<'r>(
    connection: &mut Connection,
    request: &[u8],
    body: &mut Vec<u8>,
    room: &'r Room,
) -> Result<Exchange<'r>, HttpError> {
    connection.send(request).await?;
    let mut html_type = false;
    let head = connection.read_head(|name, value| html_type |= is_html_header(name, value)).await?;
    let (end, share) = connection.read_body(&head, MAX_BODY, body, room).await?;
    Ok(Exchange { status: head.status, size: end.size, truncated: end.truncated, html_type, _share: share })
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

/// A timeout that is reset for each request, with one timer for all of them: the timer is moved
/// only when it fires, not at every request.
struct Patience {
    limit: Duration,
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    fn new(limit: Duration) -> Self {
        Self { limit, timer: Box::pin(sleep(limit)) }
    }

    /// The future's result, or `None` if it has none within the limit from `begin`.
    async fn with<F: Future>(&mut self, begin: Instant, future: F) -> Option<F::Output> {
        let until = begin + self.limit;
        let mut future = pin!(future);
        poll_fn(|cx| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(value));
            }
            while self.timer.as_mut().poll(cx).is_ready() {
                if Instant::now() >= until {
                    return Poll::Ready(None);
                }
                self.timer.as_mut().reset(until);
            }
            Poll::Pending
        })
        .await
    }
}
