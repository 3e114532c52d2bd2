//! Sends rows to one model or to several, a few at a time, and gives each answered row to a sink.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::blocking::blocking;
use super::error::Error;
use super::limit::Limit;
use super::retry::{Counts, Next, Reason, Rules};
use super::rows::{BadInput, Row, Rows};
use super::watch::{NOW_AND_THEN, Unavailable, Watch};
use crate::probe::{CallFailure, Called, Caller, FailureKind, Line, Reached};

/// What was taken is synced, and progress reported, this often.
const TICK: Duration = Duration::from_secs(1);
/// Rows in flight have this long to be answered when a person ends a run.
const GRACE: Duration = Duration::from_secs(5);
/// A key that was just made may not be known everywhere yet.
const AFTER_REFUSAL: Duration = Duration::from_secs(1);
/// So many rows in a row without an answer of the model are not the rows' fault. More, if more are in
/// flight at a time: they are cut together.
const OUTAGE: u32 = 10;

/// The last call of a row, and how many there were.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    pub called: Called,
    pub attempts: u32,
}

/// Takes the answers. Called by several threads.
pub(in crate::actions) trait Sink: Send + Sync + 'static {
    /// `tried`: one for each model, in their order.
    fn take(&self, row: &Row, tried: &[Tried]) -> Result<(), Error>;

    /// Makes what was taken safe from a power cut; may wait for a disk. `repeated`: rows that were sent
    /// again so far though they may have run.
    fn sync(&self, _repeated: u64) -> Result<(), Error> {
        Ok(())
    }
}

/// Why nothing more was sent.
#[derive(Debug)]
pub enum Stop {
    /// A person ended it.
    Person,
    /// The service refused the key twice: it would refuse it for every row.
    Refused { message: String },
    /// There is no way to the model.
    NoWay { failure: CallFailure },
    /// The model is stopped, or has failed.
    NotRunning { model: String, status: String },
    /// Another deployment has taken the place of the one that rows were sent to.
    NewBuild { model: String },
    /// The input cannot be read any more, or has changed.
    Input(BadInput),
    /// The result cannot be written.
    Sink(Error),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person => f.write_str("interrupted"),
            Self::Refused { message } => write!(f, "the key was refused twice: {message}"),
            Self::NoWay { failure } => f.write_str(&failure.message),
            Self::NotRunning { model, status } => write!(f, "{model} is not running: it is {status}"),
            Self::NewBuild { model } => write!(f, "{model} was deployed anew meanwhile"),
            Self::Input(error) => error.fmt(f),
            Self::Sink(error) => error.fmt(f),
        }
    }
}

/// Ends the sending of rows, from elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Stopper(CancellationToken);

impl From<CancellationToken> for Stopper {
    fn from(token: CancellationToken) -> Self {
        Self(token)
    }
}

impl Stopper {
    /// Sends no more rows; those in flight have five seconds.
    pub fn stop(&self) {
        self.0.cancel();
    }
}

/// How the sending ended.
#[derive(Debug)]
pub struct Sent {
    /// `None`: every row was answered.
    pub stop: Option<Stop>,
    /// Rows that were in flight when the rest was cancelled.
    pub cut: u64,
    /// Rows that were sent again though they may have run: their answer was lost, or late.
    pub repeated: u64,
    /// How often was tried again, by reason.
    pub retries: BTreeMap<&'static str, u64>,
}

/// What is sent, and how.
pub(in crate::actions) struct Sending<S> {
    /// One for each model.
    pub lines: Vec<(Line, Arc<Watch>)>,
    /// Rows in flight at a time.
    pub most: u32,
    pub rules: Rules,
    pub rows: Rows,
    pub wanted: Box<dyn Fn(u64) -> bool + Send + Sync>,
    pub sink: Arc<S>,
}

