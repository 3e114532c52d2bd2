//! One running deployment: its idle replicas, and the queue of calls for them.
//!
//! A replica is owned by its current user, so it cannot serve two requests. The semaphore has one
//! permit for each idle replica and serves callers in the order in which they came.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::names::Generation;
use super::{Function, Outcome, Plan, Settings};
use crate::workbench::functions::{Builtin, Reply};
use crate::workbench::logs::Log;
use crate::workbench::python::{Process, Unanswered, Unusable};

/// The pause before a replica that failed to start is tried again; doubled up to the maximum.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Replica {
    name: Arc<str>,
    log: Arc<Log>,
    worker: Worker,
}

#[derive(Debug)]
enum Worker {
    Builtin(Builtin),
    Python(Box<Process>),
}

impl Replica {
    fn is_dead(&self) -> bool {
        matches!(&self.worker, Worker::Python(process) if process.has_ended())
    }
}

#[derive(Debug)]
pub(super) struct Deployment {
    plan: Plan,
    settings: Settings,
    generation: Generation,
    idle: Mutex<VecDeque<Replica>>,
    free: Semaphore,
    /// Calls that must survive their caller's departure, and replicas that are starting.
    tasks: TaskTracker,
    ending: CancellationToken,
    /// Abandons the calls in flight too.
    cut: CancellationToken,
}

impl Deployment {
    /// Starts all replicas; if one cannot start, none stays.
    pub async fn start(plan: Plan, settings: Settings) -> Result<Arc<Self>, Unusable> {
        let deployment = Arc::new(Self {
            generation: plan.names.generation(),
            plan,
            settings,
            idle: Mutex::default(),
            free: Semaphore::new(0),
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
            cut: CancellationToken::new(),
        });
        let starts = (0..deployment.plan.replicas.max(1)).map(|_| deployment.start_replica());
        for replica in futures_util::future::try_join_all(starts).await? {
            deployment.admit(replica);
        }
        Ok(deployment)
    }

    /// Accepts no more calls, waits for those in flight, ends the replicas.
    pub async fn stop(&self) {
        self.free.close();
        self.ending.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.idle().clear();
    }

    /// Like [`Self::stop`], without waiting for those in flight.
    pub async fn end(&self) {
        self.cut.cancel();
        self.stop().await;
    }

    pub async fn call(self: &Arc<Self>, request: &RawValue) -> Outcome {
        let Some(replica) = (match self.take() {
            Some(taken) => taken,
            None => match Box::pin(timeout(self.settings.busy_wait, self.wait_for_one())).await {
                Ok(taken) => taken,
                Err(_) => return Outcome::Busy,
            },
        }) else {
            return Outcome::NotRunning;
        };
        let name = Arc::clone(&replica.name);
        match replica.worker {
            Worker::Builtin(function) => match function.call(request) {
                Reply::Now(response) => {
                    self.give_back(replica);
                    Outcome::Answered { replica: name, response }
                }
                Reply::After(time, response) => {
                    self.work(replica, async move |replica| {
                        sleep(time).await;
                        (replica, Ok(response))
                    })
                    .await
                }
                Reply::Raised(text) => {
                    replica.log.line(&text);
                    self.give_back(replica);
                    Outcome::Raised { replica: name }
                }
            },
            Worker::Python(_) => {
                let request = request.to_owned();
                self.work(replica, async move |mut replica| {
                    let answer = match &mut replica.worker {
                        Worker::Python(process) => process.call(&request).await,
                        Worker::Builtin(_) => Err(Unanswered::Ended),
                    };
                    (replica, answer)
                })
                .await
            }
        }
    }

    /// An idle replica without waiting: the common case. `None` if there is none at once,
    /// `Some(None)` if the deployment stops.
    fn take(self: &Arc<Self>) -> Option<Option<Replica>> {
        match self.free.try_acquire() {
            Ok(permit) => {
                permit.forget();
                self.pop().map(Some)
            }
            Err(tokio::sync::TryAcquireError::NoPermits) => None,
            Err(tokio::sync::TryAcquireError::Closed) => Some(None),
        }
    }

    /// The next replica that becomes idle; `None` if the deployment stops.
    async fn wait_for_one(self: &Arc<Self>) -> Option<Replica> {
        loop {
            self.free.acquire().await.ok()?.forget();
            if let Some(replica) = self.pop() {
                return Some(replica);
            }
        }
    }

