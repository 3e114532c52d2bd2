//! The replicas of deployed models: each serves one request at a time, the others queue.
//!
//! Knows neither HTTP nor the store: a [`Plan`] goes in, calls are answered by [`Outcome`]s.

mod deployment;
mod names;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::value::RawValue;

use super::functions::Builtin;
use super::logs::Logs;
use super::python::{self, Python, Unusable};
use deployment::Deployment;
pub use names::ReplicaNames;

/// Timeouts, and the folder for the logs of replicas.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a call waits for a free replica (30 s in the real product, DOCS ml-calling-a-model).
    pub busy_wait: Duration,
    /// How long a replica may work on one request (30 s by default, DOCS ml-models-known-issues).
    pub request_timeout: Duration,
    /// How long a replica may take to start, imports included.
    pub start_limit: Duration,
    pub logs: Logs,
    pub python: Python,
}

/// What a deployment serves.
#[derive(Debug, Clone)]
pub enum Function {
    Builtin(Builtin),
    Python(python::Function),
}

/// A deployment to start.
#[derive(Debug, Clone)]
pub struct Plan {
    /// ID of the deployment; calls name it.
    pub deployment: String,
    pub names: ReplicaNames,
    /// At least one is started.
    pub replicas: u32,
    pub function: Function,
}

/// How a call ended.
#[derive(Debug)]
pub enum Outcome {
    Answered {
        replica: Arc<str>,
        response: Box<RawValue>,
    },
    /// The function raised an error; the replica's log names it.
    Raised {
        replica: Arc<str>,
    },
    /// The replica died under the request, and is replaced.
    Died {
        replica: Arc<str>,
    },
    /// No replica became free within the busy wait.
    Busy,
    /// The replica took longer than the request timeout, and is replaced.
    TimedOut {
        replica: Arc<str>,
    },
    /// No such deployment runs.
    NotRunning,
}

/// All running deployments. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Replicas(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    running: RwLock<HashMap<String, Arc<Deployment>>>,
}

impl Replicas {
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Shared { settings, running: RwLock::default() }))
    }

    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Starts a deployment and returns once all its replicas serve. A running deployment with the
    /// same ID is replaced, and drained once the new one serves.
    pub async fn deploy(&self, plan: Plan) -> Result<(), Unusable> {
        let id = plan.deployment.clone();
        let deployment = Deployment::start(plan, self.0.settings.clone()).await?;
        let replaced = self.write(|running| running.insert(id, deployment));
        if let Some(replaced) = replaced {
            replaced.stop().await;
        }
        Ok(())
    }

    /// Accepts no more calls and returns once those in flight are answered; false if it did not
    /// run.
    pub async fn stop(&self, deployment: &str) -> bool {
        let stopped = self.write(|running| running.remove(deployment));
        match stopped {
            Some(stopped) => {
                stopped.stop().await;
                true
            }
            None => false,
        }
    }

    /// Ends everything that runs, including calls in flight, which had their time to finish.
    pub async fn end_all(&self) {
        let ended: Vec<_> = self.write(|running| running.drain().map(|(_, it)| it).collect());
        futures_util::future::join_all(ended.iter().map(|deployment| deployment.end())).await;
    }

    /// Calls a deployment. Answers within the busy wait and the request timeout combined.
    pub async fn call(&self, deployment: &str, request: &RawValue) -> Outcome {
        let found = {
            let running = self.0.running.read().unwrap_or_else(PoisonError::into_inner);
            running.get(deployment).map(Arc::clone)
        };
        match found {
            Some(deployment) => deployment.call(request).await,
            None => Outcome::NotRunning,
        }
    }

    /// Whether the deployment accepts calls.
    pub fn runs(&self, deployment: &str) -> bool {
        self.0.running.read().unwrap_or_else(PoisonError::into_inner).contains_key(deployment)
    }

    /// IDs of the deployments that accept calls.
    pub fn running(&self) -> Vec<String> {
        self.0.running.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    fn write<T>(&self, change: impl FnOnce(&mut HashMap<String, Arc<Deployment>>) -> T) -> T {
        change(&mut self.0.running.write().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