impl<S: Sink> Sending<S> {
    /// Sends the rows until all are answered, or something or someone ends it; calls `progress` now and
    /// then.
    pub async fn run(self, stopper: &Stopper, progress: impl Fn()) -> Sent {
        let most = self.most;
        for (_, watch) in &self.lines {
            if let Err(stop) = watch.begin().await {
                return Sent { stop: Some(stop), cut: 0, repeated: 0, retries: BTreeMap::new() };
            }
        }
        let shared = Arc::new(Shared {
            rows: Mutex::new(self.rows),
            wanted: self.wanted,
            lines: self.lines,
            rules: self.rules,
            most,
            limit: Limit::new(most),
            sink: self.sink,
            refused: AtomicBool::new(false),
            open: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            unanswered: AtomicU32::new(0),
            retries: Default::default(),
            stop: Mutex::default(),
            stopping: stopper.0.clone(),
        });
        let mut workers = JoinSet::new();
        for n in 0..most {
            let shared = Arc::clone(&shared);
            workers.spawn(async move { shared.work(n).await });
        }
        let all = async { while workers.join_next().await.is_some() {} };
        let in_time = async {
            tokio::pin!(all);
            loop {
                tokio::select! {
                    () = &mut all => break,
                    () = stopper.0.cancelled() => {
                        shared.stop(Stop::Person);
                        let _ = timeout(GRACE, all).await;
                        break;
                    }
                    () = sleep(TICK) => {
                        shared.sync().await;
                        progress();
                    }
                }
            }
        };
        tokio::select! {
            () = in_time => {}
            () = shared.look_now_and_then() => {}
        }
        workers.abort_all();
        while workers.join_next().await.is_some() {}
        if lock(&shared.stop).is_none() {
            shared.look().await;
        }
        let counts = Reason::ALL.into_iter().zip(&shared.retries);
        let retries = counts.map(|(reason, n)| (reason.name(), n.load(Ordering::Relaxed)));
        Sent {
            stop: lock(&shared.stop).take(),
            cut: shared.open.load(Ordering::Relaxed),
            repeated: shared.repeated.load(Ordering::Relaxed),
            retries: retries.filter(|(_, n)| *n > 0).collect(),
        }
    }
}

struct Shared<S> {
    rows: Mutex<Rows>,
    wanted: Box<dyn Fn(u64) -> bool + Send + Sync>,
    lines: Vec<(Line, Arc<Watch>)>,
    rules: Rules,
    most: u32,
    limit: Limit,
    sink: Arc<S>,
    /// The key was refused once.
    refused: AtomicBool,
    /// Rows that may be in flight.
    open: AtomicU64,
    /// Rows that were sent again though they may have run.
    repeated: AtomicU64,
    /// Rows since the last answer of a model that have failed without one.
    unanswered: AtomicU32,
    retries: [AtomicU64; Reason::ALL.len()],
    stop: Mutex<Option<Stop>>,
    stopping: CancellationToken,
}

