//! One thread of a run: a small runtime and its workers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use strum::VariantArray as _;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::super::failure::FailureKind;
use super::super::http1::Room;
use super::super::target::Endpoint;
use super::super::transport::{Proxy, Transport};
use super::plan::Plan;
use super::pool::Pool;
use super::requests::Requests;
use super::schedule::Schedule;
use super::summary::StopReason;
use super::tally::{FAILURES, Tally};
use super::worker::Worker;
use crate::{limits, secret, text};

/// A thread serves at least this many workers: one core can keep that many connections busy.
const WORKERS_A_THREAD: u32 = 4;
/// More threads than this would only take processors away from the model.
const MOST_THREADS: usize = 4;
/// So many requests a second are little for one thread. Fewer threads need fewer connections, because
/// each has its own.
const RATE_OF_A_THREAD: f64 = 2000.0;

/// What the threads of a run share.
pub(super) struct Shared {
    pub plan: Plan,
    pub schedule: Schedule,
    pub transport: Transport,
    pub endpoint: Endpoint,
    pub proxy: Option<Proxy>,
    pub requests: Requests,
    /// One per thread.
    pub tallies: Vec<Mutex<Tally>>,
    pub in_flight: AtomicU64,
    /// Requests in flight when the run was cut.
    pub abandoned: AtomicU64,
    stopping: AtomicBool,
    pub stopped: CancellationToken,
    cut: CancellationToken,
    pub reason: OnceLock<StopReason>,
    /// Why a part of the run could not start.
    pub trouble: OnceLock<String>,
    /// What the first failure of each kind said, by [`FailureKind`] in its order; `None` inside if that
    /// was nothing.
    pub said: [OnceLock<Option<String>>; FAILURES],
    pub room: Room,
}

impl Shared {
    pub fn new(
        plan: Plan,
        transport: Transport,
        endpoint: Endpoint,
        proxy: Option<Proxy>,
        requests: Requests,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let wanted = plan.in_flight().div_ceil(WORKERS_A_THREAD) as usize;
        let for_rate = plan.own_peak().map_or(MOST_THREADS, |rate| (rate / RATE_OF_A_THREAD).ceil() as usize);
        let threads = wanted.min(for_rate).clamp(1, cores.min(MOST_THREADS));
        let tally = || Mutex::new(Tally::new(plan.is_open()));
        Self {
            schedule: Schedule::new(&plan),
            tallies: (0..threads).map(|_| tally()).collect(),
            plan,
            transport,
            endpoint,
            proxy,
            requests,
            in_flight: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            stopped: CancellationToken::new(),
            cut: CancellationToken::new(),
            reason: OnceLock::new(),
            trouble: OnceLock::new(),
            said: std::array::from_fn(|_| OnceLock::new()),
            room: Room::default(),
        }
    }

    /// What the first failure of each kind said, by the name of the kind.
    pub fn said(&self) -> BTreeMap<String, String> {
        let kinds = FailureKind::VARIANTS.iter().zip(&self.said);
        let said = |said: &OnceLock<Option<String>>| {
            Some(text::clean(&secret::mask(said.get()?.as_ref()?)).into_owned())
        };
        kinds.filter_map(|(kind, lock)| Some((kind.name().to_owned(), said(lock)?))).collect()
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
        let count = shared.workers(index);
        let pool = shared.plan.is_open().then(|| Arc::new(Pool::new(count)));
        for _ in 0..count {
            let (shared, pool) = (Arc::clone(shared), pool.clone());
            workers.spawn(async move { Worker::new(&shared, index, pool).work().await });
        }
        tokio::select! {
            () = async { while workers.join_next().await.is_some() {} } => {}
            () = shared.cut.cancelled() => {}
        }
    });
}
