//! Sends rows to one model or to several, a few at a time, and gives each answered row to a sink.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::blocking::blocking;
use super::error::Error;
use super::limit::Limit;
use super::retry::{Next, Reason, Rules};
use super::rows::{BadInput, Row, Rows};
use crate::probe::{CallFailure, Called, Caller, FailureKind, Line};

/// What was taken is synced, and progress reported, this often.
const TICK: Duration = Duration::from_secs(1);
/// Rows in flight have this long to be answered when a person ends a run.
const GRACE: Duration = Duration::from_secs(5);
/// A key that was just made may not be known everywhere yet.
const AFTER_REFUSAL: Duration = Duration::from_secs(1);

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

    /// Makes what was taken safe from a power cut; may wait for a disk.
    fn sync(&self) -> Result<(), Error> {
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
    /// There is no way to the service.
    NoWay { failure: CallFailure },
    /// The input cannot be read any more.
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
            Self::Input(error) => write!(f, "the input has changed: {error}"),
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
    /// How often was tried again, by reason.
    pub retries: BTreeMap<&'static str, u64>,
}

/// What is sent, and how.
pub(in crate::actions) struct Sending<S> {
    /// One for each model.
    pub lines: Vec<Line>,
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
        let shared = Arc::new(Shared {
            rows: Mutex::new(self.rows),
            wanted: self.wanted,
            lines: self.lines,
            rules: self.rules,
            limit: Limit::new(most),
            sink: self.sink,
            refused: AtomicBool::new(false),
            open: AtomicU64::new(0),
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
        in_time.await;
        workers.abort_all();
        while workers.join_next().await.is_some() {}
        let counts = Reason::ALL.into_iter().zip(&shared.retries);
        let retries = counts.map(|(reason, n)| (reason.name(), n.load(Ordering::Relaxed)));
        Sent {
            stop: lock(&shared.stop).take(),
            cut: shared.open.load(Ordering::Relaxed),
            retries: retries.filter(|(_, n)| *n > 0).collect(),
        }
    }
}

struct Shared<S> {
    rows: Mutex<Rows>,
    wanted: Box<dyn Fn(u64) -> bool + Send + Sync>,
    lines: Vec<Line>,
    rules: Rules,
    limit: Limit,
    sink: Arc<S>,
    /// The key was refused once.
    refused: AtomicBool,
    /// Rows that may be in flight.
    open: AtomicU64,
    retries: [AtomicU64; 4],
    stop: Mutex<Option<Stop>>,
    stopping: CancellationToken,
}

impl<S: Sink> Shared<S> {
    async fn work(&self, n: u32) {
        let mut callers: Vec<Caller> = self.lines.iter().map(Line::caller).collect();
        while let Some(since) = self.limit.admit(n).await {
            let next = lock(&self.rows).next(&self.wanted);
            let row = match next {
                Ok(Some(row)) => row,
                Ok(None) => return self.limit.end(),
                Err(error) => return self.stop(Stop::Input(error)),
            };
            self.open.fetch_add(1, Ordering::Relaxed);
            let mut tried = Vec::with_capacity(callers.len());
            for caller in &mut callers {
                tried.extend(self.answer(caller, &row, since).await);
            }
            // A row without an answer was not run, and a later run sends it.
            let taken = if tried.len() == callers.len() { self.sink.take(&row, &tried) } else { Ok(()) };
            if let Err(error) = taken {
                // It was answered, and is not recorded.
                return self.stop(Stop::Sink(error));
            }
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Calls until there is a final result; `None` if the run ends before.
    async fn answer(&self, caller: &mut Caller, row: &Row, mut since: u64) -> Option<Tried> {
        let mut tried = [0; 4];
        for attempts in 1.. {
            let called = caller.call(&row.request).await;
            let Err(failure) = &called.outcome else {
                self.limit.answered();
                return Some(Tried { called, attempts });
            };
            match failure.kind {
                FailureKind::Busy => self.limit.busy(since),
                _ => self.limit.answered(),
            }
            let pause = if failure.kind == FailureKind::NotAuthorized {
                if self.refused.swap(true, Ordering::Relaxed) {
                    self.stop(Stop::Refused { message: failure.message.clone() });
                    return None;
                }
                AFTER_REFUSAL
            } else {
                match self.rules.next(failure, &tried, row.row) {
                    Next::Again(reason, pause) => {
                        tried[reason as usize] += 1;
                        self.retries[reason as usize].fetch_add(1, Ordering::Relaxed);
                        pause
                    }
                    Next::Final => return Some(Tried { called, attempts }),
                    Next::Stop => {
                        self.stop(Stop::NoWay { failure: failure.clone() });
                        return None;
                    }
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stopping.cancelled() => return None,
            }
            since = self.limit.halved();
        }
        None
    }

    async fn sync(&self) {
        let sink = Arc::clone(&self.sink);
        if let Err(error) = blocking(move || sink.sync()).await.flatten() {
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
