//! Whether it is still the same deployment that answers, and whether it is up.
//!
//! A deployment that takes the place of another has other replicas. Before the first answer of a
//! replica is recorded, the workbench is asked which deployment is active, so that no answer of another
//! one gets into a result unnoticed. Answers that name no replica are covered by a look now and then.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::send::Stop;
use crate::actions::models::{self, ModelCall};
use crate::api;
use crate::wire::{DeploymentState, ModelBuild, ModelDeployment};

/// Between two looks that nothing gives cause for.
pub(super) const NOW_AND_THEN: Duration = Duration::from_secs(10);
/// Replicas that are remembered. A service that names more names each call's own, and a look for each
/// would hold everything up.
const MOST: usize = 256;

/// A build and the deployment of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    pub build_id: String,
    pub deployment_id: String,
}

impl Deployed {
    pub fn new(build: &ModelBuild, deployment: &ModelDeployment) -> Self {
        Self { build_id: build.id.clone(), deployment_id: deployment.id.clone() }
    }
}

/// Watches the deployment of one model.
pub(in crate::actions) struct Watch {
    call: ModelCall,
    seen: tokio::sync::Mutex<Seen>,
    known: Mutex<Known>,
}

struct Seen {
    deployment: ModelDeployment,
    /// When the workbench was asked last.
    at: Option<Instant>,
    /// When it was last found that another deployment is active, or that this one begins anew.
    moved: Option<Instant>,
    /// Answers of another deployment are welcome, too.
    allow_others: bool,
}

#[derive(Default)]
struct Known {
    replicas: HashSet<String>,
    /// The deployments that took the place of the first, in this order.
    later: Vec<Deployed>,
}

/// What a 503 means.
pub(in crate::actions) enum Unavailable {
    /// The model is starting or stopping, so that the function cannot have run.
    Starting,
    /// It is up as far as is known.
    Up,
}

impl Watch {
    pub fn new(call: &ModelCall, deployment: &ModelDeployment) -> Self {
        let seen = Seen { deployment: deployment.clone(), at: None, moved: None, allow_others: false };
        Self { call: call.clone(), seen: seen.into(), known: Mutex::default() }
    }

    /// Goes on when another deployment takes the place of this one.
    pub fn allowing_others(mut self, allow: bool) -> Self {
        self.seen.get_mut().allow_others = allow;
        self
    }

    /// The deployments that took the place of the first.
    pub fn later(&self) -> Vec<Deployed> {
        self.known().later.clone()
    }

    /// Looks before the first row: a model that is stopped answers none.
    ///
    /// # Errors
    /// It is stopped, or has failed.
    pub async fn begin(&self) -> Result<(), Stop> {
        self.is_to_answer(&*self.seen.lock().await).map(|_| ())
    }

    /// Looks whether anything has changed. Trouble with the workbench is no reason to end a run.
    ///
    /// # Errors
    /// Another deployment has taken the place of this one.
    pub async fn look(&self) -> Result<(), Stop> {
        self.see(&mut *self.seen.lock().await, Instant::now()).await
    }

    /// Before an answer of `replica` is recorded, which came just now.
    ///
    /// # Errors
    /// Another deployment has taken the place of the one that is known.
    pub async fn admit(&self, replica: &str) -> Result<(), Stop> {
        let came = Instant::now();
        let is_known = || {
            let known = self.known();
            known.replicas.contains(replica) || known.replicas.len() >= MOST
        };
        if is_known() {
            return Ok(());
        }
        self.see(&mut *self.seen.lock().await, came).await?;
        self.known().replicas.insert(replica.to_owned());
        Ok(())
    }

    /// What a 503 means that came just now.
    ///
    /// # Errors
    /// The model is stopped or has failed, or another deployment has taken the place of the known one.
    pub async fn unavailable(&self) -> Result<Unavailable, Stop> {
        let came = Instant::now();
        let mut seen = self.seen.lock().await;
        self.see(&mut seen, came).await?;
        let is_starting =
            matches!(self.is_to_answer(&seen)?, DeploymentState::OnItsWay | DeploymentState::Stopping);
        // It may be up again by now.
        let has_moved = seen.moved.is_some_and(|moved| moved >= came);
        Ok(if is_starting || has_moved { Unavailable::Starting } else { Unavailable::Up })
    }

    fn is_to_answer(&self, seen: &Seen) -> Result<DeploymentState, Stop> {
        match seen.deployment.state() {
            DeploymentState::Stopped | DeploymentState::Failed => Err(Stop::NotRunning {
                model: models::full_name(&self.call.model),
                status: seen.deployment.status.clone(),
            }),
            state => Ok(state),
        }
    }

    /// Asks the workbench, unless that was done after `came`: many calls fail together.
    async fn see(&self, seen: &mut Seen, came: Instant) -> Result<(), Stop> {
        if seen.at.is_some_and(|at| at > came) {
            return Ok(());
        }
        let now = self.now(&seen.deployment).await;
        let at = Instant::now();
        seen.at = Some(at);
        let Ok((other, deployment)) = now else { return Ok(()) };
        if other.is_some() || deployment.updated_at != seen.deployment.updated_at {
            seen.moved = Some(at);
        }
        if let Some(other) = other {
            if !seen.allow_others {
                return Err(Stop::NewBuild { model: models::full_name(&self.call.model) });
            }
            self.known().later.push(other);
        }
        seen.deployment = deployment;
        Ok(())
    }

    /// The deployment as it is now, or the one that has taken its place.
    async fn now(&self, known: &ModelDeployment) -> Result<(Option<Deployed>, ModelDeployment), api::Error> {
        let session = &self.call.session;
        let now = session.client.deployment(known).await?;
        // At most one deployment of a model is active (DOCS, ml-site-admin-model-monitoring).
        if matches!(now.state(), DeploymentState::Up | DeploymentState::OnItsWay) {
            return Ok((None, now));
        }
        let built = models::builds(session, &now.project_id, &now.model_id).await?;
        Ok(match models::current(&built) {
            Some((build, other)) if other.id != now.id && other.state().is_active() => {
                (Some(Deployed::new(build, other)), other.clone())
            }
            _ => (None, now),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
