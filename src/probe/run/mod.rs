//! Runs: many calls of one model, measured honestly.
//!
//! A run has its own threads (`shard`), each with a small runtime and some of the workers, so that
//! neither the interface nor an embedded workbench delays the clock of a request. Without a rate each
//! worker keeps one connection; with one the workers of a thread share theirs (`pool`). Each thread
//! has a tally (`tally`), which a collector empties twenty times a second (`collect`): memory stays
//! constant however long a run is, and the interface gets at most twenty summaries a second.
//!
//! Without a rate a run is a closed loop: each worker sends its next request after its answer. With
//! a rate, requests are due at fixed instants, and latency counts from then: a model that stalls is
//! charged for everything that should have been sent meanwhile.

mod collect;
mod compare;
mod expect;
mod export;
mod merge;
mod patience;
mod plan;
mod pool;
mod ramps;
mod report;
mod requests;
mod schedule;
mod series;
mod shard;
mod summary;
mod tally;
mod whole;
mod worker;

use std::sync::Arc;
use std::thread;

use tokio::sync::{oneshot, watch};

use super::failure::CallError;
use super::target::{Endpoint, ModelCallTarget, ModelRequest};
use super::transport::Transport;
use crate::limits;
use crate::secret::ApiKey;

pub use compare::{Change, Difference, are_too_short, compare, count_alike, method};
pub use expect::{Expectation, Expectations};
pub use export::{read_json, write_csv, write_json};
pub use merge::{NotMerged, merge};
pub use plan::{Data, MAX_IN_FLIGHT, MAX_REQUESTS, Plan};
pub use ramps::Ramps;
pub use report::{NO_REPLICA, report, shortfalls};
pub use series::Point;
pub use summary::{Bar, Latency, ReplicaSummary, Stage, StatusSummary, StopReason, Summary};
pub use whole::Histograms;

use requests::Requests;
use shard::Shared;

/// A run in progress. Dropping it ends the run at once; no request stays in flight.
#[derive(Debug)]
pub struct Run {
    shared: Arc<Shared>,
    progress: watch::Receiver<Arc<Summary>>,
    finished: oneshot::Receiver<Arc<Summary>>,
}

/// Starts a run.
///
/// # Errors
/// [`CallError::Invalid`], before anything is sent: the plan exceeds what a shared cluster should
/// bear, or the target cannot be used.
pub fn start(
    plan: Plan,
    transport: &Transport,
    target: &ModelCallTarget,
    key: Option<&ApiKey>,
    request: &ModelRequest,
) -> Result<Run, CallError> {
    start_with(plan, transport, target, key, vec![request.clone()])
}

/// Starts a run that sends one of `requests` after the other, from the first again at the end.
///
/// # Errors
/// As [`start`], and if there are none.
pub fn start_with(
    plan: Plan,
    transport: &Transport,
    target: &ModelCallTarget,
    key: Option<&ApiKey>,
    requests: Vec<ModelRequest>,
) -> Result<Run, CallError> {
    plan.check()?;
    let endpoint = Endpoint::parse(&target.url)?;
    let proxy = transport.proxy(&endpoint.uri)?;
    let requests = Requests::new(requests, &endpoint, target, key, proxy.as_ref())?;
    let shared = Arc::new(Shared::new(plan, transport.clone(), endpoint, proxy, requests));
    let first = Arc::new(Summary::new(&shared.plan));
    let (progress, watching) = watch::channel(first);
    let (done, finished) = oneshot::channel();
    let for_collector = Arc::clone(&shared);
    thread::Builder::new()
        .name("keybench-run".to_owned())
        .spawn(move || collect::collect(&for_collector, &progress, done))
        .map_err(|error| CallError::UsedUp { what: limits::no_thread(&error) })?;
    Ok(Run { shared, progress: watching, finished })
}

impl Run {
    /// The newest summary, at most twenty times a second.
    pub fn progress(&self) -> watch::Receiver<Arc<Summary>> {
        self.progress.clone()
    }

    /// Stops sending, and gives requests in flight a second to be answered.
    pub fn stop(&self) {
        self.shared.stop(StopReason::Person);
    }

    /// A handle that can stop the run from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.shared))
    }

    /// Waits for the end and returns the complete result, however the run ended.
    pub async fn finished(mut self) -> Arc<Summary> {
        match (&mut self.finished).await {
            Ok(summary) => summary,
            // Only if the collector panicked: its last summary.
            Err(_) => Arc::clone(&self.progress.borrow()),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.shared.stop(StopReason::Person);
        self.shared.cut();
    }
}

/// Stops a run from elsewhere; see [`Run::stop`].
#[derive(Debug, Clone)]
pub struct Stopper(Arc<Shared>);

impl Stopper {
    pub fn stop(&self) {
        self.0.stop(StopReason::Person);
    }
}