    /// The replica that has been idle longest, for the holder of a permit. A dead one found first
    /// consumes the permit and is replaced.
    fn pop(self: &Arc<Self>) -> Option<Replica> {
        let replica = self.idle().pop_front()?;
        if replica.is_dead() {
            self.replace(replica);
            return None;
        }
        Some(replica)
    }

    /// Runs a replica in its own task: a departing caller must not leave it in the middle of a
    /// request.
    fn work<F, W>(self: &Arc<Self>, replica: Replica, work: F) -> impl Future<Output = Outcome> + use<F, W>
    where
        F: FnOnce(Replica) -> W + Send + 'static,
        W: Future<Output = (Replica, Result<Box<RawValue>, Unanswered>)> + Send + 'static,
    {
        let deployment = Arc::clone(self);
        let name = Arc::clone(&replica.name);
        let log = Arc::clone(&replica.log);
        let task = self.tasks.spawn(async move {
            let limited = timeout(deployment.settings.request_timeout, work(replica));
            let Some(done) = deployment.cut.run_until_cancelled(limited).await else {
                return Outcome::NotRunning;
            };
            match done {
                Ok((replica, Ok(response))) => {
                    deployment.give_back(replica);
                    Outcome::Answered { replica: name, response }
                }
                Ok((replica, Err(Unanswered::Raised))) => {
                    deployment.give_back(replica);
                    Outcome::Raised { replica: name }
                }
                Ok((replica, Err(Unanswered::Ended))) => {
                    log.line("the replica ended under a request");
                    deployment.replace(replica);
                    Outcome::Died { replica: name }
                }
                // Dropping the future drops the replica and kills its process: a function that does
                // not return can only be stopped that way.
                Err(_) => {
                    log.line("the request took longer than the request timeout");
                    deployment.start_another();
                    Outcome::TimedOut { replica: name }
                }
            }
        });
        async { task.await.unwrap_or(Outcome::NotRunning) }
    }

    fn give_back(&self, replica: Replica) {
        if !self.ending.is_cancelled() {
            self.admit(replica);
        }
    }

    fn admit(&self, replica: Replica) {
        self.idle().push_back(replica);
        self.free.add_permits(1);
    }

    fn replace(self: &Arc<Self>, dead: Replica) {
        drop(dead);
        self.start_another();
    }

    /// Starts a replacement for a replica that is gone, and retries until one starts.
    fn start_another(self: &Arc<Self>) {
        let deployment = Arc::clone(self);
        let ending = self.ending.clone();
        self.tasks.spawn(async move {
            ending.run_until_cancelled(deployment.start_until_one_serves()).await;
        });
    }

    async fn start_until_one_serves(self: &Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.start_replica().await {
                Ok(replica) => return self.give_back(replica),
                Err(error) => {
                    tracing::warn!(deployment = self.plan.deployment, %error, "a replica did not start")
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn start_replica(self: &Arc<Self>) -> Result<Replica, Unusable> {
        let name = self.generation.next();
        let log = Arc::new(self.settings.logs.of(&name));
        let worker = match &self.plan.function {
            Function::Builtin(function) => Worker::Builtin(*function),
            Function::Python(function) => {
                let python = &self.settings.python;
                let process = python.start(function, Arc::clone(&log), self.settings.start_limit).await?;
                self.watch(process.ended());
                Worker::Python(Box::new(process))
            }
        };
        Ok(Replica { name, log, worker })
    }

    /// Replaces a replica that dies while it is idle. One that dies at work, or that a call finds
    /// first, is replaced there.
    fn watch(self: &Arc<Self>, ended: CancellationToken) {
        let deployment = Arc::downgrade(self);
        let ending = self.ending.clone();
        tokio::spawn(async move {
            if ending.run_until_cancelled(ended.cancelled()).await.is_none() {
                return;
            }
            let Some(deployment) = deployment.upgrade() else { return };
            // Without a free permit, every idle replica is already assigned to a caller.
            let Ok(permit) = deployment.free.try_acquire() else { return };
            let dead = {
                let mut idle = deployment.idle();
                let at = idle.iter().position(Replica::is_dead);
                at.and_then(|at| idle.remove(at))
            };
            if let Some(dead) = dead {
                permit.forget();
                deployment.replace(dead);
            }
        });
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Replica>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