impl<S: Sink> Shared<S> {
    async fn work(&self, n: u32) {
        let mut callers: Vec<_> = self.lines.iter().map(|(line, watch)| (line.caller(), watch)).collect();
        while let Some(since) = self.limit.admit(n).await {
            let next = lock(&self.rows).next(&self.wanted);
            let row = match next {
                Ok(Some(row)) => row,
                Ok(None) => return self.limit.end(),
                Err(error) => return self.stop(Stop::Input(error)),
            };
            self.open.fetch_add(1, Ordering::Relaxed);
            let mut tried = Vec::with_capacity(callers.len());
            for (caller, watch) in &mut callers {
                tried.extend(self.answer(caller, watch, &row, since).await);
            }
            // A row without a result is sent by a later run.
            let taken = if tried.len() == callers.len() { self.sink.take(&row, &tried) } else { Ok(()) };
            if let Err(error) = taken {
                // It was answered, and is not recorded.
                return self.stop(Stop::Sink(error));
            }
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Calls until there is a final result; `None` if the run ends before.
    async fn answer(&self, caller: &mut Caller, watch: &Watch, row: &Row, mut since: u64) -> Option<Tried> {
        let mut tried = Counts::default();
        for attempts in 1.. {
            let called = self.called(caller, watch, row).await?;
            let Err(failure) = &called.outcome else {
                self.limit.answered();
                self.unanswered.store(0, Ordering::Relaxed);
                return Some(Tried { called, attempts });
            };
            match failure.kind {
                FailureKind::Busy => self.limit.busy(since),
                _ => self.limit.answered(),
            }
            let pause = match self.after(&called, failure, &mut tried, row)? {
                Some(pause) => pause,
                None => return Some(Tried { called, attempts }),
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stopping.cancelled() => return None,
            }
            since = self.limit.halved();
        }
        None
    }

    /// Calls once, and sees to it that it is the known deployment that answered. `None`: it is not.
    async fn called(&self, caller: &mut Caller, watch: &Watch, row: &Row) -> Option<Called> {
        let mut called = caller.call(&row.request).await;
        let looked = match (&called.replica_id, &mut called.outcome) {
            (Some(replica), _) => watch.admit(replica).await,
            (None, Err(failure)) if called.status == Some(503) && failure.kind != FailureKind::Busy => {
                watch.unavailable().await.map(|found| {
                    if matches!(found, Unavailable::Starting) {
                        failure.reached = Reached::NotUp;
                    }
                })
            }
            _ => Ok(()),
        };
        match looked {
            Ok(()) => Some(called),
            Err(stop) => {
                if called.status != Some(503) {
                    self.in_doubt();
                }
                self.stop(stop);
                None
            }
        }
    }

    /// A row that is not recorded may have run.
    fn in_doubt(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// What follows from a failure: to call again after a pause, or nothing more (`Some(None)`). `None`:
    /// the run ends.
    fn after(
        &self,
        called: &Called,
        failure: &CallFailure,
        tried: &mut Counts,
        row: &Row,
    ) -> Option<Option<Duration>> {
        if failure.kind == FailureKind::NotAuthorized {
            if self.refused.swap(true, Ordering::Relaxed) {
                self.stop(Stop::Refused { message: failure.message.clone() });
                return None;
            }
            return Some(Some(AFTER_REFUSAL));
        }
        match self.rules.next(failure, tried, row.row) {
            Next::Again(reason, pause) => {
                tried[reason as usize] += 1;
                let may_have_run = [Reason::Timeout, Reason::Lost];
                if may_have_run.contains(&reason)
                    && may_have_run.map(|one| tried[one as usize]).iter().sum::<u32>() == 1
                {
                    self.repeated.fetch_add(1, Ordering::Relaxed);
                }
                self.retries[reason as usize].fetch_add(1, Ordering::Relaxed);
                Some(Some(pause))
            }
            Next::Final if !self.is_outage(called, failure) => Some(None),
            Next::Final => {
                self.in_doubt();
                self.stop(Stop::NoWay { failure: failure.clone() });
                None
            }
            Next::Stop => {
                self.stop(Stop::NoWay { failure: failure.clone() });
                None
            }
        }
    }

    /// Whether so many rows in a row have failed without an answer of the model that the next ones would
    /// fail as well: every connection is cut, or something in between answers (502, 503).
    fn is_outage(&self, called: &Called, failure: &CallFailure) -> bool {
        let is_between = matches!(called.status, Some(502 | 503));
        if !is_between && failure.kind != FailureKind::Cut {
            self.unanswered.store(0, Ordering::Relaxed);
            return false;
        }
        self.unanswered.fetch_add(1, Ordering::Relaxed) + 1 > OUTAGE.max(2 * self.most)
    }

    /// Never returns.
    async fn look_now_and_then(&self) {
        loop {
            sleep(NOW_AND_THEN).await;
            self.look().await;
        }
    }

    /// Looks whether the models are still what they were.
    async fn look(&self) {
        for (_, watch) in &self.lines {
            if let Err(stop) = watch.look().await {
                self.stop(stop);
            }
        }
    }

    async fn sync(&self) {
        let (sink, repeated) = (Arc::clone(&self.sink), self.repeated.load(Ordering::Relaxed));
        if let Err(error) = blocking(move || sink.sync(repeated)).await.flatten() {
            self.stop(Stop::Sink(error));
        }
    }

    /// Nothing more is sent. The first reason counts.
    fn stop(&self, reason: Stop) {
        lock(&self.stop).get_or_insert(reason);
        self.limit.end();
        self.stopping.cancel();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What it holds stays usable even if a worker panicked.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
